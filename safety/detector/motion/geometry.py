"""Bones: points that expression does not move keep their distances, and turn as a solid thing does."""

import numpy as np
from numpy.typing import NDArray

from perception.pose import rigid_rotation
from safety.detector.motion.curves import parted, regular
from safety.detector.motion.record import Bounds, Motion, Page

Floats = NDArray[np.float64]

JITTER = Bounds(
    None,
    0.006,
    "measured: 0.0008 to 0.0016 in ten real readers (GRID corpus, another mesh), 0.002 to 0.003 by this mesh"
    " on drawn heads; twice of that",
)
SHAPE = Bounds(
    None,
    0.016,
    "measured: 0.004 to 0.007 in ten real readers (GRID corpus), up to 0.009 by this mesh; twice of that",
)
DEPTH = Bounds(
    0.6,
    None,
    "a solid head of the mean shape that turns by 6 to 10 degrees leaves 0.99, a flat picture 0.0 to 0.2",
)
BENT = 0.02  # of the outer eye distance: views that differ by less are the mesh's noise
LEAST_VIEWS = 10


def judge(page: Page, motion: Motion) -> None:
    """Jitter of the points, change of their distances, and parallax."""
    seen = np.isfinite(motion.bones).all(axis=(1, 2))
    bones, at = motion.bones[seen], motion.track.at[seen]
    shapes = _shapes(bones)
    usual = np.median(shapes, axis=0)
    left = shapes - usual
    flat = regular(at, left.reshape(len(left), -1))
    slow, fast = parted(flat)
    points = left.shape[1]
    jitter = float(np.sqrt((fast**2).sum(axis=1).mean() / points))
    page.add(
        "landmark_jitter",
        jitter,
        "outer eye distances",
        JITTER,
        f"points of the skull tremble by {100 * jitter:.2f} % of the eye distance",
        group="geometry",
        curve=(fast**2).sum(axis=1),
    )
    bend = float(np.sqrt((slow**2).sum(axis=1).mean() / points))
    page.add(
        "skull_bend",
        bend,
        "outer eye distances",
        SHAPE,
        f"distances in the skull change by {100 * bend:.2f} % of the eye distance",
        group="geometry",
        curve=(slow**2).sum(axis=1),
    )
    shares = _parallax(bones)
    if len(shares) < LEAST_VIEWS:
        page.skip("The head turns too little to tell a solid head from a bent picture.")
        return
    share = float(np.median(shares))
    page.add(
        "turn_depth",
        share,
        "share of the change that no plane explains",
        DEPTH,
        f"{share:.0%} of what a turn changes is depth",
        group="geometry",
    )


def _shapes(bones: Floats) -> Floats:
    """(T, N, 3) without place, size and rotation: every frame carried onto the first one's shape."""
    centred = bones - bones.mean(axis=1, keepdims=True)
    # outer eye corners are points 4 and 5 of the shape
    sizes = np.maximum(np.linalg.norm(bones[:, 5] - bones[:, 4], axis=1), 1e-6)
    usual = np.median(centred / sizes[:, None, None], axis=0)
    out = np.empty_like(centred)
    for row, points in enumerate(centred):
        rotation = rigid_rotation(points, usual)
        turned = points @ rotation.T
        out[row] = turned * ((turned * usual).sum() / max((turned**2).sum(), 1e-12))
    return np.asarray(out)


def _parallax(bones: Floats) -> Floats:
    """For each view that differs from the usual one: the share of the change that an affine map leaves."""
    flat = bones[:, :, :2] - bones[:, :, :2].mean(axis=1, keepdims=True)
    flat = flat / np.median(np.linalg.norm(bones[:, 5] - bones[:, 4], axis=1))
    usual = flat[int(np.abs(flat - np.median(flat, axis=0)).sum(axis=(1, 2)).argmin())]
    source = usual @ np.array([1, 1j])
    targets = flat @ np.array([1, 1j])
    scale = (targets @ source.conj()) / max(float((source.conj() @ source).real), 1e-12)
    similar = np.sqrt((np.abs(targets - scale[:, None] * source) ** 2).mean(axis=1))
    inverse = np.linalg.pinv(usual)
    affine = flat - usual @ (inverse @ flat)
    plane = np.sqrt((affine**2).sum(axis=2).mean(axis=1))
    bent = similar >= BENT
    return np.asarray(plane[bent] / similar[bent])
