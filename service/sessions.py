"""Consent sessions: started, shown, answered with a film, and used for an enrolment. No gRPC, no HTTP here.

A film is looked at outside of any transaction. Its attempt is counted before, its outcome recorded after:
what a crash in between leaves is an attempt without an outcome, never a pass.
"""

import hashlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.errors import SitterError
from perception.limits import LIMITS
from perception.video import open_video
from safety.entry import (
    SESSION_ATTEMPTED,
    SESSION_ISSUED,
    SESSION_PASSED,
    SESSION_REFUSED,
    SESSION_STARTED,
    Entry,
)
from safety.errors import (
    IdentityErased,
    IdentityProtected,
    QuotaRefused,
    SessionForeign,
    SessionMachineMade,
    SessionRefused,
    SessionSpent,
)
from safety.fingerprint import Fingerprint, fingerprint
from safety.identity import Identity
from safety.recogniser import check_recogniser
from safety.scope import Scope
from safety.session.checks import MOST_BYTES, MOST_SECONDS, Shown, judge
from safety.session.rows import Session
from safety.session.store import EVIDENCE
from safety.stores.sqlite import Transaction
from service.app import App
from service.caller import Caller
from service.enroll import EnrolmentRequest
from service.enroll import enroll as enroll_identity
from service.fan import fan_out
from service.voices import WAV, of_film

FILM_LIMITS = replace(
    LIMITS, video_bytes=MOST_BYTES, video_seconds=MOST_SECONDS + 5, video_frames=5000, video_cpu_seconds=300
)
LOOKS = 2
"""Films that are looked at at a time."""
SIZE_BYTES = 4

_places = threading.BoundedSemaphore(LOOKS)


@dataclass(frozen=True)
class Started:
    """A new session; `secret` opens its link."""

    session: Session
    secret: str
    log_index: int


def start(app: App, scope: Scope, identity_id: str | None, caller: Caller, trace_id: str) -> Started:
    """Start a session for an enrolled living person, or for somebody to be enrolled from it.

    Raises:
        IdentityUnknown, IdentityErased, IdentityProtected: nobody there to consent.
        SessionForeign: a character or an artwork needs no session.
        QuotaRefused: too many sessions within an hour.
        Misconfigured: the speech recogniser is missing.
    """
    caller.require("operator")
    check_recogniser()
    with app.db.transaction() as tx:
        if identity_id is not None:
            _check_living(app, identity_id, tx)
        session, secret = app.sessions.start(
            caller=caller.name, scope=scope, identity_id=identity_id, at=app.clock(), tx=tx
        )
        terms = app.ring.commitment("consent-terms", scope.to_json().encode())
        index = _log(app, SESSION_STARTED, session, trace_id, tx, terms=terms)
    return Started(session, secret, index)


def issue(app: App, session_id: str, trace_id: str) -> Session:
    """Show the challenge: its term begins with the first time. Raises SessionExpired, SessionSpent."""
    with app.db.transaction() as tx:
        session, fresh = app.sessions.issue(session_id, app.clock(), tx)
        if fresh and session.challenge is not None:
            asked = f"{session.challenge.code}|{','.join(session.challenge.turns)}"
            challenge = app.ring.commitment("session-challenge", asked.encode())
            _log(app, SESSION_ISSUED, session, trace_id, tx, challenge=challenge)
    return session


def get(app: App, session_id: str, caller: Caller) -> Session:
    """One session. Raises SessionUnknown."""
    caller.require("operator", "auditor")
    return app.sessions.get(session_id)


def owned(app: App, session_id: str, caller: Caller) -> Session:
    """A session that the caller started. Raises SessionUnknown, SessionForeign."""
    caller.require("operator")
    session = app.sessions.get(session_id)
    if session.caller != caller.name:
        raise SessionForeign("this session was started by another caller", part="caller")
    return session


def hand_in(app: App, session_id: str, film: Path, trace_id: str) -> tuple[Session, int]:
    """Look at a film and record the outcome; returns the passed session and the log index.

    Args:
        film: a file of up to `MOST_BYTES`, from whoever has the session's link or is its caller.

    Raises:
        SessionRefused: a leaf for each thing that was missing; it is on record.
        MediaError: the film cannot be read; that is an attempt, too.
        QuotaRefused: too many films at a time or within an hour.
    """
    if not _places.acquire(blocking=False):
        raise QuotaRefused(
            f"{LOOKS} films are being looked at: try again in a minute", limit="session_looks", most=LOOKS
        )
    try:
        sha256 = _sha256(film)
        commitment = app.ring.commitment("session-film", sha256.encode())
        with app.db.transaction() as tx:
            session = app.sessions.attempt(session_id, app.clock(), tx)
            _log(app, SESSION_ATTEMPTED, session, trace_id, tx, film=commitment)
        try:
            shown = _look(app, session, film, sha256)
            said = of_film(app, session, film)
        except SitterError as error:
            with app.db.transaction() as tx:
                refused = app.sessions.refuse(session_id, error.reason, app.clock(), tx)
                _log(app, SESSION_REFUSED, refused, trace_id, tx, film=commitment, reason=error.reason)
            raise
        return _passed(app, session, shown, said, film, sha256, trace_id)
    finally:
        _places.release()


def enroll(
    app: App,
    session_id: str,
    *,
    label: str,
    adult: bool,
    caller: Caller,
    trace_id: str,
    guardian: bool = False,
) -> tuple[Identity, int]:
    """Enrol the person of a passed session from its film's best frames; both are one transaction.

    Raises:
        SessionRefused: it was not passed, is somebody else's, or was used.
        EnrolmentRefused, IdentityExists, IdentityProtected, FaceError: as `service.enroll.enroll`.
    """
    owned(app, session_id, caller)
    with app.db.reading() as rx:
        packed = app.sessions.pictures(session_id, rx)
    if packed is None:
        raise SessionSpent("the pictures of this session were used, or their time is over: start a new one")
    request = EnrolmentRequest(
        basis="consent", label=label, declaration=f"{EVIDENCE}{session_id}", adult=adult, protected=False,
        pictures=tuple(each for each in unpack(packed) if not each.startswith(WAV)),
        said=voice_of(packed), guardian=guardian,
    )  # fmt: skip

    def cite(identity: Identity, tx: Transaction) -> None:
        app.sessions.cite_enrolment(
            session_id, identity.identity_id, caller=caller.name, at=app.clock(), tx=tx
        )

    return enroll_identity(app, request, caller, trace_id, also=cite)


def voice(app: App, session_id: str, caller: Caller) -> tuple[Session, bytes]:
    """A session of the caller's, and the sound that it kept. Raises SessionUnknown, SessionForeign."""
    session = owned(app, session_id, caller)
    with app.db.reading() as rx:
        return session, voice_of(app.sessions.pictures(session_id, rx))


def pack(pictures: tuple[NDArray[np.uint8], ...], said: bytes = b"") -> bytes:
    """Pictures as PNG files, and what was said as a WAV file, one after another, each behind its size."""
    from PIL import Image

    whole = bytearray()
    for pixels in pictures:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        whole += len(file.getvalue()).to_bytes(SIZE_BYTES) + file.getvalue()
    if said:
        whole += len(said).to_bytes(SIZE_BYTES) + said
    return bytes(whole)


def voice_of(packed: bytes | None) -> bytes:
    """What was said in a session, as a WAV file; empty where it was not kept."""
    return next((each for each in unpack(packed or b"") if each.startswith(WAV)), b"")


def unpack(whole: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(whole):
        size = int.from_bytes(whole[start : start + SIZE_BYTES])
        yield whole[start + SIZE_BYTES : start + SIZE_BYTES + size]
        start += SIZE_BYTES + size


def _check_living(app: App, identity_id: str, tx: Transaction) -> None:
    identity = app.identities.get(identity_id, tx)
    if identity.state == "erased":
        raise IdentityErased("this identity was erased: enrol it again")
    if identity.protected:
        raise IdentityProtected("this identity must not be animated: no consent can be recorded for it")
    if identity.basis != "consent":
        raise SessionForeign("a consent session is for living people: this is not one", part="basis")


def _look(app: App, session: Session, film: Path, sha256: str) -> Shown:
    """One decoding pass for the marks, the fingerprint and the checks; the strongest objection is raised."""
    with app.db.transaction() as tx:
        app.sessions.keep_film(session.session_id, sha256, app.clock(), tx)
    if app.credentials.read(film).ours:
        raise _machine_made()
    with open_video(film, FILM_LIMITS) as opened:
        speech = opened.speech()
        sound = (
            None
            if speech is None or speech.silent
            else app.sound_watermark.extract(speech.samples, speech.rate)
        )

        def judged(frames: Iterator[tuple[float, NDArray[np.uint8]]]) -> Shown | SessionRefused:
            try:
                return _judge(app, session, frames, opened.info.fps, speech)
            except SessionRefused as error:
                return error

        reading, marks, shown = fan_out(
            opened.frames(), app.watermark.extract, lambda frames: fingerprint(frames, speech), judged
        )
    if reading.payload is not None or (sound is not None and sound.payload is not None):
        raise _machine_made()
    _check_fresh(app, session, marks, sha256)
    if isinstance(shown, SessionRefused):
        raise shown
    found: Shown = shown
    return found


def _judge(app: App, session: Session, frames: Iterator[Any], fps: float, speech: Any) -> Shown:
    if session.challenge is None:
        raise SessionSpent("this session has no challenge any more: ask for a new one")
    whom = session.identity_id
    return judge(
        frames, fps, speech, session.challenge, finder=app.finder, encoder=app.encoder,
        is_sitter=None if whom is None else lambda pixels: app.identities.same_person(pixels, whom),
        is_old=lambda words: app.sessions.is_old(words, session.session_id),
    )  # fmt: skip


def _check_fresh(app: App, session: Session, marks: Fingerprint, sha256: str) -> None:
    app.sessions.check_new(marks, session.session_id)
    with app.db.transaction() as tx:
        app.sessions.keep_film(session.session_id, sha256, app.clock(), tx, marks)


def _passed(
    app: App, session: Session, shown: Shown, said: bytes, film: Path, sha256: str, trace_id: str
) -> tuple[Session, int]:
    days = app.settings.session_video_days
    at = app.clock()
    with app.db.transaction() as tx:
        passed = app.sessions.passed(
            session.session_id, film_sha256=sha256, measures=shown.measures,
            pictures=pack(shown.pictures, said), film=film.read_bytes() if days else None,
            film_until=at + timedelta(days=days) if days else None, at=at, tx=tx,
        )  # fmt: skip
        index = _log(app, SESSION_PASSED, passed, trace_id, tx, evidence=passed.evidence or "")
    return passed, index


def _machine_made() -> SessionMachineMade:
    return SessionMachineMade("this film was made by this service: the person has to sit before the camera")


def _log(app: App, kind: str, session: Session, trace_id: str, tx: Transaction, **more: str) -> int:
    body: dict[str, Any] = {
        "attempts": session.attempts,
        "caller": session.caller,
        "session_id": session.session_id,
        "trace_id": trace_id,
        **more,
    }
    if session.identity_id is not None:
        body["identity_id"] = session.identity_id
    index: int = app.log.append(tx, Entry(kind, body, at=app.clock()))
    return index


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
