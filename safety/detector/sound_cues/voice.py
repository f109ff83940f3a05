"""The voice itself: how far its pitch ranges, and how little two cycles next to each other are alike.

Vocal folds never swing twice the same way: neighbouring cycles differ by a half to three per cent in length
(jitter) and by some tenths of a decibel in size (shimmer). Voices from pulses and filters have less; networks
that learn from recordings have the same.
"""

from dataclasses import dataclass

import numpy as np

from safety.detector.sound_cues.levels import RATE, STEP, Floats, Sound
from safety.detector.sound_cues.page import Bounds, Heard, finding

RANGE = Bounds(
    0.8, None, 0.8, 0.4, "measured: 0.8 to 3.9 in eight readers (GRID corpus); more where people do not read"
)
JITTER = Bounds(0.25, 4.0, 0.25, 0.5, "measured: 0.4 to 1.7 % in readers (GRID corpus), AAC or not")
SHIMMER = Bounds(0.15, 2.5, 0.15, 0.5, "measured: 0.2 to 0.9 dB in readers (GRID corpus), AAC or not")
LEAST_FRAMES = 40
LOWEST, HIGHEST = 70.0, 400.0  # hertz of the pitch
_MOST_FRAMES = 400  # that are looked at, evenly spread
_VOICED = 0.75  # of the normalised autocorrelation
_LEVEL = 20.0  # decibels under the loud tenth at most


@dataclass(frozen=True)
class Voice:
    """Voiced frames.

    Attributes:
        pitch: (F,) hertz.
        jitter: (F,) difference in length of two cycles next to each other over their mean; NaN if unknown.
        shimmer: (F,) difference in level of them, decibels; NaN where unknown.
    """

    pitch: Floats
    jitter: Floats
    shimmer: Floats


def judge_voice(sound: Sound) -> Heard:
    """Range of pitch, jitter and shimmer."""
    voice = listen(sound)
    if len(voice.pitch) < LEAST_FRAMES:
        return Heard([], "There is too little voiced sound to judge the voice itself.")
    semitones = 12 * np.log2(voice.pitch / np.median(voice.pitch))
    low, high = np.percentile(semitones, (16, 84))
    spread = float(high - low) / 2
    span = (0.0, sound.seconds)
    found = [
        finding("pitch_range", spread, "semitones, half of the middle two thirds", RANGE,
                f"the pitch ranges by {spread:.1f} semitones to either side", span)
    ]  # fmt: skip
    known = np.isfinite(voice.jitter)
    if known.sum() >= LEAST_FRAMES / 2:
        jitter = 100 * float(np.median(voice.jitter[known]))
        shimmer = float(np.median(voice.shimmer[known]))
        found += [
            finding("jitter", jitter, "% of a cycle, median", JITTER,
                    f"neighbouring cycles of the voice differ by {jitter:.2f} % in length", span),
            finding("shimmer", shimmer, "dB, median", SHIMMER,
                    f"neighbouring cycles of the voice differ by {shimmer:.2f} dB", span),
        ]  # fmt: skip
    return Heard(found)


def listen(sound: Sound) -> Voice:
    """The voiced ones of at most `_MOST_FRAMES` frames."""
    size = int(2.5 * RATE / LOWEST)
    places = np.arange(0, max(len(sound.samples) - 2 * size, 0), int(STEP * RATE))
    if not len(places):
        return Voice(np.zeros(0), np.zeros(0), np.zeros(0))
    steps = np.minimum(places // int(STEP * RATE), len(sound.levels) - 1)
    places = places[sound.levels[steps] > sound.loud - _LEVEL]
    if len(places) > _MOST_FRAMES:
        places = places[np.linspace(0, len(places) - 1, _MOST_FRAMES).astype(int)]
    rows = []
    for place in places:
        period = _period(sound.samples[place : place + size])
        if period > 0:
            rows.append((RATE / period, *_cycles(sound.samples[place : place + 2 * size], period)))
    table = np.array(rows, np.float64).reshape(-1, 3)
    return Voice(table[:, 0], table[:, 1], table[:, 2])


def _period(part: Floats) -> float:
    """Samples from one cycle to the next, between samples; 0 where there is no pitch."""
    part = part - part.mean()
    shortest, longest = int(RATE / HIGHEST), int(RATE / LOWEST)
    size = len(part) - longest
    head = part[:size]
    energy = np.concatenate([[0.0], np.square(part).cumsum()])
    lags = np.arange(shortest - 1, longest + 1)
    windows = np.lib.stride_tricks.sliding_window_view(part, size)[lags]
    scale = np.sqrt((head @ head) * (energy[lags + size] - energy[lags])) + 1e-12
    alike = (windows @ head) / scale
    peaks = np.flatnonzero((alike[1:-1] >= alike[:-2]) & (alike[1:-1] >= alike[2:])) + 1
    peaks = peaks[alike[peaks] >= max(_VOICED, 0.93 * float(alike[peaks].max(initial=0.0)))]
    return float(lags[peaks[0]]) + _top(alike, int(peaks[0])) if len(peaks) else 0.0


def _cycles(part: Floats, period: float) -> tuple[float, float]:
    """Jitter and shimmer of three cycles; NaN where the second or third is not to be found."""
    first, nan = round(period), float("nan")
    lengths, at = [], 0
    for _ in range(2):
        reach = max(2, first // 8)
        if at + 2 * first + reach + 1 > len(part):
            return nan, nan
        cycle = part[at : at + first]
        lags = np.arange(first - reach, first + reach + 1)
        windows = np.lib.stride_tricks.sliding_window_view(part[at:], first)[lags]
        alike = (windows @ cycle) / (np.linalg.norm(windows, axis=1) * np.linalg.norm(cycle) + 1e-12)
        best = int(alike.argmax())
        if alike[best] < _VOICED or not 0 < best < len(lags) - 1:
            return nan, nan
        lengths.append(float(lags[best]) + _top(alike, best))
        at += round(lengths[-1])
    sizes = [float(np.linalg.norm(part[start : start + first])) for start in (0, round(lengths[0]))]
    jitter = abs(lengths[1] - lengths[0]) / (sum(lengths) / 2)
    return jitter, abs(20 * float(np.log10((sizes[1] + 1e-9) / (sizes[0] + 1e-9))))


def _top(curve: Floats, peak: int) -> float:
    """How far the top of the parabola through three values lies from the middle one, -0.5..0.5."""
    before, top, after = curve[peak - 1 : peak + 2]
    bend = before - 2 * top + after
    return 0.0 if bend >= 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))
