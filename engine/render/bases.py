"""The blendshapes of the mesh spread over grids: the linear part of the displacement field."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portrait import Portrait
from engine.portrait.depth import Grid, ring, spline
from engine.portrait.landmarks import LOWER_INNER, LOWER_LIP, UPPER_LIP
from engine.render.mouth_shapes import Mouth
from engine.render.shapes import shapes
from engine.render.weights import smoothstep

Floats = NDArray[np.floating[Any]]

# All in eye distances.
NOSE = 0.55  # above the lips; within it nothing holds the lower lip's motion back
STILL_RINGS = (1.75, 2.3, 3.2)  # times the face's oval: nothing moves there
MEETING = 0.16  # height over which the two sides pass into one another beyond the corners
CORNER = (0.92, 1.06)  # of half the mouth's width: where the lips' parting ends


def names(portrait: Portrait) -> list[str]:
    """Of the shapes, in the order of the bases' rows."""
    return list(shapes(portrait.head.into(portrait.mesh)))


def bases(portrait: Portrait, grids: list[Grid]) -> list[tuple[Floats, Floats, Floats]]:
    """Of each grid (K, 3 M) each, frame pixels: whole, upper, lower.

    The upper basis is right above the lips' line and extends the upper lip's motion downwards, the lower one
    is right
    below it and extends the lower lip's upwards, so that each lip's edge moves as a whole and the mouth
    parts along its
    line. Beyond the corners of the mouth both are the whole, which is the upper above and the lower below.
    """
    head = portrait.head
    points = head.into(portrait.mesh)
    made = shapes(points)
    deltas = np.stack([head.turn(d) for d in made.values()], axis=1).reshape(len(points), -1)  # (468, K * 3)
    above, below = _sides(points)
    at = np.concatenate([grid.points for grid in grids])
    upper, lower = (_spread(portrait, at, ~other, deltas) for other in (below, above))
    between, side = _zones(portrait, at, points)
    whole = upper + side * (lower - upper)
    each = (whole, whole + between * (upper - whole), whole + between * (lower - whole))
    ends = np.cumsum([len(grid.points) for grid in grids])[:-1]
    parts = [[_rows(part, len(made)) for part in np.split(basis, ends)] for basis in each]
    return list(zip(*parts, strict=True))


def _rows(basis: Floats, count: int) -> Floats:
    """(M, K * 3) -> (K, 3 M)."""
    return np.ascontiguousarray(basis.reshape(-1, count, 3).transpose(1, 2, 0).reshape(count, -1))


def _sides(points: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(468,) each: the upper lip and what is above; the lower lip and what is below."""
    mouth = Mouth.of(points)
    indices = np.arange(len(points))
    lips = np.isin(indices, (*UPPER_LIP, *LOWER_LIP))
    near, up = ~lips & (np.abs(mouth.across(points)) < 1.1), mouth.y - points[:, 1]
    above = np.isin(indices, UPPER_LIP) | (near & (up > 0) & (up < NOSE))
    return above, np.isin(indices, LOWER_LIP) | (near & (up < 0))


def _spread(portrait: Portrait, points: Floats, keep: NDArray[np.bool_], deltas: Floats) -> Floats:
    """(M, ...) deltas of the mesh points to `keep`, at `points` (M, 2); far from the face nothing moves."""
    head, mesh = portrait.head, portrait.mesh
    still = np.concatenate([head.out(ring(head, mesh, factor)) for factor in STILL_RINGS])
    at = (points - head.origin[:2]) / head.unit
    controls = (np.concatenate([mesh[keep], still])[:, :2] - head.origin[:2]) / head.unit
    values = np.concatenate([deltas[keep], np.zeros((len(still), deltas.shape[1]), np.float32)])
    beyond = np.hypot(*(at - np.asarray([0.0, 0.4])).T)
    fade = 1 - smoothstep((beyond - 2.2) / 0.8)
    spread = np.zeros((len(at), deltas.shape[1]), np.float32)
    spread[fade > 0] = spline(at[fade > 0], controls, values) * fade[fade > 0, None]
    return spread


def _zones(portrait: Portrait, places: Floats, points: Floats) -> tuple[Floats, Floats]:
    """(M, 1) each: 1 between the corners of the mouth, 0 beyond; and 0 above the lips' line, 1 below."""
    mouth = Mouth.of(points)
    xy = portrait.head.plane(places, float(points[LOWER_INNER[5], 2]))
    across = np.abs(xy[:, :1] - mouth.x) / mouth.half
    between = 1 - smoothstep((across - CORNER[0]) / (CORNER[1] - CORNER[0]))
    return between, smoothstep((xy[:, 1:] - mouth.y) / MEETING + 0.5)
