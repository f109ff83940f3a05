"""The mouth of the still: where the lips meet, the lips without their line, and what is behind them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.fill import fill
from engine.portrait.framing import Framing
from engine.portrait.landmarks import LOWER_INNER, UPPER_INNER, HeadAxes
from engine.portrait.patches import Patch, patch_around
from engine.portrait.style import Style
from engine.portrait.teeth import Interior, draw_interior
from engine.portrait.tracing import darkest_line

Floats = NDArray[np.floating[Any]]

# All in eye distances.
OPEN = 0.06  # inner lips farther apart: open in the still; the mesh shows 0.01-0.03 on shut ones
SEARCH = 0.05  # how far from the mesh's line the line between shut lips is looked for
LINE = 0.035  # half the width of that line, which opening lips do not keep
REACH = (0.75, 0.5, 0.75)  # of the patch: to the sides, up, down


@dataclass(frozen=True)
class MouthLayers:
    """Around the mouth, in the still's place.

    Attributes:
        patch: where it lies.
        lips: (2, 4, h, w) upper and lower lip: colour with the line between the lips taken out and continued
        beyond
            the lip's edge, and signed distance to that edge in frame pixels, positive on the lip's side.
        interior: teeth, tongue and cavity.
        picture: (4, h, w) colour and cover of what the still itself shows between parted lips.
        depth: of the teeth, frame pixels.
    """

    patch: Patch
    lips: Floats
    interior: Interior
    picture: Floats
    depth: float


def mouth_layers(canvas: Floats, mesh: Floats, head: HeadAxes, framing: Framing, style: Style) -> MouthLayers:
    """Take the mouth of the canvas (N, N, 3) apart; `mesh` (468, 3) and `head` in frame pixels."""
    points = head.into(mesh)
    depth = float(points[[UPPER_INNER[5], LOWER_INNER[5]], 2].mean())
    middle = mesh[[UPPER_INNER[5], LOWER_INNER[5]], :2].mean(axis=0)
    patch = patch_around(middle, REACH, head.unit, framing)
    colour = patch.of(canvas)
    xy = head.plane(patch.points(), depth)
    upper, lower = _edges(points)
    is_open = float((lower[:, 1] - upper[:, 1]).max()) > OPEN
    if not is_open:
        line = darkest_line(colour, patch, head, depth, (upper + lower) / 2, SEARCH)
        upper = lower = line
    beyond = [np.interp(xy[..., 0], edge[:, 0], edge[:, 1]) for edge in (upper, lower)]
    above, below = (beyond[0] - xy[..., 1]) * head.unit, (xy[..., 1] - beyond[1]) * head.unit
    lips = np.stack([_lip(colour, above, head.unit), _lip(colour, below, head.unit)])
    between = np.clip(1 + np.minimum(-above, -below), 0, 1) * (1.0 if is_open else 0.0)
    picture = np.concatenate([colour.transpose(2, 0, 1), between[None]]).astype(np.float32)
    middle_x, half = float(upper[-1, 0] + upper[0, 0]) / 2, float(upper[-1, 0] - upper[0, 0]) / 2
    edges = [float(np.interp(middle_x, edge[:, 0], edge[:, 1])) for edge in (upper, lower)]
    interior = draw_interior(xy[..., 0] - middle_x, xy[..., 1] - edges[0], xy[..., 1] - edges[1], half, style)
    return MouthLayers(patch, lips, interior, picture, depth * head.unit)


def _edges(points: Floats) -> tuple[Floats, Floats]:
    """(11, 2) inner contours of upper and lower lip in head x, y, from the sitter's right to the left."""
    upper, lower = (points[list(ring), :2].copy() for ring in (UPPER_INNER, LOWER_INNER))
    for edge in (upper, lower):
        edge[:, 0] = np.maximum.accumulate(edge[:, 0] + 1e-4 * np.arange(11))
    return upper, lower


def _lip(colour: Floats, inward: Floats, unit: float) -> Floats:
    """(4, h, w) lip colour continued over the line and beyond, darker where the lip turns in; `inward`."""
    line = LINE * unit
    known = np.clip((inward - line) / 1.0, 0, 1)
    whole = fill(colour, known)
    turning = 1 - 0.30 * np.exp(-np.maximum(inward, 0) / (0.6 * line))
    return np.concatenate([(whole * turning[..., None]).transpose(2, 0, 1), inward[None]]).astype(np.float32)
