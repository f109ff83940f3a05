"""A video as a short sequence of still pictures: what extraction looks at.

Frames are summed as they come and never kept, so memory does not grow with the length of the video. A
*piece* is one second, weighed (demodulate.weigh) from the mean pictures of its halves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from perception.errors import MediaEmpty, MediaTooLarge, MediaUnsupported
from safety.watermark.demodulate import Pictures, weigh
from safety.watermark.embed import LUMA, MAX_SIDE

SIDE = 256  # pixels of the short side that pictures are reduced to: the mark has at most 42 cycles there
HALF = 0.5  # seconds
MOST_FRAMES = 256  # summed in 16 bits


@dataclass(frozen=True)
class Piece:
    """`start` to `end` (seconds) of a video: weighed picture (h, w) float32, and how many frames it sums."""

    start: float
    end: float
    picture: Pictures
    frames: int


def pieces(frames: Iterable[tuple[float, NDArray[np.uint8]]]) -> Iterator[Piece]:
    """The pieces of frames (seconds, (H, W, 3) uint8 RGB), in order.

    Raises:
        MediaEmpty: there is no frame.
        MediaUnsupported, MediaTooLarge: frames change size, are not uint8 RGB, or are over the size limit.
    """
    halves: list[_Half] = []
    for half in _halves(frames):
        if len(halves) == 2 or (halves and half.slot // 2 != halves[0].slot // 2):
            yield _piece(halves)
            halves = []
        halves.append(half)
    if not halves:
        raise MediaEmpty("the video has no frames")
    yield _piece(halves)


@dataclass
class _Half:
    slot: int
    start: float
    last: float
    end: float
    total: NDArray[np.uint16]
    frames: int = 0

    def mean(self) -> Pictures:
        """Luma of the mean frame, short side at most SIDE."""
        total = torch.from_numpy(self.total.astype(np.float32))
        luma = (total @ torch.tensor(LUMA) / self.frames)[None, None]
        scale = SIDE / min(luma.shape[2:])
        if scale < 1:
            size = (round(luma.shape[2] * scale), round(luma.shape[3] * scale))
            luma = interpolate(luma, size, mode="bilinear", antialias=True)
        picture: Pictures = luma[0, 0].numpy()
        return picture


def _halves(frames: Iterable[tuple[float, NDArray[np.uint8]]]) -> Iterator[_Half]:
    half: _Half | None = None
    first, shape, step = 0.0, (0, 0, 3), 0.04
    for seconds, frame in frames:
        if half is None:
            first, shape = seconds, frame.shape
            _check(frame)
        if frame.shape != shape or frame.dtype != np.uint8:
            raise MediaUnsupported("every frame must be uint8 RGB of the same size")
        slot = int((seconds - first) / HALF + 1e-6)
        if half is None or slot != half.slot or half.frames == MOST_FRAMES:
            if half is not None:
                yield half
            half = _Half(slot, seconds, seconds, seconds, np.zeros(shape, np.uint16))
        elif seconds > half.last:
            step = seconds - half.last
        np.add(half.total, frame, out=half.total)
        half.last, half.end, half.frames = seconds, seconds + step, half.frames + 1
    if half is not None:
        yield half


def _check(frame: NDArray[np.uint8]) -> None:
    if frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
        raise MediaUnsupported("frames must be (H, W, 3) RGB")
    if max(frame.shape[:2]) > MAX_SIDE:
        raise MediaTooLarge(
            f"the watermark takes frames of at most {MAX_SIDE} pixels a side", max_side=MAX_SIDE
        )


def _piece(halves: list[_Half]) -> Piece:
    picture = weigh(np.stack([half.mean() for half in halves]))
    return Piece(halves[0].start, halves[-1].end, picture, sum(half.frames for half in halves))
