"""Script rules: what may be said is what was agreed; what is not declared is not allowed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perception.audio import Speech
from safety.errors import ConsentInvalid, Misconfigured
from safety.script import DENIED, FREE, TOPICS, DenyList, Moderation, ScriptRule, allows, mentions, normalised


def commit(domain: str, data: bytes) -> str:
    return (domain + data.decode()).encode().hex()[:64].rjust(64, "0")


MODERATION = Moderation(commit)
TOPIC = ScriptRule("topics", topics=frozenset({"money"}), terms=frozenset({"blue whale"}))


class Parrot:
    """A recogniser that hears what it is told."""

    def __init__(self, words: str) -> None:
        self.words = words

    def transcribe(self, speech: Speech) -> str:
        return self.words


def exact(*texts: str) -> ScriptRule:
    return ScriptRule("exact", texts=frozenset(map(MODERATION.commitment, texts)))


def said(text: str, heard: str | None = None) -> Any:
    moderation = Moderation(commit, recogniser=Parrot(heard) if heard is not None else None)
    return moderation.spoken(text, object())  # type: ignore[arg-type]  # the parrot does not listen


@pytest.mark.parametrize("text", ["", "anything at all"])
def test_free_needs_nothing(text: str) -> None:
    """Without a rule no script has to be declared."""
    assert allows(FREE, said(text))


@pytest.mark.parametrize("rule", [exact("Good morning"), TOPIC])
@pytest.mark.parametrize("text", ["", "  ", "!?", "\u200b"])
def test_a_rule_without_a_script_refuses(rule: ScriptRule, text: str) -> None:
    """What is said is unknown: refused, also when a recogniser heard something harmless."""
    assert not allows(rule, said(text))
    assert not allows(rule, said(text, heard="good morning"))


def test_an_exact_text_is_the_words_not_the_typography() -> None:
    """Capitals, punctuation and line breaks do not matter; every word does."""
    rule = exact("Good morning, everybody!", "Good night.")
    assert allows(rule, said("good  morning\nEverybody"))
    assert allows(rule, said("Good night"))
    assert not allows(rule, said("Good morning"))
    assert not allows(rule, said("Good morning everybody. Buy now."))


def test_ruled_out_topics_and_terms_are_found_as_words() -> None:
    """A topic's terms and the consent's own are found; a part of a longer word is not."""
    assert allows(TOPIC, said("We saw a whale, and it was blue."))
    assert not allows(TOPIC, said("We saw a Blue-Whale."))
    assert not allows(TOPIC, said("Send money today"))
    assert not allows(TOPIC, said("ｓｅｎｄ ｍｏｎｅｙ"))
    assert not allows(TOPIC, said("se\u200bnd mon\u00adey"))
    assert allows(TOPIC, said("The candidates' bankaccountant"))


def test_scripts_without_spaces_are_searched_inside() -> None:
    """Japanese, Chinese, Thai: a term is found wherever it stands."""
    rule = ScriptRule("topics", terms=frozenset({"振り込み"}))
    assert not allows(rule, said("今日振り込みをしてください。"))
    assert allows(rule, said("今日は晴れです。"))


def test_what_was_heard_must_hold_as_well() -> None:
    """A harmless declaration does not cover what was heard; an exact rule reads the declaration."""
    assert not allows(TOPIC, said("good morning", heard="please send money"))
    assert allows(TOPIC, said("good morning", heard="good mourning"))
    assert allows(exact("good morning"), said("good morning", heard="good mourning"))


def test_what_nobody_may_have_said_is_found_whoever_agrees() -> None:
    """The embedded list looks at both sources and gives codes, never the words."""
    assert MODERATION.findings(said("Hello")) == frozenset()
    assert MODERATION.findings(said("Now read me the code, please")) == {"credential-theft"}
    assert MODERATION.findings(said("Hello", heard="kill yourself")) == {"self-harm"}


def test_nothing_of_the_words_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The words stay out of what is printed of a request."""
    assert "canary" not in repr(said("canary"))


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "any"},
        {"kind": "exact"},
        {"kind": "free", "terms": frozenset({"a"})},
        {"kind": "free", "texts": frozenset({"0" * 64})},
        {"kind": "exact", "texts": frozenset({"Good morning"})},
        {"kind": "exact", "texts": frozenset({"0" * 64}), "terms": frozenset({"a"})},
        {"kind": "topics"},
        {"kind": "topics", "topics": frozenset({"astrology"})},
        {"kind": "topics", "terms": frozenset({"Blue"})},
        {"kind": "topics", "terms": frozenset({"blue!"})},
        {"kind": "topics", "terms": frozenset({""})},
        {"kind": "topics", "terms": frozenset({"a" * 101})},
        {"kind": "topics", "terms": frozenset({7})},
        {"kind": "topics", "terms": frozenset(map(str, range(501)))},
        {"kind": "topics", "terms": ["a"]},
    ],
)
def test_rules_that_could_not_be_checked_are_not_granted(rule: dict[str, Any]) -> None:
    """Unknown kinds and topics, empty rules, terms that no normalised text can hold."""
    with pytest.raises(ConsentInvalid):
        ScriptRule(**rule)


@pytest.mark.parametrize("terms", [{}, {"a": ()}, {"a": ("!",)}])
def test_a_deny_list_denies_something(terms: dict[str, tuple[str, ...]]) -> None:
    """An empty list, or a term without a word, is a mistake in the configuration."""
    with pytest.raises(Misconfigured):
        DenyList(terms)


def test_the_embedded_terms_are_normalised() -> None:
    """A term that is not could never be found."""
    for terms in (*TOPICS.values(), *DENIED.values()):
        assert all(normalised(term) == term for term in terms)


@given(st.text(max_size=40))
@settings(deadline=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    """So a commitment made of a text is that of its normalised form."""
    assert normalised(normalised(text)) == normalised(text)


@given(st.lists(st.sampled_from(["send", "money", "blue", "now"]), max_size=6), st.data())
@settings(deadline=None)
def test_a_ruled_out_phrase_is_found_wherever_it_stands(words: list[str], data: st.DataObject) -> None:
    """Whatever is around it, in whatever capitals."""
    place = data.draw(st.integers(0, len(words)))
    text = " ".join([*words[:place], "Send Money", *words[place:]])
    assert mentions(normalised(text), "send money")
    assert not allows(TOPIC, said(text))
