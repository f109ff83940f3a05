"""Is it a head, or a picture of one held before the camera?

The views of a flat thing differ by a homography, whatever the camera (Hartley and Zisserman, Multiple View
Geometry, 2nd ed. 2004, result 13.1); those of a head that turns do not: the nose moves against the cheeks and
the temples. So points of the face that do not move with expression are carried from the view from the front
onto every other view, by the similarity and by the homography that fit best. The share of the change that is
left over is the parallax: a plane leaves little, whatever it was turned by.

It sees prints and stills on a screen that are bent to a side. It does not see a film of a turning head on a
screen: there the parallax is in the film. That a film is not older than the challenge, code and turns say.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perception.mesh import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from perception.pose import INDICES

Floats = NDArray[np.float64]

# Median share left over. Two drawn heads turned by 9 to 20 degrees to a side, up or down: 0.62 to 0.98. Their
# stills as flat prints turned by 20 to 40 degrees: 0.10 to 0.51; by 50, where the mesh begins to slip: 0.40
# to 0.58, but no outline that the turns' check would take for a turned head. A living face is deeper than
# those drawings' relief, so leaves more.
PARALLAX = 0.55
# Views that differ from the front by less than this (root mean square, in distances between the outer eye
# corners) say nothing: the mesh's own noise on one picture is 0.002 to 0.004.
BENT = 0.02
LEAST_VIEWS = 5
MOST_VIEWS = 300


@dataclass(frozen=True)
class Depth:
    """What the views of a face say about its depth.

    Attributes:
        views: how many differ from the front enough to tell.
        parallax: share of that change that no homography explains, 0..1, median; NaN without views.
    """

    views: int
    parallax: float

    @property
    def is_flat(self) -> bool:
        """It was bent to a side, and changed as a flat thing does."""
        return self.views >= LEAST_VIEWS and self.parallax < PARALLAX


def depth(meshes: NDArray[np.float32], pose: Floats) -> Depth:
    """Compare the views of a face.

    Args:
        meshes: (T, 468, 3) pixels; NaN where no face was followed.
        pose: (T, 3) yaw, pitch, roll in degrees; NaN likewise.
    """
    seen = np.flatnonzero(np.isfinite(pose[:, 0]) & np.isfinite(meshes[:, 0, 0]))
    if len(seen) < 2:
        return Depth(0, float("nan"))
    turned = np.abs(pose[seen, :2] - np.median(pose[seen, :2], axis=0)).sum(axis=1)
    front = points(meshes[seen[int(turned.argmin())]])
    shares = []
    for row in seen[:: max(1, len(seen) // MOST_VIEWS)]:
        view = points(meshes[row])
        changed = left_over(similarity, front, view)
        if changed >= BENT:
            shares.append(left_over(homography, front, view) / changed)
    return Depth(len(shares), float(np.median(shares)) if shares else float("nan"))


def points(mesh: NDArray[np.float32]) -> Floats:
    """(30, 2) points that expression does not move, centred, in distances between the outer eye corners."""
    flat = mesh[INDICES, :2].astype(np.float64)
    outer = mesh[[RIGHT_EYE_CORNERS[0], LEFT_EYE_CORNERS[0]], :2].astype(np.float64)
    across = float(np.linalg.norm(outer[1] - outer[0]))
    return np.asarray((flat - flat.mean(axis=0)) / max(across, 1e-6))


def left_over(fit: Callable[[Floats, Floats], Floats], source: Floats, target: Floats) -> float:
    """Root mean square distance that is left when `fit` has carried `source` onto `target`."""
    return float(np.sqrt(((fit(source, target) - target) ** 2).sum(axis=1).mean()))


def homography(source: Floats, target: Floats) -> Floats:
    """`source` (N, 2) carried onto `target` by the homography of least algebraic error (direct linear
    transformation, Hartley and Zisserman, algorithm 4.1; both are normalised already)."""
    (x, y), (u, v) = source.T, target.T
    one, none = np.ones(len(source)), np.zeros(len(source))
    rows = np.concatenate(
        [
            np.stack([x, y, one, none, none, none, -u * x, -u * y, -u], axis=1),
            np.stack([none, none, none, x, y, one, -v * x, -v * y, -v], axis=1),
        ]
    )
    matrix = np.linalg.svd(rows)[2][-1].reshape(3, 3)
    carried = np.stack([x, y, one], axis=1) @ matrix.T
    depth_of = np.where(np.abs(carried[:, 2:]) < 1e-9, 1e-9, carried[:, 2:])
    return np.asarray(carried[:, :2] / depth_of)


def similarity(source: Floats, target: Floats) -> Floats:
    """`source` (N, 2) carried onto `target` by shift, size and rotation, least squares."""
    a, b = source @ np.array([1, 1j]), target @ np.array([1, 1j])
    moved = a * ((a.conj() @ b) / max(float((a.conj() @ a).real), 1e-12))
    return np.stack([moved.real, moved.imag], axis=1)
