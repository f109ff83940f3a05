"""Rectangles of the canvas that are rendered apart: the mouth and the eyes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.framing import Framing

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Patch:
    """Canvas pixels left <= x < right, top <= y < bottom."""

    left: int
    top: int
    right: int
    bottom: int
    framing: Framing

    def of(self, canvas: Floats) -> Floats:
        """This part of a (N, N, ...) canvas."""
        return canvas[self.top : self.bottom, self.left : self.right]

    def points(self) -> Floats:
        """(h, w, 2) frame pixels of its pixels' centres."""
        first = self.framing.phase - self.framing.border
        x = (np.arange(self.left, self.right) + 0.5) / self.framing.oversample + first
        y = (np.arange(self.top, self.bottom) + 0.5) / self.framing.oversample + first
        return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)

    def pixels(self, points: Floats) -> Floats:
        """(..., 2) frame pixels -> indices into the patch, 0 at the centre of its first pixel."""
        corner = np.asarray([self.left, self.top]) + 0.5
        origin = self.framing.border - self.framing.phase
        return ((points + origin) * self.framing.oversample - corner).astype(np.float32)


def patch_around(centre: Floats, reach: tuple[float, float, float], unit: float, framing: Framing) -> Patch:
    """The patch about `centre` (frame pixels) that reaches so many units to the sides, up and down."""
    side, up, down = (r * unit for r in reach)

    def pixel(value: float) -> int:
        return int(np.clip(round((value + framing.border) * framing.oversample), 0, framing.canvas))

    x, y = float(centre[0]), float(centre[1])
    return Patch(pixel(x - side), pixel(y - up), pixel(x + side), pixel(y + down), framing)
