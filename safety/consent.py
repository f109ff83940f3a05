"""Consents: what a sitter allowed, given once, withdrawn once, checked at every gate that needs it.

A consent is never changed: it is granted, and it may be withdrawn, for good; a new scope is a new consent.
All three bases have one: of a living person it is their agreement, of a character its owner's licence, of an
artwork the declaration that it is free. Of the evidence only a keyed commitment is kept here.

The record has the fields of ISO/IEC TS 27560:2023 that a gate decides on. Withdrawing is as easy as granting
(GDPR, Article 7(3)) and is seen at once: `subscribe` calls back in this process, `is_live` tells all others.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from safety.consent_rows import SCHEMA, Consent, insert, read
from safety.errors import (
    ConsentExpired,
    ConsentForeign,
    ConsentInvalid,
    ConsentNotYetValid,
    ConsentScope,
    ConsentUnknown,
    ConsentWithdrawn,
)
from safety.scope import Ask, Scope, outside
from safety.stores.sqlite import Database, Reading, Transaction
from safety.vocabulary import BASES

__all__ = ["Consent", "Consents", "covers"]

EVIDENCE_BYTES = 64 * 2**20
"""The largest evidence taken: a signed document or a short recording."""

NOTICE_LENGTH = 200
"""Characters of the name of the notice that the sitter was shown."""


def covers(consent: Consent, ask: Ask, at: datetime) -> tuple[str, ...]:
    """Which parts of `consent` do not allow `ask` at the time `at`; empty when all do.

    Parts: state, identity, not_before, not_after, caller, purpose, territory, channel, seconds, emotions,
    controls, live. Pure: the same arguments always give the same answer.
    """
    failing = []
    if consent.state != "given":
        failing.append("state")
    if consent.identity_id != ask.identity_id:
        failing.append("identity")
    return (*failing, *outside(consent.scope, ask, at))


class Consents:
    """The consents on record.

    Args:
        db: where they are kept.
        commit: keyed commitment of (domain, data) as hex: `KeyRing.commitment`.
        new_id: makes consent ids; random UUIDs.
    """

    def __init__(
        self,
        db: Database,
        commit: Callable[[str, bytes], str],
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._db = db
        self._commit = commit
        self._new_id = new_id
        self._gate = threading.Lock()
        self._subscribers: dict[object, Callable[[str], None]] = {}
        db.create(SCHEMA)

    def grant(
        self,
        *,
        identity_id: str,
        basis: str,
        scope: Scope,
        evidence: bytes | str,
        notice: str,
        granted_by: str,
        at: datetime,
        tx: Transaction | None = None,
    ) -> Consent:
        """Record a consent. That the identity exists and has this basis is for the caller to check before.

        Args:
            evidence: what proves it (statement, signed document, declaration): only its commitment is kept.
            notice: name of the notice that the sitter was shown, 1 to `NOTICE_LENGTH` characters.
            tx: the transaction to join, so that its log entry lands with it.

        Raises:
            ConsentInvalid: no evidence, no notice, an unknown basis, or a term that is already over.
        """
        proof = evidence.encode() if isinstance(evidence, str) else evidence
        _check_grant(basis, scope, proof, notice, at)
        consent = Consent(
            consent_id=self._new_id(),
            identity_id=identity_id,
            basis=basis,
            scope=scope,
            version=1,
            evidence=self._commit("consent-evidence", proof),
            notice=notice,
            granted_at=at,
            granted_by=granted_by,
        )
        with self._joined(tx) as joined:
            insert(joined, consent)
        return consent

    def withdraw(self, consent_id: str, *, at: datetime, by: str, tx: Transaction | None = None) -> Consent:
        """Withdraw for good; a second time changes nothing and returns the same record.

        Subscribers are called once it is on the disk.

        Raises:
            ConsentUnknown: no such consent.
        """
        with self._joined(tx) as joined:
            consent = self.get(consent_id, joined)
            if consent.state == "withdrawn":
                return consent
            withdrawn = replace(consent, version=consent.version + 1, withdrawn_at=at, withdrawn_by=by)
            joined.execute(
                "UPDATE consents SET withdrawn_at = ?, withdrawn_by = ?, version = ? WHERE consent_id = ?",
                (at.isoformat(), by, withdrawn.version, consent_id),
            )
            self._db.on_commit(joined, lambda: self._announce(consent_id))
            return withdrawn

    def get(self, consent_id: str, rx: Reading | None = None) -> Consent:
        """The record, in whatever state.

        Raises:
            ConsentUnknown: no such consent.
            ConsentScope: it was written by a version that knows more: it covers nothing here.
        """
        row = self._row(consent_id, rx)
        if row is None:
            raise ConsentUnknown("there is no such consent: grant one first, or check its id")
        return read(row)

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
        consent = self.get(consent_id, tx)
        parts = covers(consent, ask, at)
        if "identity" in parts:
            raise ConsentForeign("this consent is another identity's: name one that this identity gave")
        if "state" in parts:
            raise ConsentWithdrawn("this consent was withdrawn: ask the sitter for a new one")
        if "not_before" in parts:
            raise ConsentNotYetValid("this consent is not valid yet: wait until its term begins")
        if "not_after" in parts:
            raise ConsentExpired("this consent has expired: ask the sitter to renew it")
        if parts:
            raise ConsentScope(
                f"this consent does not cover: {', '.join(parts)}. Ask within its scope, or for a wider one",
                parts=",".join(parts),
            )
        return consent

    def is_live(self, consent_id: str, at: datetime) -> bool:
        """Whether it exists, is not withdrawn and its term runs: one look by key, for jobs under way.

        Raises:
            StoreUnavailable: it could not be looked up: end the job.
        """
        row = self._row(consent_id)
        if row is None or row["withdrawn_at"] is not None:
            return False
        scope = read(row).scope
        return scope.not_before <= at < scope.not_after

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Have `callback(consent_id)` called after every withdrawal; call what is returned to end it.

        It runs in the thread that withdrew, with the store still held: set an event there, write nothing.
        """
        key = object()
        with self._gate:
            self._subscribers[key] = callback

        def unsubscribe() -> None:
            with self._gate:
                self._subscribers.pop(key, None)

        return unsubscribe

    @contextmanager
    def watched(self, consent_id: str, stop: Callable[[str], None]) -> Iterator[None]:
        """Have `stop(why)` called when the consent is withdrawn while the block runs, or was before it.

        Raises:
            StoreUnavailable: it could not be looked up.
        """

        def heard(withdrawn: str) -> None:
            if withdrawn == consent_id:
                stop("the consent was withdrawn")

        unsubscribe = self.subscribe(heard)
        try:
            # After subscribing: a withdrawal in between is heard twice rather than not at all.
            row = self._row(consent_id)
            if row is None or row["withdrawn_at"] is not None:
                heard(consent_id)
            yield
        finally:
            unsubscribe()

    def _joined(self, tx: Transaction | None) -> AbstractContextManager[Transaction]:
        return self._db.transaction() if tx is None else nullcontext(tx)

    def _announce(self, consent_id: str) -> None:
        with self._gate:
            callbacks = tuple(self._subscribers.values())
        for callback in callbacks:
            callback(consent_id)

    def _row(self, consent_id: str, rx: Reading | None = None) -> Any:
        with self._db.reading() if rx is None else nullcontext(rx) as view:
            return view.execute("SELECT * FROM consents WHERE consent_id = ?", (consent_id,)).fetchone()


def _check_grant(basis: str, scope: Scope, evidence: bytes, notice: str, at: datetime) -> None:
    if basis not in BASES:
        raise ConsentInvalid(f"the basis of a consent is one of {', '.join(BASES)}", part="basis")
    if not 0 < len(evidence) <= EVIDENCE_BYTES:
        raise ConsentInvalid(
            f"a consent needs its evidence: 1 byte to {EVIDENCE_BYTES // 2**20} MiB",
            part="evidence", high_bytes=EVIDENCE_BYTES,
        )  # fmt: skip
    if not 0 < len(notice) <= NOTICE_LENGTH:
        raise ConsentInvalid(
            f"name the notice that the sitter was shown, in 1 to {NOTICE_LENGTH} characters",
            part="notice", high=NOTICE_LENGTH,
        )  # fmt: skip
    if at >= scope.not_after:
        raise ConsentInvalid("the term of this consent is already over: give a later not_after", part="term")
