"""Whether speech is of one voice from beginning to end: the whole of it, and every stretch."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from safety.voices.encoder import Partials, mean_voice
from safety.voices.thresholds import Profile

Floats = NDArray[np.float32]

STRETCH = 3
"""Pieces in a stretch: 3.2 s of speech. One alone would refuse a fifth of what is genuine."""
LEAST_SECONDS = 2.4
"""Speech below which nothing is said: two pieces."""


class Voice(StrEnum):
    """Whose voice a request's speech has: a fact of the policy."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"
    NOT_ASKED = "not_asked"


def judge(heard: Partials, voice: Floats, profile: Profile) -> Voice:
    """Compare speech with a voice, (D,) unit length. A value that is not a number is another's voice.

    `UNKNOWN` below `LEAST_SECONDS`: whoever needs to know then has to ask for more.
    """
    if heard.speech < LEAST_SECONDS or not len(heard.embeddings):
        return Voice.UNKNOWN
    whole = float(mean_voice(heard.embeddings) @ voice)
    parts = stretches(heard.embeddings) @ voice
    same = whole >= profile.whole and bool((parts >= profile.stretch).all())
    return Voice.SAME if same else Voice.OTHER


def stretches(embeddings: Floats) -> Floats:
    """(S, D) unit means of every `STRETCH` successive pieces of (P, D); of all, where there are fewer."""
    if len(embeddings) <= STRETCH:
        return mean_voice(embeddings)[None]
    windows = np.lib.stride_tricks.sliding_window_view(embeddings, STRETCH, axis=0).mean(axis=-1)
    lengths = np.linalg.norm(windows, axis=1, keepdims=True)
    return np.asarray(windows / np.maximum(lengths, 1e-9), np.float32)
