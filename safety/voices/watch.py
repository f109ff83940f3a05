"""A voice that is followed while it is spoken, for live streams."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from perception.resample import Resampler
from safety.voices.encoder import Partials, VoiceEncoder
from safety.voices.mel import RATE
from safety.voices.thresholds import Profile
from safety.voices.verify import LEAST_SECONDS, STRETCH, Voice, judge

Floats = NDArray[np.float32]

TICK = 0.5  # seconds of sound between two looks
MEMORY = 8.0  # seconds of sound that are looked at: a stretch, and the pauses in it
DECIDED = 6.0  # seconds of speech after which a voice that was not recognised is another one
Judge = Callable[[Partials, Profile], Voice]


class VoiceWatch:
    """Says of a stream of sound whether it is still the sitter's own voice.

    It is `UNKNOWN` until enough was spoken, and then `SAME` until another voice is heard: `OTHER` stays. A
    stream shows nothing before `SAME`. Another voice is noticed when it fills most of the last stretch of
    speech (3.2 s), at most `TICK` seconds of sound later.

    Args:
        rate: samples per second of what is pushed.
        compare: judges pieces against the voice (`Voices.watch` gives it).
    """

    def __init__(self, encoder: VoiceEncoder, compare: Judge, profile: Profile, rate: int) -> None:
        self._encoder, self._compare, self._profile = encoder, compare, profile
        self._resampler = Resampler(rate, RATE)
        self._kept: Floats = np.zeros(0, np.float32)
        self._fresh = 0
        self.voice = Voice.UNKNOWN

    def push(self, samples: Floats) -> Voice:
        """Hear (N,) more samples, mono, -1..1. Raises as `Resampler.resample`."""
        more = self._resampler.resample(samples)
        tick = round(TICK * RATE)
        while len(more) and self.voice is not Voice.OTHER:
            part, more = more[: tick - self._fresh], more[tick - self._fresh :]
            self._kept = np.concatenate([self._kept, part])[-round(MEMORY * RATE) :]
            self._fresh += len(part)
            if self._fresh >= tick:
                self._fresh = 0
                self._look()
        return self.voice

    def _look(self) -> None:
        heard = self._encoder.partials(self._kept)
        if heard.speech < LEAST_SECONDS or not len(heard.embeddings):
            return  # a pause: what was known stays
        least = Profile(self._profile.stretch, self._profile.stretch)
        latest = Partials(heard.spans[-STRETCH:], heard.embeddings[-STRETCH:], heard.speech)
        if self._compare(latest, least) is not Voice.SAME:
            self.voice = Voice.OTHER
        elif self.voice is Voice.UNKNOWN:
            if self._compare(heard, self._profile) is Voice.SAME:
                self.voice = Voice.SAME
            elif heard.speech >= DECIDED:
                self.voice = Voice.OTHER


def compare_with(voice: Floats, turn: Callable[[Floats], Floats]) -> Judge:
    """A judge against one turned voice, (D,) unit length; `turn` is what turned it."""

    def compare(heard: Partials, profile: Profile) -> Voice:
        return judge(Partials(heard.spans, turn(heard.embeddings), heard.speech), voice, profile)

    return compare
