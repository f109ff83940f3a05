"""How much a codec and scaling left to be judged: no sign of anything, but the measure of all other cues."""

from array import array

import numpy as np
from numpy.typing import NDArray

from perception.mesh import FOREHEAD
from safety.detector.picture.cue import WHOLE_PICTURE, Bounds, PictureCue, middle
from safety.detector.picture.patches import Luma
from safety.detector.report import Finding
from safety.detector.view import LUMA, View

NO_RANGE = Bounds(None, None, 1.0, "no range: it says how much can be judged")
LEAST_LOOKS = 4
SIDE = 128  # pixels of the square that is looked at
_BLOCKY, _SOFT = 1.5, 0.22
"""From here on a note says that compression, or enlargement, hides the finest traces."""


class Compression(PictureCue):
    """Strength of the lattice of blocks, effective resolution, and what that leaves to be judged."""

    group = "compression"
    points = (FOREHEAD,)
    every = 12

    def __init__(self) -> None:
        super().__init__()
        self._blocks, self._reach = array("f"), array("f")

    def look(self, view: View) -> None:
        square = _square(view)
        if square is None:
            return
        self._blocks.append(blocking(square))
        self._reach.append(resolution(square))

    def judge(self) -> tuple[list[Finding], list[str]]:
        blocks, reach = middle(self._blocks), middle(self._reach)
        if len(self._blocks) < LEAST_LOOKS or not (np.isfinite(blocks) and np.isfinite(reach)):
            return [], [
                "The compression cannot be judged: the picture is too small, flat or seen too briefly."
            ]
        quality = self.quality
        found = [
            self.finding(
                "block_lattice", blocks, "steps at edges of blocks over steps within", NO_RANGE,
                f"steps at the edges of 8 x 8 blocks are {blocks:.2f} times those within", WHOLE_PICTURE,
            ),
            self.finding(
                "effective_resolution", reach, "cycles per pixel", NO_RANGE,
                f"detail reaches {reach:.2f} of at most 0.5 cycles per pixel", WHOLE_PICTURE,
            ),
        ]  # fmt: skip
        notes = []
        if blocks >= _BLOCKY or reach <= _SOFT:
            notes.append(
                f"Compression or enlargement took away the finest traces (quality {quality:.2f} of 1): "
                "noise, spectrum and pulse tell little here."
            )
        return found, notes

    @property
    def quality(self) -> float:
        """0 (nothing fine is left) .. 1; NaN where unknown."""
        blocks, reach = middle(self._blocks), middle(self._reach)
        return float(np.clip((reach - 0.1) / 0.25, 0, 1) * np.clip(1.5 / max(blocks, 1.0), 0, 1))


def blocking(luma: Luma) -> float:
    """Mean step between neighbours across the 8-pixel lattice over that elsewhere; 1 without blocks.

    `luma` begins at a multiple of 8 pixels from the picture's corner. The lattice of a picture that was
    scaled or cut after compression is not found, nor one that the codec's own filter smoothed.
    """
    rows = np.abs(np.diff(luma, axis=0)).mean(axis=1)
    columns = np.abs(np.diff(luma, axis=1)).mean(axis=0)
    ratios = []
    for steps in (rows, columns):
        at = np.array([float(np.median(steps[place::8])) for place in range(8)])
        ratios.append(float(at[7]) / max(float(np.median(at)), 0.05))
    return float(np.mean(ratios))


def resolution(luma: Luma) -> float:
    """Cycles per pixel up to which there is detail: 95 % of power, weighed by frequency squared.

    The power of sharp natural pictures falls with the square of frequency, so that weighed all rings are
    equal; 0.35 is a sharp picture, 0.18 one enlarged to twice its size. NaN of a flat picture.
    """
    side = luma.shape[0]
    window: NDArray[np.float64] = np.hanning(side + 1)[:-1]
    power = np.square(np.abs(np.fft.rfft2((luma - luma.mean()) * np.outer(window, window))))
    down = np.minimum(np.arange(side), side - np.arange(side))[:, None]
    radius = np.hypot(down, np.arange(side // 2 + 1)[None])
    rings = np.round(radius).astype(np.intp).ravel()
    weighed = np.bincount(rings, (power * radius).ravel(), side)[: side // 2 + 1]
    if weighed.sum() <= 1e-3 * side**3:
        return float("nan")
    total = np.cumsum(weighed) / weighed.sum()
    return float(np.interp(0.95, total, np.arange(len(total)))) / float(side)


def _square(view: View) -> Luma | None:
    """`SIDE` pixels around the face, on the lattice of blocks that begins in the picture's corner."""
    height, width = view.pixels.shape[:2]
    if view.face is None or min(height, width) < SIDE:
        return None
    x, y = view.face.mesh[:, :2].mean(axis=0)
    top = int(np.clip(y - SIDE / 2, 0, height - SIDE)) // 8 * 8
    left = int(np.clip(x - SIDE / 2, 0, width - SIDE)) // 8 * 8
    return np.asarray(view.pixels[top : top + SIDE, left : left + SIDE] @ LUMA, np.float32)
