"""Follow the face through the frames and keep a row of numbers for each; the pictures are let go."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from perception.errors import MediaEmpty
from perception.face import Face
from perception.mesh import LEFT_BROW_UPPER, LEFT_EYE_CORNERS, RIGHT_BROW_UPPER, RIGHT_EYE_CORNERS
from safety.detector.view import View

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

SEARCH_SECONDS = 1.0  # how often the whole picture is searched for faces while one is followed
LOST_SEARCH_SECONDS = 0.2  # and while none is
_COLUMNS = 17

# (upper, lower) points of the inner lips, middle three; of each eye's lids, middle two (Soukupova and Cech
# 2016, eye aspect ratio).
_LIPS = ((82, 87), (13, 14), (312, 317))
_RIGHT_LIDS = ((160, 144), (158, 153))
_LEFT_LIDS = ((385, 380), (387, 373))
_ENDS = np.array([*_LIPS, *_RIGHT_LIDS, *_LEFT_LIDS, RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS]).T


class Finder(Protocol):
    """What the tracker needs of `perception.face.FaceFinder`."""

    def find(self, pixels: Pixels) -> list[Face]: ...

    def track(self, pixels: Pixels, previous: Face) -> Face | None: ...


@dataclass(frozen=True)
class Track:
    """What was measured, one row per frame, (T,) or (T, n) float64; NaN where no face was seen.

    Lengths are in eye distances, so that neither the size of the picture nor the distance of the head counts.

    Attributes:
        at: seconds.
        step: seconds between two frames, nominal.
        searched: faces counted, NaN where the face was only followed.
        mouth: gap between the inner lips.
        eyes: (T, 2) right, left: lid gap over eye width.
        brows: (T, 2) right, left: height over the eye.
        pose: (T, 3) yaw, pitch, roll in degrees.
        place: (T, 2) middle of the eyes, in mean eye distances.
        moved: how far the face went since the frame before, in eye distances.
        light, contrast: mean and standard deviation of luma, 0..255.
        change: mean absolute luma difference to the frame before, 0..255; NaN for the first.
    """

    at: Floats
    step: float
    searched: Floats
    mouth: Floats
    eyes: Floats
    brows: Floats
    pose: Floats
    place: Floats
    moved: Floats
    light: Floats
    contrast: Floats
    change: Floats

    @property
    def seconds(self) -> float:
        return float(self.at[-1] - self.at[0]) + self.step

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Frames in which the face was followed."""
        return np.isfinite(self.mouth)

    def part(self, rows: slice) -> "Track":
        """Some of the rows."""
        return replace(
            self, **{f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "step"}
        )


class Rows:
    """Numbers of one face, a row for every frame; about 140 bytes each, 0.2 MiB a minute."""

    def __init__(self) -> None:
        self._rows = array("d")

    def add(self, at: float, count: float, face: Sequence[float], picture: Sequence[float]) -> None:
        """One frame: seconds, faces counted or NaN, what `measure` gave, light, contrast and change."""
        self._rows.extend((at, count, *face, *picture))

    def __len__(self) -> int:
        return len(self._rows) // _COLUMNS

    def track(self, fps: float) -> Track:
        """Everything so far. `fps` is nominal, 0 where unknown. Raises MediaEmpty without a row."""
        if not self._rows:
            raise MediaEmpty("there are no frames to look at")
        table = np.array(self._rows).reshape(-1, _COLUMNS)
        sizes = table[:, 13]
        usual = float(np.nanmedian(sizes)) if np.isfinite(sizes).any() else 1.0
        return Track(
            at=table[:, 0],
            step=1 / fps if fps > 0 else _usual_step(table[:, 0]),
            searched=table[:, 1],
            mouth=table[:, 2],
            eyes=table[:, 3:5],
            brows=table[:, 5:7],
            pose=table[:, 7:10],
            place=table[:, 10:12] / usual,
            moved=table[:, 12],
            light=table[:, 14],
            contrast=table[:, 15],
            change=table[:, 16],
        )


def follow(frames: Iterable[tuple[float, Pixels]], fps: float, finder: Finder) -> Track:
    """Measure every frame once and keep no picture: one face, the largest at the start and after each loss.

    Raises:
        MediaEmpty: no frames.
        MediaUnsupported, MediaTooLarge: as `FaceFinder.find`.
    """
    follower = _Follower(finder)
    rows = Rows()
    for at, pixels in frames:
        follower.row(at, pixels, rows)
    return rows.track(fps)


def _usual_step(at: Floats) -> float:
    return float(np.median(np.diff(at))) if len(at) > 1 else 0.04


class Pictures:
    """Light, contrast and change of frame after frame."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None

    def measure(self, luma: NDArray[np.float32]) -> tuple[float, float, float]:
        """Mean and deviation of a picture's luma, 0..255, and its mean change; NaN for the first."""
        before, self._before = self._before, luma
        same_size = before is not None and before.shape == luma.shape
        change = float(np.abs(luma - before).mean()) if before is not None and same_size else np.nan
        return float(luma.mean()), float(luma.std()), change


class _Follower:
    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._face: Face | None = None
        self._search_at = -np.inf
        self._pictures = Pictures()

    def row(self, at: float, pixels: Pixels, rows: Rows) -> None:
        previous = self._face
        count = self._step(at, pixels)
        rows.add(
            at,
            count,
            measure(self._face, previous),
            self._pictures.measure(View(at, pixels, self._face, 0).small),
        )

    def _step(self, at: float, pixels: Pixels) -> float:
        """Follow, or search when it is time or nothing is left to follow. The faces counted, or NaN."""
        if self._face is not None:
            self._face = self._finder.track(pixels, self._face)
        if at < self._search_at and self._face is not None:
            return np.nan
        if self._face is None and at < self._search_at - SEARCH_SECONDS + LOST_SEARCH_SECONDS:
            return np.nan
        self._search_at = at + SEARCH_SECONDS - 1e-6
        faces = self._finder.find(pixels)
        if faces and (self._face is None or not any(over(face, self._face) for face in faces)):
            self._face = faces[0]
        return float(len(faces))


def over(one: Face, other: Face) -> bool:
    """The middle of the other face lies within this one's box."""
    x, y = middle(other)
    return bool(one.box[0] <= x <= one.box[2] and one.box[1] <= y <= one.box[3])


def measure(face: Face | None, previous: Face | None) -> list[float]:
    """mouth, eyes (2), brows (2), pose (3), place in pixels (2), moved, eye distance; NaN without a face."""
    if face is None:
        return [np.nan] * 12
    mesh, size = face.mesh.astype(np.float64), max(face.eye_distance, 1e-6)
    here = middle(face)
    moved = np.nan if previous is None else float(np.linalg.norm(here - middle(previous)) / size)
    # Distances of points in space: turning the head does not change them.
    apart = np.linalg.norm(mesh[_ENDS[0]] - mesh[_ENDS[1]], axis=1).tolist()
    right_eye, left_eye = max(apart[7], 1e-6), max(apart[8], 1e-6)  # a mesh without an eye has no gap
    return [
        sum(apart[:3]) / 3 / size,
        sum(apart[3:5]) / 2 / right_eye,
        sum(apart[5:7]) / 2 / left_eye,
        _brow(mesh, RIGHT_BROW_UPPER, RIGHT_EYE_CORNERS) / size,
        _brow(mesh, LEFT_BROW_UPPER, LEFT_EYE_CORNERS) / size,
        *face.pose,
        *here,
        moved,
        size,
    ]


def middle(face: Face) -> Floats:
    """(2,) pixels between the eyes."""
    corners = face.mesh[[*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS], :2]
    return np.asarray(corners.mean(axis=0), np.float64)


def _brow(mesh: Floats, brow: tuple[int, ...], eye: tuple[int, int]) -> float:
    return float(np.linalg.norm(mesh[list(brow)].mean(axis=0) - mesh[list(eye)].mean(axis=0)))
