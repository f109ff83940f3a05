"""Consents: granted, amended, renewed, withdrawn, shown. A change and its log entry are one transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from safety.consent import Consent
from safety.consent_usage import Use
from safety.entry import CONSENT_AMENDED, CONSENT_GRANTED, CONSENT_RENEWED, CONSENT_WITHDRAWN, Entry
from safety.errors import CallerForbidden, ConsentUnknown, IdentityErased, IdentityPending, IdentityProtected
from safety.identity import Identity
from safety.scope import Scope
from safety.stores.sqlite import Transaction
from service.app import App
from service.attestation import attest
from service.caller import Caller
from service.callers_file import SITTER
from service.voices import require as require_voice


def grant(
    app: App, identity_id: str, scope: Scope, *, evidence: str, notice: str, caller: Caller, trace_id: str
) -> tuple[Consent, int]:
    """Record a consent; returns it and its log index.

    Raises:
        IdentityUnknown, IdentityErased, IdentityPending: nobody there to consent.
        IdentityProtected: on the list of people who are never animated.
        ConsentInvalid: its term, codes or evidence cannot be.
        VoiceMissing: own voice only, and too little of it is on record.
        SessionRefused: a living person's consent needs a session here, or the one it names proves nothing.
    """
    caller.require("operator")
    at = app.clock()
    with app.db.transaction() as tx:
        identity = _who_may_consent(app, identity_id, tx)
        consent = app.consents.grant(
            identity_id=identity_id, basis=identity.basis, scope=scope, evidence=evidence, notice=notice,
            granted_by=caller.name, at=at, tx=tx,
            attest=lambda one: attest(app, evidence, one, caller=caller, tx=tx),
        )  # fmt: skip
        require_voice(app, consent, tx)
        index = app.log.append(tx, _agreed(app, CONSENT_GRANTED, consent, caller, trace_id, tx))
    return consent, index


def amend(
    app: App,
    consent_id: str,
    version: int,
    scope: Scope,
    *,
    evidence: str,
    notice: str,
    caller: Caller,
    trace_id: str,
) -> tuple[Consent, int]:
    """Record another scope as a new version; returns the consent and the log index.

    Clips under way that the new scope does not cover end within a second.

    Raises:
        ConsentUnknown, ConsentWithdrawn, ConsentConflict, ConsentInvalid: as `Consents.amend`.
        IdentityErased, IdentityPending, IdentityProtected: as `grant`.
    """

    def change(at: datetime, tx: Transaction) -> Consent:
        return app.consents.amend(
            consent_id, version=version, scope=scope, evidence=evidence, notice=notice, by=caller.name, at=at,
            tx=tx, attest=lambda one: attest(app, evidence, one, caller=caller, tx=tx),
        )  # fmt: skip

    return _changed(app, consent_id, CONSENT_AMENDED, change, caller, trace_id)


def renew(
    app: App,
    consent_id: str,
    version: int,
    not_after: datetime,
    *,
    evidence: str,
    notice: str,
    caller: Caller,
    trace_id: str,
) -> tuple[Consent, int]:
    """Record a longer term as a new version; returns the consent and the log index. Raises as `amend`."""

    def change(at: datetime, tx: Transaction) -> Consent:
        return app.consents.renew(
            consent_id, version=version, not_after=not_after, evidence=evidence, notice=notice,
            by=caller.name, at=at, tx=tx,
            attest=lambda one: attest(app, evidence, one, caller=caller, tx=tx),
        )  # fmt: skip

    return _changed(app, consent_id, CONSENT_RENEWED, change, caller, trace_id)


def withdraw(app: App, consent_id: str, caller: Caller, trace_id: str) -> tuple[Consent, int]:
    """Withdraw for good; jobs under it end within a second. Returns the consent and the log index.

    Operators withdraw any, a sitter their own. A second withdrawal answers with the first one's entry.
    Raises ConsentUnknown.
    """
    caller.require("operator", SITTER)
    with app.db.transaction() as tx:
        before = app.consents.get(consent_id, tx)
        _require_theirs(before, caller, "operator")
        consent = app.consents.withdraw(consent_id, at=app.clock(), by=caller.name, tx=tx)
        if before.state != "withdrawn":
            index = app.log.append(tx, _entry(app, CONSENT_WITHDRAWN, consent, caller, trace_id))
            return consent, index
    (entry,) = app.log.entries(kind=CONSENT_WITHDRAWN, consent_id=consent_id)
    return consent, entry.index


def withdraw_all(app: App, identity_id: str, caller: Caller, trace_id: str, tx: Transaction) -> list[str]:
    """Withdraw every consent of an identity, within `tx`; returns the ids of those that stood."""
    standing = [consent for consent in app.consents.list(identity_id) if consent.state == "given"]
    for consent in standing:
        withdrawn = app.consents.withdraw(consent.consent_id, at=app.clock(), by=caller.name, tx=tx)
        app.log.append(tx, _entry(app, CONSENT_WITHDRAWN, withdrawn, caller, trace_id))
    return [consent.consent_id for consent in standing]


def get(app: App, consent_id: str, caller: Caller) -> Consent:
    """One consent, in whatever state. Raises ConsentUnknown."""
    caller.require("operator", "auditor", SITTER)
    consent = app.consents.get(consent_id)
    _require_theirs(consent, caller, "operator", "auditor")
    return consent


def everything(app: App, identity_id: str | None, caller: Caller) -> list[Consent]:
    """All consents, or those of one identity, oldest first; a sitter's are their own."""
    caller.require("operator", "auditor", SITTER)
    if not caller.may("operator", "auditor"):
        identity_id = _own(caller, identity_id or caller.identity_id)
    return list(app.consents.list(identity_id))


def receipt(app: App, consent_id: str, version: int, caller: Caller) -> tuple[dict[str, Any], int]:
    """The signed receipt of one version (0: the current one), and how many versions there are.

    Raises:
        ConsentUnknown: no such consent or version.
    """
    get(app, consent_id, caller)
    found = app.consents.receipts(consent_id)
    if not 0 <= version <= found[-1]["record"]["version"]:
        raise ConsentUnknown(f"this consent has versions 1 to {len(found)}", version=len(found))
    wanted = version or found[-1]["record"]["version"]
    for each in found:
        if each["record"]["version"] == wanted:
            return each, len(found)
    raise ConsentUnknown("this version was recorded before receipts were signed")


def uses(app: App, identity_id: str, caller: Caller) -> list[Use]:
    """What was made, or is being made, with an identity's face, oldest first.

    Raises:
        CallerForbidden: the caller is neither operator nor auditor nor this sitter.
    """
    caller.require("operator", "auditor", SITTER)
    if not caller.may("operator", "auditor"):
        _own(caller, identity_id)
    return list(app.uses.of_identity(identity_id))


def _changed(
    app: App,
    consent_id: str,
    kind: str,
    change: Callable[[datetime, Transaction], Consent],
    caller: Caller,
    trace_id: str,
) -> tuple[Consent, int]:
    caller.require("operator")
    with app.db.transaction() as tx:
        _who_may_consent(app, app.consents.get(consent_id, tx).identity_id, tx)
        consent = change(app.clock(), tx)
        require_voice(app, consent, tx)
        index = app.log.append(tx, _agreed(app, kind, consent, caller, trace_id, tx))
    return consent, index


def _who_may_consent(app: App, identity_id: str, tx: Transaction) -> Identity:
    identity = app.identities.get(identity_id, tx)
    if identity.state == "erased":
        raise IdentityErased("this identity was erased: enrol it again")
    if identity.state == "pending":
        raise IdentityPending("this identity waits for a second operator: have it approved first")
    if identity.protected:
        raise IdentityProtected("this identity must not be animated: no consent can be recorded for it")
    return identity


def _require_theirs(consent: Consent, caller: Caller, *roles: str) -> None:
    """To a sitter, other people's consents do not exist."""
    if not caller.may(*roles) and consent.identity_id != caller.identity_id:
        raise ConsentUnknown("there is no such consent: grant one first, or check its id")


def _own(caller: Caller, identity_id: str) -> str:
    if identity_id != caller.identity_id:
        raise CallerForbidden("a sitter sees what concerns their own face")
    return identity_id


def _agreed(app: App, kind: str, consent: Consent, caller: Caller, trace_id: str, tx: Transaction) -> Entry:
    commit = app.commitments.of(consent.identity_id, tx)
    terms = commit("consent-terms", consent.scope.to_json().encode())
    return _entry(app, kind, consent, caller, trace_id, terms=terms, attested=consent.attested)


def _entry(app: App, kind: str, consent: Consent, caller: Caller, trace_id: str, **more: str) -> Entry:
    return Entry(
        kind,
        {
            "caller": caller.name,
            "consent_id": consent.consent_id,
            "identity_id": consent.identity_id,
            "trace_id": trace_id,
            "version": consent.version,
            **more,
        },
        at=app.clock(),
    )
