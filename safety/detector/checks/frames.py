"""Broken, unsharp, too dark and doubled frames: numbers of each frame, and what is unusual among them.

What is usual is taken from the clip itself: a portrait may be dark, soft or restless, but it is so
throughout. Our clips have no cuts, so that whatever changes much from one frame to the next is a fault.
"""

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

SAMPLES = 120  # a side: the points at which colours are looked at
CELLS = 30  # a side: squares of 4 x 4 points
_LINES = 64  # rows and columns along which edges are looked at
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709

# Levels of 255 by which a cell's mean differs from those before and after, in any channel, to stand out.
OUT = 40.0
# Levels by which a cell's mean changes in one frame when something else is there.
JUMP = 60.0
# Green over both others: a decoder that has lost its data gives Y = Cb = Cr = 0, which is (0, 135, 0).
GREEN = 60
# A seam may move with what it belongs to, by so many rows in one frame.
_SEAM_ROWS = 8


@dataclass(frozen=True)
class Frames:
    """Rows of numbers, (T,) each.

    Attributes:
        at: seconds.
        light: mean luma of the picture, 0..255.
        dark, bright: 10th and 90th percentile of the cells' luma.
        change: mean difference to the frame before, levels; NaN for the first.
        jumped: share of cells that changed by more than `JUMP`; NaN for the first.
        out: share of cells that differ by more than `OUT` from the frames before and after, which agree.
        green: share of points that are green as lost data are.
        seam: the most by which a row's edge to the next is stronger than any near it a frame before, levels.
        sharp: mean step between neighbouring pixels, levels.
    """

    at: Floats
    light: Floats
    dark: Floats
    bright: Floats
    change: Floats
    jumped: Floats
    out: Floats
    green: Floats
    seam: Floats
    sharp: Floats


class FrameMeter:
    """Measures frames one by one. Keeps eleven numbers of each and the cells of the last three."""

    def __init__(self) -> None:
        self._rows = array("d")
        self._out = array("d")
        self._cells: list[NDArray[np.float32]] = []
        self._edges: NDArray[np.float32] | None = None
        self._grid: tuple[tuple[int, ...], NDArray[np.intp], NDArray[np.intp]] | None = None

    def see(self, at: float, pixels: Pixels) -> Pixels:
        """The next frame, (H, W, 3) uint8 RGB. Returns (SAMPLES, SAMPLES, 3) points of it."""
        points = self._points(pixels)
        cells = points.reshape(CELLS, 4, CELLS, 4, 3).mean(axis=(1, 3), dtype=np.float32)
        luma = np.sort((cells @ _LUMA).ravel())
        change, jumped = self._compare(cells)
        seam, across = self._edge(pixels)
        green = points[..., 1].astype(np.int16) - np.maximum(points[..., 0], points[..., 2])
        self._rows.extend((
            at, float(luma.mean()), float(luma[len(luma) // 10]), float(luma[-len(luma) // 10]),
            change, jumped, float((green > GREEN).mean()), seam, across,
        ))  # fmt: skip
        return points

    def seen(self) -> Frames:
        """What was measured up to now."""
        table = np.array(self._rows).reshape(-1, 9)
        out = np.array(self._out)
        return Frames(
            at=table[:, 0], light=table[:, 1], dark=table[:, 2], bright=table[:, 3], change=table[:, 4],
            jumped=table[:, 5], out=out, green=table[:, 6], seam=table[:, 7], sharp=table[:, 8],
        )  # fmt: skip

    def _points(self, pixels: Pixels) -> Pixels:
        if self._grid is None or self._grid[0] != pixels.shape:
            rows, columns = (_spread(size, SAMPLES) for size in pixels.shape[:2])
            self._grid = (pixels.shape, rows, columns)
            self._cells, self._edges = [], None
        _, rows, columns = self._grid
        return np.take(np.take(pixels, rows, axis=0), columns, axis=1)

    def _compare(self, cells: NDArray[np.float32]) -> tuple[float, float]:
        """Change and share of jumps against the frame before; and what stands out between then and now."""
        self._out.append(0.0)
        before = self._cells
        self._cells = [*before[-2:], cells]
        if not before:
            return np.nan, np.nan
        apart = np.abs(cells - before[-1]).max(axis=2)
        if len(before) > 1 and (apart > OUT).any():
            for lag in range(2, len(self._cells)):
                self._mark(lag, cells, before)
        return float(apart.mean()), float((apart > JUMP).mean())

    def _mark(self, lag: int, now: NDArray[np.float32], before: list[NDArray[np.float32]]) -> None:
        """Cells that are now as they were `lag` frames ago, and were not in between."""
        then = before[-lag]
        agree = np.abs(now - then).max(axis=2)
        for back in range(1, lag):
            between = before[-back]
            off = np.minimum(np.abs(between - then).max(axis=2), np.abs(between - now).max(axis=2))
            share = float(((off > OUT) & (agree < off / 2)).mean())
            self._out[-1 - back] = max(self._out[-1 - back], share)

    def _edge(self, pixels: Pixels) -> tuple[float, float]:
        """The strongest seam that was not there before, and the sharpness."""
        height, width = pixels.shape[:2]
        down = pixels[:, :: max(1, width // _LINES), 1].astype(np.int16)
        along = pixels[:: max(1, height // _LINES), :, 1].astype(np.int16)
        edges = np.abs(np.diff(down, axis=0)).mean(axis=1, dtype=np.float32)
        sharp = float(edges.mean() + np.abs(np.diff(along, axis=1)).mean()) / 2 if edges.size else 0.0
        before, self._edges = self._edges, edges
        if before is None or not edges.size:
            return 0.0, sharp
        near = maximum_filter1d(before, 2 * _SEAM_ROWS + 1)
        return max(0.0, float((edges - near).max())), sharp


def _spread(size: int, count: int) -> NDArray[np.intp]:
    """`count` places spread over `size`, each in the middle of its share."""
    return np.asarray((np.arange(count) + 0.5) * size / count, np.intp)
