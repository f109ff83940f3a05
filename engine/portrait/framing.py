"""Which square of the picture the frame shows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ControlOutOfRange, PortraitUnusable
from engine.state import Crop
from perception.face import Face

Floats = NDArray[np.floating[Any]]

# Height of the mesh (forehead to chin) over the height of the frame: between a passport photograph (ICAO
# 9303-9: face 70-80 %, too tight for a head that moves) and a news presenter (about 35 %).
FACE_SHARE = 0.42
LARGEST_FACE_SHARE = 0.6  # rather a tight frame than one that leaves the picture
FACE_CENTRE = 0.45  # height of the mesh's middle in the frame, from the top
HEADROOM = 0.05  # least space over the hair, where the picture has it
MARGIN = 0.125  # of the frame's side, kept around the frame for motion that pulls it in
SHARPEST = 1280  # pixels across the canvas without margin, about twice a 512 pixel frame
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
    x, y, side = _square(crop, matte, distance)
    tall = float(high[1] - low[1])
    first, last = low - ROOM * tall, high + ROOM * tall
    if _cut_off(matte, low, high)[0]:
        first[1] = max(first[1], 0.0)  # there is no more room to ask for
    corner = np.asarray([x, y])
    if min((first - corner).min(), (corner + side - last).min()) < 0:
        raise _no_room(first, last, matte, distance)
    if tall < LEAST_FACE_SHARE * side:
        most = tall / (LEAST_FACE_SHARE * min(matte.shape) * distance)
        raise ControlOutOfRange(
            f"the face has less than {LEAST_FACE_SHARE:.0%} of this framing's height: "
            f"use a side of at most {most:.2f}",
            control="framing", least=LEAST_FACE_SHARE,
        )  # fmt: skip
    return Framing(x, y, side, size, _oversample(size))


def _square(crop: Crop, matte: Floats, distance: float) -> tuple[float, float, float]:
    """x, y and side of the caller's square, `distance` times larger, in pixels of the picture."""
    height, width = matte.shape
    near = crop.side * min(width, height)
    for edge, over in _over_cuts(crop.x * width - near / 2, crop.y * height - near / 2, near, matte).items():
        if over:
            raise _goes_beyond(edge, "keep it inside the picture there")
    side = near * distance
    x, y = crop.x * width - side / 2, crop.y * height - side / 2
    y = min(y, max(height - side, y - (side - near) / 2))  # a smaller sitter still ends below
    if _over_cuts(x, y, side, matte)["top"]:
        y = 0.0  # a head that is cut off on top still starts there
        if side > height:
            most = height / (min(width, height) * distance)
            raise _goes_beyond("top", f"use a side of at most {most:.2f} at this distance")
    return x, y, side


def _no_room(first: Floats, last: Floats, matte: Floats, distance: float) -> ControlOutOfRange:
    """Names a square around what must lie in it, from `first` to `last`."""
    side, middle = float((last - first).max()), (first + last) / 2
    if first[1] == 0:
        middle[1] = max(middle[1], side / 2)
    x, y = middle / matte.shape[::-1]
    return ControlOutOfRange(
        f"the face does not fit this framing with {ROOM:.0%} of its height around it for motion: centre "
        f"it near {x:.2f},{y:.2f} with a side of at least {side / (min(matte.shape) * distance):.2f}",
        control="framing", room=ROOM,
    )  # fmt: skip


def _goes_beyond(edge: str, advice: str) -> ControlOutOfRange:
    """Beyond an edge that cuts the sitter off there is only a sitter to invent."""
    return ControlOutOfRange(
        f"this framing goes beyond the picture's {edge}, where the sitter is cut off: {advice}",
        control="framing", edge=edge,
    )  # fmt: skip


def _over_cuts(x: float, y: float, side: float, matte: Floats) -> dict[str, bool]:
    """Whether the square goes beyond each edge of the picture at which it shows the sitter cut off."""
    height, width = matte.shape
    rows = slice(int(max(y, 0)), int(min(y + side, height)) + 1)
    columns = slice(int(max(x, 0)), int(min(x + side, width)) + 1)
    edges = {
        "top": (-y, matte[0, columns]),
        "bottom": (y + side - height, matte[-1, columns]),
        "left": (-x, matte[rows, 0]),
        "right": (x + side - width, matte[rows, -1]),
    }
    return {
        edge: bool(beyond > OVERHANG * side and (line > 0.5).mean() > OVERHANG)
        for edge, (beyond, line) in edges.items()
    }


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
