"""Reading, proving and auditing the provenance log, with its public key alone."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from safety import merkle
from safety.entry import COLUMNS
from safety.errors import EvidenceInvalid, RecordUnknown
from safety.log_audit import Audited, check_indexes, rehash
from safety.note import Checkpoint, NoteKey, proof_text
from safety.stores.sqlite import Database, Reading

PAGE = 1000
"""Entries that one query returns at most."""
_TIMES = {"since": "at >= ?", "until": "at < ?"}


@dataclass(frozen=True)
class Logged:
    """An entry on record: its index, the bytes that were hashed, and what they say, "kind" included."""

    index: int
    data: bytes
    body: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.body["kind"])


class LogView:
    """Reads and proves a log; needs the public key alone, also beside a running server."""

    def __init__(self, db: Database, key: NoteKey) -> None:
        self.db = db
        self.key = key

    def entry(self, index: int) -> Logged:
        """One entry.

        Raises:
            RecordUnknown: the log has no such index.
        """
        with self.db.reading() as rx:
            row = rx.execute("SELECT idx, bytes FROM log_entries WHERE idx = ?", (index,)).fetchone()
        if row is None:
            raise RecordUnknown(f"the log has no entry {index}", index=index)
        return _logged(*row)

    def entries(self, start: int = 0, limit: int = 100, **wanted: str | None) -> list[Logged]:
        """Entries that match everything given, oldest first.

        Args:
            start: lowest index.
            limit: at most so many, 1 to `PAGE`.
            wanted: kind, trace_id, request_id, record_id, identity_id, consent_id, gate, outcome, caller;
                since and until, times as entries have them (from, up to but not with); None is any.

        Raises:
            ValueError: the limit is out of bounds, or a name is none of these.
        """
        return self._select("idx >= ?", "ASC", start, limit, wanted)

    def newest(self, limit: int = 100, below: int | None = None, **wanted: str | None) -> list[Logged]:
        """As `entries`, newest first, of indices under `below`."""
        end = merkle.MAX_SIZE if below is None else below
        return self._select("idx < ?", "DESC", end, limit, wanted)

    def _select(
        self, bound: str, order: str, index: int, limit: int, wanted: Mapping[str, str | None]
    ) -> list[Logged]:
        if not 1 <= limit <= PAGE:
            raise ValueError(f"a query returns 1 to {PAGE} entries")
        if unknown := wanted.keys() - {"kind", *COLUMNS, *_TIMES}:
            raise ValueError(f"entries cannot be looked up by {sorted(unknown)}")
        given = {name: value for name, value in wanted.items() if value is not None}
        sql = "SELECT idx, bytes FROM log_entries WHERE "
        sql += bound
        # Our own column names: checked above.
        sql += "".join(f" AND {_TIMES.get(name, f'{name} = ?')}" for name in given)
        sql += f" ORDER BY idx {order} LIMIT ?"
        with self.db.reading() as rx:
            rows = rx.execute(sql, (index, *given.values(), limit)).fetchall()
        return [_logged(*row) for row in rows]

    def checkpoint(self) -> str:
        """The last signed checkpoint."""
        with self.db.reading() as rx:
            return head_note(rx)

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Hashes that prove entry `index` to the root of the first `size` entries.

        Raises:
            RecordUnknown: not 0 <= index < size <= size of the log.
        """
        with self.db.reading() as rx:
            if not 0 <= index < size <= self.size_at(rx):
                raise RecordUnknown("the log has no such entry or size", index=index, size=size)
            return merkle.inclusion_proof(index, size, fetcher(rx))

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """Hashes that prove that the log of `new` entries begins with the log of `old`.

        Raises:
            RecordUnknown: not 0 <= old <= new <= size of the log.
        """
        with self.db.reading() as rx:
            if not 0 <= old <= new <= self.size_at(rx):
                raise RecordUnknown("the log has no such size", old=old, new=new)
            return merkle.consistency_proof(old, new, fetcher(rx))

    def receipt(self, index: int, checkpoint: str | None = None) -> str:
        """A tlog-proof of one entry: all that a stranger with the key needs.

        Args:
            checkpoint: one of this log, for example with cosignatures; default the last one.

        Raises:
            RecordUnknown: the log, or that checkpoint, has no such index.
            EvidenceInvalid: the checkpoint is of another history than this log.
        """
        with self.db.reading() as rx:
            note = head_note(rx) if checkpoint is None else checkpoint
            head = self.key.open(note)
            if checkpoint is not None:
                self._check_ours(rx, head)
            if not 0 <= index < head.size:
                raise RecordUnknown(f"the checkpoint covers no entry {index}", index=index)
            return proof_text(index, merkle.inclusion_proof(index, head.size, fetcher(rx)), note)

    def check_ours(self, note: str) -> Checkpoint:
        """Read a checkpoint that this log once had.

        Raises:
            EvidenceInvalid: this log did not sign it, is shorter, or has another history: it was forked.
        """
        head = self.key.open(note)
        with self.db.reading() as rx:
            self._check_ours(rx, head)
        return head

    def _check_ours(self, rx: Reading, head: Checkpoint) -> None:
        if head.size > self.size_at(rx) or merkle.root(head.size, fetcher(rx)) != head.root:
            raise EvidenceInvalid("the checkpoint is of another history than this log", size=head.size)

    def verify_all(self) -> Checkpoint:
        """Hash every entry again and compare everything stored with it.

        Raises:
            EvidenceInvalid: an entry, a column, a stored hash or the checkpoint is not as it was; it says
                which.
        """
        return self.audit().head

    def audit(self) -> Audited:
        """As `verify_all`, and tells what this version does not know of kinds and fields."""
        with ThreadPoolExecutor(1) as beside:  # SQLite works outside the interpreter's lock
            indexes = beside.submit(check_indexes, self.db)
            with self.db.reading() as rx:
                audited = rehash(rx, self.key.open(head_note(rx)), fetcher(rx))
            indexes.result()
        return audited

    def size_at(self, rx: Reading) -> int:
        return self.key.open(head_note(rx)).size


def pages(log: LogView, **wanted: str | None) -> Iterator[Logged]:
    """All entries that match, page by page; keywords as for `LogView.entries`."""
    start = 0
    while page := log.entries(start, PAGE, **wanted):
        yield from page
        start = page[-1].index + 1


def _logged(index: int, data: bytes) -> Logged:
    return Logged(index, data, MappingProxyType(json.loads(data)))


def head_note(rx: Reading) -> str:
    """The signed checkpoint, as it is stored."""
    row = rx.execute("SELECT note FROM log_head").fetchone()
    if row is None:
        raise EvidenceInvalid("the log has no checkpoint")
    return str(row[0])


def fetcher(rx: Reading) -> merkle.Fetch:
    def fetch(level: int, index: int) -> bytes:
        row = rx.execute("SELECT hash FROM log_nodes WHERE level = ? AND idx = ?", (level, index)).fetchone()
        if row is None:
            raise EvidenceInvalid(f"the log lacks the hash of subtree {level}/{index}")
        return bytes(row[0])

    return fetch
