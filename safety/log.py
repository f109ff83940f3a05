"""The provenance log: append-only, signed, provable.

Every entry is canonical JSON (RFC 8785), stored and served as the bytes it was hashed as. Appending stores
the hashes of all subtrees it completes and a signed checkpoint in the transaction of its caller: an entry
without a checkpoint, or a checkpoint without its entries, cannot be committed. The order is the index, never
the clock.

A restored old database would sign a second history with the same key. The last checkpoint is therefore also
kept in a file of its own (the high-water mark), best in another place than the database; a log below it is
refused at start. What a kill leaves: the file one commit behind the log, which is in order.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety import merkle
from safety.entry import COLUMNS, Entry
from safety.errors import EvidenceInvalid, Misconfigured
from safety.log_view import PAGE, Logged, LogView, fetcher, head_note, pages
from safety.note import NoteSigner
from safety.stores.files import write_whole
from safety.stores.sqlite import Database, Transaction

__all__ = ["PAGE", "SCHEMA", "Entry", "Log", "LogView", "Logged", "pages"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS log_entries (
    idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, trace_id TEXT, request_id TEXT, record_id TEXT,
    identity_id TEXT, consent_id TEXT, gate TEXT, outcome TEXT, bytes BLOB NOT NULL) STRICT;
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
        db.create(SCHEMA)
        self._start()
        self._check_head()
        self._check_high_water()

    def append(self, tx: Transaction, entry: Entry) -> int:
        """Append within `tx` and return the index; it counts once `tx` has committed.

        Raises:
            ValueError: the entry is not one (see `Entry.canonical`).
            StoreUnavailable: nothing is appended. Raised at the commit if the high-water mark cannot be
                written: the entry is on record then, but do not act on it.
        """
        data = entry.canonical()
        index = int(tx.execute("SELECT coalesce(max(idx) + 1, 0) FROM log_entries").fetchone()[0])
        row = [entry.body.get(name) for name in COLUMNS]
        tx.execute(  # the columns in the order of COLUMNS
            "INSERT INTO log_entries (idx, kind, bytes, trace_id, request_id, record_id, identity_id,"
            " consent_id, gate, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (index, entry.kind, data, *row),
        )
        fetch = fetcher(tx)
        subtrees = list(merkle.completed(index, merkle.leaf_hash(data), fetch))
        tx.executemany("INSERT INTO log_nodes (level, idx, hash) VALUES (?, ?, ?)", subtrees)
        note = self.signer.sign(index + 1, merkle.root(index + 1, fetch))
        tx.execute("UPDATE log_head SET note = ?", (note,))
        self._latest = note
        self.db.on_commit(tx, lambda: self._raise_mark(note))
        return index

    def _raise_mark(self, note: str) -> None:
        if note == self._latest:  # of several entries in one transaction the last one counts
            write_whole(self.high_water, note.encode())

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
