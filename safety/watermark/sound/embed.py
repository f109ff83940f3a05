"""Embedding: the keyed wave, filtered so that the sound hides it, added.

How far under the masked level the mark lies follows what the sound can carry: where four seconds of it would
be read easily even under noise, the mark is made weaker.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import resample_poly

from safety.watermark.sound import hearing
from safety.watermark.sound.lapped import FIRST, LAST, RATE, Samples
from safety.watermark.sound.pattern import PILOTS

HIGHEST, LOWEST = -9.0, -18.0  # dB: the mark against the masked level
NOISE = 0.005  # share of the sound's power, in every bin, that a copy may add: white noise at 20 dB
STRETCH = 4.0  # seconds that are to be readable alone
WANTED = 12.0  # correlation wanted of them, under that noise
BLOCK = 16 * RATE  # samples worked on at once
AROUND = RATE // 4  # samples of context

Floats = NDArray[np.float32]


def mark(samples: Samples, rate: int, wave: Samples) -> Samples:
    """The mark (N,) for samples (N,) at `rate`; `wave` repeats from its beginning."""
    heard = resampled(samples, rate, RATE)
    gain = _gain(*_capacity(heard))
    added = np.zeros(len(heard), np.float32)
    for start, end, first, last in _blocks(len(heard)):
        part = heard[first:last]
        spectra = hearing.spectrum(part)
        noise = hearing.unit_noise(hearing.spectrum(_cut(wave, first, last)))
        frames = np.clip(first // hearing.STEP + np.arange(len(spectra)), 0, len(gain) - 1)
        shaped = noise * np.sqrt(hearing.masked(_power(spectra))) * gain[frames, None]
        added[start:end] = hearing.sound(shaped, len(part))[start - first : end - first]
    return resampled(added, RATE, rate)[: len(samples)]


def capacity(samples: Samples, rate: int) -> float:
    """The correlation that the mark of these samples (N,) is expected to have, unharmed.

    Told from the sound alone, before it is marked. Real recordings turn out at 1.3 to 2 times as much.
    """
    clean, noisy = _capacity(resampled(samples, rate, RATE))
    gain = _gain(clean, noisy)
    return float(np.sqrt((clean * gain**2).sum()))


def resampled(samples: Samples, rate: int, target: int) -> Samples:
    """Polyphase: (ceil(N * target / rate),) float32."""
    if rate == target or not len(samples):
        return samples.astype(np.float32)
    shared = int(np.gcd(rate, target))
    return np.asarray(resample_poly(samples.astype(np.float32), target // shared, rate // shared), np.float32)


def _capacity(heard: Samples) -> tuple[Floats, Floats]:
    """(frames,) squared correlation that each frame adds at the masked level: clean, and under noise."""
    frames = (len(heard) + hearing.WINDOW) // hearing.STEP + 1
    clean, noisy = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    every = 0.5 * (1 - PILOTS) * 2 * hearing.STEP / hearing.WINDOW  # carriers per bin of a frame
    for start, end, first, last in _blocks(len(heard)):
        power = _power(hearing.spectrum(heard[first:last]))
        allowed = hearing.masked(power)
        mean = hearing.smoothed(power, 3, 0)
        added = NOISE * uniform_filter1d(power.mean(1), _seconds(STRETCH), mode="constant")
        begin, stop = (start - first) // hearing.STEP, -(-(end - first) // hearing.STEP)
        for total, noise in ((clean, 0.0), (noisy, added[:, None])):
            ratio = allowed / (mean + noise + allowed + hearing.TINY)
            summed = every * ratio[:, FIRST:LAST].sum(1)
            total[start // hearing.STEP :][: stop - begin] = summed[begin:stop]
    return clean, noisy


def _gain(clean: Floats, noisy: Floats) -> Floats:
    """(frames,) amplitude of the mark against the masked level."""
    width = _seconds(STRETCH)
    found = width * uniform_filter1d(noisy, width, mode="constant")
    gain = WANTED / np.sqrt(np.maximum(found, hearing.TINY))
    return np.asarray(np.clip(gain, 10 ** (LOWEST / 20), 10 ** (HIGHEST / 20)), np.float32)


def _blocks(count: int) -> Iterator[tuple[int, int, int, int]]:
    """(start, end) of each block and (first, last) of it with its context."""
    for start in range(0, count, BLOCK):
        end = min(count, start + BLOCK)
        yield start, end, max(0, start - AROUND), min(count, end + AROUND)


def _power(spectra: hearing.Spectrum) -> Floats:
    return np.square(np.abs(spectra)).astype(np.float32)


def _cut(wave: Samples, first: int, last: int) -> Samples:
    return np.take(wave, np.arange(first, last), mode="wrap")


def _seconds(seconds: float) -> int:
    return round(seconds * RATE / hearing.STEP)
