"""Cutting the framed square out of a picture, at the renderer's resolution."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.portrait.framing import MARGIN, Framing

Floats = NDArray[np.floating[Any]]
Outside = Literal["symmetric", "edge", "constant"]

CARRIED = 1.15  # times the frame's pixels: detail that a canvas of more pixels keeps


def cut(picture: NDArray[np.generic], framing: Framing, outside: Outside = "symmetric") -> Floats:
    """The canvas of a (H, W) or (H, W, C) array as float32 (N, N[, C]).

    Args:
        outside: what is where the square leaves the picture: its mirror image, its outermost pixels, or 0.
    """
    factor = int(
        (framing.side * framing.canvas) / (framing.size * framing.oversample) / (2 * _carried(framing))
    )
    if factor > 1:
        return _cut_reduced(picture, framing, outside, factor)
    border = framing.border / framing.scale
    low = np.asarray([framing.x, framing.y]) - border + framing.phase / framing.scale
    high = low + framing.side + 2 * border
    size = np.asarray(picture.shape[1::-1])
    first, last = np.floor(low).astype(int) - 2, np.ceil(high).astype(int) + 2
    inner_first, inner_last = np.clip(first, 0, size - 1), np.clip(last, 1, size)
    crop = picture[inner_first[1] : inner_last[1], inner_first[0] : inner_last[0]]
    pad = [(inner_first[i] - first[i], last[i] - inner_last[i]) for i in (1, 0)] + [(0, 0)] * (
        picture.ndim - 2
    )
    padded = np.pad(crop, pad, mode=outside)
    (left, top), (right, bottom) = (low - first).tolist(), (high - first).tolist()
    channels = padded.reshape(*padded.shape[:2], -1)
    cut_out = [
        _resized(channels[..., c], (left, top, right, bottom), framing) for c in range(channels.shape[2])
    ]
    return np.stack(cut_out, axis=-1).reshape(framing.canvas, framing.canvas, *picture.shape[2:])


def _cut_reduced(picture: NDArray[np.generic], framing: Framing, outside: Outside, factor: int) -> Floats:
    """As `cut`, from means over squares of `factor` pixels: a large picture is never held as floats."""
    margin = framing.side * MARGIN + 4 * factor
    start = np.clip(np.floor([framing.x - margin, framing.y - margin]), 0, None).astype(int)
    stop = np.ceil([framing.x + framing.side + margin, framing.y + framing.side + margin]).astype(int)
    part = Image.fromarray(np.ascontiguousarray(picture[start[1] : stop[1], start[0] : stop[0]]))
    x, y = ((at - first) / factor for at, first in zip((framing.x, framing.y), start.tolist(), strict=True))
    small = Framing(x, y, framing.side / factor, framing.size, framing.oversample)
    return cut(np.asarray(part.reduce(factor)), small, outside)


def _carried(framing: Framing) -> int:
    """Pixels across the canvas whose detail is kept."""
    return round(framing.canvas / framing.oversample * CARRIED)


def _resized(
    channel: NDArray[np.generic], box: tuple[float, float, float, float], framing: Framing
) -> Floats:
    """First to little more than a frame can carry, then to the canvas: hardly anything aliases."""
    image = Image.fromarray(np.ascontiguousarray(channel, np.float32))
    carried = _carried(framing)
    if framing.oversample > 1 and box[2] - box[0] > carried:
        image = image.resize((carried, carried), Image.Resampling.LANCZOS, box)
        box = (0, 0, carried, carried)
    return np.asarray(image.resize((framing.canvas,) * 2, Image.Resampling.LANCZOS, box), np.float32)
