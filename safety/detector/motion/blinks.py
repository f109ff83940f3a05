"""Blinks: how often, how regularly, how long, how both eyes go together, and how fast lids fall and rise.

Counting by the mesh finds more dips than there are blinks (38.5 a minute in real clips of mean 26), and the
mesh draws the eye that is turned away less open: bounds are wide by that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.detector.motion.curves import filled
from safety.detector.motion.record import Bounds, Motion, Page, outside
from safety.detector.track import Track

Floats = NDArray[np.float64]

# A blink is a dip of the lid gap by 30 % of its usual size that lasts 0.05 to 0.6 s.
_DIP = 0.3
_DIP_SECONDS = (0.05, 0.6)
_USUAL_SECONDS = 3.0  # the usual size is the 80th percentile over this time around
_AROUND_SECONDS = 0.2  # a lid is deepest within this time of both together

RATE = Bounds(10.5, 32.5, "Doughty 2001: 95 % range in conversation; Bentivoglio 1997: mean 26")
_COUNT_ERROR = 1.5
LENGTH = Bounds(
    0.08, 0.3, "measured: medians of 0.146 s (real) and 0.18 s; VanderWerf 2003: 0.33 s from end to end"
)
VARIATION = Bounds(0.3, None, "intervals are log-normal with a variation of 0.6 to 0.7 (Bentivoglio 1997)")
BOTH_DEPTH = Bounds(
    None,
    0.5,
    "measured: up to 0.13 in nine blinks of real readers (GRID corpus); the mesh errs in turned faces",
)
BOTH_TIME = Bounds(
    None, 0.05, "measured: up to 0.017 s in nine blinks of real readers (GRID corpus); a frame lasts 0.04 s"
)
PHASES = Bounds(
    0.9,
    4.0,
    "measured: 1.9 in nine blinks of real readers (GRID corpus); VanderWerf 2003: lids fall in 0.09 s and"
    " rise in 0.24 s",
)
SLOWEST = 0.07
"""Seconds between two frames, median: a blink of 0.15 s must be seen in two of them."""
_LEAST_REGULAR, _LEAST_SHAPES = 6, 4


@dataclass(frozen=True)
class Blink:
    """One blink.

    Attributes:
        at: when both lids together are lowest, seconds.
        seconds: how long they are below 40 % of their depth.
        falling, rising: seconds from half of the depth to the lowest point, and back.
        right, left: depth of each eye, as a share of its usual gap.
        apart: seconds between the lowest points of both eyes.
    """

    at: float
    seconds: float
    falling: float = np.nan
    rising: float = np.nan
    right: float = np.nan
    left: float = np.nan
    apart: float = np.nan


def find_blinks(track: Track) -> list[Blink]:
    """Every blink of both eyes together."""
    from scipy.signal import find_peaks, peak_widths

    if track.seen.sum() < 3:
        return []
    usual_step = max(float(np.median(np.diff(track.at))), 1e-3)
    lids = np.stack([_dip(track.at, eye, usual_step) for eye in track.eyes.T])
    dip = _dip(track.at, track.eyes.mean(axis=1), usual_step)
    padded = np.pad(dip, 1)
    peaks, _ = find_peaks(padded, height=_DIP, prominence=_DIP * 0.8)
    widths = peak_widths(padded, peaks, rel_height=0.6)[0] * usual_step
    halves = peak_widths(padded, peaks, rel_height=0.5)
    found = []
    for k, peak in enumerate(peaks - 1):
        if not _DIP_SECONDS[0] <= widths[k] <= _DIP_SECONDS[1]:
            continue
        lowest = _lowest(dip, peak)
        falling, rising = lowest - (halves[2][k] - 1), (halves[3][k] - 1) - lowest
        right, left, between = _both(lids, int(peak), usual_step)
        found.append(
            Blink(
                float(track.at[peak]), float(widths[k]), falling * usual_step, rising * usual_step,
                right, left, between,
            )
        )  # fmt: skip
    return found


def judge(page: Page, motion: Motion, blinks: list[Blink]) -> None:
    """Rate, length, regularity and shape of blinks."""
    track = motion.track
    minutes = track.seconds / 60
    page.add(
        "blink_rate", len(blinks) / minutes, "per minute", RATE,
        f"{len(blinks)} blinks in {track.seconds:.0f} seconds",
        group="blinks", region="eyes", sign=_rate_sign(len(blinks), minutes),
    )  # fmt: skip
    if blinks:
        length = float(np.median([blink.seconds for blink in blinks]))
        page.add(
            "blink_length", length, "s", LENGTH, f"blinks last {length * 1000:.0f} ms",
            group="blinks", region="eyes",
        )  # fmt: skip
    if len(blinks) >= _LEAST_REGULAR:
        gaps = np.diff([blink.at for blink in blinks])
        variation = float(gaps.std(ddof=1) / gaps.mean())
        page.add(
            "blink_regularity", variation, "variation of intervals", VARIATION,
            f"the time between blinks varies by {variation:.0%}", group="blinks", region="eyes",
            sign=outside(_at_most(variation, len(gaps)), VARIATION),
        )  # fmt: skip
    else:
        page.skip(f"Fewer than {_LEAST_REGULAR} blinks: how regular they are cannot be told.")
    if len(blinks) >= _LEAST_SHAPES:
        _shapes(page, blinks)


def _shapes(page: Page, blinks: list[Blink]) -> None:
    """How both lids go together, and how they fall and rise."""
    depth = float(np.median([abs(b.right - b.left) / max(b.right, b.left, 1e-6) for b in blinks]))
    page.add(
        "blink_both_depth", depth, "share of the deeper lid's way", BOTH_DEPTH,
        f"one lid closes {depth:.0%} less than the other", group="blinks", region="eyes",
    )  # fmt: skip
    between = float(np.median([abs(b.apart) for b in blinks]))
    page.add(
        "blink_both_time", between, "s", BOTH_TIME,
        f"one lid is {between * 1000:.0f} ms behind the other", group="blinks", region="eyes",
    )  # fmt: skip
    falling = float(np.median([b.falling for b in blinks]))
    rising = float(np.median([b.rising for b in blinks]))
    ratio = rising / max(falling, 1e-3)
    page.add(
        "blink_phases", ratio, "rising over falling time", PHASES,
        f"lids rise {ratio:.1f} times as long as they fall", group="blinks", region="eyes",
    )  # fmt: skip


def _dip(at: Floats, gap: Floats, step: float) -> Floats:
    """How far below its usual size a lid gap is, 0..1."""
    from scipy.ndimage import percentile_filter

    known = filled(at, gap)
    usual = percentile_filter(known, 80, size=max(3, round(_USUAL_SECONDS / step)), mode="nearest")
    return np.asarray(1 - known / np.maximum(usual, 1e-6))


def _both(lids: Floats, peak: int, step: float) -> tuple[float, float, float]:
    """Depth of each eye near the peak of both, and the seconds between their lowest points."""
    reach = max(1, round(_AROUND_SECONDS / step))
    start = max(0, peak - reach)
    places = [start + int(lid[start : peak + reach + 1].argmax()) for lid in lids]
    right, left = (float(lid[place]) for lid, place in zip(lids, places, strict=True))
    between = (_lowest(lids[0], places[0]) - _lowest(lids[1], places[1])) * step
    return right, left, float(between)


def _lowest(dip: Floats, peak: int) -> float:
    """The place of a peak between samples: the top of the parabola through three of them."""
    if not 0 < peak < len(dip) - 1:
        return float(peak)
    before, top, after = dip[peak - 1 : peak + 2]
    curve = before - 2 * top + after
    return float(peak) + (0.0 if curve >= 0 else float(np.clip((before - after) / (2 * curve), -0.5, 0.5)))


def _at_most(variation: float, count: int) -> float:
    """What the coefficient of variation of so many intervals is below with 95 % (by its standard error)."""
    return variation + 1.645 * variation * float(np.sqrt((0.5 + variation**2) / count))


def _rate_sign(count: int, minutes: float) -> float:
    """How improbable so few or so many blinks are for the slowest or fastest usual blinker (Poisson).

    A short clip proves nothing: 0 until the chance is under 5 %, 1 from 0.1 % on.
    """
    from scipy.stats import poisson

    few = float(poisson.cdf(count, (RATE.low or 0.0) * minutes))
    many = float(poisson.sf(count - 1, (RATE.high or 0.0) * _COUNT_ERROR * minutes))
    chance = max(min(few, many), 1e-12)
    return float(np.clip(np.log10(0.05 / chance) / np.log10(0.05 / 0.001), 0, 1))
