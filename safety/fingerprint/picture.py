"""Frames to numbers, one sample every `STEP` seconds: coarse layout, and the motion since a moment ago."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

Floats = NDArray[np.float32]

STEP = 0.08  # seconds between samples: two frames at 25 per second
REACH = 0.12  # seconds around a sample that its average covers: three frames even at 15 per second
LAG = 3  # samples between the two pictures whose difference is the motion
SIDE = 32  # the picture is reduced to SIDE x SIDE before anything else
WAVES = 48  # lowest spatial frequencies kept, mean brightness left out
FLAT = 3.0  # standard deviation of luma (0..255) below which a picture shows nothing
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709-6, item 3.2


def _lowest() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the `WAVES` lowest frequencies of a 2-D DCT but the mean, in order."""
    row, column = np.mgrid[0:SIDE, 0:SIDE]
    order = np.lexsort((row.ravel(), (row**2 + column**2).ravel()))[1 : WAVES + 1]
    return order // SIDE, order % SIDE


ROWS, COLUMNS = _lowest()


def coarse(pixels: NDArray[np.uint8]) -> Floats:
    """(WAVES,) lowest DCT coefficients of a picture (H, W, 3), brightness and contrast taken out."""
    small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    luma = np.asarray(small, np.float32) @ LUMA
    spread = float(luma.std())
    if spread < FLAT:
        return np.zeros(WAVES, np.float32)
    waves = dctn((luma - luma.mean()) / spread, norm="ortho")
    return np.asarray(waves[ROWS, COLUMNS], np.float32)


def sampled(frames: Iterable[tuple[float, NDArray[np.uint8]]]) -> Floats:
    """(N, WAVES) averages of the frames around each sample's time.

    Sample k covers the time k * STEP. Memory: the frame at hand, and 192 bytes a sample.
    """
    sums: list[Floats] = []
    weights: list[float] = []
    for seconds, pixels in frames:
        first = max(0, int(np.ceil((seconds - REACH) / STEP)))
        last = int(np.floor((seconds + REACH) / STEP))
        while len(sums) <= last:
            sums.append(np.zeros(WAVES, np.float32))
            weights.append(0.0)
        waves = coarse(pixels)
        for k in range(first, last + 1):
            weight = max(1.0 - abs(k * STEP - seconds) / REACH, 1e-3)
            sums[k] += weight * waves
            weights[k] += weight
    return _averages(sums, weights)


def _averages(sums: list[Floats], weights: list[float]) -> Floats:
    """Where no frame fell near a sample the picture stood still: it repeats."""
    out = np.zeros((len(sums), WAVES), np.float32)
    for k, (total, weight) in enumerate(zip(sums, weights, strict=True)):
        out[k] = total / weight if weight else out[k - 1] if k else total
    return out


def motion(waves: Floats) -> Floats:
    """(N, WAVES) change of the coefficients over the `LAG` samples around each; 0 at the ends."""
    out = np.zeros_like(waves)
    out[LAG - 1 : -1] = waves[LAG:] - waves[:-LAG]
    return out
