"""What the motion cues keep of each frame, and the page that they write their findings on."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perception.mesh import (
    LEFT_BROW_LOWER,
    LEFT_BROW_UPPER,
    LEFT_EYE,
    LIPS_OUTER,
    RIGHT_BROW_LOWER,
    RIGHT_BROW_UPPER,
    RIGHT_EYE,
)
from safety.detector.motion.curves import RATE
from safety.detector.report import Finding
from safety.detector.track import Track
from safety.detector.view import Box

Floats = NDArray[np.float64]


class Bounds(NamedTuple):
    """The range of human speakers; None where it has no such end; and where it comes from."""

    low: float | None
    high: float | None
    source: str


PEAK_SECONDS, PEAK_TIMES = 2.0, 1.5
"""Length of the time that a finding is about when there is so many times as much of it as on the whole."""

REGIONS: dict[str, tuple[int, ...] | None] = {
    "face": None,
    "eyes": RIGHT_EYE + LEFT_EYE,
    "brows": RIGHT_BROW_LOWER + RIGHT_BROW_UPPER + LEFT_BROW_LOWER + LEFT_BROW_UPPER,
    "lips": LIPS_OUTER,
}
"""Points of the mesh around which a finding's box is drawn; None for all."""


@dataclass(frozen=True)
class Motion:
    """One face through one shot in numbers; NaN where it was not seen.

    Attributes:
        track: lips, lids, brows, pose and place, a row per frame.
        bones: (T, 30, 3) pixels: the points of `perception.pose.SHAPE`, which expression does not move.
        gaze: (T, 4) degrees of the eyes in the head: right and left to the side (positive to image right),
            right and left up and down (positive up). NaN in frames without irises.
        body: (T,) how far the picture under the chin moved since the frame before, in eye distances.
        boxes: where in the picture each of `REGIONS` was, in the middle of all.
    """

    track: Track
    bones: Floats
    gaze: Floats
    body: Floats
    boxes: dict[str, Box]


class Page:
    """Findings of one face through one shot, and notes on what could not be measured."""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        track = motion.track
        self._span = (float(track.at[0]), float(track.at[-1]) + track.step)
        self.findings: list[Finding] = []
        self.notes: list[str] = []

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        bounds: Bounds,
        reason: str,
        *,
        group: str,
        region: str = "face",
        sign: float | None = None,
        curve: Floats | None = None,
    ) -> None:
        """A finding over the whole time; its sign follows from its bounds where it is not given.

        Args:
            curve: (N,) at `RATE` from the first frame on: how much of it there was. A finding that is out of
                range is about the time around its peak, where it is not like that throughout.
        """
        told = outside(value, bounds) if sign is None else sign
        start, end = self._span if curve is None or told <= 0 else self._peak(curve)
        box = self._motion.boxes.get(region)
        self.findings.append(
            Finding(
                name,
                group,
                value,
                unit,
                bounds.low,
                bounds.high,
                bounds.source,
                told,
                reason,
                start,
                end,
                box,
            )
        )

    def _peak(self, curve: Floats) -> tuple[float, float]:
        """The `PEAK_SECONDS` in which there is most of it; the whole time where that is little more."""
        size = round(PEAK_SECONDS * RATE)
        start, end = self._span
        if len(curve) <= size or curve.mean() <= 0:
            return start, end
        means = np.convolve(curve, np.ones(size) / size, "valid")
        most = int(means.argmax())
        if means[most] < PEAK_TIMES * curve.mean():
            return start, end
        return start + most / RATE, min(start + (most + size) / RATE, end)

    def skip(self, note: str) -> None:
        """Something could not be measured: one plain sentence."""
        self.notes.append(note)


def outside(value: float, bounds: Bounds) -> float:
    """0 inside the bounds, rising to 1 at half as far again outside, or at 0.5 from a bound of 0."""
    below = 0.0 if bounds.low is None else (bounds.low - value) / (abs(bounds.low) / 2 or 0.5)
    above = 0.0 if bounds.high is None else (value - bounds.high) / (abs(bounds.high) / 2 or 0.5)
    return float(np.clip(max(below, above), 0, 1))
