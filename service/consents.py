"""Consents: granted, withdrawn and shown. Each change and its log entry are one transaction."""

from safety.consent import Consent
from safety.entry import CONSENT_GRANTED, CONSENT_WITHDRAWN, Entry
from safety.errors import IdentityErased, IdentityProtected
from safety.scope import Scope
from safety.stores.sqlite import Transaction
from service.app import App
from service.caller import Caller


def grant(
    app: App, identity_id: str, scope: Scope, *, evidence: str, notice: str, caller: Caller, trace_id: str
) -> tuple[Consent, int]:
    """Record a consent; returns it and its log index.

    Raises:
        IdentityUnknown, IdentityErased: nobody there to consent.
        IdentityProtected: on the list of people who are never animated.
        ConsentInvalid: its term, codes or evidence cannot be.
    """
    caller.require("operator")
    at = app.clock()
    with app.db.transaction() as tx:
        identity = app.identities.get(identity_id, tx)
        if identity.state == "erased":
            raise IdentityErased("this identity was erased: enrol it again")
        if identity.protected:
            raise IdentityProtected("this identity must not be animated: no consent can be recorded for it")
        consent = app.consents.grant(
            identity_id=identity_id, basis=identity.basis, scope=scope, evidence=evidence, notice=notice,
            granted_by=caller.name, at=at, tx=tx,
        )  # fmt: skip
        terms = app.ring.commitment("consent-terms", scope.to_json().encode())
        index = app.log.append(tx, _entry(app, CONSENT_GRANTED, consent, caller, trace_id, terms=terms))
    return consent, index


def withdraw(app: App, consent_id: str, caller: Caller, trace_id: str) -> tuple[Consent, int]:
    """Withdraw for good; jobs under it end within a second. Returns the consent and the log index.

    A second withdrawal answers with the first one's entry. Raises ConsentUnknown.
    """
    caller.require("operator")
    with app.db.transaction() as tx:
        before = app.consents.get(consent_id, tx)
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
    caller.require("operator", "auditor")
    return app.consents.get(consent_id)


def everything(app: App, identity_id: str | None, caller: Caller) -> list[Consent]:
    """All consents, or those of one identity, oldest first."""
    caller.require("operator", "auditor")
    return list(app.consents.list(identity_id))


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
