"""The eyes of the still, taken apart into lids, sclera, iris and catch-light."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.fill import fill
from engine.portrait.framing import Framing
from engine.portrait.landmarks import HeadAxes
from engine.portrait.lids import opening
from engine.portrait.patches import Patch, patch_around
from engine.portrait.style import LUMA
from engine.portrait.tracing import iris_rim, upper_lid
from perception.mesh import (
    LEFT_BROW_LOWER,
    LEFT_EYE,
    RIGHT_BROW_LOWER,
    RIGHT_EYE,
)

Floats = NDArray[np.floating[Any]]

RINGS = {"Right": (RIGHT_EYE, RIGHT_BROW_LOWER), "Left": (LEFT_EYE, LEFT_BROW_LOWER)}
# Eye distances.
REACH = (0.50, 0.56, 0.48)  # of the patch: to the sides, up, down; brows and cheeks move in it
SHUT = 0.075  # lids closer together in the still: the eye is shut, or covered, and stays so
LASHES = 0.09  # the most that they hide under the upper edge of all that is not skin
LEAST_LID = 0.12  # between the lashes and the skin that does not move with a blink
# Of the eye's width.
IRIS_RADIUS = (0.15, 0.34)  # human irises measure 0.2; drawn ones up to 0.33
GLOBE = 0.40  # 12 mm of radius to 30 mm of width
RIM = (1.0, 1.25)  # radii of the iris within which it passes into the sclera, dark outlines included
HIGHLIGHT = 45.0  # levels above what lies at the same distance from the pupil
HIGHLIGHT_LEVEL = 0.8  # of the lightest in the eye
HIGHLIGHT_AREA = 0.12  # of the iris; larger light parts belong to it
EDGE = 1.0  # frame pixels over which a lid's edge passes into the eye
SHADED_WHITE = 0.45  # of the lightest in the eye; what is darker is no sclera but lashes or outline


@dataclass(frozen=True)
class EyeLayers:
    """Around one eye, in the still's place; (h, w) maps in frame pixels, along the head's own axes.

    Attributes:
        side: "Left" or "Right", the sitter's own.
        patch: where it lies.
        height: y of each pixel, growing towards the chin.
        upper, lower: y of the lids' edges in each pixel's column; equal beyond the corners of the eye.
        top: y above which a blink moves nothing.
        down: (2,) the step in frame pixels that is one frame pixel along the head's y axis.
        lids: (2, 3, h, w) skin of upper and lower lid, continued over the eye.
        sclera: (3, h, w) the eyeball without iris.
        iris: (4, h, w) colour and cover, completed under the lids, without catch-light.
        light: (3, h, w) the catch-light, to be added.
        globe: radius of the eyeball in frame pixels.
        across: (2,) as `down`, along the head's x axis.
    """

    side: str
    patch: Patch
    height: Floats
    upper: Floats
    lower: Floats
    top: Floats
    down: Floats
    across: Floats
    lids: Floats
    sclera: Floats
    iris: Floats
    light: Floats
    globe: float


def eye_layers(
    canvas: Floats, mesh: Floats, irises: Floats | None, head: HeadAxes, framing: Framing
) -> tuple[EyeLayers, ...]:
    """The open eyes of the canvas (N, N, 3), right one first.

    Args:
        mesh, irises: (468, 3) and (2, 5, 3) frame pixels.
    """
    found = []
    for side in ("Right", "Left"):
        iris = None if irises is None else irises[0 if side == "Right" else 1]
        layers = _one_eye(canvas, mesh, side, iris, head, framing)
        if layers is not None:
            found.append(layers)
    return tuple(found)


def _one_eye(
    canvas: Floats, mesh: Floats, side: str, iris: Floats | None, head: HeadAxes, framing: Framing
) -> EyeLayers | None:
    eye, brow = RINGS[side]
    depth = float(head.into(mesh[list(eye)])[:, 2].mean())
    ring = head.plane(mesh[list(eye), :2], depth)
    lower, upper = ring[:9], np.concatenate([ring[8:], ring[:1]])
    centre = mesh[list(eye), :2].mean(axis=0)
    patch = patch_around(centre, REACH, head.unit, framing)
    xy = head.plane(patch.points(), depth)
    colour = patch.of(canvas)
    brows = head.plane(mesh[list(brow), :2], depth)
    upper, lower = _lids(colour, patch, head, depth, (upper, lower), brows)
    if float((lower[:, 1] - upper[:, 1]).max()) < SHUT:
        return None
    lids = [_height_at(xy[..., 0], line) * head.unit for line in (upper, lower)]
    above = _height_at(xy[..., 0], brows) * head.unit
    height = xy[..., 1] * head.unit
    low = np.maximum(*lids)
    top = np.minimum(lids[0] - LEAST_LID * head.unit, above)
    outside = np.clip(lids[0] - height + 1.5, 0, 1), np.clip(height - low + 1.5, 0, 1)
    skin = np.stack([fill(colour, known).transpose(2, 0, 1) for known in outside])
    width = float(np.hypot(*(ring[8] - ring[0]))) * head.unit
    inside = np.clip(np.minimum(height - lids[0], low - height), -4, 4)
    middle, radius = iris_rim(colour, inside, patch, *_iris_place(iris, centre, width))
    distance = np.hypot(*(patch.points() - middle).transpose(2, 0, 1))
    sclera, disc, light = _eyeball(colour, inside, distance, radius, framing.oversample)
    x_axis, y_axis = (
        head.flat(step) - head.flat(np.zeros(2, np.float32)) for step in np.eye(2, dtype=np.float32)
    )
    return EyeLayers(
        side, patch, height, lids[0], low, top, y_axis / head.unit, x_axis / head.unit,
        skin.astype(np.float32),
        sclera, disc, light, GLOBE * width,
    )  # fmt: skip


def _lids(
    colour: Floats, patch: Patch, head: HeadAxes, depth: float, ring: tuple[Floats, Floats], brow: Floats
) -> tuple[Floats, Floats]:
    """The lids' edges, head x, y in ascending x, moved from the mesh's to those of the picture."""
    in_order = [line[np.argsort(line[:, 0])] for line in ring]
    upper, lower = opening(colour, patch, head, depth, (in_order[0], in_order[1]), brow)
    return upper_lid(colour, patch, head, depth, upper, LASHES), lower


def _height_at(x: Floats, line: Floats) -> Floats:
    """y of the curve through points (n, 2) at each x; level beyond its ends."""
    from scipy.interpolate import PchipInterpolator

    order = np.argsort(line[:, 0])
    at, first = np.unique(line[order, 0], return_index=True)
    curve = PchipInterpolator(at, line[order, 1][first])
    return curve(np.clip(x, at[0], at[-1])).astype(np.float32)  # type: ignore[no-any-return]


def _iris_place(iris: Floats | None, centre: Floats, width: float) -> tuple[Floats, float]:
    """Centre and radius of the iris in frame pixels; the middle of the eye where no iris was found in it."""
    if iris is not None:
        radius = float(np.hypot(*(iris[1:, :2] - iris[0, :2]).T).mean())
        if np.hypot(*(iris[0, :2] - centre)) < 0.35 * width:
            return iris[0, :2], float(np.clip(radius, IRIS_RADIUS[0] * width, IRIS_RADIUS[1] * width))
    return centre, 0.2 * width


def _eyeball(
    colour: Floats, inside: Floats, distance: Floats, radius: float, scale: int
) -> tuple[Floats, Floats, Floats]:
    """Sclera (3, h, w), iris (4, h, w) and catch-light (3, h, w) of the patch.

    Args:
        inside: (h, w) frame pixels from the lids' edges, positive between them.
        distance: (h, w) frame pixels from the iris's centre.
        scale: pixels of the patch per frame pixel.
    """
    from scipy.ndimage import maximum_filter, uniform_filter

    cover = np.clip((RIM[1] * radius - distance) / ((RIM[1] - RIM[0]) * radius), 0, 1)
    luma = colour @ LUMA
    level = max(float(luma[inside > 0].max(initial=0)), 1.0)
    light_enough = np.clip((luma / level - SHADED_WHITE) / 0.15, 0, 1)
    white = np.clip(inside, 0, 1) * np.clip(distance - RIM[1] * radius, 0, 1) * light_enough
    sclera = (
        fill(colour, white) if white.sum() > 30 else np.broadcast_to(_white(colour, inside), colour.shape)
    )
    # The still's own but for what its lids' edges darken, which do not stay there.
    own = np.clip(inside / EDGE + 0.5, 0, 1)[..., None] * (cover[..., None] < 0.02)
    sclera = own * colour + (1 - own) * sclera
    pure = (colour - (1 - cover[..., None]) * sclera) / np.maximum(cover[..., None], 0.1)
    pure = np.clip(pure, 0, 255)
    seen = (inside > 1.0) & (cover > 0.3)
    round_about = _radial(pure, distance, seen, radius)
    bright = (pure - round_about) @ LUMA
    shining = (bright > HIGHLIGHT) & (pure @ LUMA > HIGHLIGHT_LEVEL * level)
    spot = _small(
        shining & (inside > 0) & (distance < 0.95 * radius), HIGHLIGHT_AREA * np.pi * (radius * scale) ** 2
    )
    reach = 2 * round(0.12 * radius * scale) + 3
    shine = uniform_filter(maximum_filter(spot.astype(np.float32), reach), reach)
    shown = np.clip(inside + 0.5, 0, 1) * (1 - shine)
    iris = pure * shown[..., None] + round_about * (1 - shown[..., None])
    light = (pure - round_about) * (shine * np.clip(inside + 0.5, 0, 1))[..., None]
    layer = np.concatenate([iris, cover[..., None]], axis=2).transpose(2, 0, 1)
    return (
        np.ascontiguousarray(sclera.transpose(2, 0, 1), np.float32),
        np.ascontiguousarray(layer, np.float32),
        np.ascontiguousarray(light.transpose(2, 0, 1), np.float32),
    )


def _small(mask: NDArray[np.bool_], area: float) -> NDArray[np.bool_]:
    """The connected parts of a mask that have at most `area` pixels."""
    from scipy.ndimage import label

    parts, _ = label(mask)
    sizes = np.bincount(parts.ravel())
    keep = sizes <= area
    keep[0] = False
    return np.asarray(keep[parts], np.bool_)


def _white(colour: Floats, inside: Floats) -> Floats:
    """The lightest that the eye shows."""
    pixels = colour[inside > 0.5]
    if not len(pixels):
        return np.full(3, 200, np.float32)
    return np.asarray(pixels[np.argsort(pixels @ LUMA)[int(len(pixels) * 0.9)]], np.float32)


def _radial(colour: Floats, distance: Floats, seen: NDArray[np.bool_], radius: float) -> Floats:
    """(h, w, 3) median colour of the seen iris at the same distance from its centre."""
    edges = np.linspace(0, RIM[1] * radius, 11)
    middles, medians = [], []
    for start, stop in itertools.pairwise(edges):
        pixels = colour[seen & (distance >= start) & (distance < stop)]
        if len(pixels) >= 3:
            middles.append((start + stop) / 2)
            medians.append(np.median(pixels, axis=0))
    if not medians:
        return np.broadcast_to(np.asarray([60, 45, 40], np.float32), colour.shape)
    table = np.asarray(medians)
    return np.stack([np.interp(distance, middles, table[:, c]) for c in range(3)], axis=-1).astype(np.float32)
