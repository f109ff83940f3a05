"""What distances mean: thresholds that were measured for one encoder, read from the file beside its model.

A threshold belongs to the exact model file, to the number of pictures behind a template and to a false match
rate (FMR, ISO/IEC 19795-1): it is data, never a constant in code. Code bounds what such a file may say.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from safety.errors import EncoderUnusable

PROFILES = ("accept", "review", "block")
# One stranger in a thousand is the loosest that may ever be accepted as the claimed person.
LOOSEST = 1e-3
MOST_PICTURES = 3
BYTES = 1 << 20
FALSE_ALARMS = 0.01
"""FPIR: share of searches by people who are not in a list that may still hit somebody in it."""


@dataclass(frozen=True)
class Calibration:
    """Cosine distances (0..2) of one encoder.

    Attributes:
        sha256: of the model file they were measured with.
        source: on which pictures, how many trials.
        thresholds: pictures behind the template (1..3) -> FMR -> distance.
        profiles: `accept` for 1:1, `review` for the band above it, `block` for protected people -> FMR.
        margin: how much farther than the claimed identity any other has to be.
        agreement: largest distance between two pictures of one person at enrolment.
    """

    sha256: str
    source: str
    thresholds: Mapping[int, Mapping[float, float]]
    profiles: Mapping[str, float]
    margin: float
    agreement: float

    def threshold(self, profile: str, pictures: int) -> float:
        """The distance of `profile` for a template of so many pictures; more than 3 count as 3."""
        return self.thresholds[max(1, min(pictures, MOST_PICTURES))][self.profiles[profile]]

    def at(self, rate: float, pictures: int) -> float:
        """The distance for any FMR: between two measured ones by the logarithm of the rate, beyond them the
        nearest measured."""
        row = self.thresholds[max(1, min(pictures, MOST_PICTURES))]
        rates = sorted(row)
        logs = [math.log10(each) for each in rates]
        return float(np.interp(math.log10(rate), logs, [row[each] for each in rates]))

    def searched(self, profile: str, pictures: int, people: int) -> float:
        """The distance of `profile` when `people` are searched: FMR = FPIR / N (ISO/IEC 19795-1), never
        looser than the profile and never stricter than what was measured; see `resolves`."""
        return self.at(min(self.profiles[profile], FALSE_ALARMS / max(people, 1)), pictures)

    def widest(self, profile: str, people: int) -> float:
        """The largest `searched` distance of any number of pictures."""
        return max(self.searched(profile, pictures, people) for pictures in self.thresholds)

    @property
    def resolved(self) -> float:
        """The smallest FMR the measurement resolves."""
        return max(min(row) for row in self.thresholds.values())

    def resolves(self, people: int) -> bool:
        """Whether the curve reaches the rate that a search among so many people needs."""
        return FALSE_ALARMS / max(people, 1) >= self.resolved

    def false_alarms(self, people: int) -> float:
        """Expected FPIR of a search among so many people with the thresholds as they are, 0..1."""
        rate = max(self.resolved, min(FALSE_ALARMS / max(people, 1), LOOSEST))
        return 1 - (1 - rate) ** people


def load_calibration(path: Path, sha256: str) -> Calibration:
    """Read and check a calibration file for the model with this sha256.

    Raises:
        EncoderUnusable: it is missing, was measured with another model, or says something out of bounds.
    """
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(BYTES))
        calibration = _parse(content)
    except FileNotFoundError as error:
        raise EncoderUnusable(
            "the face encoder has no calibration.json: measure its distances on pictures like yours and put "
            "the file beside the model"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EncoderUnusable(
            "the calibration file of the face encoder cannot be read: write it again"
        ) from error
    if calibration.sha256 != sha256:
        raise EncoderUnusable("the calibration was measured with another model file: measure this one")
    _check(calibration)
    return calibration


def _parse(content: dict[str, Any]) -> Calibration:
    thresholds = {
        int(pictures): {float(rate): float(distance) for rate, distance in row.items()}
        for pictures, row in content["thresholds"].items()
    }
    return Calibration(
        sha256=str(content["sha256"]),
        source=str(content["source"]),
        thresholds=thresholds,
        profiles={profile: float(content["profiles"][profile]) for profile in PROFILES},
        margin=float(content["margin"]),
        agreement=float(content["agreement"]),
    )


def _check(calibration: Calibration) -> None:
    """Every profile resolves for every row; a stricter rate has a smaller distance; nothing looser than
    `LOOSEST`.
    """
    rows = [calibration.thresholds.get(pictures, {}) for pictures in range(1, MOST_PICTURES + 1)]
    rates = set(calibration.profiles.values())
    if not all(rates <= row.keys() for row in rows):
        raise EncoderUnusable(
            "the calibration lacks a threshold for 1, 2 or 3 pictures at a profile's rate: add it"
        )
    for row in rows:
        distances = [row[rate] for rate in sorted(row)]
        if not all(0 < distance < 1 for distance in distances) or distances != sorted(distances):
            raise EncoderUnusable(
                "the calibration's distances must lie in 0..1 and grow with the false match rate"
            )
    if not 0 < calibration.profiles["accept"] <= LOOSEST:
        raise EncoderUnusable(
            f"the calibration accepts more than {LOOSEST} of strangers: choose a stricter rate"
        )
    strictest = min(calibration.profiles["review"], calibration.profiles["block"])
    if strictest < calibration.profiles["accept"]:
        raise EncoderUnusable("the calibration's review and block must be at least as loose as accept")
    if not (math.isfinite(calibration.margin) and calibration.margin > 0 and 0 < calibration.agreement < 1):
        raise EncoderUnusable("the calibration's margin and agreement must be positive distances")
