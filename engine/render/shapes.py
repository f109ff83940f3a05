"""What each blendshape does to the 468 mesh points, by rules of our own.

Head coordinates: unit = distance between the eyes, about 63 mm; x to the sitter's left, y to the chin, z to
the back.
Names and meaning are ARKit's (ARFaceAnchor.BlendShapeLocation); sizes are those of a strong but natural
movement.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.render.mouth_shapes import Mouth, jaw, lip_side, lips
from engine.render.weights import blob, smoothstep, vector
from perception.mesh import LEFT_BROW_LOWER, LEFT_BROW_UPPER, RIGHT_BROW_LOWER, RIGHT_BROW_UPPER

Floats = NDArray[np.floating[Any]]

SIDES = (("Left", 1.0), ("Right", -1.0))
LID_TOP = -0.14  # height of the upper lid's crease; brows move the skin above it


def shapes(points: Floats) -> dict[str, Floats]:
    """Displacements (468, 3) in head units at full strength, by name; those of lids and eyes are not among
    them.

    Besides ARKit's there is "closeAtRest", which shuts a mouth that is open in the picture.

    Args:
        points: (468, 3) mesh of the still in head coordinates.
    """
    mouth = Mouth.of(points)
    made = jaw(points, mouth)
    made |= lips(points, mouth)
    for name, side in SIDES:
        made |= {k + name: v for k, v in lip_side(points, mouth, side).items()}
        made |= {k + name: v for k, v in _upper_face(points, side).items()}
    made["browInnerUp"] = _brow_inner_up(points)
    made["cheekPuff"] = _cheek_puff(points)
    return made


def _upper_face(p: Floats, side: float) -> dict[str, Floats]:
    brow = _brow(p, side)
    inner, outer = (
        brow * smoothstep(1.1 - side * p[:, 0] * 1.6),
        brow * smoothstep(side * p[:, 0] * 1.6 - 0.4),
    )
    cheek = blob(p, side * 0.58, 0.62, 0.36, 0.30)
    return {
        "browDown": vector(brow, x=-0.03 * side, y=0.10) + vector(inner, x=-0.04 * side, y=0.06),
        "browOuterUp": vector(outer, y=-0.14),
        "cheekSquint": vector(cheek, y=-0.07, z=-0.03),
        "eyeSquint": vector(cheek, y=-0.03),
    }


def _brow(p: Floats, side: float) -> Floats:
    """1 on the brow, fading over the forehead above it, 0 on the lids."""
    rings = (LEFT_BROW_LOWER, LEFT_BROW_UPPER) if side > 0 else (RIGHT_BROW_LOWER, RIGHT_BROW_UPPER)
    lower, upper = (p[list(ring), 1].mean() for ring in rings)
    below = smoothstep((p[:, 1] - LID_TOP) / (lower + 0.08 - LID_TOP))
    above = 1 - 0.75 * smoothstep((upper - p[:, 1]) / 0.55)
    within = smoothstep(side * p[:, 0] / 0.3 + 0.45) * (1 - smoothstep((side * p[:, 0] - 0.75) / 0.45))
    return (below * above * within).astype(np.float32)


def _brow_inner_up(p: Floats) -> Floats:
    both = np.maximum(_brow(p, 1.0), _brow(p, -1.0))
    return vector(both * (1 - smoothstep((np.abs(p[:, 0]) - 0.15) / 0.55)), y=-0.15)


def _cheek_puff(p: Floats) -> Floats:
    right, left = (blob(p, side * 0.62, 1.0, 0.35, 0.35) for side in (-1, 1))
    return vector(left - right, x=0.08) + vector(left + right, z=-0.1)
