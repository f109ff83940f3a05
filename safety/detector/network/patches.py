"""What the network sees: small squares of a face's neighbourhood through five frames, as residuals.

Squares are cut at the picture's own pixels, without resampling, at places that the face sets; they stand
still for the five frames. Only what is left after smoothing goes in, and what changes from frame to frame:
how a picture was made (fresh noise, resampling, blending), not who is in it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from perception.face import Face
from safety.detector.view import CROP_BELOW, crop_region

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]

SIDE = 64
"""Pixels of a square's side."""
FRAMES = 5
CHANNELS = 2 * FRAMES + 1  # luma residuals, steps between frames, two of colour
PLACES = {"mouth": (0.0, 1.05), "eyes": (0.0, 0.0), "right": (-1.0, 0.65), "left": (1.0, 0.65),
          "chin": (0.0, 1.95)}  # fmt: skip
"""Centres of the squares from the middle of the eyes, in eye distances of a level face, y down. `right` and
`left` (in the picture: image left and image right) lie on the border of the face."""
USUAL_EYES = 100.0
"""Pixels between the eyes from which on a picture is reduced by a whole number: above one and a half times
that a square would hold skin alone."""

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_SMOOTH = 5  # pixels; box
_SOFT = 2.0  # levels of 255 at which the scale turns from linear to logarithmic


def reduction(eye_distance: float) -> int:
    """By how much a picture is reduced before squares are cut."""
    return max(1, round(eye_distance / USUAL_EYES))


def eyes_of(face: Face) -> tuple[float, float]:
    """The middle of the eyes, x and y in pixels."""
    x, y, _, angle = crop_region(face)
    below = CROP_BELOW * face.eye_distance
    return x + float(np.sin(angle)) * below, y - float(np.cos(angle)) * below


def cut(
    frame: Pixels, eyes: tuple[float, float], eye_distance: float, angle: float = 0.0
) -> NDArray[np.uint8]:
    """The squares of one frame; call it with the same place for all five.

    Args:
        frame: (H, W, 3) uint8 RGB.
        eyes: x, y of the middle of the eyes in the first of the five, pixels.
        angle: by which the face is turned clockwise, radians: the places turn with it, the squares do not.

    Returns:
        (places, `SIDE`, `SIDE`, 3) uint8, in the order of `PLACES`.
    """
    by = reduction(eye_distance)
    return np.stack(
        [_square(frame, *corner, SIDE * by, by) for corner in corners(frame, eyes, eye_distance, angle)]
    )


def corners(
    frame: Pixels, eyes: tuple[float, float], eye_distance: float, angle: float = 0.0
) -> list[tuple[int, int]]:
    """Top and left of each square, pixels; moved into the picture where they would leave it."""
    side = SIDE * reduction(eye_distance)
    height, width = frame.shape[:2]
    c, s = float(np.cos(angle)), float(np.sin(angle))
    return [
        (
            _kept(round(eyes[1] + (s * x + c * y) * eye_distance - side / 2), height, side),
            _kept(round(eyes[0] + (c * x - s * y) * eye_distance - side / 2), width, side),
        )
        for x, y in PLACES.values()
    ]


def stacked(frames: Sequence[NDArray[np.uint8]]) -> Floats:
    """What `cut` gave of `FRAMES` frames, as the network takes it: (places, `CHANNELS`, `SIDE`, `SIDE`)."""
    return np.stack([residuals([frame[place] for frame in frames]) for place in range(len(PLACES))])


def residuals(squares: Sequence[NDArray[np.uint8]]) -> Floats:
    """`FRAMES` of (S, S, 3), 0..255, to (`CHANNELS`, S, S) float32: about -3..3."""
    stack = np.stack(squares).astype(np.float32)
    luma = stack @ _LUMA
    sharp = luma - uniform_filter(luma, (0, _SMOOTH, _SMOOTH), mode="nearest")
    middle = stack[FRAMES // 2]
    colour = np.stack([middle[..., 2] - luma[FRAMES // 2], middle[..., 0] - luma[FRAMES // 2]])
    colour = colour - uniform_filter(colour, (0, _SMOOTH, _SMOOTH), mode="nearest")
    return np.asarray(np.arcsinh(np.concatenate([sharp, np.diff(luma, axis=0), colour]) / _SOFT), np.float32)


def _square(frame: Pixels, top: int, left: int, side: int, by: int) -> NDArray[np.uint8]:
    part = frame[top : top + side, left : left + side]
    if part.shape[:2] != (side, side):  # a picture that is smaller than a square
        part = np.pad(part, ((0, side - part.shape[0]), (0, side - part.shape[1]), (0, 0)), mode="edge")
    if by == 1:
        return part
    return np.asarray(np.round(part.reshape(SIDE, by, SIDE, by, 3).mean(axis=(1, 3))), np.uint8)


def _kept(start: int, length: int, side: int) -> int:
    """The square is moved into the picture."""
    return int(min(max(start, 0), max(length - side, 0)))
