"""What stands on record about consents, and whether one covers a request."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from safety.consent_rows import Consent, latest_time, read, receipts
from safety.errors import (
    ConsentExpired,
    ConsentForeign,
    ConsentNotYetValid,
    ConsentScope,
    ConsentUnknown,
    ConsentWithdrawn,
)
from safety.scope import Ask, Scope, outside
from safety.stores.sqlite import Database, Reading


def covers(consent: Consent, ask: Ask, at: datetime) -> tuple[str, ...]:
    """Which parts of `consent` do not allow `ask` at the time `at`; empty when all do.

    Parts: state, identity, not_before, not_after, caller, purpose, territory, channel, seconds, emotions,
    controls, live, language, script. Pure: the same arguments always give the same answer.
    """
    failing = []
    if consent.state != "given":
        failing.append("state")
    if consent.identity_id != ask.identity_id:
        failing.append("identity")
    return (*failing, *outside(consent.scope, ask, at))


class ConsentView:
    """The consents on record, for reading."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, consent_id: str, rx: Reading | None = None) -> Consent:
        """The record, in whatever state.

        Raises:
            ConsentUnknown: no such consent.
            ConsentScope: it was written by a version that knows more: it covers nothing here.
        """
        with self._view(rx) as view:
            row = row_of(view, consent_id)
        if row is None:
            raise ConsentUnknown("there is no such consent: grant one first, or check its id")
        return read(row)

    def receipts(self, consent_id: str) -> list[dict[str, Any]]:
        """The signed receipts of every version, oldest first.

        Raises:
            ConsentUnknown: no such consent, or one recorded before receipts were signed: amend it.
        """
        with self._db.reading() as rx:
            found = receipts(rx, consent_id)
        if not found:
            raise ConsentUnknown("there is no signed record of this consent: check its id, or amend it")
        return found

    def list(self, identity_id: str | None = None) -> tuple[Consent, ...]:
        """All consents, or those of one identity, oldest first."""
        everyone = "SELECT * FROM consents ORDER BY granted_at, consent_id"
        theirs = "SELECT * FROM consents WHERE identity_id = ? ORDER BY granted_at, consent_id"
        with self._db.reading() as rx:
            rows = rx.execute(everyone) if identity_id is None else rx.execute(theirs, (identity_id,))
            return tuple(read(row) for row in rows)

    def verify(self, consent_id: str, ask: Ask, at: datetime, tx: Reading | None = None) -> Consent:
        """The consent, if it covers `ask` at the time `at`.

        Args:
            tx: decide inside this transaction, so that a withdrawal comes wholly before or wholly after.

        Raises:
            ConsentUnknown, ConsentForeign, ConsentWithdrawn, ConsentNotYetValid, ConsentExpired: as named.
            ConsentScope: metadata `parts` lists what is outside, by comma.
            StoreUnavailable: it could not be looked up: refused.
        """
        with self._view(tx) as view:
            consent = self.get(consent_id, view)
            latest = latest_time(view)
        parts = covers(consent, ask, at)
        if "identity" in parts:
            raise ConsentForeign("this consent is another identity's: name one that this identity gave")
        if "state" in parts:
            raise ConsentWithdrawn("this consent was withdrawn: ask the sitter for a new one")
        if "not_before" in parts:
            raise ConsentNotYetValid("this consent is not valid yet: wait until its term begins")
        if "not_after" in parts or _over(consent.scope, latest):
            raise ConsentExpired("this consent has expired: ask the sitter to renew it")
        if parts:
            hint = " This consent has a script rule: declare the script." if "script" in parts else ""
            raise ConsentScope(
                f"this consent does not cover: {', '.join(parts)}. Ask within its scope, or for a wider one."
                f"{hint}",
                parts=",".join(parts),
            )
        return consent

    def is_live(self, consent_id: str, at: datetime) -> bool:
        """Whether it exists, is not withdrawn and its term runs: one look by key, for jobs under way.

        Raises:
            StoreUnavailable: it could not be looked up: end the job.
        """
        with self._db.reading() as rx:
            row, latest = row_of(rx, consent_id), latest_time(rx)
        if row is None or row["withdrawn_at"] is not None:
            return False
        scope = read(row).scope
        return scope.not_before <= at < scope.not_after and not _over(scope, latest)

    def _view(self, rx: Reading | None) -> AbstractContextManager[Reading]:
        return self._db.reading() if rx is None else nullcontext(rx)


def row_of(rx: Reading, consent_id: str) -> Any:
    """The row of a consent, or None."""
    return rx.execute("SELECT * FROM consents WHERE consent_id = ?", (consent_id,)).fetchone()


def _over(scope: Scope, latest: datetime | None) -> bool:
    """Whether the term was over when anything was last recorded: a clock set back does not begin it again."""
    return latest is not None and latest >= scope.not_after
