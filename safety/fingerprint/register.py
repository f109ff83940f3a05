"""How a copy's picture lies over the released one, found from what moves together.

The series of one cell's change says which part of the picture it shows. Pairs of cells that agree best
propose geometries (as in Fischler and Bolles, "Random sample consensus", 1981); the best are refined.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from safety.fingerprint.covariance import FLOOR, PLACES, Covariances, laid_alike, movement, trusted
from safety.fingerprint.geometry import Mapping, similarity
from safety.fingerprint.grid import CELLS, as_blurred

Array = NDArray[np.float64]

ALIKE = 0.35  # correlation of two cells from which they are taken for the same place
DRAWS = 300  # pairs of places from which a geometry is proposed
HOPELESS = 0.15  # rough agreement under which a geometry is not worth refining
CLOSE, REFINED = 0.08, 3  # how far below the best trial, and how many, are refined
BLUR = 0.5  # square cells: so much that a shift by a part of a cell changes little
LEAST = 3  # moving cells without which no geometry is told
FIRST, STEPS = (0.06, 0.03, 0.03, 0.03), 8  # first steps in log scale, radians, width, height; and how many
SCALES = (0.5, 2.6)  # released heights to one of the copy
TURN = 0.15  # radians (9 degrees) that a copy may be turned
LAID = 0.5  # correlation of the layouts under which they are not the same
LAYOUT_COUNTS = 0.4  # how much the layouts' correlation weighs beside the movement's


@dataclass(frozen=True, eq=False)
class Start:
    """What is known of a geometry before any is refined: the best trial's rough agreement, and all trials."""

    agreed: float
    raw: Covariances
    trials: list[Mapping]
    scores: Array


def proposed(raw: Covariances) -> Start:
    """Geometries worth refining, tried roughly."""
    seen = raw.blurred(BLUR, BLUR)
    moving = np.flatnonzero(seen.theirs > FLOOR)
    trials = [
        similarity(mirrored, 1.0, 0.0, np.array([0.5, 0.5]), seen.aspects) for mirrored in (False, True)
    ]
    if len(moving) < LEAST:
        return Start(0.0, raw, trials, np.zeros(2))
    trials += _drawn(seen, moving)
    scores = _tried(seen, trials, moving)
    return Start(float(scores.max()), raw, trials, scores)


def register(start: Start) -> tuple[Mapping, float]:
    """The mapping under which most of the movement agrees, and the agreement, -1..1 (0 where nothing moves,
    or the pictures do not look alike under it)."""
    order = np.argsort(-start.scores, kind="stable")
    first = start.trials[order[0]]
    if start.agreed < HOPELESS:
        return first, start.agreed
    seen = start.raw.blurred(BLUR, BLUR)
    picked: list[Mapping] = []
    for place in order[: np.searchsorted(-start.scores[order], CLOSE - start.agreed)]:
        if len(picked) < REFINED and not any(_near(start.trials[place], one) for one in picked):
            picked.append(start.trials[place])
    best, _ = max((_refined(seen, one) for one in picked), key=lambda entry: entry[1])
    fitted = replace(start.raw.blurred(BLUR, as_blurred(BLUR, best.scale)), trust=trusted(seen.layouts, best))
    best, _ = _refined(fitted, best)
    if float(laid_alike(fitted, best.matrix[None], best.shift[None])[0]) < LAID:
        return best, 0.0
    return best, float(movement(fitted, best.matrix[None], best.shift[None])[0])


def _drawn(seen: Covariances, moving: NDArray[np.intp]) -> list[Mapping]:
    """Geometries through pairs of the copy's cells and the released places that move like them."""
    table = seen.alike[:, moving]
    best = table.argmax(0)
    value = table.max(0)
    chosen = value > ALIKE
    if chosen.sum() < 3:
        return []
    cells, partners, value = moving[chosen], best[chosen], value[chosen]
    theirs, ours = PLACES[cells], _finer(seen.alike, partners, cells)
    share = value**2 * np.sqrt(seen.theirs[cells])
    random = np.random.default_rng(0)
    first, second = random.choice(len(cells), (2, DRAWS), p=share / share.sum())
    across = np.array([seen.aspects[1], 1.0]) * (theirs[second] - theirs[first])
    onto = np.array([seen.aspects[0], 1.0]) * (ours[second] - ours[first])
    found = []
    for k in np.flatnonzero((np.hypot(*across.T) > 0.2) & (np.hypot(*onto.T) > 0.1)):
        for mirrored in (False, True):
            source = complex(-across[k, 0] if mirrored else across[k, 0], across[k, 1])
            ratio = complex(*onto[k]) / source
            scale, turn = abs(ratio), float(np.angle(ratio))
            if SCALES[0] <= scale <= SCALES[1] and abs(turn) <= TURN:
                one = similarity(mirrored, scale, turn, np.zeros(2), seen.aspects)
                off = (ours[first[k]] + ours[second[k]] - one(theirs[first[k]]) - one(theirs[second[k]])) / 2
                found.append(Mapping(one.matrix, one.shift + off))
    return found


def _finer(alike: Array, partners: NDArray[np.intp], cells: NDArray[np.intp]) -> Array:
    """(n, 2) places of the partners, between cells where the neighbours agree too."""
    row, column = partners // CELLS, partners % CELLS
    maps = np.pad(alike.reshape(CELLS, CELLS, -1)[..., cells], ((1, 1), (1, 1), (0, 0)), mode="edge")
    k = np.arange(len(cells))
    middle = maps[row + 1, column + 1, k]
    out = []
    for low, high in (
        (maps[row + 1, column, k], maps[row + 1, column + 2, k]),
        (maps[row, column + 1, k], maps[row + 2, column + 1, k]),
    ):
        bend = np.maximum(2 * middle - low - high, 1e-6)
        out.append(np.clip((high - low) / (2 * bend), -0.5, 0.5))
    return np.asarray(PLACES[partners] + np.stack(out, 1) / CELLS)


def _tried(seen: Covariances, trials: list[Mapping], moving: NDArray[np.intp]) -> Array:
    """(H,) rough agreement of many mappings: nearest cells only."""
    matrices = np.stack([one.matrix for one in trials])
    shifts = np.stack([one.shift for one in trials])
    where = PLACES[moving] @ matrices.transpose(0, 2, 1) + shifts[:, None]
    inside = ((where >= 0.0) & (where < 1.0)).all(-1)
    cell = (np.clip(where, 0.0, 0.999) * CELLS).astype(np.intp)
    index = cell[..., 1] * CELLS + cell[..., 0]
    both = (seen.cross[index, moving] * inside).sum(1)
    own = (np.diag(seen.ours)[index] * inside).sum(1)
    return np.asarray(both / np.sqrt((own + FLOOR) * (seen.theirs[moving].sum() + FLOOR)))


def _near(one: Mapping, other: Mapping) -> bool:
    edges = np.array([(0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)])
    return bool(np.abs(one(edges) - other(edges)).max() < 1.0 / CELLS)


def _refined(seen: Covariances, start: Mapping) -> tuple[Mapping, float]:
    """Climb from a mapping in scale, turn and place: a Newton step from each axis, ever finer."""
    ratio = np.diag([seen.aspects[0], 1.0]) @ start.matrix @ np.diag([1 / seen.aspects[1], 1.0])
    mirrored = bool(np.linalg.det(ratio) < 0)
    if mirrored:
        ratio = ratio @ np.diag([-1.0, 1.0])
    at = np.array([
        np.log(np.sqrt(abs(np.linalg.det(ratio)))),
        np.arctan2(ratio[1, 0] - ratio[0, 1], ratio[0, 0] + ratio[1, 1]),
        *start(np.array([0.5, 0.5])),
    ])  # fmt: skip

    def mapping(step: Array) -> Mapping:
        return similarity(mirrored, float(np.exp(step[0])), float(step[1]), step[2:], seen.aspects)

    def value(steps: Array) -> Array:
        made = [mapping(step) for step in steps]
        matrices, shifts = np.stack([one.matrix for one in made]), np.stack([one.shift for one in made])
        return movement(seen, matrices, shifts) + LAYOUT_COUNTS * laid_alike(seen, matrices, shifts)

    here = float(value(at[None])[0])
    size = np.array(FIRST)
    for _ in range(STEPS):
        around = value(at + np.concatenate([np.diag(size), -np.diag(size)]))
        more, less = around[:4], around[4:]
        bend = np.maximum(2 * here - more - less, 1e-6)
        newton = np.clip((more - less) / (2 * bend), -1.5, 1.5) * size
        best = int(around.argmax())
        single = np.zeros(4)
        single[best % 4] = size[best % 4] * (1 if best < 4 else -1)
        trials = at + np.stack([newton, newton / 2, single])
        values = value(trials)
        if values.max() > here:
            here, at = float(values.max()), trials[int(values.argmax())]
            size = size * 0.7
        else:
            size = size * 0.4
    return mapping(at), here
