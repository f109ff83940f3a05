"""What kind of picture it is: its palette, how coloured and how flat."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine.portrait.framing import Framing
from engine.portrait.landmarks import LOWER_MIDDLE, UPPER_MIDDLE
from perception.mesh import LEFT_EYE, RIGHT_EYE

Floats = NDArray[np.floating[Any]]

CHEEKS = (50, 280, 205, 425, 101, 330, 118, 347, 36, 266)  # mesh points on bare skin, both sides
GRAIN_FROM = (50, 280, 205, 425)
GRAIN_PATCH = 0.06  # of the face's width, each way
GRAIN_SIZE = 2.0  # frame pixels; what is coarser is shape, not grain
LUMA = np.asarray([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
# Median absolute detail of cheeks, in levels of 255: next to nothing in flat fills, over 0.15 on
# photographs, paintings and shaded drawings (seven of them measured: 0.17-3.4).
BRIGHTEST = 0.8  # length of `Style.light`
ABOVE = np.asarray([0.0, -0.5], np.float32)
DARKEST = 1.0  # per cent of the face
FLAT_DETAIL, SHADED_DETAIL = 0.05, 0.15


@dataclass(frozen=True)
class Style:
    """Colours are (3,) RGB, 0..255.

    Attributes:
        skin, lip: medians of cheeks and lips.
        white: of the eyes.
        flat: 0 for photographs and paintings, 1 for art filled with flat colours.
        black: level of the darkest of the face; nothing that is drawn into it should be darker.
        light: (2,) towards the light in the picture, x to the right and y down, at most 0.8 long.
    """

    skin: Floats
    lip: Floats
    white: Floats
    flat: float
    black: float
    light: Floats

    @property
    def teeth(self) -> Floats:
        """As bright as the whites of the eyes in the same light, and never darker than the skin."""
        level = max(0.95 * float(self.white @ LUMA), 1.1 * float(self.skin @ LUMA))
        colour = 0.75 * _at_level(self.white, level) + 0.25 * _at_level(self.skin, level)
        return np.clip(colour, 0, 242).astype(np.float32)

    @property
    def tongue(self) -> Floats:
        return self._flesh

    @property
    def cavity(self) -> Floats:
        return (self._flesh * 0.40).astype(np.float32)

    @property
    def darkest(self) -> Floats:
        """The colour that no part of the mouth's inside is darker than."""
        return _at_level(self._flesh, self.black)

    @property
    def tinted(self) -> float:
        """0 for grey pictures, 1 for those in full colour."""
        return min(1.0, 2 * float(np.ptp(self.skin)) / max(float(self.skin @ LUMA), 1.0))

    @property
    def _flesh(self) -> Floats:
        """The lips' colour without the brightness that make-up or paint may give or take."""
        skin, lip = float(self.skin @ LUMA), float(self.lip @ LUMA)
        level = np.clip(lip, 0.45 * skin, 0.75 * skin)
        colour = self.lip * (level / max(lip, 1.0))
        reddish = np.asarray([1.12, 0.88, 0.90], np.float32)
        return np.asarray(np.clip(colour * (1 + (reddish - 1) * self.tinted), 0, 255), np.float32)


def style_of(canvas: Floats, mesh: Floats, framing: Framing) -> Style:
    """Measure the style on cheeks and lips of the canvas (N, N, 3); `mesh` in frame pixels."""
    cheeks = [_patch(canvas, mesh[i], framing) for i in CHEEKS]
    lips = [
        _patch(canvas, mesh[i], framing, 1) for ring in (*UPPER_MIDDLE, *LOWER_MIDDLE) for i in ring[2:-2]
    ]
    detail = float(np.median([_detail(patch) for patch in cheeks]))
    flat = float(np.clip((SHADED_DETAIL - detail) / (SHADED_DETAIL - FLAT_DETAIL), 0, 1))
    return Style(
        _median(cheeks), _median(lips), _white(canvas, mesh, framing), flat,
        _black(canvas, mesh, framing), _light(canvas, mesh, framing),
    )  # fmt: skip


def _light(canvas: Floats, mesh: Floats, framing: Framing) -> Floats:
    """Where the light comes from: how the skin's level goes with the way it faces, taking faces for spheres.

    Portraits are mostly lit from above: what the skin tells is weighed against that.
    """
    from scipy.linalg import lstsq

    middle = mesh.mean(axis=0)
    facing = (mesh[:, :2] - middle[:2]) / np.ptp(mesh[:, :2], axis=0).max() * 2
    x, y = np.clip((mesh[:, :2].T + framing.border) * framing.oversample, 0, len(canvas) - 1).astype(int)
    colour = canvas[y, x]
    level = colour @ LUMA
    usual = float(np.median(level))
    skin = (level > 0.4 * usual) & (level < 1.8 * usual)
    if skin.sum() < 50:
        return ABOVE
    rows = np.concatenate([facing[skin], np.ones((int(skin.sum()), 1))], axis=1)
    slope = lstsq(rows, level[skin] / max(usual, 1.0))[0][:2]
    light = ABOVE + 2 * slope
    return np.asarray(light * min(1.0, BRIGHTEST / max(float(np.hypot(*light)), 1e-6)), np.float32)


def _black(canvas: Floats, mesh: Floats, framing: Framing) -> float:
    """Level under which lies a hundredth of the canvas around the mesh."""
    low, high = (
        np.clip((edge + framing.border) * framing.oversample, 0, len(canvas)).astype(int)
        for edge in (mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0))
    )
    return float(np.percentile(canvas[low[1] : high[1] : 4, low[0] : high[0] : 4] @ LUMA, DARKEST))


def grain_of(canvas: Floats, mesh: Floats, framing: Framing, shape: tuple[int, ...]) -> Floats:
    """(h, w) the fine grain of a cheek, as a share of its level, mirrored until it fills `shape`."""
    from scipy.ndimage import gaussian_filter

    radius = max(4, round(GRAIN_PATCH * float(np.ptp(mesh[:, 0]))))
    patches = [_patch(canvas, mesh[i], framing, radius) @ LUMA for i in GRAIN_FROM]
    patch = sorted(patches, key=lambda luma: float(luma.std()))[1]  # with little of the face's own shape
    fine = (patch - gaussian_filter(patch, GRAIN_SIZE * framing.oversample)) / max(float(patch.mean()), 1.0)
    limit = 3 * float(np.median(np.abs(fine))) + 1e-6
    whole = [(0, max(0, n - m)) for n, m in zip(shape, fine.shape, strict=True)]
    spread = np.pad(np.clip(fine, -limit, limit), whole, mode="symmetric")
    return np.asarray(spread[: shape[0], : shape[1]], np.float32)


def _white(canvas: Floats, mesh: Floats, framing: Framing) -> Floats:
    """What is lighter than seven tenths of both eyes, without catch-lights."""
    mask = Image.new("1", canvas.shape[1::-1])
    for eye in (RIGHT_EYE, LEFT_EYE):
        points = (mesh[list(eye), :2] + framing.border) * framing.oversample
        ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in points], fill=1)
    pixels = canvas[np.asarray(mask)]
    if len(pixels) < 20:
        return np.full(3, 200, np.float32)
    order = np.argsort(pixels @ LUMA)
    return np.asarray(
        np.median(pixels[order[int(0.7 * len(order)) : int(0.93 * len(order))]], axis=0), np.float32
    )


def _at_level(colour: Floats, level: float) -> Floats:
    """The colour made as bright as `level`."""
    return (colour * (level / max(float(colour @ LUMA), 1.0))).astype(np.float32)


def _patch(canvas: Floats, point: Floats, framing: Framing, radius: int = 4) -> Floats:
    """Square about a mesh point, `radius` frame pixels each way."""
    x, y = ((point[:2] + framing.border) * framing.oversample).astype(int)
    r = radius * framing.oversample
    x, y = (int(np.clip(v, r, len(canvas) - r)) for v in (x, y))
    return canvas[y - r : y + r, x - r : x + r]


def _median(patches: list[Floats]) -> Floats:
    return np.asarray(np.median(np.concatenate([p.reshape(-1, 3) for p in patches]), axis=0), np.float32)


def _detail(patch: Floats) -> float:
    """Median absolute second difference of the luminance."""
    luma = patch @ LUMA
    second = 2 * luma[1:-1, 1:-1] - (luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]) / 2
    return float(np.median(np.abs(second)))
