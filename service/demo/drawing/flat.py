"""A flat cartoon: uniform colours inside ink outlines, no gradients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.interpolate import CubicSpline

from service.demo.drawing.canvas import CENTRE, Sheet
from service.demo.drawing.eyes import brow_line
from service.demo.drawing.relief import Relief, sculpt
from service.demo.drawing.shape import CENTRE_Y, Colour, Face, Floats, expressed, lid_lines, lip_lines, radius

Points = Sequence[tuple[float, float]] | Floats


@dataclass(frozen=True)
class Cartoon:
    """A flat character: proportions and one colour for each part (sRGB)."""

    face: Face
    ink: Colour
    skin: Colour
    shadow: Colour
    blush: Colour
    hair: Colour
    hair_shadow: Colour
    iris: Colour
    lip_upper: Colour
    lip_lower: Colour
    cloth: Colour
    trim: Colour
    wall: Colour
    disc: Colour


class Pen:
    """Fills and inks shapes given in face coordinates."""

    def __init__(self, sheet: Sheet, relief: Relief, wall: Colour) -> None:
        self.sheet, self.relief = sheet, relief
        self.image = Image.new("RGB", (sheet.side, sheet.side), wall)
        self.brush = ImageDraw.Draw(self.image)

    def place(self, points: Points, on: str) -> list[tuple[float, float]]:
        """Pixels of points on the turned head (`on` "head" or "hair") or on the still body ("body")."""
        x, y = np.asarray(points, np.float32).T
        if on == "body":
            return [(float(px), float(py)) for px, py in self.sheet.pixel(x, y)]
        z = self.relief.at(self.relief.height, x, y) if on == "head" else np.full_like(x, 0.35)
        return [(float(px), float(py)) for px, py in self.sheet.turned(x, y, z)]

    def fill(
        self, points: Points, colour: Colour, *, on: str = "head", line: float = 0.0, ink: Colour = (0, 0, 0)
    ) -> None:
        """A closed shape, inked with a line of `line` eye distances if that is not 0."""
        where = self.place(points, on)
        self.brush.polygon(where, fill=colour)
        if line:
            self.stroke(np.asarray([*points, points[0], points[1]]), ink, line, on=on)

    def stroke(self, points: Points, ink: Colour, line: float, *, on: str = "head") -> None:
        """An open line with round joints and ends."""
        where, width = self.place(points, on), max(1, round(line * self.sheet.unit))
        self.brush.line(where, fill=ink, width=width, joint="curve")
        for x, y in (where[0], where[-1]):
            r = width / 2 - 0.5
            self.brush.ellipse((x - r, y - r, x + r, y + r), fill=ink)


def curve(points: Points, *, closed: bool = False, steps: int = 24) -> Floats:
    """A smooth line through `points` (N, 2)."""
    knots = np.asarray(points, float)
    if closed:
        knots = np.concatenate([knots, knots[:1]])
    t = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(knots, axis=0).T))])
    spline = CubicSpline(t, knots, bc_type="periodic" if closed else "natural")
    return np.asarray(spline(np.linspace(0, t[-1], steps * len(knots))), np.float32)


def ring(x: float, y: float, rx: float, ry: float) -> Floats:
    """An ellipse."""
    t = np.linspace(0, 2 * np.pi, 72)
    return np.stack([x + rx * np.cos(t), y + ry * np.sin(t)], -1).astype(np.float32)


def mirror(points: Points) -> Floats:
    return np.asarray(points, np.float32) * np.array([-1, 1], np.float32)


def paint_flat(
    cartoon: Cartoon, size: int, expression: str, turn: float, light_at: tuple[float, float]
) -> NDArray[np.uint8]:
    """(size, size, 3) uint8 RGB."""
    face = expressed(cartoon.face, expression)
    sheet = Sheet(min(4 * size, max(3072, size)), turn)
    pen = Pen(sheet, sculpt(face), cartoon.wall)
    middle = (0.5 - CENTRE[1]) / 0.172
    pen.fill(ring(0.0, middle - 0.25, 2.35, 2.35), cartoon.disc, on="body")
    pen.fill(curve(BACK_HAIR, closed=True), cartoon.hair_shadow, on="hair", line=0.035, ink=cartoon.ink)
    _body(pen, cartoon, face)
    _head(pen, cartoon, face, -1.0 if light_at[0] > 0 else 1.0)
    for side in (-1.0, 1.0):
        _eye(pen, cartoon, face, side, light_at)
    _nose_and_mouth(pen, cartoon, face, -1.0 if light_at[0] > 0 else 1.0)
    _fringe(pen, cartoon)
    return np.asarray(pen.image.resize((size, size), Image.Resampling.LANCZOS))


# Hair as shapes: the mass behind the head, the sweep over the forehead, lines between locks.
BACK_HAIR = (
    (0.0, -1.98), (0.75, -1.86), (1.25, -1.35), (1.38, -0.5), (1.40, 0.35), (1.34, 0.95), (1.02, 1.28),
    (0.5, 1.1), (-0.5, 1.1), (-1.02, 1.28), (-1.34, 0.95), (-1.40, 0.35), (-1.38, -0.5), (-1.25, -1.35),
    (-0.75, -1.86),
)  # fmt: skip
SWEEP = (
    (-1.16, 0.50), (-1.34, -0.20), (-1.30, -1.05), (-0.82, -1.74), (0.0, -1.97), (0.80, -1.76), (1.30, -1.08),
    (1.34, -0.20),
    (1.16, 0.50), (1.07, -0.10), (0.98, -0.62), (0.62, -1.02), (0.40, -1.22), (0.18, -1.02), (-0.28, -0.80),
    (-0.74, -0.72),
    (-0.98, -0.48), (-1.08, -0.05),
)  # fmt: skip
LOCKS = (
    ((0.36, -1.24), (0.10, -1.50), (-0.35, -1.60), (-0.80, -1.40)),
    ((0.10, -1.08), (-0.30, -1.18), (-0.78, -1.10), (-1.08, -0.72)),
    ((0.48, -1.20), (0.72, -1.38), (1.00, -1.22), (1.16, -0.85)),
)


def _body(pen: Pen, cartoon: Cartoon, face: Face) -> None:
    w, ink = face.neck, cartoon.ink
    neck = [(-w, 0.9), (-w, 1.75), (-w - 0.22, 2.3), (0, 2.75), (w + 0.22, 2.3), (w, 1.75), (w, 0.9)]
    pen.fill(neck, cartoon.skin, on="body", line=0.035, ink=ink)
    pen.fill(
        curve([(-w, 1.2), (-w + 0.02, 1.72), (0, 2.24), (w - 0.02, 1.72), (w, 1.2)]),
        cartoon.shadow,
        on="body",
    )
    half = [
        (0.0, 2.62),
        (0.42, 2.50),
        (0.80, 2.12),
        (0.98, 2.02),
        (1.5, 2.30),
        (2.2, 2.56),
        (2.75, 3.05),
        (2.95, 3.6),
    ]
    line = curve(half)
    garment = np.concatenate([mirror(line)[::-1], line])
    pen.fill(
        np.concatenate([garment, [[2.95, 3.7], [-2.95, 3.7]]]), cartoon.cloth, on="body", line=0.035, ink=ink
    )
    collar = np.concatenate([line[:96], (line[:96] + np.array([0.05, 0.17], np.float32))[::-1]])
    for part in (collar, mirror(collar)):
        pen.fill(part, cartoon.trim, on="body", line=0.028, ink=ink)


def _head(pen: Pen, cartoon: Cartoon, face: Face, dark_side: float) -> None:
    wide = max(x for x, y in face.outline if -0.2 < y < 0.6)
    for side in (-1.0, 1.0):
        pen.fill(
            ring(side * (wide + 0.04), 0.18, 0.15, 0.30), cartoon.skin, on="hair", line=0.035, ink=cartoon.ink
        )
    t = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    around = np.where(t > np.pi, t - 2 * np.pi, t).astype(np.float32)
    r = radius(face, around)
    outline = np.stack([np.sin(around) * r, CENTRE_Y - np.cos(around) * r], -1).astype(np.float32)
    pen.fill(outline, cartoon.skin)
    edge = outline[(outline[:, 0] * dark_side > 0) & (outline[:, 1] > -1.2)]
    edge = edge[np.argsort(edge[:, 1])]
    inner = edge[::-1] * np.array([0.86, 1.0], np.float32) - np.array([0, 0.03], np.float32)
    pen.fill(np.concatenate([edge, inner]), cartoon.shadow)
    for side in (-1.0, 1.0):
        pen.fill(ring(side * 0.66, 0.52, 0.21, 0.13), cartoon.blush)
    pen.stroke(np.concatenate([outline, outline[:2]]), cartoon.ink, 0.035)


def _eye(pen: Pen, cartoon: Cartoon, face: Face, side: float, light_at: tuple[float, float]) -> None:
    u = np.linspace(-1, 1, 60).astype(np.float32)
    upper, lower = lid_lines(face, u)
    x = side * (0.5 + u * face.eye_width)
    top, bottom = np.stack([x, upper], -1), np.stack([x, lower], -1)
    opening = np.concatenate([top, bottom[::-1]])
    mask = Image.new("L", pen.image.size, 0)
    ImageDraw.Draw(mask).polygon(pen.place(opening, "head"), fill=255)
    ball = Pen(pen.sheet, pen.relief, (250, 248, 244))
    ball.fill(ring(side * 0.5, -0.018, face.iris, face.iris), cartoon.iris, line=0.022, ink=cartoon.ink)
    ball.fill(ring(side * 0.5, -0.018, face.iris * 0.46, face.iris * 0.46), cartoon.ink)
    spot = 0.35 * face.iris
    ball.fill(
        ring(side * 0.5 + np.sign(light_at[0] or -1) * spot, -0.018 - spot, spot * 0.75, spot * 0.75),
        (255, 255, 255),
    )
    pen.image.paste(ball.image, mask=mask)
    pen.stroke(bottom[14:-2], cartoon.ink, 0.016)
    lash = np.concatenate(
        [top, (top + np.stack([side * 0.03 * (u + 1), -0.012 - 0.030 * (u + 1) / 2], -1))[::-1]]
    )
    pen.fill(lash, cartoon.ink, line=0.014, ink=cartoon.ink)
    crease = np.stack([x, upper - face.lid - 0.035], -1)[10:-8]
    pen.stroke(crease, cartoon.ink, 0.015)
    bx = np.linspace(face.brow_inner, face.brow_outer, 50).astype(np.float32)
    middle, half = brow_line(face, bx)
    half = np.maximum(half, 0.008)
    brow = np.concatenate(
        [np.stack([side * bx, middle - half], -1), np.stack([side * bx, middle + half], -1)[::-1]]
    )
    pen.fill(brow, cartoon.hair_shadow, line=0.012, ink=cartoon.ink)


OVERHANG = np.array([0.03, 0.006], np.float32)  # of the mouth's line beyond the lips


def _nose_and_mouth(pen: Pen, cartoon: Cartoon, face: Face, dark_side: float) -> None:
    end, w, ink = face.nose_length, face.nose_width, cartoon.ink
    shade = [
        (0.03, 0.05),
        (0.10, 0.10),
        (0.13, 0.35),
        (w * 0.75, end - 0.12),
        (w * 0.8, end - 0.01),
        (0.05, end + 0.01),
        (0.06, 0.3),
    ]
    pen.fill(np.asarray(curve(shade, closed=True)) * np.array([dark_side, 1], np.float32), cartoon.shadow)
    half = [
        (0.0, end + 0.03),
        (0.07, end + 0.01),
        (0.14, end + 0.015),
        (w * 0.92, end - 0.015),
        (w, end - 0.09),
        (w * 0.88, end - 0.17),
    ]
    line = curve(half)
    pen.stroke(np.concatenate([mirror(line)[::-1], line]), ink, 0.022)
    x = np.linspace(-face.mouth_width, face.mouth_width, 90).astype(np.float32)
    upper, seam, lower = (np.stack([x, v], -1) for v in lip_lines(face, x))
    pen.fill(np.concatenate([upper, seam[::-1]]), cartoon.lip_upper)
    pen.fill(np.concatenate([seam, lower[::-1]]), cartoon.lip_lower)
    pen.stroke(np.concatenate([upper, lower[::-1], upper[:1]]), ink, 0.014)
    pen.stroke(np.concatenate([seam[:1] - OVERHANG, seam, seam[-1:] + OVERHANG * [1, -1]]), ink, 0.026)
    low = face.mouth_y + face.lip_lower + 0.10
    pen.stroke(curve([(-0.12, low), (0.0, low + 0.025), (0.12, low)]), cartoon.shadow, 0.03)


def _fringe(pen: Pen, cartoon: Cartoon) -> None:
    pen.fill(curve(SWEEP, closed=True), cartoon.hair, on="hair", line=0.035, ink=cartoon.ink)
    for lock in LOCKS:
        pen.stroke(curve(lock), cartoon.hair_shadow, 0.035, on="hair")
