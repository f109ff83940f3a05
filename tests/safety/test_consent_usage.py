"""What is used of a consent: limits hold at their edge, also for two at once; what fails is given back."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from safety.consent import Consent
from safety.consent_usage import Uses
from safety.errors import ConsentUsedUp, StoreUnavailable
from safety.scope import Ask, Scope
from safety.stores import open_records
from safety.stores.sqlite import Database

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
SCOPE = Scope(
    callers=frozenset({"studio"}), purposes=frozenset({"education"}), territories=frozenset({"DE"}),
    channels=frozenset({"web"}), not_before=NOW - DAY, not_after=NOW + 90 * DAY, max_seconds=30.0,
    emotions=frozenset(), controls=frozenset(), live=False,
)  # fmt: skip
ASK = Ask("0f" * 16, "studio", "course", "DE", "web", 10.0, frozenset(), frozenset(), False)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with open_records(f"sqlite:{tmp_path / 'records.db'}") as opened:
        yield opened


@pytest.fixture
def uses(db: Database) -> Uses:
    return Uses(db)


def consent(**limits: Any) -> Consent:
    return Consent("c" * 32, "0f" * 16, "consent", replace(SCOPE, **limits), 3, "e" * 64, "n", NOW, "desk")


def reserve(db: Database, uses: Uses, name: str, given: Consent, at: datetime = NOW, **ask: Any) -> None:
    with db.transaction() as tx:
        uses.reserve(tx, name, given, replace(ASK, **ask), at)


@pytest.mark.parametrize(
    ("limits", "limit"),
    [
        ({"max_clips": 2}, "max_clips"),
        ({"total_seconds": 20.0}, "total_seconds"),
        ({"clips_per_day": 2}, "clips_per_day"),
    ],
)
def test_the_limit_is_reached_and_not_passed(
    db: Database, uses: Uses, limits: dict[str, Any], limit: str
) -> None:
    """Two clips of ten seconds fit exactly; the third is refused by the limit's name and not counted."""
    given = consent(**limits)
    reserve(db, uses, "1", given)
    reserve(db, uses, "2", given)
    with pytest.raises(ConsentUsedUp) as refused:
        reserve(db, uses, "3", given)
    assert (refused.value.metadata["limit"], refused.value.metadata["left"]) == (limit, "0")
    assert [use.record_id for use in uses.of_identity("0f" * 16)] == ["1", "2"]


def test_a_shorter_clip_may_still_fit(db: Database, uses: Uses) -> None:
    """Seconds are counted as they are, not clip by clip."""
    given = consent(total_seconds=12.0)
    reserve(db, uses, "1", given)
    with pytest.raises(ConsentUsedUp):
        reserve(db, uses, "2", given, seconds=2.5)
    reserve(db, uses, "2", given, seconds=2.0)


def test_tenths_add_up(db: Database, uses: Uses) -> None:
    """Ten clips of a tenth of a second fit into one second, though binary fractions miss it."""
    given = consent(total_seconds=1.0)
    for number in range(10):
        reserve(db, uses, str(number), given, seconds=0.1)
    with pytest.raises(ConsentUsedUp):
        reserve(db, uses, "one more", given, seconds=0.001)


def test_a_day_is_the_24_hours_before(db: Database, uses: Uses) -> None:
    """The count per day slides; a clock set back finds more used, never less."""
    given = consent(clips_per_day=1)
    reserve(db, uses, "1", given)
    for at in (NOW, NOW + DAY - timedelta(seconds=1), NOW - 300 * DAY):
        with pytest.raises(ConsentUsedUp):
            reserve(db, uses, "2", given, at)
    reserve(db, uses, "2", given, NOW + DAY)


def test_what_fails_is_given_back_and_what_left_is_not(db: Database, uses: Uses) -> None:
    """Giving back is for what did not leave; twice is harmless."""
    given = consent(max_clips=1)
    reserve(db, uses, "1", given)
    uses.give_back("1")
    uses.give_back("1")
    reserve(db, uses, "2", given)
    with db.transaction() as tx:
        uses.settle(tx, "2", NOW)
    uses.give_back("2")
    uses.recover()
    with pytest.raises(ConsentUsedUp):
        reserve(db, uses, "3", given)


def test_a_kill_leaves_nothing_reserved(tmp_path: Path) -> None:
    """After a restart only what was released counts."""
    url = f"sqlite:{tmp_path / 'records.db'}"
    with open_records(url) as db:
        uses = Uses(db)
        reserve(db, uses, "1", consent())
        reserve(db, uses, "2", consent())
        with db.transaction() as tx:
            uses.settle(tx, "1", NOW)
    with open_records(url) as db:
        uses = Uses(db)
        uses.recover()
        (left,) = uses.of_identity("0f" * 16)
        assert (left.record_id, left.state, left.released_at) == ("1", "released", NOW)


def test_a_reservation_lands_with_its_transaction(db: Database, uses: Uses) -> None:
    """If the intent does not commit, nothing was used."""

    def doomed() -> None:
        with db.transaction() as tx:
            uses.reserve(tx, "1", consent(), ASK, NOW)
            tx.execute("SELECT * FROM no_such_table")

    with pytest.raises(StoreUnavailable):
        doomed()
    assert uses.of_identity("0f" * 16) == ()


def test_of_many_at_the_edge_exactly_one_passes(db: Database, uses: Uses) -> None:
    """Eight requests race for the last clip."""
    given, gate, outcomes = consent(max_clips=1), threading.Barrier(8), []

    def one(name: str) -> None:
        gate.wait()
        try:
            reserve(db, uses, name, given)
            outcomes.append("passed")
        except ConsentUsedUp:
            outcomes.append("refused")

    threads = [threading.Thread(target=one, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["passed"] + ["refused"] * 7


def test_a_use_says_what_a_sitter_wants_to_know(db: Database, uses: Uses) -> None:
    """When, by whom, for what, where, how long, under which consent and version."""
    reserve(db, uses, "ab" * 12, consent())
    (use,) = uses.of_identity("0f" * 16)
    assert (use.record_id, use.consent_id, use.version, use.caller) == ("ab" * 12, "c" * 32, 3, "studio")
    assert (use.purpose, use.territory, use.channel, use.seconds) == ("course", "DE", "web", 10.0)
    assert (use.reserved_at, use.released_at, use.state) == (NOW, None, "running")
    assert uses.of_identity("1e" * 16) == ()
