"""The provenance log: append-only, signed, provable.

Every entry is canonical JSON (RFC 8785), stored and served as the bytes it was hashed as. Appending stores
the hashes of all subtrees it completes and a signed checkpoint in the transaction of its caller: an entry
without a checkpoint, or a checkpoint without its entries, cannot be committed. The order is the index, never
the clock.

Many callers share one commit: `record` puts entries in a queue that one of them writes for all, with one
checkpoint and one wait for the disk. What has to be one with other rows goes by `append`, in its own
transaction.

A restored old database would sign a second history with the same key. The last checkpoint is therefore also
kept in a file of its own (the high-water mark), best in another place than the database; a log below it is
refused at start. What a kill leaves: the file one commit behind the log, which is in order.
"""

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety import merkle
from safety.entry import COLUMNS, Entry
from safety.errors import EvidenceInvalid, Misconfigured
from safety.log_queue import Queue, Waiting
from safety.log_view import PAGE, Logged, LogView, fetcher, head_note, pages
from safety.note import NoteSigner
from safety.stores.files import write_whole
from safety.stores.sqlite import Database, Transaction

__all__ = ["BATCH", "PAGE", "SCHEMA", "Entry", "Log", "LogView", "Logged", "pages"]

BATCH = 512
"""Entries that share one commit at most."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS log_entries (
    idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, trace_id TEXT, request_id TEXT, record_id TEXT,
    identity_id TEXT, consent_id TEXT, gate TEXT, outcome TEXT, bytes BLOB NOT NULL,
    caller TEXT, at TEXT) STRICT;
CREATE INDEX IF NOT EXISTS log_by_kind ON log_entries (kind, outcome);
CREATE INDEX IF NOT EXISTS log_by_trace ON log_entries (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_by_request ON log_entries (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_by_record ON log_entries (record_id) WHERE record_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_by_identity ON log_entries (identity_id) WHERE identity_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_by_consent ON log_entries (consent_id) WHERE consent_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_by_gate ON log_entries (gate, outcome) WHERE gate IS NOT NULL;
CREATE TABLE IF NOT EXISTS log_nodes (
    level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_head (only INTEGER PRIMARY KEY CHECK (only = 1), note TEXT NOT NULL) STRICT;
"""
_LATER = """
CREATE INDEX IF NOT EXISTS log_by_caller ON log_entries (caller) WHERE caller IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_by_time ON log_entries (at) WHERE at IS NOT NULL;
"""
"""On columns that logs of earlier versions get at their next start."""


class Log(LogView):
    """The log of this service: one writer.

    Args:
        db: where its tables are made.
        key: signs its checkpoints.
        origin: its name, for example "example.com/sitter".
        high_water: file for the last checkpoint, best apart from the database; default beside it.

    Raises:
        EvidenceInvalid: the log is damaged, or older than the high-water mark: a restored backup.
        Misconfigured: another key signed it, or the high-water mark is gone while the log has entries.
    """

    def __init__(
        self, db: Database, key: Ed25519PrivateKey, origin: str, *, high_water: Path | None = None
    ) -> None:
        self.signer = NoteSigner(origin, key)
        super().__init__(db, self.signer.key)
        self.high_water = high_water or db.path.with_name(db.path.name + ".checkpoint")
        self._latest = ""
        self._queue = Queue()
        db.create(SCHEMA)
        self._upgrade()
        db.create(_LATER)
        self._start()
        self._check_head()
        self._check_high_water()

    def record(self, entry: Entry) -> int:
        """Append in a transaction shared with other callers; on the disk and under a checkpoint on return.

        Raises:
            ValueError: the entry is not one (see `Entry.canonical`).
            StoreUnavailable: not acknowledged: do not act on it.
        """
        waiting = Waiting(entry, entry.canonical())
        if not self._queue.join(waiting):
            waiting.woken.wait()
        if not waiting.served:  # woken to write for everybody in the queue
            self._write(self._queue.take(BATCH))
        if waiting.error is not None:
            raise waiting.error
        return waiting.index

    def append(self, tx: Transaction, entry: Entry) -> int:
        """Append within `tx` and return the index; it counts once `tx` has committed.

        Raises:
            ValueError: the entry is not one (see `Entry.canonical`).
            StoreUnavailable: nothing is appended. Raised at the commit if the high-water mark cannot be
                written: the entry is on record then, but do not act on it.
        """
        return self._append(tx, [(entry, entry.canonical())])

    def extend(self, tx: Transaction, entries: Sequence[Entry]) -> int:
        """As `append`, of one or more entries in order, under one checkpoint; returns the first index."""
        return self._append(tx, [(entry, entry.canonical()) for entry in entries])

    def _write(self, batch: Sequence[Waiting]) -> None:
        """Commit a batch, tell each of its callers, and wake who writes the next one."""
        error: BaseException | None = None
        first = 0
        try:
            with self.db.transaction() as tx:
                first = self._append(tx, [(each.entry, each.data) for each in batch])
        except BaseException as raised:
            error = raised
        for index, each in enumerate(batch, first):
            each.serve(index, error)
        self._queue.hand_over()
        if error is not None and not isinstance(error, Exception):
            raise error

    def _append(self, tx: Transaction, batch: Sequence[tuple[Entry, bytes]]) -> int:
        """Append in order under one checkpoint; returns the first index."""
        first = int(tx.execute("SELECT coalesce(max(idx) + 1, 0) FROM log_entries").fetchone()[0])
        rows: list[tuple[object, ...]] = []
        subtrees: list[tuple[int, int, bytes]] = []
        made: dict[tuple[int, int], bytes] = {}
        stored = fetcher(tx)

        def fetch(level: int, index: int) -> bytes:
            return made.get((level, index)) or stored(level, index)

        for index, (entry, data) in enumerate(batch, first):
            rows.append((index, entry.kind, data, entry.time, *(entry.body.get(name) for name in COLUMNS)))
            for level, at, value in merkle.completed(index, merkle.leaf_hash(data), fetch):
                made[level, at] = value
                subtrees.append((level, at, value))
        tx.executemany(  # the columns in the order of COLUMNS
            "INSERT INTO log_entries (idx, kind, bytes, at, trace_id, request_id, record_id, identity_id,"
            " consent_id, gate, outcome, caller) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        tx.executemany("INSERT INTO log_nodes (level, idx, hash) VALUES (?, ?, ?)", subtrees)
        size = first + len(batch)
        note = self.signer.sign(size, merkle.root(size, fetch))
        tx.execute("UPDATE log_head SET note = ?", (note,))
        self._latest = note
        self.db.on_commit(tx, lambda: self._raise_mark(note))
        return first

    def _raise_mark(self, note: str) -> None:
        if note == self._latest:  # of several entries in one transaction the last one counts
            write_whole(self.high_water, note.encode())

    def _upgrade(self) -> None:
        """Columns that this version looks entries up by, filled from the bytes."""
        with self.db.reading() as rx:
            if "caller" in {row["name"] for row in rx.execute("PRAGMA table_info(log_entries)").fetchall()}:
                return
        with self.db.transaction() as tx:
            for name in ("caller", "at"):
                tx.execute(f"ALTER TABLE log_entries ADD COLUMN {name} TEXT")
                tx.execute(
                    f"UPDATE log_entries SET {name} = json_extract(CAST(bytes AS TEXT), '$.{name}')"  # noqa: S608 constants
                )

    def _start(self) -> None:
        """Sign the empty log, in both places, before it can get its first entry."""
        with self.db.transaction() as tx:
            if tx.execute("SELECT 1 FROM log_head").fetchone() is not None:
                return
            if tx.execute("SELECT 1 FROM log_entries").fetchone() is not None:
                raise EvidenceInvalid("the log has entries but no checkpoint")
            note = self.signer.sign(0, merkle.EMPTY_ROOT)
            # The mark first: killed in between, the next start finds an empty log above nothing.
            write_whole(self.high_water, note.encode(), replace=False)
            tx.execute("INSERT INTO log_head (only, note) VALUES (1, ?)", (note,))

    def _check_head(self) -> None:
        with self.db.reading() as rx:
            try:
                head = self.key.open(head_note(rx))
            except EvidenceInvalid as error:
                raise Misconfigured("the log was signed by another key or origin, or is damaged") from error
            count, last = rx.execute("SELECT count(*), coalesce(max(idx) + 1, 0) FROM log_entries").fetchone()
            if not count == last == head.size or merkle.root(head.size, fetcher(rx)) != head.root:
                raise EvidenceInvalid("the log does not fit its checkpoint: run `sitter audit verify`")

    def _check_high_water(self) -> None:
        try:
            note = self.high_water.read_text("utf-8")
        except FileNotFoundError as error:
            raise Misconfigured(
                "the log's high-water mark is gone: put its file back from a backup"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured("the log's high-water mark cannot be read") from error
        mark = self.key.open(note)
        with self.db.reading() as rx:
            size = self.size_at(rx)
            if mark.size > size:
                raise EvidenceInvalid(
                    f"the log has {size} entries and had {mark.size}: an old database was restored",
                    size=size,
                    high_water=mark.size,
                )
            if merkle.root(mark.size, fetcher(rx)) != mark.root:
                raise EvidenceInvalid(
                    "the log's history differs from its high-water mark", high_water=mark.size
                )
