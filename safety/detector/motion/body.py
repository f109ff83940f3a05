"""What is under the chin: a head is carried by a body, and a body breathes.

How far the picture moved is told by its change over its own slope (the one-dimensional optical flow of Lucas
and Kanade 1981, summed over the region): a change of light counts as motion, noise does, too. A region whose
every pixel is the same again and again while the head moves is a still picture.
"""

import numpy as np
from numpy.typing import NDArray

from perception.face import Face
from safety.detector.motion.curves import RATE, smooth
from safety.detector.motion.record import Bounds, Motion, Page

Luma = NDArray[np.float32]
Floats = NDArray[np.float64]

STILL = Bounds(
    None, 0.5, "own estimate: chests rise and fall 12 to 18 times a minute, and necks are moved by the head"
)
_ACROSS, _BELOW, _DEEP = 0.3, 0.1, 0.8  # of the face's box: to each side, under the chin, and how far down
_LEAST_CELLS = 64
_LEAST_SLOPE = 1.0  # levels of 255 from cell to cell: a plain wall tells nothing
_MOVING = 0.004  # eye distances a frame, over `_SPAN` frames to either side: more than the mesh's noise
_SPAN = 3
_STILL = 0.05  # a body that moves by less than this share of the head's way stands still
_LEAST_FRAMES = 50


class Body:
    """Compares the region under the chin from frame to frame."""

    def __init__(self) -> None:
        self._before: Luma | None = None

    def release(self) -> None:
        """Let go of the last picture."""
        self._before = None

    def changed(self, luma: Luma, face: Face | None, scale: int) -> float:
        """The most that a sixteenth of the face's box changed since the frame before, in levels of 255.

        NaN where it cannot be told. Asked before `moved`, which goes on to the next frame.
        """
        before = self._before
        if face is None or before is None or before.shape != luma.shape:
            return np.nan
        x0, y0, x1, y1 = (max(0, int(value / scale)) for value in face.box)
        change = np.abs(luma[y0:y1, x0:x1] - before[y0:y1, x0:x1])
        high, wide = change.shape[0] // 4, change.shape[1] // 4
        if not high or not wide:
            return np.nan
        return float(change[: 4 * high, : 4 * wide].reshape(4, high, 4, wide).mean(axis=(1, 3)).max())

    def moved(self, luma: Luma, face: Face | None, scale: int) -> float:
        """Eye distances since the frame before; NaN where it cannot be told.

        Args:
            luma: (H, W) 0..255, every `scale`-th pixel of the picture.
        """
        before, self._before = self._before, luma
        if face is None or before is None or before.shape != luma.shape:
            return np.nan
        x0, y0, x1, y1 = (value / scale for value in face.box)
        wide, high = x1 - x0, y1 - y0
        columns = slice(max(0, int(x0 - _ACROSS * wide)), max(0, int(x1 + _ACROSS * wide)))
        rows = slice(max(0, int(y1 + _BELOW * high)), max(0, int(y1 + (_BELOW + _DEEP) * high)))
        here, there = luma[rows, columns], before[rows, columns]
        if here.size < _LEAST_CELLS or min(here.shape) < 2:
            return np.nan
        slope = float(np.abs(np.diff(here, axis=1)).mean() + np.abs(np.diff(here, axis=0)).mean())
        if slope < _LEAST_SLOPE:
            return np.nan
        return float(np.abs(here - there).mean()) / slope * scale / max(face.eye_distance, 1e-6)


def judge(page: Page, motion: Motion) -> None:
    """In how much of the time in which the head moves the body stands still."""
    going = _going(motion.track.place)
    known = (going > _MOVING) & np.isfinite(motion.body)
    if known.sum() < _LEAST_FRAMES:
        page.skip("Too little is seen under the chin, or the head moves too little, to compare both.")
        return
    under = smooth(np.nan_to_num(motion.body), (2 * _SPAN + 1) / RATE)
    share = float((under[known] < _STILL * going[known]).mean())
    page.add(
        "body_still", share, "share of the time in which the head moves", STILL,
        f"in {share:.0%} of the time in which the head moves nothing moves under it", group="head",
    )  # fmt: skip


def _going(place: Floats) -> Floats:
    """(T,) how far the head goes in a frame, from a few frames before to a few after; 0 where unknown."""
    padded = np.pad(place, ((_SPAN, _SPAN), (0, 0)), mode="edge")
    way = np.linalg.norm(padded[2 * _SPAN :] - padded[: -2 * _SPAN], axis=1) / (2 * _SPAN)
    return np.asarray(np.nan_to_num(way))
