"""Pose and expression edit of a single still: one frame, no time.

An engine function only. A picture that leaves the service would need marks of its own kind (a still's
watermark and credentials), so no command or call offers this: a clip is what passes the gates.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.errors import ControlOutOfRange, RenderFailed
from engine.motion.blinks import lids_following
from engine.motion.emotion import blend
from engine.motion.gaze import eye_in_head
from engine.prepare import Finder, prepare
from engine.state import BLENDSHAPES, INDEX, Controls, State


def expression(weights: Mapping[str, float], controls: Controls) -> State:
    """The face that named ARKit weights, and the pose, gaze (relative to the camera) and emotion of
    `controls` make together; weights over 1 in sum are held at 1.

    Raises:
        ControlOutOfRange: a name that ARKit does not have, or a weight outside 0..1.
    """
    shapes = np.zeros(len(BLENDSHAPES))
    for name, weight in weights.items():
        if name not in INDEX:
            raise ControlOutOfRange(f"{name[:40]!r} is not one of ARKit's 52 blendshapes", control="weights")
        if not 0.0 <= weight <= 1.0:
            raise ControlOutOfRange(f"{name} is {weight}, outside 0 to 1", control=name, low=0, high=1)
        shapes[INDEX[name]] = weight
    attitude = blend(controls.emotion)
    for name, weight in attitude.shapes.items():
        shapes[INDEX[name]] += weight
    yaw, pitch, roll = (a + b for a, b in zip(attitude.head, controls.pose, strict=True))
    gaze = eye_in_head(np.array(controls.gaze), (yaw, pitch, roll))
    for name, weight in zip(("eyeBlink", "eyeWide"), lids_following(gaze[1]), strict=True):
        for side in ("Left", "Right"):
            shapes[INDEX[name + side]] += weight
    return State(np.clip(shapes, 0.0, 1.0).astype(np.float32), rotation=(yaw, pitch, roll), gaze=gaze)


def edit_still(
    pixels: NDArray[np.uint8], state: State, controls: Controls, finder: Finder, device: str = "cpu"
) -> NDArray[np.uint8]:
    """The still with its face as `state` has it.

    Args:
        pixels: (H, W, 3) RGB.
        state: from `expression`, a `Track`, or a `Motion`.
        controls: size, distance and framing are used; what moves the face is in `state`.
        device: of torch: "cpu", "cuda".

    Returns:
        (S, S, 3) uint8 RGB.

    Raises:
        FaceError, PortraitUnusable, ControlOutOfRange, RenderFailed: see `prepare`.
        RenderFailed: also where the device gave up.
    """
    renderer = prepare(pixels, controls, finder, device)
    try:
        return renderer.render(state)
    except RuntimeError as error:
        raise RenderFailed(f"the still could not be rendered on {device!r}") from error
