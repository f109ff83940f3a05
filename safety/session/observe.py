"""One pass over a session's film: numbers for every frame, and a look at the face once a second."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from perception.errors import FaceError
from perception.face import Face
from safety.detector.track import Finder, Track, follow
from safety.encoders.encoder import FaceEncoder

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

LOOK_SECONDS = 1.0
PERSON_EYES = 24.0  # pixels: `FaceLimits.other_eye_distance`
PERSON_SHARE = 0.25  # of the main face's size: faces on posters behind are smaller
CROP = 2.6  # side of what is kept of a picture, in face heights: head and shoulders
CROP_SIDE = 768  # pixels
SCENE = 24  # the scene without the face, SCENE x SCENE luma
FACE_MARGIN = 0.6  # of the face's size, around it: hair, neck and what they uncover when turning
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709


@dataclass(frozen=True, eq=False)
class Look:
    """The frame of one second in which the head was turned least.

    Attributes:
        at: seconds.
        yaw, pitch: degrees.
        picture: head and shoulders, (S, S, 3), S at most `CROP_SIDE`.
        embedding: (D,) unit vector; None where the encoder does not see the face.
    """

    at: float
    yaw: float
    pitch: float
    picture: Pixels = field(repr=False)
    embedding: NDArray[np.float32] | None = field(repr=False)

    @property
    def turned(self) -> float:
        return max(abs(self.yaw), abs(self.pitch))


@dataclass(frozen=True, eq=False)
class Observation:
    """What a film shows.

    Attributes:
        track: one row per frame.
        meshes: (T, 468, 3) pixels, NaN where no face was followed.
        scene: (T, SCENE, SCENE) luma, NaN where the face is.
        persons: (seconds, faces that are large enough to be a person) of every search.
        looks: one a second in which there was a face.
    """

    track: Track
    meshes: NDArray[np.float32] = field(repr=False)
    scene: NDArray[np.float32] = field(repr=False)
    persons: tuple[tuple[float, int], ...]
    looks: tuple[Look, ...]


def observe(
    frames: Iterable[tuple[float, Pixels]], fps: float, finder: Finder, encoder: FaceEncoder
) -> Observation:
    """Watch a film once. Keeps 8 KiB per frame and one cropped picture per second.

    Raises:
        MediaEmpty: no frames.
        MediaError: as the frames do.
    """
    watcher = _Watcher(finder, encoder)
    track = follow(watcher.watching(frames), fps, watcher)
    return Observation(
        track,
        np.stack(watcher.meshes),
        np.stack(watcher.scenes),
        tuple(watcher.persons),
        tuple(watcher.looks),
    )


class _Watcher:
    """Stands between the tracker and the finder, and keeps what the tracker lets go."""

    def __init__(self, finder: Finder, encoder: FaceEncoder) -> None:
        self._finder, self._encoder = finder, encoder
        self._face: Face | None = None
        self._at = 0.0
        self._best: tuple[float, Pixels, Face] | None = None
        self._best_turn = np.inf
        self.meshes: list[NDArray[np.float32]] = []
        self.scenes: list[NDArray[np.float32]] = []
        self.persons: list[tuple[float, int]] = []
        self.looks: list[Look] = []

    def find(self, pixels: Pixels) -> list[Face]:
        faces = self._finder.find(pixels)
        main = faces[0].eye_distance if faces else 0.0
        least = max(PERSON_EYES, PERSON_SHARE * main)
        self.persons.append((self._at, sum(face.eye_distance >= least for face in faces)))
        if self._face is None and faces:
            self._face = faces[0]
        return faces

    def track(self, pixels: Pixels, previous: Face) -> Face | None:
        self._face = self._finder.track(pixels, previous)
        return self._face

    def watching(self, frames: Iterable[tuple[float, Pixels]]) -> Iterator[tuple[float, Pixels]]:
        due = LOOK_SECONDS
        for at, pixels in frames:
            self._at, self._face = at, None
            if at >= due:
                self._look()
                due = at + LOOK_SECONDS
            yield at, pixels
            self._keep(at, pixels)  # the tracker is done with this frame
        self._look()

    def _keep(self, at: float, pixels: Pixels) -> None:
        face = self._face
        self.meshes.append(np.full((468, 3), np.nan, np.float32) if face is None else face.mesh)
        self.scenes.append(_scene(pixels, face))
        if face is not None:
            turn = max(abs(face.pose[0]), abs(face.pose[1]))
            if turn < self._best_turn:
                self._best, self._best_turn = (at, pixels, face), turn

    def _look(self) -> None:
        if self._best is None:
            return
        at, pixels, face = self._best
        try:
            embedding = self._encoder.encode(pixels, face).embedding
        except FaceError:
            embedding = None
        self.looks.append(Look(at, face.pose[0], face.pose[1], _crop(pixels, face), embedding))
        self._best, self._best_turn = None, np.inf


def _scene(pixels: Pixels, face: Face | None) -> NDArray[np.float32]:
    """The picture without the face, coarse."""
    height, width = pixels.shape[:2]
    small = np.asarray(
        Image.fromarray(pixels).resize((SCENE, SCENE), Image.Resampling.BOX, reducing_gap=2.0), np.float32
    )
    luma = small @ _LUMA
    if face is not None:
        x0, y0, x1, y1 = face.box
        margin = FACE_MARGIN * max(x1 - x0, y1 - y0)
        columns = (np.arange(SCENE) + 0.5) * width / SCENE
        rows = (np.arange(SCENE) + 0.5) * height / SCENE
        across = (columns > x0 - margin) & (columns < x1 + margin)
        # the shoulders below move, too
        luma[np.ix_(rows > y0 - margin, across)] = np.nan
    return luma


def _crop(pixels: Pixels, face: Face) -> Pixels:
    """Head and shoulders, as far as the picture has them."""
    x0, y0, x1, y1 = face.box
    side = CROP * (y1 - y0)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    left, top = max(0, int(x - side / 2)), max(0, int(y - side / 2))
    cut = pixels[top : int(y + side / 2) + 1, left : int(x + side / 2) + 1]
    if max(cut.shape[:2]) <= CROP_SIDE:
        return np.ascontiguousarray(cut)
    scale = CROP_SIDE / max(cut.shape[:2])
    size = (round(cut.shape[1] * scale), round(cut.shape[0] * scale))
    return np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.LANCZOS))
