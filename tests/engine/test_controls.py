"""What a caller may steer: ranges, and what each amplitude does to the planned motion."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from spoken import babble

from engine.errors import ControlOutOfRange
from engine.motion import Motion, plan_from_phonemes
from engine.motion.gaze import look_of
from engine.state import INDEX, Amplitude, Controls, Crop

Floats = NDArray[np.float64]

OUTSIDE = [
    (lambda v: Controls(gaze=(v, 0)), "gaze yaw", -30, 30),
    (lambda v: Controls(gaze=(0, v)), "gaze pitch", -20, 20),
    (lambda v: Controls(distance=v), "distance", 0.7, 1.5),
    (lambda v: Controls(pose=(v, 0, 0)), "pose yaw", -15, 15),
    (lambda v: Controls(pose=(0, v, 0)), "pose pitch", -10, 10),
    (lambda v: Controls(pose=(0, 0, v)), "pose roll", -10, 10),
    (lambda v: Controls(emotion=(("sad", v),)), "emotion sad strength", 0, 1),
    (lambda v: Controls(fps=v), "fps", 24, 60),
    (lambda v: Controls(size=v), "size", 256, 1080),
    (lambda v: Amplitude(head=v), "amplitude head", 0, 2),
    (lambda v: Amplitude(brows=v), "amplitude brows", 0, 2),
    (lambda v: Amplitude(blinks=v), "amplitude blinks", 0, 2),
    (lambda v: Crop(v, 0.5, 0.5), "framing x", 0, 1),
    (lambda v: Crop(0.5, v, 0.5), "framing y", 0, 1),
    (lambda v: Crop(0.5, 0.5, v), "framing side", 0.05, 1.5),
]


@pytest.mark.parametrize(("make", "name", "low", "high"), OUTSIDE, ids=[each[1] for each in OUTSIDE])
def test_each_control_has_its_range(make: object, name: str, low: float, high: float) -> None:
    """Both ends pass; beyond them, and what is no number, is refused by name with the limits."""
    for value in (low, high):
        make(value)
    for value in (low - 1, high + 1, math.nan, math.inf):
        with pytest.raises(ControlOutOfRange, match=f"{name} is") as caught:
            make(value)
        assert caught.value.metadata == {"control": name, "low": str(low), "high": str(high)}


SECONDS = 40.0


def plan(**amplitude: float) -> Motion:
    return plan_from_phonemes(babble(SECONDS), Controls(amplitude=Amplitude(**amplitude), gaze=(10.0, 0.0)))


def heads(motion: Motion) -> Floats:
    return np.array([motion.frame(i).rotation for i in range(motion.frames)])


def channel(motion: Motion, name: str) -> Floats:
    return np.array([motion.frame(i).blendshapes[INDEX[name]] for i in range(motion.frames)])


def blinks(motion: Motion) -> int:
    """How often the left eye shuts by half."""
    shut = channel(motion, "eyeBlinkLeft") > 0.5
    return int((shut[1:] & ~shut[:-1]).sum())


@pytest.fixture(scope="module")
def planned() -> Motion:
    return plan()


def test_as_planned_is_one(planned: Motion) -> None:
    """The default changes nothing."""
    plain = plan_from_phonemes(babble(SECONDS), Controls(gaze=(10.0, 0.0)))
    assert np.array_equal(plain.track(), planned.track())


def test_a_head_held_still_still_blinks_and_speaks(planned: Motion) -> None:
    """Amplitude 0 of the head: no turn, no travel; blinks, lips, brows as planned, and the look stays."""
    still = plan(head=0.0)
    assert np.ptp(heads(still), axis=0).max() < 1e-5
    assert {still.frame(i).translation for i in range(0, still.frames, 50)} == {(0.0, 0.0, 0.0)}
    assert blinks(still) == blinks(planned) > 5
    assert np.allclose(channel(still, "jawOpen"), channel(planned, "jawOpen"))
    looks = [look_of(still.frame(i).gaze, still.frame(i).rotation)[0] for i in range(still.frames)]
    assert np.median(looks) == pytest.approx(10.0, abs=1.0)


def test_the_head_moves_in_proportion(planned: Motion) -> None:
    """Half the amplitude is half the spread; double is more, bent where a picture can turn no further."""
    spread = heads(planned).std(axis=0)
    assert heads(plan(head=0.5)).std(axis=0) == pytest.approx(0.5 * spread, rel=0.1)
    assert (heads(plan(head=2.0)).std(axis=0) > 1.3 * spread).all()


def test_brows_move_in_proportion(planned: Motion) -> None:
    """None at 0, twice at 2 where the weight has room; an emotion's brows stay."""
    assert not channel(plan(brows=0.0), "browInnerUp").any()
    once, twice = channel(planned, "browInnerUp"), channel(plan(brows=2.0), "browInnerUp")
    assert np.allclose(twice, np.minimum(2 * once, 1.0), atol=1e-5)
    surprised = plan_from_phonemes(
        babble(1.0), Controls(amplitude=Amplitude(brows=0.0), emotion=(("surprised", 1.0),))
    )
    assert surprised.frame(10)["browInnerUp"] > 0.5


def test_blinks_come_more_often_or_never(planned: Motion) -> None:
    """None at 0, fewer at 0.5, more at 2; each still a whole blink."""
    assert blinks(plan(blinks=0.0)) == 0
    fewer, usual, more = blinks(plan(blinks=0.5)), blinks(planned), blinks(plan(blinks=2.0))
    assert fewer < 0.8 * usual
    assert more > 1.4 * usual
    assert channel(plan(blinks=0.5), "eyeBlinkLeft").max() > 0.9


def test_the_pose_is_where_the_head_moves_about(planned: Motion) -> None:
    """The mean turn goes by the pose, the motion about it and the look stay."""
    posed = plan_from_phonemes(babble(SECONDS), Controls(pose=(12.0, -8.0, 6.0), gaze=(10.0, 0.0)))
    shift = heads(posed) - heads(planned)
    assert np.allclose(shift, (12.0, -8.0, 6.0), atol=1e-4)
    looks = np.array([look_of(m.frame(200).gaze, m.frame(200).rotation) for m in (planned, posed)])
    assert looks[0] == pytest.approx(looks[1], abs=2.0)
