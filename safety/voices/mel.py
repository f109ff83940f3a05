"""Mel spectra as the speaker network was trained on: power, not its logarithm.

The bands are Slaney's (Auditory Toolbox, 1998; librosa's default): linear in frequency to 1 kHz, logarithmic
above, each of the same area. Written from that definition; equal to librosa 0.11 within rounding.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE = 16_000
BANDS = 40
WINDOW, HOP = 400, 160  # samples: 25 and 10 ms
_LINEAR_HZ, _LINEAR_MEL = 1000.0, 15.0  # where the scale turns logarithmic; 200/3 Hz a mel below
_STEP = np.log(6.4) / 27.0  # of the logarithm, a mel


def mel_power(samples: Floats) -> Floats:
    """(1 + N // HOP, BANDS) power of (N,) samples at `RATE`, a row every 10 ms, centred, zeros around."""
    padded = np.pad(np.asarray(samples, np.float32), WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    return np.asarray((spectrum.real**2 + spectrum.imag**2) @ _filters().T, np.float32)


@cache
def _hann() -> Floats:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW), np.float32)


@cache
def _filters() -> NDArray[np.float64]:
    """(BANDS, WINDOW // 2 + 1) triangles."""
    bins = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    edges = _hertz(np.linspace(0, _mel(RATE / 2), BANDS + 2))
    slopes = edges[:, None] - bins[None]
    widths = np.diff(edges)
    rising, falling = -slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))[:, None]


def _mel(hertz: float) -> float:
    if hertz < _LINEAR_HZ:
        return hertz * _LINEAR_MEL / _LINEAR_HZ
    return float(_LINEAR_MEL + np.log(hertz / _LINEAR_HZ) / _STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    curved = _LINEAR_HZ * np.exp(_STEP * (mel - _LINEAR_MEL))
    return np.where(mel < _LINEAR_MEL, mel * _LINEAR_HZ / _LINEAR_MEL, curved)
