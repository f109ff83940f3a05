"""Consents as rows of the records."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from safety.scope import Scope
from safety.stores.sqlite import Transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS consents (
    consent_id TEXT PRIMARY KEY,
    identity_id TEXT NOT NULL,
    basis TEXT NOT NULL,
    scope TEXT NOT NULL,
    version INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    notice TEXT NOT NULL,
    granted_at TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    withdrawn_at TEXT,
    withdrawn_by TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS consents_by_identity ON consents (identity_id, granted_at);
"""

_COLUMNS = (
    "consent_id", "identity_id", "basis", "scope", "version", "evidence", "notice",
    "granted_at", "granted_by",
)  # fmt: skip


@dataclass(frozen=True)
class Consent:
    """One consent on record.

    Attributes:
        consent_id: 32 hex digits (UUID version 4).
        identity_id: whose it is.
        basis: one of `BASES`.
        scope: what it covers.
        version: 1 as granted, 2 once withdrawn.
        evidence: keyed commitment of the evidence, hex.
        notice: which notice the sitter was shown.
        granted_at, granted_by: when (UTC) and by which caller it was recorded.
        withdrawn_at, withdrawn_by: the same of the withdrawal, or None.
    """

    consent_id: str
    identity_id: str
    basis: str
    scope: Scope
    version: int
    evidence: str
    notice: str
    granted_at: datetime
    granted_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None

    @property
    def state(self) -> Literal["given", "withdrawn"]:
        return "given" if self.withdrawn_at is None else "withdrawn"


def insert(tx: Transaction, consent: Consent) -> None:
    """Write a consent that was given."""
    values = {name: getattr(consent, name) for name in _COLUMNS}
    values |= {"scope": consent.scope.to_json(), "granted_at": consent.granted_at.isoformat()}
    tx.execute(
        f"INSERT INTO consents ({', '.join(_COLUMNS)}) VALUES (:{', :'.join(_COLUMNS)})",  # noqa: S608 constants
        values,
    )


def read(row: Any) -> Consent:
    """The consent of a row. Raises ConsentScope: its scope is not one that this version knows."""
    values = dict(row)
    values["scope"] = Scope.from_json(values["scope"])
    for name in ("granted_at", "withdrawn_at"):
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    return Consent(**values)
