"""The eye's opening in the picture, near where the mesh says it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.fill import fill
from engine.portrait.landmarks import HeadAxes
from engine.portrait.patches import Patch
from engine.portrait.style import LUMA
from engine.portrait.tracing import sample

Floats = NDArray[np.floating[Any]]

# All in eye distances.
STEP = 0.012  # between the places looked at
REACH = (0.40, 0.30, 0.26)  # from the middle of the eye: to the sides, up, down
RIM = 0.05  # round the mesh's eye, where there may be lashes or more eye; beyond it is skin
FADE = 0.10  # over which that becomes sure
BROW = 0.03  # below the brow there is skin again
# The shape: x and y of both corners, height and skewness of the upper and of the lower lid.
SPREAD = (0.06, 0.06, 0.06, 0.06, 0.05, 0.25, 0.05, 0.25)  # how far meshes err
FULLNESS = 0.85  # of a lid's arc: 1 is a parabola, less is fuller
LEAST = 0.02  # height of an arc
PRIOR = 0.03  # of one spread, against the share of the eye's area
# Added to the shape found, so that shut lids leave nothing of the eye beside them.
WIDER = (-0.018, 0.0, 0.018, 0.0, 0.0, 0.0, 0.008, 0.0)
ROUNDS, TRIES = 5, 300
SKIN_SPREAD = 16.0  # levels of 255 that skin differs from skin beside it, at least,
USUAL_RANGE = 120.0  # where light and dark about the eye are so many levels apart
COLUMNS = 33


@dataclass(frozen=True)
class Places:
    """Head x (C,) and y (R,) of a raster about one eye."""

    x: Floats
    y: Floats


def opening(
    colour: Floats, patch: Patch, head: HeadAxes, depth: float, ring: tuple[Floats, Floats], brow: Floats
) -> tuple[Floats, Floats]:
    """Upper and lower lid, (33, 2) head x, y in ascending x: around all that is not skin, lashes included.

    Of the shapes near the mesh's the one that parts skin from what is not skin best (Chan and Vese 2001, with
    two lids for a contour).

    Args:
        ring: the mesh's upper and lower lid, (9, 2) head x, y in ascending x, with common ends.
        brow: (n, 2) its lower edge.
    """
    upper, lower = ring
    middle = (upper.mean(axis=0) + lower.mean(axis=0)) / 2
    places = Places(
        np.arange(middle[0] - REACH[0], middle[0] + REACH[0], STEP, dtype=np.float32),
        np.arange(middle[1] - REACH[1], middle[1] + REACH[2], STEP, dtype=np.float32),
    )
    at = np.stack(np.meshgrid(places.x, places.y), axis=-1).astype(np.float32)
    seen = sample(colour, patch, head.flat(at, depth))
    unlike = _unlike_skin(seen, at, upper, lower, brow)
    best = _search(unlike, places, _shape_of(upper, lower)) + np.asarray(WIDER)
    return _arc(best[None], 4, -1.0)[0], _arc(best[None], 6, 1.0)[0]


def _unlike_skin(seen: Floats, at: Floats, upper: Floats, lower: Floats, brow: Floats) -> Floats:
    """(R, C) 0..1 how little each place (R, C, 3) is like the skin around the eye."""
    x, y = at[..., 0], at[..., 1]
    spread = SKIN_SPREAD * float(np.clip(np.ptp(seen @ LUMA) / USUAL_RANGE, 0.2, 1))
    middle = (upper + lower) / 2
    beyond = np.maximum(np.maximum(upper[0, 0] - x, x - upper[-1, 0]), 0)
    above = np.interp(x, upper[:, 0], upper[:, 1]) - y
    below = y - np.interp(x, lower[:, 0], lower[:, 1])
    outside = np.hypot(beyond, np.maximum(np.maximum(above, below), 0))
    sure = np.clip((outside - RIM) / FADE, 0, 1)
    order = np.argsort(brow[:, 0])
    sure = sure * (y > np.interp(x, brow[order, 0], brow[order, 1]) + BROW)
    sure = sure * (np.hypot(x - middle[4, 0], y - middle[4, 1]) < REACH[0])
    for _ in range(2):  # hair, glasses and more of the eye are left out in the second round
        known = sure > 0.3
        if not known.any():
            break
        usual = np.median(seen[known], axis=0)
        off = np.linalg.norm(seen - usual, axis=-1)
        sure = sure * (off < 2.5 * np.median(off[known]) + spread)
    skin = fill(seen, sure)
    apart = np.linalg.norm(seen - skin, axis=-1)
    return np.asarray(1 - np.exp(-((apart / (1.5 * spread)) ** 2)), np.float32)


def _shape_of(upper: Floats, lower: Floats) -> NDArray[np.float64]:
    """(8,) of the mesh's lids."""
    a, b = upper[0], upper[-1]

    def height(line: Floats) -> float:
        chord = np.interp(line[:, 0], [a[0], b[0]], [a[1], b[1]])
        return float(np.abs(line[:, 1] - chord).max())

    heights = max(height(upper), LEAST), max(height(lower), LEAST)
    return np.asarray([a[0], a[1], b[0], b[1], heights[0], 0.0, heights[1], 0.0], np.float64)


def _arc(shapes: NDArray[np.float64], which: int, side: float) -> Floats:
    """(n, 33, 2) lids of shapes (n, 8); `which` is the column of the height."""
    t = np.linspace(0, 1, COLUMNS)
    ends, height, skew = shapes[:, :4], shapes[:, which, None], shapes[:, which + 1, None]
    x = ends[:, 0, None] + (ends[:, 2] - ends[:, 0])[:, None] * t
    chord = ends[:, 1, None] + (ends[:, 3] - ends[:, 1])[:, None] * t
    leaning = t ** np.exp(skew)
    bow = (4 * leaning * (1 - leaning)) ** FULLNESS
    return np.stack([x, chord + side * height * bow], axis=-1).astype(np.float32)


def _search(unlike: Floats, places: Places, start: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shape that holds most of what is unlike skin and least of what is like it, near `start`."""
    total = np.concatenate([np.zeros((1, unlike.shape[1])), np.cumsum(unlike - 0.5, axis=0)]).T  # (C, R + 1)
    area = (start[2] - start[0]) * (start[4] + start[6]) * 0.75 / STEP**2
    rng = np.random.default_rng(0)  # the same picture, the same lids
    best = start
    for turn in range(ROUNDS):
        steps = rng.standard_normal((TRIES, 8)) * np.asarray(SPREAD) * (0.8 * 0.55**turn)
        shapes = np.concatenate([best[None], best + steps])
        shapes[:, [4, 6]] = np.maximum(shapes[:, [4, 6]], LEAST)
        held = _held(total, places, shapes) / area
        far = (((shapes - start) / np.asarray(SPREAD)) ** 2).sum(axis=1)
        best = shapes[int(np.argmax(held - PRIOR * far))]
    return best


def _held(total: Floats, places: Places, shapes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) sums within shapes (n, 8)."""
    upper, lower = _arc(shapes, 4, -1.0), _arc(shapes, 6, 1.0)
    x = (upper[..., 0] - places.x[0]) / STEP
    columns = np.clip(np.round(x).astype(int), 0, len(places.x) - 1)
    sums = []
    for line in (upper, lower):
        row = np.clip((line[..., 1] - places.y[0]) / STEP + 0.5, 0, len(places.y) - 1e-3)
        low = row.astype(int)
        part = row - low
        sums.append(total[columns, low] * (1 - part) + total[columns, low + 1] * part)
    width = (upper[:, -1, 0] - upper[:, 0, 0]) / STEP / (COLUMNS - 1)
    result: NDArray[np.float64] = (sums[1] - sums[0]).sum(axis=1) * width
    return result
