"""A consent to the sitter's own voice alone: what is asked of it, and what the gates then let through."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perception.audio import Speech, encode_wav
from perception.video import write_video
from safety.consent import Consent
from safety.errors import (
    ConsentScope,
    EncoderUnusable,
    EnrolmentRefused,
    IdentityProtected,
    PolicyRefused,
    ReviewRefused,
    SessionForeign,
    SessionSilent,
    SessionSpent,
    VoiceMissing,
    VoiceOther,
    VoiceUnclear,
    VoiceUnknown,
)
from safety.retention import Terms
from safety.session.rows import PASSED, Session
from safety.voices.mel import RATE
from safety.voices.prints import Voices
from service import generate as generation
from service import voices
from service.consents import amend, renew
from service.demo.cast import png
from service.demo.characters import draw
from service.enroll import EnrolmentRequest, enroll, erase, review, sweep
from service.run import Gate
from service.sessions import pack, voice_of
from tests.pipeline.conftest import OPERATOR, REVIEWER, TRACE, Stage
from tests.voiced import ToneEncoder, joined, voice

OTHER = 210.0


@pytest.fixture
def ear() -> ToneEncoder:
    return ToneEncoder()


@pytest.fixture
def spoken(stage: Stage, ear: ToneEncoder, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stage, whose speaker encoder hears tones."""
    monkeypatch.setattr(stage.app.voices, "_open", lambda: ear)
    return stage


@pytest.fixture
def own(speech: Speech) -> bytes:
    """A recording of whoever speaks in the stage's requests, long enough for a print."""
    return encode_wav(joined(*[speech] * 5))


def added(stage: Stage, recording: bytes, approve: bool = True) -> str:
    """A voice print of the stage's character; returns its id."""
    made, _ = voices.add(stage.app, stage.identity.identity_id, (recording,), OPERATOR, TRACE)
    if approve:
        voices.review(
            stage.app, made.identity_id, made.voice_id, approve=True, caller=REVIEWER, trace_id=TRACE
        )
    return made.voice_id


def only_own(stage: Stage) -> Consent:
    """One more consent, to the own voice alone."""
    return stage.grant(own_voice_only=True)


def change(stage: Stage, consent: Consent, **scope: Any) -> Consent:
    changed, _ = amend(
        stage.app, consent.consent_id, consent.version, replace(consent.scope, **scope), evidence="yes",
        notice="test-1", caller=OPERATOR, trace_id=TRACE,
    )  # fmt: skip
    return changed


def test_without_it_nobody_listens(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A consent that does not ask for the own voice costs no encoder: none is even loaded; facts say so."""

    def never() -> Any:
        raise EncoderUnusable("nobody asked")

    monkeypatch.setattr(stage.app.voices, "_open", never)
    release = stage.ask()
    logged = stage.entries(kind="decision", record_id=release.record.record_id)
    assert not [entry for entry in logged if "voice" in entry or "voice_profile" in entry]


def test_own_speech_is_animated_and_logged(spoken: Stage, own: bytes, ear: ToneEncoder) -> None:
    """Enrolled, approved, agreed: the clip leaves, and the gate's entry has what listened, no score."""
    added(spoken, own)
    consent = only_own(spoken)
    release = spoken.ask(consent_id=consent.consent_id)
    (entry,) = [
        each
        for each in spoken.entries(kind="decision", record_id=release.record.record_id)
        if each["gate"] == Gate.CONSENT
    ]
    assert (entry["voice"], entry["voice_profile"]) == ("same", "default")
    assert entry["voice_encoder_sha256"] == ear.sha256
    assert not [value for value in entry.values() if isinstance(value, float)]


@pytest.mark.parametrize("kind", ["other", "mixed"])
def test_another_voice_ends_at_the_gate(spoken: Stage, own: bytes, speech: Speech, kind: str) -> None:
    """Somebody else's speech, or the sitter's with a stretch of it, is refused before anything renders."""
    added(spoken, own)
    consent = only_own(spoken)
    foreign = voice(OTHER, 5)
    said = foreign if kind == "other" else joined(Speech(speech.samples, speech.rate), foreign)
    error = spoken.refused(VoiceOther, Gate.CONSENT, consent_id=consent.consent_id, speech=encode_wav(said))
    assert error.metadata == {}
    refusal = spoken.entries(kind="refusal")[-1]
    assert (refusal["reason"], refusal["voice"]) == ("VOICE_OTHER", "other")
    assert spoken.app.workers.jobs == []  # type: ignore[attr-defined]  # the fake's


def test_too_short_to_know(spoken: Stage, own: bytes) -> None:
    """A second of speech is unclear."""
    added(spoken, own)
    consent = only_own(spoken)
    short = encode_wav(voice(OTHER, 1.2))
    spoken.refused(VoiceUnclear, Gate.CONSENT, consent_id=consent.consent_id, speech=short)
    assert spoken.entries(kind="refusal")[-1]["voice"] == "unknown"


def test_agreeing_needs_a_voice_on_record(spoken: Stage, own: bytes) -> None:
    """Granting, amending to it and renewing it are refused without one, with what to do; a print that waits
    for its second operator is none."""
    with pytest.raises(VoiceMissing, match="sitter identity voice add"):
        only_own(spoken)
    with pytest.raises(VoiceMissing):
        change(spoken, spoken.consent, own_voice_only=True)
    voice_id = added(spoken, own, approve=False)
    with pytest.raises(VoiceMissing):
        only_own(spoken)
    voices.review(
        spoken.app, spoken.identity.identity_id, voice_id, approve=True, caller=REVIEWER, trace_id=TRACE
    )
    consent = only_own(spoken)
    voices.remove(spoken.app, spoken.identity.identity_id, voice_id, OPERATOR, TRACE)
    with pytest.raises(VoiceMissing):
        renew(
            spoken.app, consent.consent_id, consent.version, consent.scope.not_after + timedelta(days=1),
            evidence="yes", notice="n", caller=OPERATOR, trace_id=TRACE,
        )  # fmt: skip
    assert spoken.app.consents.get(consent.consent_id).version == consent.version
    spoken.refused(VoiceMissing, Gate.CONSENT, consent_id=consent.consent_id)


def test_amended_while_it_renders(spoken: Stage, own: bytes) -> None:
    """A clip whose voice nobody listened to does not leave once the consent asks for the own one."""
    added(spoken, own)
    workers = spoken.app.workers
    workers.on_start = lambda job: change(spoken, spoken.consent, own_voice_only=True)  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="does not cover this any more: voice"):
        spoken.ask()
    spoken.nothing_left()


def test_a_release_is_not_handed_out_again_unheard(spoken: Stage, own: bytes) -> None:
    """The same request after such an amendment is listened to first: it passes only in the own voice."""
    added(spoken, encode_wav(voice(OTHER, 16)))
    release = spoken.ask(request_id="4f6c1c44-55f1-4a3a-8d5c-0f8f3a1f0a11")
    change(spoken, spoken.consent, own_voice_only=True)
    before = spoken.app.records.names()
    with pytest.raises(VoiceOther):
        spoken.ask(request_id="4f6c1c44-55f1-4a3a-8d5c-0f8f3a1f0a11")
    spoken.nothing_left(before)
    assert release.record.record_id in before


def test_the_gate_and_the_policy_both_hold(
    spoken: Stage, own: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the gate's listening were left out, the consent refuses; if that were, too, the policy does."""
    added(spoken, own)
    consent = only_own(spoken)
    forget: Callable[..., Any] = lambda app, consent, ask, *rest: replace(ask, voice="not_asked")  # noqa: E731
    monkeypatch.setattr(generation, "own_voice", forget)
    spoken.refused(PolicyRefused, Gate.PERMIT, consent_id=consent.consent_id)
    assert "voice.own" in spoken.entries(kind="refusal")[-1]["rules"]
    with pytest.raises(ConsentScope, match="voice"):
        spoken.app.consents.verify(
            consent.consent_id,
            replace(spoken.request.ask(spoken.run._caller, 1.0), voice="not_asked"),  # type: ignore[union-attr]
            at=spoken.app.clock(),
        )


def test_the_encoder_gone_refuses(spoken: Stage, own: bytes) -> None:
    """No encoder, no clip."""
    added(spoken, own)
    consent = only_own(spoken)

    def broken() -> Any:
        raise EncoderUnusable("gone")

    app = spoken.app
    deaf = Voices(app.db, app.voices._rows._vault, app.voices._protection, broken)
    with pytest.raises(EncoderUnusable):
        spoken.ask(app=replace(app, voices=deaf), consent_id=consent.consent_id)
    spoken.nothing_left()


def test_enrolled_with_its_pictures(spoken: Stage, own: bytes) -> None:
    """A voice given with an enrolment is heard by its reviewer, counts with the approval, goes with the
    rejection, and its recordings stay no longer than that."""
    app = spoken.app
    request = EnrolmentRequest(
        "character", "x", "ours", False, False, (png(draw("osei", 512)),), voices=(own,)
    )
    identity, _ = enroll(app, request, OPERATOR, TRACE)
    (made,) = voices.listing(app, identity.identity_id, OPERATOR)
    heard = voices.hear(app, identity.identity_id, made.voice_id, REVIEWER, TRACE)
    assert heard.startswith(b"RIFF")
    review(app, identity.identity_id, approve=True, caller=REVIEWER, trace_id=TRACE)
    assert voices.hear(app, identity.identity_id, made.voice_id, REVIEWER, TRACE) == b""
    assert spoken.grant(identity, own_voice_only=True).scope.own_voice_only
    kinds = [entry["kind"] for entry in spoken.entries(identity_id=identity.identity_id)]
    assert "identity.voice_added" in kinds
    assert kinds.count("identity.viewed") == 2
    erase(app, identity.identity_id, OPERATOR, TRACE)
    assert voices.listing(app, identity.identity_id, OPERATOR) == []


def test_rejected_with_its_pictures(spoken: Stage, own: bytes) -> None:
    """A rejected enrolment leaves no print."""
    request = EnrolmentRequest(
        "character", "x", "ours", False, False, (png(draw("osei", 512)),), voices=(own,)
    )
    identity, _ = enroll(spoken.app, request, OPERATOR, TRACE)
    review(spoken.app, identity.identity_id, approve=False, caller=REVIEWER, trace_id=TRACE)
    assert voices.listing(spoken.app, identity.identity_id, OPERATOR) == []


def test_recordings_end_with_the_term_of_the_pictures(spoken: Stage, own: bytes) -> None:
    """Kept for a week, they are dropped by the same job; the print stays."""
    app = spoken.app
    request = EnrolmentRequest(
        "character", "x", "ours", False, False, (png(draw("osei", 512)),), voices=(own,),
        terms=Terms(media_days=7),
    )  # fmt: skip
    identity, _ = enroll(app, request, OPERATOR, TRACE)
    review(app, identity.identity_id, approve=True, caller=REVIEWER, trace_id=TRACE)
    (made,) = voices.listing(app, identity.identity_id, OPERATOR)
    assert voices.hear(app, identity.identity_id, made.voice_id, OPERATOR, TRACE)
    late = app.clock() + timedelta(days=8)
    assert sweep(replace(app, clock=lambda: late), OPERATOR, TRACE)[1] == [identity.identity_id]
    assert voices.hear(app, identity.identity_id, made.voice_id, OPERATOR, TRACE) == b""


def test_whose_voice_is_taken(spoken: Stage, own: bytes) -> None:
    """None of somebody protected; of a living person only after a session, where those are required; and
    nobody reviews what they added, or removes what is not there."""
    app = spoken.app
    protected = replace(spoken.identity, protected=True)
    with pytest.raises(IdentityProtected):
        voices._check_speaks(protected)
    with pytest.raises(EnrolmentRefused) as caught, app.db.transaction() as tx:
        voices._check_source(app, replace(spoken.identity, basis="consent"), "files", tx)
    assert caught.value.metadata["fault"] == "session"
    voice_id = added(spoken, own, approve=False)
    decide = {"approve": True, "caller": OPERATOR, "trace_id": TRACE}
    with pytest.raises(ReviewRefused):
        voices.review(app, spoken.identity.identity_id, voice_id, **decide)  # type: ignore[arg-type]
    with pytest.raises(VoiceUnknown):
        voices.remove(app, spoken.identity.identity_id, "f" * 32, OPERATOR, TRACE)


def test_a_clip_without_sound_is_unclear(spoken: Stage, own: bytes) -> None:
    """Where nothing is said, nothing is known of the voice: refused, not passed."""
    added(spoken, own)
    with pytest.raises(VoiceUnclear):
        spoken.app.voices.verify(
            spoken.identity.identity_id,
            Speech(np.zeros(RATE, np.float32), RATE),
            by="x",
            at=spoken.app.clock(),
        )
    with pytest.raises(VoiceUnclear):
        spoken.app.voices.verify(spoken.identity.identity_id, None, by="x", at=spoken.app.clock())


def test_what_was_said_in_a_session(spoken: Stage, own: bytes, film: list[Any], tmp_path: Path) -> None:
    """Of a film the sound is kept only where the scope asks for the own voice, in the pack beside the
    pictures; a sound that makes no voice is a refused attempt; and a session of somebody else, or one that
    kept nothing, adds no voice."""
    app, at = spoken.app, spoken.app.clock()
    session = Session(
        "5e" * 16, OPERATOR.name, spoken.identity.identity_id, spoken.consent.scope, at, at, at, None, 1,
        PASSED, "", at, "e" * 64, {}, False, 0,
    )  # fmt: skip
    asks = replace(session, scope=replace(session.scope, own_voice_only=True))
    path = tmp_path / "film.mp4"
    long = Speech(joined(voice(120.0, 6)).at(48_000), 48_000)
    write_video(path, iter(film * 2), fps=25, speech=long)
    assert voices.of_film(app, session, path) == b""
    said = voices.of_film(app, asks, path)
    assert voice_of(pack((film[0],), said)) == said
    assert voice_of(pack((film[0],))) == b""
    made, _ = voices.add(app, spoken.identity.identity_id, (), OPERATOR, TRACE, asks, said)
    assert made.source == "session"
    write_video(path, iter(film), fps=25, speech=Speech(np.zeros(48_000, np.float32), 48_000))
    with pytest.raises(SessionSilent):
        voices.of_film(app, asks, path)
    with pytest.raises(SessionForeign):
        voices.add(app, "0" * 32, (), OPERATOR, TRACE, asks, said)
    with pytest.raises(SessionSpent):
        voices.add(app, spoken.identity.identity_id, (), OPERATOR, TRACE, session, b"")
