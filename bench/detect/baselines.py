"""What others would score from the same clip; higher is more suspicious, none is a probability.

- cues_v1: this project's detector before the network and the calibration: `report.combine`.
- blink_rate: people who blink too seldom (Li, Chang, Lyu 2018), by the rate alone.
- spectrum: how much power is left at the highest frequencies of the face (Durall, Keuper, Keuper 2020), by
  the azimuthally averaged spectrum, against what the fall before it foretells.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safety.detector.report import Finding, combine
from safety.detector.view import LUMA

Pixels = NDArray[np.uint8]

NAMES = ("cues_v1", "blink_rate", "spectrum")
V1_NAMES = frozenset((
    "blink_rate", "blink_length", "blink_regularity", "brow_range", "head_speed", "head_tremor",
    "head_travel", "lip_lag", "lip_match",
))  # fmt: skip
_USUAL_BLINKS = 26.0  # per minute in conversation (Bentivoglio 1997)


def cues_v1(findings: Iterable[Finding]) -> float:
    """Only what version 1 measured."""
    return combine(tuple(finding for finding in findings if finding.name in V1_NAMES))


def blink_rate(findings: Iterable[Finding]) -> float:
    """Blinks per minute below what is usual; a clip that was not judged is taken as usual."""
    rates = [finding.value for finding in findings if finding.name == "blink_rate"]
    return _USUAL_BLINKS - (rates[0] if rates else _USUAL_BLINKS)


def spectrum(crops: Sequence[Pixels]) -> float:
    """Over the mean of some (S, S, 3) crops, log power of the last sixth of frequencies above the line
    through those before; 0 without crops."""
    if not crops:
        return 0.0
    size = crops[0].shape[0]
    power: NDArray[Any] = np.zeros((size, size))
    window = np.outer(np.hanning(size), np.hanning(size))
    for crop in crops:
        power = power + np.abs(np.fft.fftshift(np.fft.fft2((crop @ LUMA) * window))) ** 2
    y, x = np.indices(power.shape) - size // 2
    ring = np.hypot(x, y).astype(int)
    profile = np.bincount(ring.ravel(), power.ravel())[: size // 2] / np.bincount(ring.ravel())[: size // 2]
    line = np.log(profile + 1e-9)
    at = np.log(np.arange(1, len(line)))
    split = len(line) * 5 // 6
    slope, level = np.polyfit(at[split // 4 : split - 1], line[1 + split // 4 : split], 1)
    return float(np.abs(line[split:] - (slope * at[split - 1 :] + level)).mean())
