"""Where in the pattern a recording lies.

Every bin of the recording's spectrum is weighed by what the mark may have there over what else is there:
speech is strong at its harmonics, and the mark is heard between them. The weighed sound is then compared
with the pilots at every shift of the period at once (a correlation by Fourier transform).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.watermark.sound import hearing
from safety.watermark.sound.lapped import BINS, HOP, Samples, analyze
from safety.watermark.sound.pattern import FRAMES, PERIOD, Floats, SoundPattern

LIMIT = 3.0  # times the usual: stronger bins are sound, not mark
QUIET = 10.0  # percentile of a bin's power over time that is taken for noise of the copy
NOISE = 4.0  # times that percentile: the usual power of such noise, and some more
APART = HOP  # samples between two candidates


@dataclass(frozen=True)
class Shift:
    """Sample 0 of a recording is sample `place` of the pattern, with the sign of `polarity`.

    Attributes:
        place: 0 <= place < PERIOD, with a fraction.
        score: correlation of the pilots, in standard deviations over all shifts.
        polarity: 1, or -1 where a copy turned the sound's sign.
    """

    place: float
    score: float
    polarity: float


def weigh(samples: Samples) -> Samples:
    """(N,) samples, of sound (N,), that are as loud as they say something about the mark."""
    spectra = hearing.spectrum(samples)
    power = np.square(np.abs(spectra)).astype(np.float32)
    mean = hearing.smoothed(power, 3, 0)
    noise = NOISE * hearing.smoothed(np.percentile(mean, QUIET, axis=0).astype(np.float32), 9, 0)
    allowed = hearing.masked(np.maximum(power - noise, 0))
    spectra *= np.sqrt(allowed) / (mean + allowed + hearing.TINY)
    level = np.abs(spectra)
    busy = level[level > 0]
    if len(busy):
        limit = LIMIT * float(np.sqrt(np.square(busy).mean()))
        spectra *= np.minimum(1, limit / np.maximum(level, hearing.TINY))
    return hearing.sound(spectra, len(samples))


def shifts(weighed: Samples, pattern: SoundPattern, keep: int) -> list[Shift]:
    """The likeliest `keep` places of a weighed recording, best first."""
    spectrum = np.fft.rfft(folded(weighed))
    found = np.fft.irfft(spectrum.conj() * pattern.spectrum, PERIOD)
    level = np.abs(found)
    usual = float(np.sqrt(np.square(found).mean()))
    best: list[Shift] = []
    for _ in range(keep if usual > 0 else 0):
        top = int(level.argmax())
        near = level[[top - 1, top, (top + 1) % PERIOD]]
        bend = 2 * near[1] - near[0] - near[2]
        part = 0.5 * (near[2] - near[0]) / bend if bend > 0 else 0.0
        best.append(Shift((top + part) % PERIOD, level[top] / usual, float(np.sign(found[top]))))
        level[np.arange(top - APART, top + APART) % PERIOD] = 0
    return best


def folded(samples: Samples) -> Samples:
    """(PERIOD,) the periods of a recording added up."""
    periods = -(-len(samples) // PERIOD)
    whole = np.pad(samples, (0, periods * PERIOD - len(samples)))
    return np.asarray(whole.reshape(periods, PERIOD).sum(0))


def readings(weighed: Samples, shift: Shift) -> tuple[Floats, NDArray[np.int64], int]:
    """What the carriers hold in a weighed recording that lies at `shift`.

    Returns: (F, BINS) readings; (F,) which frame of the pattern each is; the sample of the recording at
    which the first begins (0 or less).
    """
    place = int(shift.place)
    moved = shift.polarity * _delayed(weighed, shift.place - place)
    before = HOP + place % HOP
    after = HOP + -(before + len(moved)) % HOP
    values = analyze(np.pad(moved, (before, after)))
    frames = (place // HOP - 1 + np.arange(len(values))) % FRAMES
    return values, frames, -before


def by_frame(values: Floats, frames: NDArray[np.int64]) -> Floats:
    """(FRAMES, BINS) readings of the same frame of the pattern added up."""
    total = np.zeros((FRAMES, BINS), np.float32)
    for start in range(0, len(values), FRAMES):
        total[frames[start : start + FRAMES]] += values[start : start + FRAMES]
    return total


def _delayed(samples: Samples, part: float) -> Samples:
    """Later by a part of a sample, 0..1."""
    size = 1 << (len(samples) + HOP).bit_length()
    turn = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size * part)
    return np.fft.irfft(np.fft.rfft(samples, size) * turn, size)[: len(samples)].astype(np.float32)
