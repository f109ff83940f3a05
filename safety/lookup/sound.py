"""Landmarks of the sound: pairs of peaks in its spectrogram, hashed with the time between them.

After Wang, "An industrial-strength audio search algorithm", ISMIR 2003. Peaks are where a codec spends its
bits and where noise matters least; a pair survives any change of level and whatever lies elsewhere.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, uniform_filter

from perception.audio import Speech

RATE = 8000
WINDOW, HOP = 1024, 256  # samples: 0.128 s and 0.032 s
LOW, HIGH = 32, 436  # bins of 7.8 Hz: 250 to 3400 Hz, what telephone-grade coding keeps
AROUND = (11, 21)  # frames and bins in which a peak is the greatest
PEAKS = 6  # kept in each second, the most prominent
FAN, FAR = 2, 31  # pairs of each peak, and frames to the later one at most
COARSE = 2  # bins of one step of a word
QUIET = 1e-3  # share of the loudest frame's energy (-30 dB) under which nothing is heard
BLOCK = 2048  # frames transformed at once: bounds memory

Words = tuple[NDArray[np.uint32], NDArray[np.float64]]
"""Words of 21 bits, and when each begins, in seconds; as many words as times."""


def landmarks(speech: Speech) -> Words:
    """The words of a recording, each once."""
    first, second, apart, at = _pairs(*_peaks(speech))
    return _word(first // COARSE, second // COARSE, apart), at


def near_landmarks(speech: Speech) -> Words:
    """The words of a recording and those a peak's small move would make of them: for a search."""
    first, second, apart, at = _pairs(*_peaks(speech))
    words, times = [], []
    for one in (-1, 1):
        for two in (-1, 1):
            for step in (-1, 0, 1):
                words.append(_word((first + one) // COARSE, (second + two) // COARSE, apart + step))
                times.append(at)
    found = np.stack([np.concatenate(words).astype(np.float64), np.concatenate(times)])
    found = np.unique(found, axis=1)
    return found[0].astype(np.uint32), found[1]


def _word(first: NDArray[np.intp], second: NDArray[np.intp], apart: NDArray[np.intp]) -> NDArray[np.uint32]:
    return (first << 13 | second << 5 | np.clip(apart, 0, 31)).astype(np.uint32)


def _peaks(speech: Speech) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Frames and bins of the peaks, in order of time."""
    level = _levels(speech.at(RATE))
    if not len(level):
        nothing = np.zeros(0, np.intp)
        return nothing, nothing
    energy = np.exp(2.0 * level).sum(1)
    heard = energy > QUIET * energy.max()
    raised = level - uniform_filter(level, (1, 61), mode="nearest")
    top = (level == maximum_filter(level, AROUND, mode="nearest")) & heard[:, None] & (raised > 0.0)
    frames, bins = np.nonzero(top)
    kept = []
    second = (frames * HOP) // RATE
    for each in np.unique(second):
        inside = np.flatnonzero(second == each)
        kept.append(inside[np.argsort(-raised[frames[inside], bins[inside]], kind="stable")[:PEAKS]])
    order = np.sort(np.concatenate(kept)) if kept else np.zeros(0, np.intp)
    return frames[order], bins[order]


def _levels(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, HIGH - LOW) log magnitudes, LOW the first bin."""
    count = max(0, (len(samples) - WINDOW) // HOP + 1)
    window = np.hanning(WINDOW).astype(np.float32)
    out = np.zeros((count, HIGH - LOW), np.float32)
    views = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP] if count else samples[:0]
    for start in range(0, count, BLOCK):
        part = np.abs(np.fft.rfft(views[start : start + BLOCK] * window, axis=1))[:, LOW:HIGH]
        out[start : start + BLOCK] = np.log(part + 1e-4)
    return out


def _pairs(
    frames: NDArray[np.intp], bins: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Bins of the earlier and the later peak, frames between them, seconds of the earlier."""
    first: list[int] = []
    second: list[int] = []
    for k, frame in enumerate(frames):
        far = int(np.searchsorted(frames, frame + FAR, side="right"))
        later = int(np.searchsorted(frames, frame + 1, side="right"))
        chosen = range(later, min(far, later + FAN))
        first += [k] * len(chosen)
        second += chosen
    one, two = np.asarray(first, np.intp), np.asarray(second, np.intp)
    apart = (frames[two] - frames[one]).astype(np.intp)
    return bins[one], bins[two], apart, frames[one].astype(np.float64) * (HOP / RATE)
