"""Consents: nothing outside the scope is allowed, narrowing never allows more, withdrawal holds at once."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.state import EMOTIONS as ENGINE_EMOTIONS
from safety.consent import EVIDENCE_BYTES, Consent, Consents, covers
from safety.consent_record import RecordSigner
from safety.errors import (
    ConsentExpired,
    ConsentForeign,
    ConsentInvalid,
    ConsentNotYetValid,
    ConsentScope,
    ConsentUnknown,
    ConsentWithdrawn,
    StoreUnavailable,
)
from safety.scope import CLIP_SECONDS, TERM, Ask, Scope
from safety.stores import open_records
from safety.stores.sqlite import Database
from safety.vocabulary import CHANNELS, CONTROLS, EMOTIONS, PURPOSES, TERRITORIES, implied_by

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=90)
NOW = START + timedelta(days=1)
IDENTITY = "0f" * 16

SCOPE = Scope(
    callers=frozenset({"studio"}),
    purposes=frozenset({"education"}),
    territories=frozenset({"DE", "JP"}),
    channels=frozenset({"web"}),
    not_before=START,
    not_after=END,
    max_seconds=30.0,
    emotions=frozenset({"happy"}),
    controls=frozenset({"gaze", "emotion"}),
    live=False,
)
ASK = Ask(
    identity_id=IDENTITY,
    caller="studio",
    purpose="course",
    territory="DE",
    channel="web",
    seconds=12.5,
    emotions=frozenset({"happy"}),
    controls=frozenset({"gaze"}),
    live=False,
)


SIGNER = RecordSigner.of(b"7" * 32, "test.example/sitter")


def commit(domain: str, data: bytes) -> str:
    return hmac.digest(b"test key", domain.encode() + data, hashlib.sha256).hex()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with open_records(f"sqlite:{tmp_path / 'records.db'}") as opened:
        yield opened


@pytest.fixture
def consents(db: Database) -> Consents:
    return Consents(db, commit, SIGNER)


def grant(consents: Consents, **changes: Any) -> Consent:
    arguments: dict[str, Any] = {
        "identity_id": IDENTITY,
        "basis": "consent",
        "scope": SCOPE,
        "evidence": "I agree.",
        "notice": "notice-2026-03",
        "granted_by": "desk",
        "at": START,
    }
    return consents.grant(**(arguments | changes))


def on_record(scope: Scope = SCOPE) -> Consent:
    return Consent("c" * 32, IDENTITY, "consent", scope, 1, "e" * 64, "notice", START, "desk")


# --- what a scope covers ---------------------------------------------------------------------------


def test_ask_within_every_part_is_covered() -> None:
    """The reference request lies within the reference scope: later cases change one thing each."""
    assert covers(on_record(), ASK, NOW) == ()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"identity_id": "1e" * 16}, "identity"),
        ({"caller": "studio2"}, "caller"),
        ({"caller": "any"}, "caller"),
        ({"caller": "*"}, "caller"),
        ({"caller": ""}, "caller"),
        ({"purpose": "film"}, "purpose"),
        ({"purpose": "medical"}, "purpose"),
        ({"purpose": "fraud"}, "purpose"),
        ({"territory": "FR"}, "territory"),
        ({"territory": "de"}, "territory"),
        ({"territory": ""}, "territory"),
        ({"channel": "social"}, "channel"),
        ({"seconds": 30.01}, "seconds"),
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seconds": float("inf")}, "seconds"),
        ({"seconds": "12"}, "seconds"),
        ({"seconds": True}, "seconds"),
        ({"emotions": frozenset({"happy", "sad"})}, "emotions"),
        ({"emotions": frozenset({"joyous"})}, "emotions"),
        ({"controls": frozenset({"distance"})}, "controls"),
        ({"controls": frozenset({"wings"})}, "controls"),
        ({"live": True}, "live"),
        ({"live": 1}, "live"),
        ({"live": None}, "live"),
    ],
)
def test_one_part_outside_is_named_alone(change: dict[str, Any], part: str) -> None:
    """Each part is checked by itself, and named."""
    assert covers(on_record(), replace(ASK, **change), NOW) == (part,)


def test_emotion_needs_its_control_too() -> None:
    """Listing an emotion without allowing the control `emotion` allows no emotion."""
    scope = replace(SCOPE, controls=frozenset({"gaze"}))
    assert covers(on_record(scope), ASK, NOW) == ("controls",)


@pytest.mark.parametrize(
    ("at", "parts"),
    [
        (START - timedelta(microseconds=1), ("not_before",)),
        (START, ()),
        (END - timedelta(microseconds=1), ()),
        (END, ("not_after",)),
        (NOW.replace(tzinfo=None), ("not_before", "not_after")),
    ],
)
def test_term_is_half_open(at: datetime, parts: tuple[str, ...]) -> None:
    """[not_before, not_after): the first instant counts, the last does not, a time without zone never."""
    assert covers(on_record(), ASK, at) == parts


def test_withdrawn_covers_nothing() -> None:
    """Even an instant before the withdrawal: a clock set back does not bring a consent back."""
    withdrawn = replace(on_record(), withdrawn_at=END, withdrawn_by="desk", version=2)
    assert covers(withdrawn, ASK, START) == ("state",)


def test_parent_purpose_covers_children_but_no_explicit_one() -> None:
    """`education` covers `course` and `museum`, never `medical`; a child never covers its parent."""
    assert implied_by("museum") == {"museum", "education"}
    for purpose, node in PURPOSES.items():
        covered_by_parent = node.parent is not None and node.parent in implied_by(purpose)
        assert covered_by_parent == (node.parent is not None and not node.explicit)
    everything_wide = frozenset(code for code, node in PURPOSES.items() if not node.explicit)
    wide = on_record(replace(SCOPE, purposes=everything_wide))
    explicit = [code for code, node in PURPOSES.items() if node.explicit]
    assert {"advertising", "political", "intimate", "medical", "financial-advice"} <= set(explicit)
    for purpose in explicit:
        assert covers(wide, replace(ASK, purpose=purpose), NOW) == ("purpose",)
    narrow = on_record(replace(SCOPE, purposes=frozenset({"course"})))
    assert covers(narrow, replace(ASK, purpose="education"), NOW) == ("purpose",)


def test_emotions_are_the_engines() -> None:
    """Consents and the engine use the same names."""
    assert EMOTIONS == ENGINE_EMOTIONS


# --- properties ------------------------------------------------------------------------------------


def some(codes: Any) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(sorted(codes)), max_size=5)


COUNTRIES = ("DE", "FR", "JP", "US", "BR")
NAMES = ("studio", "studio2", "archive", "a")
TIMES = st.integers(0, 400).map(lambda days: START + timedelta(days=days))


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
    )


ODD = st.text(max_size=3)
ASKS = st.builds(
    Ask,
    identity_id=st.sampled_from((IDENTITY, "1e" * 16)),
    caller=st.sampled_from((*NAMES, "any", "*")) | ODD,
    purpose=st.sampled_from((*PURPOSES, "fraud")) | ODD,
    territory=st.sampled_from((*COUNTRIES, "XX")) | ODD,
    channel=st.sampled_from((*CHANNELS, "fax")) | ODD,
    seconds=st.floats(),
    emotions=some((*EMOTIONS, "smug")),
    controls=some((*CONTROLS, "wings")),
    live=st.booleans(),
)


@st.composite
def asks_within(draw: st.DrawFn, scope: Scope) -> Ask:
    """A request that the scope should cover."""
    within = frozenset(code for code in PURPOSES if implied_by(code) & scope.purposes)
    assume(scope.callers and within and scope.territories and scope.channels)
    steered = scope.emotions if "emotion" in scope.controls else frozenset()
    return Ask(
        identity_id=IDENTITY,
        caller=draw(st.sampled_from(sorted(scope.callers))),
        purpose=draw(st.sampled_from(sorted(within))),
        territory=draw(st.sampled_from(sorted(scope.territories))),
        channel=draw(st.sampled_from(sorted(scope.channels))),
        seconds=draw(st.floats(0, scope.max_seconds, exclude_min=True)),
        emotions=draw(st.frozensets(st.sampled_from(sorted(steered)))) if steered else frozenset(),
        controls=draw(st.frozensets(st.sampled_from(sorted(scope.controls))))
        if scope.controls
        else frozenset(),
        live=draw(st.booleans()) and scope.live,
    )


def allowed_as_written(scope: Scope, ask: Ask, at: datetime) -> bool:
    """The rule written a second time, another way: every wish is found among what was granted."""
    granted_purposes = set(scope.purposes)
    while True:  # close the granted purposes downwards, instead of walking up from the wanted one
        more = {c for c, n in PURPOSES.items() if not n.explicit and n.parent in granted_purposes}
        if more <= granted_purposes:
            break
        granted_purposes |= more
    wishes = [
        ("caller", ask.caller),
        ("purpose", ask.purpose),
        ("place", ask.territory),
        ("way", ask.channel),
    ]
    wishes += [("emotion", name) for name in ask.emotions] + [("control", name) for name in ask.controls]
    wishes += [("control", "emotion")] if ask.emotions else []
    wishes += [("live", "yes")] if ask.live else []
    grants = {("caller", name) for name in scope.callers} | {("purpose", code) for code in granted_purposes}
    grants |= {("place", code) for code in scope.territories} | {("way", code) for code in scope.channels}
    grants |= {("emotion", n) for n in scope.emotions} | {("control", n) for n in scope.controls}
    grants |= {("live", "yes")} if scope.live else set()
    in_time = START <= scope.not_before <= at < scope.not_after
    return in_time and 0 < ask.seconds <= scope.max_seconds and all(wish in grants for wish in wishes)


@given(scope=scopes(), ask=ASKS, at=TIMES)
@settings(deadline=None)
def test_nothing_outside_the_scope_is_permitted(scope: Scope, ask: Ask, at: datetime) -> None:
    """Any request, known codes or not: covered exactly when a second reading of the rule agrees."""
    covered = covers(on_record(scope), ask, at) == ()
    assert covered == (ask.identity_id == IDENTITY and allowed_as_written(scope, ask, at))


@given(data=st.data(), scope=scopes())
@settings(suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
def test_everything_inside_the_scope_is_permitted(data: st.DataObject, scope: Scope) -> None:
    """The gate is not simply shut: what lies within every part is covered."""
    ask = data.draw(asks_within(scope))
    assert covers(on_record(scope), ask, scope.not_before) == ()


@given(data=st.data(), scope=scopes())
@settings(suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
def test_leaving_any_one_part_refuses(data: st.DataObject, scope: Scope) -> None:
    """A covered request with one value moved outside is refused, and that part is named."""
    ask = data.draw(asks_within(scope))
    outside: dict[str, Any] = {
        "caller": data.draw(st.text().filter(lambda name: name not in scope.callers)),
        "territory": data.draw(st.text().filter(lambda code: code not in scope.territories)),
        "channel": data.draw(st.text().filter(lambda code: code not in scope.channels)),
        "purpose": data.draw(st.text().filter(lambda code: not implied_by(code) & scope.purposes)),
        "seconds": data.draw(st.floats().filter(lambda s: not 0 < s <= scope.max_seconds)),
    }
    part = data.draw(st.sampled_from(sorted(outside)))
    assert covers(on_record(scope), replace(ask, **{part: outside[part]}), scope.not_before) == (part,)


@given(data=st.data(), wide=scopes(), other=scopes(), at=TIMES)
@settings(suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
def test_narrowing_never_allows_more(data: st.DataObject, wide: Scope, other: Scope, at: datetime) -> None:
    """What the intersection of a scope with any other covers, the scope itself covers."""
    begin, end = max(wide.not_before, other.not_before), min(wide.not_after, other.not_after)
    assume(begin < end)
    narrow = Scope(
        callers=wide.callers & other.callers,
        purposes=wide.purposes & other.purposes,
        territories=wide.territories & other.territories,
        channels=wide.channels & other.channels,
        not_before=begin,
        not_after=end,
        max_seconds=min(wide.max_seconds, other.max_seconds),
        emotions=wide.emotions & other.emotions,
        controls=wide.controls & other.controls,
        live=wide.live and other.live,
    )
    ask = data.draw(ASKS)
    assert set(covers(on_record(wide), ask, at)) <= set(covers(on_record(narrow), ask, at))


@given(scope=scopes())
@settings(deadline=None)
def test_scope_round_trips_through_its_record(scope: Scope) -> None:
    """What is stored is what was granted."""
    assert Scope.from_json(scope.to_json()) == scope


# --- what can be granted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"callers": frozenset({"*"})},
        {"callers": frozenset({"Studio"})},
        {"callers": frozenset({"any one"})},
        {"callers": {"studio"}},
        {"purposes": frozenset({"fraud"})},
        {"purposes": frozenset({""})},
        {"territories": frozenset({"XX"})},
        {"territories": frozenset({"*"})},
        {"channels": frozenset({"fax"})},
        {"emotions": frozenset({"smug"})},
        {"controls": frozenset({"wings"})},
        {"max_seconds": 0.0},
        {"max_seconds": 600.01},
        {"max_seconds": float("nan")},
        {"max_seconds": "30"},
        {"live": "yes"},
        {"not_after": START},
        {"not_after": START - timedelta(days=1)},
        {"not_after": START + TERM + timedelta(microseconds=1)},
        {"not_before": START.replace(tzinfo=None)},
        {"not_after": END.replace(tzinfo=None)},
    ],
)
def test_impossible_scopes_are_refused(change: dict[str, Any]) -> None:
    """Unknown codes, wildcards, wrong types, empty or over-long terms cannot be granted at all."""
    with pytest.raises(ConsentInvalid) as refused:
        replace(SCOPE, **change)
    assert refused.value.metadata["part"]


def test_a_term_of_a_leap_year_is_the_longest() -> None:
    """366 days to the microsecond are accepted."""
    assert replace(SCOPE, not_after=START + TERM).not_after == START + TERM


@pytest.mark.parametrize(
    "change",
    [
        {"basis": "estate"},
        {"evidence": ""},
        {"evidence": b"x" * (EVIDENCE_BYTES + 1)},
        {"notice": ""},
        {"notice": "n" * 201},
        {"at": END},
    ],
)
def test_grants_without_substance_are_refused(consents: Consents, change: dict[str, Any]) -> None:
    """No evidence, no notice, an unknown basis or a term already over: nothing is recorded."""
    with pytest.raises(ConsentInvalid):
        grant(consents, **change)
    assert consents.list() == ()


# --- the store -------------------------------------------------------------------------------------


def test_grant_is_found_again_and_keeps_no_evidence(consents: Consents, db: Database) -> None:
    """The record reads back equal, by id and by list; the evidence itself is not in the file."""
    consent = grant(consents, evidence="I, Canary Wren, agree.")
    assert consents.get(consent.consent_id) == consent
    assert consents.list(IDENTITY) == (consent,) == consents.list()
    assert consents.list("1e" * 16) == ()
    assert (consent.state, consent.version, len(consent.consent_id)) == ("given", 1, 32)
    assert consent.evidence == commit("consent-evidence", b"I, Canary Wren, agree.")
    stored = b"".join(path.read_bytes() for path in db.path.parent.iterdir())
    assert b"Canary" not in stored


def test_grant_survives_reopening(tmp_path: Path) -> None:
    """What was returned is on the disk."""
    url = f"sqlite:{tmp_path / 'records.db'}"
    with open_records(url) as db:
        consent = grant(Consents(db, commit, SIGNER))
    with open_records(url) as db:
        assert Consents(db, commit, SIGNER).get(consent.consent_id) == consent


def test_verify_returns_the_consent(consents: Consents) -> None:
    """A covered request gets the consent as evidence for the next gate."""
    consent = grant(consents)
    assert consents.verify(consent.consent_id, ASK, NOW) == consent


@pytest.mark.parametrize(
    ("ask", "at", "error"),
    [
        (replace(ASK, identity_id="1e" * 16), NOW, ConsentForeign),
        (ASK, START - timedelta(seconds=1), ConsentNotYetValid),
        (ASK, END, ConsentExpired),
        (replace(ASK, purpose="film"), NOW, ConsentScope),
        # a stranger to the consent learns nothing else about it
        (replace(ASK, identity_id="1e" * 16, purpose="film"), END, ConsentForeign),
    ],
)
def test_verify_refuses_by_name(consents: Consents, ask: Ask, at: datetime, error: type[Exception]) -> None:
    """Each way not to be covered has its own error."""
    consent = grant(consents)
    with pytest.raises(error):
        consents.verify(consent.consent_id, ask, at)


def test_scope_refusal_lists_every_part(consents: Consents) -> None:
    """All failing parts come back at once, in a stable order."""
    consent = grant(consents)
    with pytest.raises(ConsentScope) as refused:
        consents.verify(consent.consent_id, replace(ASK, channel="social", live=True, seconds=31.0), NOW)
    assert refused.value.metadata["parts"] == "channel,seconds,live"


def test_unknown_consent(consents: Consents) -> None:
    """An id that was never granted is refused by every method that needs one."""
    with pytest.raises(ConsentUnknown):
        consents.get("a" * 32)
    with pytest.raises(ConsentUnknown):
        consents.verify("a" * 32, ASK, NOW)
    with pytest.raises(ConsentUnknown):
        consents.withdraw("a" * 32, at=NOW, by="desk")
    assert consents.is_live("a" * 32, NOW) is False


@pytest.mark.parametrize(
    "spoil",
    [
        {"purposes": ["education", "telepathy"]},
        {"shoe_size": 42},
        {"not_before": "soon"},
        {"live": "no"},
        {"callers": "studio"},
    ],
)
def test_a_stored_scope_not_understood_covers_nothing(
    consents: Consents, db: Database, spoil: dict[str, Any]
) -> None:
    """Unknown fields or codes in the store refuse; they are not skipped."""
    consent = grant(consents)
    spoilt = json.dumps(json.loads(SCOPE.to_json()) | spoil)
    with db.transaction() as tx:
        tx.execute("UPDATE consents SET scope = ?", (spoilt,))
    with pytest.raises(ConsentScope) as refused:
        consents.verify(consent.consent_id, ASK, NOW)
    assert refused.value.metadata["parts"] == "record"


def test_withdrawal_is_final_and_idempotent(consents: Consents) -> None:
    """The second withdrawal returns the first one's record; nothing is covered any more, at any time."""
    consent = grant(consents)
    first = consents.withdraw(consent.consent_id, at=NOW, by="sitter")
    again = consents.withdraw(consent.consent_id, at=NOW + timedelta(days=3), by="desk")
    assert first == again == consents.get(consent.consent_id)
    assert (first.state, first.version, first.withdrawn_at, first.withdrawn_by) == (
        "withdrawn",
        2,
        NOW,
        "sitter",
    )
    for at in (START, NOW, END - timedelta(seconds=1)):
        with pytest.raises(ConsentWithdrawn):
            consents.verify(consent.consent_id, ASK, at)
        assert consents.is_live(consent.consent_id, at) is False


def test_withdrawal_rings_once_after_the_commit(consents: Consents, db: Database) -> None:
    """Subscribers hear of it when it is on the disk, once, until they leave; other threads see it too."""
    consent = grant(consents)
    heard: list[tuple[str, bool]] = []
    leave = consents.subscribe(
        lambda consent_id: heard.append((consent_id, consents.is_live(consent_id, NOW)))
    )
    stop = threading.Event()
    consents.subscribe(lambda _: stop.set())
    withdrawing = threading.Thread(target=lambda: consents.withdraw(consent.consent_id, at=NOW, by="sitter"))
    withdrawing.start()
    assert stop.wait(10)
    withdrawing.join()
    consents.withdraw(consent.consent_id, at=NOW, by="sitter")
    assert heard == [(consent.consent_id, False)]
    leave()
    consents.withdraw(grant(consents).consent_id, at=NOW, by="sitter")
    assert len(heard) == 1


def test_watching_hears_withdrawals_of_its_consent_only(consents: Consents) -> None:
    """A job under way is stopped by its own consent's withdrawal, also by one just before it began."""
    mine, other = grant(consents), grant(consents)
    heard: list[str] = []
    with consents.watched(mine.consent_id, heard.append):
        consents.withdraw(other.consent_id, at=NOW, by="desk")
        assert heard == []
        consents.withdraw(mine.consent_id, at=NOW, by="desk")
        assert heard == ["the consent was withdrawn"]
    with consents.watched(other.consent_id, heard.append):
        assert len(heard) == 2
    again = grant(consents)
    with consents.watched(again.consent_id, heard.append):
        pass
    consents.withdraw(again.consent_id, at=NOW, by="desk")
    assert len(heard) == 2


def test_joined_transaction_lands_wholly_or_not_at_all(consents: Consents, db: Database) -> None:
    """Grant and withdrawal inside the caller's transaction vanish with it, and nobody is rung."""
    kept = grant(consents)
    heard: list[str] = []
    consents.subscribe(heard.append)

    def doomed() -> None:
        with db.transaction() as tx:
            grant(consents, tx=tx)
            consents.withdraw(kept.consent_id, at=NOW, by="sitter", tx=tx)
            with pytest.raises(ConsentWithdrawn):
                consents.verify(kept.consent_id, ASK, NOW, tx=tx)
            tx.execute("SELECT * FROM no_such_table")

    with pytest.raises(StoreUnavailable):
        doomed()
    assert consents.list() == (kept,)
    assert consents.is_live(kept.consent_id, NOW)
    assert heard == []


def test_live_only_within_the_term(consents: Consents) -> None:
    """`is_live` has the same half-open term as `verify`."""
    consent = grant(consents)
    instants = (START - timedelta(seconds=1), START, END - timedelta(seconds=1), END)
    assert [consents.is_live(consent.consent_id, at) for at in instants] == [False, True, True, False]


def test_lost_store_refuses(consents: Consents, db: Database) -> None:
    """A closed store is an error, never a consent."""
    consent = grant(consents)
    db.close()
    with pytest.raises(StoreUnavailable):
        consents.verify(consent.consent_id, ASK, NOW)
    with pytest.raises(StoreUnavailable):
        consents.is_live(consent.consent_id, NOW)


def test_vocabulary_is_sound() -> None:
    """Every parent exists, no purpose is its own ancestor, countries are pairs of letters."""
    for node in PURPOSES.values():
        assert node.parent is None or node.parent in PURPOSES
    assert all(purpose in implied_by(purpose) for purpose in PURPOSES)
    assert len(TERRITORIES) == 249
    assert all(len(code) == 2 and code.isupper() for code in TERRITORIES)
