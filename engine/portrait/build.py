"""From a still and the face in it to everything the renderer needs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.depth import Grid, canvas_grid, depth_field, following
from engine.portrait.eyes import EyeLayers, eye_layers
from engine.portrait.fill import fill
from engine.portrait.fitness import check
from engine.portrait.framing import Framing, cut, frame_face
from engine.portrait.landmarks import HeadAxes, head_axes
from engine.portrait.lips import fitted
from engine.portrait.mouth import MouthLayers, mouth_layers
from engine.portrait.style import Style, style_of
from engine.state import Controls
from perception.face import Face

Floats = NDArray[np.floating[Any]]


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
    alpha = np.clip(cut(matte, framing, "edge"), 0, 1)
    inside = np.clip(cut(np.ones(pixels.shape[:2], np.float32), framing, "constant"), 0, 1)
    background = fill(canvas, inside * np.clip(1 - 2 * _wider(alpha, framing), 0, 1))
    beyond = ((1 - inside) * (1 - alpha))[..., None]
    return canvas + beyond * (background - canvas), alpha, background


def _wider(alpha: Floats, framing: Framing) -> Floats:
    """Alpha grown by one in a hundred of the frame, so that no hair of the sitter stays in the background."""
    from scipy.ndimage import maximum_filter

    reach = 2 * (framing.size // 100) + 1
    coarse = maximum_filter(alpha[:: framing.oversample, :: framing.oversample], reach)
    return np.asarray(
        coarse.repeat(framing.oversample, axis=0).repeat(framing.oversample, axis=1), np.float32
    )
