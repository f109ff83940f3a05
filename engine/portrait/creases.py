"""Where a face folds when it moves, and how that looks in the light of the picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.style import LUMA
from perception.mesh import (
    LEFT_BROW_LOWER,
    LEFT_BROW_UPPER,
    LEFT_EYE,
    OVAL,
    RIGHT_BROW_LOWER,
    RIGHT_BROW_UPPER,
    RIGHT_EYE,
)

if TYPE_CHECKING:
    from engine.portrait.build import Portrait

Floats = NDArray[np.floating[Any]]

# Mesh points along the fold from the wing of the nose past the corner of the mouth.
NASOLABIAL = {"Right": (129, 203, 206, 216, 212), "Left": (358, 423, 426, 436, 432)}
EYES = {"Right": (RIGHT_EYE, -1.0), "Left": (LEFT_EYE, 1.0)}
FOREHEAD = (0.30, 0.50, 0.70)  # of the way from the brows to the hairline
# Relief in eye distances: half widths of a fine and of a soft fold.
FINE, SOFT, ROUND = 0.020, 0.045, 0.20
DEPTH = 0.27  # how dark a fine fold of full strength grows, of the light there
RELIEF = 0.75  # share of it that is shading; the rest is light that does not reach into the fold
FLAT = 0.5  # `Style.flat` from which on art has no shading
# The skin's contrast at the width of folds, over its level: 0.01 on smooth skin, 0.04 on lined skin.
USUAL_CONTRAST = 0.02
SCALE = (0.55, 1.25)
SKIN_LIKE = 60.0  # levels that skin differs from the cheeks' median; hair, beard and glasses do not fold


@dataclass(frozen=True)
class Creases:
    """Shading per fold over the face in the still.

    Attributes:
        names: kinds of folds with their side.
        maps: (K, h, w) by what share a place grows lighter at full strength, one value per frame pixel.
        left, top: frame pixels of the maps' first corner.
    """

    names: tuple[str, ...]
    maps: Floats
    left: float
    top: float


def creases(portrait: "Portrait") -> Creases | None:
    """The folds of a face; None for flat art."""
    if portrait.style.flat > FLAT:
        return None
    head = portrait.head
    low, high = portrait.mesh[:, :2].min(axis=0), portrait.mesh[:, :2].max(axis=0)
    left, top = (float(v) for v in np.floor(low))
    width, height = (int(v) for v in np.ceil(high) - np.floor(low))
    at = np.stack(np.meshgrid(left + np.arange(width) + 0.5, top + np.arange(height) + 0.5), axis=-1)
    x, y = np.moveaxis(head.plane(at.astype(np.float32)), -1, 0)
    points = np.concatenate([head.plane(portrait.mesh[:, :2]), np.zeros((468, 1), np.float32)], axis=1)
    reliefs = _reliefs(points, x, y)
    skin, contrast = _skin(portrait, at)
    scale = float(np.clip(contrast / USUAL_CONTRAST, *SCALE))
    light = portrait.style.light
    step = 1 / head.unit
    maps = []
    for relief, width_ in reliefs.values():
        along_y, along_x = np.gradient(relief, step)
        shade = -(along_x * light[0] + along_y * light[1]) * width_
        maps.append(DEPTH * scale * (RELIEF * shade + (1 - RELIEF) * np.minimum(relief, 0)) * skin)
    return Creases(tuple(reliefs), np.stack(maps).astype(np.float32), left, top)


def _reliefs(p: Floats, x: Floats, y: Floats) -> dict[str, tuple[Floats, float]]:
    """Height of the skin (h, w), folds -1 deep, and the width that its slopes go by, per fold."""
    made: dict[str, tuple[Floats, float]] = {}
    for side, (eye, sign) in EYES.items():
        fold = p[list(NASOLABIAL[side]), :2]
        valley = _line(fold, x, y, SOFT)
        bulge = _line(fold + np.asarray([0.10 * sign, -0.05]), x, y, 0.09)
        made["nasolabial" + side] = 0.6 * bulge - 0.75 * valley, SOFT
        outer = p[eye[0] if abs(p[eye[0], 0]) > abs(p[eye[8], 0]) else eye[8], :2]
        rays = [
            outer + np.asarray([[sign * 0.07, 0.4 * s - 0.01], [sign * 0.22, s + 0.01]])
            for s in (-0.07, 0.0, 0.08)
        ]
        made["crow" + side] = -np.max([_line(ray, x, y, FINE) for ray in rays], axis=0), FINE
        under = p[list(eye[1:8]), :2]
        made["pouch" + side] = (
            0.8 * _line(under + np.asarray([0, 0.045]), x, y, 0.04)
            - _line(under + np.asarray([0, 0.11]), x, y, 0.03),
            SOFT,
        )
        apple = np.exp(-(((x - sign * 0.55) / 0.30) ** 2) - ((y - 0.62) / 0.22) ** 2)
        made["cheek" + side] = 0.5 * apple, ROUND
    brows = _brow_line(p)
    made["forehead"] = 0.8 * _forehead(p, brows, x, y, 0.65), FINE
    made["brow"] = 0.8 * _forehead(p, brows, x, y, 0.32), FINE
    mid = float(np.interp(0.0, brows[:, 0], brows[:, 1])) + 0.06
    frowns = [
        np.asarray([[s * 0.105, mid + 0.07], [s * 0.085, mid - 0.02], [s * 0.10, mid - 0.14]])
        for s in (-1, 1)
    ]
    made["glabella"] = (
        0.5 * _line(np.asarray([[0, mid + 0.05], [0, mid - 0.1]]), x, y, 0.05)
        - np.max([_line(f, x, y, FINE * 1.3) for f in frowns], axis=0),
        FINE * 1.3,
    )
    bunny = [np.asarray([[s * 0.07, 0.10 + d], [s * 0.17, 0.20 + d]]) for s in (-1, 1) for d in (0.0, 0.08)]
    across = np.asarray([[-0.09, 0.03], [0.09, 0.03]])
    made["nose"] = -0.6 * np.max([_line(f, x, y, 1.4 * FINE) for f in (*bunny, across)], axis=0), 1.4 * FINE
    return {name: (np.asarray(relief, np.float32), width) for name, (relief, width) in made.items()}


def _brow_line(p: Floats) -> Floats:
    """(n, 2) head x, y from brow to brow, in ascending x."""
    rings = (RIGHT_BROW_UPPER, LEFT_BROW_UPPER)
    line = np.concatenate([p[list(ring), :2] for ring in rings])
    return line[np.argsort(line[:, 0])]


def _forehead(p: Floats, brows: Floats, x: Floats, y: Floats, reach: float) -> Floats:
    """Furrows across the forehead, parallel to brows and hairline, fading at `reach` from the middle."""
    oval = p[list(OVAL), :2]
    hair = oval[oval[:, 1] < brows[:, 1].mean() - 0.05]
    if len(hair) < 2:
        return np.zeros_like(x)
    hair = hair[np.argsort(hair[:, 0])]
    low, high = np.interp(x, brows[:, 0], brows[:, 1]), np.interp(x, hair[:, 0], hair[:, 1])
    room = np.maximum(low - high, 0.2)
    depth = np.zeros_like(x)
    for i, share in enumerate(FOREHEAD):
        off = y - (low - share * room) - 0.012 * np.sin(7 * x + 2 * i)
        depth = np.maximum(depth, np.exp(-((off / FINE) ** 2)) * (1.0, 0.8, 0.55)[i])
    return np.asarray(-depth * np.exp(-((x / reach) ** 4)), np.float32)


def _line(points: Floats, x: Floats, y: Floats, width: float) -> Floats:
    """1 on the line through (n, 2) head x, y, falling off over `width`; it fades in and out at its ends."""
    near = np.full(x.shape, np.inf, np.float32)
    along = np.zeros(x.shape, np.float32)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    total, done = float(lengths.sum()), 0.0
    for (ax, ay), (bx, by), length in zip(points[:-1], points[1:], lengths, strict=True):
        t = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / max(length**2, 1e-9), 0, 1)
        away = np.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay))
        along = np.where(away < near, (done + t * length) / total, along)
        near = np.minimum(near, away)
        done += float(length)
    fade = np.sin(np.pi * np.clip(0.08 + 0.84 * along, 0, 1)) ** 0.8
    return np.asarray(np.exp(-((near / width) ** 2)) * fade, np.float32)


def _skin(portrait: "Portrait", at: Floats) -> tuple[Floats, float]:
    """(h, w) 1 on skin, 0 on what does not fold; and the skin's contrast at folds' width, of its level."""
    from scipy.ndimage import gaussian_filter

    framing = portrait.framing
    places = np.clip((at + framing.border) * framing.oversample, 0, framing.canvas - 1).astype(int)
    colour = portrait.canvas[places[..., 1], places[..., 0]]
    level = max(float(portrait.style.skin @ LUMA), 1.0)
    luma = np.maximum(colour @ LUMA, 1.0)
    # Shadows are skin too: compared at equal level.
    tone = colour / luma[..., None] * level - portrait.style.skin
    dark = np.clip((luma / level - 0.25) / 0.25, 0, 1)
    alike = np.exp(-((np.linalg.norm(tone, axis=-1) / SKIN_LIKE) ** 2)) * dark
    smooth = gaussian_filter(alike, 0.02 * portrait.head.unit)
    fine = gaussian_filter(luma, 0.012 * portrait.head.unit) - gaussian_filter(
        luma, 0.04 * portrait.head.unit
    )
    on_skin = alike > 0.7
    contrast = float(np.median(np.abs(fine[on_skin]))) / level * 1.5 if on_skin.any() else 0.0
    clear = _clear_of_features(portrait, at)
    return np.asarray(np.clip(smooth * 1.2, 0, 1) * clear, np.float32), contrast


def _clear_of_features(portrait: "Portrait", at: Floats) -> Floats:
    """(h, w) 0 within eyes, brows and lips, 1 elsewhere."""
    from PIL import Image, ImageDraw
    from scipy.ndimage import gaussian_filter

    from perception.mesh import LIPS_OUTER

    mask = Image.new("L", at.shape[1::-1], 255)
    draw = ImageDraw.Draw(mask)
    brows = [
        (*u, *reversed(w))
        for u, w in ((RIGHT_BROW_UPPER, RIGHT_BROW_LOWER), (LEFT_BROW_UPPER, LEFT_BROW_LOWER))
    ]
    for ring in (RIGHT_EYE, LEFT_EYE, LIPS_OUTER, *brows):
        places = portrait.mesh[list(ring), :2] - at[0, 0]
        draw.polygon([(float(px), float(py)) for px, py in places], fill=0)
    return np.asarray(
        gaussian_filter(np.asarray(mask, np.float32) / 255, 0.012 * portrait.head.unit), np.float32
    )
