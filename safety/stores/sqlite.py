"""Records in one SQLite file: WAL, full sync, one writer.

Promises:
- `with db.transaction()` is left only after the commit reached the disk (synchronous=FULL); any exception
  inside rolls everything back. A kill at any moment leaves the last committed state.
- One process writes: a second one is refused at open by a lock file, freed by the system when it ends.
- One connection writes and checkpoints; all others are read-only and never checkpoint. This keeps clear of
  the WAL-reset bug of SQLite 3.7.0 to 3.51.2 (https://sqlite.org/wal.html), which needs two that do.
- Every failure is a `StoreUnavailable` whose metadata has SQLite's own error name as `code`.
"""

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from safety.errors import Misconfigured, StoreUnavailable
from safety.stores.statements import Reading, Rows, Transaction, guarded

BUSY_SECONDS = 10.0
"""How long a write waits for the writers before it."""

__all__ = ["BUSY_SECONDS", "Database", "Reading", "Rows", "Transaction"]


class Database:
    """The records. Safe to share between threads; do not use it in a forked child.

    Args:
        path: the file; its folder is made (0700) if missing, the file is 0600.
        read_only: no lock, no writing, no schema; the file must exist. Works beside a running server.

    Raises:
        StoreUnavailable: it cannot be opened, or another process writes to it.
    """

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False) -> None:
        self.path = Path(path).absolute()
        self.read_only = read_only
        self.library = sqlite3.sqlite_version
        self._gate = threading.Lock()
        self._owner: int | None = None
        self._pool: list[sqlite3.Connection] = []
        self._pool_gate = threading.Lock()
        self._closed = False
        self._lock_fd: int | None = None
        self._writer: sqlite3.Connection | None = None
        if read_only:
            with self.reading() as rx:  # a missing or foreign file is refused here, not at the first query
                rx.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        else:
            self._open_writer()

    def create(self, schema: str) -> None:
        """Run `CREATE ... IF NOT EXISTS` statements in one transaction; nothing when read-only."""
        if self.read_only:
            return
        with self.transaction() as tx:
            statement = ""
            for line in schema.splitlines(keepends=True):
                statement += line
                if sqlite3.complete_statement(statement):
                    tx.execute(statement)
                    statement = ""
            if statement.strip():
                tx.execute(statement)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write together: committed to the disk on leaving, rolled back on any exception.

        Callbacks given to `on_commit` run after the commit, before the next transaction, in order. If one
        raises, the rows stay: the caller sees an error for something that is on record, never the reverse.

        Raises:
            StoreUnavailable: do not act on what was to be written; it is not acknowledged.
            RuntimeError: called inside another transaction of the same thread.
        """
        if self.read_only:
            raise Misconfigured("these records were opened for reading only")
        if self._owner == threading.get_ident():
            raise RuntimeError("transactions do not nest: pass `tx` on")
        if not self._gate.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable(f"the record store is busy: no turn to write within {BUSY_SECONDS:g} s")
        self._owner = threading.get_ident()
        try:
            connection = self._writing()
            with guarded():
                # IMMEDIATE: a read that upgrades to a write fails at once under concurrency.
                connection.execute("BEGIN IMMEDIATE")
            tx = Transaction(connection)
            try:
                yield tx
                with guarded():
                    connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise
            _run(tx.callbacks)
        finally:
            self._owner = None
            self._gate.release()

    def on_commit(self, tx: Transaction, callback: Callable[[], None]) -> None:
        """Call `callback` once `tx` is on the disk; never if it is rolled back."""
        tx.callbacks.append(callback)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Reading]:
        """Read one consistent state, beside a writer; rows are to be fetched before leaving.

        Leave soon: an open reading keeps the WAL from shrinking.
        """
        connection = self._take_reader()
        try:
            with guarded():
                connection.execute("BEGIN")
            yield Reading(connection)
        finally:
            self._roll_back(connection)
            with self._pool_gate:
                if self._closed:
                    connection.close()
                else:
                    self._pool.append(connection)

    def forget(self) -> None:
        """Empty the WAL into the file, whose freed bytes are overwritten: what was deleted is then nowhere.

        Raises:
            StoreUnavailable: a reading that began before stays open; what was committed is, but call again.
        """
        if not self._gate.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable(f"the record store is busy: no turn to write within {BUSY_SECONDS:g} s")
        try:
            with guarded():
                busy = self._writing().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            self._gate.release()
        if busy:
            raise StoreUnavailable("deleted bytes are still in use by a reader: try again")

    def close(self) -> None:
        """Wait for the transaction under way, write the WAL back and free the lock. Twice is harmless."""
        with self._gate:
            with self._pool_gate:
                self._closed = True
                for connection in self._pool:
                    connection.close()
                self._pool.clear()
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            if self._lock_fd is not None:
                os.close(self._lock_fd)
                self._lock_fd = None

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_writer(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock_fd = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except BlockingIOError as error:
            self.close()
            raise StoreUnavailable(
                "another server writes to these records: stop it or use another folder"
            ) from error
        except OSError as error:
            self.close()
            raise StoreUnavailable(
                f"the record store cannot be opened ({os.strerror(error.errno or 0)}): check its permissions"
            ) from error
        try:
            with guarded():
                self._writer = self._connect("rw")
                self._writer.execute("PRAGMA journal_mode = WAL")
                self._writer.execute("PRAGMA synchronous = FULL")
                self._writer.execute("PRAGMA foreign_keys = ON")
                self._writer.execute("PRAGMA secure_delete = ON")
        except StoreUnavailable:
            self.close()
            raise

    def _writing(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreUnavailable("the record store is closed")
        return self._writer

    def _take_reader(self) -> sqlite3.Connection:
        with self._pool_gate:
            if self._closed:
                raise StoreUnavailable("the record store is closed")
            if self._pool:
                return self._pool.pop()
        with guarded():
            connection = self._connect("ro")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA query_only = ON")
            return connection

    def _connect(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,  # we say BEGIN and COMMIT ourselves
            check_same_thread=False,  # the gate and the pool give each connection to one thread at a time
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    @staticmethod
    def _roll_back(connection: sqlite3.Connection) -> None:
        # A full disk has rolled back already; a second ROLLBACK would hide the cause behind its own error.
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _run(callbacks: Sequence[Callable[[], None]]) -> None:
    """Run every callback, then raise the first error among them."""
    failures: list[Exception] = []
    for callback in callbacks:
        try:
            callback()
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]
