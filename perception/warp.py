"""Pictures as arrays, and square views cut out of them, turned and scaled, without aliasing."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from perception.errors import MediaTooLarge, MediaUnsupported
from perception.limits import LIMITS

Pixels = NDArray[np.uint8]
# Centre x, y and side of a square in pixels of the picture, and the angle in radians by which it is turned
# clockwise.
Region = tuple[float, float, float, float]


def checked_pixels(pixels: Pixels) -> Pixels:
    """`pixels` themselves when they are a picture: (H, W, 3) uint8 RGB.

    Raises:
        MediaUnsupported: not such an array, or empty.
        MediaTooLarge: over `LIMITS.image_pixels`.
    """
    if (
        not isinstance(pixels, np.ndarray)
        or pixels.dtype != np.uint8
        or pixels.ndim != 3
        or pixels.shape[2] != 3
    ):
        raise MediaUnsupported("a picture here is an array of uint8, height x width x 3 (RGB)")
    if pixels.size == 0:
        raise MediaUnsupported("the picture has no pixels")
    if pixels.shape[0] * pixels.shape[1] > LIMITS.image_pixels:
        raise MediaTooLarge(f"the picture has over {LIMITS.image_pixels} pixels", limit=LIMITS.image_pixels)
    return np.ascontiguousarray(pixels)


class Pyramid:
    """A picture and its halved copies, made when first needed; cuts take the level just above their
    resolution.
    """

    def __init__(self, pixels: Pixels) -> None:
        self.height, self.width = pixels.shape[:2]
        self._levels = [Image.fromarray(pixels)]

    def level(self, scale: float) -> tuple[Image.Image, int]:
        """The copy to sample when one output pixel spans `scale` picture pixels, and how often it was
        halved.
        """
        wanted = max(0, math.floor(math.log2(max(scale, 1e-6))))
        while len(self._levels) <= wanted and min(self._levels[-1].size) >= 2:
            self._levels.append(self._levels[-1].reduce(2))
        halvings = min(wanted, len(self._levels) - 1)
        return self._levels[halvings], halvings


def turned_view(pyramid: Pyramid, region: Region, size: int) -> Pixels:
    """The region as (size, size, 3) uint8; black outside the picture."""
    return affine_view(pyramid, view_matrix(region, size), size)


def view_matrix(region: Region, size: int) -> NDArray[np.float64]:
    """(2, 3) matrix from coordinates in a view of `size` pixels to those of the picture; corners are
    integers.
    """
    x, y, side, angle = region
    step = side / size
    c, s = math.cos(angle) * step, math.sin(angle) * step
    half = size / 2
    return np.asarray([[c, -s, x - (c - s) * half], [s, c, y - (s + c) * half]])


def affine_view(pyramid: Pyramid, matrix: NDArray[np.float64], size: int) -> Pixels:
    """The view that `matrix`, (2, 3) from view to picture coordinates, describes: (size, size, 3) uint8."""
    image, halvings = pyramid.level(math.hypot(matrix[0, 0], matrix[1, 0]))
    scaled = matrix / 2**halvings
    view = image.transform(
        (size, size), Image.Transform.AFFINE, tuple(scaled.ravel()), Image.Resampling.BILINEAR
    )
    return np.asarray(view)
