"""The head as a height field, and what light makes of it: normals, hollows, cast shadows."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from service.demo.drawing.shape import Face, Floats, bump, lip_lines, smooth, within

STEP = 0.0085  # eye distances between grid points: about one pixel at 1024
LEFT, TOP, RIGHT, BOTTOM = -1.5, -2.1, 1.5, 2.3


@dataclass(frozen=True)
class Relief:
    """Heights and shading inputs on the face grid, all (rows, columns) float32.

    Attributes:
        height: towards the viewer, eye distances.
        normals: (rows, columns, 3) unit vectors x right, y down, z towards the viewer.
        open: 0..1, how much of the sky a point sees (ambient occlusion).
    """

    height: Floats
    normals: Floats
    open: Floats

    def at(self, field: Floats, x: Floats, y: Floats) -> Floats:
        """`field` sampled at face coordinates, bilinear, held at the border."""
        where = np.stack([(y - TOP) / STEP, (x - LEFT) / STEP])
        return np.asarray(map_coordinates(field, where, order=1, mode="nearest", prefilter=False), np.float32)

    def shadow(self, light: Floats) -> Floats:
        """0..1, how much of the key light `light` (3,) reaches each point past noses, brows and lips."""
        y, x = grid()
        flat = float(np.hypot(light[0], light[1])) + 1e-6
        lit = np.ones_like(self.height)
        for step in range(1, 19):
            far = 0.035 * step
            above = self.at(self.height, x + far * light[0] / flat, y + far * light[1] / flat)
            ray = self.height + far * light[2] / flat
            lit = np.minimum(lit, 1.0 - np.clip((above - ray) / (0.04 + 0.45 * far), 0.0, 1.0))
        return np.asarray(0.22 + 0.78 * gaussian_filter(lit, 4.0), np.float32)


def grid() -> tuple[Floats, Floats]:
    """(y, x) of the grid points."""
    y, x = np.mgrid[TOP:BOTTOM:STEP, LEFT:RIGHT:STEP]
    return y.astype(np.float32), x.astype(np.float32)


def sculpt(face: Face) -> Relief:
    """The relief of `face`."""
    y, x = grid()
    height = _skull(face, x, y) + _middle(face, x, y) + _nose(face, x, y) + _mouth(face, x, y)
    height = np.asarray(gaussian_filter(height, 1.2), np.float32)
    down, right = np.gradient(height, STEP)
    normals = np.stack([-right, -down, np.ones_like(height)], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    inside = np.clip(2.5 * (1.0 - within(face, x, y)), 0, 1)  # the drop at the outline is no hollow
    hollow = inside * sum(
        weight * np.clip(gaussian_filter(height, size / STEP, mode="nearest") - height, 0, None) / size
        for size, weight in ((0.03, 0.9), (0.09, 0.9), (0.25, 0.5))
    )
    return Relief(height, normals.astype(np.float32), np.exp(-1.6 * np.asarray(hollow)).astype(np.float32))


def _skull(face: Face, x: Floats, y: Floats) -> Floats:
    """The egg: flat in front, turning away towards the outline."""
    r = np.clip(within(face, x, y), 0.0, 1.0)
    return np.asarray(1.25 * np.clip(1.0 - r**2.5, 0.0, None) ** 0.56, np.float32)


def _middle(face: Face, x: Floats, y: Floats) -> Floats:
    """Sockets, eyeballs, brow ridge, cheekbones, temples."""
    a = np.abs(x)
    out = -0.17 * bump(a, y, (0.47, -0.03), (0.25, 0.17)) + 0.075 * bump(a, y, (0.5, 0.0), (0.17, 0.12))
    out += face.brow_ridge * bump(a, y, (0.40, face.brow_y + 0.02), (0.34, 0.09))
    out += 0.02 * bump(a, y, (0.5, face.brow_y * 0.55), (0.24, 0.05))  # the fold under the brow
    out += face.cheek * bump(a, y, (0.70, face.cheek_y), (0.26, 0.22))
    out -= 0.05 * bump(a, y, (1.02, -0.45), (0.16, 0.30)) + 0.05 * bump(a, y, (0.78, 0.98), (0.16, 0.28))
    under = bump(a, y, (0.46, 0.23 + 0.05), (0.20, 0.03))  # bags under the eyes
    out += (0.004 + 0.014 * face.age) * (bump(a, y, (0.47, 0.19), (0.22, 0.05)) - under)
    lines = sum(bump(x, y, (0.0, -0.72 - 0.13 * k), (0.48, 0.018)) for k in range(3))
    return np.asarray(out - 0.010 * face.age * lines, np.float32)


def _nose(face: Face, x: Floats, y: Floats) -> Floats:
    a, end = np.abs(x), face.nose_length
    t = np.clip((y + 0.22) / (end - 0.10 + 0.22), 0.0, 1.0)
    ridge = 0.10 + (face.nose_depth - 0.10) * t**1.5
    width = face.nose_bridge * (1.0 + 0.55 * t)
    profile = np.exp(-(np.abs(x / width) ** 2.2) * 0.55)
    out = ridge * profile * smooth(-0.62, -0.08, y) * smooth(end + 0.07, end - 0.12, y + 1.1 * x * x)
    out += 0.17 * bump(x, y, (0.0, end - 0.115), (0.40 * face.nose_width, 0.095))
    wing = face.nose_width
    out += 0.17 * bump(a, y, (wing - 0.085, end - 0.055), (0.30 * face.nose_width, 0.080))
    out -= 0.035 * bump(a, y, (wing + 0.03, end - 0.045), (0.032, 0.055))  # crease beside the wing
    out -= 0.07 * bump(a, y, (wing * 0.46, end + 0.03), (0.05, 0.020))  # nostrils
    out += 0.05 * bump(x, y, (0.0, end + 0.02), (0.035, 0.06))  # columella
    return np.asarray(out, np.float32)


def _mouth(face: Face, x: Floats, y: Floats) -> Floats:
    """The muzzle, the lips' cushions, the seam, the chin, the folds from nose to mouth."""
    a, my, mw = np.abs(x), face.mouth_y, face.mouth_width
    upper, seam, lower = lip_lines(face, x)
    side = smooth(mw * 1.02, mw * 0.72, a)
    out = 0.13 * bump(x, y, (0.0, my - 0.05), (0.40, 0.30))
    middle_up, middle_low = (upper + seam) / 2, seam + (lower - seam) * 0.5
    tall_up, tall_low = (seam - upper) * 0.42 + 0.012, (lower - seam) * 0.36 + 0.012
    out += 0.050 * side * np.exp(-0.5 * ((y - middle_up) / tall_up) ** 2)
    out += 0.075 * side * np.exp(-0.5 * ((y - middle_low) / tall_low) ** 2)
    out -= 0.045 * smooth(mw * 1.04, mw * 0.8, a) * np.exp(-0.5 * ((y - seam) / 0.016) ** 2)
    out -= 0.035 * bump(a, y, (mw + 0.03, my - face.mouth_lift + 0.01), (0.045, 0.06))  # corners
    out -= 0.016 * bump(x, y, (0.0, my - 0.22), (0.045, 0.085)) - 0.010 * bump(
        a, y, (0.085, my - 0.2), (0.03, 0.09)
    )
    out -= 0.055 * bump(x, y, (0.0, my + face.lip_lower + 0.10), (0.24, 0.055))  # above the chin
    out += face.chin * bump(x, y, (0.0, my + 0.47), (0.23, 0.15))
    along = (y - face.nose_length + 0.05) / (my - face.nose_length + 0.12)
    crease = face.nose_width + 0.06 + 0.26 * np.clip(along, 0.0, 1.0) ** 1.2
    span = smooth(-0.25, 0.15, along) * smooth(1.0, 0.70, along)
    out -= face.fold * span * np.exp(-0.5 * ((a - crease) / 0.045) ** 2)
    return np.asarray(out, np.float32)
