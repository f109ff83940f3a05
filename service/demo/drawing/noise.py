"""Seeded smooth noise on face coordinates: pores, folds, fibres. The same at every picture size."""

import numpy as np
from scipy.ndimage import map_coordinates

from service.demo.drawing.shape import Floats


def noise(x: Floats, y: Floats, *, scale: tuple[float, float], seed: int) -> Floats:
    """Value noise, mean 0, standard deviation about 1, with features of `scale` (x, y) eye distances."""
    lattice = np.random.default_rng(seed).standard_normal((128, 128)).astype(np.float32) * 1.5
    where = np.stack([y / scale[1] + 64.0, x / scale[0] + 64.0])
    cell = np.floor(where)
    part = where - cell
    where = cell + part * part * (3.0 - 2.0 * part)  # no creases along the lattice
    return np.asarray(map_coordinates(lattice, where, order=1, mode="grid-wrap", prefilter=False), np.float32)


def clouds(x: Floats, y: Floats, *, scale: float, seed: int, octaves: int = 3) -> Floats:
    """Fractal noise: each octave half the size and half the strength."""
    total = np.zeros_like(x)
    for k in range(octaves):
        size = scale * 0.5**k
        total += noise(x + 0.37 * k, y - 0.61 * k, scale=(size, size), seed=seed + k) * 0.5**k
    return total
