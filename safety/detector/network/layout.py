"""What moves and what stands still around a head: the second thing that the network looks at.

A person's shoulders follow the head, and a camera in a hand moves everything; in a still that is pulled about
the head moves on a body and before a background that do not, or drags them along. Six small pictures of head
and shoulders through a second are enough to see it, so it outlives compression and resizing.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from perception.warp import Pyramid, turned_view

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]

SIDE = 64
COUNT = 6
SPACING = 0.2
"""Seconds from one of the six to the next."""
ACROSS, BELOW = 5.6, 1.1
"""The side of the pictures, and how far their middle lies below the middle of the eyes; eye distances."""
CHANNELS = COUNT + 1  # five steps, the edges, and what lies within the picture

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_SOFT, _SOFT_EDGES = 2.0, 8.0  # levels of 255 at which the scale turns from linear to logarithmic


def small(pyramid: Pyramid, eyes: tuple[float, float], eye_distance: float) -> Pixels:
    """(SIDE, SIDE, 3) of one frame, black outside it; the same place for all six. `eyes`: their middle."""
    region = eyes[0], eyes[1] + BELOW * eye_distance, ACROSS * eye_distance, 0.0
    return turned_view(pyramid, region, SIDE)


def within(width: int, height: int, eyes: tuple[float, float], eye_distance: float) -> NDArray[np.bool_]:
    """(SIDE, SIDE): what of `small` lies in a frame of that size."""
    step = ACROSS * eye_distance / SIDE
    line = (np.arange(SIDE) + 0.5 - SIDE / 2) * step
    x, y = eyes[0] + line, eyes[1] + BELOW * eye_distance + line
    return np.outer((y >= 0) & (y < height), (x >= 0) & (x < width))


def channels(pictures: Sequence[Pixels], inside: NDArray[np.bool_]) -> Floats:
    """`COUNT` of (SIDE, SIDE, 3) to (CHANNELS, SIDE, SIDE) float32."""
    luma = np.stack(pictures).astype(np.float32) @ _LUMA
    steps = np.arcsinh(np.diff(luma, axis=0) / _SOFT)
    middle = luma[COUNT // 2]
    edges = np.arcsinh((middle - uniform_filter(middle, 9, mode="nearest")) / _SOFT_EDGES)
    return np.concatenate([steps, edges[None], np.ones((1, SIDE, SIDE))]).astype(np.float32) * inside
