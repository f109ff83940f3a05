"""What all picture cues share: which frames they look at, where and when that was, and how they tell."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.detector.report import Finding
from safety.detector.view import Box, View

Floats = NDArray[np.float64]

WHOLE_PICTURE = (0.0, 0.0, 1.0, 1.0)


class Bounds(NamedTuple):
    """The range of filmed people; None where it has no such end; how far outside counts in full; its source.

    `full` is added to `high`, or taken from `low`: there the sign is 1.
    """

    low: float | None
    high: float | None
    full: float
    source: str

    def sign(self, value: float) -> float:
        """0 inside, rising evenly to 1 at `full` outside."""
        below = 0.0 if self.low is None else self.low - value
        above = 0.0 if self.high is None else value - self.high
        return float(np.clip(max(below, above) / self.full, 0.0, 1.0))


class PictureCue(ABC):
    """An observer that looks at every `every`-th frame with the face. Subclasses give `look` and `judge`.

    A change of the picture's size in mid-stream starts it anew with what is asked of pixels (`restart`).
    """

    group = ""
    every = 3
    points: Sequence[int] | None = None
    """Of the mesh, around which findings have their box."""

    def __init__(self) -> None:
        self._count = 0
        self._shape: tuple[int, ...] | None = None
        self._boxes: list[Box] = []
        self._since: float | None = None
        self._until = 0.0

    def see(self, view: View) -> None:
        """As `Observer.see`."""
        if self._shape != view.pixels.shape:
            if self._shape is not None:
                self.restart()
            self._shape = view.pixels.shape
        if view.face is None:
            self.lost(view)
            return
        self._since = view.at if self._since is None else self._since
        self._until = view.at
        if self._count % (12 * self.every) == 0 and (box := view.box(self.points)) is not None:
            self._boxes.append(box)
        if self._count % self.every == 0:
            self.look(view)
        self._count += 1

    @abstractmethod
    def look(self, view: View) -> None:
        """Measure a frame that has the face."""

    def lost(self, view: View) -> None:  # noqa: B027 - most cues have nothing to do then
        """A frame without the face."""

    def restart(self) -> None:  # noqa: B027
        """The picture has another size from here on."""

    @abstractmethod
    def judge(self) -> tuple[list[Finding], list[str]]:
        """Findings, and notes on what could not be measured."""

    def findings(self, heard: Speech | None) -> list[Finding]:
        """As `Observer.findings`."""
        return self.judge()[0]

    def notes(self) -> list[str]:
        """Plain sentences on what could not be measured, and why."""
        return self.judge()[1]

    @property
    def seconds(self) -> float:
        """From the first to the last frame with the face."""
        return 0.0 if self._since is None else self._until - self._since

    def finding(
        self, name: str, value: float, unit: str, bounds: Bounds, reason: str, box: Box | None = None
    ) -> Finding:
        """Over the whole time in which the face was seen; its sign follows from its bounds."""
        return Finding(
            name, self.group, value, unit, bounds.low, bounds.high, bounds.source, bounds.sign(value), reason,
            0.0 if self._since is None else self._since, self._until, box or self.box(),
        )  # fmt: skip

    def box(self) -> Box:
        """Where its points were, in the middle of all."""
        if not self._boxes:
            return WHOLE_PICTURE
        left, top, right, bottom = np.median(np.array(self._boxes), axis=0)
        return float(left), float(top), float(right), float(bottom)


def known(values: Iterable[float]) -> Floats:
    """(N,) without what is not a number."""
    kept = np.fromiter(values, np.float64)
    return kept[np.isfinite(kept)]


def middle(values: Iterable[float]) -> float:
    """The median of what is known; NaN of nothing."""
    kept = known(values)
    return float(np.median(kept)) if len(kept) else float("nan")
