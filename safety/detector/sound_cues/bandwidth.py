"""Up to which frequency there is sound, and whether it ends as at a cliff.

Speech models work at 16, 22.05 or 24 kHz (HiFi-GAN: Kong et al. 2020; Tacotron 2: Shen et al. 2018): nothing
lies then above 8, 11 or 12 kHz in a film's track of 44.1 or 48 kHz. Telephones and archives end there, too.
"""

import numpy as np

from safety.detector.sound_cues.levels import Floats, Sound
from safety.detector.sound_cues.page import Bounds, Heard, finding

CLIFF = Bounds(
    13_000.0,
    None,
    5_000.0,
    0.4,
    "microphones reach 16 kHz and more, AAC and Opus from 64 kbit/s on 15 kHz",
)
LEAST_SECONDS, LEAST_RATE = 2.0, 32_000
_SIZE = 2048  # samples of a spectrum
_FALL = 18.0
"""Decibels by which everything above a cliff is weaker than the kilohertz below it; speech slopes by 5 to 10
in that distance."""
_BELOW, _GAP = 1_300.0, 300.0  # hertz: the kilohertz below, and the room that a filter needs to either side
_FROM = 5_000.0  # hertz
_DEEPEST = 85.0  # decibels under the strongest band: what is weaker is a number, no sound


def judge_bandwidth(sound: Sound) -> Heard:
    """The frequency of the highest cliff; where there is none, half the sampling rate."""
    start = sound.start
    if sound.seconds < LEAST_SECONDS or start.rate < LEAST_RATE:
        return Heard([], "The sound is too short, or its rate too low, to judge its bandwidth.")
    edge = cliff(start.samples.astype(np.float64), start.rate)
    reason = f"there is sound up to about {edge / 1000:.0f} kHz"
    return Heard([finding("bandwidth", edge, "Hz", CLIFF, reason, (0.0, sound.seconds))])


def cliff(samples: Floats, rate: int) -> float:
    """Hertz of the cliff above which nothing is; half of `rate` where there is none."""
    count = len(samples) // _SIZE
    pieces = samples[: count * _SIZE].reshape(count, _SIZE)
    loud = np.square(pieces).mean(axis=1)
    pieces = pieces[loud >= np.percentile(loud, 60)]  # speech, not pauses
    power = np.square(np.abs(np.fft.rfft(pieces * np.hanning(_SIZE), axis=1))).mean(axis=0)
    curve = 10 * np.log10(power + 1e-9)
    curve = np.maximum(curve, curve.max() - _DEEPEST)
    curve = np.convolve(np.pad(curve, 2, mode="edge"), np.full(5, 0.2), "valid")
    hertz = rate / _SIZE
    below, gap = round(_BELOW / hertz), round(_GAP / hertz)
    first = round(_FROM / hertz)
    falls = [
        float(np.median(curve[k - below : k - gap]) - np.percentile(curve[k + gap :], 90))
        for k in range(first, len(curve) - 2 * below)
    ]
    steepest = int(np.argmax(falls))
    return float((first + steepest) * hertz) if falls[steepest] >= _FALL else rate / 2
