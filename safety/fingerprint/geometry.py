"""Where a copy shows the released picture: a similarity, mirrored or not, with the sides' ratio free."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.fingerprint.grid import centres, corners

Box = tuple[float, float, float, float]
Array = NDArray[np.float64]

WINDOW = 0.7  # cells around the middle of one from which it takes most of what it shows
SLACK = 0.03  # of the released picture, by which a place beyond its edge is still taken for it
WITHIN = 0.04  # of the released picture: an edge nearer to its own is taken for the same

SPREAD = 2 / 27  # variance, in square cells of the copy, of the places at which one of its cells is read


@dataclass(frozen=True)
class Geometry:
    """A copy's picture against the released one.

    Attributes:
        mirrored: left and right are exchanged.
        rotation_degrees: how far the copy's picture is turned, clockwise positive.
        scale: size at which the copy shows things, as a share of its own height, over the released share:
            1.25 where a fifth was cut off each way, 0.56 where it is shown between bars.
        crop: left, top, right, bottom of what is left, in fractions of the released picture.
        shown: left, top, right, bottom of where it is in the copy, in fractions of the copy.
    """

    mirrored: bool = False
    rotation_degrees: float = 0.0
    scale: float = 1.0
    crop: Box = (0.0, 0.0, 1.0, 1.0)
    shown: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Mapping:
    """Takes a copy's places to the released clip's: x' = matrix x + shift, fractions of each picture."""

    matrix: Array  # (2, 2)
    shift: Array  # (2,)

    def __call__(self, points: Array) -> Array:
        """(..., 2) places in the copy to places in the released picture."""
        return np.asarray(points @ self.matrix.T + self.shift)

    def back(self, points: Array) -> Array:
        """(..., 2) places in the released picture to places in the copy."""
        return np.asarray((points - self.shift) @ np.linalg.inv(self.matrix).T)

    @property
    def scale(self) -> float:
        """Released cells to one of the copy's."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))

    def reading(self, cells: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """(cells**2, cells**2) that takes released cells to the copy's grid, and which of these it covers.

        Each of the copy's cells is read at nine places.
        """
        spread = np.array([-1 / 3, 0.0, 1 / 3]) / cells  # variance SPREAD
        around = np.stack(np.meshgrid(spread, spread), -1).reshape(-1, 2)
        index, weight, _ = corners(self(centres(cells)[:, None] + around), cells)
        matrix = np.zeros((cells * cells, cells * cells), np.float32)
        rows = np.repeat(np.arange(cells * cells), index[0].size)
        np.add.at(matrix, (rows, index.ravel()), (weight / len(around)).ravel())
        reach = np.stack(np.meshgrid(*2 * [np.array([-WINDOW, 0.0, WINDOW]) / cells]), -1).reshape(-1, 2)
        seen = self(np.clip(centres(cells)[:, None] + reach, 0.0, 1.0))
        return matrix, np.asarray(((seen > -SLACK) & (seen < 1 + SLACK)).all((1, 2)))

    def cut(self, cells: int) -> NDArray[np.bool_]:
        """(cells**2,) of the copy's cells: at an edge beyond which the released picture goes on.

        The half of its window that lies beyond is missing.
        """
        out = np.zeros(cells * cells, bool)
        places = centres(cells)
        for axis, edge in ((0, 0.0), (0, 1.0), (1, 0.0), (1, 1.0)):
            at_edge = np.abs(places[:, axis] - edge) < 0.75 / cells
            beyond = places[at_edge].copy()
            beyond[:, axis] = edge
            where = self(beyond)
            out[at_edge] |= ((where > WITHIN) & (where < 1 - WITHIN)).all(1)
        return out


def similarity(
    mirrored: bool,
    scale: float,
    turn: float,
    middle: Array,
    aspects: tuple[float, float],
    stretch: float = 1.0,
) -> Mapping:
    """A mapping whose copy's middle lies at `middle` of the released picture.

    Args:
        scale: released heights to one of the copy.
        turn: radians.
        aspects: width / height of the released picture and of the copy's.
        stretch: how much wider the released things are than the copy's.
    """
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    metric = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-stretch if mirrored else stretch, 1.0])
    matrix = np.diag([1 / aspects[0], 1.0]) @ metric @ np.diag([aspects[1], 1.0])
    return Mapping(matrix, np.asarray(middle - matrix @ np.array([0.5, 0.5])))


def described(mapping: Mapping, aspects: tuple[float, float]) -> Geometry:
    """A mapping in words that people read; small amounts are none."""
    metric = np.diag([aspects[0], 1.0]) @ mapping.matrix @ np.diag([1 / aspects[1], 1.0])
    mirrored = bool(np.linalg.det(metric) < 0)
    if mirrored:
        metric = metric @ np.diag([-1.0, 1.0])
    turn = float(np.degrees(np.arctan2(metric[1, 0] - metric[0, 1], metric[0, 0] + metric[1, 1])))
    size = 1.0 / np.sqrt(abs(float(np.linalg.det(metric))))
    edges = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
    return Geometry(
        mirrored=mirrored,
        rotation_degrees=round(-turn, 1) if abs(turn) >= 1.0 else 0.0,
        scale=round(float(size), 2),
        crop=_box(mapping(edges)),
        shown=_box(mapping.back(edges)),
    )


def _box(points: Array) -> Box:
    """The upright box around points, within the picture."""
    low, high = np.clip(points.min(0), 0.0, 1.0), np.clip(points.max(0), 0.0, 1.0)
    return (
        round(float(low[0]), 2), round(float(low[1]), 2), round(float(high[0]), 2), round(float(high[1]), 2)
    )  # fmt: skip
