"""Smooth weights over the mesh in head coordinates, from which shapes are made."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def smoothstep(t: Floats) -> Floats:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(t, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def blob(p: Floats, x: float, y: float, rx: float, ry: float) -> Floats:
    """(N,) 1 at x, y, falling off as a Gaussian of those radii."""
    return np.exp(-(((p[:, 0] - x) / rx) ** 2) - ((p[:, 1] - y) / ry) ** 2).astype(np.float32)


def vector(weight: Floats, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Floats:
    """(N, 3) a displacement, `weight` (N,) times."""
    return (weight[:, None] * np.asarray([x, y, z], np.float32)).astype(np.float32)


def members(indices: tuple[int, ...]) -> Floats:
    """(468,) 1 at these points of the mesh."""
    mask = np.zeros(468, np.float32)
    mask[list(indices)] = 1
    return mask
