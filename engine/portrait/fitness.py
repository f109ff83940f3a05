"""Whether a still can be animated at all, decided before anything is rendered."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import PortraitUnusable
from engine.portrait.style import LUMA
from perception.face import Face
from perception.mesh import LIPS_OUTER, OVAL

Floats = NDArray[np.floating[Any]]
Feature = Literal["face", "mouth"]

# The part of the picture that shows a feature: mesh points, and how much more than them is looked at.
FEATURES: dict[Feature, tuple[tuple[int, ...], float]] = {
    "face": (OVAL, 0.8),
    "mouth": (LIPS_OUTER, 1.15),
}
RASTER = 48  # places across a feature
# Levels of 255 between its dark and its light parts. Features of ten portraits of all kinds have 60 and more;
# with fewer than this, coding and noise weigh as much as what is to be moved.
LEAST_CONTRAST = 12.0
DARK, LIGHT = 32.0, 224.0  # levels: a face whose middle is beyond has lost its contrast to the exposure
MOST_ROLL = 45.0  # degrees; beyond, it is rather the picture that lies on its side


def check(pixels: NDArray[np.uint8], face: Face) -> None:
    """Refuse what would give no good clip.

    Turned heads (`perception.face.sole_face`), cut off faces (`engine.portrait.framing`) and small ones are
    refused elsewhere. Shut or covered eyes are no reason: they stay as they are. A hand or a patterned mask
    over the mouth is not noticed.

    Args:
        pixels: (H, W, 3) RGB.

    Raises:
        PortraitUnusable: with `why`: "rolled", "too_dark", "too_light", "no_contrast" or "mouth_hidden".
    """
    roll = face.pose[2]
    if abs(roll) > MOST_ROLL:
        raise PortraitUnusable(
            f"the head is tilted by {abs(roll):.0f} degrees and at most {MOST_ROLL:.0f} are allowed: "
            "turn the picture upright",
            why="rolled", limit="roll", most=MOST_ROLL, degrees=round(roll),
        )  # fmt: skip
    level = float(np.median(luma(pixels, face, "face")))
    if min(contrast(pixels, face, "face"), contrast(pixels, face, "mouth")) >= LEAST_CONTRAST:
        return
    if level < DARK:
        _refuse("too_dark", "the face is too dark: use a picture in which its features can be seen")
    if level > LIGHT:
        _refuse("too_light", "the face is overexposed: use a picture in which its features can be seen")
    if contrast(pixels, face, "face") < LEAST_CONTRAST:
        _refuse(
            "no_contrast", "the face has too little contrast: use a picture in which its features can be seen"
        )
    _refuse("mouth_hidden", "the mouth cannot be made out: use a picture in which nothing covers it")


def contrast(pixels: NDArray[np.uint8], face: Face, feature: Feature) -> float:
    """Levels of 255 between the 3rd and the 97th percentile of a feature's luminance."""
    low, high = np.percentile(luma(pixels, face, feature), (3, 97))
    return float(high - low)


def luma(pixels: NDArray[np.uint8], face: Face, feature: Feature) -> Floats:
    """(48, 48) luminance 0..255 of the part of the picture that shows the feature."""
    points, wider = FEATURES[feature]
    low, high = (edge(face.mesh[list(points), :2], axis=0) for edge in (np.min, np.max))
    middle, reach = (low + high) / 2, (high - low) / 2 * wider
    size = np.asarray(pixels.shape[1::-1])
    first = np.clip(np.floor(middle - reach), 0, size - 2).astype(int)
    last = np.clip(np.ceil(middle + reach), first + 2, size).astype(int)
    part = Image.fromarray(pixels[first[1] : last[1], first[0] : last[0]])
    small = np.asarray(part.resize((RASTER, RASTER), Image.Resampling.BOX), np.float32)
    return np.asarray(small @ LUMA, np.float32)


def _refuse(why: str, message: str) -> None:
    raise PortraitUnusable(message, why=why, limit="contrast", least=LEAST_CONTRAST)
