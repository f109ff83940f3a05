"""The sheet to draw on: face coordinates of its pixels, layers laid over, strokes of a brush."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.demo.drawing.light import Light
from service.demo.drawing.relief import Relief
from service.demo.drawing.shape import Face, Floats

UNIT = 0.172  # eye distance over the picture's side
CENTRE = (0.5, 0.425)  # where the point between the pupils lies
PIVOT = -0.35  # depth of the neck's axis: what lies before it moves with a turn


class Sheet:
    """Where face coordinates fall on a square of `side` working pixels, the head turned by `turn` degrees."""

    def __init__(self, side: int, turn: float) -> None:
        self.side, self.unit = side, UNIT * side
        self.turn = float(np.deg2rad(turn))

    def pixel(self, x: Floats, y: Floats) -> Floats:
        """(..., 2) pixel positions of face coordinates, head not turned."""
        return np.stack(
            [x * self.unit + CENTRE[0] * self.side, y * self.unit + CENTRE[1] * self.side], axis=-1
        )

    def turned(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """(..., 2) pixel positions of points of the turned head; positive turns its nose to image right."""
        return self.pixel(x * np.cos(self.turn) + (z - PIVOT) * np.sin(self.turn), y)


class Canvas(Sheet):
    """A sheet with paint on it, later reduced to the size that was asked for.

    Attributes:
        pixels: (side, side, 3) float32 sRGB 0..1.
        x, y: (side, side) face coordinates of the pixels, head not turned.
    """

    def __init__(self, side: int, turn: float) -> None:
        super().__init__(side, turn)
        self.pixels = np.zeros((side, side, 3), np.float32)
        row, column = np.mgrid[0:side, 0:side].astype(np.float32)
        self.x = (column + 0.5 - CENTRE[0] * side) / self.unit
        self.y = (row + 0.5 - CENTRE[1] * side) / self.unit

    def box(self, left: float, top: float, right: float, bottom: float) -> tuple[slice, slice]:
        """Rows and columns that cover a rectangle of face coordinates."""
        first = self.pixel(np.array([left]), np.array([top]))[0]
        last = self.pixel(np.array([right]), np.array([bottom]))[0]
        (x0, y0), (x1, y1) = np.clip(first, 0, self.side), np.clip(last + 1, 0, self.side)
        return slice(int(y0), int(y1)), slice(int(x0), int(x1))

    def head(self, relief: Relief, where: tuple[slice, slice]) -> tuple[Floats, Floats]:
        """Face coordinates (x, y) of the pixels `where`, on the turned head's surface."""
        seen, y = self.x[where], self.y[where]
        x = seen
        if self.turn:
            for _ in range(5):  # x cos + (z(x) - pivot) sin = seen, solved by fixed point: sin is small
                z = relief.at(relief.height, x, y)
                x = ((seen - (z - PIVOT) * np.sin(self.turn)) / np.cos(self.turn)).astype(np.float32)
        return x, y

    def over(self, where: tuple[slice, slice], colour: Floats, alpha: Floats) -> None:
        """Lay `colour` (..., 3) over the pixels `where` by `alpha` (rows, columns) 0..1."""
        below = self.pixels[where]
        self.pixels[where] = below + (colour - below) * alpha[..., None]

    def edge(self, signed: Floats, soft: float = 1.0) -> Floats:
        """1 inside (`signed` < 0, in eye distances), 0 outside, antialiased over `soft` working pixels."""
        return np.asarray(np.clip(0.5 - signed * self.unit / max(soft, 1.0), 0.0, 1.0))

    def strokes(self, paths: Floats, colours: NDArray[np.float32], widths: Floats) -> None:
        """Brush strokes one after another.

        Args:
            paths: (N, P, 2) working pixels.
            colours: (N, P - 1, 4) sRGB and opacity 0..1 of each segment.
            widths: (N, P - 1) eye distances.
        """
        image = Image.fromarray((np.clip(self.pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
        brush = ImageDraw.Draw(image, "RGBA")
        inks = (np.clip(colours, 0, 1) * 255).astype(int).tolist()
        thick = np.maximum(1, np.rint(widths * self.unit)).astype(int).tolist()
        points = paths.tolist()
        for path, ink, width in zip(points, inks, thick, strict=True):
            for (x0, y0), (x1, y1), colour, line in zip(path, path[1:], ink, width, strict=False):
                brush.line((x0, y0, x1, y1), fill=tuple(colour), width=line)
        self.pixels = np.asarray(image, np.float32) / 255.0

    def picture(self, size: int) -> NDArray[np.uint8]:
        """(size, size, 3) uint8 sRGB."""
        dither = (
            np.random.default_rng(0).uniform(0, 1, self.pixels.shape).astype(np.float32)
        )  # no bands in gradients
        image = Image.fromarray((np.clip(self.pixels, 0, 1) * 254 + dither).astype(np.uint8))
        return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))


@dataclass(frozen=True)
class Scene:
    """What every painter of a part needs: the canvas, the head's relief and proportions, the light."""

    canvas: Canvas
    relief: Relief
    face: Face
    light: Light

    def on_head(self, x: Floats, y: Floats) -> Floats:
        """(..., 2) working pixels of face coordinates on the turned head's surface."""
        return self.canvas.turned(x, y, self.relief.at(self.relief.height, x, y))
