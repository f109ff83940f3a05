"""What runs inside a transaction or a reading of SQLite: statements, rows, and errors of ours."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from safety.errors import StoreUnavailable

_HINTS = {
    "SQLITE_FULL": "the disk is full: free some space",
    "SQLITE_BUSY": "another process holds it",
    "SQLITE_LOCKED": "another process holds it",
    "SQLITE_NOTADB": "the file is not a database",
    "SQLITE_CORRUPT": "the file is damaged: restore it from a backup",
    "SQLITE_READONLY": "it cannot be written: check owner and permissions",
    "SQLITE_CANTOPEN": "it cannot be opened: check that it exists, its owner and permissions",
    "SQLITE_IOERR": "the disk reports an error",
    "SQLITE_CONSTRAINT": "the rows contradict what is stored",
}


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn what SQLite raises into our error, without its text (which may quote values)."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", None) or type(error).__name__
        hint = next((text for name, text in _HINTS.items() if code.startswith(name)), "it gave an error")
        raise StoreUnavailable(f"the record store failed ({code}): {hint}", code=code) from error


class Rows:
    """The rows of one statement; each is an `sqlite3.Row`: by position, by name, or unpacked."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        """Rows that an INSERT, UPDATE or DELETE changed; -1 for others."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    def fetchone(self) -> Any:
        """The next row, or None."""
        with guarded():
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        with guarded():
            return self._cursor.fetchall()

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row


class Reading:
    """One consistent view of the records: it does not see commits made after its first statement."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, params: Sequence[object] | dict[str, object] = ()) -> Rows:
        """Run one statement.

        Raises:
            StoreUnavailable: SQLite failed; metadata `code` is its name for why.
        """
        with guarded():
            return Rows(self._connection.execute(sql, params))


class Transaction(Reading):
    """What is written together or not at all; only `Database.transaction` makes one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.callbacks: list[Callable[[], None]] = []

    def executemany(self, sql: str, rows: Iterator[Sequence[object]] | Sequence[Sequence[object]]) -> None:
        """Run one statement once per row of parameters."""
        with guarded():
            self._connection.executemany(sql, rows)
