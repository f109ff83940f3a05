"""A painted portrait, layer by layer from the back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from service.demo.drawing.body import Backdrop, Clothes, paint_backdrop, paint_body, paint_ears
from service.demo.drawing.canvas import Canvas, Scene
from service.demo.drawing.eyes import Look, paint_brows, paint_eyes, paint_lashes
from service.demo.drawing.hair import Hair, paint_back_hair, paint_long_hair
from service.demo.drawing.light import Light
from service.demo.drawing.relief import grid, sculpt
from service.demo.drawing.shape import Face, Floats, expressed
from service.demo.drawing.short_hair import crop_cover, paint_beard, paint_crop
from service.demo.drawing.skin import Skin, paint_head


@dataclass(frozen=True)
class Person:
    """Everything that makes one painted character. `style` is "long" or "crop" (cropped hair and a beard)."""

    face: Face
    skin: Skin
    look: Look
    hair: Hair
    clothes: Clothes
    backdrop: Backdrop
    style: str


def paint(
    person: Person, size: int, expression: str, turn: float, light_at: tuple[float, float]
) -> NDArray[np.uint8]:
    """(size, size, 3) uint8 RGB."""
    face, light = expressed(person.face, expression), Light(key_at=light_at)
    canvas, relief = Canvas(_working(size), turn), sculpt(face)
    scene = Scene(canvas, relief, face, light)
    lit = relief.shadow(light.direction) * _hair_shadow(person, light)
    paint_backdrop(canvas, person.backdrop)
    if person.style == "long":
        paint_back_hair(scene, person.hair)
    paint_body(scene, person.skin, person.clothes)
    if person.style == "crop":
        paint_ears(scene, person.skin)
    paint_head(scene, person.skin, lit)
    paint_eyes(scene, person.look, person.skin.base)
    paint_brows(scene, person.look)
    paint_lashes(scene, person.look)
    if person.style == "long":
        paint_long_hair(scene, person.hair)
    else:
        paint_crop(scene, person.hair)
        paint_beard(scene, person.hair)
    return canvas.picture(size)


def _working(size: int) -> int:
    """Supersampled while it is cheap: twice up to 768, at most 2048."""
    return min(2 * size, max(1536, size))


def _hair_shadow(person: Person, light: Light) -> Floats:
    """Hair shades the skin at the hairline and beside the cheeks."""
    y, x = grid()
    dx, dy = light.key_at[0] * 0.10, light.key_at[1] * 0.10
    if person.style != "long":
        cover = crop_cover(x + dx, y + dy)
    else:
        left = np.interp(
            y + dy, [-1.2, -1.16, -0.8, -0.15, 0.7, 1.45, 2.2], [0.2, -0.22, -0.74, -1.02, -1.1, -1.0, -0.8]
        )
        right = np.interp(
            y + dy, [-1.2, -1.02, -0.62, -0.05, 0.7, 1.45, 2.2], [0.26, 0.6, 0.9, 1.05, 1.1, 1.02, 0.84]
        )
        cover = ((x + dx < left) | (x + dx > right)).astype(np.float32)
    return np.asarray(1.0 - 0.75 * gaussian_filter(cover.astype(np.float32), 7.0), np.float32)
