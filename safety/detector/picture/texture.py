"""Does fine texture move with what it is on, and does a background behave as one that is filmed?

*Sticking.* Generators with fixed grids of noise or coordinates leave fine texture at places of the picture,
while the face moves under it (Karras et al. 2021, "Alias-free generative adversarial networks", section 1).

*Still background.* A frame that is pasted around a rendered face is the same in every frame; a filmed one has
light that wavers, a camera that breathes, and noise.
"""

from array import array

import numpy as np
from numpy.typing import NDArray

from perception.face import Face
from safety.detector.picture.cue import Bounds, PictureCue, known, middle
from safety.detector.picture.pairs import LEAST_GRAIN, Pairs
from safety.detector.report import Finding
from safety.detector.view import Box, View

STUCK = Bounds(
    None, 0.25, 0.25, "measured: at most 0.1 in faces through a simulated camera, H.264 CRF 18 to 33"
)
STILL = Bounds(
    None, 0.97, 0.06,
    "measured: 0 to 0.86 through a simulated camera, H.264 CRF 12 to 23; bent stills 0.93 to 1, and so is "
    "a quiet camera on a tripod: the sign stays at half",
)  # fmt: skip
LEAST_MOVED, LEAST_MOVES = 3.0, 4  # pixels; pairs
LEAST_BLOCKS, LEAST_BACKGROUND = 12, 4.0  # blocks; seconds
LEAST_CONTRAST = 1.5
"""Levels within a block: a flat wall, or white added later, is still in any film."""
_BLOCK = 4  # of the picture's every fourth pixel: 16 pixels
_HEAD = 0.6  # of the face's width and height around it that belongs to the person
_SAME = 0.35
"""Levels that the mean of a block's sixteen pixels may waver: rounding and codec. Of noise of one level a
sensor leaves 0.25 there, of light that wavers by 1 % a grey 1."""
_EVERY_SECONDS = 0.24


class Sticking(PictureCue):
    """Fine texture of the skin at fixed places of the picture."""

    group = "texture"
    every = 1

    def __init__(self, pairs: Pairs) -> None:
        super().__init__()
        self._pairs = pairs
        self._stuck = array("f")

    def look(self, view: View) -> None:
        _, wide = self._pairs.of(view)
        if wide is not None and wide.moved >= LEAST_MOVED:
            self._stuck.append(wide.stuck)

    def judge(self) -> tuple[list[Finding], list[str]]:
        if len(self._stuck) < LEAST_MOVES:
            return [], ["The face moves too little, or is too small, to tell whether texture sticks."]
        if middle(self._pairs.grain) < LEAST_GRAIN:
            return [], ["Compression left too little fine texture to tell whether it sticks to places."]
        stuck = middle(self._stuck)
        return [
            self.finding(
                "texture_sticking", stuck, "correlation", STUCK,
                f"where the face has moved on, the fine texture left behind is alike by {stuck:.2f}",
            )
        ], []  # fmt: skip


class Background(PictureCue):
    """How much of what is beside the person never changes while the person talks.

    That it wavers is told always; that it stands still only where compression would not have stilled it.
    """

    group = "texture"
    every = 1

    def __init__(self, pairs: Pairs) -> None:
        super().__init__()
        self._pairs = pairs
        self.restart()

    def restart(self) -> None:
        self._sum: NDArray[np.float64] | None = None
        self._squares: NDArray[np.float64] | None = None
        self._inner: NDArray[np.float64] | None = None
        self._person: NDArray[np.bool_] | None = None
        self._frames, self._next, self._from, self._span = 0, -np.inf, 0.0, 0.0

    def look(self, view: View) -> None:
        if view.face is None or view.at < self._next:
            return
        self._from = view.at if self._frames == 0 else self._from
        self._span = view.at - self._from
        self._next = view.at + _EVERY_SECONDS - 1e-6
        means, inner = _blocks(view.small)
        if self._sum is None or self._squares is None or self._inner is None or self._person is None:
            self._sum, self._squares = np.zeros_like(means), np.zeros_like(means)
            self._inner, self._person = np.zeros_like(means), np.zeros(means.shape, bool)
        self._sum += means
        self._squares += means**2
        self._inner += inner
        self._person |= _person(view.face, means.shape)
        self._frames += 1

    def judge(self) -> tuple[list[Finding], list[str]]:
        wavers, blocks = self.wavering()
        if blocks < LEAST_BLOCKS or self._span < LEAST_BACKGROUND:
            return [], ["Too little is to be seen beside the person to judge whether it stands still."]
        still = float((wavers < _SAME).mean())
        if still > (STILL.high or 0.0) and not self._pairs.clear:
            return [], ["The background stands still, as compression this strong makes of any steady one."]
        return [
            self.finding(
                "background_still", still, "share of the background", STILL,
                f"{still:.0%} of the background stands still to a part of a grey level", self._beside(),
            )
        ], []  # fmt: skip

    def wavering(self) -> tuple[NDArray[np.float64], int]:
        """Deviation in time of each structured block beside the person, in levels; how many there are."""
        if self._sum is None or self._squares is None or self._inner is None or self._person is None:
            return np.zeros(0), 0
        usable = ~self._person & (self._inner / self._frames >= LEAST_CONTRAST)
        mean = self._sum / self._frames
        spread = np.sqrt(np.maximum(self._squares / self._frames - mean**2, 0.0))
        return known(spread[usable]), int(usable.sum())

    def _beside(self) -> Box:
        """From the picture's upper edge to the chin."""
        return (0.0, 0.0, 1.0, self.box()[3])


def _blocks(small: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation within each block of `_BLOCK` x `_BLOCK`, (h, w) each."""
    height, width = (side // _BLOCK * _BLOCK for side in small.shape)
    cut = small[:height, :width].astype(np.float64)
    parts = cut.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    return parts.mean(axis=(1, 3)), parts.std(axis=(1, 3))


def _person(face: Face, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Blocks of the head with hair and of everything below the chin."""
    x0, y0, x1, y1 = face.box
    scale = 4 * _BLOCK
    row = (np.arange(shape[0])[:, None] + 0.5) * scale
    column = (np.arange(shape[1])[None] + 0.5) * scale
    wide, high = _HEAD * (x1 - x0), _HEAD * (y1 - y0)
    head = (column > x0 - wide) & (column < x1 + wide) & (row > y0 - high)
    return np.asarray(head | (row > y1 - 0.3 * (y1 - y0)))
