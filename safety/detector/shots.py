"""Where one shot ends and the next begins: the whole picture changes at once, and more than it usually does.

A shot is told by a coarse copy of the picture (16 x 16 cells of luma): its mean absolute change, in units of
the picture's own contrast. Two unrelated pictures differ by about 1.13 (the mean absolute difference of two
independent normal values is 2 / sqrt(pi) standard deviations); a head that moves before a still camera, by
less than 0.1. A flash or a change of exposure keeps the pattern: the correlation of the cells stays high.
Slow transitions (fades, dissolves, wipes) are no cuts; a face that is lost in one ends its own track.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.float32]

CELLS = 16
CHANGE = 0.5  # in units of contrast
TIMES_USUAL = 3.0
CORRELATION = 0.7
HISTORY = 12  # frames that tell what is usual
LEAST_HISTORY = 3
_FLOOR = 4.0  # levels of 255 that count as contrast in a flat picture: noise and compression are below


class Cuts:
    """Watches one picture after another."""

    def __init__(self) -> None:
        self._before: Cells | None = None
        self._changes: deque[float] = deque(maxlen=HISTORY)

    def is_cut(self, luma: Cells) -> bool:
        """Whether a new shot begins with this (H, W) luma, 0..255."""
        cells = coarse(luma)
        before, self._before = self._before, cells
        if before is None:
            return False
        if before.shape != cells.shape:
            self._changes.clear()
            return True
        change = _change(before, cells)
        usual = float(np.median(self._changes)) if self._changes else 0.0
        enough = len(self._changes) >= LEAST_HISTORY
        cut = enough and change > max(CHANGE, TIMES_USUAL * usual) and _alike(before, cells) < CORRELATION
        if cut:
            self._changes.clear()
        else:
            self._changes.append(change)
        return cut

    def restart(self) -> None:
        """What comes next has nothing to do with what was before."""
        self._before = None
        self._changes.clear()


def coarse(luma: Cells) -> Cells:
    """(CELLS, CELLS) means; of a picture smaller than that, itself."""
    height, width = luma.shape[0] // CELLS, luma.shape[1] // CELLS
    if not height or not width:
        return luma
    cut = luma[: height * CELLS, : width * CELLS]
    return np.asarray(cut.reshape(CELLS, height, CELLS, width).mean(axis=(1, 3)))


def _change(one: Cells, other: Cells) -> float:
    contrast = (float(one.std()) + float(other.std())) / 2
    return float(np.abs(one - other).mean()) / max(contrast, _FLOOR)


def _alike(one: Cells, other: Cells) -> float:
    """Pearson's correlation; 0 where a picture is flat."""
    first, second = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / scale if scale > 1e-6 else 0.0
