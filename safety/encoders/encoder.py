"""What every face encoder promises."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from perception.face import Face
from safety.encoders.thresholds import Calibration

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

# Pixels between the eyes from which more do not help: distances to the original grow only below about 40
# (LFW portraits, scaled down; dlib ResNet).
FULL_EYE_DISTANCE = 40.0


@dataclass(frozen=True, eq=False)
class EncodedFace:
    """One face as a point on the unit sphere. The embedding can be turned back into a face: treat it like
    one.

    Attributes:
        box: x0, y0, x1, y1 in pixels.
        landmarks: (5, 2) pixels: the encoder's own alignment points.
        quality: 0..1, how far the picture allows a fair comparison.
        embedding: (D,) float32, unit length.
    """

    box: tuple[float, float, float, float]
    landmarks: Floats = field(repr=False)
    quality: float
    embedding: Floats = field(repr=False)


class FaceEncoder(Protocol):
    """Turns faces into unit vectors whose cosine distance tells persons apart."""

    @property
    def name(self) -> str:
        """What the settings call it."""

    @property
    def sha256(self) -> str:
        """Of the model file; embeddings of different models are never compared."""

    @property
    def licence(self) -> str:
        """SPDX identifier or what is known about the terms of the model."""

    @property
    def size(self) -> int:
        """Numbers in an embedding."""

    @property
    def calibration(self) -> Calibration:
        """Its measured thresholds. Raises EncoderUnusable where there are none."""

    def faces(self, pixels: Pixels) -> list[EncodedFace]:
        """Every face in (H, W, 3) RGB uint8, largest first. Raises MediaUnsupported, MediaTooLarge."""

    def encode(self, pixels: Pixels, face: Face) -> EncodedFace:
        """That one face of the picture. Raises FaceNotFound when the encoder does not see it."""


def unit(vector: NDArray[np.floating]) -> Floats:
    """`vector` with length 1; raises ValueError for one without length or with NaN."""
    length = float(np.linalg.norm(vector))
    if not (np.isfinite(length) and length > 0):
        raise ValueError("no direction")
    return (vector / length).astype(np.float32)


def size_quality(eye_distance: float) -> float:
    return min(1.0, eye_distance / FULL_EYE_DISTANCE)
