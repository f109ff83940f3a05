"""From a still and the face in it to everything the renderer needs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.canvas import cut
from engine.portrait.depth import Grid, canvas_grid, depth_field, following
from engine.portrait.eyes import EyeLayers, eye_layers
from engine.portrait.fill import fill
from engine.portrait.fitness import check
from engine.portrait.framing import Framing, frame_face
from engine.portrait.landmarks import HeadAxes, head_axes
from engine.portrait.lips import fitted
from engine.portrait.mouth import MouthLayers, mouth_layers
from engine.portrait.style import Style, style_of
from engine.state import Controls
from perception.face import Face

Floats = NDArray[np.floating[Any]]

SURE = (0.08, 0.94)  # of the matte: less is background, or it would swim with the head; more is the sitter
SLOPE = 1.3  # of shoulders that the picture's sides cut off, down per outward
MIRRORED = 0.07  # of the frame beyond the picture, over which its mirror image fades
HALO = 0.016  # of the frame around the sitter, where fine hair is that the matte does not show


@dataclass(frozen=True)
class Portrait:
    """A still, taken apart.

    Attributes:
        framing: which square of the picture is shown.
        mesh: (468, 3) frame pixels.
        head: the head's axes in frame pixels.
        canvas: (N, N, 3) the square with its margin, 0..255.
        alpha: (N, N) 0..1 where the sitter is.
        background: (N, N, 3) the same without the sitter.
        grid: nodes over the canvas; depth, following: (M,) there.
        style: palette and kind of picture.
        mouth: lips and what is behind them.
        eyes: those that are open in the still.
    """

    framing: Framing
    mesh: Floats
    head: HeadAxes
    canvas: Floats
    alpha: Floats
    background: Floats
    grid: Grid
    depth: Floats
    following: Floats
    style: Style
    mouth: MouthLayers
    eyes: tuple[EyeLayers, ...]


def build_portrait(pixels: NDArray[np.uint8], face: Face, matte: Floats, controls: Controls) -> Portrait:
    """Take the still apart, once.

    Args:
        pixels: (H, W, 3) RGB.
        face: the sitter's.
        matte: (H, W) 0..1 where the sitter is.

    Raises:
        PortraitUnusable: too much of the face lies outside the picture, or it cannot be made out (`why`).
        ControlOutOfRange: the face does not fit the caller's framing.
    """
    check(pixels, face)
    framing = frame_face(face, matte, controls.distance, controls.size, controls.framing)
    canvas, alpha, background = layers(pixels, matte, framing)
    placed = framing.place(face.mesh)
    head = head_axes(placed)
    mesh = fitted(placed, canvas, head, framing)
    grid = canvas_grid(framing)
    style = style_of(canvas, mesh, framing)
    bottom = min((pixels.shape[0] - framing.y) * framing.scale, float(controls.size))
    return Portrait(
        framing, mesh, head, canvas, alpha, background, grid,
        depth_field(grid, head, mesh), following(grid, head, mesh, bottom),
        style, mouth_layers(canvas, mesh, head, framing, style),
        eye_layers(canvas, mesh, None if face.iris is None else framing.place(face.iris), head, framing),
    )  # fmt: skip


def layers(pixels: NDArray[np.uint8], matte: Floats, framing: Framing) -> tuple[Floats, Floats, Floats]:
    """Canvas (N, N, 3), the sitter's alpha (N, N) and the background (N, N, 3) without the sitter.

    Where the canvas leaves the picture, the sitter goes on only if the picture's edge cuts through the
    sitter.
    """
    canvas = cut(pixels, framing)
    alpha = np.clip((cut(matte, framing, "edge") - SURE[0]) / (SURE[1] - SURE[0]), 0, 1)
    within = _within(pixels.shape, framing)
    inside = np.clip(within, 0, 1)
    # Beyond the picture its mirror image passes into what is diffused from it, and no edge shows.
    like_picture = np.clip(1 + within / (MIRRORED * framing.size * framing.oversample), 0, 1) ** 2
    no_sitter = np.clip(1 - 2 * _wider(_mirrored(alpha, framing, pixels.shape), framing), 0, 1)
    background = fill(canvas, like_picture * no_sitter)
    alpha = _sloping(alpha, framing, pixels.shape[1])
    beyond = ((1 - inside) * (1 - alpha))[..., None]
    return canvas + beyond * (background - canvas), alpha, background


def _edges(start: float, length: int, framing: Framing) -> tuple[int, int]:
    """Canvas pixels between which the picture lies, along one axis."""
    low = (np.asarray([0, length]) - start) * framing.scale + framing.border
    first, last = (low * framing.oversample).round().astype(int).tolist()
    return first, last


def _sloping(alpha: Floats, framing: Framing, width: int) -> Floats:
    """Alpha (N, N) whose part beyond the sides of a picture `width` pixels wide falls off as shoulders do."""
    left, right = _edges(framing.x, width, framing)
    columns = np.arange(len(alpha))
    beyond = np.maximum(np.maximum(left - columns, columns - right + 1), 0)
    rows = np.arange(len(alpha))[:, None] - np.round(SLOPE * beyond).astype(int)
    return np.asarray(np.where(rows >= 0, alpha[np.maximum(rows, 0), columns], 0), np.float32)


def _mirrored(alpha: Floats, framing: Framing, shape: tuple[int, ...]) -> Floats:
    """Alpha (N, N) of the mirror image that the canvas shows beyond a picture of `shape` (H, W, ...)."""
    at = []
    for start, length in ((framing.y, shape[0]), (framing.x, shape[1])):
        first, last = _edges(start, length, framing)
        index = np.arange(framing.canvas)
        index = np.where(index < first, 2 * first - 1 - index, index)
        index = np.where(index >= last, 2 * last - 1 - index, index)
        at.append(np.clip(index, 0, framing.canvas - 1))
    return np.asarray(alpha[at[0]][:, at[1]], np.float32)


def _within(shape: tuple[int, ...], framing: Framing) -> Floats:
    """(N, N) canvas pixels from the edge of a picture of `shape` (H, W, ...), negative beyond it."""
    pitch = 1 / (framing.scale * framing.oversample)
    middles = (np.arange(framing.canvas) + 0.5) * pitch - framing.border / framing.scale
    rows, columns = (
        np.minimum(start + middles, length - start - middles) / pitch + 0.5
        for start, length in ((framing.y, shape[0]), (framing.x, shape[1]))
    )
    return np.asarray(np.minimum(rows[:, None], columns), np.float32)


def _wider(alpha: Floats, framing: Framing) -> Floats:
    """Alpha grown by `HALO`, so that no hair of the sitter stays in the background."""
    from scipy.ndimage import maximum_filter

    reach = 2 * round(HALO * framing.size) + 1
    coarse = maximum_filter(alpha[:: framing.oversample, :: framing.oversample], reach)
    return np.asarray(
        coarse.repeat(framing.oversample, axis=0).repeat(framing.oversample, axis=1), np.float32
    )
