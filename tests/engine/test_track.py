"""Tracks: samples of a face in time, smooth in between, refused where they cannot be one."""

import numpy as np
import pytest
from numpy.typing import NDArray
from spoken import babble

from engine.errors import TrackUnusable
from engine.motion import Motion, plan_from_phonemes
from engine.state import BLENDSHAPES, INDEX, Controls
from engine.track import CHANNELS, SECONDS, Track

JAW = INDEX["jawOpen"]


@pytest.fixture(scope="module")
def motion() -> Motion:
    return plan_from_phonemes(babble(2.0), Controls(fps=50))


def noise(rows: int = 30, seed: int = 3) -> Track:
    """Weights, angles and times at random, within their ranges."""
    rng = np.random.default_rng(seed)
    values = np.concatenate((rng.random((rows, 52)), rng.uniform(-0.9, 0.9, (rows, 8))), 1)
    return Track(
        np.concatenate(([0.0], np.cumsum(rng.uniform(0.03, 0.1, rows - 1)))), values.astype(np.float32)
    )


def test_a_motion_is_its_track(motion: Motion) -> None:
    """At each frame's time the track gives that frame's state back, with the eyeLook weights filled in."""
    track = Track.of(motion)
    assert track.seconds == pytest.approx(motion.frames / 50)
    for index in range(0, motion.frames, 7):
        wanted, found = motion.frame(index), track.state(index / 50)
        assert found.rotation == pytest.approx(wanted.rotation, abs=1e-5)
        assert found.translation == pytest.approx(wanted.translation, abs=1e-6)
        assert found.gaze == pytest.approx(wanted.gaze, abs=1e-5)
        looks = np.array([name.startswith("eyeLook") for name in BLENDSHAPES])
        assert np.allclose(found.blendshapes[~looks], wanted.blendshapes[~looks], atol=1e-6)


def test_between_samples_it_is_smooth_and_stays_between_them() -> None:
    """Once differentiable, also at the samples and the ends, and never beyond the two neighbours."""
    track = noise()
    for i in range(len(track.times) - 1):
        inside = np.stack([track.at(t) for t in np.linspace(track.times[i], track.times[i + 1], 21)])
        low, high = (np.sort(track.values[i : i + 2], axis=0)[k] for k in (0, 1))
        assert (inside >= low - 1e-6).all()
        assert (inside <= high + 1e-6).all()
    step = 1e-6
    for at in track.times:
        before = (track.at(at) - track.at(at - step)) / step
        after = (track.at(at + step) - track.at(at)) / step
        assert np.allclose(before, after, atol=0.05)


def test_beyond_its_ends_it_holds_still() -> None:
    """Before the first sample and after the last."""
    track = noise()
    assert np.array_equal(track.at(-5.0), track.at(0.0))
    assert np.allclose(track.at(1e9), track.values[-1])


def changed(rows: int = 5, **cells: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    times, values = np.arange(rows) / 60, np.zeros((rows, len(CHANNELS)), np.float32)
    for name, value in cells.items():
        values[2, CHANNELS.index(name)] = value
    return times, values


@pytest.mark.parametrize(
    ("cell", "value"),
    [("jawOpen", 1.2), ("jawOpen", -0.2), ("headYaw", 91.0), ("gazePitch", -95.0), ("headZ", 1.5)],
)
def test_out_of_range_is_refused_by_channel_and_row(cell: str, value: float) -> None:
    """The message names both, and so does the metadata."""
    with pytest.raises(TrackUnusable, match=rf"{cell} is .* in row 3") as caught:
        Track(*changed(**{cell: value}))
    assert caught.value.metadata["channel"] == cell


def test_what_is_no_track_is_refused() -> None:
    """Not numbers, too few rows, times that stand still or fall, too long."""
    with pytest.raises(TrackUnusable, match="not numbers"):
        Track(*changed(jawOpen=np.nan))
    times, values = changed()
    with pytest.raises(TrackUnusable, match="two rows"):
        Track(times[:1], values[:1])
    for wrong in (times[[0, 1, 1, 3, 4]], times[[0, 2, 1, 3, 4]], times + 1.0):
        with pytest.raises(TrackUnusable, match="do not rise"):
            Track(wrong, values)
    with pytest.raises(TrackUnusable, match="600 s"):
        Track(times * (SECONDS + 1) / times[-1], values)


def test_openings_are_the_jaw_less_what_seals_it() -> None:
    """A jaw that drops behind sealed lips opens nothing; parted lips add to it."""
    times, values = changed()
    values[1, JAW] = values[2, JAW] = values[3, JAW] = 0.5
    values[2, INDEX["mouthClose"]] = 0.5
    values[3, INDEX["mouthLowerDownLeft"]] = values[3, INDEX["mouthLowerDownRight"]] = 0.4
    openings = Track(times, values).openings(5, 60)
    assert openings[[0, 1, 2]] == pytest.approx([0.0, 0.5, 0.0])
    assert openings[3] > 0.5
