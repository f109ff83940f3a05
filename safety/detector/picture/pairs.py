"""Two frames of one face side by side: squares of skin and of the rest, aligned, and what they share.

Shared by the cues of texture and of noise, so that squares are cut and compared once.
"""

from array import array
from collections import deque
from dataclasses import dataclass

import numpy as np

from perception.face import Face
from safety.detector.picture.cue import middle
from safety.detector.picture.patches import (
    ANCHORS,
    Luma,
    affine_between,
    alike,
    deviation,
    fine,
    luma_at,
    near_points,
    side_of,
    unforeseen,
)
from safety.detector.view import Pixels, View

LEAST_PAIRS = 6
LEAST_GRAIN, LEAST_NEW = 0.55, 0.44
"""Levels of grain, and of grain that is new, from which on noise tells something. Measured on four faces, as
drawn and filmed by a simulated camera with little or much noise: H.264 at CRF 12 to 20 left 0.43 to 1.9 new
levels on faces with skin texture; CRF 28 and 33, half the size at CRF 23, or three quarters at CRF 20 of a
quiet camera 0.40 at most.
Below, what is new is the codec's own, and a background that stands still was stilled by it."""
EVERY = 6
"""Frames from one pair to the next."""
_APART = 0.4  # seconds between the two frames of a wide pair, at least
_WIDEST = 1.5  # and at most
_REST_SIDE = 24  # pixels of a square of the background
_REST_MARGIN = 0.35  # of the face's width and height that it keeps away from it
_SAME = 0.05  # levels: a frame with less that is new is the one before it, shown again and encoded


@dataclass(frozen=True)
class Near:
    """A frame and the next one.

    Attributes:
        skin, rest: deviation of what is new in the fine part of a square, in levels; median over squares of
            skin, and of the background beside the face. NaN where there is none.
        skin_share: share of the fine part's variance that is new, skin.
        grain: deviation of the fine part of skin itself, in levels.
    """

    skin: float
    skin_share: float
    grain: float
    rest: float


@dataclass(frozen=True)
class Wide:
    """Two frames about half a second apart between which the face moved.

    Attributes:
        stuck: correlation of the fine parts of skin at the same place of the picture.
        moved: pixels that the skin moved, median over squares.
    """

    stuck: float
    moved: float


class Pairs:
    """Makes pairs of the frames it sees. Keeps two frames' squares and one frame.

    Attributes:
        new, share, grain, rest: of `Near`, of each pair so far.
    """

    def __init__(self) -> None:
        self._count = 0
        self._before: tuple[View, Face] | None = None
        self._old: deque[tuple[float, Face, dict[str, tuple[int, int, Luma]]]] = deque(maxlen=2)
        self._last: tuple[int, Near | None, Wide | None] = (-1, None, None)
        self.new, self.share, self.grain, self.rest = array("f"), array("f"), array("f"), array("f")

    def forget(self) -> None:
        """Nothing of what was seen is compared with what comes."""
        self._before = None
        self._old.clear()

    def of(self, view: View) -> tuple[Near | None, Wide | None]:
        """What this frame gives together with those before it; the same for every cue that asks."""
        if self._last[0] != view.index:
            self._last = (view.index, *self._step(view))
        return self._last[1:]

    @property
    def enough(self) -> bool:
        """There are pairs to judge by."""
        return len(self.new) >= LEAST_PAIRS

    @property
    def clear(self) -> bool:
        """A camera's noise would have come through compression, on the face or beside it."""
        new = np.nanmax([middle(self.new), middle(self.rest), 0.0])
        return self.enough and middle(self.grain) >= LEAST_GRAIN and bool(new >= LEAST_NEW)

    def _step(self, view: View) -> tuple[Near | None, Wide | None]:
        if view.face is None:
            self.forget()
            return None, None
        turn = self._count % EVERY
        self._count += 1
        near = wide = None
        if turn == 0:
            self._before = (view, view.face)
            wide = self._wide(view, view.face)
        elif turn == 1 and self._before is not None:
            near = _near(*self._before, view, view.face)
            self._before = None
            if near is not None:
                self._keep(near)
        return near, wide

    def _keep(self, near: Near) -> None:
        self.new.append(near.skin)
        self.share.append(near.skin_share)
        self.grain.append(near.grain)
        self.rest.append(near.rest)

    def _wide(self, view: View, face: Face) -> Wide | None:
        wide = None
        for at, old, squares in self._old:
            if _APART <= view.at - at <= _WIDEST:
                wide = _stuck(old, squares, view.pixels, face)
                break
        self._old.append((view.at, face, _skin(view.pixels, face)))
        return wide


def _skin(pixels: Pixels, face: Face) -> dict[str, tuple[int, int, Luma]]:
    """Corner and luma of each square of skin that lies within the picture."""
    side = side_of(face)
    found = {}
    for name, point in ANCHORS.items():
        x, y = face.mesh[point, :2]
        top, left = round(float(y)) - side // 2, round(float(x)) - side // 2
        luma = luma_at(pixels, top, left, side) if side else None
        if luma is not None:
            found[name] = (top, left, luma)
    return found


def _near(before: View, old: Face, view: View, face: Face) -> Near | None:
    """None where the frame is the one before it, shown again, or the face is too small."""
    if before.pixels.shape != view.pixels.shape or not side_of(face):
        return None
    rows = []
    for name, (top, left, luma) in _skin(before.pixels, old).items():
        down, across = _moved(old, face, ANCHORS[name])
        after = luma_at(view.pixels, top + down, left + across, luma.shape[0])
        if after is not None:
            rows.append((*unforeseen(luma, after), deviation(fine(after))))
    if not rows:
        return None
    skin, share, grain = (middle(column) for column in zip(*rows, strict=True))
    if not skin >= _SAME:
        return None
    return Near(skin, share, grain, _rest(before.pixels, view.pixels, face))


def _moved(old: Face, face: Face, point: int) -> tuple[int, int]:
    """Whole pixels down and across that the skin around a point moved."""
    near = near_points(old.mesh, point)
    step = np.median(face.mesh[near, :2] - old.mesh[near, :2], axis=0)
    return round(float(step[1])), round(float(step[0]))


def _rest(before: Pixels, after: Pixels, face: Face) -> float:
    """What is new in squares beside the face; NaN where there is no room."""
    squares = [
        tuple(luma_at(pixels, top, left, _REST_SIDE) for pixels in (before, after))
        for top, left in _places(before.shape, face)
    ]
    return middle(
        unforeseen(one, other)[0] for one, other in squares if one is not None and other is not None
    )


def _places(shape: tuple[int, ...], face: Face) -> list[tuple[int, int]]:
    """Corners of up to four squares on either side of the face, no lower than its chin."""
    height, width = shape[:2]
    x0, _, x1, y1 = face.box
    wide = (x1 - x0) * _REST_MARGIN
    tops = (0.05 * max(y1, 0), 0.55 * max(y1, 0))
    lefts = ((x0 - wide) / 2 - _REST_SIDE / 2, (x1 + wide + width) / 2 - _REST_SIDE / 2)
    fits = (x0 - wide >= _REST_SIDE, width - x1 - wide >= _REST_SIDE)
    return [
        (int(top), int(left))
        for left, fit in zip(lefts, fits, strict=True)
        if fit
        for top in tops
        if top + _REST_SIDE <= height
    ]


def _stuck(old: Face, squares: dict[str, tuple[int, int, Luma]], pixels: Pixels, face: Face) -> Wide | None:
    """Does the grain of skin stay where it was in the picture, although the skin moved?"""
    rows = []
    for name, (top, left, luma) in squares.items():
        here = luma_at(pixels, top, left, luma.shape[0])
        if here is None:
            continue
        near = near_points(old.mesh, ANCHORS[name])
        move = affine_between(old.mesh[near, :2], face.mesh[near, :2])
        centre = np.array([left + luma.shape[0] / 2, top + luma.shape[0] / 2])
        moved = np.append(centre, 1.0) @ move - centre
        rows.append((alike(luma, here), float(np.hypot(*moved))))
    if not rows:
        return None
    stuck, moved = np.median(np.array(rows), axis=0)
    return Wide(float(stuck), float(moved))
