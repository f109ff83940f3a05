"""Words of the pictures' movement: how the amount of motion rises and falls around its peaks and lulls.

How much moves, not where: that is the same in a mirrored, cropped, resized, brightened copy, and other in
every clip of one portrait, because it follows what is said. Two amounts are told apart by their fineness:
what moves large shapes (the head) and what moves small ones (lips, lids).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, uniform_filter

Floats = NDArray[np.float64]

SIDE = 64  # the picture is reduced to SIDE x SIDE
STEP = 0.04  # seconds between samples of the amounts
LAG = 2  # samples between the two pictures whose difference is looked at
SMOOTH = 2.5  # samples, of the Gaussian over the amounts
BESIDE = 3  # samples on either side of a peak that are lower, of a lull that are higher
REACH, STRIDE = 28, 7  # samples: a word looks so far around its middle, in such steps
FINE_SMOOTH = 3.0  # samples, of the Gaussian over the share of the small shapes
LULL = 1 << 16  # set in the word around a lull
WEAK = 3  # bits of a word that a search flips, the least certain
FLOOR = 0.02  # of a luma step: an amount below is noise


def amounts(frames: Iterable[tuple[float, NDArray[np.uint8]]]) -> Floats:
    """(N, 2) logarithms of how much large and small shapes move at each k * STEP.

    Args:
        frames: times in seconds, rising from 0, and pictures (H, W, 3) uint8 RGB of any size.
    """
    times: list[float] = []
    small: list[NDArray[np.float32]] = []
    found: list[tuple[float, float]] = []
    for seconds, pixels in frames:
        times.append(seconds)
        small.append(_normal(pixels))
        back = _index(times, seconds - LAG * STEP)
        change = small[back - len(times)] - small[-1]
        blurred = uniform_filter(change, 5)
        found.append((float(np.abs(blurred).mean()), float(np.abs(change - blurred).mean())))
        del small[: max(0, len(small) - 16)]
    if not times:
        return np.zeros((0, 2))
    grid = np.arange(0.0, times[-1] + STEP / 2, STEP)
    series = np.stack([np.interp(grid, times, column) for column in np.asarray(found).T], axis=1)
    return np.asarray(gaussian_filter1d(np.log(series + FLOOR / 64), SMOOTH, axis=0))


def _index(times: list[float], seconds: float) -> int:
    """Of the frame shown at `seconds`, among the last 16."""
    low = max(0, len(times) - 16)
    for k in range(len(times) - 1, low, -1):
        if times[k] <= seconds + 1e-6:
            return k
    return low


def _normal(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(SIDE, SIDE) luma without brightness and contrast."""
    little = Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    luma = np.asarray(little, np.float32)
    return np.asarray((luma - luma.mean()) / max(float(luma.std()), 3.0))


def words(series: Floats, weak: int = 0) -> tuple[NDArray[np.uint32], Floats]:
    """Words of 17 bits around the peaks and lulls of `amounts`, and the seconds of these.

    The first 8 bits say where the motion of large shapes rises, the next 8 where the share of small ones
    does: the two amounts themselves go together by 0.96, so that a second one would say next to nothing.

    Args:
        weak: also those with any of so many of the least certain bits flipped: for a search.
    """
    total = series.sum(1)
    tops, lulls = _peaks(total), _peaks(-total)
    peaks = np.concatenate([tops, lulls])
    if not len(peaks):
        return np.zeros(0, np.uint32), np.zeros(0)
    share = gaussian_filter1d(series[:, 1] - series[:, 0], FINE_SMOOTH)
    around = peaks[:, None] + np.arange(-REACH, REACH + 1, STRIDE)
    rise = np.concatenate([np.diff(series[around, 0], axis=1), np.diff(share[around], axis=1)], axis=1)
    powers = 1 << np.arange(rise.shape[1])
    plain = ((rise > 0) @ powers).astype(np.uint32)
    plain[len(tops) :] |= LULL
    loose = np.argsort(np.abs(rise), axis=1)[:, :weak]
    out, at = [], []
    for choice in range(1 << weak):
        flip = np.zeros(len(peaks), np.uint32)
        for k in range(weak):
            if choice >> k & 1:
                flip ^= powers[loose[:, k]].astype(np.uint32)
        out.append(plain ^ flip)
        at.append(peaks * STEP)
    return np.concatenate(out), np.concatenate(at)


def _peaks(total: Floats) -> NDArray[np.intp]:
    """Where it peaks, with room for a word around."""
    if len(total) <= 2 * REACH:
        return np.zeros(0, np.intp)
    top = np.flatnonzero(total == maximum_filter1d(total, 2 * BESIDE + 1, mode="nearest"))
    return top[(top >= REACH) & (top < len(total) - REACH)]
