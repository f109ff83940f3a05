"""Which moment of the released clip each moment of a copy shows, once its geometry is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter, uniform_filter1d

from safety.fingerprint.grid import CELLS
from safety.fingerprint.picture import EVERY
from safety.fingerprint.sight import Colours, Sight, layout_off
from safety.fingerprint.tempo import Line

Floats = NDArray[np.float32]

WINDOW = 9  # samples (0.72 s) that a judgement looks at

# Agreement of movement is 2ab / (aa + bb): 1 for equal, 0 for unrelated or where one stands still. Layout is
# off by 1 where it is as far off as it may be. docs/fingerprint.md has what was measured.
MOTION_AGREES = (0.40, 0.65)  # `DROP` under the copy's median
LAYOUT_OFF = 0.55  # median over the picture
DROP = 0.30
QUIET = 0.5  # mean square level that counts as noise: beside it, movement of a cell says little
ROUGHLY, EXACTLY = 0.20, 0.12  # difference of one cell's movement
SHARE = 0.40  # of the released movement: as much must agree where the rest was replaced
PARTLY = 0.4  # score of a sample where only a part of the picture agrees, at most
FINE = 7  # samples (0.56 s) around an edge that is placed finely
STILL = 0.10  # mean square level of movement, over the whole picture, under which a window shows none
LEAVE, MOVE = 2.0, 4.0  # cost, in fully agreeing samples, of losing the clip and of jumping in it


@dataclass(frozen=True, eq=False)
class Agreement:
    """The copy's samples against the released clip on one line, over the window around each: (N,) each.

    Attributes:
        inside: bool, the released clip has this sample.
        motion: agreement of the movement, -1..1.
        moving: bool, there is movement to compare.
        layout: how far off the layout is, 0 or more.
        shared: 0..1, share of the released movement that lies in cells which agree by themselves.
    """

    inside: NDArray[np.bool_]
    motion: Floats
    moving: NDArray[np.bool_]
    layout: Floats
    shared: Floats


def windowed(values: Floats) -> Floats:
    """Mean over the window around each sample."""
    return np.asarray(uniform_filter1d(values, min(WINDOW, len(values)), axis=0, mode="reflect"))


def agreement(seen: Sight, line: Line, fitted: Colours, by_cells: bool = True) -> Agreement:
    """Every sample of the copy on one line; `shared` only `by_cells`."""
    samples = np.arange(len(seen.theirs), dtype=float)
    ours = seen.along(line, samples)
    cells = max(1, int(seen.covered.sum()))
    both, mine, others = (
        windowed((a * b).sum(1) / cells)
        for a, b in ((ours, seen.theirs), (ours, ours), (seen.theirs, seen.theirs))
    )
    off, known = layout_off(seen, line, fitted)
    middle = np.median(off[:, seen.laid_covered], axis=1) if seen.laid_covered.any() else np.zeros(len(off))
    rows = np.where(known, middle, np.inf)
    layout = rows[np.minimum(samples.astype(np.intp) // EVERY, len(rows) - 1)]
    return Agreement(
        seen.inside(line, samples),
        np.asarray(2 * both / np.maximum(mine + others, 1e-9)),
        np.maximum(mine, others) > STILL,
        median_filter(layout, WINDOW, mode="reflect") if len(layout) >= WINDOW else layout,
        shared(ours, seen.theirs, ROUGHLY) if by_cells else np.zeros(len(samples), np.float32),
    )


def moving(maps: Floats) -> NDArray[np.bool_]:
    """(N,) samples around which there is movement."""
    return np.asarray(windowed((maps**2).mean(1)) > STILL)


def apart(ours: Floats, theirs: Floats) -> tuple[Floats, Floats, Floats]:
    """(N, 12, 12) each: how much a cell's movement differs, 0 equal to 1 unrelated; mean squares of both.

    Over the window and the eight cells around.
    """
    size = (min(WINDOW, len(ours)), 3, 3)
    mine, others, both = (
        uniform_filter((a * b).reshape(-1, CELLS, CELLS), size, mode="nearest")
        for a, b in ((ours, ours), (theirs, theirs), (ours, theirs))
    )
    mine, others = np.maximum(mine, 0.0), np.maximum(others, 0.0)  # a running sum may end below 0
    return np.asarray((mine + others - 2 * both) / (mine + others + QUIET)), mine, others


def shared(ours: Floats, theirs: Floats, differ: float) -> Floats:
    """(N,) share of the released movement that lies in cells which by themselves differ by less."""
    off, mine, _ = apart(ours, theirs)
    weight = np.sqrt(mine) * (mine > QUIET)
    return np.asarray(
        (weight * (off < differ)).sum((1, 2)) / np.maximum(weight.sum((1, 2)), 1e-6), np.float32
    )


def scores(judged: list[Agreement]) -> Floats:
    """(D, N) of -1..1: positive where layout and movement agree as well as in the rest of this copy."""
    motion, layout = np.stack([one.motion for one in judged]), np.stack([one.layout for one in judged])
    moving, inside = np.stack([one.moving for one in judged]), np.stack([one.inside for one in judged])
    best, columns = np.where(moving, motion, -1.0).argmax(0), np.arange(motion.shape[1])
    good = (
        moving[best, columns]
        & (motion[best, columns] > MOTION_AGREES[0])
        & (layout[best, columns] < LAYOUT_OFF)
    )
    usual = float(np.median(motion[best, columns][good])) if good.any() else 1.0
    least = float(np.clip(usual - DROP, *MOTION_AGREES))
    part = np.stack([one.shared for one in judged])
    moved = np.maximum((motion - least) / (1.0 - least), np.minimum((part - SHARE) / (1.0 - SHARE), PARTLY))
    seen = 2.0 * (1.0 - layout / LAYOUT_OFF)
    score = np.where(moving, np.minimum(seen, moved), np.minimum(seen, 0.3))
    return np.asarray(np.where(inside, np.clip(score, -1.0, 1.0), -1.0), np.float32)


def edge(off: Floats, near: int, rising: bool) -> int:
    """The sample near which `off` (N,), 0 to 1 and more, steps up, or down; the step that parts it best."""
    first, last = max(1, near - FINE), min(len(off) - 1, near + FINE)
    if last <= first:
        return near
    values = np.minimum(off, 1.0)
    steps = []
    for at in range(first, last + 1):
        before, after = values[max(0, at - FINE) : at].mean(), values[at : at + FINE].mean()
        steps.append(after - before if rising else before - after)
    return first + int(np.argmax(steps))


def follow(score: Floats) -> NDArray[np.intp]:
    """The likeliest line of every sample: (N,) row of `score` (D, N), or -1 where none agrees (Viterbi)."""
    rows, count = score.shape
    emit = np.vstack([score, np.zeros(count)])  # the last row: nowhere
    cost = np.full((rows + 1, rows + 1), MOVE)
    cost[rows, :] = cost[:, rows] = LEAVE
    np.fill_diagonal(cost, 0.0)
    total, back = emit[:, 0].copy(), np.zeros((count, rows + 1), np.intp)
    for k in range(1, count):
        reach = total[:, None] - cost
        back[k] = reach.argmax(0)
        total = reach.max(0) + emit[:, k]
    path = np.empty(count, np.intp)
    path[-1] = total.argmax()
    for k in range(count - 1, 0, -1):
        path[k - 1] = back[k, path[k]]
    return np.where(path == rows, -1, path)
