"""Chance that depends on nothing but the seed and what it is for."""

import hashlib
from functools import lru_cache

import numpy as np

from engine.motion.curves import Track, weights

_BLOCK = 64  # values of a noise drawn at once: any part of it is known without the parts before


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
        times: seconds, in order.
        spacing: seconds between two independent draws.
    """
    x = times / spacing
    base = np.floor(x).astype(np.int64)
    first, last = int(base[0] - 1) // _BLOCK, int(base[-1] + 2) // _BLOCK
    controls = np.concatenate([_block(seed, purpose, channels, i) for i in range(first, last + 1)])
    taps = controls[base[:, None] + np.arange(-1, 3) - first * _BLOCK]
    # A cubic B-spline over white controls has variance 0.479 on average: the sum of its squared weights.
    return np.asarray(np.einsum("tk,tkc->tc", weights(x - base), taps) / np.sqrt(0.479))


@lru_cache(maxsize=512)
def _block(seed: int, purpose: str, channels: int, index: int) -> Track:
    values = draws(seed, f"{purpose}/{index}").standard_normal((_BLOCK, channels))
    values.flags.writeable = False
    return values


def log_normal(rng: np.random.Generator, mean: float, variation: float) -> float:
    """One positive number with this mean and coefficient of variation."""
    sigma2 = np.log1p(variation * variation)
    return float(rng.lognormal(np.log(mean) - sigma2 / 2.0, np.sqrt(sigma2)))
