"""What is kept of requests and of the clips that left: the records that Detect and auditors find.

A request is reserved once by (caller, request_id), inside the transaction that also checks the daily
quota, so two identical requests or a race at the quota's edge cannot both pass. A release is written in
the transaction that checks the consent and appends the issue: it exists exactly when the log says so. With
it go its manifest store, which outlives what is stripped from copies, and the words by which its content is
looked up.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from safety.errors import QuotaRefused, RecordUnknown, RequestConflict
from safety.stores.sqlite import Database, Reading, Transaction

SCHEMA = """
create table if not exists requests (
    caller text not null,
    request_id text not null,
    digest text not null,
    record_id text not null unique,
    state text not null check (state in ('running', 'released', 'ended')),
    reserved_at text not null,
    primary key (caller, request_id)
) strict;
create index if not exists requests_by_time on requests (caller, reserved_at);
create table if not exists releases (
    record_id text primary key,
    caller text not null,
    identity_id text not null,
    consent_id text not null,
    released_at text not null,
    clip_sha256 text not null unique,
    manifest_id text not null unique,
    clip_bytes integer not null,
    seconds real not null,
    frames integer not null,
    fingerprint blob not null,
    report text not null,
    log_index integer not null
) strict;
create table if not exists contents (
    number integer primary key autoincrement,
    record_id text not null unique references releases,
    words blob not null
) strict;
create table if not exists manifests (
    manifest_id text primary key,
    record_id text not null unique references releases,
    store blob not null
) strict;
"""


class RequestState(StrEnum):
    RUNNING = "running"
    RELEASED = "released"
    ENDED = "ended"  # refused, cancelled or interrupted; the same request may be made again


@dataclass(frozen=True)
class Record:
    """What is kept of a clip that left. `fingerprint` holds no picture; `report` is the audit's findings."""

    record_id: str
    caller: str
    identity_id: str
    consent_id: str
    released_at: datetime
    clip_sha256: str
    manifest_id: str
    clip_bytes: int
    seconds: float
    frames: int
    fingerprint: bytes
    report: Mapping[str, Any]
    log_index: int


@dataclass(frozen=True)
class Reservation:
    """What reserving a request gave.

    Attributes:
        earlier: the release that the very same request already led to, or None.
        remaining: clips that the caller could still make today, this one included.
    """

    earlier: Record | None
    remaining: int


class Records:
    """Requests and releases in the records store.

    Raises StoreUnavailable from every method when the store cannot answer.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        db.create(SCHEMA)

    def reserve(
        self, *, caller: str, request_id: str, digest: str, record_id: str, daily_limit: int, at: datetime
    ) -> Reservation:
        """Reserve a request, or find the release it already led to.

        Args:
            digest: commitment to the whole request, to tell a retry from another request of the same id.
            record_id: 24 hex digits, the name of the clip if one is made.
            daily_limit: clips that one caller may have running or released within 24 hours.

        Raises:
            RequestConflict: same id with another body, or the same request is running now.
            QuotaRefused: the caller's daily limit is reached.
        """
        with self._db.transaction() as tx:
            row = tx.execute(
                "select digest, state, record_id from requests where caller = ? and request_id = ?",
                (caller, request_id),
            ).fetchone()
            if row is not None:
                _same_request(row, digest)
                if row["state"] == RequestState.RELEASED:
                    return Reservation(_release(tx, "record_id", row["record_id"]), remaining=0)
            used = _used(tx, caller, at)
            if used >= daily_limit:
                raise QuotaRefused(
                    f"the limit of {daily_limit} clips within 24 hours is reached: wait, or ask for more",
                    limit="clips_per_day", most=daily_limit,
                )  # fmt: skip
            tx.execute(
                "insert into requests values (?, ?, ?, ?, 'running', ?) on conflict (caller, request_id)"
                " do update set state = excluded.state, record_id = excluded.record_id,"
                " reserved_at = excluded.reserved_at",
                (caller, request_id, digest, record_id, at.isoformat()),
            )
        return Reservation(None, daily_limit - used)

    def end(self, record_id: str) -> None:
        """A running request came to nothing; it no longer counts and may be made again."""
        with self._db.transaction() as tx:
            tx.execute(
                "update requests set state = 'ended' where record_id = ? and state = 'running'", (record_id,)
            )

    def running(self) -> list[str]:
        """Record ids of requests that were running when the service stopped: to be ended at start."""
        with self._db.reading() as rx:
            return [
                r["record_id"] for r in rx.execute("select record_id from requests where state = 'running'")
            ]

    def release(self, tx: Transaction, record: Record, *, manifest: bytes, words: bytes) -> None:
        """Write the release and mark its request as released, inside the issue's transaction.

        Args:
            manifest: the manifest store that the clip was signed with.
            words: of its content, as of `lookup.Words.to_bytes`.
        """
        tx.execute(
            "insert into releases values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.record_id, record.caller, record.identity_id, record.consent_id,
                record.released_at.isoformat(), record.clip_sha256, record.manifest_id, record.clip_bytes,
                record.seconds, record.frames, record.fingerprint,
                json.dumps(record.report, sort_keys=True), record.log_index,
            ),
        )  # fmt: skip
        tx.execute("insert into contents (record_id, words) values (?, ?)", (record.record_id, words))
        tx.execute("insert into manifests values (?, ?, ?)", (record.manifest_id, record.record_id, manifest))
        tx.execute("update requests set state = 'released' where record_id = ?", (record.record_id,))

    def get(self, record_id: str) -> Record:
        """The release of that name. Raises RecordUnknown."""
        with self._db.reading() as rx:
            record = _release(rx, "record_id", record_id)
        if record is None:
            raise RecordUnknown(f"no clip {record_id} was released here")
        return record

    def find(self, column: str, value: str) -> Record | None:
        """The release whose `record_id`, `clip_sha256` or `manifest_id` is `value`."""
        with self._db.reading() as rx:
            return _release(rx, column, value)

    def manifest(self, manifest_id: str) -> bytes:
        """The manifest store of the release whose active manifest has that id. Raises RecordUnknown."""
        with self._db.reading() as rx:
            row = rx.execute("select store from manifests where manifest_id = ?", (manifest_id,)).fetchone()
        if row is None:
            raise RecordUnknown("no clip with this manifest was released here")
        return bytes(row["store"])

    def contents(self, after: int, most: int) -> list[tuple[int, str, bytes]]:
        """(number, record id, words) of up to `most` releases numbered above `after`, in order.

        Numbers rise by the time of release and are never given twice.
        """
        with self._db.reading() as rx:
            rows = rx.execute(
                "select number, record_id, words from contents where number > ? order by number limit ?",
                (after, most),
            ).fetchall()
        return [(int(row["number"]), str(row["record_id"]), bytes(row["words"])) for row in rows]

    def numbered(self, numbers: Sequence[int]) -> dict[int, str]:
        """Record ids by number, of those that exist."""
        with self._db.reading() as rx:
            rows = [
                rx.execute("select number, record_id from contents where number = ?", (number,)).fetchone()
                for number in numbers
            ]
        return {int(row["number"]): str(row["record_id"]) for row in rows if row is not None}

    def names(self) -> set[str]:
        """Record ids of all releases."""
        with self._db.reading() as rx:
            return {row["record_id"] for row in rx.execute("select record_id from releases")}


def _same_request(row: Any, digest: str) -> None:
    if row["digest"] != digest:
        raise RequestConflict("this request_id was used with another request: choose a new one", cause="body")
    if row["state"] == RequestState.RUNNING:
        raise RequestConflict("this request is running: wait for its answer", cause="running")


def _used(rx: Reading, caller: str, at: datetime) -> int:
    since = (at - timedelta(days=1)).isoformat()
    row = rx.execute(
        "select count(*) as n from requests where caller = ? and reserved_at > ? and state != 'ended'",
        (caller, since),
    ).fetchone()
    return int(row["n"])


def _release(rx: Reading, column: str, value: str) -> Record | None:
    if column not in ("record_id", "clip_sha256", "manifest_id"):
        raise ValueError(f"releases are not found by {column}")
    found = rx.execute(f"select * from releases where {column} = ?", (value,))  # noqa: S608 (checked above)
    row = found.fetchone()
    if row is None:
        return None
    fields = dict(row)
    fields["released_at"] = datetime.fromisoformat(fields["released_at"])
    fields["report"] = json.loads(fields["report"])
    return Record(**fields)
