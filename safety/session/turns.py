"""Did the head turn as was asked, in that order?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from safety.detector.track import Track
from safety.errors import SessionTurns
from safety.session.challenge import Turn

Floats = NDArray[np.float64]

# Degrees from the sitter's own position of rest. The mesh draws strongly turned heads less turned than they
# are: a living head turned by 25 degrees is asked for. Speaking and looking about stay below (heads of
# speakers move by 2 to 5 degrees around their mean).
SIDE, UP, DOWN = 10.0, 6.5, 6.5
BACK = 0.5  # of those: the head is back in the middle
LEAST_SECONDS = 0.15  # that a turn lasts
SMOOTH_SECONDS = 0.12


def check_turns(track: Track, asked: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns that were seen: as many as were asked, the farthest; they are the asked ones, in order.

    A film has one such list, so a wrong one meets the asked by chance as seldom as if every movement of the
    head counted; smaller ones, as of somebody who speaks, do no harm.

    Raises:
        SessionTurns: others, or another order; metadata `asked` and `seen`.
    """
    seen = turns(track, len(asked))
    if seen != tuple(asked):
        raise SessionTurns(
            f"asked was {_said(asked)}; the film shows {_said(seen)}: turn the head as shown, one after the "
            "other, back to the middle each time, with a camera that does not mirror what it records",
            asked=",".join(asked), seen=",".join(seen),
        )  # fmt: skip
    return seen


def turns(track: Track, most: int) -> tuple[Turn, ...]:
    """What the head did: every leaving of the middle to a side and coming back from it is one turn.

    The `most` that go farthest, in units of what a turn needs, in their order.
    """
    visible = track.seen
    if visible.sum() < 3:
        return ()
    at = track.at
    pose = np.stack([np.interp(at, at[visible], track.pose[visible, axis]) for axis in (0, 1)], axis=1)
    pose = _smooth(pose, track.step)
    pose -= _rest(pose)
    reach = np.stack(
        [pose[:, 0] / SIDE, -pose[:, 0] / SIDE, pose[:, 1] / UP, -pose[:, 1] / DOWN], axis=1
    )  # in the order of Turn
    found = [
        (first, last, float(reach[first:last, way].max()), turn)
        for way, turn in enumerate(Turn)
        for first, last in _excursions(reach[:, way])
        if at[min(last, len(at) - 1)] - at[first] >= LEAST_SECONDS
    ]
    # A head that turns also lifts or drops a little: of what happens at once, what goes farthest is meant.
    meant = [one for one in found if not any(_at_once(one, other) and other[2] > one[2] for other in found)]
    farthest = sorted(meant, key=lambda one: one[2], reverse=True)[:most]
    return tuple(turn for _, _, _, turn in sorted(farthest))


def _excursions(reach: Floats) -> list[tuple[int, int]]:
    """(first, one past last) of every leaving of the middle to one side, until back."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for row, away in enumerate(reach):
        if start is None and away >= 1.0:
            start = row
        elif start is not None and away < BACK:
            found.append((start, row))
            start = None
    return found if start is None else [*found, (start, len(reach))]


def _at_once(one: tuple[int, int, float, Turn], other: tuple[int, int, float, Turn]) -> bool:
    return one is not other and one[0] < other[1] and other[0] < one[1]


def _rest(pose: Floats) -> Floats:
    """Where the head is when it is not turned: the middle of the densest third, for yaw and pitch."""
    out = np.empty(2)
    for axis in (0, 1):
        values = np.sort(pose[:, axis])
        half = max(2, len(values) // 3)
        widths = values[half - 1 :] - values[: len(values) - half + 1]
        first = int(widths.argmin())  # the shortest interval that holds a third: the mode's place
        out[axis] = np.median(values[first : first + half])
    return out


def _smooth(pose: Floats, step: float) -> Floats:
    width = max(1, round(SMOOTH_SECONDS / max(step, 1e-3))) | 1
    padded = np.pad(pose, ((width // 2, width // 2), (0, 0)), mode="edge")
    window = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)
    return np.asarray(np.median(window, axis=-1))


def _said(turns: Sequence[Turn]) -> str:
    return ", ".join(turns) or "no turn"
