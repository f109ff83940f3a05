"""How speech sounds over time: loudness, pitch, voicing, and where anybody speaks at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

RATE = 16_000  # samples per second that everything here works at
HOP = 0.01  # seconds between two values of every track
_HOP = 160
_LOUDNESS_WINDOW = 400  # 25 ms, the usual frame of speech analysis
_PITCH_WINDOW = 640  # 40 ms: two periods of the lowest pitch
_PITCH_LAG = (RATE // 400, RATE // 60)  # 60 to 400 Hz, bass to child; sung notes above fold an octave down
_BLOCK = 2_000  # frames analysed at once, so that memory does not grow with length

SILENT_DB = -60.0  # nothing above this in a whole recording is no speech (dB re full scale, RMS of 25 ms)
_FLOOR_BELOW_LOUD = 50.0  # dB: digital silence must not drag the speech threshold down to hiss and hum
_THRESHOLD_SHARE = (
    0.25  # of the way from noise floor to loud speech: weak fricatives are 25-35 dB below vowels
)
_LEAST_CONTRAST = 6.0  # dB between floor and loud below which nothing can be told apart: all counts as speech
_LONGEST_GAP = 0.12  # seconds: stop closures inside words last 50-100 ms and are no pauses
_SHORTEST_SOUND = 0.04  # seconds: clicks
_VOICED = (
    0.35  # YIN aperiodicity below which a frame is voiced (de Cheveigné & Kawahara 2002 use 0.1 for picking)
)


@dataclass(frozen=True)
class Prosody:
    """Tracks of one recording, one value per `HOP` seconds; value i describes the sound around i * HOP.

    Attributes:
        loudness: (T,) float32 dB re full scale, RMS of 25 ms, never below -120.
        pitch: (T,) float32 Hz, 0 where unvoiced.
        speaking: (T,) bool, by energy alone: what it calls silence is silence whatever a recogniser heard.
    """

    loudness: NDArray[np.float32]
    pitch: NDArray[np.float32]
    speaking: NDArray[np.bool_]

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """(T,) bool: the vocal folds vibrate."""
        return self.pitch > 0

    def runs(self, *, speaking: bool) -> list[tuple[float, float]]:
        """Stretches (start, end in seconds) of speech or of silence, in order."""
        return [(a * HOP, b * HOP) for a, b in runs_of(self.speaking == speaking)]


def measure(samples: NDArray[np.float32]) -> Prosody:
    """Prosody of (N,) float32 mono samples at 16 kHz."""
    loudness = _loudness(samples)
    speaking = _speaking(loudness)
    pitch = _pitch(samples, len(loudness))
    pitch[~speaking] = 0
    return Prosody(loudness, pitch, speaking)


def runs_of(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open index ranges in which `mask` holds."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _loudness(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    count = max(1, len(samples) // _HOP)
    padded = np.pad(samples, (_LOUDNESS_WINDOW // 2, _LOUDNESS_WINDOW))
    energy = np.concatenate(([0.0], np.cumsum(np.square(padded, dtype=np.float64))))
    starts = np.arange(count) * _HOP
    power = (energy[starts + _LOUDNESS_WINDOW] - energy[starts]) / _LOUDNESS_WINDOW
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)), np.float32)


def _speaking(loudness: NDArray[np.float32]) -> NDArray[np.bool_]:
    audible = loudness[loudness > SILENT_DB]
    loud = float(np.percentile(audible, 95)) if len(audible) else SILENT_DB
    floor = max(float(np.percentile(loudness, 5)), loud - _FLOOR_BELOW_LOUD)
    contrast = loud - floor
    above = max(_THRESHOLD_SHARE * contrast, _LEAST_CONTRAST / 2) if contrast >= _LEAST_CONTRAST else -np.inf
    mask = loudness > max(floor + above, SILENT_DB)
    for a, b in runs_of(~mask):
        if a > 0 and b < len(mask) and (b - a) * HOP <= _LONGEST_GAP:
            mask[a:b] = True
    for a, b in runs_of(mask):
        if (b - a) * HOP < _SHORTEST_SOUND:
            mask[a:b] = False
    return np.asarray(mask)


def _pitch(samples: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """YIN (de Cheveigné & Kawahara 2002): first dip of the cumulative mean normalised difference."""
    padded = np.pad(samples, (_PITCH_WINDOW // 2, _PITCH_WINDOW + _PITCH_LAG[1]))
    pitch = np.zeros(count, np.float32)
    for first in range(0, count, _BLOCK):
        starts = np.arange(first, min(first + _BLOCK, count)) * _HOP
        pitch[first : first + len(starts)] = _pitch_block(padded, starts)
    return pitch


def _pitch_block(samples: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    low, high = _PITCH_LAG
    frames = samples[starts[:, None] + np.arange(_PITCH_WINDOW + high)].astype(np.float64)
    size = 2048  # power of two over window + longest lag + window
    spectrum = np.fft.rfft(frames, size)
    head = np.fft.rfft(frames[:, :_PITCH_WINDOW], size)
    products = np.fft.irfft(spectrum * np.conj(head), size)[:, : high + 1]
    energy = np.concatenate((np.zeros((len(frames), 1)), np.cumsum(frames**2, 1)), 1)
    lags = np.arange(high + 1)
    shifted = energy[:, lags + _PITCH_WINDOW] - energy[:, lags]
    difference = np.maximum(shifted[:, :1] + shifted - 2 * products, 0)
    mean = np.cumsum(difference[:, 1:], 1) / lags[1:]
    normalised = np.ones_like(difference)
    normalised[:, 1:] = difference[:, 1:] / np.maximum(mean, 1e-9)
    normalised = uniform_filter1d(normalised, 3, axis=1)
    dips = normalised[:, low:]
    local = (dips[:, 1:-1] <= dips[:, :-2]) & (dips[:, 1:-1] < dips[:, 2:]) & (dips[:, 1:-1] < _VOICED)
    lag = np.argmax(local, 1) + low + 1
    return np.where(local.any(1) & (energy[:, _PITCH_WINDOW] > 1e-6), RATE / lag, 0).astype(np.float32)
