"""The rows of consent sessions."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from safety.errors import SessionUnknown
from safety.scope import Scope
from safety.session.challenge import TERM, Challenge, Turn
from safety.stores.sqlite import Reading

SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    session_id TEXT PRIMARY KEY,
    caller TEXT NOT NULL,
    identity_id TEXT,
    scope TEXT NOT NULL,
    link TEXT UNIQUE,
    started_at TEXT NOT NULL,
    link_until TEXT NOT NULL,
    issued_at TEXT,
    challenge TEXT,
    attempts INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    ended_at TEXT,
    evidence TEXT,
    measures TEXT NOT NULL,
    pictures BLOB,
    film BLOB,
    film_until TEXT,
    enrolled INTEGER NOT NULL,
    granted INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_by_caller ON sessions (caller, started_at);
CREATE TABLE IF NOT EXISTS session_codes (
    code TEXT PRIMARY KEY,
    session_id TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS session_films (
    film TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    fingerprint BLOB,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS session_attempts (
    caller TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
"""
# `link` is the digest of the secret in a link; `pictures` and `film` are sealed in the vault under a key of
# the session; codes and films are keyed commitments.

WAITING, OPEN, PASSED, FAILED, EXPIRED = "waiting", "open", "passed", "failed", "expired"


@dataclass(frozen=True)
class Session:
    """One consent session.

    Attributes:
        caller: who started it, and the only one who may hand in for it or cite it.
        identity_id: whom it is for; None for somebody who is not enrolled yet, until an enrolment cites it.
        scope: what the sitter was shown, and all that a consent citing it may allow.
        link_until: until when a link may be opened.
        issued_at: when the sitter was shown the challenge; its term runs from then.
        challenge: while it may be answered; None before and after.
        attempts: films handed in.
        state: as stored: waiting, open, passed or failed; `state_at` knows expired, too.
        reason: of the last refusal; empty without one.
        evidence: keyed commitment to what was shown and found; None until passed.
        measures: what was measured, numbers only.
        enrolled, granted: whether an enrolment and how many consents cite it.
    """

    session_id: str
    caller: str
    identity_id: str | None
    scope: Scope
    started_at: datetime
    link_until: datetime
    issued_at: datetime | None
    challenge: Challenge | None = field(repr=False)
    attempts: int
    state: str
    reason: str
    ended_at: datetime | None
    evidence: str | None
    measures: dict[str, float]
    enrolled: bool
    granted: int

    def state_at(self, at: datetime) -> str:
        """waiting, open, passed, failed or expired. A clock set back before it began is no more time."""
        if self.state == WAITING and not self.started_at <= at < self.link_until:
            return EXPIRED
        if self.state == OPEN and not (self.issued_at and self.issued_at <= at < self.issued_at + TERM):
            return EXPIRED
        return self.state


def read(row: Any) -> Session:
    """A row as a session."""
    return Session(
        session_id=row["session_id"],
        caller=row["caller"],
        identity_id=row["identity_id"],
        scope=Scope.from_json(row["scope"]),
        started_at=datetime.fromisoformat(row["started_at"]),
        link_until=datetime.fromisoformat(row["link_until"]),
        issued_at=_time(row["issued_at"]),
        challenge=_challenge(row["challenge"]),
        attempts=row["attempts"],
        state=row["state"],
        reason=row["reason"],
        ended_at=_time(row["ended_at"]),
        evidence=row["evidence"],
        measures=json.loads(row["measures"]),
        enrolled=bool(row["enrolled"]),
        granted=row["granted"],
    )


def find(rx: Reading, column: str, value: str) -> Any:
    """The row where `column`, session_id or link, is `value`. Raises SessionUnknown."""
    sql = {
        "session_id": "SELECT * FROM sessions WHERE session_id = ?",
        "link": "SELECT * FROM sessions WHERE link = ?",
    }[column]
    row = rx.execute(sql, (value,)).fetchone()
    if row is None:
        raise SessionUnknown("there is no such consent session: check its id, or ask for a new link")
    return row


def written(challenge: Challenge) -> str:
    return json.dumps([challenge.words, challenge.turns])


def _challenge(text: str | None) -> Challenge | None:
    if text is None:
        return None
    words, turns = json.loads(text)
    return Challenge(tuple(words), tuple(Turn(each) for each in turns))


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
