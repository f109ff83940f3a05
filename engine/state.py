"""What one frame shows: ARKit's 52 blendshapes, head pose and gaze; and what a caller may steer."""

import math
from dataclasses import dataclass, field
from typing import Literal

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

Mode = Literal["instead", "on-top"]
TRACK_MODES: tuple[Mode, ...] = ("instead", "on-top")
"""A blendshape track moves the face instead of the speech, or on top of it."""

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
class Amplitude:
    """How much of the planned motion is shown, per group; 1 = as planned. Raises ControlOutOfRange.

    Attributes:
        head: 0..2, factor on the head's own motion (turns, nods, travel, breath); 0 holds it still. Pose,
            emotion and the head's share of the main gaze direction stay as they are, and so do the blinks.
        brows: 0..2, factor on raised and wandering brows; an emotion's brows stay as they are.
        blinks: 0..2, factor on how often the eyes blink; 0 never. A track's own blinks it makes shallower or
            deeper.
    """

    head: float = 1.0
    brows: float = 1.0
    blinks: float = 1.0

    def __post_init__(self) -> None:
        for group in AMPLITUDES:
            _within(f"amplitude {group}", getattr(self, group), 0, 2, "times the planned motion")


AMPLITUDES = ("head", "brows", "blinks")


@dataclass(frozen=True)
class Crop:
    """A square of the picture to show. Raises ControlOutOfRange.

    Attributes:
        x, y: its centre, 0..1 of the picture's width and height.
        side: 0.05..1.5 of the picture's shorter side; at a `distance` other than 1 that many times larger.
    """

    x: float
    y: float
    side: float

    def __post_init__(self) -> None:
        _within("framing x", self.x, 0, 1, "of the picture's width")
        _within("framing y", self.y, 0, 1, "of the picture's height")
        _within("framing side", self.side, 0.05, 1.5, "of the picture's shorter side")


@dataclass(frozen=True)
class Controls:
    """What the caller steers. Raises ControlOutOfRange when a value is not in its range.

    Attributes:
        gaze: main gaze direction, yaw -30..30 and pitch -20..20 degrees, relative to the camera.
        distance: head distance relative to the picture, 0.7..1.5 (1 = as photographed).
        emotion: (name of `EMOTIONS`, strength 0..1) pairs, blended.
        amplitude: how much of the planned motion is shown.
        pose: the head's attitude, yaw -15..15, pitch -10..10 and roll -10..10 degrees, signs as in
            `State.rotation`; motion goes on around it and the gaze stays where it is.
        framing: which square of the picture is shown; None chooses one.
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
    amplitude: Amplitude = field(default_factory=Amplitude)
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)
    framing: Crop | None = None

    def __post_init__(self) -> None:
        _within("gaze yaw", self.gaze[0], -30, 30, "degrees")
        _within("gaze pitch", self.gaze[1], -20, 20, "degrees")
        _within("distance", self.distance, 0.7, 1.5, "times the picture's distance")
        _within("pose yaw", self.pose[0], -15, 15, "degrees")
        _within("pose pitch", self.pose[1], -10, 10, "degrees")
        _within("pose roll", self.pose[2], -10, 10, "degrees")
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
