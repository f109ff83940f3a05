"""Generate's twelve gates: what passes each, what is refused there, and that each one is needed."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.errors import RenderCancelled, RenderFailed
from perception.errors import FaceNotFound, MediaEmpty, MediaUnsupported, SeveralFaces, SpeechSilent
from safety.errors import (
    CallerForbidden,
    ConsentExpired,
    ConsentForeign,
    ConsentNotYetValid,
    ConsentScope,
    ConsentUnknown,
    ConsentWithdrawn,
    IdentityErased,
    IdentityMismatch,
    IdentityUnknown,
    InspectionRefused,
    PermitSpent,
    PolicyRefused,
    PurposeUnknown,
    QuotaRefused,
    RequestConflict,
    SignerUnavailable,
    StoreUnavailable,
)
from safety.log import pages
from service.caller import Caller
from service.demo.characters import draw
from service.enroll import erase
from service.run import Gate
from tests.conftest import CONTROLS
from tests.fakes import FilmWorkers
from tests.pipeline.conftest import CLIENT, OPERATOR, TRACE, Stage


def film_of(stage: Stage) -> FilmWorkers:
    workers = stage.app.workers
    assert isinstance(workers, FilmWorkers)
    return workers


def test_a_release_passed_every_gate_and_is_on_record(stage: Stage) -> None:
    """Each gate wrote its entry under the request's trace, in order; the file is what the log says."""
    release = stage.ask()
    entries = stage.entries(record_id=release.record.record_id)
    assert [e["gate"] for e in entries] == list(Gate)
    assert {e["trace_id"] for e in entries} == {TRACE}
    assert len({e["span_id"] for e in entries}) == len(Gate)
    assert entries[-1]["kind"] == "issue"
    assert list(release.timings) == list(Gate)
    stored = stage.app.blobs.path(release.record.record_id).read_bytes()
    assert len(stored) == release.record.clip_bytes
    assert stage.app.records.get(release.record.record_id) == release.record
    assert str(release.record.log_index) in release.receipt
    assert stage.app.credentials.read(stored).ours


def test_the_intent_is_on_record_before_a_frame_exists(stage: Stage) -> None:
    """When the worker starts, the log has the intent, and the permit is spent."""
    seen: list[str] = []

    def look(job: Any) -> None:
        seen.extend(e["kind"] for e in stage.entries(record_id=job.payload.hex()))

    film_of(stage).on_start = look
    stage.ask()
    assert seen == ["decision"] * 5 + ["intent"]


def test_the_same_request_is_answered_once(stage: Stage) -> None:
    """The same id and body give the same clip without rendering; another body is a conflict."""
    first = stage.ask(request_id="5c1f7d0e-0d43-4c5e-8f1e-111111111111")
    again = stage.ask(request_id="5c1f7d0e-0d43-4c5e-8f1e-111111111111")
    assert again.record == first.record
    assert len(film_of(stage).jobs) == 1
    with pytest.raises(RequestConflict):
        stage.ask(request_id="5c1f7d0e-0d43-4c5e-8f1e-111111111111", channel="social")


def test_a_release_is_not_given_again_after_the_withdrawal(stage: Stage) -> None:
    """A retry passes the consent gate too."""
    release = stage.ask(request_id="5c1f7d0e-0d43-4c5e-8f1e-222222222222")
    stage.withdraw()
    with pytest.raises(ConsentWithdrawn):
        stage.ask(request_id="5c1f7d0e-0d43-4c5e-8f1e-222222222222")
    assert stage.app.records.names() == {release.record.record_id}


# 1. admit


def test_admit_wants_a_client(stage: Stage) -> None:
    """An auditor or a suspended client does not generate."""
    stage.refused(CallerForbidden, Gate.ADMIT, caller=Caller("auditor", frozenset({"auditor"})))
    stage.refused(CallerForbidden, Gate.ADMIT, caller=Caller(CLIENT.name, CLIENT.roles, suspended=True))


def test_admit_wants_a_known_purpose(stage: Stage) -> None:
    """A code that nobody defined; a prohibited one is known, and no consent can name it."""
    error = stage.refused(PurposeUnknown, Gate.ADMIT, purpose="world-domination")
    assert "education" in str(error)
    stage.refused(ConsentScope, Gate.CONSENT, purpose="fraud")


def test_admit_keeps_the_quota(stage: Stage) -> None:
    """A caller over its daily number is refused before its upload is looked at; refusals cost nothing."""
    app = replace(stage.app, settings=replace(stage.app.settings, clips_per_day=1))
    stage.refused(MediaEmpty, Gate.INTAKE, app=app, portrait=b"")
    release = stage.ask(app=app)
    with pytest.raises(QuotaRefused):
        stage.ask(app=app, portrait=b"")
    assert stage.app.records.names() == {release.record.record_id}


# 2. intake


def picture(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"portrait": b""}, MediaEmpty),
        ({"portrait": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"}, MediaUnsupported),
        ({"speech": b"ffconcat version 1.0\nfile /etc/passwd\n"}, MediaUnsupported),
        ({"speech": b""}, MediaEmpty),
    ],
)
def test_intake_refuses_what_is_no_media(
    stage: Stage, changes: dict[str, bytes], error: type[Exception]
) -> None:
    """Nothing, a playlist, a concat script: typed, logged, nothing rendered."""
    stage.refused(error, Gate.INTAKE, **changes)
    assert film_of(stage).jobs == []


def test_intake_refuses_silence(stage: Stage, speech_wav: bytes) -> None:
    """A recording of nothing is no speech."""
    header = speech_wav[:-200_000]
    silent = speech_wav.replace(speech_wav[44:], b"\0" * len(speech_wav[44:]))
    assert header
    stage.refused(SpeechSilent, Gate.INTAKE, speech=silent)


# 3. identify


def test_identify_refuses_another_face(stage: Stage, stranger: bytes) -> None:
    """A portrait of somebody else under this identity's name."""
    error = stage.refused(IdentityMismatch, Gate.IDENTIFY, portrait=stranger)
    assert not any(character.isdigit() for character in str(error))  # no distance: answers are no oracle


def test_identify_refuses_no_face_and_two_faces(stage: Stage) -> None:
    """Exactly one face must be in the picture."""
    stage.refused(FaceNotFound, Gate.IDENTIFY, portrait=picture(np.full((256, 256, 3), 120, np.uint8)))
    both = np.concatenate([draw("mira", 512), draw("osei", 512)], axis=1)
    stage.refused(SeveralFaces, Gate.IDENTIFY, portrait=picture(both))


def test_identify_refuses_unknown_and_erased(stage: Stage) -> None:
    """An id nobody has, and one whose templates were destroyed."""
    stage.refused(IdentityUnknown, Gate.IDENTIFY, identity_id="0" * 32)
    erase(stage.app, stage.identity.identity_id, OPERATOR, TRACE)
    stage.refused(IdentityErased, Gate.IDENTIFY)


# 4. consent


def test_consent_refuses_what_it_does_not_cover(stage: Stage) -> None:
    """Unknown, another's, withdrawn, too early, too late, and each part of the scope."""
    now = stage.app.clock()
    stage.refused(ConsentUnknown, Gate.CONSENT, consent_id="0" * 32)
    other = stage.enroll((picture(draw("osei", 512)),), label="Other")
    stage.refused(ConsentForeign, Gate.CONSENT, consent_id=stage.grant(other).consent_id)
    later = stage.grant(not_before=now + timedelta(hours=1), not_after=now + timedelta(hours=2))
    stage.refused(ConsentNotYetValid, Gate.CONSENT, consent_id=later.consent_id)
    for changes in (
        {"purpose": "film"}, {"territory": "FR"}, {"channel": "social"},
        {"controls": replace(CONTROLS, gaze=(10.0, 0.0))},
        {"controls": replace(CONTROLS, emotion=(("sad", 0.5),))},
        {"caller": Caller("other", frozenset({"client"}))},
    ):  # fmt: skip
        stage.refused(ConsentScope, Gate.CONSENT, **changes)
    short = stage.grant(max_seconds=1.0)
    stage.refused(ConsentScope, Gate.CONSENT, consent_id=short.consent_id)
    stage.withdraw()
    stage.refused(ConsentWithdrawn, Gate.CONSENT)


def test_consent_expires(stage: Stage) -> None:
    """From the end of its term on, by the service's clock."""
    end = stage.consent.scope.not_after
    app = replace(stage.app, clock=lambda: end)
    stage.refused(ConsentExpired, Gate.CONSENT, app=app)


# 5. permit


def test_permit_refuses_what_the_policy_forbids(stage: Stage) -> None:
    """Advertising without a label: consented to, forbidden all the same; the rule is named and logged."""
    consent = stage.grant(purposes=frozenset({"advertising"}))
    error = stage.refused(PolicyRefused, Gate.PERMIT, purpose="advertising", consent_id=consent.consent_id)
    assert error.metadata["rules"] in stage.entries(kind="refusal")[-1]["rules"]


# 6. intent


def test_intent_spends_the_permit(stage: Stage) -> None:
    """A permit that was used before is refused, whoever hands it in."""

    class Spent:
        def spend(self, tx: object, permit: object) -> None:
            raise PermitSpent("used before")

    stage.refused(PermitSpent, Gate.INTENT, app=replace(stage.app, permits=Spent()))  # type: ignore[arg-type]
    assert film_of(stage).jobs == []


# 7. generate


def test_generate_ends_when_the_consent_is_withdrawn(stage: Stage) -> None:
    """A withdrawal between two frames ends the job before the next one."""
    made: list[int] = []

    def frame(index: int) -> None:
        made.append(index)
        if index == 5:
            stage.withdraw()

    film_of(stage).on_frame = frame
    with pytest.raises((RenderCancelled, ConsentWithdrawn)):
        stage.ask()
    assert max(made) <= 6
    assert stage.entries(kind="refusal")[-1]["gate"] in ("mark", "generate")
    stage.nothing_left()


def test_generate_ends_when_the_caller_goes_away(stage: Stage) -> None:
    """The call's end ends the job."""

    def frame(index: int) -> None:
        if index == 3:
            assert stage.run is not None
            stage.run.stop("the caller went away")

    film_of(stage).on_frame = frame
    with pytest.raises(RenderCancelled, match="went away"):
        stage.ask()
    stage.nothing_left()


def test_generate_that_breaks_leaves_nothing(stage: Stage) -> None:
    """A worker's failure is typed; the half-made file goes."""

    def broken(index: int) -> None:
        if index == 4:
            raise RenderFailed("the worker process ended")

    film_of(stage).on_frame = broken
    with pytest.raises(RenderFailed):
        stage.ask()
    stage.nothing_left()


# 8. mark and 9. inspect


def test_mark_refuses_a_draft_that_was_marked_otherwise(stage: Stage) -> None:
    """A worker that says it marked another record, or not every frame, is not believed any further."""

    class Careless:
        def make(self, *given: Any) -> Any:
            return replace(film_of(stage).make(*given), **self.changes)

        def __init__(self, **changes: Any) -> None:
            self.changes = changes

    for changes in ({"payload": bytes(12)}, {"marked": 3}, {"sound": None}):
        app = replace(stage.app, workers=Careless(**changes))  # type: ignore[arg-type]
        stage.refused(InspectionRefused, Gate.MARK, app=app)


@pytest.mark.parametrize("payload", [b"", bytes(range(12))], ids=["unmarked", "another record's mark"])
def test_inspect_refuses_a_clip_without_its_mark(stage: Stage, payload: bytes) -> None:
    """What does not carry this record's name, read back from the file, is not released."""
    film_of(stage).payload = payload
    error = stage.refused(InspectionRefused, Gate.INSPECT)
    assert "inspect.watermark" in error.metadata["rules"]


def test_inspect_refuses_sound_without_its_mark(stage: Stage) -> None:
    """Frames marked, sound not: what could be cut from the clip and not be recognised is not released."""
    film_of(stage).mute_mark = True
    error = stage.refused(InspectionRefused, Gate.INSPECT)
    assert error.metadata["rules"] == "inspect.sound_mark"


def test_sound_that_cannot_carry_a_mark_is_on_record(stage: Stage) -> None:
    """Where the worker says the sound is too little for a mark, an unread one passes and is noted."""
    workers = film_of(stage)
    workers.mute_mark = True

    class Whisper:
        def make(self, *given: Any) -> Any:
            return replace(workers.make(*given), sound=3.0)

    stage.ask(app=replace(stage.app, workers=Whisper()))  # type: ignore[arg-type]
    assert [entry["sound_mark"] for entry in stage.entries(gate="inspect")] == ["not_carried"]


def test_inspect_refuses_another_face_in_the_frames(stage: Stage) -> None:
    """A fault or a trick that shows somebody else."""
    size = CONTROLS.size
    other = np.asarray(Image.fromarray(draw("osei", 512)).resize((size, size)))
    film_of(stage).film = [other] * len(film_of(stage).film)
    error = stage.refused(InspectionRefused, Gate.INSPECT)
    assert "inspect.sitter" in error.metadata["rules"]


def test_inspect_refuses_a_frozen_mouth(stage: Stage) -> None:
    """Speech over a still picture is not what was asked for."""
    workers = film_of(stage)
    workers.film = [workers.film[0]] * len(workers.film)
    error = stage.refused(InspectionRefused, Gate.INSPECT)
    assert "inspect." in error.metadata["rules"]


# 10. consent again


def test_consent_again_catches_a_withdrawal_after_the_last_frame(stage: Stage) -> None:
    """Withdrawn when the frames are made: the clip is not even signed."""
    film_of(stage).on_end = lambda job: stage.withdraw()
    signed: list[object] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(stage.app.credentials, name)

        def sign(self, *given: Any) -> Any:
            signed.append(given)
            return stage.app.credentials.sign(*given)

    error: Any = (RenderCancelled, ConsentWithdrawn)
    with pytest.raises(error):
        stage.ask(app=replace(stage.app, credentials=Watched()))  # type: ignore[arg-type]
    assert signed == []
    stage.nothing_left()


def test_consent_again_decides_by_itself(stage: Stage) -> None:
    """Also a consent that runs out during the render, which nobody announces, is seen before signing."""
    rendered: list[Any] = []
    now, end = stage.app.clock(), stage.consent.scope.not_after
    film_of(stage).on_end = rendered.append
    app = replace(stage.app, clock=lambda: end if rendered else now)
    stage.refused(ConsentExpired, Gate.CONSENT_AGAIN, app=app)


# 11. sign


def test_sign_that_fails_releases_nothing(stage: Stage) -> None:
    """A dead signer: typed, logged, nothing left."""

    class Dead:
        def __getattr__(self, name: str) -> Any:
            return getattr(stage.app.credentials, name)

        def sign(self, *given: Any) -> Any:
            raise SignerUnavailable("the key service does not answer")

    stage.refused(SignerUnavailable, Gate.SIGN, app=replace(stage.app, credentials=Dead()))  # type: ignore[arg-type]


# 12. release


def test_release_checks_the_consent_in_its_own_transaction(stage: Stage) -> None:
    """Withdrawn while the clip is signed: no issue, no record, no stored clip after the next start."""

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(stage.app.credentials, name)

        def sign(self, source: Path, target: Path, *rest: Any) -> Any:
            signed = stage.app.credentials.sign(source, target, *rest)
            stage.withdraw()
            return signed

    with pytest.raises((ConsentWithdrawn, RenderCancelled)):
        stage.ask(app=replace(stage.app, credentials=Slow()))  # type: ignore[arg-type]
    assert stage.entries(kind="issue") == []
    assert stage.app.records.names() == set()
    stage.nothing_left()


def test_release_sees_a_withdrawal_at_its_last_moment(stage: Stage) -> None:
    """Withdrawn once gate 12 has stored the bytes: only the check in its transaction can tell."""

    class Stores:
        def __getattr__(self, name: str) -> Any:
            return getattr(stage.app.blobs, name)

        def put(self, key: str, source: Path) -> None:
            stage.app.blobs.put(key, source)
            stage.withdraw()

    stage.refused(ConsentWithdrawn, Gate.RELEASE, app=replace(stage.app, blobs=Stores()))  # type: ignore[arg-type]
    assert stage.entries(kind="issue") == []


def test_release_needs_the_log(stage: Stage) -> None:
    """An issue that cannot be appended rolls the record back; what was stored before it is gone."""

    class Full:
        def __getattr__(self, name: str) -> Any:
            return getattr(stage.app.log, name)

        def append(self, tx: Any, entry: Any) -> int:
            if entry.kind == "issue":
                raise StoreUnavailable("the disk is full")
            return stage.app.log.append(tx, entry)

    stage.refused(StoreUnavailable, Gate.RELEASE, app=replace(stage.app, log=Full()))  # type: ignore[arg-type]


def test_a_gate_whose_decision_cannot_be_logged_is_not_passed(stage: Stage) -> None:
    """The log is the record: without it nothing goes on."""

    class Deaf:
        def __getattr__(self, name: str) -> Any:
            return getattr(stage.app.log, name)

        def record(self, entry: Any) -> int:
            raise StoreUnavailable("the disk is full")

    with pytest.raises(StoreUnavailable):
        stage.ask(app=replace(stage.app, log=Deaf()))  # type: ignore[arg-type]
    assert film_of(stage).jobs == []
    assert list(pages(stage.app.log, kind="refusal")) == []
    stage.nothing_left()
