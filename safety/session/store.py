"""Consent sessions on record: started, shown, attempted, passed or failed, and cited.

Every step is a row change inside the caller's transaction, so that its log entry lands with it. A crash
between an attempt and its outcome leaves the attempt counted: fewer chances, never more.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from safety.errors import QuotaRefused, SessionExpired, SessionReplayed, SessionSpent
from safety.fingerprint import Fingerprint, compare
from safety.fingerprint.tempo import rhymes
from safety.scope import Scope
from safety.session import rows
from safety.session.challenge import TERM, Challenge, draw
from safety.session.rows import FAILED, OPEN, PASSED, WAITING, Session
from safety.session.view import SessionView, key_of, link_digest
from safety.stores.sqlite import Database, Reading, Transaction
from safety.vault import Vault

ATTEMPTS = 3
LINK_TERM = timedelta(days=2)
STARTS_PER_HOUR = 30
ATTEMPTS_PER_HOUR = 30
EVIDENCE = "session:"
COMPARED = 1000
"""Films before that a new one is compared with, the latest; older ones are known by their exact bytes, and
their codes are over."""
_HOUR = timedelta(hours=1)
_DRAWS = 1000


class Sessions(SessionView):
    """The consent sessions of a deployment.

    Args:
        db, vault: where they are kept; what shows a face, sealed under a key of the session.
        commit: keyed commitment: `KeyRing.commitment`.
        challenges: draws one; the system's randomness.
    """

    def __init__(
        self,
        db: Database,
        vault: Vault,
        commit: Callable[[str, bytes], str],
        challenges: Callable[[], Challenge] = draw,
    ) -> None:
        super().__init__(db, vault)
        self._commit, self._challenges = commit, challenges

    def start(
        self, *, caller: str, scope: Scope, identity_id: str | None, at: datetime, tx: Transaction
    ) -> tuple[Session, str]:
        """A new session and the secret of its link, which is stored nowhere.

        Raises:
            QuotaRefused: `caller` started `STARTS_PER_HOUR` within an hour.
        """
        sql = "SELECT count(*) FROM sessions WHERE caller = ? AND started_at > ?"
        recent = tx.execute(sql, (caller, (at - _HOUR).isoformat())).fetchone()[0]
        _limit("sessions_per_hour", recent, STARTS_PER_HOUR)
        session_id, secret = uuid4().hex, secrets.token_urlsafe(32)
        tx.execute(
            "INSERT INTO sessions VALUES (?,?,?,?,?,?,?,NULL,NULL,0,?,'',NULL,NULL,'{}',NULL,NULL,NULL,0,0)",
            (
                session_id, caller, identity_id, scope.to_json(), link_digest(secret), at.isoformat(),
                (at + LINK_TERM).isoformat(), WAITING,
            ),
        )  # fmt: skip
        self._vault.create(key_of(session_id), tx)
        return self.get(session_id, tx), secret

    def issue(self, session_id: str, at: datetime, tx: Transaction) -> tuple[Session, bool]:
        """The session with its challenge, drawn now if it was not before; and whether it was.

        Raises:
            SessionExpired, SessionSpent: it cannot be answered any more.
        """
        session = self.get(session_id, tx)
        _check_open(session, at)
        if session.state == OPEN:
            return session, False
        challenge = self._fresh(tx)
        tx.execute("INSERT INTO session_codes VALUES (?, ?)", (self._code(challenge.words), session_id))
        tx.execute(
            "UPDATE sessions SET state = ?, issued_at = ?, challenge = ? WHERE session_id = ?",
            (OPEN, at.isoformat(), rows.written(challenge), session_id),
        )
        return self.get(session_id, tx), True

    def attempt(self, session_id: str, at: datetime, tx: Transaction) -> Session:
        """Count a film that was handed in. The caller commits before looking at it.

        Raises:
            SessionExpired, SessionSpent: it cannot be answered any more.
            QuotaRefused: the caller's sessions had `ATTEMPTS_PER_HOUR` films within an hour.
        """
        session = self.get(session_id, tx)
        _check_open(session, at)
        if session.challenge is None:
            raise SessionExpired("this session has no challenge yet: have it shown first")
        sql = "SELECT count(*) FROM session_attempts WHERE caller = ? AND at > ?"
        recent = tx.execute(sql, (session.caller, (at - _HOUR).isoformat())).fetchone()[0]
        _limit("attempts_per_hour", recent, ATTEMPTS_PER_HOUR)
        tx.execute("DELETE FROM session_attempts WHERE at <= ?", ((at - _HOUR).isoformat(),))
        tx.execute("INSERT INTO session_attempts VALUES (?, ?)", (session.caller, at.isoformat()))
        tx.execute("UPDATE sessions SET attempts = attempts + 1 WHERE session_id = ?", (session_id,))
        return session

    def keep_film(
        self,
        session_id: str,
        film_sha256: str,
        at: datetime,
        tx: Transaction,
        marks: Fingerprint | None = None,
    ) -> None:
        """Remember that a film was handed in, and how it moves.

        Raises:
            SessionReplayed: these bytes were, before, for whatever session.
        """
        film = self._commit("session-film", film_sha256.encode())
        known = tx.execute("SELECT session_id, at FROM session_films WHERE film = ?", (film,)).fetchone()
        if marks is None:
            if known is not None:
                raise SessionReplayed("this very film was handed in before: record a new one")
            tx.execute("INSERT INTO session_films VALUES (?,?,NULL,?)", (film, session_id, at.isoformat()))
        else:
            tx.execute("UPDATE session_films SET fingerprint = ? WHERE film = ?", (marks.to_bytes(), film))

    def check_new(self, marks: Fingerprint, session_id: str) -> None:
        """Raises SessionReplayed when a film moves and sounds like one of another session."""
        sql = (
            "SELECT fingerprint FROM session_films WHERE session_id <> ? AND fingerprint IS NOT NULL "
            "ORDER BY at DESC LIMIT ?"
        )
        with self._db.reading() as rx:
            before = [row[0] for row in rx.execute(sql, (session_id, COMPARED)).fetchall()]
        films = (Fingerprint.from_bytes(data) for data in before)
        if any(rhymes(film, marks) and compare(film, marks).same_clip for film in films):
            raise SessionReplayed("this film was handed in for another session: record a new one")

    def is_old(self, words: Sequence[str], session_id: str) -> bool:
        """Whether these words were the code of another session."""
        with self._db.reading() as rx:
            sql = "SELECT session_id FROM session_codes WHERE code = ?"
            row = rx.execute(sql, (self._code(words),)).fetchone()
        return row is not None and row[0] != session_id

    def refuse(self, session_id: str, reason: str, at: datetime, tx: Transaction) -> Session:
        """Record why a film was refused; after `ATTEMPTS` the session has failed."""
        session = self.get(session_id, tx)
        if session.state != OPEN:
            return session
        failed = session.attempts >= ATTEMPTS
        tx.execute("UPDATE sessions SET reason = ? WHERE session_id = ?", (reason, session_id))
        if failed:
            self._end(session_id, FAILED, at, tx)
            self._vault.erase(key_of(session_id), tx)
        return self.get(session_id, tx)

    def passed(
        self,
        session_id: str,
        *,
        film_sha256: str,
        measures: dict[str, float],
        pictures: bytes,
        film: bytes | None,
        film_until: datetime | None,
        at: datetime,
        tx: Transaction,
    ) -> Session:
        """Record that the film showed everything. The challenge is over; of two films only the first passes.

        Args:
            pictures: for an enrolment, sealed here until one cites the session or `CITABLE` is over.
            film, film_until: the film itself and until when to keep it; None: only its commitment is kept.

        Raises:
            SessionSpent: another film passed meanwhile.
        """
        session = self.get(session_id, tx)
        if session.state != OPEN or session.challenge is None:
            raise SessionSpent("this session is over: its link and its challenge work once")
        evidence = self._commit(
            "session-evidence",
            json.dumps(
                [session_id, film_sha256, session.challenge.code, session.challenge.turns, measures],
                sort_keys=True,
            ).encode(),
        )
        key = key_of(session_id)
        tx.execute(
            "UPDATE sessions SET evidence = ?, measures = ?, reason = '', pictures = ?, film = ?, "
            "film_until = ? WHERE session_id = ?",
            (
                evidence, json.dumps(measures), self._vault.seal(key, "pictures", pictures, tx),
                None if film is None else self._vault.seal(key, "film", film, tx),
                None if film_until is None else film_until.isoformat(), session_id,
            ),
        )  # fmt: skip
        self._end(session_id, PASSED, at, tx)
        return self.get(session_id, tx)

    def _end(self, session_id: str, state: str, at: datetime, tx: Transaction) -> None:
        tx.execute(
            "UPDATE sessions SET state = ?, ended_at = ?, challenge = NULL WHERE session_id = ?",
            (state, at.isoformat(), session_id),
        )

    def _fresh(self, rx: Reading) -> Challenge:
        """A challenge whose code was never given out."""
        for _ in range(_DRAWS):
            challenge = self._challenges()
            code = self._code(challenge.words)
            if rx.execute("SELECT 1 FROM session_codes WHERE code = ?", (code,)).fetchone() is None:
                return challenge
        raise QuotaRefused("the codes are used up", limit="codes")

    def _code(self, words: Sequence[str]) -> str:
        return self._commit("session-code", " ".join(words).encode())


def _check_open(session: Session, at: datetime) -> None:
    state = session.state_at(at)
    if state in (PASSED, FAILED):
        raise SessionSpent("this session is over: its link and its challenge work once; ask for a new one")
    if state == rows.EXPIRED:
        raise SessionExpired(
            f"this session is over: a code is valid for {TERM.seconds // 60} minutes; ask for a new one",
            minutes=TERM.seconds // 60,
        )
    if session.attempts >= ATTEMPTS:
        raise SessionSpent("this session has no attempts left: ask for a new one", attempts=ATTEMPTS)


def _limit(name: str, count: int, most: int) -> None:
    if count >= most:
        raise QuotaRefused(f"this caller reached the limit of {most} in an hour: wait", limit=name, most=most)
