"""Scopes as a whole: no combination outside is ever permitted; every missing or mistyped wish refuses."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from safety.consent import Consent, covers
from safety.scope import CLIP_SECONDS, TERM, Ask, Scope
from safety.script import FREE, TOPICS, ScriptRule, Spoken, allows, mentions, normalised
from safety.vocabulary import CHANNELS, CONTROLS, EMOTIONS, PURPOSES, implied_by

START = datetime(2026, 3, 1, tzinfo=UTC)
IDENTITY = "0f" * 16
COUNTRIES, NAMES = ("DE", "FR", "JP", "US"), ("studio", "archive", "a")
TAGS = ("de", "de-AT", "DE-ch", "en", "en-GB", "ja")
TEXTS = ("good morning", "please send money", "the blue whale sings", "vote for me")
COMMITMENTS = {text: f"{number:064x}" for number, text in enumerate(TEXTS)}


def some(codes: Any, least: int = 0) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(sorted(codes)), min_size=least, max_size=4)


RULES = (
    st.just(FREE)
    | st.builds(ScriptRule, kind=st.just("exact"), texts=some(COMMITMENTS.values(), 1))
    | st.builds(
        ScriptRule, kind=st.just("topics"), topics=some(TOPICS, 1), terms=some({"blue whale", "morning"})
    )
)
TIMES = st.integers(0, 400).map(lambda days: START + timedelta(days=days))
SPOKEN = st.lists(
    st.builds(
        lambda text, source: Spoken(text, COMMITMENTS[text], source),
        st.sampled_from(TEXTS),
        st.sampled_from(("declared", "heard")),
    ),
    max_size=2,
).map(tuple)


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    begin = draw(TIMES)
    return Scope(
        callers=draw(some(NAMES)),
        purposes=draw(some(PURPOSES)),
        territories=draw(some(COUNTRIES)),
        channels=draw(some(CHANNELS)),
        not_before=begin,
        not_after=begin + draw(st.timedeltas(timedelta(seconds=1), TERM)),
        max_seconds=draw(st.floats(0, CLIP_SECONDS, exclude_min=True)),
        emotions=draw(some(EMOTIONS)),
        controls=draw(some(CONTROLS)),
        live=draw(st.booleans()),
        languages=draw(some((*TAGS, "*"))),
        script=draw(RULES),
        total_seconds=draw(st.none() | st.floats(1, 1000)),
        max_clips=draw(st.none() | st.integers(1, 100)),
        clips_per_day=draw(st.none() | st.integers(1, 100)),
        own_voice_only=draw(st.booleans()),
    )


ASKS = st.builds(
    Ask,
    identity_id=st.sampled_from((IDENTITY, "1e" * 16)),
    caller=st.sampled_from((*NAMES, "*")),
    purpose=st.sampled_from((*PURPOSES, "fraud")),
    territory=st.sampled_from((*COUNTRIES, "XX")),
    channel=st.sampled_from((*CHANNELS, "fax")),
    seconds=st.floats(),
    emotions=some((*EMOTIONS, "smug")),
    controls=some((*CONTROLS, "wings")),
    live=st.booleans(),
    language=st.sampled_from((*TAGS, "", "deu", "d")),
    spoken=SPOKEN,
    voice=st.sampled_from(("same", "other", "unknown", "not_asked", "", "SAME")),
)


def on_record(scope: Scope) -> Consent:
    return Consent("c" * 32, IDENTITY, "consent", scope, 1, "e" * 64, "notice", START, "desk")


@st.composite
def covered(draw: st.DrawFn) -> tuple[Scope, Ask, datetime]:
    """A scope, a request that it covers, and when."""
    scope = draw(scopes())
    purposes = frozenset(code for code in PURPOSES if implied_by(code) & scope.purposes)
    assume(scope.callers and purposes and scope.territories and scope.channels and scope.languages)
    spoken = draw(SPOKEN)
    assume(allows(scope.script, spoken))
    language = draw(st.sampled_from(sorted(scope.languages)))
    ask = Ask(
        IDENTITY,
        draw(st.sampled_from(sorted(scope.callers))),
        draw(st.sampled_from(sorted(purposes))),
        draw(st.sampled_from(sorted(scope.territories))),
        draw(st.sampled_from(sorted(scope.channels))),
        draw(st.floats(0, scope.max_seconds, exclude_min=True)),
        frozenset(),
        draw(st.frozensets(st.sampled_from(sorted(scope.controls)))) if scope.controls else frozenset(),
        draw(st.booleans()) and scope.live,
        "" if language == "*" else language,
        spoken,
        "same" if scope.own_voice_only else draw(st.sampled_from(("same", "not_asked"))),
    )
    return scope, ask, scope.not_before


FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)


def language_as_written(scope: Scope, tag: str) -> bool:
    """Read from the tag's side: any of its prefixes is listed, or everything is."""
    parts = tag.lower().split("-")
    prefixes = {"-".join(parts[:end]) for end in range(1, len(parts) + 1)}
    listed = {each.lower() for each in scope.languages}
    return "*" in listed or bool(tag and prefixes & listed)


def script_as_written(scope: Scope, spoken: tuple[Spoken, ...]) -> bool:
    """Read rule by rule, another way than the code does."""
    rule = scope.script
    declared = [each for each in spoken if each.source == "declared"]
    if rule == FREE:
        return True
    if len(declared) != 1:
        return False
    if rule.texts:
        return declared[0].commitment in rule.texts
    forbidden = {term for topic in rule.topics for term in TOPICS[topic]} | set(rule.terms)
    return not any(f" {term} " in f" {each.text} " for each in spoken for term in forbidden)


@given(scopes(), ASKS, TIMES)
@FEW
def test_languages_and_scripts_outside_are_never_permitted(scope: Scope, ask: Ask, at: datetime) -> None:
    """Covered only when a second reading of both rules agrees; and each is named when it does not."""
    parts = covers(on_record(scope), ask, at)
    assert ("language" not in parts) == language_as_written(scope, ask.language)
    assert ("script" not in parts) == script_as_written(scope, ask.spoken)


@given(covered())
@FEW
def test_what_lies_within_every_part_is_permitted(given_: tuple[Scope, Ask, datetime]) -> None:
    """The gate is not simply shut."""
    scope, ask, at = given_
    assert covers(on_record(scope), ask, at) == ()


WRONG = (
    None,
    7,
    7.5,
    True,
    "text",
    b"bytes",
    [],
    {},
    set(),
    object(),
    float("nan"),
    (1,),
    frozenset({1}),
    {"a": []},
)


@given(covered(), st.sampled_from([field.name for field in fields(Ask)]), st.sampled_from(WRONG))
@FEW
def test_a_mistyped_wish_is_refused(given_: tuple[Scope, Ask, datetime], name: str, wrong: Any) -> None:
    """Whatever stands in the place of one wish: it is covered only if it still is what the scope lists."""
    scope, ask, at = given_
    spoilt = replace(ask, **{name: wrong})
    parts = covers(on_record(scope), spoilt, at)
    if parts == ():
        number = isinstance(wrong, (int, float)) and not isinstance(wrong, bool)
        kept = {
            "seconds": number and 0 < wrong <= scope.max_seconds,
            "live": wrong is True and scope.live,
            "emotions": wrong == set(), "controls": wrong == set(),
            "spoken": scope.script == FREE,
            "language": isinstance(wrong, str) and "*" in scope.languages,
        }  # fmt: skip
        assert kept.get(name, False), f"{name}={wrong!r} passed"


@given(covered(), st.sampled_from([None, "2026-03-01", 0, START.replace(tzinfo=None)]))
@FEW
def test_a_time_that_is_none_is_refused(given_: tuple[Scope, Ask, datetime], at: Any) -> None:
    """Without a time in UTC there is no term."""
    scope, ask, _ = given_
    assert {"not_before", "not_after"} <= set(covers(on_record(scope), ask, at))


@given(scopes(), scopes(), ASKS, TIMES)
@FEW
def test_narrowing_languages_and_scripts_never_allows_more(
    wide: Scope, other: Scope, ask: Ask, at: datetime
) -> None:
    """Fewer languages, fewer texts or more that is ruled out: nothing new is covered."""
    both = wide.script.kind == other.script.kind == "topics"
    script = other.script if wide.script == FREE else wide.script
    if both:
        topics, terms = wide.script.topics | other.script.topics, wide.script.terms | other.script.terms
        script = ScriptRule("topics", topics=topics, terms=terms)
    narrow = replace(wide, languages=wide.languages & other.languages, script=script)
    assert set(covers(on_record(wide), ask, at)) <= set(covers(on_record(narrow), ask, at))


@given(scopes())
@FEW
def test_a_scope_survives_its_record(scope: Scope) -> None:
    """What is read back is what was granted, in every part."""
    assert Scope.from_json(scope.to_json()) == scope


@given(st.text(max_size=30), st.text(max_size=30))
@FEW
def test_a_term_is_found_in_what_holds_it(before: str, after: str) -> None:
    """Whatever is written around it, as words of their own."""
    assert mentions(normalised(f"{before} - blue whale - {after}"), "blue whale")
