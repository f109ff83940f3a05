"""The basis of the mark: a lapped cosine transform (MDCT) with a sine window.

Princen, Johnson and Bradley, ICASSP 1987. Its waves are orthonormal and 32 ms long, every 16 ms, every
31.25 Hz; those between 312 and 6,812 Hz carry. Telephones keep the lower half of them, a sampling rate of
16 kHz all.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE = 16_000  # samples per second at which the mark lives
HOP = 256  # samples from wave to wave
FIRST, LAST = 10, 218  # coefficients that carry, LAST excluded
BINS = LAST - FIRST


@cache
def _waves() -> NDArray[np.float32]:
    """(2 * HOP, BINS) windowed cosines."""
    n, k = np.arange(2 * HOP)[:, None] + 0.5, np.arange(FIRST, LAST) + 0.5
    window = np.sin(np.pi * n / (2 * HOP))
    waves = np.sqrt(2 / HOP) * window * np.cos(np.pi / HOP * (n + HOP / 2) * k)
    return np.asarray(waves, np.float32)


def synthesize(coefficients: NDArray[np.floating]) -> Samples:
    """((F + 1) * HOP,) samples of coefficients (F, BINS); wave f begins at sample f * HOP."""
    pieces = coefficients.astype(np.float32) @ _waves().T
    out = np.zeros((len(pieces) + 1, HOP), np.float32)
    out[:-1] += pieces[:, :HOP]
    out[1:] += pieces[:, HOP:]
    return out.reshape(-1)


def analyze(samples: Samples) -> NDArray[np.float32]:
    """(F, BINS) coefficients of ((F + 1) * HOP,) samples."""
    blocks = samples.astype(np.float32).reshape(-1, HOP)
    coefficients: NDArray[np.float32] = np.concatenate([blocks[:-1], blocks[1:]], axis=1) @ _waves()
    return coefficients
