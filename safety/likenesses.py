"""Who resembles whom among the enrolled, for operators: pairs of ids, never distances, never to callers."""

from dataclasses import dataclass
from datetime import datetime

from safety.matching import Likeness
from safety.stores.sqlite import Database, Reading, Transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS likenesses (
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    other_id TEXT,
    enrolled_by TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True)
class Resemblance:
    """One finding of an enrolment.

    Attributes:
        kind: `protected` and `duplicate` refused the enrolment, `lookalike` did not.
        identity_id: who was enrolled already.
        other_id: who was enrolled then; None where the enrolment was refused.
        enrolled_by: the operator who tried.
    """

    at: datetime
    kind: Likeness
    identity_id: str
    other_id: str | None
    enrolled_by: str


class Likenesses:
    """The findings on record. An erased identity's are dropped."""

    def __init__(self, db: Database) -> None:
        db.create(SCHEMA)

    def note(self, found: Resemblance, tx: Transaction) -> None:
        values = (found.at.isoformat(), found.kind, found.identity_id, found.other_id, found.enrolled_by)
        tx.execute("INSERT INTO likenesses VALUES (?, ?, ?, ?, ?)", values)

    def all(self, rx: Reading) -> tuple[Resemblance, ...]:
        rows = rx.execute("SELECT * FROM likenesses ORDER BY rowid").fetchall()
        return tuple(
            Resemblance(datetime.fromisoformat(at), Likeness(kind), identity_id, other_id, by)
            for at, kind, identity_id, other_id, by in rows
        )

    def forget(self, identity_id: str, tx: Transaction) -> None:
        tx.execute("DELETE FROM likenesses WHERE ? IN (identity_id, other_id)", (identity_id,))
