"""Which parts of the picture differ, and when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, label, uniform_filter

from safety.fingerprint.align import QUIET, WINDOW, apart, edge
from safety.fingerprint.geometry import Box
from safety.fingerprint.grid import CELLS, COARSE, centres, corners
from safety.fingerprint.picture import EVERY
from safety.fingerprint.sight import Colours, Sight, layout_off
from safety.fingerprint.tempo import Line

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

MOTION_DIFFERS = (0.36, 0.50)  # `RISE` over the copy's median difference of cells that move
RISE = 0.26
LAYOUT_DIFFERS = 1.3  # times what the layout may differ
LEAST_CELLS = 8  # of 144: 5.6 % of the picture
LEAST_SAMPLES = 5  # 0.4 s
SEEN = 0.2  # share of a region's time that a cell must differ to be of it
HALF = 0.55  # of what the most different cells of a region differ, from which a cell belongs to its box
LAID_OVER = 0.27  # of the picture: larger things are no caption, logo or frame
SHORT = 25  # samples (2 s)
STAYS = 0.40  # share of the released movement that may lie under a caption
EDGE = 1.6  # cells from the picture's edge within which a caption or logo begins


@dataclass(frozen=True)
class Region:
    """Attributes:
    start, end: samples of the copy, end exclusive.
    box: left, top, right, bottom in fractions of the copy's picture.
    confidence: 0..1.
    laid_over: something that stands still at the edge, over what hardly moved: a caption, a logo, a frame.
    """

    start: int
    end: int
    box: Box
    confidence: float
    laid_over: bool


@dataclass(frozen=True, eq=False)
class Differences:
    """Cell by cell over the copy's samples: (N, 12, 12) each.

    Attributes:
        differs: 1 where a cell differs as much as makes it another, in movement or layout.
        ours, theirs, product: movement squared of the released clip and the copy, and of both.
        laid: (N, 12, 12) how far off the layout is, 1 being `LAYOUT_DIFFERS`.
        judged: (12, 12) the released picture is there in the copy.
    """

    differs: Floats
    ours: Floats
    theirs: Floats
    product: Floats
    laid: Floats
    judged: Mask

    def at_once(self, cells: Mask) -> Floats:
        """(N,) how much the movement of some cells differs, sample by sample: 0 to 1 and more."""
        mine, others, both = (values[:, cells].sum(1) for values in (self.ours, self.theirs, self.product))
        moved = (mine + others - 2 * both) / (mine + others + 0.3 * QUIET * cells.sum())
        return np.asarray(np.maximum(moved, self.laid[:, cells].mean(1) > 1.0), np.float32)


def differences(seen: Sight, lines: list[tuple[int, int, Line]], fitted: Colours) -> Differences:
    """Of all samples that lie on lines (start, end exclusive, line); elsewhere nothing differs."""
    count = len(seen.theirs)
    ours, theirs = np.zeros_like(seen.theirs), np.zeros_like(seen.theirs)
    laid = np.zeros((count, CELLS * CELLS), np.float32)
    finer = _finer()
    for start, end, line in lines:
        samples = np.arange(start, end)
        inside = samples[seen.inside(line, samples.astype(float))]
        ours[inside] = seen.along(line, inside.astype(float))
        theirs[inside] = seen.theirs[inside]
        off, known = layout_off(seen, line, fitted)
        rows = np.minimum(inside // EVERY, len(off) - 1)
        laid[inside] = (off * known[:, None] / LAYOUT_DIFFERS)[rows] @ finer.T
    shape = (count, CELLS, CELLS)
    off, mine, others = apart(ours, theirs)
    busy = np.maximum(mine, others) > QUIET
    usual = float(np.median(off[busy])) if busy.any() else 0.0
    bound = float(np.clip(usual + RISE, *MOTION_DIFFERS))
    moved = np.where(busy, off / bound, 0.0)
    laid = laid.reshape(shape)
    judged = seen.covered.reshape(CELLS, CELLS)
    return Differences(
        np.asarray(np.maximum(moved, laid) * judged, np.float32),
        (ours * ours).reshape(shape),
        (theirs * theirs).reshape(shape),
        (ours * theirs).reshape(shape),
        laid,
        judged,
    )


def regions(found: Differences) -> list[Region]:
    """Parts that differ for long enough and are large enough."""
    mask = uniform_filter((found.differs > 1.0).astype(np.float32), (LEAST_SAMPLES, 1, 1)) > 0.5
    mask = binary_closing(mask, np.ones((LEAST_SAMPLES, 1, 1), bool), border_value=0) | mask
    parts, count = label(mask, np.ones((3, 3, 3), bool))
    out = []
    for number in range(1, count + 1):
        part = parts == number
        area = part.sum((1, 2))
        when = np.flatnonzero(
            area
            >= max(
                LEAST_CELLS,
                0.5 * float(np.median(area[area >= LEAST_CELLS] if (area >= LEAST_CELLS).any() else [0])),
            )
        )
        if len(when) >= LEAST_SAMPLES:
            out.append(_region(found, part, int(when[0]), int(when[-1]) + 1))
    return _merged(sorted(out, key=lambda one: (one.start, one.end)))


def _merged(parts: list[Region]) -> list[Region]:
    """Neighbours that differ at the same time are one; what was laid over stands for itself."""
    out: list[Region] = []
    for part in parts:
        near = next((one for one in out if _together(one, part)), None)
        if near is None:
            out.append(part)
            continue
        box = (
            min(near.box[0], part.box[0]), min(near.box[1], part.box[1]),
            max(near.box[2], part.box[2]), max(near.box[3], part.box[3]),
        )  # fmt: skip
        both = Region(near.start, max(near.end, part.end), box, max(near.confidence, part.confidence), False)
        out[out.index(near)] = both
    return out


def _together(one: Region, other: Region) -> bool:
    common = min(one.end, other.end) - max(one.start, other.start)
    apart_by = max(
        max(one.box[0], other.box[0]) - min(one.box[2], other.box[2]),
        max(one.box[1], other.box[1]) - min(one.box[3], other.box[3]),
    )
    long = 2 * common > min(one.end - one.start, other.end - other.start)
    return long and apart_by * CELLS < EDGE and not one.laid_over and not other.laid_over


def whole(found: Differences, start: int, end: int) -> Region:
    """Everything that differs between two samples, as one region, from where it begins to where it ends."""
    part = np.zeros(found.differs.shape, bool)
    part[start:end] = found.differs[start:end] > 1.0
    when = np.flatnonzero(part.sum((1, 2)) >= LEAST_CELLS)
    if len(when) >= LEAST_SAMPLES:
        start = int(when[0]) if when[0] - start > WINDOW else start
        end = int(when[-1]) + 1 if end - when[-1] > WINDOW else end
    return _region(found, part, start, end)


def _region(found: Differences, part: Mask, start: int, end: int) -> Region:
    during = slice(start, end)
    mine, others, both = (values[during].sum(0) for values in (found.ours, found.theirs, found.product))
    moved = (mine + others - 2 * both) / (mine + others + QUIET * (end - start))
    seen = part[during].mean(0) > SEEN
    cells = np.zeros_like(seen)
    for strength, least in ((moved, MOTION_DIFFERS[0]), (found.laid[during].mean(0), 1.0)):
        values = np.sort(strength[seen])
        top = float(values[-max(1, len(values) // 4) :].mean()) if len(values) else 0.0
        if top > least:
            cells |= seen & (strength >= HALF * top)
    cells = _largest(cells) if cells.any() else found.judged
    rows, columns = np.nonzero(cells)
    box = (
        round(float(columns.min()) / CELLS, 3), round(float(rows.min()) / CELLS, 3),
        round(float(columns.max() + 1) / CELLS, 3), round(float(rows.max() + 1) / CELLS, 3),
    )  # fmt: skip
    inside = np.zeros((CELLS, CELLS), bool)
    inside[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    off = found.at_once(inside)
    differs = found.differs[during][part[during]]
    return Region(
        edge(off, start, rising=True) if start else 0,
        edge(off, end, rising=False) if end < len(off) else end,
        box,
        round(float(np.clip(differs.mean() - 0.5, 0.0, 1.0)), 2) if len(differs) else 0.0,
        _laid_over(found, during, inside, box),
    )


def _largest(cells: Mask) -> Mask:
    """The largest patch of cells, and those that are half as large."""
    parts, count = label(cells, np.ones((3, 3), bool))
    sizes = np.array([int((parts == number).sum()) for number in range(1, count + 1)])
    return np.asarray(np.isin(parts, 1 + np.flatnonzero(2 * sizes >= sizes.max())))


def _laid_over(found: Differences, during: slice, inside: Mask, box: Box) -> bool:
    left, top, right, bottom = box
    margin = min(left, top, 1 - right, 1 - bottom) * CELLS
    ours = found.ours[during].sum(0)
    share = float(ours[inside].sum() / max(float(ours.sum()), 1e-9))
    still = found.theirs[:, inside].mean(1)  # captions change, and are short: then the whole clip tells
    stands = float(np.median(still if during.stop - during.start < SHORT else still[during])) < QUIET
    return margin < EDGE and (right - left) * (bottom - top) <= LAID_OVER and share < STAYS and stands


def _finer() -> Floats:
    """(144, 64) that reads coarse cells at the fine ones."""
    index, weight, _ = corners(centres(CELLS), COARSE)
    out = np.zeros((CELLS * CELLS, COARSE * COARSE), np.float32)
    np.add.at(out, (np.repeat(np.arange(CELLS * CELLS), 4), index.ravel()), weight.ravel())
    return out
