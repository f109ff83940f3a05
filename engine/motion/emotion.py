"""Emotions as offsets of the face: ARKit weights at full strength, head attitude, width of the jaw.

Action units per emotion as in FACS (Ekman & Friesen 1978; EMFACS): happy 6+12, sad 1+4+15, angry 4+5+7+23,
surprised 1+2+5+26, afraid 1+2+4+5+20, disgusted 4+9+10, contempt 12+14 on one side. None of them opens shut
lips: what parts them shows between contacts while speaking.
"""

from dataclasses import dataclass, field

import numpy as np

from engine.motion.curves import Track
from engine.motion.draws import wander
from engine.state import BLENDSHAPES

# Shapes that part the lips: they yield to contacts and silence.
PARTING = frozenset(
    (
        "jawOpen", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight",
        "mouthFunnel",
    )
)  # fmt: skip
_BREATHING_SHARE = 0.15  # of an emotion's strength comes and goes; a frozen smile reads as a mask
_PACE = 2.5  # seconds between its draws


@dataclass(frozen=True)
class Attitude:
    """One emotion at strength 1.

    Attributes:
        shapes: ARKit name to weight.
        head: yaw, pitch, roll in degrees, added.
        jaw: factor on how wide speech opens the jaw.
    """

    shapes: dict[str, float] = field(default_factory=dict)
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)
    jaw: float = 1.0

    @property
    def weights(self) -> Track:
        """(52,) of `shapes`, in the order of `BLENDSHAPES`."""
        return np.array([self.shapes.get(name, 0.0) for name in BLENDSHAPES])


def _both(**weights: float) -> dict[str, float]:
    return {name + side: weight for name, weight in weights.items() for side in ("Left", "Right")}


ATTITUDES = {
    "neutral": Attitude(),
    "happy": Attitude(
        _both(mouthSmile=0.65, cheekSquint=0.60, eyeSquint=0.75, mouthDimple=0.15),
        (0.0, 0.0, 0.0),
        1.05,
    ),
    "sad": Attitude(
        _both(mouthFrown=0.60, browDown=0.05, eyeSquint=0.12, eyeBlink=0.12)
        | {"browInnerUp": 1.0, "mouthShrugLower": 0.30},
        (0.0, -3.0, 1.5),
        0.85,
    ),
    "angry": Attitude(
        _both(browDown=0.75, eyeSquint=0.35, eyeWide=0.15, noseSneer=0.25, mouthPress=0.35, mouthFrown=0.20)
        | {"jawForward": 0.15},
        (0.0, -2.0, 0.0),
        1.10,
    ),
    "surprised": Attitude(
        _both(browOuterUp=0.75, eyeWide=0.90) | {"browInnerUp": 0.80, "jawOpen": 0.35}, (0.0, 1.5, 0.0), 1.20
    ),
    "afraid": Attitude(
        _both(browOuterUp=0.30, browDown=0.15, eyeWide=0.75, mouthStretch=0.55) | {"browInnerUp": 1.0},
        (0.0, 1.0, 0.0),
        0.95,
    ),
    "disgusted": Attitude(
        _both(noseSneer=0.60, mouthUpperUp=1.00, browDown=0.45, eyeSquint=0.20),
        (2.0, 1.0, 0.0),
        0.90,
    ),
    "contempt": Attitude(
        {
            "mouthSmileLeft": 0.75, "mouthDimpleLeft": 0.60, "mouthFrownRight": 0.15, "cheekSquintLeft": 0.20,
            "eyeSquintLeft": 0.20, "eyeSquintRight": 0.12, "browOuterUpRight": 0.30, "browDownLeft": 0.10,
        },
        (-2.0, 1.5, 2.0),
        0.95,
    ),
}  # fmt: skip


def blend(emotion: tuple[tuple[str, float], ...]) -> Attitude:
    """Sum of (name, strength) pairs; strengths that sum over 1 are shared out so that they sum to 1."""
    scale = 1.0 / max(1.0, sum(strength for _, strength in emotion))
    shapes: dict[str, float] = {}
    head, jaw = np.zeros(3), 1.0
    for name, strength in emotion:
        attitude = ATTITUDES[name]
        for shape, weight in attitude.shapes.items():
            shapes[shape] = shapes.get(shape, 0.0) + scale * strength * weight
        head += scale * strength * np.array(attitude.head)
        jaw += scale * strength * (attitude.jaw - 1.0)
    yaw, pitch, roll = (float(angle) for angle in head)
    return Attitude(shapes, (yaw, pitch, roll), jaw)


def presence(seed: int, times: Track) -> Track:
    """(T,) how much of an emotion shows, around 1 minus a small share that comes and goes."""
    swing = np.tanh(wander(seed, "emotion", times, _PACE, 1)[:, 0])
    return np.asarray(1.0 - _BREATHING_SHARE * (0.5 + 0.5 * swing))
