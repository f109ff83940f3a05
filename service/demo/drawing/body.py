"""What lies behind and below the face: background, neck, shoulders, clothes, ears."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter

from service.demo.drawing.canvas import Canvas, Scene
from service.demo.drawing.light import Light, display, linear, shade
from service.demo.drawing.noise import clouds, noise
from service.demo.drawing.shape import Colour, Face, Floats, bump, smooth, within
from service.demo.drawing.skin import Skin


@dataclass(frozen=True)
class Clothes:
    """A knitted pullover with a ribbed collar."""

    cloth: Colour
    trim: Colour
    neckline: float = 0.55  # how deep it is cut, eye distances
    knit: float = 1.0


@dataclass(frozen=True)
class Backdrop:
    """A room out of focus: two tones, a glow, soft discs of light."""

    top: Colour
    bottom: Colour
    glow: Colour
    discs: float = 0.0
    seed: int = 1


def paint_backdrop(canvas: Canvas, backdrop: Backdrop) -> None:
    """Fill the canvas."""
    y, x = (np.mgrid[0:256, 0:256].astype(np.float32) + 0.5) / 256.0  # soft: small is enough
    x = 2.0 * x - 1.0
    t = smooth(-0.1, 1.1, y + 0.10 * x)[..., None]
    tone = linear(backdrop.top) * (1 - t) + linear(backdrop.bottom) * t
    light = np.exp(-(((x - 0.50) / 0.75) ** 2 + ((y - 0.34) / 0.42) ** 2))[..., None]
    tone = tone + (linear(backdrop.glow) - tone) * light * 0.75
    tone = tone * (1.0 + 0.06 * clouds(x, y, scale=0.55, seed=backdrop.seed, octaves=2))[..., None]
    rng = np.random.default_rng(backdrop.seed)
    for _ in range(16 if backdrop.discs else 0):
        cx, cy, size = rng.uniform(-1, 1), rng.uniform(0.02, 0.62), rng.uniform(0.05, 0.14)
        d = np.hypot(x - cx, (y - cy) * 2.0) / size
        disc = smooth(1.06, 0.94, d) * (0.65 + 0.35 * smooth(0.6, 1.0, d)) * rng.uniform(0.2, 1.0)
        tone = tone + linear(backdrop.glow) * (backdrop.discs * disc)[..., None]
    shade_ = 1.0 - 0.34 * smooth(0.55, 1.35, np.hypot(x, (y - 0.45) * 1.7))
    small = display(tone * shade_[..., None])
    for channel in range(3):
        layer = Image.fromarray(small[..., channel]).resize(
            (canvas.side, canvas.side), Image.Resampling.BICUBIC
        )
        canvas.pixels[..., channel] = np.asarray(layer)


def paint_body(scene: Scene, skin: Skin, clothes: Clothes) -> None:
    """Neck, shoulders and clothes."""
    canvas, face, light = scene.canvas, scene.face, scene.light
    where = canvas.box(-3.1, 0.7, 3.1, 3.5)
    x = canvas.x[where] - 0.25 * np.float32(np.sin(canvas.turn))
    y = canvas.y[where]
    a = np.abs(x)
    line = _shoulder(face)(np.clip(a, face.neck, 3.2)).astype(np.float32)
    column = np.where(y < 2.4, a - _neck(face, y), 9.0)  # the neck
    body = canvas.edge(np.minimum(column, (line - y) * 0.85), 1.5)
    normals = _body_normals(canvas, face, x, y, line)
    shadow = _head_shadow(face, x, y, light)
    hollow = 1.0 - 0.55 * smooth(2.1, 1.15, y) * smooth(face.neck * 1.6, face.neck * 0.5, a)
    pores = 1.0 + 0.03 * clouds(x, y, scale=0.07, seed=61)
    bare = shade(linear(skin.base) * pores[..., None], normals, light, lit=shadow, sky=hollow, gloss=0.03)
    canvas.over(where, display(bare), body)
    cut = neckline(clothes, x)
    band = np.clip((y - cut) / 0.15, 0.0, 1.0)
    tone = (
        linear(clothes.cloth)
        + (linear(clothes.trim) - linear(clothes.cloth)) * smooth(1.0, 0.9, band)[..., None]
    )
    rib = np.where(
        band < 0.98, np.sin(np.arctan2(x, y - 0.9) * 95.0), 0.45 * np.sin(x * 75.0 + 0.8 * np.sin(y * 55.0))
    )
    sway = 0.25 * clouds(x, y, scale=0.9, seed=75, octaves=2)
    folds = noise(
        0.8 * x + 0.6 * y * np.tanh(3 * x) + sway,
        0.8 * y - 0.6 * np.sqrt(x * x + 0.1),
        scale=(0.34, 1.3),
        seed=71,
    )
    bent = normals.copy()
    bent[..., 0] += 0.10 * clothes.knit * rib + 0.16 * folds
    bent[..., 1] += 0.10 * folds - 0.55 * np.exp(-(((band - 0.5) / 0.5) ** 2)) * (band < 0.98)
    bent /= np.linalg.norm(bent, axis=-1, keepdims=True)
    tone = tone * (1.0 - 0.45 * np.exp(-(((y - cut - 0.165) / 0.02) ** 2)))[..., None]
    dressed = shade(tone, bent, light, lit=0.25 + 0.75 * shadow, sky=0.55 + 0.45 * hollow, bleed=0.0)
    shade_under = 1.0 - 0.45 * np.exp(-np.clip(cut - y, 0, None) / 0.05) * (y < cut)
    canvas.pixels[where] *= (1.0 - body * (1.0 - shade_under))[..., None]
    canvas.over(where, display(dressed), body * canvas.edge(cut - y, 1.5))


def neckline(clothes: Clothes, x: Floats) -> Floats:
    """y of the garment's upper edge at x."""
    return np.asarray(
        1.90 + clothes.neckline * np.clip(1.0 - (x / 1.12) ** 2, 0, None) ** 0.55 - 0.07 * x * x, np.float32
    )


def _neck(face: Face, y: Floats) -> Floats:
    """Half width of the neck."""
    return np.asarray(
        face.neck * (1.0 - 0.05 * bump(y * 0, y, (0, 1.6), (1, 0.3))) + 0.55 * smooth(1.5, 2.35, y) ** 2,
        np.float32,
    )


def _shoulder(face: Face) -> PchipInterpolator:
    """y of the shoulder line over |x|."""
    w = face.neck
    return PchipInterpolator(
        [w - 0.2, w, w + 0.16, w + 0.55, face.shoulders, face.shoulders + 0.75, face.shoulders + 1.05, 4.5],
        [1.90, 1.97, 2.07, 2.23, 2.50, 2.84, 3.30, 6.0],
    )


def _body_normals(canvas: Canvas, face: Face, x: Floats, y: Floats, line: Floats) -> Floats:
    neck = 0.75 * np.sqrt(np.clip(1.0 - (x / (face.neck * 1.18)) ** 2, 0.0, 1.0))
    below = np.clip(y - line, 0.0, None)
    chest = 0.35 + 0.55 * np.sqrt(np.clip(below, 0, 0.9)) * np.clip(1.2 - (x / 3.1) ** 2, 0, 1)
    t = smooth(1.85, 2.55, y)
    height = neck * (1 - t) + chest * t
    height += 0.06 * bump(np.abs(x) - (2.62 - y) * 0.42, y, (0, 2.1), (0.07, 0.5)) * smooth(1.2, 1.7, y)
    height -= 0.07 * bump(x, y, (0, 2.5), (0.11, 0.12))
    height = gaussian_filter(height.astype(np.float32), 0.03 * canvas.unit)
    down, right = np.gradient(height, 1.0 / canvas.unit)
    normals = np.stack([-right, -down, np.ones_like(height)], -1)
    return np.asarray(normals / np.linalg.norm(normals, axis=-1, keepdims=True), np.float32)


def _head_shadow(face: Face, x: Floats, y: Floats, light: Light) -> Floats:
    """The head's shadow on neck and chest: its outline moved away from the light, softer with distance."""
    far = 0.42
    dx, dy = -light.key_at[0] * far * 0.9, max(-light.key_at[1], 0.15) * far
    r = within(face, x - dx, y - dy)
    soft = 0.06 + 0.10 * smooth(1.6, 2.6, y)
    return np.asarray(0.12 + 0.88 * smooth(1.0 - soft, 1.0 + soft * 1.6, r), np.float32)


def paint_ears(scene: Scene, skin: Skin) -> None:
    """Both ears, partly behind the cheeks."""
    canvas, face, light = scene.canvas, scene.face, scene.light
    wide = max(px for px, py in face.outline if -0.2 < py < 0.6)
    for side in (-1, 1):
        shift = 0.45 * np.sin(float(canvas.turn))
        cx = side * (wide + 0.045) * np.cos(float(canvas.turn)) + shift
        where = canvas.box(cx - 0.5, -0.5, cx + 0.5, 0.9)
        u = ((canvas.x[where] - cx) * side - 0.10 * (0.2 - canvas.y[where])) / 0.17
        v = (canvas.y[where] - 0.17) / 0.37
        lobe = 1.0 - 0.34 * smooth(0.0, 1.0, v)
        r = np.hypot(u / lobe, v)
        rim = np.exp(-(((r - 0.82) / 0.16) ** 2)) * smooth(0.75, 0.1, v)
        inner = np.exp(-(((r - 0.42) / 0.18) ** 2)) * 0.5 * smooth(-0.3, 0.2, u)
        height = (
            0.10 * rim
            + 0.07 * inner
            + 0.16 * np.sqrt(np.clip(1 - r**2, 0, 1))
            - 0.05 * bump(u, v, (-0.2, 0.1), (0.25, 0.3))
        )
        height = gaussian_filter(height.astype(np.float32), 0.012 * canvas.unit)
        down, right = np.gradient(height, 1.0 / canvas.unit)
        normals = np.stack([-right + side * 0.35, -down, np.ones_like(height)], -1)
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        tone = linear(skin.base) + (linear(skin.warm) - linear(skin.base)) * 0.75
        dark = (
            1.0
            - 0.55 * bump(u, v, (-0.15, 0.08), (0.32, 0.32))
            - 0.3 * np.exp(-(((r - 0.62) / 0.08) ** 2)) * smooth(0.5, 0, v)
        )
        colour = shade(
            tone * np.clip(dark, 0.1, 1)[..., None], normals, light, lit=0.85, sky=0.75, gloss=0.05
        )
        canvas.over(where, display(colour), canvas.edge((r - 1.0) * 0.17, 1.5))
