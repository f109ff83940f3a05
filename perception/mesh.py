"""The 468-point face mesh and the irises (Google, MediaPipe FaceMesh), and what its points are called.

Left and right are the sitter's own. Coordinates are pixels of the picture, x to image right, y down; z in the
same unit, away from the camera, zero near the head's centre.
"""

import math

import numpy as np
from numpy.typing import NDArray

from perception.litert import Network
from perception.models import model_path
from perception.warp import Pyramid, Region, affine_view, view_matrix

Floats = NDArray[np.float32]

MESH_SIZE = 192
IRIS_SIZE = 64
# MediaPipe face_landmark_front: the region is 1.5 times the square around the face; iris_landmark: 2.3 times
# the eye.
FACE_REGION = 1.5
IRIS_REGION = 2.3

RIGHT_EYE_CORNERS = (33, 133)  # outer, inner
LEFT_EYE_CORNERS = (263, 362)
NOSE_TIP = 4
NOSE_BASE = 2
FOREHEAD = 10
CHIN = 152
# Rings of indices, as in MediaPipe's face_mesh_connections; lips start at the right mouth corner and run
# along the lower lip, eyes start at the outer corner and run along the lower lid, brows run from the outer
# end.
LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
LIPS_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
RIGHT_BROW_LOWER = (46, 53, 52, 65, 55)
RIGHT_BROW_UPPER = (70, 63, 105, 66, 107)
LEFT_BROW_LOWER = (276, 283, 282, 295, 285)
LEFT_BROW_UPPER = (300, 293, 334, 296, 336)
# Clockwise in the picture from the middle of the forehead.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip


class FaceMesh:
    """Runs the mesh and iris networks; not for use by two threads at once."""

    def __init__(self) -> None:
        self._mesh = Network(model_path("face_landmark"), low=0)
        self._iris = Network(model_path("iris_landmark"), low=0)

    def __call__(self, pyramid: Pyramid, place: Region) -> tuple[Floats, float]:
        """The mesh of the face in the region `place`.

        Returns:
            (468, 3) points in pixels of the picture, and how surely this is a face, 0..1.
        """
        matrix = view_matrix(place, MESH_SIZE)
        view = affine_view(pyramid, matrix, MESH_SIZE)
        first, second = self._mesh(view)
        points, flag = (first, second) if first.size > 1 else (second, first)
        score = 1 / (1 + math.exp(-float(np.clip(flag.reshape(-1)[0], -80, 80))))
        return _place(points.reshape(468, 3), matrix), score

    def irises(self, pyramid: Pyramid, mesh: Floats) -> Floats:
        """(2, 5, 3): right and left iris; centre, then image right, top, left and bottom of its rim."""
        return np.stack([self._one_iris(pyramid, mesh, eye) for eye in (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS)])

    def _one_iris(self, pyramid: Pyramid, mesh: Floats, corners: tuple[int, int]) -> Floats:
        ends = mesh[list(corners)]
        angle = tilt(mesh)
        centre = ends[:, :2].mean(axis=0)
        side = IRIS_REGION * float(np.linalg.norm(ends[0, :2] - ends[1, :2]))
        matrix = view_matrix((float(centre[0]), float(centre[1]), max(side, 1.0), angle), IRIS_SIZE)
        view = affine_view(pyramid, matrix, IRIS_SIZE)
        mirrored = corners is RIGHT_EYE_CORNERS  # the network knows left eyes
        outputs = self._iris(view[:, ::-1] if mirrored else view)
        points = next(o for o in outputs if o.size == 15).reshape(5, 3).copy()
        if mirrored:
            points[:, 0] = IRIS_SIZE - points[:, 0]
            points = points[[0, 3, 2, 1, 4]]
        placed = _place(points, matrix)
        placed[:, 2] = ends[:, 2].mean()
        return placed


def region(mesh: Floats) -> Region:
    """Where the mesh network should look for this face again."""
    angle = tilt(mesh)
    c, s = math.cos(-angle), math.sin(-angle)
    upright = mesh[:, :2] @ np.asarray([[c, s], [-s, c]], np.float32)
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = (low + high) / 2
    c, s = math.cos(angle), math.sin(angle)
    side = FACE_REGION * float((high - low).max())
    return float(c * x - s * y), float(s * x + c * y), max(side, 1.0), angle


def tilt(mesh: Floats) -> float:
    """Angle in radians, clockwise, of the line through the outer eye corners."""
    dx, dy = mesh[LEFT_EYE_CORNERS[0], :2] - mesh[RIGHT_EYE_CORNERS[0], :2]
    return math.atan2(float(dy), float(dx))


def _place(points: Floats, matrix: NDArray[np.float64]) -> Floats:
    """View coordinates -> picture coordinates; z keeps the scale of x and y."""
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    flat = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([flat, points[:, 2:3] * scale], axis=1).astype(np.float32)
