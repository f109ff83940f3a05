"""What cosines of voices mean: thresholds that were measured for one encoder, read from the file beside it.

A threshold belongs to the exact model file: it is data, never a constant in code. Code bounds what such a
file may say.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safety.errors import EncoderUnusable

PROFILES = ("default", "strict")
LOOSEST = 0.5
"""No voice passes below this cosine, whatever a file says: strangers reach it."""
BYTES = 1 << 16


@dataclass(frozen=True)
class Profile:
    """Least cosines: of the whole speech, and of each stretch of `verify.STRETCH` pieces in it."""

    whole: float
    stretch: float


@dataclass(frozen=True)
class VoiceCalibration:
    """Thresholds of one speaker encoder.

    Attributes:
        sha256: of the model file they were measured with.
        source: on whose speech, how many trials.
        profiles: by name.
        agreement: least cosine of each piece of an enrolment with the mean of the others.
    """

    sha256: str
    source: str
    profiles: Mapping[str, Profile]
    agreement: float

    def profile(self, name: str) -> Profile:
        """Raises EncoderUnusable for a name that is none."""
        if name not in self.profiles:
            raise EncoderUnusable(f"no voice profile is called {name!r}: use {' or '.join(PROFILES)}")
        return self.profiles[name]


def load_calibration(path: Path, sha256: str) -> VoiceCalibration:
    """Read and check a calibration file for the model with this sha256.

    Raises:
        EncoderUnusable: it is missing, was measured with another model, or says something out of bounds.
    """
    try:
        with path.open("rb") as file:
            calibration = _parse(json.loads(file.read(BYTES)))
    except FileNotFoundError as error:
        raise EncoderUnusable("the speaker encoder has no calibration file: install it again") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EncoderUnusable(
            "the calibration file of the speaker encoder cannot be read: write it again"
        ) from error
    if calibration.sha256 != sha256:
        raise EncoderUnusable("the voice calibration was measured with another model file: measure this one")
    _check(calibration)
    return calibration


def _parse(content: dict[str, Any]) -> VoiceCalibration:
    profiles = {
        name: Profile(float(content["profiles"][name]["whole"]), float(content["profiles"][name]["stretch"]))
        for name in PROFILES
    }
    return VoiceCalibration(
        str(content["sha256"]), str(content["source"]), profiles, float(content["agreement"])
    )


def _check(calibration: VoiceCalibration) -> None:
    default, strict = (calibration.profiles[name] for name in PROFILES)
    for each in (default, strict):
        if not LOOSEST <= each.stretch <= each.whole < 1:
            raise EncoderUnusable(
                f"a voice profile needs {LOOSEST} <= stretch <= whole < 1: correct the calibration"
            )
    if strict.whole < default.whole or strict.stretch < default.stretch:
        raise EncoderUnusable("the profile strict must not be looser than default: correct the calibration")
    if not LOOSEST <= calibration.agreement < 1:
        raise EncoderUnusable(f"the agreement of a voice enrolment is a cosine from {LOOSEST} to 1")
