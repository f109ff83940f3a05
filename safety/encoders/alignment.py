"""Bringing five points of a face to where an encoder expects them."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def similarity(source: Floats, target: Floats) -> Floats:
    """(2, 3) matrix of rotation, scale and shift that carries `source` (N, 2) onto `target` with least
    squares.

    Umeyama, IEEE TPAMI 13(4), 1991; reflections excluded. Raises ValueError when the points coincide.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centred = source - source_mean
    variance = float((centred**2).sum())
    if not (variance > 0 and float(np.ptp(target, axis=0).max()) > 0):
        raise ValueError("the points coincide")
    u, strengths, vt = np.linalg.svd((target - target_mean).T @ centred)
    signs = np.asarray([1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(signs) @ vt
    scaled = rotation * (float((strengths * signs).sum()) / variance)
    return np.concatenate([scaled, (target_mean - scaled @ source_mean)[:, np.newaxis]], axis=1)
