"""Shows the network a face a few times a second, and says what it made of it."""

from dataclasses import dataclass

import numpy as np

from perception.audio import Speech
from perception.mesh import tilt
from safety.detector.network.net import log_odds
from safety.detector.network.patches import FRAMES, SIDE, Pixels, corners, cut, eyes_of, reduction, stacked
from safety.detector.report import Finding
from safety.detector.view import Box, View

LOOK_SECONDS = 0.4
"""Between the first frames of two looks."""
_GAP_SECONDS = 0.15  # between two frames: slower video, or a hole in it
LEAST_LOOKS = 3
LEAST_EYES = 24.0  # pixels between the eyes

SOURCE = "training/detector/MODEL_CARD.md: log odds on simulated recordings and self-made fakes"
# Of the log odds: 0 is where made and filmed squares were equally frequent in training.
HIGH = 0.0
_FULL = 4.0  # log odds at which the sign is 1

_WORDS = {"mouth": "the mouth", "eyes": "the eyes", "right": "the face's border", "left": "the face's border",
          "chin": "the chin"}  # fmt: skip


@dataclass
class _Look:
    """Squares of five frames that are being gathered."""

    squares: list[Pixels]
    shape: tuple[int, ...]
    at: float
    eyes: tuple[float, float]
    eye_distance: float
    angle: float


class PixelObserver:
    """An observer (`safety.detector.view.Observer`) of squares of pixels around one face.

    Keeps the squares of the look that is under way, of four frames at most, and of older ones numbers only.
    """

    def __init__(self) -> None:
        self._open: _Look | None = None
        self._next = -np.inf
        self._last = -np.inf
        self._at: list[float] = []
        self._odds: list[np.ndarray] = []
        self._boxes: list[list[Box]] = []

    def see(self, view: View) -> None:
        """The next frame."""
        gap, self._last = view.at - self._last, view.at
        if view.face is None or view.face.eye_distance < LEAST_EYES or gap > _GAP_SECONDS:
            self._open = None
        if view.face is None or view.face.eye_distance < LEAST_EYES:
            return
        if self._open is None:
            if view.at < self._next:
                return
            eyes, size = eyes_of(view.face), view.face.eye_distance
            self._open = _Look([], view.pixels.shape, view.at, eyes, size, tilt(view.face.mesh))
        look = self._open
        if look.shape != view.pixels.shape:
            self._open = None
            return
        look.squares.append(cut(view.pixels, look.eyes, look.eye_distance, look.angle))
        if len(look.squares) == FRAMES:
            self._at.append(look.at)
            self._odds.append(log_odds("pixels", stacked(look.squares)))
            self._boxes.append(_boxes(look, view.pixels))
            self._open, self._next = None, look.at + LOOK_SECONDS

    def findings(self, heard: Speech | None) -> list[Finding]:
        """One of the whole face, and one of the place that looks most made."""
        if len(self._at) < LEAST_LOOKS:
            return []
        odds = np.stack(self._odds)
        places = odds.mean(axis=0)
        whole, worst = float(np.mean(places)), int(np.argmax(places))
        peak = float(places[worst])
        span = self._at[0], self._last
        box = self._boxes[int(np.argmax(odds[:, worst]))][worst]
        name = list(_WORDS.values())[worst]
        return [
            Finding(
                "made_pixels", "network", whole, "log odds", None, HIGH, SOURCE, _sign(whole),
                _reason("the pixels of the face", whole), *span,
            ),
            Finding(
                "made_place", "network", peak, "log odds", None, HIGH + PLACE_MARGIN, SOURCE,
                _sign(peak - PLACE_MARGIN), _reason(f"the pixels around {name}", peak - PLACE_MARGIN),
                *span, box,
            ),
        ]  # fmt: skip


PLACE_MARGIN = 1.0
"""The highest of five places is above their mean by chance."""


def _reason(what: str, odds: float) -> str:
    if odds > HIGH:
        return f"{what} look made rather than filmed to a network that compares five frames at a time"
    return f"{what} look filmed rather than made to a network that compares five frames at a time"


def _sign(odds: float) -> float:
    return float(np.clip((odds - HIGH) / _FULL, 0, 1))


def _boxes(look: _Look, frame: Pixels) -> list[Box]:
    """Where the squares lie, as fractions of the picture."""
    height, width = frame.shape[:2]
    side = SIDE * reduction(look.eye_distance)
    return [
        (left / width, top / height, min((left + side) / width, 1.0), min((top + side) / height, 1.0))
        for top, left in corners(frame, look.eyes, look.eye_distance, look.angle)
    ]
