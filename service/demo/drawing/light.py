"""Light on surfaces: warm key, cool fill, rim, sky and ground; skin glows at the terminator."""

from dataclasses import dataclass

import numpy as np

from service.demo.drawing.shape import Colour, Floats


def linear(colour: Colour | Floats) -> Floats:
    """sRGB (0..255 tuple, or 0..1 array) to linear light (IEC 61966-2-1, by its 2.2 power approximation)."""
    value = np.asarray(colour, np.float32)
    return np.asarray((value / 255.0 if isinstance(colour, tuple) else value) ** 2.2, np.float32)


def display(light: Floats) -> Floats:
    """Linear light to sRGB 0..1, with a shoulder that keeps highlights from clipping."""
    value = np.clip(light, 0.0, None)
    rolled = np.where(value < 0.6, value, 0.6 + 0.4 * (1.0 - np.exp(-(value - 0.6) / 0.4)))
    return np.asarray(rolled ** (1 / 2.2), np.float32)


@dataclass(frozen=True)
class Light:
    """The studio: where the key stands and how strong each light is (linear RGB)."""

    key_at: tuple[float, float] = (-0.45, -0.55)
    key: tuple[float, float, float] = (1.30, 1.20, 1.05)
    fill: tuple[float, float, float] = (0.26, 0.32, 0.42)
    rim: tuple[float, float, float] = (0.50, 0.42, 0.36)
    sky: tuple[float, float, float] = (0.42, 0.44, 0.50)
    ground: tuple[float, float, float] = (0.26, 0.20, 0.17)

    @property
    def direction(self) -> Floats:
        """(3,) unit vector towards the key light."""
        at = np.array([*self.key_at, 1.0], np.float32)
        return np.asarray(at / np.linalg.norm(at), np.float32)


def shade(
    albedo: Floats, normals: Floats, light: Light, *,
    lit: Floats | float = 1.0, sky: Floats | float = 1.0, bleed: float = 1.0, gloss: Floats | float = 0.0,
) -> Floats:  # fmt: skip
    """Linear light leaving a surface.

    Args:
        albedo: (..., 3) linear.
        normals: (..., 3) unit.
        lit: how much of the key arrives; sky: how much of the surroundings.
        bleed: how far light creeps past the terminator inside skin (red farthest); 0 for cloth.
        gloss: strength of the highlight.
    """
    key = light.direction
    facing = normals @ key
    lit = np.asarray(lit, np.float32)
    sky = np.asarray(sky, np.float32)
    lights = {
        name: np.array(getattr(light, name), np.float32) for name in ("key", "fill", "rim", "sky", "ground")
    }
    wrap = np.array([0.42, 0.24, 0.16], np.float32) * bleed + 0.04
    soft = np.clip((facing[..., None] + wrap) / (1.0 + wrap), 0.0, 1.0) ** 1.15
    through = lit[..., None] ** (np.array([0.55, 1.0, 1.2], np.float32) if bleed else np.float32(1.0))
    side = np.array([-np.sign(light.key_at[0] or 1.0) * 0.75, 0.15, 0.6], np.float32)
    fill = np.clip(normals @ (side / np.linalg.norm(side)), 0.0, 1.0)
    up = (0.5 - 0.5 * normals[..., 1])[..., None]
    around = up * lights["sky"] + (1 - up) * lights["ground"]
    occluded = sky[..., None] ** (np.array([0.75, 1.05, 1.15], np.float32) if bleed else np.float32(1.0))
    total = lights["key"] * soft * through + lights["fill"] * fill[..., None] * occluded
    total = total + around * occluded
    out = albedo * total * 0.80
    edge = np.clip(1.0 - normals[..., 2], 0.0, 1.0) ** 2.5 * np.clip(normals @ side, 0.0, 1.0)
    out = out + edge[..., None] * lights["rim"] * 0.35 * sky[..., None] * (0.3 + albedo)
    half = key + np.array([0.0, 0.0, 1.0], np.float32)
    half /= np.linalg.norm(half)
    shine = np.clip(normals @ half, 0.0, 1.0)
    spec = np.asarray(gloss, np.float32) * (0.55 * shine**18 + 0.45 * shine**70) * lit
    return np.asarray(out + spec[..., None] * lights["key"], np.float32)
