"""A still picture from a stranger: decoded out of the way, upright, sRGB, without its metadata."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perception.errors import MediaTooLarge
from perception.formats import HEAD_BYTES, sniff
from perception.limits import LIMITS, Limits
from perception.sandbox import Decoder


@dataclass(frozen=True)
class Image:
    """A picture as its author saw it.

    Attributes:
        pixels: (H, W, 3) uint8 sRGB.
        media_type: what the file was, told from its content ("image/png").
    """

    pixels: NDArray[np.uint8]
    media_type: str


def decode_image(data: bytes, limits: Limits = LIMITS) -> Image:
    """Decode PNG, JPEG, WebP, BMP, TIFF, AVIF or GIF; of animations and pages the first.

    EXIF orientation is applied, ICC colour becomes sRGB, transparency is laid over mid grey, 16-bit, CMYK,
    palette and grey pictures become 8-bit RGB; all other metadata and what follows the picture are dropped.

    Raises:
        MediaEmpty: no bytes.
        MediaTooLarge, MediaTooSmall: over `image_bytes` or `image_pixels`; a side under `image_min_side`.
        MediaUnsupported: not one of these formats, told from the content.
        MediaUnreadable: truncated or corrupt.
        MediaTooCostly: it needs more memory or time to decode than a picture may.
    """
    form = sniff(data[:HEAD_BYTES], "image")
    if len(data) > limits.image_bytes:
        raise MediaTooLarge(
            f"the picture has {len(data):,} bytes; at most {limits.image_bytes:,} are accepted",
            limit="image_bytes",
            most=limits.image_bytes,
        )
    job = {
        "task": "image",
        "reader": form.reader,
        "image_pixels": limits.image_pixels,
        "image_min_side": limits.image_min_side,
    }
    with Decoder(job, data, limits, cpu_seconds=limits.image_cpu_seconds) as decoder:
        pixels = decoder.array("picture", np.uint8, most_bytes=3 * limits.image_pixels)
        decoder.finish()
    return Image(pixels, form.media_type)
