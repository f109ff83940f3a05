"""Where the parts of a face are in its aligned crop, and how sharp each is."""

import numpy as np
from numpy.typing import NDArray

from perception.face import Face
from perception.mesh import LEFT_EYE, LIPS_OUTER, RIGHT_EYE
from perception.warp import view_matrix
from safety.detector.picture.patches import Luma
from safety.detector.view import LUMA, View, crop_region

SIZE = 160
"""Pixels of the crop: 45 between the eyes."""
LEAST_EYES = 40.0
"""Pixels between the eyes in the picture: below, the crop is an enlargement and has no fine part."""

PARTS: dict[str, tuple[int, ...]] = {
    "eyes": RIGHT_EYE + LEFT_EYE,
    "mouth": LIPS_OUTER,
    "right cheek": (50, 205, 117, 187),
    "left cheek": (280, 425, 346, 411),
    "forehead": (151, 108, 337, 9),
}
_GROWN = {"eyes": 4, "mouth": 3, "right cheek": 2, "left cheek": 2, "forehead": 2}  # pixels added all round


def crop_luma(view: View) -> Luma:
    """(SIZE, SIZE) luma of the aligned crop, 0..255. Raises ValueError without a face."""
    return view.crop(SIZE) @ LUMA


def placed(face: Face) -> NDArray[np.float64]:
    """(468, 2): the mesh in the crop's pixels."""
    matrix = view_matrix(crop_region(face), SIZE)
    flat = (face.mesh[:, :2] - matrix[:, 2]).astype(np.float64)
    return np.asarray(np.linalg.solve(matrix[:, :2], flat.T).T, np.float64)


def parts(points: NDArray[np.float64]) -> dict[str, tuple[slice, slice]]:
    """Rows and columns of the box around each of `PARTS`; empty where it lies outside the crop."""
    found = {}
    for name, indices in PARTS.items():
        grown = _GROWN[name]
        low = np.clip(np.floor(points[list(indices)].min(axis=0)) - grown, 0, SIZE).astype(int)
        high = np.clip(np.ceil(points[list(indices)].max(axis=0)) + grown, 0, SIZE).astype(int)
        found[name] = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
    return found


def bands(luma: Luma) -> tuple[Luma, Luma]:
    """What is finer than four pixels, and what lies between four and eight; squared, of one shape."""
    once = _smooth(luma, 1)
    twice = _smooth(once, 2)
    return np.square(luma - once), np.square(once - twice)


def sharpness(fine: Luma, coarse: Luma, where: tuple[slice, slice]) -> float:
    """Octaves of the fine band over the coarse one: contrast does not count. NaN of too little."""
    one, two = fine[where], coarse[where]
    if one.size < 16:
        return float("nan")
    energy = float(two.mean())
    return float(np.log2(max(float(one.mean()), 1e-3) / energy) / 2) if energy > 1.0 else float("nan")


def _smooth(luma: Luma, step: int) -> Luma:
    """Binomial (1 2 1) / 4 along both sides, taps `step` apart; edges are repeated."""
    size = luma.shape[0]
    padded = np.pad(luma, step, mode="edge")
    rows = padded[:size] + 2 * padded[step : step + size] + padded[2 * step :]
    smooth = rows[:, :size] + 2 * rows[:, step : step + size] + rows[:, 2 * step :]
    return np.asarray(smooth / 16, np.float32)
