"""Eyes: eyeball, iris, lids, lashes, and brows made of hairs."""

from dataclasses import dataclass

import numpy as np

from service.demo.drawing.canvas import Canvas, Scene
from service.demo.drawing.light import display, linear
from service.demo.drawing.noise import noise
from service.demo.drawing.shape import Colour, Face, Floats, lid_lines, smooth

Hairs = tuple[Floats, Floats, Floats]  # paths (N, P, 2) pixels, opacities and widths (N, P - 1)


@dataclass(frozen=True)
class Look:
    """Colours and hair of eyes and brows."""

    iris: Colour
    iris_inner: Colour
    lash: Colour
    brow: Colour
    sclera: Colour = (226, 221, 216)
    lash_length: float = 0.078
    lash_line: float = 0.020  # thickness of the upper lash line
    brow_hairs: int = 210
    brow_grey: float = 0.0


def paint_eyes(scene: Scene, look: Look, skin: Colour) -> None:
    """Both eyes, without lashes."""
    canvas, face = scene.canvas, scene.face
    for side in (-1, 1):
        shift = 0.3 * np.sin(float(canvas.turn))
        where = canvas.box(side * 0.5 - 0.5 + shift * 4, -0.4, side * 0.5 + 0.5 + shift * 4, 0.35)
        x, y = canvas.head(scene.relief, where)
        u = ((x * side - 0.5) / face.eye_width).astype(np.float32)
        lids = Lids(u, y, *lid_lines(face, np.clip(u, -1, 1)))
        gap = np.maximum(lids.upper - y, y - lids.lower)
        beyond = np.clip(np.abs(u) - 1.0, 0, None) * face.eye_width
        inside = canvas.edge(np.where(beyond > 0, beyond + 0.02, gap), 1.5)
        ball = _sclera(look, u, y)
        ball = _iris(scene, look, ball, ((x - side * 0.5) / face.iris, (y - IRIS_Y) / face.iris), side)
        ball = ball * _lid_shadow(lids)[..., None]
        canvas.over(where, display(ball), inside)
        _lid_edges(scene, where, look, skin, lids)


IRIS_Y = -0.020  # the iris stands a little above the middle


@dataclass(frozen=True)
class Lids:
    """Around an eye: u of pixels (-1 inner, 1 outer corner), their y, and the y of both lids at that u."""

    u: Floats
    y: Floats
    upper: Floats
    lower: Floats


def _sclera(look: Look, u: Floats, y: Floats) -> Floats:
    """Linear colour of the eyeball: darker where it turns away, pink at the corners."""
    white = linear(look.sclera) * np.ones((*u.shape, 3), np.float32)
    white = white * np.clip(1.0 - 0.34 * np.abs(u) ** 2.2 - 0.8 * (y / 0.30) ** 2, 0.2, 1)[..., None]
    pink = smooth(-0.62, -1.0, u)[..., None] * 0.75 + 0.10 * smooth(0.6, 1.0, u)[..., None]
    return np.asarray(white + (linear((188, 120, 108)) - white) * pink)


def _iris(scene: Scene, look: Look, ball: Floats, at: tuple[Floats, Floats], side: int) -> Floats:
    """Iris, pupil and catch-lights over `ball`; `at` is x, y from the pupil in iris radii."""
    x, y = at
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    fibres = 0.6 * noise(angle * 3.0, r * 0.5, scale=(0.14, 0.35), seed=3)
    fibres = fibres + 0.4 * noise(angle * 3.0, r, scale=(0.05, 0.6), seed=4)
    mix = smooth(0.40, 0.78, r + 0.05 * fibres)[..., None]
    iris = linear(look.iris_inner) * (1 - mix) + linear(look.iris) * mix
    iris = iris * (1.0 + 0.22 * fibres)[..., None]
    iris = iris * np.clip(0.95 + 1.15 * (y - 0.1 * side * x), 0.55, 2.0)[..., None]  # light gathers below
    iris = iris * (1.0 - 0.72 * smooth(0.80, 1.0, r))[..., None]  # limbal ring
    iris = iris * (1.0 - 0.97 * smooth(0.43, 0.36, r))[..., None]  # pupil
    out = ball + (iris - ball) * smooth(1.05, 0.95, r)[..., None]
    out = out * (1 - 0.25 * np.exp(-(((r - 1.0) / 0.12) ** 2)))[..., None]
    lamp = np.sign(scene.light.key_at[0] or -1.0) * 0.38
    spot = np.hypot(x - lamp, (y + 0.42) / 1.1)
    out = out + (linear((255, 253, 248)) - out) * smooth(0.27, 0.19, spot)[..., None]
    return np.asarray(out + 0.22 * smooth(0.30, 0.05, np.hypot(x + lamp * 1.1, y - 0.50))[..., None])


def _lid_shadow(lids: Lids) -> Floats:
    """The upper lid and its lashes shade the ball under them; the lower rim a little."""
    under, over = np.clip(lids.y - lids.upper, 0, None), np.clip(lids.lower - lids.y, 0, None)
    return np.asarray((1.0 - 0.62 * np.exp(-under / 0.036)) * (1.0 - 0.18 * np.exp(-over / 0.02)))


def _lid_edges(scene: Scene, where: tuple[slice, slice], look: Look, skin: Colour, lids: Lids) -> None:
    """The wet lower rim, the upper lash line, the lower one."""
    canvas, u, y = scene.canvas, lids.u, lids.y
    along = smooth(1.12, 0.96, np.abs(u))
    rim = np.exp(-(((y - lids.lower - 0.006) / 0.010) ** 2)) * smooth(1.0, 0.85, np.abs(u))
    pink = display(linear(skin) * np.array([1.02, 0.78, 0.74], np.float32))
    canvas.over(where, pink * np.ones((*u.shape, 3), np.float32), 0.75 * rim)
    thick = look.lash_line * (0.62 + 0.5 * smooth(-0.9, 0.8, u))
    tail = np.clip(np.abs(u) - 1.0, 0, None) * scene.face.eye_width
    line = np.exp(-((np.abs(y - lids.upper + 0.006 + 0.25 * tail) / thick) ** 2.5)) * along
    ink = np.array(look.lash, np.float32) / 255.0 * np.ones((*u.shape, 3), np.float32)
    canvas.over(where, ink, 0.93 * line)
    low = np.exp(-(((y - lids.lower - 0.016) / 0.010) ** 2)) * smooth(-0.6, 0.5, u) * smooth(1.08, 0.9, u)
    canvas.over(where, ink, 0.38 * low)


def paint_lashes(scene: Scene, look: Look) -> None:
    """Lashes of both lids: curved tapering hairs."""
    rng = np.random.default_rng(11)
    hairs = [_lashes(scene, look, side, above, rng) for side in (-1, 1) for above in (True, False)]
    _draw(scene.canvas, hairs, np.array(look.lash, np.float32) / 255.0)


def _lashes(scene: Scene, look: Look, side: int, above: bool, rng: np.random.Generator) -> Hairs:
    """The lashes of one lid: paths, opacities, widths."""
    t = np.linspace(0, 1, 6)
    count = 64 if above else 30
    u = np.linspace(-0.72 if above else -0.35, 1.0, count) + rng.normal(0, 0.012, count)
    u = np.clip(u, -0.98, 1.0)
    upper, lower = lid_lines(scene.face, u)
    start = upper - 0.004 if above else lower + 0.014
    length = look.lash_length * (0.45 + 0.55 * smooth(-0.9, 0.85, u)) * rng.uniform(0.75, 1.1, count)
    length = length * (1.0 if above else 0.42)
    lean = 0.10 + 0.85 * np.clip(u, -0.5, 1.0) + rng.normal(0, 0.10, count)
    bend = 0.75 * (t - 0.8 * t * (1 - t)) if above else 0.9 * t
    x = 0.5 + u[:, None] * scene.face.eye_width + (length * np.sin(lean))[:, None] * t
    y = start[:, None] + (-1.0 if above else 1.0) * (length * np.cos(lean * 0.85))[:, None] * bend
    width = np.ones((count, 1)) * (0.0085 if above else 0.005) * (1 - t[:-1] * 0.8)
    return scene.on_head(side * x, y), np.full((count, 5), 0.78 if above else 0.40), width


def paint_brows(scene: Scene, look: Look) -> None:
    """Brows: a soft shadow below, single hairs over it."""
    rng = np.random.default_rng(17)
    canvas = scene.canvas
    for side in (-1, 1):
        shift = 1.2 * np.sin(canvas.turn)
        where = canvas.box(
            min(side * 0.1, side) + shift - 0.15, -0.8, max(side * 0.1, side) + shift + 0.15, 0.0
        )
        x, y = canvas.head(scene.relief, where)
        middle, half = brow_line(scene.face, x * side)
        cover = np.exp(-(np.abs((y - middle) / np.maximum(half * 0.95, 0.004)) ** 2.4)) * (half > 0.006)
        ink = np.array(look.brow, np.float32) / 255.0 * np.ones((*x.shape, 3), np.float32)
        canvas.over(where, ink, 0.50 * cover)
    hairs = [_brow_hairs(scene, look, side, rng) for side in (-1, 1)]
    _draw(canvas, hairs, np.array(look.brow, np.float32) / 255.0 * 0.82, grey=look.brow_grey)


def _brow_hairs(scene: Scene, look: Look, side: int, rng: np.random.Generator) -> Hairs:
    """The hairs of one brow: paths, opacities, widths."""
    face, count = scene.face, look.brow_hairs
    t = np.linspace(0, 1, 5)
    s = np.sort(rng.uniform(0, 1, count))
    row = rng.uniform(-1, 1, count)
    x0 = face.brow_inner - 0.01 + (face.brow_outer - face.brow_inner) * s
    middle, half = brow_line(face, x0)
    # inner hairs stand up, then they lie outward; upper ones bend down, lower ones up, meeting in the middle
    angle = -0.95 + 0.85 * smooth(0.0, 0.35, s) + 0.50 * s - 0.32 * row * smooth(0.1, 0.5, s)
    angle = angle + rng.normal(0, 0.12, count)
    length = (0.095 - 0.025 * s) * rng.uniform(0.7, 1.15, count) * (0.6 + face.brow_thick / 0.12)
    bend = angle[:, None] + 0.35 * t**2
    x = x0[:, None] + length[:, None] * np.cos(bend) * t
    y = (middle + row * half)[:, None] + length[:, None] * np.sin(bend) * t
    alpha = np.full((count, 4), 0.62) * rng.uniform(0.6, 1, (count, 1))
    return scene.on_head(side * x, y), alpha, np.ones((count, 1)) * 0.0085 * (1 - 0.7 * t[:-1])


def brow_line(face: Face, x: Floats) -> tuple[Floats, Floats]:
    """(middle y, half thickness) of the brow at x (positive side)."""
    s = (x - face.brow_inner) / (face.brow_outer - face.brow_inner)
    middle = (
        face.brow_y
        + 0.018 * (1 - s)
        - face.brow_arch * np.sin(np.pi * np.clip(s, 0, 1) ** 1.5)
        + 0.035 * s**4
    )
    half = (
        face.brow_thick
        * smooth(-0.06, 0.16, s)
        * (1.0 - 0.80 * smooth(0.45, 1.02, s))
        * smooth(1.04, 0.94, s)
    )
    return middle.astype(np.float32), half.astype(np.float32)


def _draw(canvas: Canvas, hairs: list[Hairs], tone: Floats, grey: float = 0.0) -> None:
    """Brush groups of hairs in shades of `tone`, a share `grey` of them white."""
    path, alpha, width = (np.concatenate(part) for part in zip(*hairs, strict=True))
    shade = np.random.default_rng(23).uniform(0.75, 1.25, (len(path), 1, 1))
    ink = tone * shade * np.ones((*alpha.shape, 3))
    if grey:
        white = np.random.default_rng(29).uniform(0, 1, (len(path), 1, 1)) < grey
        ink = np.where(white, np.array([0.72, 0.70, 0.68]), ink)
    canvas.strokes(path, np.concatenate([ink, alpha[..., None]], -1), width)
