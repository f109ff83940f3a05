"""What was made under a consent: counted when it is reserved, shown to the sitter, given back when it fails.

A use is reserved in the transaction that records the intent, so that two requests at the edge of a limit
cannot both pass. It is settled in the transaction that releases the clip, and given back by whatever else
ends the request; what a kill leaves reserved is given back at the next start. Counters run over all versions
of a consent: an amendment or renewal raises a limit, it does not start a new count.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from safety.consent_rows import Consent
from safety.errors import ConsentUsedUp
from safety.scope import Ask
from safety.stores.sqlite import Database, Reading, Transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS consent_uses (
    record_id TEXT PRIMARY KEY,
    consent_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    identity_id TEXT NOT NULL,
    caller TEXT NOT NULL,
    purpose TEXT NOT NULL,
    territory TEXT NOT NULL,
    channel TEXT NOT NULL,
    seconds REAL NOT NULL,
    reserved_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'released')),
    released_at TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS consent_uses_by_consent ON consent_uses (consent_id, reserved_at);
CREATE INDEX IF NOT EXISTS consent_uses_by_identity ON consent_uses (identity_id, reserved_at);
"""

ROUNDING = 1e-6
"""Seconds by which a sum may miss a limit that it exactly meets: far above the error of 1e6 doubles."""


@dataclass(frozen=True)
class Use:
    """One clip, made or being made.

    Attributes:
        record_id: the clip's name.
        consent_id, version: what allowed it, as it stood when the clip was begun.
        seconds: its length.
        reserved_at, released_at: when it was begun, and when it left (None: it has not).
    """

    record_id: str
    consent_id: str
    version: int
    identity_id: str
    caller: str
    purpose: str
    territory: str
    channel: str
    seconds: float
    reserved_at: datetime
    state: Literal["running", "released"]
    released_at: datetime | None


@dataclass(frozen=True)
class Used:
    """What counts against a consent's limits: clips, seconds, and clips within the last 24 hours."""

    clips: int
    seconds: float
    clips_today: int


class Uses:
    """The uses on record. Every method raises StoreUnavailable when the store cannot answer."""

    def __init__(self, db: Database) -> None:
        self._db = db
        db.create(SCHEMA)

    def reserve(self, tx: Transaction, record_id: str, consent: Consent, ask: Ask, at: datetime) -> None:
        """Count a clip that is about to be made, within `tx`.

        Args:
            consent: as `Consents.verify` returned it inside the same transaction.

        Raises:
            ConsentUsedUp: metadata `limit` names what is used up, `most` the limit, `left` what remains.
        """
        scope, used = consent.scope, self.used(consent.consent_id, at, tx)
        limits = (
            ("max_clips", scope.max_clips, used.clips, 1.0),
            ("clips_per_day", scope.clips_per_day, used.clips_today, 1.0),
            ("total_seconds", scope.total_seconds, used.seconds, ask.seconds),
        )
        for name, most, spent, wanted in limits:
            if most is not None and spent + wanted > most + ROUNDING:
                raise ConsentUsedUp(
                    f"this consent allows {name} = {most:g}, of which {max(0.0, most - spent):g} are left: "
                    "ask for less, or ask the sitter for more",
                    limit=name, most=f"{most:g}", left=f"{max(0.0, most - spent):g}",
                )  # fmt: skip
        tx.execute(
            "INSERT INTO consent_uses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', NULL)",
            (
                record_id, consent.consent_id, consent.version, consent.identity_id, ask.caller, ask.purpose,
                ask.territory, ask.channel, ask.seconds, at.isoformat(),
            ),
        )  # fmt: skip

    def settle(self, tx: Transaction, record_id: str, at: datetime) -> None:
        """The clip leaves: its use stays counted for good."""
        tx.execute(
            "UPDATE consent_uses SET state = 'released', released_at = ? WHERE record_id = ?",
            (at.isoformat(), record_id),
        )

    def give_back(self, record_id: str) -> None:
        """The clip came to nothing: nothing was used. A released one stays."""
        with self._db.transaction() as tx:
            tx.execute("DELETE FROM consent_uses WHERE record_id = ? AND state = 'running'", (record_id,))

    def recover(self) -> None:
        """At start, when nothing runs: give back what a kill left reserved."""
        with self._db.transaction() as tx:
            tx.execute("DELETE FROM consent_uses WHERE state = 'running'")

    def used(self, consent_id: str, at: datetime, rx: Reading) -> Used:
        """What counts against the limits at the time `at`; what is being made counts too."""
        row = rx.execute(
            "SELECT count(*) AS clips, coalesce(sum(seconds), 0.0) AS seconds,"
            " coalesce(sum(reserved_at > ?), 0) AS today FROM consent_uses WHERE consent_id = ?",
            ((at - timedelta(days=1)).isoformat(), consent_id),
        ).fetchone()
        return Used(int(row["clips"]), float(row["seconds"]), int(row["today"]))

    def of_identity(self, identity_id: str) -> tuple[Use, ...]:
        """Every clip with this face, made or being made, oldest first."""
        with self._db.reading() as rx:
            rows = rx.execute(
                "SELECT * FROM consent_uses WHERE identity_id = ? ORDER BY reserved_at, record_id",
                (identity_id,),
            )
            return tuple(_use(dict(row)) for row in rows)


def _use(values: dict[str, object]) -> Use:
    for name in ("reserved_at", "released_at"):
        if values[name] is not None:
            values[name] = datetime.fromisoformat(str(values[name]))
    return Use(**values)  # type: ignore[arg-type]  # the columns are the fields
