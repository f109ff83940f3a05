"""How much of the mark is masked, by time and frequency.

A short-time spectrum is spread along the Bark scale (Schroeder, Atal and Hall 1979), lowered by how much of
a noise a tone or a noise hides (Johnston 1988: 14.5 dB + Bark for tones, here 6 dB for noise; tonality from
the spectral flatness of each bin's neighbourhood). It is held to twice the sound's own level around each bin,
so that deep gaps between formants, as speaking machines have them, stay gaps; and to the least of
neighbouring frames, so that the mark does not run ahead of an onset. In digital silence nothing is allowed:
the mark is only ever as strong as what hides it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from safety.watermark.sound.lapped import RATE, Samples

WINDOW, STEP = 512, 128  # samples: 32 ms every 8 ms
TINY = 1e-12
NEIGHBOURS = 7  # bins over which flatness is taken
BESIDE, BESIDE_BINS = 2.0, 9  # most of the mean power of so many bins
FLAT, TONAL = 2.5, 17.5  # dB under flat at which a neighbourhood is noise, and at which it is a tone

_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_ENERGY = float(np.square(_HANN).sum())
_OVERLAP = _ENERGY / STEP  # sum of squared windows at any sample

Spectrum = NDArray[np.complex64]
Power = NDArray[np.float32]


def _bark() -> NDArray[np.float64]:
    """Zwicker and Terhardt 1980."""
    hertz = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    return np.asarray(13 * np.arctan(0.00076 * hertz) + 3.5 * np.arctan((hertz / 7500) ** 2))


def _spreading() -> NDArray[np.float32]:
    """(bins masked, bins masking): shares that add up to one for a flat spectrum."""
    bark = _bark()
    apart = bark[:, None] - bark[None] + 0.474
    level = 15.81 + 7.5 * apart - 17.5 * np.sqrt(1 + apart**2)
    share = 10 ** (level / 10)
    return np.asarray(share / share.sum(1, keepdims=True), np.float32)


_SPREADING = _spreading()
_TONE_DROP = (14.5 + _bark()).astype(np.float32)  # dB
_NOISE_DROP = 6.0  # dB


def spectrum(samples: Samples) -> Spectrum:
    """(T, WINDOW / 2 + 1) short-time spectrum; frame t is centred on sample t * STEP - WINDOW / 2."""
    tail = -len(samples) % STEP
    padded = np.pad(samples.astype(np.float32), (WINDOW, WINDOW + tail))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP]
    return np.fft.rfft(frames * _HANN, axis=1).astype(np.complex64)


def sound(spectra: Spectrum, count: int) -> Samples:
    """(count,) samples of a short-time spectrum made by `spectrum`."""
    frames = (np.fft.irfft(spectra, WINDOW, axis=1) * _HANN).astype(np.float32)
    laps = WINDOW // STEP
    pieces = frames.reshape(len(frames), laps, STEP)
    out = np.zeros((len(frames) + laps, STEP), np.float32)
    for lap in range(laps):
        out[lap : lap + len(frames)] += pieces[:, lap]
    samples: Samples = out.reshape(-1)[WINDOW : WINDOW + count] / np.float32(_OVERLAP)
    return samples


def unit_noise(spectra: Spectrum) -> Spectrum:
    """The spectrum of a mark of unit variance, scaled to a mean power of one in every bin."""
    return np.asarray(spectra / np.float32(np.sqrt(_ENERGY)), np.complex64)


def masked(power: Power) -> Power:
    """(T, bins) power that stays unheard beside sound of `power` (T, bins)."""
    flatness = uniform_filter1d(np.log(power + TINY), NEIGHBOURS, axis=1)
    flatness -= np.log(smoothed(power, NEIGHBOURS, 1) + TINY)
    below = -10 / np.log(10) * flatness
    tonal = np.clip((below - FLAT) / (TONAL - FLAT), 0, 1)
    drop = tonal * _TONE_DROP + (1 - tonal) * _NOISE_DROP
    hidden = (power * 10 ** (-drop / 10)).astype(np.float32) @ _SPREADING.T
    hidden = np.minimum(hidden, BESIDE * smoothed(power, BESIDE_BINS, 1))
    return np.asarray(minimum_filter1d(hidden, 3, axis=0), np.float32)


def smoothed(power: Power, size: int, axis: int) -> Power:
    """Running means along an axis: never negative, which a running sum's rounding may leave."""
    return np.asarray(np.maximum(uniform_filter1d(power, size, axis=axis), 0))
