"""Identities: enrolled, reviewed, shown, erased. Each change and its log entry are one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from perception.audio import decode_speech
from perception.image import decode_image
from perception.video import open_video
from safety.enrolment import FRAMES_LOOKED_AT, Enrolled, best_frames, check_words
from safety.entry import (
    IDENTITY_ENROLLED,
    IDENTITY_ERASED,
    IDENTITY_MEDIA_DELETED,
    IDENTITY_REVIEWED,
    IDENTITY_VIEWED,
    Entry,
)
from safety.errors import EnrolmentRefused, IdentityExists, IdentityProtected
from safety.identity import Identity
from safety.likenesses import Resemblance
from safety.retention import Terms
from safety.stores.sqlite import Transaction
from safety.voices.quality import Spoken
from service import voices
from service.app import App
from service.caller import Caller
from service.consents import withdraw_all

RETENTION = Caller("retention", frozenset({"operator"}))
"""In whose name the hourly job erases."""


@dataclass(frozen=True)
class EnrolmentRequest:
    """Whom an operator wants to enrol. Uploaded bytes, not yet looked at.

    Attributes:
        pictures: of one face.
        video: instead of pictures: of the head turning slowly.
        template, encoder_sha256: instead of pictures, only for the protected list.
        voices: recordings of the sitter's voice; with a living person's enrolment only beside `said`, where
            consent sessions are required.
        said: what was said in the consent session that they are enrolled from, a WAV file.
    """

    basis: str
    label: str
    declaration: str
    adult: bool
    protected: bool
    pictures: tuple[bytes, ...]
    video: bytes = b""
    template: tuple[float, ...] = field(default=(), repr=False)
    encoder_sha256: str = ""
    voices: tuple[bytes, ...] = ()
    said: bytes = b""
    guardian: bool = False
    terms: Terms = Terms()  # noqa: RUF009 (frozen)


def enroll(
    app: App,
    request: EnrolmentRequest,
    caller: Caller,
    trace_id: str,
    also: Callable[[Identity, Transaction], None] = lambda identity, tx: None,
) -> tuple[Identity, int]:
    """Enrol; returns the identity and its log index. Characters and artworks wait for `review`.

    `also` is called with the identity inside the transaction: what it raises undoes the enrolment.

    Raises:
        MediaError, FaceError: a picture cannot be used.
        EnrolmentRefused: too few or too different pictures, no declaration, or no evidence of age.
        IdentityExists, IdentityProtected: that face is enrolled or protected.
    """
    caller.require("operator")
    if request.basis == "consent" and not (request.adult or request.guardian or request.protected):
        raise EnrolmentRefused(
            "a living person is enrolled with evidence that they are of age: check it, then set `adult`",
            part="adult",
        )
    prepared = None if request.template else _prepared(app, request)
    spoken = _voice(app, request)
    try:
        with app.db.transaction() as tx:
            identity = _enrolled(app, request, prepared, caller, tx)
            also(identity, tx)
            if spoken is not None:
                source = "session" if request.said else "files"
                voices.record(app, identity, spoken, source, caller, trace_id, tx, with_enrolment=True)
            commit = app.commitments.of(identity.identity_id, tx)
            body = {
                "basis": identity.basis,
                "caller": caller.name,
                "declaration": commit("declaration", request.declaration.encode()),
                "encoder_sha256": identity.encoder_sha256,
                "identity_id": identity.identity_id,
                "key": _key_commitment(app, identity.identity_id, tx),
                "pictures": identity.pictures,
                "protected": identity.protected,
                "state": identity.state,
                "trace_id": trace_id,
            }
            index = app.log.append(tx, Entry(IDENTITY_ENROLLED, body, at=app.clock()))
    except (IdentityExists, IdentityProtected) as error:
        app.identities.note_refused(error, at=app.clock(), by=caller.name)
        raise
    return identity, index


def pending(app: App, identity_id: str, caller: Caller, trace_id: str) -> tuple[Identity, Sequence[bytes]]:
    """What a second operator decides on: the identity with its words, and its faces as PNG files.

    Raises:
        IdentityUnknown, IdentityErased: there is nothing to review.
        ReviewRefused: it is not pending.
    """
    caller.require("operator")
    with app.db.transaction() as tx:
        shown = app.identities.enrolment(identity_id, tx)
        body = {"caller": caller.name, "identity_id": identity_id, "trace_id": trace_id}
        app.log.append(tx, Entry(IDENTITY_VIEWED, body, at=app.clock()))
    return shown


def review(
    app: App, identity_id: str, *, approve: bool, caller: Caller, trace_id: str
) -> tuple[Identity, int]:
    """Decide on a pending identity as a second operator; returns it and the log index.

    Raises:
        IdentityUnknown, IdentityErased: there is nothing to decide on.
        ReviewRefused: it is not pending, or the caller enrolled it.
    """
    caller.require("operator")
    with app.db.transaction() as tx:
        key = "" if approve else _key_commitment(app, identity_id, tx)
        identity = app.identities.review(identity_id, approve=approve, at=app.clock(), by=caller.name, tx=tx)
        body = {
            "caller": caller.name, "identity_id": identity_id, "trace_id": trace_id,
            "outcome": identity.review,
        }  # fmt: skip
        index = app.log.append(tx, Entry(IDENTITY_REVIEWED, body, at=app.clock()))
        if approve:
            app.voices.enrolment_reviewed(identity, tx)
        else:
            app.voices.forget(identity_id, tx)
            withdraw_all(app, identity_id, caller, trace_id, tx)
            _log_erasure(app, identity_id, key, caller, trace_id, tx)
    app.db.forget()  # the pictures that were looked at, too
    return identity, index


def get(app: App, identity_id: str, caller: Caller) -> Identity:
    """One identity, in whatever state. Raises IdentityUnknown."""
    caller.require("operator", "auditor")
    return app.identities.get(identity_id)


def everyone(app: App, caller: Caller) -> list[Identity]:
    """All identities, oldest first."""
    caller.require("operator", "auditor")
    return list(app.identities.list())


def likenesses(app: App, caller: Caller) -> tuple[Resemblance, ...]:
    """Duplicates and look-alikes that enrolments found."""
    caller.require("operator")
    return app.identities.likenesses()


def erase(app: App, identity_id: str, caller: Caller, trace_id: str) -> tuple[Identity, list[str], int]:
    """Destroy an identity's key and withdraw its consents; returns it, their ids and the log index.

    Raises IdentityUnknown.
    """
    caller.require("operator")
    with app.db.transaction() as tx:
        state = app.identities.get(identity_id, tx).state
        key = "" if state == "erased" else _key_commitment(app, identity_id, tx)
        withdrawn = withdraw_all(app, identity_id, caller, trace_id, tx)
        identity = app.identities.erase(identity_id, at=app.clock(), by=caller.name, tx=tx)
        app.sessions.forget(identity_id, tx)
        app.voices.forget(identity_id, tx)
        index = _log_erasure(app, identity_id, key, caller, trace_id, tx)
    app.db.forget()  # the freed pages, too
    return identity, withdrawn, index


def sweep(app: App, caller: Caller, trace_id: str) -> tuple[list[str], list[str]]:
    """Enforce the retention terms; returns ids of the erased, and of those whose pictures were deleted."""
    caller.require("operator")
    with app.db.transaction() as tx:
        app.sessions.sweep(app.clock(), tx)
    over, media = app.identities.due(app.clock())
    for identity_id in over:
        erase(app, identity_id, caller, trace_id)
    for identity_id in media:
        with app.db.transaction() as tx:
            app.identities.drop_media(identity_id, tx)
            app.voices.drop_speech(identity_id, tx)
            body = {"caller": caller.name, "identity_id": identity_id, "trace_id": trace_id}
            app.log.append(tx, Entry(IDENTITY_MEDIA_DELETED, body, at=app.clock()))
    if media:
        app.db.forget()
    return list(over), list(media)


def _prepared(app: App, request: EnrolmentRequest) -> Enrolled:
    check_words(request.basis, request.label, request.declaration, protected=request.protected)
    return app.identities.prepare(_pictures(app, request), request.basis, protected=request.protected)


def _voice(app: App, request: EnrolmentRequest) -> Spoken | None:
    """The voice of an enrolment; None without. Raises EnrolmentRefused, MediaError, SpeechError."""
    recordings = [*request.voices, *filter(None, [request.said])]
    if not recordings:
        return None
    if request.protected:
        raise EnrolmentRefused("no voice is taken of somebody protected", part="voice", fault="protected")
    if request.basis == "consent" and not request.said and app.settings.living_consent == "session":
        raise EnrolmentRefused(
            "a living person's voice begins with a consent session here: enrol from one, then add recordings",
            part="voice", fault="session",
        )  # fmt: skip
    return app.voices.prepare([decode_speech(data) for data in recordings])


def _enrolled(
    app: App, request: EnrolmentRequest, prepared: Enrolled | None, caller: Caller, tx: Transaction
) -> Identity:
    at = app.clock()
    if prepared is None:
        if not request.protected:
            raise EnrolmentRefused("a template alone is taken only for the protected list", part="template")
        vector = np.asarray(request.template, np.float32)
        return app.identities.import_protected(
            vector, request.encoder_sha256, label=request.label, at=at, by=caller.name, terms=request.terms,
            tx=tx,
        )  # fmt: skip
    return app.identities.enroll(
        prepared, basis=request.basis, label=request.label, declaration=request.declaration,
        protected=request.protected, adult=request.adult, guardian=request.guardian, terms=request.terms,
        at=at, by=caller.name, tx=tx,
    )  # fmt: skip


def _pictures(app: App, request: EnrolmentRequest) -> Sequence[NDArray[np.uint8]]:
    if not request.video:
        return [decode_image(picture).pixels for picture in request.pictures]
    with open_video(request.video) as video:
        every = max(video.info.seconds / FRAMES_LOOKED_AT, 0.1)
        return best_frames(video.frames(every), app.finder)


def _key_commitment(app: App, identity_id: str, tx: Transaction) -> str:
    """Which key is meant: the entry of the enrolment and that of the erasure carry the same."""
    return app.ring.commitment("vault-key", app.identities.fingerprint(identity_id, tx).encode())


def _log_erasure(app: App, identity_id: str, key: str, caller: Caller, trace_id: str, tx: Transaction) -> int:
    at: datetime = app.clock()
    body = {"caller": caller.name, "identity_id": identity_id, "trace_id": trace_id} | (
        {"key": key} if key else {}
    )
    return app.log.append(tx, Entry(IDENTITY_ERASED, body, at=at))
