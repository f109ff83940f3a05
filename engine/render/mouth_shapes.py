"""What the shapes of jaw, lips and nose do to the 468 mesh points; units as in `engine.render.shapes`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.landmarks import (
    CORNER_POINTS,
    LOWER_INNER,
    LOWER_LIP,
    LOWER_MIDDLE,
    LOWER_OUTER,
    MOUTH_CORNERS,
    UPPER_INNER,
    UPPER_LIP,
    UPPER_MIDDLE,
    UPPER_OUTER,
)
from engine.render.weights import blob, members, smoothstep, vector
from perception.mesh import NOSE_BASE

Floats = NDArray[np.floating[Any]]

# The jaw turns about the condyles, which lie 0.45 below and 1.25 behind the eyes; 20 degrees part the
# incisors by about
# 35 mm, two thirds of the widest opening (Agrawal 2015: 47 mm in the mean), as wide as anyone speaks or
# shouts.
JAW_HINGE = (0.45, 1.25)
JAW_ANGLE = np.radians(20.0)
USUAL_HALF = 0.36  # of a mouth; a narrower one (drawn, mostly) opens less
CORNER_FOLLOWS_JAW = 0.34
ROUND = (2.0, 0.64)  # of parted lips: an ellipse has (2, 0.5), pointed lips (2, 1)
SMILE_IN = 0.58  # of half the mouth: within it the pull at a corner reaches, so that the lips bend


@dataclass(frozen=True)
class Mouth:
    """Where the mouth of a mesh in head coordinates is: x and y of its middle, half its width."""

    x: float
    y: float
    half: float

    @classmethod
    def of(cls, points: Floats) -> "Mouth":
        right, left = points[list(MOUTH_CORNERS)]
        line = points[[UPPER_INNER[5], LOWER_INNER[5]]].mean(axis=0)
        return cls(float(right[0] + left[0]) / 2, float(line[1]), float(left[0] - right[0]) / 2)

    def across(self, points: Floats) -> Floats:
        """-1 at the right corner, 1 at the left one."""
        return (points[:, 0] - self.x) / self.half


def _jaw_weight(p: Floats, mouth: Mouth) -> Floats:
    """How far each point goes with the lower jaw."""
    across = np.abs(mouth.across(p))
    band = 0.16 + 0.16 * smoothstep(across - 0.5)
    weight = smoothstep((p[:, 1] - mouth.y - 0.02 + band) / (2 * band))
    # Between the corners the lips part: the lower goes with the jaw, the upper stays with the skull.
    lens = (1 - np.clip(across, 0, 1) ** ROUND[0]) ** ROUND[1]
    lower, upper, corner = members(LOWER_LIP), members(UPPER_LIP), members(CORNER_POINTS)
    follows = CORNER_FOLLOWS_JAW
    weight = np.where(lower > 0, follows + (1 - follows) * lens, weight)
    weight = np.where(upper > 0, follows * np.clip(across, 0, 1) ** 1.8 - 0.03 * lens, weight)
    return np.where(corner > 0, follows, weight).astype(np.float32)


def jaw(p: Floats, mouth: Mouth) -> dict[str, Floats]:
    weight = _jaw_weight(p, mouth)
    y, z = p[:, 1] - JAW_HINGE[0], p[:, 2] - JAW_HINGE[1]
    angle = JAW_ANGLE * float(np.clip(mouth.half / USUAL_HALF, 0.75, 1.0))
    c, s = np.cos(angle), np.sin(angle)
    turned = np.stack([np.zeros_like(y), y * c - z * s - y, y * s + z * c - z], axis=1)
    opened = (turned * weight[:, None]).astype(np.float32)
    narrower = blob(p, mouth.x, mouth.y + 0.15, 0.5, 0.5) * (p[:, 0] - mouth.x)
    opened[:, 0] -= 0.22 * narrower
    return {
        "jawOpen": opened,
        "jawLeft": vector(weight, x=0.12),
        "jawRight": vector(weight, x=-0.12),
        "jawForward": vector(weight, z=-0.12),
        "mouthClose": _closing(p, _gap(opened)),
        "closeAtRest": _close_at_rest(p, opened),
    }


def _close_at_rest(p: Floats, opened: Floats) -> Floats:
    """The jaw takes the inner lips of the still together, the lips do what is left."""
    gap, by_jaw = _gap(p), _gap(opened)
    share = float(np.clip(gap[5] / by_jaw[5], 0, 1))
    return (_closing(p, gap - share * by_jaw) - share * opened).astype(np.float32)


def _gap(field: Floats) -> Floats:
    """(11,) vertical distance that `field` (468, 3) puts between the inner lips, from corner to corner."""
    gap = field[list(LOWER_INNER), 1] - field[list(UPPER_INNER), 1]
    gap[[0, -1]] = 0
    return gap


def _closing(p: Floats, gap: Floats) -> Floats:
    """Brings the inner lips together over `gap` (11,): three quarters by the lower lip, one by the upper."""
    moved = np.zeros_like(p)
    for share, rings in (
        (-0.75, (LOWER_INNER, *LOWER_MIDDLE, LOWER_OUTER)),
        (0.25, (UPPER_INNER, *UPPER_MIDDLE, UPPER_OUTER)),
    ):
        for carried, ring in zip((1.0, 0.95, 0.98, 0.85), rings, strict=True):
            moved[list(ring[1:-1]), 1] = share * carried * gap[1:-1]
    return moved


def lips(p: Floats, mouth: Mouth) -> dict[str, Floats]:
    around = blob(p, mouth.x, mouth.y, 0.62, 0.42)
    close = blob(p, mouth.x, mouth.y, 0.42, 0.30)
    lens = 1 - np.clip(np.abs(mouth.across(p)), 0, 1) ** 2
    x = p[:, 0] - mouth.x
    lower, upper = members(LOWER_LIP) * lens, members(UPPER_LIP) * lens
    part = 0.06 * lower - 0.05 * upper
    zero = np.zeros_like(x)
    funnel = np.stack([-0.27 * x * around, part, -0.14 * close], axis=1)
    thick = _outwardness(p, mouth)
    pucker = np.stack([-0.40 * x * around, 0.16 * thick * around, -0.16 * close], axis=1)
    roll = -0.75 * thick
    return {
        "mouthFunnel": funnel.astype(np.float32),
        "mouthPucker": pucker.astype(np.float32),
        "mouthLeft": vector(around, x=0.14),
        "mouthRight": vector(around, x=-0.14),
        "mouthRollLower": np.stack([zero, roll * members(LOWER_LIP), zero], axis=1).astype(np.float32),
        "mouthRollUpper": np.stack([zero, roll * members(UPPER_LIP), zero], axis=1).astype(np.float32),
        "mouthShrugLower": vector(
            blob(p, mouth.x, mouth.y + 0.3, 0.4, 0.3) * (1 - members(UPPER_LIP)), y=-0.06
        ),
        "mouthShrugUpper": vector(members(UPPER_LIP) * lens, y=-0.05),
    }


def _outwardness(p: Floats, mouth: Mouth) -> Floats:
    """Signed distance of lip points from the inner contour of their lip, down positive; 0 off the lips."""
    out = np.zeros(468, np.float32)
    for inner, others in (
        (LOWER_INNER, (*LOWER_MIDDLE, LOWER_OUTER)),
        (UPPER_INNER, (*UPPER_MIDDLE, UPPER_OUTER)),
    ):
        for ring in others:
            out[list(ring[1:-1])] = p[list(ring[1:-1]), 1] - p[list(inner[1:-1]), 1]
    return out * (1 - np.clip(np.abs(mouth.across(p)), 0, 1) ** 4).astype(np.float32)


def lip_side(p: Floats, mouth: Mouth, side: float) -> dict[str, Floats]:
    at = blob(p, mouth.x + side * mouth.half, mouth.y, 0.36, 0.32)
    bend = _bend(p, mouth, side)
    cheek = blob(p, side * 0.58, 0.72, 0.36, 0.32)
    across = mouth.across(p)
    half = smoothstep(side * across + 0.5) * (1 - np.clip(np.abs(across), 0, 1) ** 2.5)
    lower, upper = members(LOWER_LIP), members(UPPER_LIP)
    chin = blob(p, mouth.x + side * 0.15, mouth.y + 0.42, 0.3, 0.22) * (1 - lower) * (1 - upper)
    fold = blob(p, side * 0.30, mouth.y - 0.28, 0.25, 0.22) * (1 - lower) * (1 - upper)
    thick = _outwardness(p, mouth)
    return {
        "mouthSmile": vector(at, x=0.13 * side, y=-0.02, z=0.06)
        + vector(bend, y=-0.14)
        + vector(cheek, x=0.02 * side, y=-0.06, z=-0.04),
        "mouthFrown": vector(at, x=0.02 * side, z=0.02) + vector(bend, y=0.12),
        "mouthDimple": vector(at, x=0.09 * side, z=0.06),
        "mouthStretch": vector(at, x=0.14 * side, y=0.03, z=0.05),
        "mouthPress": vector(-0.3 * thick * smoothstep(side * across + 0.5), y=1.0)
        + vector(at, x=0.02 * side),
        "mouthLowerDown": vector(lower * half, y=0.13) + vector(chin, y=0.04),
        "mouthUpperUp": vector((upper + _philtrum(p)) * half, y=-0.10) + vector(fold, y=-0.04),
        "noseSneer": _sneer(p, side),
    }


def _sneer(p: Floats, side: float) -> Floats:
    """Wing and flank of the nose go up, its base between the nostrils stays."""
    wing = blob(p, side * 0.24, 0.72, 0.16, 0.2) * smoothstep(side * p[:, 0] / 0.2)
    flank = blob(p, side * 0.15, 0.2, 0.15, 0.25)
    return vector(wing, y=-0.08) + vector(flank, y=-0.02)


def _philtrum(p: Floats) -> Floats:
    """How far the skin between nose and upper lip goes with the lip: 0 at the nose, 1 at the lip."""
    nose, lip = float(p[NOSE_BASE, 1]), float(p[UPPER_OUTER[5], 1])
    share = np.clip((p[:, 1] - nose) / max(lip - nose, 1e-3), 0, 1)
    skin = (p[:, 1] < lip) * (1 - members(UPPER_LIP)) * (1 - members(CORNER_POINTS))
    return np.asarray(share * skin, np.float32)


def _bend(p: Floats, mouth: Mouth, side: float) -> Floats:
    """1 at a corner of the mouth, next to nothing in its middle: what is pulled so, bends."""
    away = side * (p[:, 0] - mouth.x) - mouth.half
    reach = np.where(away < 0, SMILE_IN * mouth.half, 0.36)
    return np.exp(-((away / reach) ** 2) - ((p[:, 1] - mouth.y) / 0.34) ** 2).astype(np.float32)
