"""Both directions of the watermark under a set of keys."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from safety.errors import Misconfigured
from safety.watermark.embed import Embedder
from safety.watermark.extract import Reader
from safety.watermark.pattern import Pattern, derive
from safety.watermark.reading import Reading

ALGORITHM = "dev.sitter.watermark.v2"  # the `alg` of a C2PA soft binding; reverse-domain until listed


class Watermark:
    """Embeds under the first pattern and reads under all of them."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(patterns)

    @property
    def key_id(self) -> str:
        """The name of the key that embeds: 16 hex digits that do not reveal it."""
        return self._patterns[0].key_id

    def embedder(
        self, payload: bytes, *, width: int, height: int, fps: float, device: str = "cpu"
    ) -> Embedder:
        """What marks the frames of one clip; see Embedder for limits and errors."""
        return Embedder(self._patterns[0], payload, width=width, height=height, fps=fps, device=device)

    def extract(self, frames: Iterable[tuple[float, NDArray[np.uint8]]], *, thorough: bool = True) -> Reading:
        """Read a video given as (seconds, (H, W, 3) uint8 RGB), in order.

        Frames under 64 pixels a side cannot be marked: of them the reading is none.

        Args:
            frames: consumed as they come; memory does not grow with their number. Once a payload is found,
                at most 15 minutes are read.
            thorough: search crops, enlargements and rotations where the usual geometries show nothing.

        Raises:
            MediaEmpty: no frame.
            MediaUnsupported, MediaTooLarge: frames of changing size, or a side over 4096 pixels.
        """
        return Reader(self._patterns, thorough).read(frames)


def open_watermark(keys: Sequence[bytes]) -> Watermark:
    """The watermark under `keys` of 32 bytes: the first embeds, all are tried when reading (rotation).

    Raises:
        Misconfigured: no key, a key of another size, or the same key twice.
    """
    if not keys:
        raise Misconfigured("the watermark needs at least one key of 32 bytes")
    if len(set(keys)) != len(keys):
        raise Misconfigured("the same watermark key was given twice")
    return Watermark([derive(bytes(key)) for key in keys])
