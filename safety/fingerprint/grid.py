"""The cells over which a picture is averaged, and how values between them are read."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SIDE = 48  # the picture is reduced to SIDE x SIDE before anything else
CELLS = 12  # cells a side of the maps of change
COARSE = 8  # cells a side of the layout


def _windows(cells: int) -> Floats:
    """(cells, SIDE): triangles two cells wide, each summing to 1: little moves between cells unseen."""
    at = (np.arange(SIDE) + 0.5) / SIDE
    centre = (np.arange(cells) + 0.5) / cells
    weight = np.maximum(1.0 - np.abs(at[None] - centre[:, None]) * cells, 0.0)
    return np.asarray(weight / weight.sum(1, keepdims=True), np.float32)


WINDOWS = {CELLS: _windows(CELLS), COARSE: _windows(COARSE)}


def averaged(plane: Floats, cells: int) -> Floats:
    """(cells, cells) averages of a (SIDE, SIDE) plane."""
    window = WINDOWS[cells]
    return np.asarray(window @ plane @ window.T, np.float32)


def centres(cells: int) -> NDArray[np.float64]:
    """(cells * cells, 2) x, y of the cells' middles as fractions of the picture, row by row."""
    at = (np.arange(cells) + 0.5) / cells
    x, y = np.meshgrid(at, at)
    return np.stack([x.ravel(), y.ravel()], 1)


def corners(
    points: NDArray[np.float64], cells: int
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """What bilinear reading at `points` (..., 2) takes: (..., 4) cells and their weights, (...) bool inside.

    Within half a cell of the edge the outermost cells repeat; beyond the edge all weights are 0.
    """
    inside = np.asarray(((points >= 0.0) & (points <= 1.0)).all(-1))
    at = np.clip(points * cells - 0.5, 0.0, cells - 1.0)
    low = np.minimum(at.astype(np.intp), cells - 2)
    part = at - low
    first = low[..., 1] * cells + low[..., 0]
    index = np.stack([first, first + 1, first + cells, first + cells + 1], -1)
    right, down = part[..., 0], part[..., 1]
    weight = np.stack([(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down], -1)
    return index, np.asarray(weight * inside[..., None]), inside


def blur(cells: int, variance: float) -> Floats:
    """(cells**2, cells**2) that blurs a map by that variance, in square cells, each way; the edge repeats."""
    one = np.eye(cells, dtype=np.float32)
    times = max(1, int(np.ceil(variance / 0.6)))
    part = max(0.0, variance) / times
    step = np.zeros((cells, cells), np.float32)
    for row in range(cells):
        for neighbour, weight in ((row - 1, part / 2), (row, 1 - part), (row + 1, part / 2)):
            step[row, min(max(neighbour, 0), cells - 1)] += weight
    for _ in range(times):
        one = step @ one
    return np.asarray(np.kron(one, one), np.float32)


def as_blurred(base: float, scale: float, spread: float = 0.0) -> float:
    """Variance by which a copy's map must be blurred to be as blurred as the released one read on its grid.

    A cell is a triangle two cells wide (variance 1/6), reading between cells adds as much again.

    Args:
        base: variance by which the released map was blurred, in its own cells.
        scale: released cells to one of the copy's.
        spread: variance of the places at which one of the copy's cells is read, in its own cells.
    """
    return max(0.0, (base + 1 / 3) / scale**2 + spread - 1 / 6)
