"""The face's surface: skin tones, lips, nostrils, shaded by its relief."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from service.demo.drawing.canvas import Scene
from service.demo.drawing.light import display, linear, shade
from service.demo.drawing.noise import clouds, noise
from service.demo.drawing.relief import Relief, grid
from service.demo.drawing.shape import Colour, Face, Floats, bump, lid_lines, lip_lines, smooth, within


@dataclass(frozen=True)
class Skin:
    """Colours of a skin (sRGB) and how it differs over the face."""

    base: Colour
    warm: Colour  # cheeks, nose, ears
    deep: Colour  # around the eyes, creases
    lip_upper: Colour
    lip_lower: Colour
    blush: float = 0.55
    freckles: float = 0.0
    gloss: float = 0.10
    beard: float = 0.0  # shadow of shaven or growing hair


HEAD = (-1.75, -2.2, 1.75, 2.25)


def paint_head(scene: Scene, skin: Skin, lit: Floats) -> None:
    """Lay the shaded head on the canvas.

    Args:
        lit: key light reaching the grid points of `relief` (`Relief.shadow`, times what hair shades).
    """
    canvas, relief, face = scene.canvas, scene.relief, scene.face
    where = canvas.box(*HEAD)
    x, y = canvas.head(relief, where)
    inside = np.abs(x) < 1.6
    r = within(face, x, y)
    normals = np.stack([relief.at(relief.normals[..., k], x, y) for k in range(3)], axis=-1)
    pores = clouds(x, y, scale=0.022, seed=5, octaves=2)
    normals[..., :2] += (0.012 + 0.012 * face.age) * np.stack(
        [pores, noise(y, x, scale=(0.012, 0.012), seed=9)], -1
    )
    normals = _turn(normals, float(canvas.turn))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    sky = relief.at(relief.open, x, y)
    albedo, gloss = albedo_of(relief, face, skin, x, y)
    colour = shade(albedo, normals, scene.light, lit=relief.at(lit, x, y), sky=sky, gloss=gloss)
    canvas.over(where, display(colour), canvas.edge((r - 1.0) * 1.1, 1.5) * inside)


def _turn(normals: Floats, angle: float) -> Floats:
    out = normals.copy()
    out[..., 0] = normals[..., 0] * np.cos(angle) + normals[..., 2] * np.sin(angle)
    out[..., 2] = normals[..., 2] * np.cos(angle) - normals[..., 0] * np.sin(angle)
    return out


def albedo_of(relief: Relief, face: Face, skin: Skin, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """(linear albedo (..., 3), gloss (...)) of the skin at face coordinates."""
    a, my = np.abs(x), face.mouth_y
    base, warm, deep = linear(skin.base), linear(skin.warm), linear(skin.deep)
    redness = bump(a, y, (0.66, 0.46), (0.24, 0.20)) + 0.6 * bump(
        x, y, (0, face.nose_length - 0.1), (0.18, 0.12)
    )
    redness += 0.35 * bump(x, y, (0, my + 0.48), (0.22, 0.16)) + 0.25 * bump(a, y, (0.95, 0.7), (0.2, 0.3))
    redness += 0.08 * clouds(x, y, scale=0.25, seed=21)
    out = base + (warm - base) * np.clip(redness * skin.blush, 0, 1)[..., None]
    shadowy = 0.55 * bump(a, y, (0.47, 0.0), (0.33, 0.17)) + 0.35 * bump(a, y, (0.30, 0.10), (0.12, 0.10))
    shadowy += 0.5 * bump(a, y, (face.nose_width + 0.03, face.nose_length - 0.02), (0.04, 0.07))
    out += (deep - out) * np.clip(shadowy, 0, 1)[..., None] * 0.75
    if skin.beard:
        area = smooth(0.55, 1.05, y) * smooth(-0.06, 0.12, y - 0.62 - 0.2 * (1 - a)) * skin.beard
        out *= 1.0 - area[..., None] * np.array([0.50, 0.42, 0.36], np.float32)
    mottle = (
        1.0
        + 0.016 * clouds(x, y, scale=0.07, seed=33)
        + 0.014 * clouds(x, y, scale=0.012, seed=41, octaves=2)
    )
    out *= mottle[..., None]
    if skin.freckles:
        spots = relief.at(_freckles(), x, y) * skin.freckles
        out *= 1.0 - spots[..., None] * np.array([0.25, 0.42, 0.5], np.float32)
    lips, tone = _lips(face, skin, x, y)
    out += (tone - out) * lips[..., None]
    slant = y - 0.22 * (a - face.nose_width * 0.45)
    dark = bump(a, slant, (face.nose_width * 0.46, face.nose_length + 0.020), (0.20 * face.nose_width, 0.017))
    out *= 1.0 - 0.93 * np.clip(dark * 1.1, 0, 0.9)[..., None] * np.array([0.90, 0.97, 1.0], np.float32)
    out *= 1.0 - _lines(face, x, y)[..., None] * np.array([0.75, 0.95, 1.0], np.float32)
    zone = (
        0.55
        + 0.9 * bump(x, y, (0, face.nose_length - 0.15), (0.12, 0.14))
        + 0.5 * bump(x, y, (0, -0.75), (0.5, 0.3))
    )
    zone += 0.4 * bump(a, y, (0.7, 0.3), (0.2, 0.15))
    return out.astype(np.float32), (skin.gloss * zone * (1 - lips) + 0.34 * lips).astype(np.float32)


def _freckles() -> Floats:
    """0..1 on the face grid: spots of several sizes over nose and cheeks."""
    y, x = grid()
    rng = np.random.default_rng(77)
    chance = 0.020 * (
        bump(np.abs(x), y, (0.45, 0.40), (0.34, 0.15)) + 0.35 * bump(x, y, (0, 0.25), (0.2, 0.3))
    )
    seeds = (rng.uniform(0, 1, x.shape) < chance) * rng.uniform(0.2, 1.0, x.shape)
    spots = (
        gaussian_filter(seeds, 1.15) * 7
        + gaussian_filter(seeds * (rng.uniform(0, 1, x.shape) < 0.2), 1.8) * 14
    )
    return np.asarray(np.clip(spots, 0, 1), np.float32)


def _lips(face: Face, skin: Skin, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """(coverage, colour) of the lips, softly edged."""
    upper, seam, lower = lip_lines(face, x)
    soft = 0.016
    side = smooth(face.mouth_width * 1.01, face.mouth_width * 0.90, np.abs(x))
    cover = smooth(upper - soft, upper + soft, y) * smooth(lower + soft * 1.6, lower - soft, y) * side
    above = smooth(seam + 0.008, seam - 0.008, y)[..., None]
    tone = linear(skin.lip_upper) * above + linear(skin.lip_lower) * (1 - above)
    cracks = noise(x, y * 0.2, scale=(0.016, 0.03), seed=57)
    tone = tone * (1.0 + 0.07 * cracks[..., None])
    line = np.exp(-(((y - seam) / 0.0115) ** 2)) * smooth(
        face.mouth_width * 1.03, face.mouth_width * 0.85, np.abs(x)
    )
    tone = tone * (1.0 - 0.80 * line[..., None] * np.array([0.85, 1.0, 1.0], np.float32))
    return (cover * 0.92).astype(np.float32), tone.astype(np.float32)


def _lines(face: Face, x: Floats, y: Floats) -> Floats:
    """Darkening of the drawn creases: eyelid fold, corners of the mouth, crow's feet."""
    u = (np.abs(x) - 0.5) / face.eye_width
    upper, _ = lid_lines(face, np.clip(u, -1, 1).astype(np.float32))
    fold = np.exp(-(((y - upper + face.lid * (0.75 + 0.35 * np.clip(1 - u * u, 0, 1))) / 0.011) ** 2))
    out = 0.50 * fold * smooth(1.22, 0.75, u) * smooth(-1.02, -0.5, u)
    corner = np.exp(
        -(((y - face.mouth_y + face.mouth_lift) / 0.02) ** 2 + ((np.abs(x) - face.mouth_width) / 0.035) ** 2)
    )
    out += 0.45 * corner
    if face.age:
        for k, slope in enumerate((-0.35, 0.05, 0.42)):
            off = y - 0.02 - 0.03 * (k - 1) - slope * (u - 1.1) * face.eye_width
            out += (
                0.22
                * face.age
                * np.exp(-((off / 0.007) ** 2))
                * smooth(1.12, 1.25, u)
                * smooth(1.75, 1.35, u)
            )
    return np.clip(out, 0, 0.85).astype(np.float32)
