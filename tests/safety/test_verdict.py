"""The verdict table."""

import itertools
from typing import Any

import pytest

from safety.verdict import EXPLANATIONS, Evidence, Verdict, explain, judge

A, B = "a" * 24, "b" * 24
OURS: dict[str, Any] = {"by_watermark": A, "by_sound": A, "same_sound": True}


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Evidence("ours", A, A, A, same_clip=True), Verdict.ISSUED_INTACT),
        (Evidence("ours", None, A, A, same_clip=True), Verdict.ISSUED_INTACT),
        (Evidence("none", None, None, A, same_clip=True), Verdict.ISSUED_RECOVERED),
        (Evidence("invalid", None, A, A, same_clip=True), Verdict.ISSUED_RECOVERED),
        (Evidence("none", None, None, A, same_clip=True, altered=True), Verdict.ISSUED_ALTERED),
        (Evidence("invalid", None, A, A, same_clip=True, altered=True), Verdict.ISSUED_ALTERED),
        (Evidence("invalid", None, A, None, same_clip=True, altered=True), Verdict.ISSUED_ALTERED),
        (Evidence("none", None, None, A, same_clip=False), Verdict.CONFLICT),
        (Evidence("none", None, None, A), Verdict.CONFLICT),
        (Evidence("ours", None, B, A, same_clip=True), Verdict.CONFLICT),
        (Evidence("none", marks_unknown=True), Verdict.CONFLICT),
        (Evidence("trusted", None, None, A, same_clip=True), Verdict.CONFLICT),
        (Evidence("trusted"), Verdict.FOREIGN_CREDENTIALS),
        (Evidence("untrusted"), Verdict.FOREIGN_CREDENTIALS),
        (Evidence("invalid"), Verdict.NO_RECORD),
        (Evidence("none", by_sound=A, same_clip=True, same_sound=True), Verdict.ISSUED_RECOVERED),
        (Evidence("none", same_clip=True, **OURS), Verdict.ISSUED_RECOVERED),
        (Evidence("none", by_sound=A, same_clip=False, same_sound=True), Verdict.ISSUED_ALTERED),
        (Evidence("none", same_clip=False, **OURS), Verdict.ISSUED_ALTERED),
        (Evidence("none", by_sound=A, same_clip=False, same_sound=False), Verdict.CONFLICT),
        (Evidence("none", None, None, A, same_clip=False, same_sound=True), Verdict.CONFLICT),
        (Evidence("none", None, None, A, same_clip=True, by_sound=B, same_sound=True), Verdict.CONFLICT),
        (Evidence("trusted", by_sound=A, same_clip=False, same_sound=True), Verdict.CONFLICT),
        (Evidence("none"), Verdict.NO_RECORD),
        (Evidence("none", same_clip=True, by_content=A), Verdict.ISSUED_RECOVERED),
        (Evidence("invalid", same_clip=True, by_content=A), Verdict.ISSUED_RECOVERED),
        (Evidence("none", same_clip=True, altered=True, by_content=A), Verdict.ISSUED_ALTERED),
        (Evidence("trusted", same_clip=True, by_content=A), Verdict.CONFLICT),
        (Evidence("untrusted", same_clip=True, by_content=A), Verdict.CONFLICT),
        (Evidence("none", same_clip=False, by_content=A), Verdict.CONFLICT),
        (Evidence("none", by_content=A), Verdict.CONFLICT),
        (Evidence("none", marks_unknown=True, same_clip=True, by_content=A), Verdict.CONFLICT),
        (Evidence("none", by_watermark=A, same_clip=False, by_content=B), Verdict.CONFLICT),
        (Evidence("none", by_sound=A, same_clip=False, same_sound=True, by_content=B), Verdict.CONFLICT),
        (Evidence("invalid", by_manifest=A, same_clip=False, by_content=B), Verdict.CONFLICT),
    ],
)
def test_rows(found: Evidence, verdict: Verdict) -> None:
    """Each row of the table, and the order between them."""
    assert judge(found) == verdict


def test_nothing_is_ours_without_a_record_of_ours() -> None:
    """Over every combination: an issued verdict names a record, and nothing that contradicts is issued."""
    issued = {Verdict.ISSUED_INTACT, Verdict.ISSUED_RECOVERED, Verdict.ISSUED_ALTERED}
    names = (None, A, B)
    for state, one, two, three, four, five, unknown, same, altered, heard in itertools.product(
        ("none", "ours", "trusted", "untrusted", "invalid"), names, names, names, names, names,
        (True, False), (None, True, False), (True, False), (None, True, False),
    ):  # fmt: skip
        found = Evidence(state, one, two, three, unknown, same, altered, four, heard, by_content=five)
        verdict = judge(found)
        if verdict in issued:
            assert found.record_id is not None
            assert not found.contradicts
            assert found.by_bytes or same is True or (four is not None and heard is True)
        if found.record_id is None and not unknown:
            assert verdict in {Verdict.FOREIGN_CREDENTIALS, Verdict.NO_RECORD}


def test_every_verdict_is_explained_and_none_says_authentic() -> None:
    """Plain words for each, and never the word that cannot be kept."""
    assert set(EXPLANATIONS) == set(Verdict)
    assert not any("authentic" in text.lower() for text in EXPLANATIONS.values())


def test_pictures_and_sound_that_disagree_are_said_to() -> None:
    """Marks of two clips, sound without pictures, sound under others: each in its own words."""
    cases = {
        Evidence("none", None, None, A, by_sound=B): "that of another",
        Evidence("none", by_sound=A, same_clip=False, same_sound=True, pictures=False): "without pictures",
        Evidence("none", by_sound=A, same_clip=False, same_sound=True): "the pictures do not agree",
        Evidence("none", by_sound=A, same_clip=True, same_sound=True): "by the mark in its sound",
        Evidence("none", same_clip=True, by_content=A): "by its content only",
        Evidence("none", same_clip=True, altered=True, by_content=A): "by its content only",
        Evidence("trusted", same_clip=True, by_content=A): "that of a clip of this service",
        Evidence("none", by_watermark=A, same_clip=False, by_content=B): "another clip of this service",
    }
    for found, words in cases.items():
        verdict = judge(found)
        assert explain(verdict, found).startswith(EXPLANATIONS[verdict])
        assert words in explain(verdict, found)
    plain = Evidence("none", None, None, A, same_clip=True, by_sound=A, same_sound=True)
    assert explain(judge(plain), plain) == EXPLANATIONS[Verdict.ISSUED_RECOVERED]
