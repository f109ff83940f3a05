"""Is the face drawn? Flat colours inside lines are no skin: light and blood shade every piece of it.

A drawing that speaks was animated, by a machine or by hand: no camera saw it speak. Shaded drawings,
paintings and three-dimensional cartoons are not told by this.
"""

import numpy as np
from numpy.typing import NDArray

from safety.detector.picture.cue import Bounds, PictureCue, middle
from safety.detector.report import Finding
from safety.detector.view import LUMA, View

SIDE = 128
FLAT_COLOUR = Bounds(
    None, 0.38, 0.08,
    "measured: 0.07 to 0.29 in two photographs (one generated), two paintings, a sketch and four shaded"
    " drawings, as they are and at H.264 CRF 33 and half size, to 0.36 darkened by half; six flat drawings"
    " 0.46 to 0.75",
)  # fmt: skip
LEVEL = 1.0  # of 255: a step between neighbours that a flat colour does not have
COMMONEST, BITS = 6, 5
# What is too dark, too bright or too dull has few levels, whatever it is.
LEAST_RANGE, CLIPPED, MOST_CLIPPED = 70.0, 250, 0.1
LEAST_EYES, LEAST_LOOKS = 24.0, 3

_ACROSS = (np.arange(SIDE) + 0.5) / SIDE - 0.5
_FACE = (_ACROSS[None, :] / 0.26) ** 2 + (_ACROSS[:, None] / 0.27) ** 2 < 1
"""From the brows to the chin and between the cheeks, in the aligned crop."""


class Drawn(PictureCue):
    """Share of the face without a step from pixel to pixel, and share that its commonest colours take."""

    group = "drawn"
    every = 12

    def __init__(self) -> None:
        super().__init__()
        self._shares: list[float] = []
        self._poor = 0

    def look(self, view: View) -> None:
        if view.face is None or view.face.eye_distance < LEAST_EYES or not _inside(view):
            return
        share = flat_share(view.crop(SIDE))
        if np.isfinite(share):
            self._shares.append(share)
        else:
            self._poor += 1

    def judge(self) -> tuple[list[Finding], list[str]]:
        if len(self._shares) < LEAST_LOOKS:
            why = "too dark or too bright" if self._poor else "too small or seen too briefly"
            return [], [f"The face is {why} to tell whether it is drawn in flat colours."]
        share = middle(self._shares)
        flat = FLAT_COLOUR.sign(share) > 0
        told = "is painted in flat colours, as drawings are" if flat else "is shaded, as skin is"
        notes = ["The face seems to be drawn: ranges of people say little about it."] if flat else []
        return [self.finding("flat_colour", share, "of the face", FLAT_COLOUR, f"the face {told}")], notes


def _inside(view: View) -> bool:
    """The whole face is in the picture: what lies outside it is black in the crop, and flat."""
    height, width = view.pixels.shape[:2]
    points = np.zeros((0, 2)) if view.face is None else view.face.mesh[:, :2]
    return bool(((points >= 0) & (points < (width, height))).all())


def flat_share(crop: NDArray[np.uint8]) -> float:
    """0..1 of an aligned (SIDE, SIDE, 3) uint8 RGB crop: mean of both shares; NaN where it has few levels."""
    face = crop[_FACE]
    luma = crop.astype(np.float32) @ LUMA
    low, high = np.percentile(luma[_FACE], (1, 99))
    if high - low < LEAST_RANGE or float((face >= CLIPPED).any(axis=1).mean()) > MOST_CLIPPED:
        return float("nan")
    steps = np.abs(np.diff(luma, axis=0))[:, :-1] + np.abs(np.diff(luma, axis=1))[:-1]
    still = float((steps[_FACE[:-1, :-1]] < LEVEL).mean())
    codes = (face >> (8 - BITS)).astype(np.int64) @ (1 << np.arange(0, 3 * BITS, BITS))
    counts = np.sort(np.bincount(codes))[::-1]
    return (still + float(counts[:COMMONEST].sum()) / len(face)) / 2
