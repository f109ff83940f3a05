"""Identities: enrolled, shown, erased. Each change and its log entry are one transaction."""

from dataclasses import dataclass

from perception.image import decode_image
from safety.entry import IDENTITY_ENROLLED, IDENTITY_ERASED, Entry
from safety.errors import EnrolmentRefused
from safety.identity import Identity
from service.app import App
from service.caller import Caller
from service.consents import withdraw_all


@dataclass(frozen=True)
class EnrolmentRequest:
    """Whom an operator wants to enrol. `pictures` are uploaded bytes, not yet looked at."""

    basis: str
    label: str
    declaration: str
    adult: bool
    protected: bool
    pictures: tuple[bytes, ...]


def enroll(app: App, request: EnrolmentRequest, caller: Caller, trace_id: str) -> tuple[Identity, int]:
    """Enrol; returns the identity and its log index.

    Raises:
        MediaError, FaceError: a picture cannot be used.
        EnrolmentRefused: too few or too different pictures, no declaration, or no evidence of age.
        IdentityExists, IdentityProtected: that face is enrolled or protected.
    """
    caller.require("operator")
    if request.basis == "consent" and not (request.adult or request.protected):
        raise EnrolmentRefused(
            "a living person is enrolled with evidence that they are of age: check it, then set `adult`",
            part="adult",
        )
    pictures = [decode_image(picture).pixels for picture in request.pictures]
    with app.db.transaction() as tx:
        identity = app.identities.enroll(
            pictures, basis=request.basis, label=request.label, declaration=request.declaration,
            protected=request.protected, adult=request.adult, at=app.clock(), by=caller.name, tx=tx,
        )  # fmt: skip
        body = {
            "basis": identity.basis,
            "caller": caller.name,
            "declaration": app.ring.commitment("declaration", request.declaration.encode()),
            "encoder_sha256": identity.encoder_sha256,
            "identity_id": identity.identity_id,
            "pictures": identity.pictures,
            "protected": identity.protected,
            "trace_id": trace_id,
        }
        index = app.log.append(tx, Entry(IDENTITY_ENROLLED, body, at=app.clock()))
    return identity, index


def get(app: App, identity_id: str, caller: Caller) -> Identity:
    """One identity, live or erased. Raises IdentityUnknown."""
    caller.require("operator", "auditor")
    return app.identities.get(identity_id)


def everyone(app: App, caller: Caller) -> list[Identity]:
    """All identities, oldest first."""
    caller.require("operator", "auditor")
    return list(app.identities.list())


def erase(app: App, identity_id: str, caller: Caller, trace_id: str) -> tuple[Identity, list[str], int]:
    """Destroy an identity's key and withdraw its consents; returns it, their ids and the log index.

    Raises IdentityUnknown.
    """
    caller.require("operator")
    with app.db.transaction() as tx:
        withdrawn = withdraw_all(app, identity_id, caller, trace_id, tx)
        identity = app.identities.erase(identity_id, at=app.clock(), by=caller.name, tx=tx)
        body = {"caller": caller.name, "identity_id": identity_id, "trace_id": trace_id}
        index = app.log.append(tx, Entry(IDENTITY_ERASED, body, at=app.clock()))
    app.db.forget()  # the freed pages, too
    return identity, withdrawn, index
