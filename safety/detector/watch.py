"""The one pass over a video: find faces, follow each through its shot, show every frame to its observers."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from perception.detector import overlap
from perception.face import Face
from safety.detector.motion import MotionObserver
from safety.detector.sampling import LEAST_STEP, Plan
from safety.detector.shots import Cuts
from safety.detector.stretch import LOST_SECONDS, Stretch
from safety.detector.track import (
    LOST_SEARCH_SECONDS,
    SEARCH_SECONDS,
    Finder,
    Pictures,
    Rows,
    measure,
    over,
)
from safety.detector.view import Observer, View

Pixels = NDArray[np.uint8]

MOST_FACES = 4
"""Followed at the same time; the largest ones. Each costs a run of the mesh, so this bounds the time."""
LEAST_EYES = 24.0
"""Pixels between the eyes below which a second face is not followed, and no face is judged: there is less
than a pixel to a lid's height then, and the irises cannot be found (`perception.face.IRIS_EYE_DISTANCE`)."""
IRIS_SECONDS = 0.11
"""The irises are looked for this often: gaze holds for 0.2 s and more between two leaps."""
_SAME = 0.5  # overlap of two boxes that lie on one face


@runtime_checkable
class IrisFinder(Protocol):
    """A finder that can look for the irises of a face that it followed."""

    def with_iris(self, pixels: Pixels, face: Face) -> Face: ...


class Watch:
    """Everything that is known of the frames so far.

    Args:
        finder: finds and follows faces.
        observers: makes a set for each face in each shot.
        plan: which parts to look at.
        every_frame: look at every frame, also where there are more than `LEAST_STEP` allows.
        ended: called with each face of which no more will be seen.

    Attributes:
        stretches: every face in every shot, in the order in which they appeared.
        main: a row for each frame that was looked at, of the face that is followed first.
        shots: (first, last) seconds looked at of each shot.
        frames, first, last: how many frames there were, and the times of the first and the last one.
        crowd: the most faces that were found at once.
        windows: (first, last) seconds of each part that was looked at without a gap in the plan.
        skipped_seconds, thinned: what the plan left out; frames that came too soon after another.
    """

    def __init__(
        self,
        finder: Finder,
        observers: Callable[[], list[Observer]],
        plan: Plan,
        *,
        every_frame: bool,
        ended: Callable[[Stretch], None] = lambda stretch: None,
    ) -> None:
        self._finder, self._observers, self._plan, self._every = finder, observers, plan, every_frame
        self._ended = ended
        self._cuts, self._pictures = Cuts(), Pictures()
        self._open: list[Stretch] = []
        self._window: int | None = None
        self._looked_at = -np.inf
        self._search_at = -np.inf
        self._iris_at = -np.inf
        self._head: Stretch | None = None
        self._head_face: Face | None = None
        self.stretches: list[Stretch] = []
        self.main = Rows()
        self.shots: list[list[float]] = []
        self.frames, self.first, self.last = 0, 0.0, 0.0
        self.crowd = 0
        self.windows: list[list[float]] = []
        self.skipped_seconds, self.thinned = 0.0, 0

    def see(self, at: float, pixels: Pixels) -> None:
        """The next frame. Raises as `FaceFinder.find`."""
        step = at - self.last if self.frames else 0.0
        self.first = at if not self.frames else self.first
        self.last, index = at, self.frames
        self.frames += 1
        window = self._plan.window(at)
        if window is None:
            self.skipped_seconds += step
        elif not self._every and at - self._looked_at < LEAST_STEP - 1e-6:
            self.thinned += 1
        else:
            new = window != self._window or at - self._looked_at > LOST_SECONDS
            if new:
                self._cuts.restart()
            if window != self._window:
                self.windows.append([at, at])
            self.windows[-1][1] = at
            self._window, self._looked_at = window, at
            self._look(View(at, pixels, None, index), new=new)

    @property
    def looked(self) -> int:
        """Frames that were looked at."""
        return len(self.main)

    @property
    def looked_seconds(self) -> float:
        return sum(end - start for start, end in self.windows)

    def _look(self, view: View, *, new: bool) -> None:
        if self._cuts.is_cut(view.small) or new:
            self._close(self._open)
            self._search_at = -np.inf
            self.shots.append([view.at, view.at])
        self.shots[-1][1] = view.at
        for stretch in self._open:
            was = stretch.face
            stretch.place(None if was is None else self._finder.track(view.pixels, was), view.at)
        if any(stretch.closed and stretch.face is not None for stretch in self._open):
            self._search_at = -np.inf  # a face jumped: see at once what is there now
        self._close([s for s in self._open if s.closed] + _doubles(self._open))
        counted = self._search(view)
        iris = view.at >= self._iris_at and isinstance(self._finder, IrisFinder)
        if iris:
            self._iris_at = view.at + IRIS_SECONDS
        for stretch in self._open:
            stretch.see(view.of(self._with_iris(view, stretch.face) if iris else stretch.face))
        self._row(view, counted)

    def _with_iris(self, view: View, face: Face | None) -> Face | None:
        if face is None or face.eye_distance < LEAST_EYES or not isinstance(self._finder, IrisFinder):
            return face
        return self._finder.with_iris(view.pixels, face)

    def _search(self, view: View) -> float:
        """Look through the whole picture when it is time. The faces counted, or NaN."""
        whole = self._open and all(stretch.face is not None for stretch in self._open)
        due = self._search_at if whole else self._search_at - SEARCH_SECONDS + LOST_SEARCH_SECONDS
        if view.at < due:
            return np.nan
        self._search_at = view.at + SEARCH_SECONDS - 1e-6
        faces = self._finder.find(view.pixels)
        for face in faces:
            if not any(_is(stretch, face) for stretch in self._open):
                self._welcome(face, faces[0], view.at)
        self.crowd = max(self.crowd, len(faces))
        return float(len(faces))

    def _welcome(self, face: Face, largest: Face, at: float) -> None:
        """A face that is not followed: one that was lost a moment ago, or another one."""
        for stretch in self._open:
            if stretch.face is None and stretch.may_be(face, at):
                stretch.place(face, at)
                return
        if len(self._open) >= MOST_FACES or (face is not largest and face.eye_distance < LEAST_EYES):
            return
        shot = len(self.shots) - 1
        number = len(self.stretches)
        stretch = Stretch(number, shot, MotionObserver(), self._observers(), face, face, at)
        self._open.append(stretch)
        self.stretches.append(stretch)

    def _close(self, ended: list[Stretch]) -> None:
        for stretch in dict.fromkeys(ended):
            stretch.closed = True
            self._ended(stretch)
        self._open = [stretch for stretch in self._open if not stretch.closed]

    def _row(self, view: View, counted: float) -> None:
        """The face that is followed first: the same one as long as it is there, else the largest."""
        if self._head not in self._open:
            self._head = max(
                (s for s in self._open if s.face is not None), key=lambda s: s.last.eye_distance, default=None
            )
        face = None if self._head is None else self._head.face
        self.main.add(view.at, counted, measure(face, self._head_face), self._pictures.measure(view.small))
        self._head_face = face


def _is(stretch: Stretch, face: Face) -> bool:
    return stretch.face is not None and over(face, stretch.face)


def _doubles(stretches: list[Stretch]) -> list[Stretch]:
    """Tracks that slipped onto the face of an older one."""
    there = [stretch for stretch in stretches if stretch.face is not None]
    return [
        later
        for k, later in enumerate(there)
        if any(overlap(_box(later), _box(older)) > _SAME for older in there[:k])
    ]


def _box(stretch: Stretch) -> tuple[float, float, float, float]:
    return stretch.last.box
