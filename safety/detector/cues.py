"""Cues that speak for a machine-made face: each a number beside the range of human speakers.

Ranges are of people talking to a camera. "Measured" means by the project, with MediaPipe's face mesh, on 17
clips (213 s) of real speakers and, for comparison, on published clips of three generators. No cue decides:
generators of 2024 and later stay inside most of these ranges.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.detector.lips import Lips, runs
from safety.detector.report import Finding
from safety.detector.track import Floats, Track

LEAST_SECONDS = 4.0
LEAST_SEEN = 0.9  # share of frames with a face that a cue needs

# Blinks. A blink is a dip of the lid gap by 30 % of its usual size that lasts 0.05 to 0.6 s.
_DIP = 0.3
_DIP_SECONDS = (0.05, 0.6)
_USUAL_SECONDS = 3.0  # the usual size is the 80th percentile over this time around
BLINK_RATE = (10.5, 32.5)  # per minute
_BLINK_RATE_SOURCE = "Doughty 2001: 95 % range in conversation; Bentivoglio 1997: mean 26"
# Mesh-based counting finds more dips than there are blinks: 38.5 a minute in real clips of mean 26.
_COUNT_ERROR = 1.5
BLINK_SECONDS = (0.08, 0.3)  # at 40 % of the depth
_BLINK_SECONDS_SOURCE = (
    "measured: medians of 0.146 s (real) and 0.18 s; VanderWerf 2003: 0.33 s from end to end"
)
BLINK_VARIATION = (0.3, None)
_BLINK_VARIATION_SOURCE = "intervals are log-normal with a variation of 0.6 to 0.7 (Bentivoglio 1997)"
_LEAST_BLINKS = 6

# Brows: a full voluntary raise lifts them by about 10 mm (own estimate), eyes are 63 mm apart (Dodgson 2004).
BROW_RANGE = (None, 0.16)
_BROW_SOURCE = "a full raise (about 10 mm, own estimate) over the eye distance of 63 mm (Dodgson 2004)"

# Head. Speed is of what is slower than 3 Hz, where 97 to 99 % of the power of real heads is; the mesh's own
# noise above it is as large as theirs (0.65 degrees on a still drawing): tremor is judged only when gross.
HEAD_SPEED = (0.8, 18.5)  # degrees per second and axis
_HEAD_SPEED_SOURCE = "measured: 1.1 to 2.3 in ten laboratory readers (GRID corpus), 4.8 to 18.5 in real clips"
HEAD_TREMOR = (None, 1.2)  # degrees, root mean square over the three axes together
_HEAD_TREMOR_SOURCE = "measured: 0.1 to 0.2 in real readers (GRID corpus); twice the noise of the mesh"
HEAD_TRAVEL = (0.01, None)  # eye distances
_HEAD_TRAVEL_SOURCE = "measured: 0.014 to 0.053 in 3 s of real readers (GRID corpus), 0.155 in real clips"
_RATE = 25.0  # samples a second for head motion
_TREMOR_HERTZ = 3.0

LIP_LAG = (-0.125, 0.2)
_LIP_LAG_SOURCE = "Schwartz and Savariaux 2014: -0.04 to 0.2 s; ITU-R BT.1359: a lag of 0.125 s is noticed"
# The best of a hundred lags is beyond the chance of one: real speakers reach 1.2 times what is needed at a
# lag that is not theirs.
_SURE = 1.5
LIP_MATCH = (None, None)
_LIP_MATCH_SOURCE = "no range yet: ten 3-second clips of real speakers reach 0.1 to 0.5"


@dataclass(frozen=True)
class Blink:
    """One blink: when it is deepest, and how long it is below 40 % of its depth, in seconds."""

    at: float
    seconds: float


def usable(track: Track) -> bool:
    """Long enough, and the face followed almost throughout."""
    return track.seconds >= LEAST_SECONDS and float(track.seen.mean()) >= LEAST_SEEN


def find_blinks(track: Track) -> list[Blink]:
    """Every blink of both eyes together."""
    from scipy.ndimage import percentile_filter
    from scipy.signal import find_peaks, peak_widths

    if track.seen.sum() < 3:
        return []
    gap = _filled(track.at, track.eyes.mean(axis=1))
    usual = percentile_filter(gap, 80, size=max(3, round(_USUAL_SECONDS / track.step)), mode="nearest")
    dip = 1 - gap / np.maximum(usual, 1e-6)
    peaks, _ = find_peaks(np.pad(dip, 1), height=_DIP, prominence=_DIP * 0.8)
    widths = peak_widths(np.pad(dip, 1), peaks, rel_height=0.6)[0] * track.step
    return [
        Blink(float(track.at[peak - 1]), float(width))
        for peak, width in zip(peaks, widths, strict=True)
        if _DIP_SECONDS[0] <= width <= _DIP_SECONDS[1]
    ]


def blink_findings(track: Track, blinks: list[Blink]) -> list[Finding]:
    """Rate, length and regularity of blinks."""
    minutes = track.seconds / 60
    rate = len(blinks) / minutes
    span = (float(track.at[0]), float(track.at[-1]) + track.step)
    found = [
        Finding(
            "blink_rate", "blinks", rate, "per minute", *BLINK_RATE, _BLINK_RATE_SOURCE,
            _rate_sign(len(blinks), minutes), f"{len(blinks)} blinks in {track.seconds:.0f} seconds", *span,
        )
    ]  # fmt: skip
    if blinks:
        length = float(np.median([blink.seconds for blink in blinks]))
        found.append(
            Finding(
                "blink_length", "blinks", length, "s", *BLINK_SECONDS, _BLINK_SECONDS_SOURCE,
                _sign(length, BLINK_SECONDS), f"blinks last {length * 1000:.0f} ms", *span,
            )
        )  # fmt: skip
    if len(blinks) >= _LEAST_BLINKS:
        gaps = np.diff([blink.at for blink in blinks])
        variation = float(gaps.std(ddof=1) / gaps.mean())
        found.append(
            Finding(
                "blink_regularity", "blinks", variation, "variation of intervals", *BLINK_VARIATION,
                _BLINK_VARIATION_SOURCE, _sign(variation, BLINK_VARIATION),
                f"the time between blinks varies by {variation:.0%}", *span,
            )
        )  # fmt: skip
    return found


def _rate_sign(count: int, minutes: float) -> float:
    """How improbable so few or so many blinks are for the slowest or fastest usual blinker (Poisson).

    A short clip proves nothing: 0 until the chance is under 5 %, 1 from 0.1 % on.
    """
    from scipy.stats import poisson

    few = float(poisson.cdf(count, BLINK_RATE[0] * minutes))
    many = float(poisson.sf(count - 1, BLINK_RATE[1] * _COUNT_ERROR * minutes))
    chance = max(min(few, many), 1e-12)
    return float(np.clip(np.log10(0.05 / chance) / np.log10(0.05 / 0.001), 0, 1))


def brow_findings(track: Track) -> list[Finding]:
    """How far the brows travel."""
    height = track.brows.mean(axis=1)[track.seen]
    low, high = np.percentile(height, [5, 95])
    value = float(high - low)
    return [
        Finding(
            "brow_range", "brows", value, "eye distances", *BROW_RANGE, _BROW_SOURCE,
            _sign(value, BROW_RANGE), f"the brows travel {value:.2f} eye distances",
            float(track.at[0]), float(track.at[-1]) + track.step,
        )
    ]  # fmt: skip


def head_findings(track: Track) -> list[Finding]:
    """Speed, tremor and travel of the head."""
    slow, fast = _parted(_regular(track, track.pose))
    speed = float(np.abs(np.diff(slow, axis=0)).mean() * _RATE)
    tremor = float(np.sqrt(fast.var(axis=0).sum()))
    travel = float(np.sqrt(np.nanvar(track.place, axis=0).sum()))
    span = (float(track.at[0]), float(track.at[-1]) + track.step)
    return [
        Finding(
            "head_speed", "head", speed, "degrees per second and axis", *HEAD_SPEED, _HEAD_SPEED_SOURCE,
            _sign(speed, HEAD_SPEED), f"the head turns at {speed:.1f} degrees a second", *span,
        ),
        Finding(
            "head_tremor", "head", tremor, "degrees", *HEAD_TREMOR, _HEAD_TREMOR_SOURCE,
            _sign(tremor, HEAD_TREMOR), f"the head trembles by {tremor:.1f} degrees", *span,
        ),
        Finding(
            "head_travel", "head", travel, "eye distances", *HEAD_TRAVEL, _HEAD_TRAVEL_SOURCE,
            _sign(travel, HEAD_TRAVEL), f"the head moves about by {travel:.2f} eye distances", *span,
        ),
    ]  # fmt: skip


def lip_findings(track: Track, lips: Lips) -> list[Finding]:
    """When the lips move against the sound, and how closely. Nothing where that is not beyond chance."""
    if not lips.measured or lips.correlation < _SURE * lips.needed:
        return []
    span = (float(track.at[0]), float(track.at[-1]) + track.step)
    match = lips.correlation
    return [
        Finding(
            "lip_lag", "lips", lips.lag, "s, positive when the lips come first", *LIP_LAG, _LIP_LAG_SOURCE,
            _sign(lips.lag, LIP_LAG), f"the lips move {lips.lag * 1000:+.0f} ms before the sound", *span,
        ),
        Finding(
            "lip_match", "lips", match, "correlation with loudness", *LIP_MATCH, _LIP_MATCH_SOURCE,
            0.0, f"lip gap and loudness have a correlation of {match:.2f}", *span,
        ),
    ]  # fmt: skip


def head_speed(track: Track) -> Floats:
    """(T,) degrees per second and axis at each frame; NaN where unknown."""
    steps = np.diff(track.at, prepend=np.nan)
    turned = np.abs(np.diff(track.pose, axis=0, prepend=np.full((1, 3), np.nan))).mean(axis=1)
    return np.asarray(turned / np.where(steps > 0, steps, np.nan))


def unseen(track: Track) -> list[tuple[float, float]]:
    """Spans of seconds without a face."""
    return [(float(track.at[a]), float(track.at[b - 1]) + track.step) for a, b in runs(~track.seen)]


def _sign(value: float, bounds: tuple[float | None, float | None]) -> float:
    """0 inside the bounds, rising to 1 at half as far again outside."""
    low, high = bounds
    below = 0.0 if low is None else (low - value) / (abs(low) / 2)
    above = 0.0 if high is None else (value - high) / (abs(high) / 2)
    return float(np.clip(max(below, above), 0, 1))


def _filled(at: Floats, values: Floats) -> Floats:
    """Unknown values from their neighbours in time."""
    known = np.isfinite(values)
    return np.interp(at, at[known], values[known])


def _regular(track: Track, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, n) at `_RATE` a second, whatever the frame rate is."""
    times = np.arange(track.at[0], track.at[-1], 1 / _RATE)
    return np.stack([np.interp(times, track.at, _filled(track.at, column)) for column in values.T], axis=1)


def _parted(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What is slower and what is faster than `_TREMOR_HERTZ`, without delay."""
    from scipy.signal import butter, sosfiltfilt

    slow = sosfiltfilt(butter(2, _TREMOR_HERTZ, "low", fs=_RATE, output="sos"), values, axis=0)
    return slow, values - slow
