"""Voices: put on record, reviewed, heard, removed, and asked for at gate 4.

A change and its log entry are one transaction.
"""

from dataclasses import replace
from pathlib import Path

from perception.audio import Speech, decode_speech, encode_wav
from perception.video import open_video
from safety.consent import Consent
from safety.entry import (
    IDENTITY_VIEWED,
    IDENTITY_VOICE_ADDED,
    IDENTITY_VOICE_REMOVED,
    IDENTITY_VOICE_REVIEWED,
    Entry,
)
from safety.errors import (
    EnrolmentRefused,
    IdentityErased,
    IdentityProtected,
    SessionForeign,
    SessionSilent,
    SessionSpent,
    VoiceOther,
    VoiceUnclear,
)
from safety.identity import Identity
from safety.scope import Ask
from safety.session.rows import PASSED, Session
from safety.stores.sqlite import Reading, Transaction
from safety.voices.mel import RATE
from safety.voices.quality import Spoken
from safety.voices.rows import VoicePrint
from safety.voices.verify import Voice
from service.app import App
from service.caller import Caller
from service.run import Decision

WAV = b"RIFF"


def add(
    app: App,
    identity_id: str,
    recordings: tuple[bytes, ...],
    caller: Caller,
    trace_id: str,
    session: Session | None = None,
    said: bytes = b"",
) -> tuple[VoicePrint, int]:
    """Put a voice print on record, of uploaded recordings and of what was said in a consent session.

    Args:
        session, said: a passed session of this identity, and the sound that it kept.

    Raises:
        MediaError, SpeechError: a recording cannot be used.
        IdentityUnknown, IdentityErased, IdentityProtected: nobody there to speak.
        EnrolmentRefused: metadata `part` is voice; too little, too poor, of several people, or of another.
        SessionForeign, SessionSpent: the session is another identity's, or kept no voice.
    """
    caller.require("operator")
    heard = [decode_speech(data) for data in recordings]
    if session is not None:
        if session.identity_id != identity_id:
            raise SessionForeign("this session shows another identity", part="identity")
        if session.state != PASSED or not said:
            raise SessionSpent("this session kept no voice: start one whose scope has own voice only")
        heard.append(decode_speech(said))
    spoken = app.voices.prepare(heard)
    with app.db.transaction() as tx:
        identity = app.identities.get(identity_id, tx)
        _check_speaks(identity)
        source = "files" if session is None else "session"
        _check_source(app, identity, source, tx)
        return record(app, identity, spoken, source, caller, trace_id, tx)


def record(
    app: App,
    identity: Identity,
    spoken: Spoken,
    source: str,
    caller: Caller,
    trace_id: str,
    tx: Transaction,
    *,
    with_enrolment: bool = False,
) -> tuple[VoicePrint, int]:
    """A print and its log entry, within `tx`. Raises EnrolmentRefused."""
    made = app.voices.add(
        identity, spoken, source=source, at=app.clock(), by=caller.name, tx=tx, with_enrolment=with_enrolment
    )
    return made, _log(app, IDENTITY_VOICE_ADDED, made, caller, trace_id, tx, outcome=made.review)


def listing(app: App, identity_id: str, caller: Caller) -> list[VoicePrint]:
    """The prints of an identity, oldest first. Raises IdentityUnknown."""
    caller.require("operator", "auditor")
    with app.db.reading() as rx:
        app.identities.get(identity_id, rx)
        return app.voices.of(identity_id, rx)


def remove(app: App, identity_id: str, voice_id: str, caller: Caller, trace_id: str) -> int:
    """Destroy a print; returns the log index. Raises VoiceUnknown."""
    caller.require("operator")
    with app.db.transaction() as tx:
        removed = app.voices.remove(identity_id, voice_id, tx)
        index = _log(app, IDENTITY_VOICE_REMOVED, removed, caller, trace_id, tx)
    app.db.forget()
    return index


def review(
    app: App, identity_id: str, voice_id: str, *, approve: bool, caller: Caller, trace_id: str
) -> tuple[VoicePrint, int]:
    """Decide on a pending print as a second operator. Raises VoiceUnknown, ReviewRefused."""
    caller.require("operator")
    with app.db.transaction() as tx:
        decided = app.voices.review(
            identity_id, voice_id, approve=approve, at=app.clock(), by=caller.name, tx=tx
        )
        index = _log(app, IDENTITY_VOICE_REVIEWED, decided, caller, trace_id, tx, outcome=decided.review)
    app.db.forget()
    return decided, index


def hear(app: App, identity_id: str, voice_id: str, caller: Caller, trace_id: str) -> bytes:
    """The recordings behind a print, a WAV file; empty where they are not kept. Raises VoiceUnknown."""
    caller.require("operator")
    with app.db.transaction() as tx:
        speech = app.voices.speech(identity_id, voice_id, tx)
        body = {"caller": caller.name, "identity_id": identity_id, "trace_id": trace_id}
        app.log.append(tx, Entry(IDENTITY_VIEWED, body, at=app.clock()))
    return b"" if speech is None else encode_wav(speech)


def own_voice(
    app: App, consent: Consent, ask: Ask, speech: Speech | None, caller: Caller, gate: Decision
) -> Ask:
    """`ask` with whose voice it is said in; costs nothing where the consent does not ask for the own voice.

    Raises:
        VoiceOther, VoiceUnclear, VoiceMissing: it was not found to be the sitter's own.
        QuotaRefused: refused too often lately.
        EncoderUnusable, ModelError: nobody can listen.
    """
    if not consent.scope.own_voice_only:
        return replace(ask, voice=Voice.NOT_ASKED.value)
    encoder = app.voices.encoder
    gate.note(voice_encoder_sha256=encoder.sha256, voice_profile=app.voices.profile)
    try:
        found = app.voices.verify(consent.identity_id, speech, by=caller.name, at=app.clock())
    except VoiceOther:
        gate.note(voice=Voice.OTHER.value)
        raise
    except VoiceUnclear:
        gate.note(voice=Voice.UNKNOWN.value)
        raise
    gate.note(voice=found.voice.value)
    return replace(ask, voice=found.voice.value)


def of_film(app: App, session: Session, film: Path) -> bytes:
    """What was said in a session's film as a WAV file, if its scope asks for the own voice; else empty.

    Raises SessionSilent when no voice can be made of it: the sitter may try again.
    """
    if not session.scope.own_voice_only:
        return b""
    with open_video(film) as opened:
        speech = opened.speech()
    if speech is None:
        raise SessionSilent("nothing can be heard in the film: let the browser or app use the microphone")
    heard = Speech(speech.at(RATE), RATE)
    try:
        app.voices.prepare([heard])
    except EnrolmentRefused as error:
        raise SessionSilent(
            f"the film's sound does not do as a sample of the voice: {error}", **error.metadata
        ) from error
    return encode_wav(heard)


def require(app: App, consent: Consent, tx: Reading) -> None:
    """Raises VoiceMissing for a consent to the own voice alone of an identity that has none on record."""
    if consent.scope.own_voice_only:
        app.voices.require(consent.identity_id, tx)


def _check_speaks(identity: Identity) -> None:
    if identity.state == "erased":
        raise IdentityErased("this identity was erased: enrol it again")
    if identity.protected:
        raise IdentityProtected("this identity must not be animated: no voice is taken of it")


def _check_source(app: App, identity: Identity, source: str, tx: Transaction) -> None:
    """A living person's recordings join a voice that was heard in a session, where sessions are required."""
    if identity.basis != "consent" or source == "session" or app.settings.living_consent != "session":
        return
    if not any(each.source == "session" for each in app.voices.of(identity.identity_id, tx)):
        raise EnrolmentRefused(
            "a living person's voice begins with a consent session here: add one with --session first",
            part="voice", fault="session",
        )  # fmt: skip


def _log(
    app: App, kind: str, each: VoicePrint, caller: Caller, trace_id: str, tx: Transaction, **more: str
) -> int:
    body = {
        "caller": caller.name, "identity_id": each.identity_id, "trace_id": trace_id,
        "voice_id": each.voice_id, "voice_encoder_sha256": each.encoder_sha256, "source": each.source, **more,
    }  # fmt: skip
    index: int = app.log.append(tx, Entry(kind, body, at=app.clock()))
    return index
