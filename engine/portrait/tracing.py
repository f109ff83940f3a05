"""Lines and circles near where the mesh says they are: between the lips, along a lid, round an iris."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.landmarks import HeadAxes
from engine.portrait.patches import Patch
from engine.portrait.style import LUMA

Floats = NDArray[np.floating[Any]]

COLUMNS = 33
ROWS = 21
SIDE = 7  # rows that are compared above and below a lid's edge
LASH_STEP = 60.0  # levels between lashes and the white of an eye, from which on it is clear
# Circles that are tried for the rim of an iris, in radii of the first guess.
SHIFTS = np.linspace(-0.25, 0.25, 7)
RADII = np.linspace(0.75, 1.5, 16)
SIDES = np.radians(
    np.concatenate([np.arange(-40, 41, 8), np.arange(140, 221, 8)])
)  # lids hide top and bottom


def cheapest_path(cost: NDArray[np.float64], stiffness: float, smoothing: float = 1.0) -> NDArray[np.float64]:
    """The smooth path of least cost from left to right through a (C, R) cost, by dynamic programming
    (Viterbi).

    Returns:
        (C,) in -1..1 across the rows, smoothed over `smoothing` columns.
    """
    from scipy.ndimage import gaussian_filter1d

    rows = np.linspace(-1, 1, cost.shape[1])
    step = stiffness * np.subtract.outer(rows, rows) ** 2
    total, came = cost[0], []
    for column in cost[1:]:
        ways = total[:, None] + step
        came.append(ways.argmin(axis=0))
        total = ways.min(axis=0) + column
    path = [int(total.argmin())]
    for before in reversed(came):
        path.append(int(before[path[-1]]))
    smooth: NDArray[np.float64] = gaussian_filter1d(rows[path[::-1]], smoothing, mode="nearest")
    return smooth


def band(line: Floats, reach: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places across a line (n, 2) of head x, y: (C, R, 2) head x, y, and (C,) the line's own y."""
    columns = np.linspace(line[0, 0], line[-1, 0], COLUMNS)
    middle = np.interp(columns, line[:, 0], line[:, 1])
    rows = middle[:, None] + np.linspace(-reach, reach, ROWS)
    return np.stack(np.broadcast_arrays(columns[:, None], rows), axis=-1), middle


def sample(image: Floats, patch: Patch, points: NDArray[np.floating]) -> Floats:
    """(...,) or (..., C) values of a patch's picture at frame pixels (..., 2), bilinear."""
    from scipy.ndimage import map_coordinates

    x, y = np.moveaxis(patch.pixels(points.astype(np.float32)), -1, 0)
    channels = image.reshape(*image.shape[:2], -1)
    seen = [
        map_coordinates(channels[..., c], [y, x], order=1, mode="nearest") for c in range(channels.shape[2])
    ]
    return np.stack(seen, axis=-1).reshape(*x.shape, *image.shape[2:]).astype(np.float32)


def darkest_line(
    colour: Floats, patch: Patch, head: HeadAxes, depth: float, guess: Floats, reach: float
) -> Floats:
    """(C, 2) head x, y: where shut lips meet, at most `reach` from `guess` (n, 2); the ends stay."""
    from scipy.ndimage import gaussian_filter

    at, middle = band(guess, reach)
    seen = sample(gaussian_filter(colour @ LUMA, 0.8), patch, head.flat(at.astype(np.float32), depth))
    offsets = np.linspace(-1, 1, ROWS)
    cost = seen / max(float(np.ptp(seen)), 8.0) + 0.5 * offsets**2
    cost[[0, -1]] += 10 * np.abs(offsets)
    found = middle + reach * cheapest_path(cost, 3.0)
    return np.stack([at[:, 0, 0], found], axis=1).astype(np.float32)


def upper_lid(
    colour: Floats, patch: Patch, head: HeadAxes, depth: float, guess: Floats, reach: float
) -> Floats:
    """(C, 2) head x, y: where lashes or lid pass into the lighter eye below, within `reach` below
    `guess` (n, 2); the ends stay.

    The iris, its lights and the lid's shadow would mislead a free path, so the guess is only lowered and
    tilted.
    """
    columns = np.linspace(guess[0, 0], guess[-1, 0], COLUMNS)
    middle = np.interp(columns, guess[:, 0], guess[:, 1])
    rows = np.arange(-SIDE, ROWS + SIDE) * reach / (ROWS - 1)
    at = np.stack(np.broadcast_arrays(columns[:, None], middle[:, None] + rows), axis=-1).astype(np.float32)
    luma = sample(colour, patch, head.flat(at, depth)) @ LUMA
    sums = np.cumsum(np.pad(luma, ((0, 0), (1, 0))), axis=1)
    means = (sums[:, SIDE:] - sums[:, :-SIDE]) / SIDE
    rise = np.clip(means[:, SIDE:] - means[:, :-SIDE], -LASH_STEP, 2 * LASH_STEP)  # (C, ROWS + 1)
    along = np.linspace(-1, 1, COLUMNS)
    best, found = -np.inf, np.zeros(COLUMNS)
    for lowered, tilted, full in itertools.product(
        np.linspace(0, 1, 11), np.linspace(-0.5, 0.5, 5), (1.0, 0.5, 0.25)
    ):
        offset = np.clip((lowered + tilted * along) * (1 - along**2) ** full, 0, 1)
        seen = rise[np.arange(COLUMNS), np.round(offset * ROWS).astype(int)]
        score = float(seen.mean()) / LASH_STEP - 0.08 * (lowered**2 + 4 * tilted**2)
        if score > best:
            best, found = score, offset
    return np.stack([columns, middle + reach * found], axis=1).astype(np.float32)


def iris_rim(
    colour: Floats, inside: Floats, patch: Patch, centre: Floats, radius: float
) -> tuple[Floats, float]:
    """Centre and radius, frame pixels, of the circle over whose rim it grows lighter most (Daugman 1993).

    Args:
        inside: (h, w) frame pixels from the lids' edges, positive between them.
    """
    luma = colour @ LUMA
    direction = np.stack([np.cos(SIDES), np.sin(SIDES)], axis=-1)
    best, found = 0.0, (centre, radius)
    for dx in SHIFTS:
        for dy in SHIFTS[1:-1:2]:
            middle = centre + radius * np.asarray([dx, dy])
            rim = middle + radius * RADII[:, None, None] * direction  # (16, n, 2)
            visible = sample(inside, patch, rim) > 0.5
            rise = sample(luma, patch, rim + 0.09 * radius * direction) - sample(
                luma, patch, rim - 0.09 * radius * direction
            )
            enough = visible.mean(axis=1) > 0.35
            mean = np.where(enough, (rise * visible).sum(axis=1) / np.maximum(visible.sum(axis=1), 1), 0)
            score = mean * (1 - 0.3 * np.hypot(dx, dy) / 0.25) * (1 - 0.25 * np.abs(np.log(RADII)))
            top = int(score.argmax())
            if score[top] > best:
                best, found = float(score[top]), (middle.astype(np.float32), float(radius * RADII[top]))
    return found
