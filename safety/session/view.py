"""What consent sessions leave: read, cited by enrolments and consents, destroyed when its time is over."""

import hashlib
import json
from datetime import datetime, timedelta

from safety.errors import SessionExpired, SessionForeign, SessionSpent
from safety.scope import Scope
from safety.session import rows
from safety.session.challenge import TERM
from safety.session.rows import OPEN, PASSED, SCHEMA, WAITING, Session
from safety.stores.sqlite import Database, Reading, Transaction
from safety.vault import Vault

CITABLE = timedelta(days=30)
"""How long after it was passed a session can be cited, and its pictures are kept for an enrolment."""
UNANSWERED = timedelta(hours=1)
"""How long after its term a challenge that nobody answered is kept."""


class SessionView:
    """The consent sessions on record, for all but the sitter.

    Args:
        db, vault: where they are kept; what shows a face, sealed under a key of the session.
    """

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db, self._vault = db, vault
        db.create(SCHEMA)

    def get(self, session_id: str, rx: Reading | None = None) -> Session:
        """Raises SessionUnknown."""
        return self._find("session_id", session_id, rx)

    def linked(self, secret: str, rx: Reading | None = None) -> Session:
        """The session of a link. Raises SessionUnknown."""
        return self._find("link", link_digest(secret), rx)

    def pictures(self, session_id: str, rx: Reading) -> bytes | None:
        """What `passed` kept for an enrolment; None when it was used or its time is over."""
        sealed = rows.find(rx, "session_id", session_id)["pictures"]
        return None if sealed is None else self._vault.open(key_of(session_id), "pictures", sealed, rx)

    def film(self, session_id: str, rx: Reading) -> bytes | None:
        """The film, where the deployment keeps it."""
        sealed = rows.find(rx, "session_id", session_id)["film"]
        return None if sealed is None else self._vault.open(key_of(session_id), "film", sealed, rx)

    def cite_enrolment(
        self, session_id: str, identity_id: str, *, caller: str, at: datetime, tx: Transaction
    ) -> Session:
        """Bind a passed session to the identity that was just enrolled from it; once.

        Raises:
            SessionUnknown, SessionExpired, SessionForeign, SessionSpent: it proves nothing for this.
        """
        session = self._citable(session_id, caller, at, tx)
        if session.enrolled or session.identity_id is not None:
            raise SessionSpent("this session belongs to an enrolled identity already")
        tx.execute(
            "UPDATE sessions SET identity_id = ?, enrolled = 1, pictures = NULL WHERE session_id = ?",
            (identity_id, session_id),
        )
        return self.get(session_id, tx)

    def cite_consent(
        self, session_id: str, identity_id: str, scope: Scope, *, caller: str, at: datetime, tx: Transaction
    ) -> Session:
        """Cite a passed session for one consent to exactly the scope that the sitter was shown; once.

        Raises:
            SessionUnknown, SessionExpired, SessionSpent: it proves nothing any more.
            SessionForeign: another caller's, another identity's, or another scope.
        """
        session = self._citable(session_id, caller, at, tx)
        if session.identity_id != identity_id:
            raise SessionForeign(
                "this session shows another identity, or is not enrolled yet", part="identity"
            )
        if not _is_shown(session.scope, scope):
            raise SessionForeign(
                "the sitter was shown another scope in this session: grant that, or start a new session",
                part="scope",
            )
        if session.granted:
            raise SessionSpent("a consent cites this session already: start a new session for another")
        tx.execute("UPDATE sessions SET granted = granted + 1 WHERE session_id = ?", (session_id,))
        return self.get(session_id, tx)

    def forget(self, identity_id: str, tx: Transaction) -> None:
        """Destroy what sessions of an identity keep: with its erasure."""
        sql = "SELECT session_id FROM sessions WHERE identity_id = ?"
        for (session_id,) in tx.execute(sql, (identity_id,)).fetchall():
            self._drop(session_id, tx)

    def sweep(self, at: datetime, tx: Transaction) -> int:
        """Destroy what is past its time; returns how many sessions had something. Challenges, too."""
        sql = (
            "SELECT session_id FROM sessions WHERE (pictures IS NOT NULL AND ended_at <= ?) "
            "OR (film IS NOT NULL AND film_until <= ?) OR (state = ? AND issued_at <= ?) "
            "OR (state = ? AND link_until <= ?)"
        )
        late = (
            (at - CITABLE).isoformat(), at.isoformat(), OPEN, (at - TERM - UNANSWERED).isoformat(), WAITING,
            at.isoformat(),
        )  # fmt: skip
        found = tx.execute(sql, late).fetchall()
        for (session_id,) in found:
            row = rows.find(tx, "session_id", session_id)
            if row["film"] is not None and row["film_until"] > at.isoformat():
                tx.execute("UPDATE sessions SET pictures = NULL WHERE session_id = ?", (session_id,))
            else:
                self._drop(session_id, tx)
        return len(found)

    def _drop(self, session_id: str, tx: Transaction) -> None:
        self._vault.erase(key_of(session_id), tx)
        sql = (
            "UPDATE sessions SET pictures = NULL, film = NULL, film_until = NULL, challenge = NULL, "
            "state = CASE WHEN state = 'passed' THEN 'passed' ELSE 'failed' END WHERE session_id = ?"
        )
        tx.execute(sql, (session_id,))

    def _citable(self, session_id: str, caller: str, at: datetime, tx: Transaction) -> Session:
        session = self.get(session_id, tx)
        if session.caller != caller:
            raise SessionForeign("this session was started by another caller", part="caller")
        if session.state != PASSED or session.ended_at is None:
            raise SessionSpent("this session was not passed: it proves nothing")
        if not session.ended_at <= at < session.ended_at + CITABLE:
            raise SessionExpired(
                f"this session was passed over {CITABLE.days} days ago: start a new one",
                limit_days=CITABLE.days,
            )
        return session

    def _find(self, column: str, value: str, rx: Reading | None) -> Session:
        if rx is not None:
            return rows.read(rows.find(rx, column, value))
        with self._db.reading() as view:
            return rows.read(rows.find(view, column, value))


def _is_shown(shown: Scope, asked: Scope) -> bool:
    """The same scope, beginning when it was said or later."""
    one, two = json.loads(shown.to_json()), json.loads(asked.to_json())
    del one["not_before"], two["not_before"]
    return bool(one == two and asked.not_before >= shown.not_before)


def link_digest(secret: str) -> str:
    return hashlib.sha256(b"sitter session link\0" + secret.encode()).hexdigest()


def key_of(session_id: str) -> str:
    return f"session-{session_id}"
