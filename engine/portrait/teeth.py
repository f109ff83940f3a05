"""What is behind the lips, drawn: cavity, tongue, lower and upper teeth."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.style import Style

Floats = NDArray[np.floating[Any]]

# Eye distances (63 mm) on a mouth of half width 0.36; crowns after Ash and Nelson, Dental Anatomy: upper
# incisors
# 8.5 and 6.5 mm wide, canine 7.5, lower incisors 5 and 5.5; seen from the front the arch hides part of the
# rest.
USUAL_HALF = 0.36
UPPER_WIDTHS = (0.130, 0.100, 0.095, 0.065, 0.050, 0.035)
LOWER_WIDTHS = (0.080, 0.085, 0.090, 0.075, 0.060, 0.045)
UPPER_EDGE = 0.060  # below the line of the lips: a jaw that opens bares 3-4 mm of the upper incisors
UPPER_HEIGHT = 0.170
LOWER_EDGE = 0.004
LOWER_HEIGHT = 0.150
CHEEK = (0.24, 0.44)  # from where to where the cavity's side turns into the inside of the cheeks
CHEEK_LIGHT = 1.35  # of the cavity's colour
SIDE_LIGHT = 0.30  # of the light's sideways part, at the corners of the mouth
GAP = (0.10, 0.006)  # between two teeth: how much darker, how wide
# Seen from the front the rows meet at the sides, since the jaw's hinge lies behind them.
UPPER_ARCH, LOWER_ARCH = 0.040, 0.035
WARM_SHADE = np.asarray([0.85, 1.05, 1.15], np.float32)  # light in a mouth has been reflected by flesh


@dataclass(frozen=True)
class Interior:
    """Layers (4, h, w) of colour 0..255 and cover 0..1; the cavity (3, h, w) covers everything.

    Upper teeth and cavity stay with the skull, lower teeth and tongue go with the jaw.
    """

    cavity: Floats
    tongue: Floats
    lower: Floats
    upper: Floats


def draw_interior(
    x: Floats, below_upper: Floats, below_lower: Floats, half: float, style: Style, grain: Floats
) -> Interior:
    """Draw it at places (h, w) in head units.

    Args:
        x: from the middle of the mouth to the sitter's left.
        below_upper, below_lower: from the upper and the lower lip's edge in the still, down.
        half: half the mouth's width.
        grain: (h, w) how much lighter each place is than it would be without the picture's grain, as a share.
    """
    scale = half / USUAL_HALF
    x, upper, lower = x / scale, below_upper / scale, below_lower / scale
    pixel = float(np.median(np.diff(x[0])))
    layers = (
        _cavity(x, upper, style),
        _tongue(x, lower, style, pixel),
        _teeth(x, -lower, -LOWER_EDGE, LOWER_HEIGHT, LOWER_WIDTHS, style, pixel, 0.84, -LOWER_ARCH),
        _teeth(x, upper, UPPER_EDGE, UPPER_HEIGHT, UPPER_WIDTHS, style, pixel, 1.0, UPPER_ARCH),
    )
    # One side lies in the light of the picture, as the skin about the mouth does, and in its grain.
    lit = 1 + (1 - style.flat) * SIDE_LIGHT * style.light[0] * np.clip(x / USUAL_HALF, -1, 1) + grain
    for layer in layers:
        layer[:3] = np.clip(layer[:3] * lit, 0, 255)
    return Interior(*layers)


def _layer(colour: Floats, cover: Floats) -> Floats:
    return np.concatenate([colour.transpose(2, 0, 1), cover[None]]).astype(np.float32)


def _ramp(distance: Floats, pixel: float) -> Floats:
    """Cover of an edge that is one and a half pixels wide; positive distances are inside."""
    return np.asarray(np.clip(0.5 + distance / (1.5 * pixel), 0, 1), np.float32)


def _cavity(x: Floats, y: Floats, style: Style) -> Floats:
    """Darker upwards, where it goes back; at the corners the cheeks' inside comes forward into the light."""
    depth = 0.55 + 0.45 * np.clip((y - 0.02) / 0.3, 0, 1)
    cheek = np.clip((np.abs(x) - CHEEK[0]) / (CHEEK[1] - CHEEK[0]), 0, 1) ** 2
    depth = depth + (CHEEK_LIGHT - depth) * cheek
    depth = depth + (0.9 - depth) * style.flat
    return np.asarray((depth[..., None] * style.cavity).transpose(2, 0, 1), np.float32)


def _tongue(x: Floats, y: Floats, style: Style, pixel: float) -> Floats:
    """An arc behind the lower teeth, brightest along its front, with a faint groove."""
    body = 1 - (np.abs(x) / 0.27) ** 2.5 - ((y - 0.10) / 0.19) ** 2
    cover = np.clip(body / 0.25, 0, 1) if style.flat < 0.5 else _ramp(body * 0.15, pixel)
    light = 0.72 + 0.38 * np.clip((y + 0.09) / 0.16, 0, 1) - 0.10 * np.exp(-((x / 0.02) ** 2))
    light = light * (1 - 0.4 * np.clip(np.abs(x) / 0.27, 0, 1) ** 2)
    light = light + (0.85 - light) * style.flat
    return _layer(light[..., None] * style.tongue, cover)


def _teeth(
    x: Floats,
    y: Floats,
    edge: float,
    height: float,
    widths: tuple[float, ...],
    style: Style,
    pixel: float,
    level: float,
    arch: float,
) -> Floats:
    """A row of teeth whose biting edge looks to larger y, and lies `arch` higher at the mouth's corners."""
    borders = np.cumsum((0.0, *widths))
    side = np.abs(x)
    which = np.clip(np.searchsorted(borders, side, side="right") - 1, 0, len(widths) - 1)
    place = (side - borders[which]) / np.asarray(widths)[which] - 0.5  # -0.5..0.5 within one tooth
    shaded = 1 - style.flat
    line = edge - arch * (side / USUAL_HALF) ** 2
    bite = line - shaded * (0.020 * (2 * np.abs(place)) ** 5 + 0.010 * (which == 1))
    cover = _ramp(bite - y, pixel) * _ramp(y - (line - height), pixel) * _ramp(borders[-1] - side, pixel)
    gaps = GAP[0] * np.exp(-(((0.5 - np.abs(place)) * np.asarray(widths)[which] / GAP[1]) ** 2))
    round_arch = 1 - 0.50 * np.clip(side / 0.40, 0, 1.2) ** 2.2
    roundness = 1 - 0.07 * (2 * np.abs(place)) ** 3
    upward = 1 - 0.22 * np.clip((bite - y) / height, 0, 1)
    light = level * round_arch * (1 - gaps) * roundness * upward
    light = light * shaded + (level * (1 - 0.25 * np.clip(side / 0.40, 0, 1) ** 3)) * style.flat
    return _layer(
        np.clip(light, 0, 1)[..., None] ** (1 + style.tinted * (WARM_SHADE - 1)) * style.teeth, cover
    )
