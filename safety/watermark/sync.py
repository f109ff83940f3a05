"""Where the tile lies in a picture: scale, stretch, rotation, mirror and place, found from the pilot waves.

A transform is a 2x2 matrix B (tiles per pixel) and a shift s (tiles): the pixel at q from the centre shows
the place B q + s of the tile. Under it the pilot f stands in the picture's spectrum at B^T f. Each
candidate matrix is tried by looking its pilots up in one padded FFT; the correlation with the known pilots,
as a function of the shift, is one small inverse FFT (the template idea of Pereira and Pun, IEEE Trans.
Image Processing 9, 2000).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from safety.watermark.pattern import HIGH, LOW, TILES, Complex, Pattern

GRID = 96  # shifts tried per tile and axis
BATCH = 256
BANDS = 4  # rings in which pilots are weighed by their noise
CUBIC = 4  # places an interpolated value is made from, per axis
ASKEW_STEP = 0.025  # a 40th of a picture; what lies between is found by refining
FINEST = 2e-4  # relative stretch at which refining ends: a 50th of a cycle at the border
FINE_SHIFT = 1 / (4 * GRID)

Matrices = NDArray[np.float64]


@dataclass(frozen=True)
class Geometry:
    """A transform and how clearly the pilots say so: `score` is in standard deviations of chance."""

    matrix: Matrices
    shift: tuple[float, float]
    score: float

    def describe(self, base: float) -> dict[str, float | bool]:
        """Scale (`base`: tiles per pixel of a whole frame), rotation in degrees, mirror."""
        scale_x, scale_y = np.hypot(*self.matrix.T) / base
        mirrored = bool(np.linalg.det(self.matrix) < 0)
        across = self.matrix[:, 0] * (-1 if mirrored else 1)
        return {
            "scale_x": round(1 / float(scale_x), 4),
            "scale_y": round(1 / float(scale_y), 4),
            "rotation": round(float(np.degrees(np.arctan2(across[1], across[0]))), 2),
            "mirrored": mirrored,
        }


def likely(width: int, height: int) -> Matrices:
    """The matrices (N, 2, 2) of frames that were scaled, stretched from a square or mirrored, but not cut."""
    base = TILES / min(width, height)
    shapes = [(base, base)]
    if width != height:
        shapes += [(TILES / width, TILES / height), (TILES / max(width, height),) * 2]
    return np.array([np.diag([side * x, y]) for x, y in shapes for side in (1, -1)])


def full(width: int, height: int) -> Matrices:
    """The matrices (N, 2, 2) of the whole search: crops to 0.4, shrinking to 0.4, +-7 degrees, mirror."""
    base = TILES / min(width, height)
    found = []
    for scale in np.exp(np.arange(np.log(0.38), np.log(2.6), 0.015)):
        for turn in np.radians(np.arange(-7, 7.1, 0.875)):
            cos, sin = np.cos(turn) * scale * base, np.sin(turn) * scale * base
            found += [[[cos, -sin], [sin, cos]], [[-cos, sin], [sin, cos]]]
    return np.array(found)


def askew(width: int, height: int) -> Matrices:
    """The matrices (N, 2, 2) of frames seen from a little aside, as a camera sees a screen, in about their
    own size: turned, stretched and sheared by up to 0.075 (turned: radians; sheared: 0.05)."""
    base = TILES / min(width, height)
    scales = np.exp(np.arange(np.log(0.8), np.log(1.26), ASKEW_STEP))
    wide, narrow = np.arange(-3, 4) * ASKEW_STEP, np.arange(-2, 3) * ASKEW_STEP
    scale, turn, stretch, shear = np.meshgrid(scales * base, wide, wide, narrow, indexing="ij")
    rows = [[1 + stretch / 2, shear / 2 - turn], [shear / 2 + turn, 1 - stretch / 2]]
    matrices: Matrices = np.moveaxis(np.array(rows) * scale, (0, 1), (-2, -1)).reshape(-1, 2, 2)
    return matrices


class Seeker:
    """Seeks one key's pilots in one picture (h, w) that was flattened to even energy."""

    def __init__(self, picture: NDArray[np.float32], pattern: Pattern) -> None:
        height, width = picture.shape
        self._size = 2 * max(height, width)
        centred = np.zeros((self._size, self._size), np.float32)
        centred[:height, :width] = picture
        centred = np.roll(centred, (-(height // 2), -(width // 2)), (0, 1))
        self._spectrum = torch.fft.fft2(torch.from_numpy(centred))
        self._waves = torch.from_numpy(pattern.pilots.f.astype(np.float64))
        self._symbols = torch.from_numpy(pattern.pilot_symbols.astype(np.complex64)).conj()
        radius = np.hypot(*pattern.pilots.f.T)
        band = np.clip((radius - LOW) / (HIGH - LOW) * BANDS, 0, BANDS - 1).astype(int)
        self._bands = torch.nn.functional.one_hot(torch.from_numpy(band), BANDS).float()

    def best(self, matrices: Matrices, keep: int = 1) -> list[Geometry]:
        """The best transforms, by score, over all shifts."""
        found: list[Geometry] = []
        for start in range(0, len(matrices), BATCH):
            part = matrices[start : start + BATCH]
            scores, shifts = self._surface(self._pilots(part))
            top = torch.topk(scores, min(keep, len(part))).indices
            found += [
                Geometry(part[i], (float(shifts[i, 0]), float(shifts[i, 1])), float(scores[i])) for i in top
            ]
        return sorted(found, key=lambda each: -each.score)[:keep]

    def refine(self, start: Geometry, step: float) -> Geometry:
        """Climb from `start`: stretch and shear by shrinking steps, the shift along with them."""
        best = self.settle(start)
        while step > FINEST:
            tried = self._nearby(np.array(list(_neighbours(best.matrix, step))), best, FINE_SHIFT)
            if tried.score > best.score * 1.0005:
                best = tried
            else:
                step /= 2
        return self.settle(best)

    def settle(self, found: Geometry) -> Geometry:
        """The same matrix with the shift found to a small part of a grid step."""
        for step in (1 / (2 * GRID), 1 / (4 * GRID), 1 / (8 * GRID), 1 / (16 * GRID)):
            found = self._nearby(found.matrix[None], found, step)
        return found

    def _nearby(self, matrices: Matrices, near: Geometry, step: float) -> Geometry:
        """The best of matrices (N, 2, 2) with shifts at most one `step` from that of `near`."""
        pilots = self._pilots(matrices)
        around = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]) * step + np.array(near.shift)
        turns = torch.exp(-2j * torch.pi * (self._waves @ torch.from_numpy(around).T)).to(torch.complex64)
        norm = pilots.abs().square().sum(1, keepdim=True).div(2).sqrt().clamp(min=1e-9)
        scores = (pilots @ turns).real.abs() / norm
        which, place = divmod(int(scores.argmax()), len(around))
        shift = (float(around[place, 0]), float(around[place, 1]))
        return Geometry(matrices[which], shift, float(scores[which, place]))

    def _pilots(self, matrices: Matrices) -> Tensor:
        """Pilot readings (N, P), each turned back by its symbol and evened out by band."""
        places = torch.einsum("pi,nij->npj", self._waves, torch.from_numpy(matrices)) * self._size
        readings = self._look_up(places[..., 0], places[..., 1])
        power = (readings.abs().square() @ self._bands) / self._bands.sum(0)
        noise = (power.clamp(min=1e-12) @ self._bands.T).sqrt()
        return readings / (readings.abs() + noise) * self._symbols

    def _look_up(self, x: Tensor, y: Tensor) -> Tensor:
        """The spectrum at fractional places by Catmull-Rom interpolation; zero beyond Nyquist."""
        inside = (x.abs() < self._size / 2) & (y.abs() < self._size / 2)
        x0, y0 = x.floor(), y.floor()
        wx, wy = _catmull_rom(x - x0), _catmull_rom(y - y0)
        total = torch.zeros(x.shape, dtype=torch.complex64)
        for i in range(CUBIC):
            row = (y0 + (i - 1)).long() % self._size
            for j in range(CUBIC):
                column = (x0 + (j - 1)).long() % self._size
                total += self._spectrum[row, column] * (wy[i] * wx[j])
        within: Tensor = total * inside
        return within

    def _surface(self, pilots: Tensor) -> tuple[Tensor, Tensor]:
        """Best score and shift (N, 2) of each row of pilot readings."""
        grid = torch.zeros((len(pilots), GRID, GRID), dtype=torch.complex64)
        waves = self._waves.long() % GRID
        grid[:, waves[:, 1], waves[:, 0]] = pilots
        surface = torch.fft.fft2(grid).real.abs().flatten(1)
        peak, place = surface.max(1)
        norm = pilots.abs().square().sum(1).div(2).sqrt().clamp(min=1e-9)
        return peak / norm, torch.stack([place % GRID, place // GRID], 1) / GRID


def _neighbours(matrix: Matrices, step: float) -> Iterable[Matrices]:
    yield matrix
    for change in ((1, 0, 0, 1), (1, 0, 0, -1), (0, 1, -1, 0), (0, 1, 1, 0)):
        for sign in (1, -1):
            yield matrix @ (np.eye(2) + sign * step * np.reshape(change, (2, 2)))


def _catmull_rom(t: Tensor) -> Tensor:
    """Weights (4, ...) of the places -1, 0, 1, 2."""
    return torch.stack(
        [
            -0.5 * t + t**2 - 0.5 * t**3,
            1 - 2.5 * t**2 + 1.5 * t**3,
            0.5 * t + 2 * t**2 - 1.5 * t**3,
            -0.5 * t**2 + 0.5 * t**3,
        ]
    ).float()


def fold(waves: NDArray[np.int64], geometry: Geometry) -> Complex:
    """Unit turns (N,) that undo the shift for waves f given as (N, 2)."""
    turns: Complex = np.exp(-2j * np.pi * (waves @ np.array(geometry.shift)))
    return turns
