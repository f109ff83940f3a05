"""Shows the network what moves around a face and what does not, twice a second."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.detector.network.layout import ACROSS, BELOW, COUNT, SPACING, Pixels, channels, small, within
from safety.detector.network.net import log_odds
from safety.detector.network.patches import eyes_of
from safety.detector.report import Finding
from safety.detector.view import Box, View

NEXT_SECONDS = 0.5
"""Between the first frames of two layouts: they overlap."""
LEAST_LAYOUTS = 4
LEAST_EYES = 16.0  # pixels between the eyes
LEAST_MOVED = 0.02
"""Eye distances that the head must have moved within a layout: a head that is still tells nothing."""
SOURCE = "training/detector/MODEL_CARD.md: log odds on simulated recordings and self-made fakes"
FULL = 2.0  # log odds at which the sign is 1


@dataclass
class _Open:
    """A layout that is being gathered: at most six pictures of 64 x 64."""

    began: float
    eyes: tuple[float, float]
    eye_distance: float
    shape: tuple[int, ...]
    inside: NDArray[np.bool_]
    pictures: list[Pixels] = field(default_factory=list)
    moved: float = 0.0


class LayoutObserver:
    """An observer (`safety.detector.view.Observer`) of head, shoulders and background."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._next = -np.inf
        self._at: list[float] = []
        self._odds: list[float] = []
        self._boxes: list[Box] = []

    def see(self, view: View) -> None:
        """The next frame."""
        if view.face is None or view.face.eye_distance < LEAST_EYES:
            self._open = []
            return
        eyes, far = eyes_of(view.face), view.face.eye_distance
        if view.at >= self._next:
            self._next = view.at + NEXT_SECONDS
            height, width = view.pixels.shape[:2]
            inside = within(width, height, eyes, far)
            self._open.append(_Open(view.at, eyes, far, view.pixels.shape, inside))
        for each in self._open:
            late = view.at - each.began - len(each.pictures) * SPACING
            if late > SPACING / 2 or each.shape != view.pixels.shape:
                each.began = -np.inf  # a hole in the video, or another size
            elif late >= -1e-6:
                each.pictures.append(small(view.pyramid, each.eyes, each.eye_distance))
                away = np.hypot(eyes[0] - each.eyes[0], eyes[1] - each.eyes[1]) / each.eye_distance
                each.moved = max(each.moved, float(away))
                if len(each.pictures) == COUNT:
                    self._judge(each)
        self._open = [e for e in self._open if np.isfinite(e.began) and len(e.pictures) < COUNT]

    def _judge(self, each: _Open) -> None:
        if each.moved < LEAST_MOVED:
            return
        self._at.append(each.began)
        self._odds.append(float(log_odds("layout", channels(each.pictures, each.inside)[None])[0]))
        height, width = each.shape[:2]
        half = ACROSS / 2 * each.eye_distance
        x, y = each.eyes[0], each.eyes[1] + BELOW * each.eye_distance
        left, top, right, bottom = np.clip(
            [(x - half) / width, (y - half) / height, (x + half) / width, (y + half) / height], 0, 1
        )
        self._boxes.append((float(left), float(top), float(right), float(bottom)))

    def findings(self, heard: Speech | None) -> list[Finding]:
        """One, of all layouts."""
        if len(self._odds) < LEAST_LAYOUTS:
            return []
        odds = float(np.mean(self._odds))
        what = (
            "as in a still picture that is pulled about" if odds > 0 else "as around a person who is filmed"
        )
        return [
            Finding(
                "moving_parts", "network", odds, "log odds", None, 0.0, SOURCE,
                float(np.clip(odds / FULL, 0, 1)),
                f"to a network, head, shoulders and background move {what}",
                self._at[0], self._at[-1] + (COUNT - 1) * SPACING, self._boxes[int(np.argmax(self._odds))],
            )
        ]  # fmt: skip
