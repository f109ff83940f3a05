"""What the network hears: log-mel spectra relative to what is loud for this speaker."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.prosody import HOP_SAMPLES, RATE, WINDOW

BANDS = 40
_LOWEST, _HIGHEST = 60.0, 7600.0  # Hz
_SIZE = 512
_SPAN = 20.0  # dB to one unit of a feature
_RANGE = (-4.0, 1.5)


def spectra(samples: NDArray[np.float32], count: int, warp: float = 1.0) -> NDArray[np.float32]:
    """(count, 40) dB of windows of 25 ms that begin every 10 ms from the first sample.

    Every frame is computed by itself, by the same operations on the same shapes: the values do not depend on
    how many come at once. `warp` stretches the frequency axis, as a vocal tract of another length does: for
    training.
    """
    starts = np.arange(count) * HOP_SAMPLES
    frames = samples[starts[:, None] + np.arange(WINDOW)] * _hann()
    power = np.square(np.abs(np.fft.rfft(frames, _SIZE))).astype(np.float32)
    bands = (power[:, None, :] @ filters(warp))[:, 0]
    return np.asarray(10 * np.log10(bands + np.float32(1e-9)), np.float32)


def relative(bands: NDArray[np.float32], loud: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 40) features from spectra and the loudness (n,) of loud speech, both in dB."""
    return np.asarray(np.clip((bands - loud[:, None]) / np.float32(_SPAN), *_RANGE), np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    return np.asarray(np.hanning(WINDOW + 1)[:-1] * np.sqrt(8 / 3) / WINDOW, np.float32)


@cache
def filters(warp: float) -> NDArray[np.float32]:
    """(257, 40) triangles equally spaced in mel (O'Shaughnessy 1987), of height one."""
    edges = _hertz(np.linspace(_mel(_LOWEST), _mel(_HIGHEST), BANDS + 2)) * warp
    bins = np.arange(_SIZE // 2 + 1)[:, None] * RATE / _SIZE
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    up, down = (bins - left) / (middle - left), (right - bins) / (right - middle)
    return np.maximum(np.minimum(up, down), 0).astype(np.float32)


def _mel(hertz: float) -> float:
    return 2595.0 * float(np.log10(1 + hertz / 700.0))


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(700.0 * (10 ** (mel / 2595.0) - 1))
