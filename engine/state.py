"""What one frame shows: ARKit's 52 blendshapes, head pose and gaze; and what a caller may steer."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.errors import ControlOutOfRange

# Apple ARKit, ARFaceAnchor.BlendShapeLocation: the order of every (52,) array here.
BLENDSHAPES = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose",
    "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut",
)  # fmt: skip
INDEX = {name: i for i, name in enumerate(BLENDSHAPES)}

EMOTIONS = ("neutral", "happy", "sad", "angry", "surprised", "afraid", "disgusted", "contempt")


@dataclass(frozen=True)
class State:
    """One instant of the face. Left and right are the sitter's own.

    Attributes:
        blendshapes: (52,) float32 in 0..1, order of `BLENDSHAPES`.
        rotation: yaw, pitch, roll in degrees; positive yaw turns the nose to the sitter's left (image right),
            positive pitch lifts it, positive roll tilts the head to the sitter's left shoulder.
        translation: x, y, z in units of inter-ocular distance; x to image right, y down, z away from camera.
        gaze: yaw, pitch in degrees relative to the head; positive yaw to image right, positive pitch up.
    """

    blendshapes: NDArray[np.float32]
    rotation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    translation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gaze: tuple[float, float] = (0.0, 0.0)

    def __getitem__(self, name: str) -> float:
        return float(self.blendshapes[INDEX[name]])


def rest() -> State:
    """The picture as it is: every channel zero."""
    return State(np.zeros(len(BLENDSHAPES), np.float32))


@dataclass(frozen=True)
class Controls:
    """What the caller steers. Raises ControlOutOfRange when a value is not in its range.

    Attributes:
        gaze: main gaze direction, yaw -30..30 and pitch -20..20 degrees, relative to the camera.
        distance: head distance relative to the picture, 0.7..1.5 (1 = as photographed).
        emotion: (name of `EMOTIONS`, strength 0..1) pairs, blended.
        size: width and height of the square frame, 256..1080 pixels, even.
        fps: frames per second, 24..60.
        seed: 0..2**63-1; same inputs, seed and version give the same frames on the same machine.
    """

    gaze: tuple[float, float] = (0.0, 0.0)
    distance: float = 1.0
    emotion: tuple[tuple[str, float], ...] = field(default=())
    size: int = 512
    fps: int = 25
    seed: int = 0

    def __post_init__(self) -> None:
        _within("gaze yaw", self.gaze[0], -30, 30, "degrees")
        _within("gaze pitch", self.gaze[1], -20, 20, "degrees")
        _within("distance", self.distance, 0.7, 1.5, "times the picture's distance")
        _within("size", self.size, 256, 1080, "pixels")
        _within("fps", self.fps, 24, 60, "frames per second")
        _within("seed", self.seed, 0, 2**63 - 1, "")
        if self.size % 2:
            raise ControlOutOfRange(f"size {self.size} is odd: use an even number of pixels", control="size")
        for name, strength in self.emotion:
            if name not in EMOTIONS:
                raise ControlOutOfRange(
                    f"emotion {name!r} is not one of {', '.join(EMOTIONS)}", control="emotion"
                )
            _within(f"emotion {name} strength", strength, 0, 1, "")


def _within(control: str, value: float, low: float, high: float, unit: str) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise ControlOutOfRange(
            f"{control} is {value}, outside {low} to {high} {unit}".rstrip(),
            control=control, low=low, high=high,
        )  # fmt: skip
