"""How speech sounds over time: loudness, pitch, voicing, and where anybody speaks at all.

Everything here looks a fixed way ahead and any way back, so that a stream and a file give the same values.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

RATE = 16_000  # samples per second that everything here works at
HOP = 0.01  # seconds between two values of every track
HOP_SAMPLES = 160
WINDOW = 400  # 25 ms, the usual frame of speech analysis
_PITCH_WINDOW = 640  # 40 ms: two periods of the lowest pitch
_PITCH_LAG = (RATE // 400, RATE // 60)  # 60 to 400 Hz, bass to child; sung notes above fold an octave down
PITCH_SPAN = (_PITCH_WINDOW // 2, _PITCH_WINDOW // 2 + _PITCH_LAG[1])
"""Samples before and after the middle of a frame that its pitch is read from."""
BLOCK = 500  # frames analysed at once, so that memory does not grow with length

SILENT_DB = -60.0  # nothing above this is speech (dB re full scale, RMS of 25 ms)
SPEAKING_AHEAD = 10  # frames that must be known after one before it is known to be speech or silence
"""100 ms: a closure inside a word lasts 50-100 ms and is no pause."""
_SHORTEST_SOUND = 4  # frames of sound, among those, that begin speech: less is a click

_QUIET_VOICE = -45.0  # dB: loud speech until anything louder was heard; badly levelled vowels are above -40
_ATTACK, _DECAY = 0.3, 0.015  # share of the way up, dB down, per frame in sound: settles in 100 ms, 1.5 dB/s
_SOUNDING = 30.0  # dB under loud speech, within which loudness lowers what counts as loud
_FLOOR_BELOW_LOUD = 50.0  # dB: digital silence must not drag the speech threshold down to hiss and hum
_FLOOR_AT_FIRST = 40.0  # dB under loud speech: the highest floor that the first second may have
FLOOR_KNOWN = 100
"""Frames heard before the noise floor is more than a guess."""
_FLOOR_PIECES = 8  # it is the quietest of the last 8 s, kept by second (minimum statistics, Martin 2001)
_SMOOTH = 5  # frames
_THRESHOLD_SHARE = 0.25
"""Of the way from noise floor to loud speech: weak fricatives are 25-35 dB below vowels."""
LEAST_CONTRAST = 6.0
"""dB between floor and loud below which energy tells nothing apart: all counts as sound."""
_VOICED = (
    0.35  # YIN aperiodicity below which a frame is voiced (de Cheveigné & Kawahara 2002 use 0.1 for picking)
)


@dataclass(frozen=True)
class Prosody:
    """Tracks of one recording, one value per `HOP` seconds; value i describes the sound around i * HOP.

    Attributes:
        loudness: (T,) float32 dB re full scale, RMS of 25 ms, never below -120.
        pitch: (T,) float32 Hz, 0 where unvoiced.
        speaking: (T,) bool: somebody makes sound; where it is False the mouth is shut.
        first: of a stream whose beginning is forgotten, the frame that value 0 is of: value i then describes
            the sound around (first + i) * HOP.
    """

    loudness: NDArray[np.float32]
    pitch: NDArray[np.float32]
    speaking: NDArray[np.bool_]
    first: int = 0

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """(T,) bool: the vocal folds vibrate."""
        return self.pitch > 0

    def runs(self, *, speaking: bool) -> list[tuple[float, float]]:
        """Stretches (start, end in seconds) of speech or of silence, in order."""
        return [
            ((self.first + a) * HOP, (self.first + b) * HOP) for a, b in runs_of(self.speaking == speaking)
        ]


class Levels:
    """What is loud for this speaker and quiet for this room, followed as the sound comes."""

    def __init__(self) -> None:
        self._loud = _QUIET_VOICE
        self._recent: deque[float] = deque(maxlen=_SMOOTH)
        self._quietest: deque[float] = deque(maxlen=_FLOOR_PIECES)
        self._count = 0

    def follow(self, loudness: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Loud speech and noise floor, (n,) dB each, after each of the next n values of loudness."""
        loud, floor = np.empty(len(loudness), np.float32), np.empty(len(loudness), np.float32)
        for i, value in enumerate(loudness.tolist()):
            self._recent.append(value)
            heard = min(list(self._recent)[-3:])  # a click is shorter
            if heard > self._loud:
                self._loud += _ATTACK * (heard - self._loud)
            elif heard > self._loud - _SOUNDING:
                self._loud -= _DECAY
            loud[i], floor[i] = self._loud, self._floor(sum(self._recent) / len(self._recent))
        return loud, floor

    def _floor(self, smooth: float) -> float:
        if self._count % FLOOR_KNOWN == 0:
            self._quietest.append(smooth)
        self._count += 1
        self._quietest[-1] = min(self._quietest[-1], smooth)
        floor = min(self._quietest)
        if self._count <= FLOOR_KNOWN:
            floor = min(floor, self._loud - _FLOOR_AT_FIRST)
        return max(floor, self._loud - _FLOOR_BELOW_LOUD)


def audible(
    loudness: NDArray[np.float32], loud: NDArray[np.float32], floor: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """(n,) which frames stand out of the noise."""
    contrast = loud - floor
    above = np.maximum(_THRESHOLD_SHARE * contrast, LEAST_CONTRAST / 2)
    threshold = np.where(contrast >= LEAST_CONTRAST, floor + above, SILENT_DB)
    return np.asarray(loudness > np.maximum(threshold, SILENT_DB))


class Activity:
    """Speech or silence from frames that stand out: closures are bridged, clicks are not speech."""

    def __init__(self) -> None:
        self._ahead: list[bool] = []
        self._speaking = False

    def follow(self, stands_out: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The decisions that became possible: `SPEAKING_AHEAD` frames behind what was given."""
        self._ahead += stands_out.tolist()
        count = max(0, len(self._ahead) - SPEAKING_AHEAD)
        decided = np.zeros(count, bool)
        for i in range(count):
            window = self._ahead[i : i + SPEAKING_AHEAD + 1]
            if self._speaking:
                self._speaking = any(window)
            else:
                self._speaking = window[0] and sum(window) >= _SHORTEST_SOUND
            decided[i] = self._speaking
        del self._ahead[:count]
        return decided


def measure(samples: NDArray[np.float32]) -> Prosody:
    """Prosody of (N,) float32 mono samples at 16 kHz by energy alone, whatever the sound is."""
    count = max(1, len(samples) // HOP_SAMPLES)
    loudness = loudness_of(np.pad(samples, (WINDOW // 2, WINDOW)), count)
    stands_out = audible(loudness, *Levels().follow(loudness))
    speaking = Activity().follow(np.concatenate((stands_out, np.zeros(SPEAKING_AHEAD, bool))))
    padded = np.pad(samples, (PITCH_SPAN[0], _PITCH_WINDOW + _PITCH_LAG[1]))
    pitch = np.concatenate(
        [pitch_of(padded[a * HOP_SAMPLES :], min(BLOCK, count - a)) for a in range(0, count, BLOCK)]
    )
    pitch[~speaking] = 0
    return Prosody(loudness, pitch, speaking)


def runs_of(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open index ranges in which `mask` holds."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def loudness_of(samples: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """(count,) dB of windows that begin every 10 ms from the first sample."""
    starts = np.arange(count) * HOP_SAMPLES
    frames = samples[starts[:, None] + np.arange(WINDOW)]
    power = np.square(frames, dtype=np.float64).mean(1)
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)), np.float32)


def pitch_of(samples: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """(count,) Hz of windows that begin every 10 ms from the first sample, 0 where unvoiced.

    YIN (de Cheveigné & Kawahara 2002): first dip of the cumulative mean normalised difference.
    """
    low, high = _PITCH_LAG
    starts = np.arange(count) * HOP_SAMPLES
    frames = samples[starts[:, None] + np.arange(_PITCH_WINDOW + high)].astype(np.float64)
    size = 1024  # over window + longest lag: the products up to that lag do not wrap round
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
