"""Loudness over time, and the pauses of a voice."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech

Floats = NDArray[np.float64]

RATE = 16_000
"""Samples a second of everything but bandwidth: voices and breath lie below 8 kHz."""
STEP = 0.02  # seconds of one level
MOST_SECONDS = 120.0
"""Listened to, from the start: more makes no cue surer, and bounds the time."""
PAUSE_LEVEL, PAUSE_SECONDS = 30.0, 0.25
"""A pause is this many decibels below the loud tenth of the sound, for this long: the weakest fricatives are
25 to 35 dB below vowels, and last 0.1 s."""
_EDGE = 2  # steps at either end of a pause that still have the voice's fading
_BOTTOM = -120.0  # decibels of full scale of nothing: below the last bit of 16


@dataclass(frozen=True)
class Pause:
    """From one step to another, without its edges.

    Attributes:
        start, end: steps of `STEP` seconds.
    """

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) * STEP


@dataclass(frozen=True, eq=False)
class Sound:
    """The first `MOST_SECONDS` of a sound, and what is asked of it more than once."""

    speech: Speech

    @cached_property
    def start(self) -> Speech:
        """As much of it as is listened to."""
        most = int(MOST_SECONDS * self.speech.rate)
        kept = np.nan_to_num(self.speech.samples[:most], nan=0.0, posinf=0.0, neginf=0.0)
        return Speech(kept, self.speech.rate)

    @property
    def seconds(self) -> float:
        return self.start.seconds

    @cached_property
    def samples(self) -> Floats:
        """(N,) at `RATE`."""
        return self.start.at(RATE).astype(np.float64)

    @cached_property
    def levels(self) -> Floats:
        """(S,) decibels of full scale of each `STEP`."""
        size = int(STEP * RATE)
        count = len(self.samples) // size
        power = np.square(self.samples[: count * size].reshape(count, size)).mean(axis=1)
        return np.asarray(10 * np.log10(power + 10 ** (_BOTTOM / 10)))

    @cached_property
    def loud(self) -> float:
        """Decibels of full scale that a tenth of the sound exceeds; NaN of none."""
        return float(np.percentile(self.levels, 90)) if len(self.levels) else float("nan")

    @cached_property
    def pauses(self) -> list[Pause]:
        """Between two pieces of voice; what comes before the first one and after the last is none."""
        quiet = self.levels < self.loud - PAUSE_LEVEL
        voice = np.flatnonzero(~quiet)
        if not len(voice):
            return []
        found = []
        for before, after in pairwise(voice.tolist()):
            if (after - before - 1) * STEP >= PAUSE_SECONDS:
                found.append(Pause(before + 1 + _EDGE, after - _EDGE))
        return found

    @property
    def speaking_seconds(self) -> float:
        """How long the sound is no quieter than a pause."""
        return float((self.levels >= self.loud - PAUSE_LEVEL).sum()) * STEP
