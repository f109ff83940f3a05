"""Blinks from the gap between the lids, and the direction looked in from the place of the irises."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

Floats = NDArray[np.float64]

# An eye is 12 mm in radius and opens 30 mm wide (as the sitter's mesh has it, corner to corner).
GLOBE, OPENING = 12.0, 30.0
BASELINE = 1.5  # seconds about a frame whose widest opening counts as open
BLINK = 0.3  # of the open gap by which the lids must close
FOOT = 0.12  # of the open gap: where one blink begins and ends (the network's reading wavers by 0.05)
MEAN_FOOT = 0.04  # of its depth: where the average blink begins and ends
HELD = 0.9  # of its depth: shut, between closing and opening
SETTLED = 0.45  # seconds after its start
SPAN, STEP = (0.3, 0.7), 0.005  # seconds before and after its start, and between points, of the average blink


@dataclass(frozen=True)
class Blink:
    """Seconds it begins, is deepest and ends; and by how much of the open gap the lids close."""

    start: float
    deepest: float
    end: float
    depth: float


def blinks(lids: Floats, fps: float) -> list[Blink]:
    """Every blink of both eyes together; `lids` (T, 2) as in `bench.measures.watch`."""
    gap = lids.mean(axis=1)
    gap = np.interp(np.arange(len(gap)), np.flatnonzero(np.isfinite(gap)), gap[np.isfinite(gap)])
    reach = 2 * round(BASELINE * fps / 2) + 1
    opened = uniform_filter1d(maximum_filter1d(uniform_filter1d(gap, 3), reach), reach)
    closed = 1 - gap / np.maximum(opened, 1e-6)
    found, at = [], 0
    while at < len(closed):
        if closed[at] < BLINK:
            at += 1
            continue
        start = _crossing(closed, at, -1)
        end = _crossing(closed, at, 1)
        inside = slice(int(np.ceil(start)), int(end) + 1)
        deepest = inside.start + int(np.argmax(closed[inside]))
        found.append(Blink(start / fps, deepest / fps, end / fps, float(closed[deepest])))
        at = int(end) + 1
    return found


def _crossing(closed: Floats, at: int, step: int) -> float:
    """Where the curve, followed from `at`, comes under `FOOT`, between frames."""
    while 0 <= at + step < len(closed):
        if closed[at + step] < FOOT:
            part = (closed[at] - FOOT) / max(closed[at] - closed[at + step], 1e-9)
            return at + step * float(np.clip(part, 0, 1))
        at += step
    return float(at)


def mean_blink(lids: Floats, found: list[Blink], fps: float) -> tuple[Floats, Floats]:
    """Times in seconds and the closure (0 open) of the average blink, laid together at half of the way down:
    what one reading wavers by, the median of twenty does not."""
    gap = lids.mean(axis=1)
    seen = np.flatnonzero(np.isfinite(gap))
    times = np.arange(-SPAN[0], SPAN[1], STEP)
    curves = []
    for blink in found:
        around = np.interp((blink.start + times) * fps, seen, gap[seen])
        opened = np.median(around[times < 0])
        closed = 1 - around / max(float(opened), 1e-6)
        half = int(np.argmax(closed[times >= 0] > blink.depth / 2))
        shifted = blink.start + float(times[times >= 0][half]) + times
        curves.append(1 - np.interp(shifted * fps, seen, gap[seen]) / max(float(opened), 1e-6))
    return times, np.median(curves, axis=0)


def _shape(times: Floats, closed: Floats) -> dict[str, Any]:
    """Milliseconds of the average blink, of its closing and its opening."""
    peak = float(closed.max())
    deepest = (
        int(np.argmax(closed > HELD * peak)),
        len(closed) - 1 - int(np.argmax(closed[::-1] > HELD * peak)),
    )
    before = np.flatnonzero(closed[: deepest[0]] < MEAN_FOOT * peak)
    # Eyes often open to another width than before: what they settle at is open.
    settled = float(np.median(closed[times > SETTLED]))
    after = np.flatnonzero(closed[deepest[1] :] < settled + MEAN_FOOT * peak)
    start = times[before[-1]] if len(before) else times[0]
    end = times[deepest[1] + after[0]] if len(after) else times[-1]
    closing, opening = times[deepest[0]] - start, end - times[deepest[1]]
    return {
        "milliseconds": round(1000 * float(end - start)),
        "closing_milliseconds": round(1000 * float(closing)),
        "opening_milliseconds": round(1000 * float(opening)),
        "opening_over_closing": round(float(opening / max(closing, STEP)), 2),
        "depth": round(peak, 2),
    }


def blink_report(lids: Floats, fps: float) -> dict[str, Any]:
    """Rate, duration and asymmetry of the blinks in `lids` (T, 2)."""
    found, seconds = blinks(lids, fps), len(lids) / fps
    result = {
        "blinks": len(found),
        "seconds": round(seconds, 1),
        "per_minute": round(60 * len(found) / seconds, 1),
    }
    return result | (_shape(*mean_blink(lids, found, fps)) if found else {})


def directions(iris: Floats, still: Floats, open_eyes: NDArray[np.bool_]) -> Floats:
    """(T, 2) eye in head, yaw to image right and pitch up in degrees against the still, of (T, 2, 2); NaN in
    blinks. By geometry alone: the iris moves by GLOBE / OPENING of the eye's width times the sine."""
    moved = (iris - still).mean(axis=1) * OPENING / GLOBE
    seen = np.degrees(np.arcsin(np.clip(moved, -1, 1))) * np.array([1.0, -1.0])
    seen[~open_eyes] = np.nan
    return np.asarray(seen)
