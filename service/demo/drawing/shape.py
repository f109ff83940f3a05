"""Proportions and colours of a drawn head. Lengths are eye distances (pupil to pupil), x right, y down.

The frame of reference is the face: (0, 0) lies between the pupils, which are at (-0.5, 0) and (0.5, 0).
Default lengths are those of an average adult (eye distance 63 mm, face 137 mm wide, pupils to chin 115 mm,
mouth 52 mm, nose 32 mm wide), with eyes a seventh larger, as portrait painters like them.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Floats = NDArray[np.floating[Any]]
Colour = tuple[int, int, int]  # sRGB 0..255
EXPRESSIONS = ("neutral", "smile", "brows")
CENTRE_Y = 0.1  # the outline's angles are measured around (0, CENTRE_Y)


@dataclass(frozen=True)
class Face:
    """One head's proportions, in eye distances; angles in radians."""

    # (x, y) of the right half of the skull's outline, from the crown to the chin
    outline: tuple[tuple[float, float], ...]
    eye_width: float = 0.268  # half the opening, corner to corner
    eye_upper: float = 0.126
    eye_lower: float = 0.080
    eye_tilt: float = 0.05  # outer corner higher by this
    iris: float = 0.128
    lid: float = 0.06  # crease above the lash line
    brow_y: float = -0.36
    brow_arch: float = 0.07
    brow_thick: float = 0.050
    brow_inner: float = 0.17
    brow_outer: float = 0.88
    nose_length: float = 0.66  # pupils to the tip's underside
    nose_width: float = 0.25  # half
    nose_bridge: float = 0.095
    nose_depth: float = 0.44
    mouth_y: float = 1.13
    mouth_width: float = 0.40  # half
    lip_upper: float = 0.095
    lip_lower: float = 0.135
    mouth_lift: float = 0.012  # corners higher by this
    cheek: float = 0.10
    cheek_y: float = 0.42
    brow_ridge: float = 0.04
    chin: float = 0.10
    fold: float = 0.018  # nasolabial
    age: float = 0.0  # 0..1 depth of wrinkles
    neck: float = 0.56  # half width
    shoulders: float = 1.95


def expressed(face: Face, expression: str) -> Face:
    """`face` with another expression.

    Raises:
        ValueError: the expression is not one of `EXPRESSIONS`.
    """
    match expression:
        case "neutral":
            return face
        case "smile":
            return replace(
                face,
                mouth_width=face.mouth_width * 1.10, mouth_lift=face.mouth_lift + 0.055,
                lip_upper=face.lip_upper * 0.92, lip_lower=face.lip_lower * 0.93,
                cheek=face.cheek + 0.04, cheek_y=face.cheek_y - 0.03, fold=face.fold + 0.02,
                eye_lower=face.eye_lower * 0.90,
            )  # fmt: skip
        case "brows":
            return replace(
                face,
                brow_y=face.brow_y - 0.055,
                brow_arch=face.brow_arch * 1.15,
                eye_upper=face.eye_upper * 1.05,
            )
        case _:
            raise ValueError(f"expression {expression!r} is not one of {', '.join(EXPRESSIONS)}")


def smooth(low: float | Floats, high: float | Floats, value: Floats) -> Floats:
    """Hermite step from 0 at `low` to 1 at `high` (either order), float32."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def bump(x: Floats, y: Floats, at: tuple[float, float], size: tuple[float, float]) -> Floats:
    """A Gaussian hill of height 1 at `at`, standard deviations `size`."""
    return np.asarray(
        np.exp(-0.5 * (((x - at[0]) / size[0]) ** 2 + ((y - at[1]) / size[1]) ** 2)), np.float32
    )


def radius(face: Face, angle: Floats) -> Floats:
    """Distance of the outline from (0, CENTRE_Y) in the direction `angle` (atan2(x, -y): 0 is up).

    A cosine series through the outline's points: symmetric, and so smooth that the relief shows no creases.
    """
    points = np.array(face.outline, float)
    at = np.arctan2(points[:, 0], -(points[:, 1] - CENTRE_Y))
    far = np.hypot(points[:, 0], points[:, 1] - CENTRE_Y)
    dense = np.linspace(0, np.pi, 120)
    orders = np.arange(9)
    waves = np.cos(np.outer(dense, orders))
    series, *_ = np.linalg.lstsq(waves, PchipInterpolator(at, far)(dense), rcond=None)
    table = np.linspace(0, np.pi, 1024)
    return np.asarray(np.interp(np.abs(angle), table, np.cos(np.outer(table, orders)) @ series), np.float32)


def within(face: Face, x: Floats, y: Floats) -> Floats:
    """Relative radius: 0 at the centre, 1 on the outline."""
    return np.asarray(np.hypot(x, y - CENTRE_Y) / radius(face, np.arctan2(x, -(y - CENTRE_Y))))


def lid_lines(face: Face, u: Floats) -> tuple[Floats, Floats]:
    """y of the upper and lower lid's edge at u (-1 inner corner, 1 outer corner)."""
    inside = np.clip(1.0 - u * u, 0.0, None)
    tilt = -face.eye_tilt * u * 0.5
    upper = tilt - face.eye_upper * inside**0.72 * (1.0 - 0.14 * u)
    lower = tilt + face.eye_lower * inside**0.85 * (1.0 + 0.22 * u) + 0.018 * np.clip(-u, 0, 1) ** 3
    return upper.astype(np.float32), lower.astype(np.float32)


# height of the upper lip from its middle (Cupid's bow) to the corner
_BOW = PchipInterpolator(
    [0, 0.06, 0.20, 0.28, 0.45, 0.65, 0.85, 0.96, 1], [0.80, 0.83, 0.99, 1.0, 0.84, 0.56, 0.24, 0.06, 0]
)


def lip_lines(face: Face, x: Floats) -> tuple[Floats, Floats, Floats]:
    """y of the upper edge, the closed seam and the lower edge of the lips at x."""
    u = np.clip(np.abs(x) / face.mouth_width, 0.0, 1.0)
    lift = -face.mouth_lift * u**2
    seam = (
        face.mouth_y + lift + 0.012 * np.exp(-((u / 0.16) ** 2)) - 0.012 * np.exp(-(((u - 0.38) / 0.22) ** 2))
    )
    upper = seam - face.lip_upper * _BOW(u)
    lower = face.mouth_y + lift + face.lip_lower * np.clip(1 - u**2.3, 0, None) ** 0.85
    return upper.astype(np.float32), seam.astype(np.float32), lower.astype(np.float32)
