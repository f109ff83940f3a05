"""Ten minutes of speech stay in the bands of real people: no drift, no loop, minute for minute.

Bands, and where they are from: head angles change by 0.30-0.45 degrees per frame of 25 and axis (Xu et al.
2024, VASA-1: real video 0.405, its own 0.316), under 1 % of their power lies above 3 Hz; 10.5-32.5 blinks a
minute in conversation (Doughty 2001), 26 on average (Bentivoglio 1997); the listener is looked at for 60-90 %
of the time (Lee, Badler & Badler 2002: 3.1 s at them, 0.9 s away).
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from spoken import babble

from engine.motion import plan_from_phonemes
from engine.motion.gaze import look_of
from engine.state import INDEX, Controls, State

MINUTE = 60 * 25
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def states() -> list[State]:
    motion = plan_from_phonemes(babble(600.0), Controls(seed=11))
    return [motion.frame(i) for i in range(10 * MINUTE)]


@pytest.fixture(scope="module")
def head(states: list[State]) -> Floats:
    """(10, 1500, 3) degrees by minute."""
    return np.array([state.rotation for state in states]).reshape(10, MINUTE, 3)


def test_the_head_moves_as_much_in_every_minute(head: Floats) -> None:
    """Each minute's mean change per frame is in the band, and its spread is that of a talker."""
    pace = np.abs(np.diff(head, axis=1)).mean(axis=(1, 2))
    assert ((pace > 0.30) & (pace < 0.45)).all()
    spread = head.std(axis=1)
    assert spread.min() > 2.0
    assert spread.max() < 6.5


def test_no_minute_jitters(head: Floats) -> None:
    """Under 1 % of the angles' power lies above 3 Hz."""
    window = np.hanning(MINUTE)[None, :, None]
    power = np.abs(np.fft.rfft((head - head.mean(axis=1, keepdims=True)) * window, axis=1)) ** 2
    hertz = np.fft.rfftfreq(MINUTE, 1 / 25)
    assert (power[:, hertz > 3.0].sum(axis=(1, 2)) / power.sum(axis=(1, 2))).max() < 0.01


def test_the_head_repeats_nothing(head: Floats) -> None:
    """No ten seconds of yaw come again: against every other moment they correlate by less than 0.9."""
    yaw = head[..., 0].ravel()
    piece = yaw[2500:2750] - yaw[2500:2750].mean()
    means = np.convolve(yaw, np.ones(250) / 250, "valid")
    squares = np.convolve(yaw**2, np.ones(250), "valid") - 250 * means**2
    likeness = np.correlate(yaw, piece, "valid") / np.sqrt(squares * (piece @ piece))
    assert likeness[2500] == pytest.approx(1.0)
    likeness[2400:2600] = 0.0
    assert likeness.max() < 0.9


def test_blinks_come_as_they_do_in_conversation(states: list[State]) -> None:
    """20-28 a minute over the ten, none of them outside what people do."""
    shut = np.array([state.blendshapes[INDEX["eyeBlinkLeft"]] for state in states]) > 0.5
    begins = (shut[1:] & ~shut[:-1]).nonzero()[0]
    each = np.bincount(begins // MINUTE, minlength=10)
    assert 20 <= each.mean() <= 28
    assert each.min() >= 10
    assert each.max() <= 33


def test_the_viewer_is_looked_at_most_of_the_time(states: list[State]) -> None:
    """In every minute the look is within 3 degrees of the viewer for 60-95 % of the time."""
    looks = np.array([look_of(state.gaze, state.rotation) for state in states])
    met = (np.linalg.norm(looks, axis=1) < 3.0).reshape(10, MINUTE).mean(axis=1)
    assert met.min() > 0.6
    assert met.max() < 0.95


def test_other_seeds_move_otherwise_and_as_well() -> None:
    """Five seeds: each in the bands, no two heads alike."""
    heads = []
    for seed in range(5):
        motion = plan_from_phonemes(babble(60.0), Controls(seed=seed))
        heads.append(np.array([motion.frame(i).rotation for i in range(motion.frames)]))
    for i, one in enumerate(heads):
        assert 0.30 < np.abs(np.diff(one, axis=0)).mean() < 0.45
        for other in heads[:i]:
            assert np.abs(np.corrcoef(one[:, 0], other[:, 0])[0, 1]) < 0.5


def test_the_face_is_never_quite_still_or_even(states: list[State]) -> None:
    """Lower lids and corners of the mouth stir, and not on both sides alike (GRID speakers: eyeSquint varies
    by 0.06 within seconds, a third of it on one side)."""
    left, right = (
        np.array([state.blendshapes[INDEX["eyeSquint" + side]] for state in states])
        for side in ("Left", "Right")
    )
    assert 0.02 < left.std() < 0.08
    assert 0.005 < (left - right).std() < 0.04
    smile = np.array([state.blendshapes[INDEX["mouthSmileLeft"]] for state in states])
    assert 0.01 < smile.std() < 0.1
