"""How often a caller was refused a face lately: answers of a matcher are no oracle when they are few.

Counted in the records, so that neither a restart nor a second connection starts over.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from safety.errors import IdentityAmbiguous, IdentityMismatch, IdentityProtected, QuotaRefused, VoiceOther
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


WAIT_SECONDS = 10.0
"""Longest that one waits for the answers to others of the same caller."""


class Refusals:
    """Refused matches on record, of the last hour, and those under way.

    One under way may be refused: where it could be the last that is allowed, the next waits for its answer,
    so that asking many at once gains nothing.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        db.create(SCHEMA)
        self._under_way: Counter[tuple[str, str]] = Counter()
        self._answered = threading.Condition()

    @contextmanager
    def counted(self, caller: str, identity_id: str, at: datetime) -> Iterator[None]:
        """Hold a place for one match, and put it on record when it ends in a refusal of the face.

        Raises:
            QuotaRefused: the caller was refused too often within the hour before `at`.
            StoreUnavailable: the refusal cannot be recorded.
        """
        self._enter(caller, identity_id, at)
        try:
            yield
        except (IdentityMismatch, IdentityAmbiguous, IdentityProtected, VoiceOther):
            self._note(caller, identity_id, at)
            raise
        finally:
            with self._answered:
                self._under_way[caller, identity_id] -= 1
                self._under_way += Counter()  # drops what is zero
                self._answered.notify_all()

    def _enter(self, caller: str, identity_id: str, at: datetime) -> None:
        with self._answered:
            free = self._answered.wait_for(lambda: self._is_free(caller, identity_id, at), WAIT_SECONDS)
            if not free:
                raise _too_many(PER_IDENTITY)
            self._under_way[caller, identity_id] += 1

    def _is_free(self, caller: str, identity_id: str, at: datetime) -> bool:
        """Whether one more may be tried now. Raises QuotaRefused when it may not, whatever the others get."""
        same, every = self._refused(caller, identity_id, at)
        if same >= PER_IDENTITY or every >= PER_CALLER:
            raise _too_many(PER_IDENTITY if same >= PER_IDENTITY else PER_CALLER)
        others = sum(count for (who, _), count in self._under_way.items() if who == caller)
        alike = self._under_way[caller, identity_id]
        return same + alike < PER_IDENTITY and every + others < PER_CALLER

    def _refused(self, caller: str, identity_id: str, at: datetime) -> tuple[int, int]:
        """Refusals on record: under this name, and under all."""
        sql = "SELECT identity_id FROM match_refusals WHERE caller = ? AND at > ?"
        with self._db.reading() as rx:
            rows = rx.execute(sql, (caller, (at - WINDOW).isoformat())).fetchall()
        return sum(row[0] == identity_id for row in rows), len(rows)

    def _note(self, caller: str, identity_id: str, at: datetime) -> None:
        """One more; older ones than the window are dropped."""
        with self._db.transaction() as tx:
            tx.execute("DELETE FROM match_refusals WHERE at <= ?", ((at - WINDOW).isoformat(),))
            tx.execute("INSERT INTO match_refusals VALUES (?, ?, ?)", (caller, identity_id, at.isoformat()))


def _too_many(most: int) -> QuotaRefused:
    return QuotaRefused(
        "too many portraits or voices were refused within the hour: try again later",
        limit="refusals",
        most=most,
    )
