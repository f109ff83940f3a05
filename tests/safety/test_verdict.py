"""The verdict table."""

import itertools

import pytest

from safety.verdict import EXPLANATIONS, Evidence, Verdict, judge

A, B = "a" * 24, "b" * 24


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
        (Evidence("none"), Verdict.NO_RECORD),
    ],
)
def test_rows(found: Evidence, verdict: Verdict) -> None:
    """Each row of the table, and the order between them."""
    assert judge(found) == verdict


def test_nothing_is_ours_without_a_record_of_ours() -> None:
    """Over every combination: an issued verdict names a record, and nothing that contradicts is issued."""
    issued = {Verdict.ISSUED_INTACT, Verdict.ISSUED_RECOVERED, Verdict.ISSUED_ALTERED}
    names = (None, A, B)
    for state, one, two, three, unknown, same, altered in itertools.product(
        ("none", "ours", "trusted", "untrusted", "invalid"), names, names, names, (True, False),
        (None, True, False), (True, False),
    ):  # fmt: skip
        found = Evidence(state, one, two, three, unknown, same, altered)
        verdict = judge(found)
        if verdict in issued:
            assert found.record_id is not None
            assert not found.contradicts
            assert found.by_bytes or same is True
        if found.record_id is None and not unknown:
            assert verdict in {Verdict.FOREIGN_CREDENTIALS, Verdict.NO_RECORD}


def test_every_verdict_is_explained_and_none_says_authentic() -> None:
    """Plain words for each, and never the word that cannot be kept."""
    assert set(EXPLANATIONS) == set(Verdict)
    assert not any("authentic" in text.lower() for text in EXPLANATIONS.values())
