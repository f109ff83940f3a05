"""Stretches of a copy that show the released clip on one line."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from safety.fingerprint.align import EXACTLY, WINDOW, moving, shared
from safety.fingerprint.search import refitted
from safety.fingerprint.sight import Sight
from safety.fingerprint.tempo import Line

OVERLAP = 13  # samples (1.04 s) of the released clip that two runs may claim by chance
MOSTLY = 0.5  # share of the movement from which its agreement counts
HOLDS, HOLDS_MOVED = (4.0, 0.3), (9.0, 0.62)  # evidence of a run: samples' worth, and share of what moves
MOVED = 12  # samples (0.96 s): shorter runs out of order are chance
LEAST = 5  # samples (0.4 s): shorter differences are not reported


@dataclass(frozen=True)
class Run:
    """Samples start..end (exclusive) of the copy, on a line."""

    start: int
    end: int
    line: Line

    @property
    def first(self) -> float:
        """The released sample that it begins with."""
        return self.line.speed * self.start + self.line.offset

    @property
    def after(self) -> float:
        """The released sample that follows it."""
        return self.line.speed * self.end + self.line.offset

    def on(self, line: Line) -> bool:
        """It lies on that line, or beside it by a sample."""
        return self.line.speed == line.speed and abs(self.line.offset - line.offset) <= 1.5

    @property
    def size(self) -> int:
        return self.end - self.start


def runs_of(path: NDArray[np.intp], lines: list[Line]) -> list[Run]:
    """The path as stretches of one line, "nowhere" left out; gaps too short to report are closed."""
    cuts = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    runs: list[Run] = []
    for start, end in pairwise(cuts):
        if path[start] < 0:
            continue
        run = Run(start, end, lines[path[start]])
        if runs and runs[-1].line == run.line and run.start - runs[-1].end < LEAST:
            run = Run(runs.pop().start, end, run.line)
        runs.append(run)
    return [run for run in runs if run.size >= LEAST]


def evidence(seen: Sight, run: Run) -> float:
    """How many samples' worth of movement a run holds that agrees exactly, cell by cell."""
    samples = np.arange(run.start, run.end, dtype=float)
    alike = shared(seen.along(run.line, samples), seen.theirs[run.start : run.end], EXACTLY)
    return float(np.clip((alike - MOSTLY) / (1.0 - MOSTLY), 0.0, 1.0).sum())


def believed(seen: Sight, runs: list[Run]) -> tuple[list[Run], float]:
    """The runs without those that agree by accident, and the evidence of the line that holds most of it.

    On that line every run counts. Elsewhere it must agree for most of the time in which it moves, and out of
    the released clip's order, or at another speed, for longer.
    """
    held = {run: evidence(seen, run) for run in runs}
    lines = {run.line: sum(held[one] for one in runs if one.on(run.line)) for run in runs}
    if not lines:
        return [], 0.0
    main = max(lines, key=lambda line: (lines[line], -abs(line.speed - 1.0)))
    stirs = moving(seen.theirs)

    def holds(run: Run, least: tuple[float, float]) -> bool:
        busy = float(stirs[run.start : run.end].sum())
        return run.on(main) or (held[run] >= least[0] and held[run] >= least[1] * busy)

    likely = [run for run in runs if holds(run, HOLDS if run.line.speed == main.speed else HOLDS_MOVED)]
    ordered = {(run.start, run.line) for run in in_order(likely)}
    return [run for run in likely if (run.start, run.line) in ordered or holds(run, HOLDS_MOVED)], lines[main]


def in_order(runs: list[Run]) -> list[Run]:
    """The longest chain of runs that keeps the released clip's order; the others were moved there.

    Two runs may claim the same released second by chance (`OVERLAP`): then the earlier one gives way.
    """
    best: list[tuple[int, list[Run]]] = []
    for run in runs:
        before = [entry for entry in best if entry[1][-1].after <= run.first + OVERLAP]
        length, chain = max(before, key=lambda entry: entry[0], default=(0, []))
        best.append((length + run.size, [*chain, run]))
    chain = max(best, key=lambda entry: entry[0], default=(0, []))[1]
    twice = [max(0, round((one.after - two.first) / one.line.speed)) for one, two in pairwise(chain)]
    kept = [replace(run, end=run.end - claimed) for run, claimed in zip(chain, [*twice, 0], strict=False)]
    return [run for run in kept if run.size > 0]


def usual_speed(runs: list[Run]) -> float:
    """The speed at which most of the copy runs."""
    speeds = {run.line.speed for run in runs}
    return max(sorted(speeds), key=lambda speed: sum(run.size for run in runs if run.line.speed == speed))


def repaced(seen: Sight, runs: list[Run], usual: float) -> list[Run]:
    """The runs; those at another than the usual speed with a line fitted on them alone."""
    return [
        run if run.line.speed == usual else replace(run, line=refitted(seen, run.line, run.start, run.end))
        for run in runs
    ]


def placed(runs: list[Run], kept: list[Run]) -> list[Run]:
    """The runs in order, and those out of it that are long enough to have been moved; by their start."""
    return sorted([*kept, *moved_runs(runs, kept)], key=lambda run: run.start)


def moved_runs(runs: list[Run], kept: list[Run]) -> list[Run]:
    """Runs of seconds that stood elsewhere in the released clip."""
    known = {(run.start, run.line) for run in kept}
    return [run for run in runs if run.size >= MOVED and (run.start, run.line) not in known]


def seams_of(runs: list[Run]) -> list[int]:
    """Samples at which the copy goes from one line to another."""
    return [two.start for one, two in pairwise(runs) if one.line != two.line]


def at_seam(start: int, end: int, seams: list[int]) -> bool:
    """A short difference beside a seam: the seam itself, placed where nothing moved that could tell."""
    return end - start < MOVED and any(start - WINDOW <= seam <= end + WINDOW for seam in seams)
