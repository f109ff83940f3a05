"""What lips and jaw aim at for each sound, as ARKit weights.

The grouping and the rules follow JALI (Edwards, Landreth, Fiume, Singh 2016): jaw and lips are two axes with
weights of their own; p b m and f v are not here but in `lips.py`, because they are contacts that must be
reached, not aims that may be blended. Openings follow tracked speakers: a wide "aa" is a jawOpen of about a
half, not 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.speech import BREATH, VOCAL

# Columns of the lip plan; left and right move alike here, emotion and idle life bring asymmetry.
SHAPES = (
    "jawOpen", "mouthFunnel", "mouthPucker", "mouthStretch", "mouthSmile", "mouthLowerDown", "mouthUpperUp",
    "mouthRollLower", "mouthShrugLower",
)  # fmt: skip

BILABIAL = frozenset(("P", "B", "M"))
LABIODENTAL = frozenset(("F", "V"))
OBSTRUENT = LABIODENTAL | {"P", "B", "T", "D", "K", "G", "TH", "DH", "S", "Z", "SH", "ZH", "CH", "JH"}


@dataclass(frozen=True)
class Viseme:
    """An aim with its say against its neighbours.

    Attributes:
        shape: (9,) weights in the order of `SHAPES`.
        jaw, lips: weight of this aim for the jaw and for the lips; 0 leaves the neighbours their way.
        protruded: the lips set out early and come back late.
    """

    shape: NDArray[np.float64]
    jaw: float
    lips: float
    protruded: bool = False


def _viseme(jaw_weight: float, lip_weight: float, protruded: bool = False, /, **shape: float) -> Viseme:
    scaled = [shape.get(name, 0.0) * (OPENING if name in _OPENING else 1.0) for name in _SHORT]
    return Viseme(np.array(scaled), jaw_weight, lip_weight, protruded)


# Aims below open the lips of rendered faces to 0.05-0.09 of the distance of the eyes on average; tracked
# speakers open theirs to 0.09, VASA-1's clips to 0.11.
OPENING = 1.2
_OPENING = ("jaw", "lower", "upper")
_SHORT = ("jaw", "funnel", "pucker", "stretch", "smile", "lower", "upper", "roll", "shrug")

VISEMES = {
    # open and mid vowels: the jaw carries them
    "AA": _viseme(1.0, 0.8, jaw=0.46, lower=0.20, upper=0.08),
    "AE": _viseme(1.0, 0.9, jaw=0.42, stretch=0.18, smile=0.08, lower=0.26, upper=0.16),
    "AH": _viseme(0.9, 0.6, jaw=0.31, lower=0.16, upper=0.07),
    "EH": _viseme(0.9, 0.8, jaw=0.31, stretch=0.16, smile=0.06, lower=0.24, upper=0.13),
    "AO": _viseme(1.0, 1.2, True, jaw=0.38, funnel=0.36, pucker=0.14, lower=0.06),
    # close front vowels: spread lips
    "IH": _viseme(0.8, 0.8, jaw=0.22, stretch=0.15, smile=0.05, lower=0.20, upper=0.11),
    "IY": _viseme(0.9, 1.0, jaw=0.16, stretch=0.30, smile=0.20, lower=0.22, upper=0.12),
    "Y": _viseme(0.6, 0.6, jaw=0.12, stretch=0.24, smile=0.12, lower=0.16, upper=0.08),
    # rounded
    "UW": _viseme(1.0, 1.8, True, jaw=0.13, funnel=0.26, pucker=0.62),
    "UH": _viseme(0.9, 1.3, True, jaw=0.19, funnel=0.34, pucker=0.24),
    "W": _viseme(1.0, 1.8, True, jaw=0.08, funnel=0.16, pucker=0.70),
    "ER": _viseme(0.9, 1.2, True, jaw=0.19, funnel=0.34, pucker=0.14, lower=0.08),
    "R": _viseme(0.6, 1.1, True, jaw=0.14, funnel=0.36, pucker=0.20, lower=0.05),
    # sibilants: teeth together, lips apart
    "S": _viseme(1.6, 0.7, jaw=0.06, stretch=0.18, lower=0.24, upper=0.12),
    "SH": _viseme(1.5, 1.5, True, jaw=0.07, funnel=0.52, pucker=0.16, lower=0.14, upper=0.10),
    # tongue only: a jaw of their own, the neighbours' lips
    "T": _viseme(0.7, 0.12, jaw=0.14, lower=0.16, upper=0.06),
    "L": _viseme(0.6, 0.12, jaw=0.22, lower=0.18, upper=0.06),
    "TH": _viseme(0.9, 0.35, jaw=0.15, lower=0.22, upper=0.07),
    "K": _viseme(0.35, 0.08, jaw=0.22, lower=0.14, upper=0.06),
    "HH": _viseme(0.1, 0.05, jaw=0.22, lower=0.14, upper=0.06),
    # sound without a phone: the jaw follows its loudness
    VOCAL: _viseme(0.9, 0.6, jaw=0.30, lower=0.18, upper=0.10),
    BREATH: _viseme(0.6, 0.4, jaw=0.07, lower=0.08),
}
VISEMES |= {name: VISEMES[like] for name, like in {
    "Z": "S", "ZH": "SH", "CH": "SH", "JH": "SH", "D": "T", "N": "T", "DH": "TH", "G": "K", "NG": "K",
}.items()}  # fmt: skip

# Diphthongs glide from one aim to the other; the first holds for about half of the sound.
DIPHTHONGS = {
    "AW": ("AA", "UW"),
    "AY": ("AA", "IH"),
    "EY": ("EH", "IY"),
    "OW": ("AO", "UW"),
    "OY": ("AO", "IY"),
}
FIRST_SHARE = 0.55

# Contacts. Lower lip to upper teeth: rolled in and raised over a nearly shut jaw.
LABIODENTAL_SHAPE = np.array([0.05, 0.0, 0.0, 0.06, 0.0, 0.0, 0.16, 0.50, 0.12])
