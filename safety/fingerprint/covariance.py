"""What two clips that run side by side say about their cells, and how well a geometry fits it.

Whether cell x of the released clip and cell y of the copy show the same is their covariance over time; so one
(144, 144) matrix of covariances holds all that a trial of a geometry needs, however long the clips are.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from safety.fingerprint.geometry import Mapping
from safety.fingerprint.grid import CELLS, COARSE, blur, centres, corners

Array = NDArray[np.float64]

PLACES, COARSELY = centres(CELLS), centres(COARSE)
FLOOR = 0.15  # mean square level under which a cell does not move
ROUNDS = 5  # of the robust fit of luma


@dataclass(frozen=True, eq=False)
class Covariances:
    """What two sequences of change that run side by side say about their cells.

    Attributes:
        cross: (144, 144) released cell by copy's cell: mean product.
        ours: (144, 144) the same of the released cells among themselves.
        others: (144, 144) the same of the copy's.
        layouts: (64,) mean luma of the released clip and of the copy over the same time.
        trust: (64,) 1, or 0 for the copy's coarse cells under something that was laid over them.
        aspects: of the released picture and the copy's.
    """

    cross: Array
    ours: Array
    others: Array
    layouts: tuple[Array, Array]
    aspects: tuple[float, float]
    trust: Array = field(default_factory=lambda: np.ones(len(COARSELY)))

    @cached_property
    def theirs(self) -> Array:
        """(144,) mean square of the copy's cells."""
        return np.asarray(np.diag(self.others))

    def blurred(self, ours: float, theirs: float) -> "Covariances":
        """As of maps blurred by these variances."""
        one, other = blur(CELLS, ours), blur(CELLS, theirs)
        return replace(
            self, cross=one @ self.cross @ other.T, ours=one @ self.ours @ one.T,
            others=other @ self.others @ other.T,
        )  # fmt: skip

    @cached_property
    def alike(self) -> Array:
        """(144, 144) correlation of released cell and copy's cell."""
        own = np.sqrt(np.diag(self.ours) + FLOOR)[:, None] * np.sqrt(self.theirs + FLOOR)
        return np.asarray(self.cross / own)


def covariances(
    released: NDArray[np.float32], probe: NDArray[np.float32], layouts: tuple[Array, Array],
    aspects: tuple[float, float],
) -> Covariances:  # fmt: skip
    """Of (N, 144) levels of change, sample by sample side by side."""
    count = max(1, len(probe))
    return Covariances(
        np.asarray(released.T @ probe / count, float),
        np.asarray(released.T @ released / count, float),
        np.asarray(probe.T @ probe / count, float),
        layouts,
        aspects,
    )


def movement(seen: Covariances, matrices: Array, shifts: Array) -> Array:
    """(H,) correlation of the copy's whole movement with the released one read under H mappings."""
    index, weight, _ = corners(PLACES @ matrices.transpose(0, 2, 1) + shifts[:, None], CELLS)
    both = (seen.cross[index, np.arange(len(PLACES))[:, None]] * weight).sum((1, 2))
    pairs = seen.ours[index[..., :, None], index[..., None, :]]
    own = np.einsum("hyab,hya,hyb->h", pairs, weight, weight)
    return np.asarray(both / np.sqrt((np.maximum(own, 0.0) + FLOOR) * (seen.theirs.sum() + FLOOR)))


def laid_alike(seen: Covariances, matrices: Array, shifts: Array) -> Array:
    """(H,) correlation of the copy's mean luma with the released one's under H mappings, where that is."""
    index, weight, inside = corners(COARSELY @ matrices.transpose(0, 2, 1) + shifts[:, None], COARSE)
    kept = inside * seen.trust
    count = np.maximum(kept.sum(1, keepdims=True), 1)
    ours = (seen.layouts[0][index] * weight).sum(-1)
    ours = (ours - (ours * kept).sum(1, keepdims=True) / count) * kept
    theirs = (seen.layouts[1] - (seen.layouts[1] * kept).sum(1, keepdims=True) / count) * kept
    alike = (ours * theirs).sum(1) / np.sqrt(((ours**2).sum(1) + 1e-6) * ((theirs**2).sum(1) + 1e-6))
    return np.asarray(np.where(kept.sum(1) < 8, 0.0, alike))


def trusted(layouts: tuple[Array, Array], mapping: Mapping) -> Array:
    """(64,) 1 where the copy's luma follows the released one's, by a robust straight line; 0 elsewhere."""
    index, weight, inside = corners(mapping(COARSELY), COARSE)
    ours, theirs = (layouts[0][index] * weight).sum(-1), layouts[1]
    terms = np.stack([ours, np.ones_like(ours)], 1)
    trust = inside.astype(float)
    off = np.zeros_like(ours)
    for _ in range(ROUNDS):
        normal = terms.T @ (terms * trust[:, None]) + np.diag([1.0, 1e-3])
        off = np.abs(
            theirs - terms @ np.linalg.solve(normal, terms.T @ (theirs * trust) + np.array([1.0, 0.0]))
        )
        usual = max(3.0, 1.5 * float(np.median(off[inside]))) if inside.any() else 3.0
        trust = inside / (1.0 + (off / usual) ** 2)
    return np.asarray(off < 3.0 * usual, float)
