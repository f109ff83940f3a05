"""How somebody who waits for Detect follows it, and ends it by going away."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.errors import SitterError
from safety.detector.report import Report

EVERY_SECONDS = 1.0
"""How often, in time of the video, it is said how far it is."""


class CallerGone(SitterError):
    """Whoever asked went away: the work is ended and nothing of it is kept."""

    reason = "CALLER_GONE"


class Stage(StrEnum):
    """What is being done."""

    UPLOAD = "upload"
    CREDENTIALS = "credentials"
    CONTENT = "content"


@dataclass(frozen=True)
class Progress:
    """How far it is: seconds of the video read, of how many by its header (0 where that does not tell)."""

    stage: Stage
    done: float = 0.0
    total: float = 0.0


class Watcher:
    """Is told how far the work is; `stop` ends it within a second.

    Args:
        tell: is called with a Progress or with the Report as far as it has come, from the threads that work.
    """

    def __init__(self, tell: Callable[[Progress | Report], Any] = lambda _: None) -> None:
        self._tell = tell
        self._gone = threading.Event()

    def stop(self) -> None:
        """From any thread, once or more."""
        self._gone.set()

    def at(self, stage: Stage, done: float = 0.0, total: float = 0.0) -> None:
        """Raises CallerGone."""
        self._check()
        self._tell(Progress(stage, done, total))

    def found(self, report: Report) -> None:
        """What the detector has up to now. Raises CallerGone."""
        self._check()
        self._tell(report)

    def over(
        self, frames: Iterable[tuple[float, NDArray[np.uint8]]], total: float
    ) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """The same frames, (seconds, picture); says how far they are. Raises CallerGone."""
        due = 0.0
        for at, pixels in frames:
            self._check()
            if at >= due:
                self.at(Stage.CONTENT, at, total)
                due = at + EVERY_SECONDS
            yield at, pixels

    def _check(self) -> None:
        if self._gone.is_set():
            raise CallerGone("whoever asked went away: ask again")
