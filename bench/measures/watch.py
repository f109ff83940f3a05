"""Frames through the face mesh and the iris network: the numbers that every other measure starts from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perception.face import Face, FaceFinder
from perception.litert import Network
from perception.mesh import IRIS_REGION, IRIS_SIZE, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, FaceMesh, tilt
from perception.models import model_path
from perception.pose import INDICES
from perception.warp import Pyramid, affine_view, view_matrix

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

# MediaPipe iris_landmark: 71 points of eye and brow, of which 0 and 8 are the corners, 1 to 7 the lower lid
# and 9 to 15 the upper, both from corner 0's side.
CORNERS = (0, 8)
LIDS = ((3, 11), (4, 12), (5, 13))

# The square that the mesh network gets, 1.5 times the face (MediaPipe), from the root mean square distance of
# the rigid points from their middle, and how far below that middle it lies; and the shifts and zooms of it.
RIGID_TO_FACE, DOWN = 4.95, 0.08
LOOKS = ((-0.004, -0.004, 1.0), (0.004, -0.002, 1.012), (-0.002, 0.004, 0.988), (0.003, 0.003, 1.0))


@dataclass(frozen=True)
class Watched:
    """One row per frame; NaN where no face was found.

    Attributes:
        mesh: (T, 468, 3) pixels.
        lids: (T, 2) right, left: gap between the lids over the width of the eye.
        iris: (T, 2, 2) right, left: how far the iris is to image right and down of the middle of the mesh's
            eye corners, along their line, in eye widths.
        lost: frames without a face.
    """

    mesh: Floats
    lids: Floats
    iris: Floats

    @property
    def lost(self) -> int:
        return int(np.isnan(self.mesh[:, 0, 0]).sum())


class Watcher:
    """Follows the one face of a clip.

    `FaceFinder.track` says where the face is. Its mesh wavers by a pixel of its input with the square that
    is cut out, which follows the chin; so it is read again, mean of `LOOKS`, in squares that follow the rigid
    part.
    """

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._mesh = FaceMesh()
        self._eye = Network(model_path("iris_landmark"), low=0)

    def still(self, pixels: Pixels, face: Face) -> Face:
        """The face of one picture, read again as those of frames are."""
        return replace(face, mesh=self._steady(Pyramid(pixels), face.mesh))

    def __call__(
        self, frames: Iterable[Pixels], look: Callable[[int, Pixels, Face], None] | None = None
    ) -> Watched:
        """Measure every frame; `look` gets those that show a face, as they pass."""
        meshes, lids, irises = [], [], []
        face: Face | None = None
        for index, frame in enumerate(frames):
            face = self._next(frame, face)
            if face is None:
                meshes.append(np.full((468, 3), np.nan))
                lids.append(np.full(2, np.nan))
                irises.append(np.full((2, 2), np.nan))
                continue
            pyramid = Pyramid(frame)
            steady = self._steady(pyramid, face.mesh)
            seen = [self._eye_of(pyramid, steady, eye) for eye in (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS)]
            meshes.append(steady.astype(np.float64))
            lids.append(np.array([each[0] for each in seen]))
            irises.append(np.array([each[1:] for each in seen]))
            if look is not None:
                look(index, frame, replace(face, mesh=steady))
        return Watched(np.stack(meshes), np.stack(lids), np.stack(irises))

    def _next(self, frame: Pixels, before: Face | None) -> Face | None:
        face = None if before is None else self._finder.track(frame, before)
        if face is None:
            found = self._finder.find(frame)
            face = self._finder.track(frame, found[0]) if found else None
        return face

    def _steady(self, pyramid: Pyramid, mesh: NDArray[np.float32]) -> NDArray[np.float32]:
        """(468, 3) the mean of several looks."""
        rigid = mesh[INDICES, :2]
        x, y = rigid.mean(axis=0)
        side = RIGID_TO_FACE * float(np.sqrt(((rigid - (x, y)) ** 2).sum(axis=1).mean()))
        angle = tilt(mesh)
        down = DOWN * side
        x, y = x - np.sin(angle) * down, y + np.cos(angle) * down
        looks = [
            self._mesh(pyramid, (x + dx * side, y + dy * side, side * zoom, angle))[0]
            for dx, dy, zoom in LOOKS
        ]
        return np.asarray(np.mean(looks, axis=0, dtype=np.float32))

    def _eye_of(
        self, pyramid: Pyramid, mesh: NDArray[np.float32], corners: tuple[int, int]
    ) -> tuple[float, ...]:
        """Lid gap, iris to the right, iris down, in eye widths."""
        ends = mesh[list(corners), :2]
        middle = ends.mean(axis=0)
        side = IRIS_REGION * float(np.linalg.norm(ends[0] - ends[1]))
        place = (float(middle[0]), float(middle[1]), max(side, 1.0), tilt(mesh))
        view = affine_view(pyramid, view_matrix(place, IRIS_SIZE), IRIS_SIZE)
        mirrored = corners is RIGHT_EYE_CORNERS  # the network knows left eyes
        outputs = self._eye(view[:, ::-1] if mirrored else view)
        points = next(o for o in outputs if o.size == 213).reshape(71, 3)[:, :2]
        iris = next(o for o in outputs if o.size == 15).reshape(5, 3)[0, :2]
        across = float(np.linalg.norm(points[CORNERS[0]] - points[CORNERS[1]]))
        gap = float(np.mean([np.linalg.norm(points[a] - points[b]) for a, b in LIDS]))
        right, down = (iris - IRIS_SIZE / 2) * IRIS_REGION / IRIS_SIZE
        return gap / max(across, 1e-6), float(-right if mirrored else right), float(down)
