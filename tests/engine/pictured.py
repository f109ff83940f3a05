"""Portraits of pictures that a test draws or changes."""

import numpy as np
from numpy.typing import NDArray

from engine.portrait import Portrait, build_portrait
from engine.state import Controls
from perception.face import FaceFinder, sole_face

Pixels = NDArray[np.uint8]


def portrait_of(finder: FaceFinder, pixels: Pixels, controls: Controls) -> Portrait:
    """The one sitter of (H, W, 3) `pixels`, found and taken apart."""
    face = sole_face(finder.find(pixels), pixels.shape)
    return build_portrait(pixels, face, finder.matte(pixels), controls)
