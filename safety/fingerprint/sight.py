"""Both clips on the copy's grid: what the released clip would show there, and what the copy does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.fingerprint import version1
from safety.fingerprint.clip import Fingerprint
from safety.fingerprint.geometry import SPREAD, Mapping
from safety.fingerprint.grid import CELLS, COARSE, as_blurred, blur
from safety.fingerprint.picture import CHANNELS, EVERY
from safety.fingerprint.register import BLUR
from safety.fingerprint.tempo import Line, between

Floats = NDArray[np.float32]

LOUDEST = 3.0  # mean square level up to which a sample counts: a cut must not drown the second around it
EVEN = 6.0  # grey levels that a cell of the layout may differ: twice what quantising both sides does
EDGE = 0.3  # share of the contrast around a cell that it may differ more: a shift by a third of a cell
HELD = (20.0, 20.0, 20.0, 40.0, 1e-4)  # how strongly colours are believed unchanged, in grey levels squared
ROUNDS = 4  # of the robust fit of colours


def moved(clip: Fingerprint, simply: bool = False) -> Floats:
    """(N, 144) levels of change as they are compared: no sample too loud; `simply` as version 1 knew it."""
    rows = clip.change.astype(np.float32)
    rows = version1.projected(rows) if simply else rows
    power = (rows**2).mean(1, keepdims=True)
    return np.asarray(rows * np.sqrt(np.minimum(1.0, LOUDEST / np.maximum(power, 1e-9))))


@dataclass(frozen=True, eq=False)
class Sight:
    """A released clip as a copy of known geometry would show it, and the copy.

    Attributes:
        ours, theirs: (N, 144) change, of the released clip's N and the copy's N; 0 where not `covered`.
        covered: (144,) the released picture is there in the copy.
        laid_ours, laid_theirs: (rows, 3, 64) layout in grey levels.
        laid_covered: (64,).
        channels: how many of the three the released fingerprint knows.
    """

    ours: Floats
    theirs: Floats
    covered: NDArray[np.bool_]
    laid_ours: Floats
    laid_theirs: Floats
    laid_covered: NDArray[np.bool_]
    channels: int

    def along(self, line: Line, samples: NDArray[np.float64]) -> Floats:
        """(n, 144) released change where the line says that samples of the copy lie; 0 outside the clip."""
        return between(self.ours, line(samples))

    def inside(self, line: Line, samples: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) the released clip has that moment."""
        at = line(samples)
        return np.asarray((at > -0.5) & (at < len(self.ours) - 0.5))

    def rows_along(self, line: Line) -> tuple[Floats, NDArray[np.bool_]]:
        """(rows, 3, 64) released layout at the times of the copy's rows, and which it has."""
        middle = np.arange(len(self.laid_theirs), dtype=float) * EVERY + (EVERY - 1) / 2
        at = (line(middle) - (EVERY - 1) / 2) / EVERY
        known = (at > -0.6) & (at < len(self.laid_ours) - 0.4)
        flat = self.laid_ours.reshape(len(self.laid_ours), -1)
        rows = between(flat, np.clip(at, 0, len(flat) - 1)).reshape(-1, CHANNELS, COARSE * COARSE)
        return rows, known


def sight(released: Fingerprint, probe: Fingerprint, mapping: Mapping, ours: Floats, theirs: Floats) -> Sight:
    """Read the released maps on the copy's grid. `ours` and `theirs` are what `moved` gives of them."""
    fine, covered = mapping.reading(CELLS)
    laid, laid_covered = mapping.reading(COARSE)
    return Sight(
        ours @ (fine @ blur(CELLS, BLUR)).T * covered,
        theirs @ blur(CELLS, as_blurred(BLUR, mapping.scale, SPREAD)).T * covered,
        covered,
        np.asarray(_greys(released) @ laid.T, np.float32),
        np.asarray(_greys(probe) @ blur(COARSE, as_blurred(0.0, mapping.scale, SPREAD)).T, np.float32),
        laid_covered & ~mapping.cut(COARSE),
        1 if 1 in (released.version, probe.version) else CHANNELS,
    )


def _greys(clip: Fingerprint) -> Floats:
    """(rows, 3, 64) the layout in grey levels."""
    return clip.layout.astype(np.float32) * np.array([4.0, 6.0, 6.0], np.float32)[:, None]


@dataclass(frozen=True, eq=False)
class Colours:
    """How a copy shows colours: each of its channels from the released ones, (channels, 5)."""

    weights: NDArray[np.float64]

    def __call__(self, rows: Floats) -> Floats:
        return np.asarray(np.einsum("ck,rkx->rcx", self.weights, _terms(rows)), np.float32)


def _terms(rows: Floats) -> NDArray[np.float64]:
    luma = rows[:, :1].astype(float)
    return np.concatenate([rows, luma**2 / 100.0, np.ones_like(luma)], 1)


def colours(seen: Sight, line: Line) -> Colours:
    """Fit what was done to brightness, contrast and colour; what was replaced weighs little."""
    ours, known = seen.rows_along(line)
    where = known[:, None] & seen.laid_covered
    terms = _terms(ours).transpose(0, 2, 1)[where]
    weights = np.zeros((CHANNELS, terms.shape[1]))
    weights[:, :CHANNELS] = np.eye(CHANNELS)
    if len(terms) < 4 * terms.shape[1]:
        return Colours(weights)
    hold = np.diag(HELD) * len(terms)
    for channel in range(seen.channels):
        values = seen.laid_theirs[:, channel][where].astype(float)
        off = values - terms[:, channel]
        off = off - np.median(off)
        trust = _trust(off)
        for _ in range(ROUNDS):
            normal = terms.T @ (terms * trust[:, None]) + hold
            weights[channel] = np.linalg.solve(normal, terms.T @ (values * trust) + hold @ weights[channel])
            off = values - terms @ weights[channel]
            trust = _trust(off)
    return Colours(weights)


def _trust(off: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cauchy's weights: what is far off counts little."""
    return np.asarray(1.0 / (1.0 + (off / max(2.0, 1.5 * float(np.median(np.abs(off))))) ** 2))


def layout_off(seen: Sight, line: Line, fitted: Colours) -> tuple[Floats, NDArray[np.bool_]]:
    """(rows, 64) how far off the copy's layout is, 1 being as much as may be; and which rows are known."""
    ours, known = seen.rows_along(line)
    expected = fitted(ours)
    worst = np.zeros((len(expected), COARSE * COARSE), np.float32)
    for channel in range(seen.channels):
        square = expected[:, channel].reshape(-1, COARSE, COARSE)
        around = np.pad(square, ((0, 0), (1, 1), (1, 1)), mode="edge")
        views = np.lib.stride_tricks.sliding_window_view(around, (3, 3), axis=(1, 2))
        contrast = (views.max((-1, -2)) - views.min((-1, -2))).reshape(len(square), -1)
        off = np.abs(seen.laid_theirs[:, channel] - expected[:, channel])
        worst = np.maximum(worst, off / (EVEN + EDGE * contrast))
    return worst * seen.laid_covered, known
