"""Which square of the picture the frame shows, and cutting it out at the renderer's resolution."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import ControlOutOfRange, PortraitUnusable
from engine.state import Crop
from perception.face import Face

Floats = NDArray[np.floating[Any]]
Outside = Literal["symmetric", "edge", "constant"]

# Height of the mesh (forehead to chin) over the height of the frame: head and shoulders as in a passport
# photograph
# (ICAO 9303-9: face 70-80 %, too tight for a head that moves) against a news presenter (about 35 %).
FACE_SHARE = 0.42
LARGEST_FACE_SHARE = 0.6  # rather a tight frame than one that leaves the picture
FACE_CENTRE = 0.45  # height of the mesh's middle in the frame, from the top
HEADROOM = 0.05  # least space over the hair, where the picture has it
MARGIN = 0.125  # of the frame's side, kept around the frame for motion that pulls it in
SHARPEST = 1280  # pixels across the canvas without margin, about twice a 512 pixel frame
CARRIED = 1.15  # times the frame's pixels: detail that a canvas of more pixels keeps
CUT_OFF = 0.5  # of the face's width or height is sitter at an edge of the picture: it cuts the head off
MOST_CUT_OFF = 0.25  # of the face's height or width, outside the picture
ROOM = 0.15  # of the face's height that a caller's framing leaves on each side: for the jaw, turns and travel
OVERHANG = 0.02  # of a caller's framing: what may lie beyond an edge that cuts the sitter off
LEAST_FACE_SHARE = 0.15  # a smaller face cannot be audited


@dataclass(frozen=True)
class Framing:
    """The square x, y, side of the picture (pixels, may leave it), shown as a frame of `size` pixels.

    The canvas is that square with `MARGIN` around it, `oversample` canvas pixels per frame pixel.
    """

    x: float
    y: float
    side: float
    size: int
    oversample: int

    @property
    def scale(self) -> float:
        """Frame pixels per picture pixel."""
        return self.size / self.side

    @property
    def border(self) -> int:
        """Frame pixels of margin on each side."""
        return round(self.size * MARGIN)

    @property
    def phase(self) -> float:
        """Frame pixels that the canvas lies right of and below where its pixels would meet the frame's.

        Frames read the canvas between its pixels wherever things have moved; at rest they do so at a quarter
        of one, which is about as sharp as the mean of all.
        """
        return 0.125 if self.oversample > 1 else 0.0

    @property
    def canvas(self) -> int:
        """Pixels across the canvas."""
        return (self.size + 2 * self.border) * self.oversample

    def place(self, points: Floats) -> Floats:
        """(..., 2 or 3) points of the picture in frame pixels."""
        placed = points * self.scale
        placed[..., 0] -= self.x * self.scale
        placed[..., 1] -= self.y * self.scale
        return placed.astype(np.float32)


def frame_face(face: Face, matte: Floats, distance: float, size: int, crop: Crop | None = None) -> Framing:
    """A square in which the face has `FACE_SHARE` of the height, more where the picture is tight; or the
    caller's `crop`; either `distance` times larger.

    Raises:
        PortraitUnusable: too much of the face lies outside the picture.
        ControlOutOfRange: the face does not fit the caller's crop, see `_cropped`.
    """
    height, width = matte.shape
    low, high = face.mesh[:, :2].min(axis=0), face.mesh[:, :2].max(axis=0)
    _within_picture(low, high, width, height)
    if crop is not None:
        return _cropped(crop, low, high, matte, distance, size)
    tall = float(high[1] - low[1])
    middle = (low + high) / 2
    natural = float(np.clip(min(width, height), tall / LARGEST_FACE_SHARE, tall / FACE_SHARE))
    top, left, right = _cut_off(matte, low, high)
    side = natural * distance
    side = min(side, height) if top else side
    side = min(side, width) if left and right else side
    hair = _top_of_head(matte, float(middle[0]), tall)
    y = min(float(middle[1]) - FACE_CENTRE * side, hair - HEADROOM * side)
    y = max(y, float(high[1]) + 0.08 * side - side)  # the chin stays in the frame, however tall the hat
    x = float(middle[0]) - side / 2
    # What lacks in height is added as background on top: below there would be a sitter to invent.
    lacking_left = 0.5 if left == right else float(right)
    x, y = _inside(x, side, width, lacking_left), _inside(y, side, height, 1.0)
    return Framing(x, y, side, size, _oversample(size))


def _cut_off(matte: Floats, low: Floats, high: Floats) -> tuple[bool, bool, bool]:
    """Whether the head, with a face from `low` to `high`, goes on beyond the picture's top, left and right.

    There the frame ends with the picture, however far away the caller wants the head: what lies beyond
    would be a head to invent.
    """
    first, last = (np.clip(edge, 0, np.asarray(matte.shape[::-1]) - 1).astype(int) for edge in (low, high))
    rows, columns = slice(first[1], last[1] + 1), slice(first[0], last[0] + 1)
    lines = (matte[0, columns], matte[rows, 0], matte[rows, -1])
    top, left, right = (bool((line > 0.5).mean() > CUT_OFF) for line in lines)
    return top, left, right


def _oversample(size: int) -> int:
    return 2 if size * 2 <= SHARPEST else 1


def _cropped(crop: Crop, low: Floats, high: Floats, matte: Floats, distance: float, size: int) -> Framing:
    """The caller's square, if the face from `low` to `high` fits it with `ROOM` and is not lost in it, and
    if it does not go on where the picture cuts the sitter off."""
    height, width = matte.shape
    shorter = min(width, height)
    _not_over_cuts(crop, matte)
    side = crop.side * shorter * distance
    x, y = crop.x * width - side / 2, crop.y * height - side / 2
    y = min(y, max(height - side, y - (side - side / distance) / 2))  # a smaller sitter still ends below
    tall, corner = float(high[1] - low[1]), np.asarray([x, y])
    room = ROOM * tall
    if min((low - room - corner).min(), (corner + side - high - room).min()) < 0:
        middle = (low + high) / 2 / np.asarray([width, height])
        needed = (float((high - low).max()) + 2 * room) / (shorter * distance)
        raise ControlOutOfRange(
            f"the face does not fit this framing with {ROOM:.0%} of its height around it for motion: centre "
            f"it near {middle[0]:.2f},{middle[1]:.2f} with a side of at least {needed:.2f}",
            control="framing", room=ROOM,
        )  # fmt: skip
    if tall < LEAST_FACE_SHARE * side:
        most = tall / (LEAST_FACE_SHARE * shorter * distance)
        raise ControlOutOfRange(
            f"the face has less than {LEAST_FACE_SHARE:.0%} of this framing's height: "
            f"use a side of at most {most:.2f}",
            control="framing", least=LEAST_FACE_SHARE,
        )  # fmt: skip
    return Framing(x, y, side, size, _oversample(size))


def _not_over_cuts(crop: Crop, matte: Floats) -> None:
    """Beyond an edge that cuts the sitter off there is only a sitter to invent."""
    height, width = matte.shape
    half = crop.side * min(width, height) / 2
    x, y = crop.x * width, crop.y * height
    rows = slice(int(max(y - half, 0)), int(min(y + half, height)) + 1)
    columns = slice(int(max(x - half, 0)), int(min(x + half, width)) + 1)
    over = {
        "bottom": (y + half - height, matte[-1, columns]),
        "left": (half - x, matte[rows, 0]),
        "right": (x + half - width, matte[rows, -1]),
    }
    for edge, (beyond, line) in over.items():
        if beyond > OVERHANG * 2 * half and (line > 0.5).mean() > OVERHANG:
            raise ControlOutOfRange(
                f"this framing goes beyond the picture's {edge}, where the sitter is cut off: "
                "keep it inside the picture there",
                control="framing", edge=edge,
            )  # fmt: skip


def _within_picture(low: Floats, high: Floats, width: int, height: int) -> None:
    extent = high - low
    missing = np.maximum(-low, 0) + np.maximum(high - np.asarray([width, height]), 0)
    if (missing > MOST_CUT_OFF * extent).any():
        raise PortraitUnusable(
            f"more than {MOST_CUT_OFF:.0%} of the face lies outside the picture: use one with all of it",
            why="cut_off",
            limit=MOST_CUT_OFF,
        )


def _inside(start: float, side: float, length: int, missing_before: float) -> float:
    """Moved into the picture; where that is too small, `missing_before` of what lacks is added first."""
    if side >= length:
        return (length - side) * missing_before
    return float(np.clip(start, 0, length - side))


def _top_of_head(matte: Floats, x: float, tall: float) -> float:
    """First row in which a fifth of a face's width is sitter, over the middle of the face."""
    left, right = (int(np.clip(x + s * 0.4 * tall, 0, matte.shape[1])) for s in (-1, 1))
    share = (matte[:, left:right] > 0.5).mean(axis=1) if right > left else np.zeros(matte.shape[0])
    rows = np.flatnonzero(share > 0.2)
    return float(rows[0]) if rows.size else 0.0


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
