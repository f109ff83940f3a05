"""Short hair: cropped curls over the skull, and a beard."""

from collections.abc import Callable

import numpy as np

from service.demo.drawing.canvas import Scene
from service.demo.drawing.hair import Brush, Hair, lay
from service.demo.drawing.shape import CENTRE_Y, Face, Floats, lip_lines, radius, smooth, within
from service.demo.drawing.skin import HEAD

# Hairline of cropped hair over |x|: hair grows above it.
CROP = (
    (0.0, 0.30, 0.58, 0.76, 0.84, 0.93, 1.00, 1.2),
    (-1.06, -1.10, -1.08, -0.92, -0.66, -0.50, 0.16, 0.20),
)


def crop_cover(x: Floats, y: Floats) -> Floats:
    """0..1, how densely cropped hair grows at a point of the head."""
    a = np.abs(x)
    return smooth(0.05, -0.06, y - np.interp(a, *CROP)) * smooth(0.30, 0.05, y)


def paint_crop(scene: Scene, hair: Hair) -> None:
    """Short curls over the skull, from the hairline up and back."""
    face, fluff = scene.face, 0.105
    _under(scene, hair, lambda x, y: crop_cover(x, y) * smooth(1.06, 1.0, within(face, x, y)))
    rng = np.random.default_rng(301)
    angle = rng.uniform(-1.95, 1.95, 34000)
    far = rng.uniform(0.5, 1.0 + 0.25 * fluff, 34000)
    edge = radius(face, angle)
    x, y = np.sin(angle) * far * edge, CENTRE_Y - np.cos(angle) * far * edge
    keep = rng.uniform(0, 1, len(x)) < crop_cover(x, y)
    x, y, far = x[keep], y[keep], far[keep]
    order = np.argsort(-far + rng.normal(0, 0.06, len(far)))
    x, y, far = x[order], y[order], far[order]
    heading = np.arctan2(y + 0.1, x) + rng.normal(0, 0.55, len(x))
    curl = rng.normal(0, 1.5, len(x))
    bent = np.linspace(0, 1, 6) * curl[:, None] + heading[:, None]
    paths, z = _short(scene, (x, y), bent, fluff * rng.uniform(0.6, 1.15, len(x)), 0.05)
    gain = rng.normal(0.85, 0.16, (len(x), 1)) * np.linspace(0.6, 1.0, 5)
    lay(scene, hair, Brush(0.010, 0.75), (paths, z, gain))


def beard_cover(face: Face, x: Floats, y: Floats) -> Floats:
    """0..1, how densely the beard grows at a point of the face."""
    a, my = np.abs(x), face.mouth_y
    r = within(face, x, y)
    upper, _, lower = lip_lines(face, x)
    strip = smooth(0.76, 0.92, r) * smooth(0.02, 0.25, y)
    jaw = smooth(0.0, 0.16, y - (1.02 - 0.55 * np.clip(a - 0.45, 0, 1) * 1.2))
    moustache = smooth(0.02, 0.10, y - (face.nose_length + 0.09 + 0.30 * a**1.6)) * smooth(0.68, 0.5, a)
    lips = (
        smooth(-0.035, -0.005, y - upper)
        * smooth(0.06, 0.02, y - lower)
        * smooth(face.mouth_width * 1.06, face.mouth_width * 0.98, a)
    )
    gap = np.exp(-(((a - 0.24) / 0.10) ** 2 + ((y - my - face.lip_lower - 0.05) / 0.05) ** 2))
    grown = np.maximum(np.maximum(strip, jaw), moustache) * (1 - lips) * (1 - 0.8 * gap)
    return np.asarray(np.clip(grown, 0, 1) * smooth(1.09, 1.0, r))


def paint_beard(scene: Scene, hair: Hair) -> None:
    """Full short beard with moustache: roots where `beard_cover` says, lying downwards and outwards."""
    face, length = scene.face, 0.13
    _under(scene, hair, lambda x, y: 0.8 * beard_cover(face, x, y))
    rng = np.random.default_rng(401)
    count = 26000
    x = rng.uniform(-1.2, 1.2, count)
    y = rng.uniform(0.1, 1.95, count)
    keep = rng.uniform(0, 1, count) < beard_cover(face, x, y) ** 1.3
    x, y = x[keep], y[keep]
    order = np.argsort(-y + rng.normal(0, 0.10, len(y)))
    x, y = x[order], y[order]
    lip = smooth(0.30, 0.0, y - face.mouth_y) * smooth(0.62, 0.3, np.abs(x))
    heading = np.pi / 2 - np.clip(x, -1, 1) * (0.35 + 0.9 * lip) - 0.35 * np.sign(x) * lip
    heading = heading + rng.normal(0, 0.26, len(x))
    size = length * rng.uniform(0.55, 1.15, len(x)) * (0.62 + 0.38 * smooth(1.0, 1.6, y)) * (1 - 0.25 * lip)
    bent = np.linspace(0, 1, 6) * rng.normal(0, 0.7, (len(x), 1)) + heading[:, None]
    paths, z = _short(scene, (x, y), bent, size, 0.03)
    gain = rng.normal(0.85, 0.16, (len(x), 1)) * np.linspace(0.65, 1.0, 5)
    lay(scene, hair, Brush(0.0075, 0.7), (paths, z, gain))


def _under(scene: Scene, hair: Hair, cover: Callable[[Floats, Floats], Floats]) -> None:
    """The dark ground between short hairs."""
    where = scene.canvas.box(*HEAD)
    x, y = scene.canvas.head(scene.relief, where)
    ground = (np.array(hair.deep, np.float32) * 0.7 + np.array(hair.tone, np.float32) * 0.3) / 255.0
    scene.canvas.over(where, ground * np.ones((*x.shape, 3), np.float32), 0.85 * cover(x, y))


def _short(
    scene: Scene, roots: tuple[Floats, Floats], heading: Floats, length: Floats, lift: float
) -> tuple[Floats, Floats]:
    """(paths (N, 6, 2), depths (N, 6)) of short hairs from `roots`, heading (N, 6) radians along them."""
    x, y = roots
    px = x[:, None] + length[:, None] * np.cumsum(np.cos(heading), 1) / 6
    py = y[:, None] + length[:, None] * np.cumsum(np.sin(heading), 1) / 6
    z = scene.relief.at(scene.relief.height, x, y)[:, None] + lift * np.sin(
        np.pi * 0.6 * np.linspace(0, 1, 6)
    )
    return np.stack([px, py], -1), z
