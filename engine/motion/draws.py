"""Chance that depends on nothing but the seed and what it is for."""

import hashlib

import numpy as np

from engine.motion.curves import Track, spline


def draws(seed: int, purpose: str, moment: float | None = None) -> np.random.Generator:
    """Random numbers for one purpose, or for one event of it by its time (to 10 ms).

    Purposes do not disturb each other, and sound added at the end leaves the draws for what was there before.
    """
    event = "" if moment is None else str(round(moment * 100))
    digest = hashlib.blake2b(f"{seed}/{purpose}/{event}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def wander(seed: int, purpose: str, times: Track, spacing: float, channels: int) -> Track:
    """Smooth noise of unit variance, without a period: (T, channels), most of it below 0.3 / spacing Hz.

    Args:
        times: seconds, from -1 on.
        spacing: seconds between two independent draws.
    """
    count = int(np.ceil((times[-1] + 2.0) / spacing)) + 6
    controls = draws(seed, purpose).standard_normal((count, channels))
    # A cubic B-spline over white controls has variance 0.479 on average: the sum of its squared weights.
    noise = spline(controls, 1.0 / spacing, times + 1.0 + 2.0 * spacing)
    return np.asarray(noise / np.sqrt(0.479))


def log_normal(rng: np.random.Generator, mean: float, variation: float) -> float:
    """One positive number with this mean and coefficient of variation."""
    sigma2 = np.log1p(variation * variation)
    return float(rng.lognormal(np.log(mean) - sigma2 / 2.0, np.sqrt(sigma2)))
