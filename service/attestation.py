"""What stands behind a consent: a session that the sitter passed, or the word of whoever records it."""

from safety.consent import Consent, by_operator
from safety.consent_rows import Attested
from safety.errors import SessionRequired
from safety.session.store import EVIDENCE
from safety.stores.sqlite import Transaction
from service.app import App
from service.caller import Caller


def attest(app: App, evidence: str, consent: Consent, *, caller: Caller, tx: Transaction) -> Attested:
    """Cite what a consent's evidence names, within the transaction that records the consent.

    Args:
        evidence: "session:" and a session's id; anything else is the operator's own text.

    Raises:
        SessionRequired: a living person's consent needs a session here (setting `living_consent`).
        SessionRefused: the session proves nothing for this identity, caller and scope.
    """
    if evidence.startswith(EVIDENCE):
        app.sessions.cite_consent(
            evidence.removeprefix(EVIDENCE), consent.identity_id, consent.scope,
            caller=caller.name, at=app.clock(), tx=tx,
        )  # fmt: skip
        return "session"
    if consent.basis == "consent" and app.settings.living_consent == "session":
        raise SessionRequired(
            "a living person's consent needs a consent session here: start one, and give its evidence",
            setting="living_consent",
        )
    return by_operator(consent)
