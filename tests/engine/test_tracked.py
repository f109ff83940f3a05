"""A track that moves the face, alone or on top of speech, and what the controls do to it."""

import numpy as np
import pytest
from spoken import babble, spoken

import engine.animate
from engine.animate import move
from engine.errors import ControlOutOfRange, TrackUnusable
from engine.motion import Motion, plan_from_phonemes
from engine.motion.gaze import look_of
from engine.state import Amplitude, Controls, State
from engine.track import CHANNELS, Track
from engine.tracked import MISFIT, track_alone, track_on_top
from perception.audio import Speech


@pytest.fixture(scope="module")
def motion() -> Motion:
    return plan_from_phonemes(babble(2.0), Controls())


@pytest.fixture(scope="module")
def track(motion: Motion) -> Track:
    return Track.of(motion)


def steady(seconds: float = 2.0, **channels: float) -> Track:
    """The same all the time."""
    times = np.arange(round(seconds * 60)) / 60
    values = np.zeros((len(times), len(CHANNELS)), np.float32)
    for name, value in channels.items():
        values[:, CHANNELS.index(name)] = value
    return Track(times, values)


def look(state: State) -> tuple[float, float]:
    yaw, pitch = look_of(state.gaze, state.rotation)
    return float(yaw), float(pitch)


def test_alone_it_is_the_motion(motion: Motion, track: Track) -> None:
    """As many frames, each the same to rounding; at another rate the same moments."""
    again = track_alone(track, Controls())
    assert again.frames == motion.frames
    for index in range(motion.frames):
        wanted, found = motion.frame(index), again.frame(index)
        assert found.rotation == pytest.approx(wanted.rotation, abs=1e-5)
        assert found.gaze == pytest.approx(wanted.gaze, abs=1e-5)
        assert found["jawOpen"] == pytest.approx(wanted["jawOpen"], abs=1e-6)
        assert found["eyeBlinkLeft"] == pytest.approx(wanted["eyeBlinkLeft"], abs=1e-6)
    faster = track_alone(track, Controls(fps=50))
    assert faster.frames == pytest.approx(2 * motion.frames, abs=1)
    assert faster.frame(20).rotation == pytest.approx(again.frame(10).rotation)
    with pytest.raises(ControlOutOfRange):
        again.frame(again.frames)


def test_with_sound_it_lasts_as_long_as_the_sound() -> None:
    """A longer track is cut, a slightly shorter one holds, one that ends too early is refused."""
    track = steady(2.0)
    assert track_alone(track, Controls(), 1.0).frames == 25
    assert track_alone(track, Controls(), 2.0 + MISFIT - 0.01).frames == 62
    with pytest.raises(TrackUnusable, match="on top"):
        track_alone(track, Controls(), 2.0 + MISFIT + 0.1)
    with pytest.raises(TrackUnusable, match=r"0\.2"):
        track_alone(steady(0.1), Controls())


def test_pose_and_gaze_are_added_and_the_look_stays() -> None:
    """The head turns by the pose and the eyes stay where they looked; gaze moves the look by itself."""
    track = steady(headYaw=3.0, headPitch=-2.0, gazeYaw=5.0, gazePitch=1.0)
    before = track_alone(track, Controls()).frame(5)
    posed = track_alone(track, Controls(pose=(10.0, 4.0, 5.0))).frame(5)
    assert posed.rotation == pytest.approx((13.0, 2.0, 5.0))
    assert look(posed) == pytest.approx(look(before), abs=0.3)
    gazing = track_alone(track, Controls(gaze=(-8.0, -6.0))).frame(5)
    assert gazing.rotation == before.rotation
    assert look(gazing) == pytest.approx((0.0, -7.0), abs=0.3)
    assert gazing["eyeBlinkLeft"] > before["eyeBlinkLeft"]  # the lid goes down with the eye


def test_amplitude_scales_head_brows_and_depth_of_blinks() -> None:
    """Each its own channels; the look does not follow a head that is held still."""
    given = {"headYaw": 6.0, "headX": 0.1, "browInnerUp": 0.4, "eyeBlinkLeft": 0.8, "jawOpen": 0.3}
    track = steady(**given)
    for amplitude, factors in (
        (Amplitude(head=0.0), (0.0, 1.0, 1.0)), (Amplitude(brows=2.0), (1.0, 2.0, 1.0)),
        (Amplitude(blinks=0.5), (1.0, 1.0, 0.5)),
    ):  # fmt: skip
        shown = track_alone(track, Controls(amplitude=amplitude)).frame(3)
        head, brows, blinks = factors
        assert shown.rotation[0] == pytest.approx(6.0 * head)
        assert shown.translation[0] == pytest.approx(0.1 * head)
        assert shown["browInnerUp"] == pytest.approx(0.4 * brows)
        assert shown["eyeBlinkLeft"] == pytest.approx(0.8 * blinks)
        assert shown["jawOpen"] == pytest.approx(0.3)
        assert look(shown)[0] == pytest.approx(6.0, abs=0.1)


def test_emotion_is_added_but_parts_no_lips() -> None:
    """A smile comes on; a mouth that the track keeps shut stays shut."""
    shown = track_alone(steady(), Controls(emotion=(("happy", 1.0),))).frame(0)
    assert shown["mouthSmileLeft"] > 0.5
    disgusted = track_alone(steady(), Controls(emotion=(("disgusted", 1.0),))).frame(0)
    assert disgusted["noseSneerLeft"] > 0.5
    assert disgusted["mouthUpperUpLeft"] == disgusted["jawOpen"] == 0.0


def test_on_top_of_speech_nothing_is_lost(motion: Motion) -> None:
    """A track of zeros changes nothing; brows, smile and turn of a track are added to what was planned."""
    still = track_on_top(steady(3.0), motion, Controls())
    more = track_on_top(steady(3.0, browInnerUp=0.3, headYaw=4.0, eyeBlinkLeft=1.0), motion, Controls())
    assert still.frames == more.frames == motion.frames
    for index in range(0, motion.frames, 5):
        planned, same, added = motion.frame(index), still.frame(index), more.frame(index)
        assert np.allclose(same.blendshapes, planned.blendshapes, atol=1e-6)
        assert same.rotation == pytest.approx(planned.rotation)
        assert added["browInnerUp"] == pytest.approx(min(planned["browInnerUp"] + 0.3, 1.0), abs=1e-6)
        assert added.rotation[0] == pytest.approx(planned.rotation[0] + 4.0, abs=1e-6)
        assert added["eyeBlinkLeft"] == pytest.approx(1.0)
        assert added["jawOpen"] == pytest.approx(planned["jawOpen"], abs=1e-6)


def test_on_top_closures_of_speech_hold() -> None:
    """A jaw that a track drops throughout opens the vowels, not the closed lips of a B between them."""
    planned = plan_from_phonemes(
        spoken(("", 0.3), ("AA", 0.2), ("B", 0.12), ("AA", 0.2), ("", 0.3)), Controls(fps=50)
    )
    both = track_on_top(steady(2.0, jawOpen=0.3), planned, Controls(fps=50))

    def gap(moving: Motion, at: float) -> float:
        state = moving.frame(round(at * 50))
        return state["jawOpen"] - state["mouthClose"]

    assert gap(both, 0.42) > gap(planned, 0.42) + 0.2
    assert gap(both, 0.56) < 0.03


def test_on_top_ends_softly_before_the_speech(motion: Motion) -> None:
    """After a short track's end only the speech moves the face, and nothing jumps on the way."""
    mixed = track_on_top(steady(0.6, headYaw=8.0), motion, Controls())
    turns = [mixed.frame(i).rotation[0] - motion.frame(i).rotation[0] for i in range(motion.frames)]
    assert turns[10] == pytest.approx(8.0)
    assert max(abs(turn) for turn in turns[26:]) < 1e-6
    assert max(np.abs(np.diff(turns))) < 2.0


def test_what_moves_the_face(monkeypatch: pytest.MonkeyPatch, motion: Motion) -> None:
    """Speech, a track, or both; neither is refused, and so is on top of nothing."""
    monkeypatch.setattr(engine.animate, "plan_motion", lambda speech, controls: motion)
    speech = Speech(np.zeros(round(motion.seconds * 48_000), np.float32))
    assert move(speech, Controls()) is motion
    alone = move(None, Controls(), steady(1.0))
    assert (alone.frames, alone.seconds) == (25, pytest.approx(1.0))
    assert move(speech, Controls(), steady(4.0, jawOpen=0.2)).frame(3)["jawOpen"] == pytest.approx(0.2)
    assert move(speech, Controls(), steady(4.0), "on-top").frames == motion.frames
    for track in (None, steady()):
        with pytest.raises(TrackUnusable):
            move(None, Controls(), track, "on-top")
