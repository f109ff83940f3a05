"""Requests are reserved once; releases are found by every name they have."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from safety.errors import QuotaRefused, RecordUnknown, RequestConflict, StoreUnavailable
from safety.records import Record, Records
from safety.stores import open_records
from safety.stores.sqlite import Database

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
RECORD = Record(
    record_id="0" * 24, caller="studio", identity_id="1" * 32, consent_id="2" * 32, released_at=AT,
    clip_sha256="a" * 64, manifest_id="urn:c2pa:x", clip_bytes=5, seconds=1.5, frames=37,
    fingerprint=b"\x01\x02", report={"score": 0.5}, log_index=9,
)  # fmt: skip


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return open_records(f"sqlite:{tmp_path / 'records.db'}")


def reserve(
    records: Records, request_id: str, record_id: str, digest: str = "d", **changes: object
) -> object:
    given = {"caller": "studio", "daily_limit": 2, "at": AT} | changes
    return records.reserve(request_id=request_id, record_id=record_id, digest=digest, **given)  # type: ignore[arg-type]


def test_a_running_request_is_not_taken_twice(db: Database) -> None:
    """The same id while it runs is a conflict; with another body always."""
    records = Records(db)
    assert reserve(records, "r1", "0" * 24).remaining == 2  # type: ignore[attr-defined]
    with pytest.raises(RequestConflict, match="running"):
        reserve(records, "r1", "1" * 24)
    with pytest.raises(RequestConflict, match="another request"):
        reserve(records, "r1", "1" * 24, digest="other")


def test_a_request_that_came_to_nothing_may_be_made_again(db: Database) -> None:
    """After its end the same body passes, under a new record id; another body still does not."""
    records = Records(db)
    reserve(records, "r1", "0" * 24)
    records.end("0" * 24)
    with pytest.raises(RequestConflict):
        reserve(records, "r1", "1" * 24, digest="other")
    assert reserve(records, "r1", "1" * 24).earlier is None  # type: ignore[attr-defined]
    assert records.running() == ["1" * 24]


def test_the_quota_counts_what_runs_or_was_released_within_a_day(db: Database) -> None:
    """Refused requests give their place back; after a day the place is free again; others have their own."""
    records = Records(db)
    reserve(records, "r1", "0" * 24)
    reserve(records, "r2", "1" * 24)
    with pytest.raises(QuotaRefused):
        reserve(records, "r3", "2" * 24)
    assert reserve(records, "r3", "2" * 24, caller="other").remaining == 2  # type: ignore[attr-defined]
    records.end("1" * 24)
    reserve(records, "r4", "3" * 24)
    later = AT + timedelta(days=1, seconds=1)
    assert reserve(records, "r5", "4" * 24, at=later).remaining == 2  # type: ignore[attr-defined]


def test_a_release_is_found_and_given_again(db: Database) -> None:
    """By record id, bytes and manifest; and by the request that led to it."""
    records = Records(db)
    reserve(records, "r1", RECORD.record_id)
    with db.transaction() as tx:
        records.release(tx, RECORD, manifest=b"m", words=b"w")
    assert records.get(RECORD.record_id) == RECORD
    assert records.find("clip_sha256", "a" * 64) == RECORD
    assert records.find("manifest_id", "urn:c2pa:x") == RECORD
    assert records.find("manifest_id", "urn:c2pa:y") is None
    assert reserve(records, "r1", "5" * 24).earlier == RECORD  # type: ignore[attr-defined]
    assert records.names() == {RECORD.record_id}
    with pytest.raises(RecordUnknown):
        records.get("f" * 24)


def test_a_release_that_is_rolled_back_never_was(db: Database) -> None:
    """Release and issue share a transaction: what fails in it leaves no record."""
    records = Records(db)
    reserve(records, "r1", RECORD.record_id)

    def torn() -> None:
        with db.transaction() as tx:
            records.release(tx, RECORD, manifest=b"m", words=b"w")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        torn()
    assert records.find("record_id", RECORD.record_id) is None
    assert records.running() == [RECORD.record_id]


def test_two_releases_cannot_share_bytes_or_manifest(db: Database) -> None:
    """Detect could not tell them apart."""
    records = Records(db)
    with db.transaction() as tx:
        records.release(tx, RECORD, manifest=b"m", words=b"w")
    for clash in ({"clip_sha256": "b" * 64}, {"manifest_id": "urn:c2pa:z"}):
        with pytest.raises(StoreUnavailable), db.transaction() as tx:
            records.release(
                tx,
                replace(RECORD, record_id="9" * 24, **clash),  # type: ignore[arg-type]
                manifest=b"m",
                words=b"w",
            )
