"""What every speaker encoder promises."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from safety.voices.thresholds import VoiceCalibration

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Partials:
    """A voice, piece by piece. An embedding tells whose voice it is: treat it like a face's.

    Attributes:
        spans: (P, 2) seconds of the recording: from when to when each piece was spoken, with the pauses.
        embeddings: (P, D) float32, unit length each.
        speech: seconds of speech in all.
    """

    spans: Floats
    embeddings: Floats = field(repr=False)
    speech: float


class VoiceEncoder(Protocol):
    """Turns speech into unit vectors whose cosine tells speakers apart."""

    @property
    def name(self) -> str:
        """What the settings call it."""

    @property
    def sha256(self) -> str:
        """Of the model file; embeddings of different models are never compared."""

    @property
    def licence(self) -> str:
        """SPDX identifier of the model's licence."""

    @property
    def size(self) -> int:
        """Numbers in an embedding."""

    @property
    def calibration(self) -> VoiceCalibration:
        """Its measured thresholds. Raises EncoderUnusable where there are none."""

    def partials(self, samples: Floats) -> Partials:
        """The voice in (N,) mono samples at 16 kHz; none where nobody speaks for a second and a half."""


def mean_voice(embeddings: Floats) -> Floats:
    """(D,) unit length: the mean of (P, D), P at least 1."""
    mean = embeddings.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)
