"""Faces in a picture: where, how sure, their mesh and pose; and the rule that a portrait shows one."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from perception.detector import (
    FULL_SCORE,
    OVERLAP,
    SHORT_SCORE,
    Detection,
    full_range,
    look,
    merge,
    overlap,
    short_range,
    views,
)
from perception.errors import (
    FaceNotFound,
    FaceTooSmall,
    FaceTurnedAway,
    SeveralFaces,
)
from perception.matte import PersonMatte
from perception.mesh import FACE_REGION, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, FaceMesh, region
from perception.pose import head_pose
from perception.warp import Pyramid, checked_pixels

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

MESH_SCORE = 0.5  # MediaPipe FaceLandmarkFront: a face is present
CONFIRM_VIEW = 2.5  # times the face: what the short-range model is made for
IRIS_EYE_DISTANCE = 24.0  # pixels; below this an iris has less than 4


@dataclass(frozen=True, eq=False)
class Face:
    """One face.

    Attributes:
        box: x0, y0, x1, y1 around the mesh, pixels; may reach out of the picture.
        score: of the detector, 0..1.
        mesh: (468, 3) pixels: x to image right, y down, z away from the camera.
        mesh_score: how surely the mesh lies on a face, 0..1.
        iris: (2, 5, 3) right and left iris (the sitter's own), centre and rim, or None where not looked for.
    """

    box: tuple[float, float, float, float]
    score: float
    mesh: Floats = field(repr=False)
    mesh_score: float
    iris: Floats | None = field(default=None, repr=False)

    @cached_property
    def eye_distance(self) -> float:
        """Pixels between the middles of the eyes, depth included: turning the head does not shrink it."""
        right = self.mesh[list(RIGHT_EYE_CORNERS)].mean(axis=0)
        left = self.mesh[list(LEFT_EYE_CORNERS)].mean(axis=0)
        return float(np.linalg.norm(left - right))

    @cached_property
    def pose(self) -> tuple[float, float, float]:
        """Yaw, pitch, roll in degrees: `perception.pose.head_pose`."""
        return head_pose(self.mesh)


@dataclass(frozen=True)
class FaceLimits:
    """What a portrait must show.

    Attributes:
        mesh_score: least; such a gate took the error rate of matching from 2.0 to 0.7 % (AT&T faces, EER).
        eye_distance: least pixels between the eyes, below which there is too little to animate.
        yaw, pitch: largest turn in degrees; farther, one eye or mouth corner is hidden.
        other_eye_distance: faces at least this large count as a second person; they could be recognised from
            24 px (distances of downscaled copies of LFW portraits, dlib ResNet).
    """

    mesh_score: float = 0.9
    eye_distance: float = 40.0
    yaw: float = 35.0
    pitch: float = 30.0
    other_eye_distance: float = 24.0


FACE_LIMITS = FaceLimits()


class FaceFinder:
    """Finds and follows faces. Loads its networks at once; calls from several threads take turns.

    Raises:
        ModelMissing, ModelCorrupt: a model file is not there or not the pinned one.
    """

    def __init__(self) -> None:
        self._full = full_range()
        self._short = short_range()
        self._mesh = FaceMesh()
        self._matte = PersonMatte()
        self._lock = threading.Lock()

    def find(self, pixels: Pixels) -> list[Face]:
        """Every face in (H, W, 3) RGB uint8, largest first.

        A face counts when the full-range detector sees it in the whole picture or in a tile, the short-range
        detector confirms it close up, and the mesh fits.

        Raises:
            MediaUnsupported: not such an array.
            MediaTooLarge: over `LIMITS.image_pixels`.
        """
        pyramid = Pyramid(checked_pixels(pixels))
        with self._lock:
            confirmed = [self._confirm(pyramid, candidate) for candidate in self._candidates(pyramid)]
            faces = [
                self._fit(pyramid, detection) for detection in merge([d for d in confirmed if d is not None])
            ]
        return _distinct([face for face in faces if face is not None])

    def track(self, pixels: Pixels, previous: Face) -> Face | None:
        """The face of the frame before, in this frame; one run of the mesh. None when it is not where it was.

        Raises:
            MediaUnsupported, MediaTooLarge: as `find`.
        """
        pyramid = Pyramid(checked_pixels(pixels))
        with self._lock:
            mesh, score = self._mesh(pyramid, region(previous.mesh))
        return (
            _face(mesh, score, previous.score) if score >= MESH_SCORE and _in_sight(mesh, pyramid) else None
        )

    def with_iris(self, pixels: Pixels, face: Face) -> Face:
        """A followed face with its irises; two runs of a small network. Raises as `find`."""
        pyramid = Pyramid(checked_pixels(pixels))
        with self._lock:
            return replace(face, iris=self._mesh.irises(pyramid, face.mesh))

    def matte(self, pixels: Pixels) -> Floats:
        """(H, W) float32: 1 where a person is, 0 elsewhere. Raises as `find`."""
        with self._lock:
            return self._matte(checked_pixels(pixels))

    def _candidates(self, pyramid: Pyramid) -> list[Detection]:
        squares = views(pyramid.width, pyramid.height)
        return merge([d for square in squares for d in look(self._full, pyramid, square, FULL_SCORE)])

    def _confirm(self, pyramid: Pyramid, candidate: Detection) -> Detection | None:
        side = candidate.side * CONFIRM_VIEW
        x, y = candidate.centre
        seen = look(self._short, pyramid, (x - side / 2, y - side / 2, side), SHORT_SCORE)
        agreeing = [d for d in merge(seen) if overlap(d.box, candidate.box) >= OVERLAP]
        return replace(agreeing[0], score=min(agreeing[0].score, candidate.score)) if agreeing else None

    def _fit(self, pyramid: Pyramid, detection: Detection) -> Face | None:
        across = detection.points[1] - detection.points[0]
        angle = float(np.arctan2(across[1], across[0]))
        mesh, _ = self._mesh(pyramid, (*detection.centre, detection.side * FACE_REGION, angle))
        mesh, score = self._mesh(pyramid, region(mesh))
        if score < MESH_SCORE or not _in_sight(mesh, pyramid):
            return None
        face = _face(mesh, score, detection.score)
        if face.eye_distance < IRIS_EYE_DISTANCE:
            return face
        return replace(face, iris=self._mesh.irises(pyramid, mesh))


def sole_face(faces: Sequence[Face], pixels_shape: tuple[int, ...], limits: FaceLimits = FACE_LIMITS) -> Face:
    """The one face of a portrait.

    Args:
        faces: what `FaceFinder.find` gave.
        pixels_shape: shape of the picture, (H, W, ...); named in the error so that the caller can scale.

    Raises:
        FaceNotFound: none, or none that the mesh fits well.
        SeveralFaces: more than one is large enough to be recognised.
        FaceTooSmall: its eyes are closer together than `limits.eye_distance`.
        FaceTurnedAway: it looks too far to a side, up or down.
    """
    if not faces:
        raise FaceNotFound("no face was found: use a picture that shows one face, upright and from the front")
    persons = [face for face in faces if face.eye_distance >= limits.other_eye_distance]
    if len(persons) > 1:
        raise SeveralFaces(
            f"the picture shows {len(persons)} faces: crop it to the one that is meant",
            faces=len(persons), limit="faces", most=1,
        )  # fmt: skip
    face = faces[0]
    if face.mesh_score < limits.mesh_score:
        raise FaceNotFound("the face cannot be made out: use a sharper picture in which nothing covers it")
    if face.eye_distance < limits.eye_distance:
        raise FaceTooSmall(
            f"the face is too small: its eyes are {face.eye_distance:.0f} pixels apart and "
            f"{limits.eye_distance:.0f} are needed; use a larger picture than {pixels_shape[1]} x "
            f"{pixels_shape[0]}, or crop closer before scaling down",
            limit="eye_distance", least=limits.eye_distance, eye_distance=round(face.eye_distance),
        )  # fmt: skip
    yaw, pitch, _ = face.pose
    _facing("to the side", "yaw", yaw, limits.yaw)
    _facing("up" if pitch > 0 else "down", "pitch", pitch, limits.pitch)
    return face


def _facing(where: str, axis: str, angle: float, limit: float) -> None:
    if abs(angle) > limit:
        raise FaceTurnedAway(
            f"the head is turned {where} by {abs(angle):.0f} degrees and at most {limit:.0f} are allowed: "
            "use a picture taken from the front",
            limit=axis, most=limit, degrees=round(angle),
        )  # fmt: skip


def _face(mesh: Floats, mesh_score: float, score: float) -> Face:
    (x0, y0), (x1, y1) = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    return Face((float(x0), float(y0), float(x1), float(y1)), score, mesh, mesh_score)


def _in_sight(mesh: Floats, pyramid: Pyramid) -> bool:
    """The middle of the face lies in the picture."""
    x, y = mesh[:, :2].mean(axis=0)
    return bool(0 <= x <= pyramid.width and 0 <= y <= pyramid.height)


def _distinct(faces: Sequence[Face]) -> list[Face]:
    """Largest first, without second meshes on one face."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: f.eye_distance, reverse=True):
        if all(overlap(face.box, other.box) < OVERLAP for other in kept):
            kept.append(face)
    return kept
