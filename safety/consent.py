"""Consents: what a sitter allowed, amended, renewed, withdrawn, and checked at every gate that needs it.

Every change is a new version, signed and kept beside the ones before; a withdrawal is the last one. All
three bases have a consent: of a living person it is their agreement, of a character its owner's licence, of
an artwork the declaration that it is free. Of the evidence only a keyed commitment is kept here.

Withdrawing is as easy as granting (GDPR, Article 7(3)) and is seen at once: `watched` calls back in this
process, `is_live` tells all others. Times on record never go backwards: a version is as late as the one
before it, however the clock was set, and a term that was over when anything was last recorded stays over.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from safety.consent_record import RecordSigner
from safety.consent_rows import SCHEMA, Attested, Consent, read, receipts, write
from safety.consent_view import ConsentView, covers, row_of
from safety.consent_watch import Bell, alarm
from safety.errors import ConsentConflict, ConsentInvalid, ConsentWithdrawn, SafetyError
from safety.scope import Ask, Scope
from safety.stores.sqlite import Database, Transaction
from safety.upgrade import add_columns
from safety.vocabulary import BASES

__all__ = ["Consent", "Consents", "covers"]

Attest = Callable[[Consent], Attested]
"""What stands behind a consent as it is about to be recorded; what it raises undoes that."""


def by_operator(consent: Consent) -> Attested:
    """The word of who records it; of a character or an artwork its declaration."""
    return "operator" if consent.basis == "consent" else "declaration"


EVIDENCE_BYTES = 64 * 2**20
"""The largest evidence taken: a signed document or a short recording."""

NOTICE_LENGTH = 200
"""Characters of the name of the notice that the sitter was shown."""


class Consents(ConsentView):
    """The consents on record, and every change to them.

    Args:
        db: where they are kept.
        commit: keyed commitment of (domain, data) as hex: `KeyRing.commitment`.
        signer: signs every version.
        new_id: makes consent ids; random UUIDs.
    """

    def __init__(
        self,
        db: Database,
        commit: Callable[[str, bytes], str],
        signer: RecordSigner,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        super().__init__(db)
        self._commit = commit
        self.signer = signer
        self._new_id = new_id
        self._bell = Bell()
        db.create(SCHEMA)
        add_columns(db, "consents", {"attested": "TEXT"})

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
        attest: Attest = by_operator,
    ) -> Consent:
        """Record a consent. That the identity exists and has this basis is for the caller to check before.

        Args:
            evidence: what proves it (statement, signed document, declaration): only its commitment is kept.
            notice: name of the notice that the sitter was shown, 1 to `NOTICE_LENGTH` characters.
            attest: says what stands behind it, within the transaction.
            tx: the transaction to join, so that its log entry lands with it.

        Raises:
            ConsentInvalid: no evidence, no notice, an unknown basis, or a term that is already over.
        """
        if basis not in BASES:
            raise ConsentInvalid(f"the basis of a consent is one of {', '.join(BASES)}", part="basis")
        proof = _checked(scope, evidence, notice, at)
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
            consent = replace(consent, attested=attest(consent))
            self._record(joined, consent, "granted", at, granted_by)
        return consent

    def amend(
        self,
        consent_id: str,
        *,
        version: int,
        scope: Scope,
        evidence: bytes | str,
        notice: str,
        by: str,
        at: datetime,
        tx: Transaction | None = None,
        attest: Attest = by_operator,
    ) -> Consent:
        """Record what the sitter allows from now on instead: wider or narrower, as they agreed anew.

        Watchers whose clip the new scope does not cover are stopped once it is on the disk.

        Args:
            version: the version that was read before, so that a change by somebody else meanwhile is kept.

        Raises:
            ConsentUnknown, ConsentWithdrawn: there is nothing to amend.
            ConsentConflict: another version is current; metadata `version` has it.
            ConsentInvalid: as `grant`.
        """
        proof = _checked(scope, evidence, notice, at)
        return self._change(
            consent_id, version, "amended", lambda _: scope, proof, notice, by, at, tx, attest
        )

    def renew(
        self,
        consent_id: str,
        *,
        version: int,
        not_after: datetime,
        evidence: bytes | str,
        notice: str,
        by: str,
        at: datetime,
        tx: Transaction | None = None,
        attest: Attest = by_operator,
    ) -> Consent:
        """Record that the sitter agrees to the same for longer, also after the term is over.

        The new term begins at `at`, or when the old one would have, if that is later.

        Raises:
            As `amend`; ConsentInvalid too when `not_after` is not later than it was.
        """

        def longer(before: Consent) -> Scope:
            if not_after <= before.scope.not_after:
                raise ConsentInvalid(
                    "a renewal ends later than what it renews: amend to shorten", part="term"
                )
            return replace(before.scope, not_before=max(at, before.scope.not_before), not_after=not_after)

        proof = _checked(None, evidence, notice, at)
        return self._change(consent_id, version, "renewed", longer, proof, notice, by, at, tx, attest)

    def withdraw(self, consent_id: str, *, at: datetime, by: str, tx: Transaction | None = None) -> Consent:
        """Withdraw for good; a second time changes nothing and returns the same record.

        Watchers are stopped once it is on the disk.

        Raises:
            ConsentUnknown: no such consent.
        """
        with self._joined(tx) as joined:
            consent = self.get(consent_id, joined)
            if consent.state == "withdrawn":
                return consent
            moment = self._moment(joined, consent_id, at)
            withdrawn = replace(consent, version=consent.version + 1, withdrawn_at=moment, withdrawn_by=by)
            self._record(joined, withdrawn, "withdrawn", moment, by)
            self._db.on_commit(joined, lambda: self._bell.ring(consent_id))
            return withdrawn

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Have `callback(consent_id)` called after every amendment, renewal and withdrawal; call what is
        returned to end it.

        It runs in the thread that made the change, with the store still held: set an event, write nothing.
        """
        return self._bell.subscribe(callback)

    @contextmanager
    def watched(
        self,
        consent_id: str,
        stop: Callable[[str], None],
        ask: Ask | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> Iterator[None]:
        """Have `stop(why)` called when the consent ends while the block runs, or did before it.

        It ends by withdrawal; with `ask` and `clock` also when it is amended so that it does not cover `ask`
        any more, and when its term is over.

        Raises:
            StoreUnavailable: it could not be looked up.
        """

        def look() -> None:
            if why := self._ended(consent_id, ask, clock):
                stop(why)

        def heard(changed: str) -> None:
            if changed == consent_id:
                try:
                    look()
                except SafetyError:  # the store does not answer, or the record is not one that we know
                    stop("the consent could not be looked up")

        with ExitStack() as watching:
            watching.callback(self.subscribe(heard))
            look()  # after subscribing: a withdrawal in between is heard twice rather than not at all
            if ask is not None and clock is not None:
                watching.enter_context(
                    alarm(lambda: self._left(consent_id, clock), lambda: heard(consent_id))
                )
            yield

    def _left(self, consent_id: str, clock: Callable[[], datetime]) -> float:
        """Seconds until the term is over; none where it cannot be looked up."""
        try:
            return (self.get(consent_id).scope.not_after - clock()).total_seconds()
        except SafetyError:
            return 0.0

    def _ended(self, consent_id: str, ask: Ask | None, clock: Callable[[], datetime] | None) -> str | None:
        """Why a clip under way must end, or None."""
        with self._db.reading() as rx:
            row = row_of(rx, consent_id)
        if row is None or row["withdrawn_at"] is not None:
            return "the consent was withdrawn"
        if ask is not None and clock is not None and (parts := covers(read(row), ask, clock())):
            return f"the consent does not cover this any more: {', '.join(parts)}"
        return None

    def _change(
        self,
        consent_id: str,
        version: int,
        event: str,
        scope: Callable[[Consent], Scope],
        proof: bytes,
        notice: str,
        by: str,
        at: datetime,
        tx: Transaction | None,
        attest: Attest,
    ) -> Consent:
        with self._joined(tx) as joined:
            before = self.get(consent_id, joined)
            if before.state == "withdrawn":
                raise ConsentWithdrawn("this consent was withdrawn, which is final: have a new one granted")
            if before.version != version:
                raise ConsentConflict(
                    f"this consent is at version {before.version} by now: read it again, then decide",
                    version=before.version,
                )
            changed = replace(
                before, version=version + 1, scope=scope(before), notice=notice,
                evidence=self._commit("consent-evidence", proof),
            )  # fmt: skip
            changed = replace(changed, attested=attest(changed))
            self._record(joined, changed, event, self._moment(joined, consent_id, at), by)
            self._db.on_commit(joined, lambda: self._bell.ring(consent_id))
            return changed

    def _record(self, tx: Transaction, consent: Consent, event: str, at: datetime, by: str) -> None:
        before = receipts(tx, consent.consent_id)
        receipt = self.signer.receipt(consent, event, at=at, by=by, before=before[-1] if before else None)
        write(tx, consent, receipt, at)

    def _moment(self, tx: Transaction, consent_id: str, at: datetime) -> datetime:
        """`at`, or when the version before was recorded if the clock was set back behind that."""
        row = tx.execute(
            "SELECT max(recorded_at) AS at FROM consent_versions WHERE consent_id = ?", (consent_id,)
        ).fetchone()
        return max(at, datetime.fromisoformat(row["at"])) if row["at"] else at

    def _joined(self, tx: Transaction | None) -> AbstractContextManager[Transaction]:
        return self._db.transaction() if tx is None else nullcontext(tx)


def _checked(scope: Scope | None, evidence: bytes | str, notice: str, at: datetime) -> bytes:
    """The evidence's bytes. Raises ConsentInvalid."""
    proof = evidence.encode() if isinstance(evidence, str) else evidence
    if not 0 < len(proof) <= EVIDENCE_BYTES:
        raise ConsentInvalid(
            f"a consent needs its evidence: 1 byte to {EVIDENCE_BYTES // 2**20} MiB",
            part="evidence", high_bytes=EVIDENCE_BYTES,
        )  # fmt: skip
    if not 0 < len(notice) <= NOTICE_LENGTH:
        raise ConsentInvalid(
            f"name the notice that the sitter was shown, in 1 to {NOTICE_LENGTH} characters",
            part="notice", high=NOTICE_LENGTH,
        )  # fmt: skip
    if scope is not None and at >= scope.not_after:
        raise ConsentInvalid("the term of this consent is already over: give a later not_after", part="term")
    return proof
