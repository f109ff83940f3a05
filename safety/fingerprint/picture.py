"""Frames to numbers: how each cell of a coarse grid brightens and darkens, and a coarser, slower layout."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from safety.fingerprint.grid import CELLS, COARSE, SIDE, averaged

Floats = NDArray[np.float32]

STEP = 0.08  # seconds between samples: two frames at 25 per second
REACH = 0.12  # seconds around a sample that its average covers: three frames even at 15 per second
LAG = 3  # samples between the two pictures whose difference is the change
EVERY = 6  # samples to one of the layout (0.48 s)
CHANNELS = 3
KEPT = CELLS * CELLS + CHANNELS * COARSE * COARSE
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709-6, item 3.2


def coarse(pixels: NDArray[np.uint8]) -> Floats:
    """(KEPT,) averages of a picture (H, W, 3): luma over fine cells; luma and colours over coarse."""
    small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=1.0)
    colour = np.asarray(small, np.float32)
    luma = colour @ LUMA
    planes = [luma, colour[..., 0] - luma, colour[..., 2] - luma]
    parts = [averaged(luma, CELLS), *(averaged(plane, COARSE) for plane in planes)]
    return np.concatenate([part.ravel() for part in parts])


def sampled(frames: Iterable[tuple[float, NDArray[np.uint8]]]) -> tuple[Floats, float]:
    """(N, KEPT) averages of the frames around each sample's time, and width / height of the picture.

    Sample k covers the time k * STEP. Memory: the frame at hand, and 1.3 kB a sample.
    """
    sums: list[Floats] = []
    weights: list[float] = []
    aspect = 1.0
    for seconds, pixels in frames:
        aspect = pixels.shape[1] / pixels.shape[0]
        first = max(0, int(np.ceil((seconds - REACH) / STEP)))
        last = int(np.floor((seconds + REACH) / STEP))
        while len(sums) <= last:
            sums.append(np.zeros(KEPT, np.float32))
            weights.append(0.0)
        values = coarse(pixels)
        for k in range(first, last + 1):
            weight = max(1.0 - abs(k * STEP - seconds) / REACH, 1e-3)
            sums[k] += weight * values
            weights[k] += weight
    return _averages(sums, weights), aspect


def _averages(sums: list[Floats], weights: list[float]) -> Floats:
    """Where no frame fell near a sample the picture stood still: it repeats."""
    out = np.zeros((len(sums), KEPT), np.float32)
    for k, (total, weight) in enumerate(zip(sums, weights, strict=True)):
        out[k] = total / weight if weight else out[k - 1] if k else total
    return out


def change(samples: Floats) -> Floats:
    """(N, CELLS**2) change of the fine cells' luma over the `LAG` samples around each; 0 at the ends.

    What brightens or darkens everywhere at once (a fade, a flicker) is taken out.
    """
    cells = samples[:, : CELLS * CELLS]
    out = np.zeros_like(cells)
    out[LAG - 1 : -1] = cells[LAG:] - cells[:-LAG]
    return np.asarray(out - np.median(out, axis=1, keepdims=True), np.float32)


def layout(samples: Floats) -> Floats:
    """(ceil(N / EVERY), CHANNELS, COARSE**2) means of the coarse cells over `EVERY` samples each."""
    cells = samples[:, CELLS * CELLS :]
    starts = np.arange(0, len(cells), EVERY)
    if not len(starts):
        return np.zeros((0, CHANNELS, COARSE * COARSE), np.float32)
    counts = np.diff([*starts, len(cells)])
    means = np.add.reduceat(cells, starts, axis=0) / counts[:, None]
    return np.asarray(means.reshape(-1, CHANNELS, COARSE * COARSE), np.float32)
