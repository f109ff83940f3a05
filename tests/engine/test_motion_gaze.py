"""Eyes look where they are told, away at times, and hold a target while the head turns."""

import numpy as np
import pytest
from spoken import babble, spoken

from engine.motion import Motion, plan_from_phonemes
from engine.state import INDEX, Controls


def seen(motion: Motion) -> np.ndarray:
    """(T, 2) direction looked in, relative to the camera, degrees."""
    states = [motion.frame(i) for i in range(motion.frames)]
    found = []
    for state in states:
        roll = np.radians(state.rotation[2])
        x, y = state.gaze
        turned = (x * np.cos(roll) + y * np.sin(roll), y * np.cos(roll) - x * np.sin(roll))
        found.append((turned[0] + state.rotation[0], turned[1] + state.rotation[1]))
    return np.array(found)


@pytest.mark.parametrize("main", [(0.0, 0.0), (20.0, 0.0), (-25.0, 10.0), (30.0, -20.0), (0.0, 15.0)])
def test_main_direction_is_reached(main: tuple[float, float]) -> None:
    """The usual direction looked in is the one asked for, within 3 degrees (VASA-1: 5.25)."""
    directions = seen(plan_from_phonemes(babble(30.0), Controls(gaze=main, seed=3)))
    assert np.linalg.norm(np.median(directions, 0) - main) < 3.0


def test_gaze_is_mutual_most_of_the_time_and_leaves_at_times() -> None:
    """While speaking, the viewer is looked at for 60-90 % of the time, and not looked at in between."""
    shares = [
        (np.linalg.norm(seen(plan_from_phonemes(babble(60.0), Controls(seed=seed))), axis=1) < 3.0).mean()
        for seed in range(4)
    ]
    assert 0.6 < np.mean(shares) < 0.92
    assert max(shares) < 0.99


def test_listening_looks_away_less() -> None:
    """In silence the eyes leave the viewer less than in speech."""

    def away(words: object) -> float:
        return float(np.mean([
            (np.linalg.norm(seen(plan_from_phonemes(words, Controls(seed=seed)))[50:], axis=1) > 3.0).mean()  # type: ignore[arg-type]
            for seed in range(4)
        ]))  # fmt: skip

    assert away(spoken(("AH", 0.3), ("", 60.0))) < away(babble(60.0))


def test_eyes_hold_their_target_while_the_head_turns() -> None:
    """Between saccades the direction looked in stands still while the head moves (VOR)."""
    motion = plan_from_phonemes(babble(20.0), Controls(seed=6))
    steps = np.linalg.norm(np.diff(seen(motion), axis=0), axis=1)
    assert np.median(steps) < 0.02
    head = np.array([motion.frame(i).rotation[:2] for i in range(motion.frames)])
    assert np.median(np.linalg.norm(np.diff(head, axis=0), axis=1)) > 0.2


def test_saccades_follow_the_main_sequence() -> None:
    """A shift takes 25 ms and 2.4 ms per degree, so most of it lies between two frames."""
    motion = plan_from_phonemes(babble(60.0), Controls(seed=1))
    directions = seen(motion)
    jumps = np.linalg.norm(np.diff(directions, axis=0), axis=1)
    large = np.flatnonzero(jumps > 4.0)
    assert len(large) >= 3
    for i in large:
        assert (
            np.linalg.norm(directions[min(i + 3, len(directions) - 1)] - directions[max(i - 2, 0)])
            >= jumps[i] * 0.7
        )


def test_head_shares_a_large_direction() -> None:
    """Looking 30 degrees aside turns the head too, so the eyes stay within their sockets."""
    motion = plan_from_phonemes(babble(30.0), Controls(gaze=(30.0, 0.0)))
    yaw = np.mean([motion.frame(i).rotation[0] for i in range(motion.frames)])
    eyes = np.mean([motion.frame(i).gaze[0] for i in range(motion.frames)])
    assert yaw > 5.0
    assert 12.0 < eyes < 25.0


def test_upper_lids_follow_vertical_gaze() -> None:
    """Looking down lowers the lids, looking up widens the eyes."""
    down = plan_from_phonemes(babble(20.0), Controls(gaze=(0.0, -20.0)))
    up = plan_from_phonemes(babble(20.0), Controls(gaze=(0.0, 20.0)))
    lid, wide = INDEX["eyeBlinkLeft"], INDEX["eyeWideLeft"]
    median = {
        name: np.median([motion.frame(i).blendshapes for i in range(motion.frames)], 0)
        for name, motion in (("down", down), ("up", up))
    }
    assert median["down"][lid] > 0.1 > median["up"][lid]
    assert median["up"][wide] > 0.05 > median["down"][wide]
