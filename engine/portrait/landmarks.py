"""Which points of the 468-point mesh belong to what, beyond `perception.mesh`; and the head's own axes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.mesh import LEFT_EYE_CORNERS, LIPS_INNER, LIPS_OUTER, RIGHT_EYE_CORNERS
from perception.pose import INDICES, SHAPE, rigid_rotation

Floats = NDArray[np.floating[Any]]

# Rings start at the sitter's right corner (image left) and end at the left corner, both corners included.
LOWER_OUTER = LIPS_OUTER[:11]
UPPER_OUTER = (LIPS_OUTER[0], *reversed(LIPS_OUTER[10:]))
LOWER_INNER = LIPS_INNER[:11]
UPPER_INNER = (LIPS_INNER[0], *reversed(LIPS_INNER[10:]))
# The rings between the outer and inner contour (MediaPipe, lips of the canonical face model).
LOWER_MIDDLE = (
    (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
    (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),
)
UPPER_MIDDLE = (
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
)
MOUTH_CORNERS = (61, 291)
LOWER_LIP = tuple(i for ring in (LOWER_OUTER, *LOWER_MIDDLE, LOWER_INNER) for i in ring[1:-1])
UPPER_LIP = tuple(i for ring in (UPPER_OUTER, *UPPER_MIDDLE, UPPER_INNER) for i in ring[1:-1])
CORNER_POINTS = (61, 76, 62, 78, 291, 306, 292, 308)


@dataclass(frozen=True)
class HeadAxes:
    """The head's own coordinates: origin between the eyes, unit = distance between the eyes.

    Attributes:
        origin: (3,) in the unit of the mesh.
        axes: (3, 3) rows x (to the sitter's left), y (to the chin), z (to the back of the head).
        unit: length of one unit.
    """

    origin: Floats
    axes: Floats
    unit: float

    def into(self, points: Floats) -> Floats:
        """(..., 3) points of the picture in head coordinates."""
        return ((points - self.origin) @ self.axes.T / self.unit).astype(np.float32)

    def out(self, points: Floats) -> Floats:
        """(..., 3) head coordinates in the picture."""
        return (points @ self.axes * self.unit + self.origin).astype(np.float32)

    def turn(self, vectors: Floats) -> Floats:
        """(..., 3) directions in head units as displacements in the picture."""
        return (vectors @ self.axes * self.unit).astype(np.float32)

    def plane(self, xy: Floats, depth: float = 0.0) -> Floats:
        """(..., 2) points of the picture, in the head's plane z = `depth` -> (..., 2) head x, y."""
        offset = (xy - self.origin[:2] - depth * self.unit * self.axes[2, :2]) / self.unit
        return (offset @ np.linalg.inv(self.axes[:2, :2])).astype(np.float32)

    def flat(self, xy: Floats, depth: float = 0.0) -> Floats:
        """The inverse of `plane`: (..., 2) head x, y -> (..., 2) in the picture."""
        offset = self.origin[:2] + depth * self.unit * self.axes[2, :2]
        return (xy @ self.axes[:2, :2] * self.unit + offset).astype(np.float32)


def head_axes(mesh: Floats) -> HeadAxes:
    """The axes of the head whose mesh this is, (468, 3)."""
    rotation = rigid_rotation(SHAPE[:, 1:], mesh[INDICES].astype(np.float64))
    right = mesh[list(RIGHT_EYE_CORNERS)].mean(axis=0)
    left = mesh[list(LEFT_EYE_CORNERS)].mean(axis=0)
    return HeadAxes(
        origin=((right + left) / 2).astype(np.float32),
        axes=rotation.T.astype(np.float32),
        unit=float(np.linalg.norm(left - right)),
    )
