"""The mouth of the still: where the lips meet, the lips without their line, and what is behind them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait.fill import fill
from engine.portrait.framing import Framing
from engine.portrait.landmarks import LOWER_INNER, MOUTH_CORNERS, UPPER_INNER, HeadAxes
from engine.portrait.lips import is_open, mouth_patch
from engine.portrait.patches import Patch
from engine.portrait.style import LUMA, Style, grain_of
from engine.portrait.teeth import Interior, draw_interior
from engine.portrait.tracing import darkest_line

Floats = NDArray[np.floating[Any]]

# All in eye distances.
SEARCH = 0.02  # how far from the fitted mesh's line the line between shut lips is looked for
LINE = 0.035  # half the width of that line, which opening lips do not keep
TEETH_ROW = 0.6  # of an open mouth's width shows teeth, where the still's are used
TEETH_LEAST = 0.035  # of their length, in the median
TEETH_STEP = 40.0  # levels between teeth and what is dark in an open mouth
HANGING = 0.05  # teeth begin as near to the edge of the upper lip
UNDER_LIP = 0.10  # so far they go on under it
LINE_AT_CORNER = 0.4  # of that, where lips are thin and skin would be taken for lip


@dataclass(frozen=True)
class MouthLayers:
    """Around the mouth, in the still's place.

    Attributes:
        patch: where it lies.
        lips: (2, 4, h, w) upper and lower lip: colour with the line between the lips taken out and continued
        beyond
            the lip's edge, and signed distance to that edge in frame pixels, positive on the lip's side.
        interior: teeth, tongue and cavity.
        picture: (2, 4, h, w) colour and cover of what the still itself shows between parted lips: all of it,
            and its upper teeth alone, continued under the upper lip.
        depth: of the teeth, frame pixels.
    """

    patch: Patch
    lips: Floats
    interior: Interior
    picture: Floats | None
    depth: float


def mouth_layers(canvas: Floats, mesh: Floats, head: HeadAxes, framing: Framing, style: Style) -> MouthLayers:
    """Take the mouth of the canvas (N, N, 3) apart; `mesh` (468, 3) and `head` in frame pixels."""
    points = head.into(mesh)
    depth = float(points[[UPPER_INNER[5], LOWER_INNER[5]], 2].mean())
    patch = mouth_patch(mesh, head, framing)
    colour = patch.of(canvas)
    xy = head.plane(patch.points(), depth)
    upper, lower = _edges(points)
    parted = is_open(points)
    if not parted:
        line = darkest_line(colour, patch, head, depth, (upper + lower) / 2, SEARCH)
        upper = lower = line
    beyond = [np.interp(xy[..., 0], edge[:, 0], edge[:, 1]) for edge in (upper, lower)]
    above, below = (beyond[0] - xy[..., 1]) * head.unit, (xy[..., 1] - beyond[1]) * head.unit
    middle_x, half = float(upper[-1, 0] + upper[0, 0]) / 2, float(upper[-1, 0] - upper[0, 0]) / 2
    thick = np.sqrt(np.clip(1 - ((xy[..., 0] - middle_x) / half) ** 2, 0, 1))
    line_width = LINE * head.unit * (LINE_AT_CORNER + (1 - LINE_AT_CORNER) * thick)
    lips = np.stack([_lip(colour, inward, line_width) for inward in (above, below)])
    edges = [float(np.interp(middle_x, edge[:, 0], edge[:, 1])) for edge in (upper, lower)]
    grain = grain_of(canvas, mesh, framing, above.shape)
    interior = draw_interior(
        xy[..., 0] - middle_x, xy[..., 1] - edges[0], xy[..., 1] - edges[1], half, style, grain
    )
    if not parted:
        return MouthLayers(patch, lips, interior, None, depth * head.unit)
    between = np.clip(1 + np.minimum(-above, -below), 0, 1)
    teeth = _upper_teeth(colour, above, below, head.unit)
    interior.upper[3] *= 1 - teeth[3].max(axis=0)  # in the columns where the still has its own
    seen = np.concatenate([colour.transpose(2, 0, 1), between[None]])
    return MouthLayers(patch, lips, interior, np.stack([seen, teeth]).astype(np.float32), depth * head.unit)


def _upper_teeth(colour: Floats, above: Floats, below: Floats, unit: float) -> Floats:
    """(4, h, w) the light row between the lips that hangs from the upper one, continued under that lip.

    Nothing where there is no such row from side to side: a few light spots are no teeth.

    Args:
        above, below: (h, w) frame pixels from the edges of upper and lower lip, positive on the lip.
    """
    from scipy.ndimage import gaussian_filter1d, label

    nothing = np.zeros((4, *above.shape), np.float32)
    inside = (above < -0.5) & (below < -0.5)
    luma = colour @ LUMA
    dark, light = np.percentile(luma[inside], (10, 95)) if inside.any() else (0.0, 0.0)
    if light - dark < TEETH_STEP:
        return nothing
    parts, _ = label(inside & (luma > (dark + light) / 2))
    hanging = np.unique(parts[inside & (above > -HANGING * unit)])
    found = np.isin(parts, hanging[hanging > 0])
    columns = found.any(axis=0)
    open_columns = inside.any(axis=0)
    length = np.where(columns, np.where(found, -above, 0).max(axis=0), 0)
    if columns.sum() < TEETH_ROW * open_columns.sum() or np.median(length[columns]) < TEETH_LEAST * unit:
        return nothing
    smooth = max(1.0, 0.02 * unit)
    across = gaussian_filter1d(columns.astype(np.float32), smooth)
    edge = gaussian_filter1d(length, smooth) / np.maximum(across, 0.1)
    cover = np.clip(edge + above + 0.5, 0, 1) * np.clip(2 * across - 0.5, 0, 1) * (above < UNDER_LIP * unit)
    shown = np.where(inside[..., None], colour, fill(colour, found.astype(np.float32)))
    return np.concatenate([shown.transpose(2, 0, 1), cover[None]]).astype(np.float32)


def _edges(points: Floats) -> tuple[Floats, Floats]:
    """(13, 2) edges of upper and lower lip in head x, y, from the sitter's right corner to the left one."""
    right, left = MOUTH_CORNERS
    upper, lower = (points[[right, *ring, left], :2].copy() for ring in (UPPER_INNER, LOWER_INNER))
    for edge in (upper, lower):
        edge[:, 0] = np.maximum.accumulate(edge[:, 0] + 1e-4 * np.arange(len(edge)))
    return upper, lower


def _lip(colour: Floats, inward: Floats, line: Floats) -> Floats:
    """(4, h, w) lip colour continued over the `line` and beyond, darker where the lip turns in; `inward`."""
    known = np.clip((inward - line) / 1.0, 0, 1)
    whole = fill(colour, known)
    turning = 1 - 0.30 * np.exp(-np.maximum(inward, 0) / (0.6 * line))
    return np.concatenate([(whole * turning[..., None]).transpose(2, 0, 1), inward[None]]).astype(np.float32)
