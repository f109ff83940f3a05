"""Small squares at the picture's own pixels, and how well one of them predicts another.

Nothing is resampled where it can be helped: resampling takes away the finest grain, which is what is asked
for here.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, solve

from perception.face import Face
from safety.detector.view import LUMA, Pixels

Floats = NDArray[np.float64]
Luma = NDArray[np.float32]

ANCHORS = {"forehead": 151, "right cheek": 50, "left cheek": 280, "right jowl": 207, "left jowl": 427}
"""Points of the mesh in the middle of skin that mostly moves with the skull."""
SIDES = (16, 40)
"""Least and most pixels of a square's side; it is `OF_EYES` of the eye distance between them."""
OF_EYES = 0.45
REACH = 2
"""Pixels by which the predicting square is shifted to each side: 5 x 5 shifts."""
_NEAR = 48  # points of the mesh that a square moves with
_RIDGE = 1e-3


def side_of(face: Face) -> int:
    """Pixels of a square's side for this face; 0 where the face is too small."""
    side = int(OF_EYES * face.eye_distance)
    return 0 if side < SIDES[0] else min(side, SIDES[1])


def luma_at(pixels: Pixels, top: int, left: int, side: int) -> Luma | None:
    """(side, side) luma 0..255 at that corner; None where it reaches out of the picture."""
    height, width = pixels.shape[:2]
    if top < 0 or left < 0 or top + side > height or left + side > width:
        return None
    return pixels[top : top + side, left : left + side] @ LUMA


def near_points(mesh: NDArray[np.float32], anchor: int) -> NDArray[np.intp]:
    """Indices of the points that lie nearest to one of them."""
    apart = np.square(mesh[:, :2] - mesh[anchor, :2]).sum(axis=1)
    return np.argpartition(apart, _NEAR)[:_NEAR]


def affine_between(before: NDArray[np.float32], after: NDArray[np.float32]) -> Floats:
    """(3, 2): the affine map that takes (N, 2) points nearest to other (N, 2) points."""
    source = np.column_stack([before, np.ones(len(before))])
    fitted: Floats = np.linalg.lstsq(source, after.astype(np.float64), rcond=None)[0]
    return fitted


def sampled(pixels: Pixels, x: Floats, y: Floats) -> Luma | None:
    """Luma at places between pixels (bilinear), of their shape; None where one is outside the picture."""
    height, width = pixels.shape[:2]
    left, top = int(np.floor(x.min())), int(np.floor(y.min()))
    right, bottom = int(np.floor(x.max())) + 2, int(np.floor(y.max())) + 2
    if left < 0 or top < 0 or right > width or bottom > height:
        return None
    i, j = np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)
    v, u = (y - i).astype(np.float32), (x - j).astype(np.float32)
    upper = (pixels[i, j] @ LUMA) * (1 - u) + (pixels[i, j + 1] @ LUMA) * u
    lower = (pixels[i + 1, j] @ LUMA) * (1 - u) + (pixels[i + 1, j + 1] @ LUMA) * u
    return np.asarray(upper * (1 - v) + lower * v, np.float32)


def fine(luma: Luma) -> Luma:
    """What is finer than about four pixels: luma less a smooth (1 2 1) x (1 2 1) copy, one pixel less all
    round."""
    rows = luma[:-2] + 2 * luma[1:-1] + luma[2:]
    smooth = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    return np.asarray(luma[1:-1, 1:-1] - smooth, np.float32)


def deviation(values: NDArray[np.floating]) -> float:
    """The standard deviation of the bulk of values: from their median absolute size."""
    return 1.4826 * float(np.median(np.abs(values)))


def unforeseen(before: Luma, after: Luma) -> tuple[float, float]:
    """What the fine part of one square has that no linear filter of another, 5 x 5, foresees.

    The filter is fitted (least squares): it takes in shifts up to `REACH` pixels, blur, sharpening and
    fading, so that what is left is new in `after`.

    Args:
        before, after: (S, S) luma of about the same place.

    Returns:
        Deviation of what is left, in levels of 255; its share of the variance of the fine part of `after`.
    """
    source, wanted = fine(before), fine(after)
    size = wanted.shape[0] - 2 * REACH
    target = wanted[REACH : REACH + size, REACH : REACH + size].reshape(-1).astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(source, (size, size)).reshape(-1, size * size)
    shifts = windows.astype(np.float64)
    power = float(target @ target)
    if power < 1e-6 * len(target):
        return 0.0, 0.0
    columns = torch.from_numpy(shifts)  # in this thread: numpy's would wait for each other on busy cores
    gram = (columns @ columns.T).numpy()
    gram[np.diag_indices_from(gram)] += _RIDGE * len(target)
    try:
        weights = solve(gram, shifts @ target, assume_a="pos")
    except LinAlgError:
        return float("nan"), float("nan")
    left = target - weights @ shifts
    free = max(len(target) - len(weights), 1)
    share = float(left @ left) / free * len(target) / power
    return deviation(left), min(share, 1.0)


def alike(one: Luma, other: Luma) -> float:
    """Correlation of the fine parts of two squares, as they lie; 0 where one is flat."""
    a, b = fine(one).reshape(-1), fine(other).reshape(-1)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 1e-6 else 0.0
