"""One face through one shot: its observers, its numbers, and where it was."""

from array import array
from dataclasses import dataclass, field

import numpy as np

from perception.face import Face
from safety.detector.motion import MotionObserver
from safety.detector.track import Floats, middle
from safety.detector.view import Observer, View

LOST_SECONDS = 1.0
"""A face out of sight for longer has left; what comes after is another track."""

JUMP, JUMP_SECONDS = 0.5, 0.1
"""Eye distances that a face does not travel in that time: a cut between two pictures of one room, or another
face. A head that talks moves by a tenth of that from frame to frame."""

LEAST_INSIDE = 0.7
"""Share of a face's box in the picture, below which there is not enough of it to judge its pixels."""

_FAR = 2.0  # eye distances from where it was lost that a face may come back at
_SIZES = (0.7, 1.4)  # and the size it may have then


@dataclass(eq=False)
class Stretch:
    """One face through one shot.

    Attributes:
        number: its place among all of the video.
        shot: number of the shot.
        motion: measures how it moves.
        others: whoever else looks at it.
        face: where it is in the last frame, None where it is out of sight.
        last: where it was seen last.
        last_at: when, in seconds.
        closed: nothing more of it will be seen.
    """

    number: int
    shot: int
    motion: MotionObserver
    others: list[Observer]
    face: Face | None
    last: Face
    last_at: float
    closed: bool = False
    _sizes: "array[float]" = field(default_factory=lambda: array("f"))

    def place(self, face: Face | None, at: float) -> None:
        """Where the face is in this frame. A jump closes the stretch."""
        if face is not None and at - self.last_at <= JUMP_SECONDS and _distance(face, self.last) > JUMP:
            self.closed = True
            return
        self.face = face
        if face is not None:
            self.last, self.last_at = face, at
        elif at - self.last_at > LOST_SECONDS:
            self.closed = True

    def see(self, view: View) -> None:
        """Show this frame to everybody; a face that is cut off by the picture's edge to its motion alone."""
        self.motion.see(view)
        whole = view if view.face is None or _inside(view) >= LEAST_INSIDE else view.of(None)
        for observer in self.others:
            observer.see(whole)
        if view.face is not None:
            self._sizes.append(view.face.eye_distance)

    def release(self) -> None:
        """Everything was asked of it: let go of all but the numbers of its motion."""
        self.others.clear()
        self.motion.release()

    def may_be(self, face: Face, at: float) -> bool:
        """A face that was found may be this one, which was lost a moment ago."""
        ratio = face.eye_distance / max(self.last.eye_distance, 1e-6)
        far = JUMP if at - self.last_at <= JUMP_SECONDS else _FAR
        return _SIZES[0] <= ratio <= _SIZES[1] and _distance(face, self.last) <= far

    @property
    def eye_distance(self) -> float:
        """Pixels, median."""
        return float(np.median(self._sizes)) if self._sizes else self.last.eye_distance


def _inside(view: View) -> float:
    """The share of the face's box that lies in the picture."""
    if view.face is None:
        return 0.0
    x0, y0, x1, y1 = view.face.box
    height, width = view.pixels.shape[:2]
    across, down = min(x1, width) - max(x0, 0), min(y1, height) - max(y0, 0)
    return float(max(across, 0.0) * max(down, 0.0) / max((x1 - x0) * (y1 - y0), 1e-6))


def _distance(one: Face, other: Face) -> float:
    apart: Floats = middle(one) - middle(other)
    return float(np.linalg.norm(apart)) / max(other.eye_distance, 1e-6)
