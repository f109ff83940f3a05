"""What an observer sees of one frame, and what it has to give: the seam between the one pass over a video
and everything that measures it.

A pass over a video follows each face through each shot (between two cuts). Every such stretch of one face
gets observers of its own: they see its frames in order, once each, and never a cut or another face.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import cos, sin
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from perception.face import Face
from perception.mesh import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, tilt
from perception.warp import Pyramid, turned_view
from safety.detector.report import Finding

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709

# The aligned crop, in eye distances: its side, and how far its centre lies below the middle of the eyes. The
# chin is about 1.9 below it, a high forehead 1.2 above. Eyes come to lie at (0.36, 0.37) and (0.64, 0.37) of
# the crop. Only the eyes set it, so that a mouth that opens does not move it.
CROP_SIDE, CROP_BELOW = 3.5, 0.45


@dataclass(frozen=True, eq=False)
class View:
    """One frame, with one face that is followed.

    Attributes:
        at: seconds, the file's own time stamp: steps between views may vary.
        pixels: (H, W, 3) uint8 RGB; not to be kept, not to be written to.
        face: where the face is; None where it is out of sight. `face.iris` is there in some frames only.
        index: of the frame in the video. Numbers are left out where a video has more frames than are looked
            at.
    """

    at: float
    pixels: Pixels = field(repr=False)
    face: Face | None
    index: int
    _shared: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def luma(self) -> NDArray[np.float32]:
        """(H, W) float32, 0..255, BT.709; made once for all faces of a frame. Not to be written to."""
        if "luma" not in self._shared:
            self._shared["luma"] = self.pixels @ LUMA
        luma: NDArray[np.float32] = self._shared["luma"]
        return luma

    @property
    def small(self) -> NDArray[np.float32]:
        """(ceil(H / 4), ceil(W / 4)) float32, 0..255: every fourth pixel's luma. Not to be written to."""
        if "small" not in self._shared:
            self._shared["small"] = np.asarray(self.pixels[::4, ::4], np.float32) @ LUMA
        small: NDArray[np.float32] = self._shared["small"]
        return small

    @property
    def pyramid(self) -> Pyramid:
        """The picture and its halved copies, to cut from; made once for all faces of a frame."""
        if "pyramid" not in self._shared:
            self._shared["pyramid"] = Pyramid(self.pixels)
        pyramid: Pyramid = self._shared["pyramid"]
        return pyramid

    @cached_property
    def _crops(self) -> dict[int, Pixels]:
        return {}

    def crop(self, size: int) -> Pixels:
        """The face in a square, eyes level: (size, size, 3) uint8 RGB, black outside the picture.

        Raises:
            ValueError: there is no face in this view.
        """
        if self.face is None:
            raise ValueError("there is no face to crop: look at `view.face` first")
        if size not in self._crops:
            self._crops[size] = turned_view(self.pyramid, crop_region(self.face), size)
        return self._crops[size]

    def box(self, points: Sequence[int] | None = None) -> Box | None:
        """Left, top, right, bottom around those points of the mesh (or all), as fractions of the picture.

        Clipped to the picture; None without a face.
        """
        if self.face is None:
            return None
        mesh = self.face.mesh if points is None else self.face.mesh[list(points)]
        height, width = self.pixels.shape[:2]
        (x0, y0), (x1, y1) = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
        left, top, right, bottom = np.clip([x0 / width, y0 / height, x1 / width, y1 / height], 0.0, 1.0)
        return float(left), float(top), float(right), float(bottom)

    def of(self, face: Face | None) -> "View":
        """The same frame with another of its faces."""
        return View(self.at, self.pixels, face, self.index, self._shared)


class Observer(Protocol):
    """Measures one face through one shot. Keeps numbers, never pictures beyond the last few frames."""

    def see(self, view: View) -> None:
        """The next frame. Times rise; frames without the face come, too, with `view.face` None."""

    def findings(self, heard: Speech | None) -> list[Finding]:
        """What was measured up to now; what could not be measured is left out.

        May be asked while more is to come, so it changes nothing.

        Args:
            heard: the sound of the whole video from time 0 on.
        """


@runtime_checkable
class Noted(Protocol):
    """An observer that also says what it could not measure."""

    def notes(self) -> list[str]:
        """Plain sentences."""


def crop_region(face: Face) -> tuple[float, float, float, float]:
    """Centre x, y, side and angle of the aligned crop, for `perception.warp`."""
    eyes = face.mesh[[*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS], :2].mean(axis=0)
    angle, size = tilt(face.mesh), face.eye_distance
    x = float(eyes[0]) - sin(angle) * CROP_BELOW * size
    y = float(eyes[1]) + cos(angle) * CROP_BELOW * size
    return x, y, max(CROP_SIDE * size, 1.0), angle
