"""How often a caller was refused a face lately: answers of a matcher are no oracle when they are few.

Counted in the records, so that neither a restart nor a second connection starts over.
"""

from datetime import datetime, timedelta

from safety.errors import QuotaRefused
from safety.stores.sqlite import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS match_refusals (
    caller TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS match_refusals_by_caller ON match_refusals (caller, at);
"""

WINDOW = timedelta(hours=1)
PER_IDENTITY, PER_CALLER = 10, 60
"""Refusals in the window after which a caller has to wait: under one name, and under all. Climbing a hill
towards a face takes thousands of answers; a person with the wrong picture takes two or three."""


class Refusals:
    """Refused matches on record, of the last hour."""

    def __init__(self, db: Database) -> None:
        self._db = db
        db.create(SCHEMA)

    def check(self, caller: str, identity_id: str, at: datetime) -> None:
        """Raises QuotaRefused when the caller was refused too often within the hour before `at`."""
        sql = "SELECT identity_id FROM match_refusals WHERE caller = ? AND at > ?"
        with self._db.reading() as rx:
            rows = rx.execute(sql, (caller, (at - WINDOW).isoformat())).fetchall()
        same = sum(row[0] == identity_id for row in rows)
        if same >= PER_IDENTITY or len(rows) >= PER_CALLER:
            raise QuotaRefused(
                "too many portraits were refused within the hour: try again later",
                limit="refusals",
                most=PER_IDENTITY if same >= PER_IDENTITY else PER_CALLER,
            )

    def note(self, caller: str, identity_id: str, at: datetime) -> None:
        """One more; older ones than the window are dropped. Raises StoreUnavailable."""
        with self._db.transaction() as tx:
            tx.execute("DELETE FROM match_refusals WHERE at <= ?", ((at - WINDOW).isoformat(),))
            tx.execute("INSERT INTO match_refusals VALUES (?, ?, ?)", (caller, identity_id, at.isoformat()))
