"""Sound to numbers at the pictures' pace: how neighbouring bands' energies change against each other.

After Haitsma and Kalker, "A highly robust audio fingerprinting system", ISMIR 2002, with longer steps.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import get_window

from perception.audio import Speech
from safety.fingerprint.picture import STEP

RATE = 8000
WINDOW = 2048  # samples, 0.256 s
BANDS = 16  # differences kept; there is one band more
LOW, HIGH = 250.0, 3400.0  # Hz: what telephone-grade coding keeps
QUIET = 1e-3  # share of the loudest sample's energy (-30 dB) under which nothing is heard


def changes(speech: Speech) -> NDArray[np.float32]:
    """(N, BANDS) change over two samples of each band's log energy against the next one's; 0 where quiet."""
    samples = speech.at(RATE)
    count = int(len(samples) / RATE / STEP) + 1
    energy = _energies(samples, count)
    total = energy.sum(1)
    level = np.log(energy + 1e-3 * energy.mean() + 1e-12)
    slope = level[:, :-1] - level[:, 1:]
    out = np.zeros((count, BANDS), np.float32)
    out[2:] = slope[2:] - slope[:-2]
    out[total < QUIET * total.max()] = 0.0
    return out


def _energies(samples: NDArray[np.float32], count: int) -> NDArray[np.float64]:
    """(count, BANDS + 1) energies around the samples' times, in bands equally wide in octaves."""
    window = get_window("hann", WINDOW)
    edges = np.geomspace(LOW, HIGH, BANDS + 2) * WINDOW / RATE
    first = np.round(edges).astype(int)[:-1]
    padded = np.pad(samples, WINDOW)
    out = np.zeros((count, BANDS + 1))
    for k in range(count):
        middle = round(k * STEP * RATE) + WINDOW
        part = padded[middle - WINDOW // 2 : middle + WINDOW // 2]
        power = np.abs(np.fft.rfft(part * window[: len(part)], WINDOW)) ** 2
        out[k] = np.add.reduceat(power[: round(edges[-1])], first)
    return out
