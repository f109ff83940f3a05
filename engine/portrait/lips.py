"""The mesh's lips laid on the picture's: the line between shut lips, and where it ends."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import PortraitUnusable
from engine.portrait.framing import Framing
from engine.portrait.landmarks import (
    CORNER_POINTS,
    LOWER_INNER,
    LOWER_LIP,
    LOWER_MIDDLE,
    MOUTH_CORNERS,
    UPPER_INNER,
    UPPER_LIP,
    UPPER_MIDDLE,
    HeadAxes,
)
from engine.portrait.patches import Patch, patch_around
from engine.portrait.style import LUMA
from engine.portrait.tracing import cheapest_path, sample

Floats = NDArray[np.floating[Any]]

# All in eye distances.
OPEN = 0.05  # inner lips farther apart: open in the still; the mesh shows 0.01-0.05 on most shut ones,
SURELY_OPEN = 0.13  # and up to this on some, which show one thin dark line and nothing light, as teeth are
THIN = 0.4  # of the line's greatest depth, where it counts as seen
TEETH_STEP = 10.0  # levels over the lips that teeth are light
PALE = 0.65  # of the lips' tint, which teeth have at most
TEETH_SHARE = (0.3, 0.6)  # of what lies between the lips, in colour and in grey pictures; hair is in both
COLOURLESS = 0.05  # tint of lips in grey pictures
COVERED = (0.07, 0.12)  # a line that goes on so far beyond both corners is no mouth, but fingers or cloth
REACH = (0.75, 0.5, 0.75)  # of the patch: to the sides, up, down
BEYOND = 0.16  # the corners are looked for as far outside the mesh's
SEARCH = 0.09  # the line is looked for as far above and below the mesh's
FLANK = 0.028  # lips are seen as far above and below their line
COLUMNS, ROWS = 49, 37
UPWARDS, DOWNWARDS, STIFFNESS = 1.6, 0.4, 12.0  # cost of leaving the mesh's line: meshes lie rather too high
ENDS = 0.30  # of the line's usual depth; where it is shallower the mouth has ended
INWARD = 0.05  # how far a corner may lie inside the mesh's
CARRIED = (0.28, 0.22)  # how far around the mouth the rest of the mesh follows, along and across
FAINT = 6.0  # levels of 255: a line that is no deeper is not trusted


def fitted(mesh: Floats, canvas: Floats, head: HeadAxes, framing: Framing) -> Floats:
    """(468, 3) frame pixels: the mesh with its lips where the picture has them. Open mouths stay as they are.

    Networks that place meshes err by a few hundredths of an eye distance at the mouth, more where a beard
    hides lips. As much is enough to leave a lip's dark line standing on the other lip.

    Args:
        mesh: (468, 3) frame pixels.
        canvas: (N, N, 3) 0..255.

    Raises:
        PortraitUnusable: something with lines of its own covers the mouth.
    """
    points = head.into(mesh)
    gap = _gap(points)
    if gap > SURELY_OPEN or (gap > OPEN and _shows_teeth(mesh, canvas, framing)):
        return mesh
    line = _line(points, mesh, canvas, head, framing)
    if line is None:
        return mesh
    right, left = points[list(MOUTH_CORNERS), 0]
    beyond = sorted((float(right - line[0, 0]), float(line[-1, 0] - left)))
    if beyond[0] > COVERED[0] and beyond[1] > COVERED[1]:
        raise PortraitUnusable(
            "something covers the mouth: use a picture in which it can be seen",
            why="mouth_hidden", limit="line_beyond_mouth", most=COVERED[1],
        )  # fmt: skip
    return head.out(_laid_on(points, line))


def is_open(points: Floats) -> bool:
    """Whether the lips of a mesh (468, 3) in head coordinates are parted."""
    return _gap(points) > OPEN


def _gap(points: Floats) -> float:
    return float((points[list(LOWER_INNER), 1] - points[list(UPPER_INNER), 1]).max())


def _shows_teeth(mesh: Floats, canvas: Floats, framing: Framing) -> bool:
    """Whether what lies between the inner lips is light, and pale where lips are not."""
    upper, lower = (mesh[list(ring[2:9]), :2] for ring in (UPPER_INNER, LOWER_INNER))
    down = np.linspace(0.15, 0.85, 7)[:, None, None]
    lips = mesh[[i for ring in (*UPPER_MIDDLE, *LOWER_MIDDLE) for i in ring[2:9]], :2]
    between, usual = (
        _at(canvas, places, framing) for places in (upper * (1 - down) + lower * down, lips)
    )  # fmt: skip
    level, tint = float(np.median(usual @ LUMA)), float(np.median(_tint(usual)))
    if tint < COLOURLESS:
        return float(np.mean(between @ LUMA > level + TEETH_STEP)) > TEETH_SHARE[1]
    pale = (_tint(between) < PALE * tint) & (between @ LUMA > level - TEETH_STEP / 2)
    return float(np.mean(pale)) > TEETH_SHARE[0]


def _at(canvas: Floats, places: Floats, framing: Framing) -> Floats:
    """(n, 3) canvas at frame pixels (..., 2)."""
    pixels = np.clip((places + framing.border) * framing.oversample, 0, len(canvas) - 1).astype(int)
    return np.asarray(canvas[pixels[..., 1].ravel(), pixels[..., 0].ravel()], np.float32)


def _tint(colour: Floats) -> Floats:
    """(n,) 0 for greys, 1 for the purest colours."""
    return np.asarray(np.ptp(colour, axis=-1) / np.maximum(colour.max(axis=-1), 1), np.float32)


def mouth_patch(mesh: Floats, head: HeadAxes, framing: Framing) -> Patch:
    """The part of the canvas around the mouth."""
    middle = mesh[[UPPER_INNER[5], LOWER_INNER[5]], :2].mean(axis=0)
    return patch_around(middle, REACH, head.unit, framing)


def _line(points: Floats, mesh: Floats, canvas: Floats, head: HeadAxes, framing: Framing) -> Floats | None:
    """(n, 2) head x, y from corner to corner: the dark line that shut lips make; None where there is none."""
    from scipy.ndimage import gaussian_filter, gaussian_filter1d

    x, guess = _guess(points)
    offsets = np.linspace(-SEARCH, SEARCH, ROWS)
    flank = round(FLANK / (offsets[1] - offsets[0]))
    rows = np.arange(-flank, ROWS + flank) * (offsets[1] - offsets[0]) - SEARCH
    at = np.stack(np.broadcast_arrays(x[:, None], guess[:, None] + rows), axis=-1)
    patch = mouth_patch(mesh, head, framing)
    depth = float(points[[UPPER_INNER[5], LOWER_INNER[5]], 2].mean())
    luma = sample(
        gaussian_filter(patch.of(canvas) @ LUMA, 0.8), patch, head.flat(at.astype(np.float32), depth)
    )
    valley = np.minimum(luma[:, : -2 * flank], luma[:, 2 * flank :]) - luma[:, flank:-flank]
    deepest = float(np.percentile(valley, 98))
    if deepest < FAINT:
        return None
    off = np.linspace(-1, 1, ROWS)
    far = np.where(off < 0, UPWARDS, DOWNWARDS) * off**2
    path = cheapest_path(far - np.clip(valley / deepest, -0.5, 1), STIFFNESS)
    along = np.clip(np.round((path + 1) / 2 * (ROWS - 1)).astype(int), 1, ROWS - 2)
    seen = gaussian_filter1d(np.max([valley[np.arange(COLUMNS), along + i] for i in (-1, 0, 1)], axis=0), 0.7)
    right, left = points[list(MOUTH_CORNERS), 0]
    inner = np.abs(x - (right + left) / 2) < 0.3 * (left - right)
    if _gap(points) > OPEN and float(np.mean(seen[inner] > THIN * deepest)) < 0.9:
        return None
    ends = _ends(x, seen / max(float(np.median(seen[inner])), FAINT), float(right), float(left))
    columns = np.linspace(*ends, COLUMNS)
    return np.stack([columns, np.interp(columns, x, guess + SEARCH * path)], axis=1).astype(np.float32)


def _guess(points: Floats) -> tuple[Floats, Floats]:
    """(C,) head x and y of the mesh's line between the lips, prolonged straight beyond the corners."""
    inner = (points[list(UPPER_INNER), :2] + points[list(LOWER_INNER), :2]) / 2
    right, left = points[list(MOUTH_CORNERS), :2]
    known = np.concatenate([right[None], inner, left[None]])
    known = known[np.argsort(known[:, 0])]
    slope = float((left[1] - right[1]) / (left[0] - right[0]))
    x = np.linspace(right[0] - BEYOND, left[0] + BEYOND, COLUMNS)
    beyond = np.minimum(x - right[0], 0) + np.maximum(x - left[0], 0)
    return x, np.interp(x, known[:, 0], known[:, 1]) + slope * beyond


def _ends(x: Floats, seen: Floats, right: float, left: float) -> tuple[float, float]:
    """x of the corners: outwards from the mesh's as long as the line is `seen`, or inwards until it is."""
    found = []
    for corner, outward in ((right, -1.0), (left, 1.0)):
        order = np.argsort(outward * x)
        ways, clear = outward * (x[order] - corner), seen[order] > ENDS
        start = int(np.searchsorted(ways, -INWARD))
        first_gap = start + int(np.argmin(clear[start:])) if not clear[start:].all() else len(x) - 1
        found.append(corner + outward * float(np.clip(ways[max(first_gap - 1, 0)], -INWARD, BEYOND - 0.02)))
    return found[0], found[1]


def _laid_on(points: Floats, line: Floats) -> Floats:
    """Head coordinates of the mesh with inner lips on `line` (n, 2); the face around goes along, fading."""
    right, left = points[list(MOUTH_CORNERS), :2]
    middle, half = (right[0] + left[0]) / 2, (left[0] - right[0]) / 2
    new_middle, new_half = (line[0, 0] + line[-1, 0]) / 2, (line[-1, 0] - line[0, 0]) / 2
    x, guess = _guess(points)
    across = (points[:, 0] - middle) / half
    near = np.clip(across, -1, 1)
    target = new_middle + near * new_half
    shift_x = target - (middle + near * half)
    shift_y = np.interp(target, line[:, 0], line[:, 1]) - np.interp(middle + near * half, x, guess)
    outside = np.maximum(np.abs(across) - 1, 0) * half
    lips = np.isin(np.arange(468), (*UPPER_LIP, *LOWER_LIP, *CORNER_POINTS))
    height = points[:, 1] - np.interp(points[:, 0], x, guess)
    weight = np.where(lips, 1.0, np.exp(-((outside / CARRIED[0]) ** 2) - (height / CARRIED[1]) ** 2))
    moved = points.copy()
    moved[:, 0] += weight * shift_x
    moved[:, 1] += weight * shift_y
    for ring in (UPPER_INNER, LOWER_INNER):
        moved[list(ring), 1] = np.interp(moved[list(ring), 0], line[:, 0], line[:, 1])
    return moved.astype(np.float32)
