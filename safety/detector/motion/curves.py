"""Curves over time: gaps filled, evenly sampled, parted into slow and fast, compared."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE = 25.0  # samples a second of everything about the head
TREMOR_HERTZ = 3.0
"""97 to 99 % of the power of real heads' turning is slower."""


def filled(at: Floats, values: Floats) -> Floats:
    """(T,) with unknown values drawn straight between their neighbours in time; zeros where all are."""
    known = np.isfinite(values)
    return np.interp(at, at[known], values[known]) if known.any() else np.zeros(len(at))


def regular(at: Floats, values: Floats) -> Floats:
    """(N, n) at `RATE` a second, whatever the frame rate is, of (T, n) at times `at`."""
    times = np.arange(at[0], at[-1], 1 / RATE)
    return np.stack([np.interp(times, at, filled(at, column)) for column in values.T], axis=1)


def parted(values: Floats) -> tuple[Floats, Floats]:
    """What is slower and what is faster than `TREMOR_HERTZ`, without delay; (N, n) at `RATE`."""
    from scipy.signal import butter, sosfiltfilt

    slow = sosfiltfilt(butter(2, TREMOR_HERTZ, "low", fs=RATE, output="sos"), values, axis=0)
    return slow, values - slow


def smooth(curve: Floats, seconds: float, rate: float = RATE) -> Floats:
    """(N,) under a bell of that many seconds; the ends are held."""
    size = max(3, round(seconds * rate) | 1)
    window = np.hanning(size + 2)[1:-1]
    padded = np.pad(curve, size // 2, mode="edge")
    return np.asarray(np.convolve(padded, window / window.sum(), "valid"))


def correlation(one: Floats, other: Floats) -> float:
    """Pearson's; 0 where one does not move."""
    first, second = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / scale if scale > 1e-12 else 0.0


def best_near(one: Floats, other: Floats, most: int) -> float:
    """The correlation that is largest in size when `other` is shifted by up to `most` samples either way."""
    found = 0.0
    for lag in range(-most, most + 1):
        size = len(one) - abs(lag)
        a, b = max(0, -lag), max(0, lag)
        value = correlation(one[a : a + size], other[b : b + size])
        found = value if abs(value) > abs(found) else found
    return found
