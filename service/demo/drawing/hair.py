"""Hair as strands, lit along each strand (Kajiya and Kay, Rendering fur, SIGGRAPH 1989); long hair."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from service.demo.drawing.canvas import Scene
from service.demo.drawing.light import Light
from service.demo.drawing.shape import Colour, Floats, smooth


@dataclass(frozen=True)
class Hair:
    """Tones of the hair (sRGB): in the depth, in diffuse light, in the highlight; share of grey strands."""

    deep: Colour
    tone: Colour
    shine: Colour
    grey: float = 0.0


Guides = tuple[tuple[tuple[float, float], ...], ...]

# Guide strands of the side that falls to the sitter's right (image left), from the face outwards; x, y.
LONG_LEFT = (
    (
        (0.30, -1.17),
        (-0.22, -1.16),
        (-0.74, -0.80),
        (-1.02, -0.15),
        (-1.10, 0.70),
        (-1.00, 1.45),
        (-0.80, 2.25),
    ),
    (
        (0.31, -1.30),
        (-0.36, -1.36),
        (-0.98, -0.92),
        (-1.22, -0.15),
        (-1.28, 0.70),
        (-1.24, 1.50),
        (-1.05, 2.40),
    ),
    (
        (0.31, -1.52),
        (-0.44, -1.58),
        (-1.12, -1.08),
        (-1.38, -0.20),
        (-1.44, 0.70),
        (-1.44, 1.50),
        (-1.26, 2.45),
    ),
    (
        (0.29, -1.80),
        (-0.42, -1.84),
        (-1.14, -1.36),
        (-1.46, -0.40),
        (-1.58, 0.60),
        (-1.62, 1.50),
        (-1.42, 2.40),
    ),
)
LONG_RIGHT = (
    ((0.26, -1.17), (0.60, -1.02), (0.90, -0.62), (1.05, -0.05), (1.10, 0.70), (1.02, 1.45), (0.84, 2.25)),
    ((0.26, -1.30), (0.70, -1.18), (1.06, -0.74), (1.22, -0.10), (1.28, 0.70), (1.24, 1.50), (1.06, 2.38)),
    ((0.26, -1.52), (0.78, -1.38), (1.18, -0.90), (1.36, -0.15), (1.42, 0.70), (1.42, 1.50), (1.24, 2.42)),
    ((0.22, -1.80), (0.80, -1.62), (1.26, -1.12), (1.46, -0.30), (1.56, 0.65), (1.58, 1.50), (1.40, 2.38)),
)


def _depth(x: Floats, y: Floats) -> Floats:
    """Height of the hair's surface over the face plane."""
    far = (x / 1.62) ** 2 + (np.minimum(y + 0.1, 0) / 1.85) ** 2
    return np.asarray(1.35 * np.exp(-1.2 * far) - 0.15, np.float32)


def _lit(paths: Floats, z: Floats, hair: Hair, light: Light, gain: Floats) -> Floats:
    """(N, P - 1, 3) colours of strands (N, P, 2) with depths (N, P) by the angle between strand and light."""
    along = np.diff(np.concatenate([paths, z[..., None]], -1), axis=1)
    along /= np.linalg.norm(along, axis=-1, keepdims=True) + 1e-6
    key = light.direction
    half = key + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    diffuse = np.sqrt(np.clip(1 - (along @ key) ** 2, 0, 1))
    shine = np.sqrt(np.clip(1 - (along @ half) ** 2, 0, 1))
    middle = (paths[:, 1:] + paths[:, :-1]) / 2
    # how the mass as a whole faces the light: an egg around the skull
    egg = np.stack([middle[..., 0] / 1.6, (np.minimum(middle[..., 1], 0.4) + 0.2) / 1.9], -1)
    facing = egg @ key[:2] + np.sqrt(np.clip(1 - (egg**2).sum(-1), 0.02, 1)) * key[2]
    form = 0.42 + 0.58 * np.clip(facing, 0, 1)
    deep, tone, bright = (np.array(c, np.float32) / 255.0 for c in (hair.deep, hair.tone, hair.shine))
    level = (0.30 + 0.70 * diffuse**2) * form * gain
    colour = deep + (tone - deep) * np.clip(level, 0, 1.25)[..., None]
    spark = 0.62 * shine**22 * np.clip(facing, 0, 1) * gain
    return np.asarray(colour + (bright - colour) * np.clip(spark, 0, 0.9)[..., None], np.float32)


def _sheet(guides: Guides, u: Floats, t: Floats) -> Floats:
    """(N, P, 2) strands at positions u (N,) across the guides, sampled at t (N, P) along."""
    knots = np.array(guides)
    across = CubicSpline(np.linspace(0, 1, len(knots)), knots)(u)
    dense = CubicSpline(np.linspace(0, 1, knots.shape[1]), across, axis=1)(np.linspace(0, 1, 65))
    at = np.clip(t, 0, 1) * 64
    low = np.minimum(at.astype(int), 63)
    row = np.arange(len(u))[:, None]
    part = (at - low)[..., None]
    return np.asarray(dense[row, low] * (1 - part) + dense[row, low + 1] * part, np.float32)


def _long_strands(guides: Guides, count: int, locks: int, seed: int) -> tuple[Floats, Floats]:
    """(paths, gain): wavy strands gathered in locks, each lock round like a rope, laid one over another."""
    rng = np.random.default_rng(seed)
    u = rng.uniform(0, 1, count)
    place = np.clip(u * locks + rng.normal(0, 0.10, count), 0, locks - 1e-3)
    lock = place.astype(int)
    order = np.argsort(rng.permutation(locks)[lock] + rng.normal(0, 0.6, count))
    u, place, lock = u[order], place[order], lock[order]
    across = 2 * (place - lock) - 1  # -1..1 over the lock
    end = 1.0 - 0.07 * np.abs(across) - 0.06 * rng.uniform(0, 1, count) - rng.uniform(0, 0.07, locks)[lock]
    t = np.linspace(0, 1, 24) * end[:, None] + rng.uniform(-0.02, 0.02, (count, 1))
    middle = (lock + 0.5) / locks
    paths, tips = _sheet(guides, u, t), _sheet(guides, middle + (u - middle) * 0.45, t)
    paths = paths + (tips - paths) * (np.clip(t, 0, 1) ** 1.6)[..., None]
    phase = rng.uniform(0, 0.45, locks)[lock][:, None]
    wave = smooth(0.22, 0.85, t.astype(np.float32))
    paths[..., 0] += (
        0.095 * wave * np.sin(2 * np.pi * (2.3 * t + phase)) + 0.012 * rng.normal(0, 1, (count, 1)) * wave
    )
    rope = 1.05 - 0.50 * across**2
    tone = rng.normal(1, 0.10, locks)[lock] * rng.normal(1, 0.12, count) * rope
    face_side = 1.0 - 0.30 * np.clip(1 - u / 0.10, 0, 1)
    gain = (
        (tone * face_side)[:, None]
        * (1 - 0.4 * np.exp(-np.clip(t[:, :-1], 0, 1) / 0.05))
        * (1 - 0.22 * t[:, :-1] ** 2)
    )
    return paths.astype(np.float32), gain.astype(np.float32)


def paint_back_hair(scene: Scene, hair: Hair) -> None:
    """The mass behind neck and ears."""
    rng = np.random.default_rng(101)
    t = np.linspace(0, 1, 18, dtype=np.float32)
    count = 900
    u = rng.uniform(-1, 1, count)
    x = (
        u[:, None] * (0.95 + 0.35 * smooth(0.0, 0.3, t) + 0.16 * np.sin(np.pi * t) - 0.10 * t)
        + 0.05 * np.sin(9 * t + 5 * u[:, None]) * t
    )
    y = -1.1 + (3.25 + 0.25 * rng.normal(0, 1, (count, 1)) * (1 - 0.5 * np.abs(u[:, None]))) * t
    paths = np.stack([x, y], -1).astype(np.float32)
    gain = (0.20 + 0.35 * np.abs(u))[:, None] * rng.normal(1, 0.15, (count, 1)) * np.ones((1, 17))
    lay(scene, hair, Brush(0.048), (paths, np.full(paths.shape[:2], -0.4), gain))


def paint_long_hair(scene: Scene, hair: Hair) -> None:
    """Hair parted at the side that falls over the temples to the shoulders."""
    for guides, seed, count in ((LONG_RIGHT, 7, 1900), (LONG_LEFT, 8, 2500)):
        for strands, locks, width, dim in ((300, 6, 0.075, 0.42), (count, 16, 0.013, 1.0)):
            paths, gain = _long_strands(guides, strands, locks, seed)
            lay(scene, hair, Brush(width), (paths, _depth(paths[..., 0], paths[..., 1]), gain * dim))
    rng = np.random.default_rng(9)  # stray hairs over the outline
    for guides in (LONG_LEFT, LONG_RIGHT):
        u = np.concatenate([rng.uniform(0.98, 1.05, 26), rng.uniform(-0.03, 0.03, 14)])
        paths = _sheet(guides, u, np.linspace(0, 1, 26) * rng.uniform(0.5, 1, (40, 1)))
        paths[..., 0] += np.sin(np.linspace(0, 3, 26)) * rng.normal(0, 0.035, (40, 1))
        strays = paths, _depth(paths[..., 0], paths[..., 1]), np.full((40, 25), 0.9)
        lay(scene, hair, Brush(0.007, 0.55), strays)


@dataclass(frozen=True)
class Brush:
    """How thick (eye distances, thinning to the tip) and opaque (0..1) strands are laid."""

    width: float
    opacity: float = 1.0


def lay(scene: Scene, hair: Hair, brush: Brush, strands: tuple[Floats, Floats, Floats]) -> None:
    """Brush `strands`: paths (N, P, 2) in face coordinates, their depths (N, P), brightness (N, P - 1)."""
    paths, z, gain = strands
    ink = _lit(paths, z, hair, scene.light, gain)
    if hair.grey:
        white = np.random.default_rng(len(paths)).uniform(0, 1, (len(paths), 1, 1)) < hair.grey
        silver = np.array([0.44, 0.44, 0.43]) * (0.35 + 2.3 * ink.mean(-1, keepdims=True))
        ink = np.where(white, ink * 0.25 + silver, ink)
    alpha = np.full((*ink.shape[:2], 1), brush.opacity)
    taper = brush.width * (1.0 - 0.88 * np.linspace(0, 1, ink.shape[1]) ** 3)
    flat = scene.canvas.turned(paths[..., 0], paths[..., 1], z)
    scene.canvas.strokes(flat, np.concatenate([ink, alpha], -1), np.broadcast_to(taper, ink.shape[:2]))
