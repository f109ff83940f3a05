"""Generate with a blendshape track: what passes, and what is refused where."""

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import TrackUnusable
from engine.motion import plan_motion
from engine.state import Amplitude, Crop
from engine.track import Track
from engine.track_csv import write_live_link
from perception.audio import Speech
from perception.errors import MediaEmpty
from perception.video import open_video
from safety.errors import ConsentScope, InspectionRefused, RequestConflict
from safety.verdict import Verdict
from service.detect import detect
from service.run import Gate
from tests.conftest import CONTROLS
from tests.fakes import FilmWorkers
from tests.pipeline.conftest import Stage


@pytest.fixture(scope="module")
def track(speech: Speech) -> Track:
    """The motion of the film that the stage plays."""
    return Track.of(plan_motion(speech, CONTROLS))


@pytest.fixture(scope="module")
def csv(track: Track) -> bytes:
    return write_live_link(track).encode()


@pytest.fixture
def steered(stage: Stage) -> Stage:
    """A stage whose consent covers tracks."""
    consent = stage.grant(controls=frozenset({"track"}))
    return replace(stage, consent=consent, request=replace(stage.request, consent_id=consent.consent_id))


def film_of(stage: Stage) -> FilmWorkers:
    workers = stage.app.workers
    assert isinstance(workers, FilmWorkers)
    return workers


def test_a_track_moves_the_face_and_is_on_record(steered: Stage, csv: bytes) -> None:
    """The worker gets it; log and credentials have a commitment to it, and it is an ingredient."""
    release = steered.ask(track=csv)
    (job,) = film_of(steered).jobs
    assert job.track is not None
    assert job.mode == "instead"
    (intake,) = steered.entries(record_id=release.record.record_id)[1:2]
    assert intake["track"] == steered.app.commitments.of(steered.identity.identity_id)("track", csv)
    assert intake["track_mode"] == "instead"
    signed = steered.app.credentials.read(steered.app.blobs.path(release.record.record_id))
    assert signed.ours
    assert dict(signed.consent)["track"] == intake["track"]
    assert [title for title, _, _ in signed.ingredients] == ["portrait", "speech", "track"]
    names = [check["name"] for check in release.record.report["checks"]]
    assert "lips_as_told" in names
    assert "lips_in_time" not in names


def test_a_track_alone_makes_a_clip_without_sound(steered: Stage, csv: bytes, track: Track) -> None:
    """It passes every gate; no speech is committed to, and the file has no sound."""
    release = steered.ask(track=csv, speech=b"")
    assert list(release.timings) == list(Gate)
    intake = steered.entries(record_id=release.record.record_id)[1]
    assert "speech" not in intake
    assert intake["seconds"] == pytest.approx(track.seconds, abs=0.002)
    path = steered.app.blobs.path(release.record.record_id)
    with open_video(path) as video:
        assert not video.info.has_sound
    signed = steered.app.credentials.read(path)
    assert [title for title, _, _ in signed.ingredients] == ["portrait", "track"]
    assert detect(steered.app, path).verdict == Verdict.ISSUED_INTACT


def test_on_top_the_lips_still_answer_to_the_sound(steered: Stage, csv: bytes) -> None:
    """The job is told so, and the audit listens."""
    release = steered.ask(track=csv, track_mode="on-top")
    assert film_of(steered).jobs[0].mode == "on-top"
    names = [check["name"] for check in release.record.report["checks"]]
    assert "lips_move" in names
    assert "lips_as_told" not in names


def test_lips_that_do_not_move_as_the_track_does_are_refused(steered: Stage, track: Track) -> None:
    """A film of another motion under this track does not leave."""
    backwards = Track(track.times, np.ascontiguousarray(track.values[::-1]))
    error = steered.refused(InspectionRefused, Gate.INSPECT, track=write_live_link(backwards).encode())
    assert "inspect.lips_as_told" in error.metadata["rules"]


def test_intake_refuses_what_is_no_track(steered: Stage, csv: bytes, track: Track) -> None:
    """Other bytes, one that ends long before the speech; nothing is rendered."""
    short = Track(track.times[:40], track.values[:40])
    for bad in (b"\x89PNG", b"time,jawOpen\n0,0\n", csv[:2000], write_live_link(short).encode()):
        steered.refused(TrackUnusable, Gate.INTAKE, track=bad)
    assert film_of(steered).jobs == []


def test_without_speech_a_track_must_stand_alone(steered: Stage, csv: bytes) -> None:
    """No speech and no track, or a track on top of nothing: the speech is missing."""
    steered.refused(MediaEmpty, Gate.INTAKE, speech=b"")
    steered.refused(MediaEmpty, Gate.INTAKE, speech=b"", track=csv, track_mode="on-top")


def test_consent_must_cover_each_control(stage: Stage, csv: bytes) -> None:
    """Track, amplitude, pose and framing are controls of their own; a consent to others is none to them."""
    stage.refused(ConsentScope, Gate.CONSENT, track=csv)
    stage.refused(ConsentScope, Gate.CONSENT, track=csv, track_mode="on-top")
    moved = {"amplitude": Amplitude(head=0.5), "pose": (5.0, 0.0, 0.0), "framing": Crop(0.5, 0.5, 0.95)}
    for name, value in moved.items():
        stage.refused(ConsentScope, Gate.CONSENT, controls=replace(CONTROLS, **{name: value}))
    consent = stage.grant(controls=frozenset(moved))
    stage.ask(controls=replace(CONTROLS, **moved), consent_id=consent.consent_id)


def test_a_consent_is_held_to_the_length_of_the_track(steered: Stage, csv: bytes) -> None:
    """Without speech the track's length is the clip's."""
    consent = steered.grant(controls=frozenset({"track"}), max_seconds=3.0)
    steered.refused(ConsentScope, Gate.CONSENT, track=csv, speech=b"", consent_id=consent.consent_id)


def test_another_track_is_another_request(steered: Stage, csv: bytes) -> None:
    """The same id with another track, or another mode, is a conflict."""
    name = "5c1f7d0e-0d43-4c5e-8f1e-333333333333"
    first = steered.ask(request_id=name, track=csv)
    assert steered.ask(request_id=name, track=csv).record == first.record
    for changes in ({"track": csv + b"\n"}, {"track": csv, "track_mode": "on-top"}, {}):
        with pytest.raises(RequestConflict):
            steered.ask(request_id=name, **changes)
