"""Motion is one smooth, seeded function of time."""

from pathlib import Path

import numpy as np
import pytest
from spoken import babble, spoken

from engine.errors import ControlOutOfRange
from engine.motion import Motion, plan_from_phonemes, plan_motion
from engine.state import BLENDSHAPES, EMOTIONS, INDEX, Controls, State
from perception.audio import Speech, decode_speech
from perception.errors import SpeechNotFinite, SpeechSilent, SpeechTooShort

MATERIAL = Path(__file__).resolve().parents[1] / "material"


def vector(state: State) -> np.ndarray:
    """(60,): everything a state says."""
    return np.array([*state.blendshapes, *state.rotation, *state.translation, *state.gaze])


def sample(motion: Motion, times: np.ndarray) -> np.ndarray:
    """(T, 60) states at `times`."""
    return np.stack([vector(motion.state(float(at))) for at in times])


def test_same_seed_same_motion_another_seed_another() -> None:
    """Equal inputs give equal states to the last bit; another seed moves differently but speaks the same."""
    words, times = babble(6.0), np.arange(0, 6, 0.2)
    first, again, other = (sample(plan_from_phonemes(words, Controls(seed=s)), times) for s in (7, 7, 8))
    assert np.array_equal(first, again)
    assert np.abs(first - other)[:, 52:55].max() > 1.0
    jaw = INDEX["jawOpen"]
    assert np.array_equal(first[:, jaw], other[:, jaw])


def test_order_of_asking_does_not_matter() -> None:
    """A state depends on its time alone, not on what was asked before."""
    motion = plan_from_phonemes(babble(6.0), Controls())
    times = np.arange(0, 6, 0.1)
    forwards = sample(motion, times)
    backwards = sample(motion, times[::-1])[::-1]
    assert np.array_equal(forwards, backwards)


def test_sound_added_at_the_end_leaves_the_start_alone() -> None:
    """A longer recording that begins the same moves the same until shortly before the shorter one ends."""
    short, long = babble(9.0), babble(30.0)
    times = np.arange(0, 7.0, 0.04)
    a, b = (sample(plan_from_phonemes(words, Controls(seed=3)), times) for words in (short, long))
    assert (
        np.abs(a - b)[:, :55].max() < 0.02
    )  # loudness and pitch are relative to the whole recording's median
    blink = INDEX["eyeBlinkLeft"]
    assert np.abs(a - b)[:, blink].max() < 0.02


def test_motion_has_no_jumps_and_no_kinks() -> None:
    """Position and velocity of every channel are continuous: small from millisecond to millisecond."""
    motion = plan_from_phonemes(babble(5.0), Controls(emotion=(("happy", 0.7),), gaze=(15.0, -8.0)))
    fine = sample(motion, np.arange(0.0, 5.0, 0.001))
    velocity = np.diff(fine, axis=0)
    scale = np.where(np.arange(60) < 52, 1.0, 20.0)
    assert (np.abs(velocity) / scale).max() < 0.06  # per ms; a saccade turns the eye by at most 1° in 1 ms
    assert (np.abs(np.diff(velocity, axis=0)) / scale).max() < 0.01


def test_values_stay_in_range() -> None:
    """Blendshapes within 0..1, head and eyes within their limits, for all emotions."""
    for i, emotion in enumerate(EMOTIONS):
        motion = plan_from_phonemes(
            babble(20.0), Controls(seed=i, emotion=((emotion, 1.0),), gaze=(30.0, -20.0))
        )
        track = sample(motion, np.arange(0, 20, 0.04))
        assert track[:, :52].min() >= 0
        assert track[:, :52].max() <= 1
        assert (np.abs(track[:, 52:55]).max(0) <= (12, 9, 8)).all()
        assert np.abs(track[:, 55:58]).max() < 0.3
        assert (np.abs(track[:, 58:60]).max(0) <= (30, 22)).all()


def test_frames_follow_length_and_rate() -> None:
    """A clip has its seconds times its rate in frames, at least one; frame i is at i / fps."""
    words = babble(3.0)
    for fps in (24, 25, 60):
        motion = plan_from_phonemes(words, Controls(fps=fps))
        assert motion.frames == round(words.seconds * fps)
        assert motion.seconds == words.seconds
        assert np.array_equal(vector(motion.frame(10)), vector(motion.state(10 / fps)))
    assert plan_from_phonemes(spoken(("AA", 0.02)), Controls()).frames == 1


def test_rate_does_not_change_the_motion() -> None:
    """The same moment looks the same at 25 and at 50 frames per second."""
    words = babble(4.0)
    slow, fast = (plan_from_phonemes(words, Controls(fps=fps)) for fps in (25, 50))
    assert np.array_equal(vector(slow.frame(40)), vector(fast.frame(80)))


def test_time_outside_the_speech_holds_still() -> None:
    """Before the start and after the end the nearest state is held; NaN is refused with a typed error."""
    motion = plan_from_phonemes(babble(2.0), Controls())
    assert np.array_equal(vector(motion.state(-5.0)), vector(motion.state(0.0)))
    assert np.array_equal(vector(motion.state(99.0)), vector(motion.state(motion.seconds)))
    with pytest.raises(ControlOutOfRange):
        motion.state(float("nan"))


def test_silence_is_alive() -> None:
    """In ten silent seconds the head moves, the eyes blink and the mouth stays shut."""
    track = sample(
        plan_from_phonemes(spoken(("AH", 0.4), ("", 12.0)), Controls(seed=2)), np.arange(1.5, 11.5, 0.04)
    )
    assert track[:, 52:55].std(0).min() > 0.3
    assert track[:, INDEX["eyeBlinkLeft"]].max() > 0.5
    assert track[:, INDEX["jawOpen"]].max() == 0


def test_track_exports_frames_with_eye_look() -> None:
    """The exported track is (frames, 60), equals the states, and has gaze as ARKit's eyeLook too."""
    motion = plan_from_phonemes(babble(3.0), Controls(gaze=(20.0, 0.0)))
    track = motion.track()
    assert track.shape == (motion.frames, len(BLENDSHAPES) + 8)
    state = motion.frame(30)
    assert track[30, INDEX["jawOpen"]] == pytest.approx(state["jawOpen"])
    assert track[30, 58] == pytest.approx(state.gaze[0])
    assert track[:, INDEX["eyeLookOutLeft"]].mean() > 0.3
    assert track[:, INDEX["eyeLookInRight"]].mean() > 0.3
    assert state["eyeLookOutLeft"] == 0  # a renderer turns the eye by `gaze` alone


@pytest.mark.parametrize(
    ("samples", "error"),
    [
        (np.zeros(0, np.float32), SpeechTooShort),
        (np.zeros(1, np.float32), SpeechTooShort),
        (np.zeros(48_000, np.float32), SpeechSilent),
        (np.full(48_000, np.nan, np.float32), SpeechNotFinite),
    ],
)
def test_unusable_speech_is_refused(samples: np.ndarray, error: type[Exception]) -> None:
    """Empty, tiny, silent and broken sound raise their own errors."""
    with pytest.raises(error):
        plan_motion(Speech(samples), Controls())


def test_sound_without_a_voice_is_refused() -> None:
    """Breath alone gives lips nothing to say: refused before a frame is made."""
    breath = decode_speech((MATERIAL / "breath.flac").read_bytes())
    with pytest.raises(SpeechSilent, match="no voice"):
        plan_motion(breath, Controls())
