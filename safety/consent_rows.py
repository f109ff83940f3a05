"""Consents and their versions as rows of the records."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from safety.scope import Scope
from safety.stores.sqlite import Reading, Transaction

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
    withdrawn_by TEXT,
    attested TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS consents_by_identity ON consents (identity_id, granted_at);
CREATE TABLE IF NOT EXISTS consent_versions (
    consent_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    recorded_at TEXT NOT NULL,
    receipt TEXT NOT NULL,
    PRIMARY KEY (consent_id, version)
) STRICT;
CREATE INDEX IF NOT EXISTS consent_versions_by_time ON consent_versions (recorded_at);
"""

_COLUMNS = (
    "consent_id", "identity_id", "basis", "scope", "version", "evidence", "notice",
    "granted_at", "granted_by", "withdrawn_at", "withdrawn_by", "attested",
)  # fmt: skip


Attested = Literal["session", "operator", "declaration"]


@dataclass(frozen=True)
class Consent:
    """One consent on record, as it stands.

    Attributes:
        consent_id: 32 hex digits (UUID version 4).
        identity_id: whose it is.
        basis: one of `BASES`.
        scope: what it covers.
        version: 1 as granted, one more with each amendment, renewal and with the withdrawal.
        evidence: keyed commitment of the evidence of the last agreement, hex.
        notice: which notice the sitter was shown for it.
        granted_at, granted_by: when (UTC) and by which caller version 1 was recorded.
        withdrawn_at, withdrawn_by: the same of the withdrawal, or None.
        attested: what stands behind the last agreement: a passed consent session, the operator's word, or,
            of a character or an artwork, its declaration.
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
    attested: Attested = "operator"

    @property
    def state(self) -> Literal["given", "withdrawn"]:
        return "given" if self.withdrawn_at is None else "withdrawn"


def write(tx: Transaction, consent: Consent, receipt: Mapping[str, Any], at: datetime) -> None:
    """Write a consent as it stands now, and its new version beside the ones before.

    Raises:
        StoreUnavailable: among others when that version is on record already.
    """
    values = {name: getattr(consent, name) for name in _COLUMNS}
    values["scope"] = consent.scope.to_json()
    for name in ("granted_at", "withdrawn_at"):
        values[name] = values[name] and values[name].isoformat()
    kept = ("version", "scope", "evidence", "notice", "withdrawn_at", "withdrawn_by", "attested")
    tx.execute(
        f"INSERT INTO consents ({', '.join(_COLUMNS)}) VALUES (:{', :'.join(_COLUMNS)})"  # noqa: S608 constants
        f" ON CONFLICT (consent_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in kept)}",
        values,
    )
    tx.execute(
        "INSERT INTO consent_versions VALUES (?, ?, ?, ?)",
        (consent.consent_id, consent.version, at.isoformat(), json.dumps(receipt, sort_keys=True)),
    )


def read(row: Any) -> Consent:
    """The consent of a row. Raises ConsentScope: its scope is not one that this version knows."""
    values = dict(row)
    values["scope"] = Scope.from_json(values["scope"])
    values["attested"] = values["attested"] or "operator"  # of versions that knew no sessions
    for name in ("granted_at", "withdrawn_at"):
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    return Consent(**values)


def receipts(rx: Reading, consent_id: str) -> list[dict[str, Any]]:
    """The signed receipts of every version, oldest first."""
    rows = rx.execute(
        "SELECT receipt FROM consent_versions WHERE consent_id = ? ORDER BY version", (consent_id,)
    )
    return [json.loads(row["receipt"]) for row in rows]


def latest_time(rx: Reading) -> datetime | None:
    """When the last version of any consent was recorded: the clock has been that far."""
    found = rx.execute("SELECT max(recorded_at) AS at FROM consent_versions").fetchone()["at"]
    return datetime.fromisoformat(found) if found else None
