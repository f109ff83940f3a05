"""A finding about the sound."""

from typing import NamedTuple

import numpy as np

from safety.detector.report import Finding


class Bounds(NamedTuple):
    """The range of recorded people; None where it has no such end; its source; and the largest sign.

    The sign reaches `most` at `full` outside of the range: a sound that was cleaned by hand or by a telephone
    is outside of some of these, too.
    """

    low: float | None
    high: float | None
    full: float
    most: float
    source: str

    def sign(self, value: float) -> float:
        """0 inside .. `most`."""
        below = 0.0 if self.low is None else self.low - value
        above = 0.0 if self.high is None else value - self.high
        return float(np.clip(max(below, above) / self.full, 0.0, 1.0)) * self.most


class Heard(NamedTuple):
    """What one cue gives: findings, or a plain sentence on why there are none."""

    findings: list[Finding]
    note: str = ""


def finding(
    name: str, value: float, unit: str, bounds: Bounds, reason: str, span: tuple[float, float]
) -> Finding:
    """Of group `sound`; its sign follows from its bounds. It has no place in the picture."""
    return Finding(
        name, "sound", value, unit, bounds.low, bounds.high, bounds.source, bounds.sign(value), reason, *span
    )
