"""What runs under a consent ends with it: by withdrawal, by an amendment that leaves it out, by the term."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from safety import consent_watch
from safety.consent import Consent, Consents
from safety.consent_record import RecordSigner
from safety.errors import StoreUnavailable
from safety.scope import Ask, Scope
from safety.stores import open_records
from safety.stores.sqlite import Database

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SCOPE = Scope(
    callers=frozenset({"studio"}), purposes=frozenset({"education"}), territories=frozenset({"DE", "FR"}),
    channels=frozenset({"web"}), not_before=NOW, not_after=NOW + timedelta(days=9), max_seconds=30.0,
    emotions=frozenset(), controls=frozenset(), live=False,
)  # fmt: skip
ASK = Ask("0f" * 16, "studio", "course", "DE", "web", 10.0, frozenset(), frozenset(), False)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with open_records(f"sqlite:{tmp_path / 'records.db'}") as opened:
        yield opened


@pytest.fixture
def consents(db: Database) -> Consents:
    return Consents(db, lambda domain, data: "0" * 64, RecordSigner.of(b"7" * 32, "test"))


def grant(consents: Consents, scope: Scope = SCOPE) -> Consent:
    return consents.grant(
        identity_id="0f" * 16,
        basis="consent",
        scope=scope,
        evidence="yes",
        notice="n-1",
        granted_by="desk",
        at=NOW,
    )


def amend(consents: Consents, consent: Consent, scope: Scope) -> Consent:
    return consents.amend(
        consent.consent_id, version=consent.version, scope=scope, evidence="x", notice="n", by="desk", at=NOW
    )


def test_an_amendment_that_leaves_it_out_ends_it(consents: Consents) -> None:
    """A clip for Germany goes on while Germany is allowed, and is stopped when it is not."""
    consent, heard = grant(consents), []
    with consents.watched(consent.consent_id, heard.append, ASK, lambda: NOW):
        second = amend(consents, consent, replace(SCOPE, territories=frozenset({"DE"})))
        assert heard == []
        amend(consents, second, replace(SCOPE, territories=frozenset({"FR"})))
        assert heard == ["the consent does not cover this any more: territory"]


def test_a_change_before_the_watch_counts_too(consents: Consents) -> None:
    """Between the gate and the watch nothing is missed."""
    consent, heard = grant(consents), []
    amend(consents, consent, replace(SCOPE, territories=frozenset({"FR"})))
    with consents.watched(consent.consent_id, heard.append, ASK, lambda: NOW):
        assert heard == ["the consent does not cover this any more: territory"]


def test_the_end_of_the_term_ends_it(consents: Consents) -> None:
    """Nobody has to do anything: when the term is over, what runs is stopped."""
    consent = grant(consents, replace(SCOPE, not_after=NOW + timedelta(seconds=0.2)))
    ended, why = threading.Event(), []
    started = threading.Event()

    def stop(reason: str) -> None:
        why.append(reason)
        ended.set()

    def clock() -> datetime:
        return NOW + timedelta(seconds=0.2) if started.is_set() else NOW

    with consents.watched(consent.consent_id, stop, ASK, clock):
        assert why == []
        started.set()  # from here on the clock says that it is over
        assert ended.wait(30)
    assert why == ["the consent does not cover this any more: not_after"]


def test_a_renewal_moves_the_end(consents: Consents, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was to end with the old term goes on in the new one; a withdrawal stops it all the same."""
    monkeypatch.setattr(consent_watch, "LOOK_SECONDS", 0.02)
    consent, heard = grant(consents, replace(SCOPE, not_after=NOW + timedelta(hours=1))), []
    later, looked = threading.Event(), threading.Event()

    def clock() -> datetime:
        if later.is_set():
            looked.set()
        return NOW + timedelta(hours=2) if later.is_set() else NOW

    with consents.watched(consent.consent_id, heard.append, ASK, clock):
        consents.renew(
            consent.consent_id, version=1, not_after=NOW + timedelta(days=1), evidence="x", notice="n",
            by="desk", at=NOW,
        )  # fmt: skip
        later.set()  # from here on the old term is over
        assert looked.wait(30)
        assert heard == []
        consents.withdraw(consent.consent_id, at=NOW, by="sitter")
    assert heard == ["the consent was withdrawn"]


def test_a_store_that_cannot_be_read_ends_it(
    consents: Consents, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not knowing is the same as no."""
    consent, heard = grant(consents), []

    def unreadable() -> None:
        raise StoreUnavailable("the disk is gone")

    with consents.watched(consent.consent_id, heard.append, ASK, lambda: NOW):
        with db.transaction() as tx:
            consents.withdraw(consent.consent_id, at=NOW, by="sitter", tx=tx)
            monkeypatch.setattr(db, "reading", unreadable)
        assert heard == ["the consent could not be looked up"]


def test_one_listener_that_fails_does_not_silence_the_others(consents: Consents) -> None:
    """Every clip is stopped, whichever callback broke."""
    consent, heard = grant(consents), []

    def broken(_: str) -> None:
        raise RuntimeError("broken")

    consents.subscribe(broken)
    with consents.watched(consent.consent_id, heard.append):
        with pytest.raises(RuntimeError):
            consents.withdraw(consent.consent_id, at=NOW, by="sitter")
        assert heard == ["the consent was withdrawn"]
    assert consents.get(consent.consent_id).state == "withdrawn"
