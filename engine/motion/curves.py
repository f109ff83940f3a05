"""Smooth functions of time: every channel of the motion is one of these, so none of them jumps."""

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float64]

RATE = 200  # control points per second of a plan; a spline over them blurs ±10 ms, less than a frame


def ease(x: Track) -> Track:
    """0 below 0, 1 above 1, in between 6x⁵ - 15x⁴ + 10x³: no velocity or acceleration at either end (the
    minimum-jerk movement of Flash & Hogan 1985)."""
    x = np.clip(x, 0.0, 1.0)
    return np.minimum(x * x * x * (x * (6.0 * x - 15.0) + 10.0), 1.0)  # rounding may end a hair above


def ramp(times: Track, start: float, end: float) -> Track:
    """Ease from 0 at `start` to 1 at `end`."""
    return ease((times - start) / max(end - start, 1e-6))


def bump(times: Track, start: float, apex: float, release: float, end: float) -> Track:
    """0, eased up from `start` to 1 at `apex`, held to `release`, eased down to 0 at `end`."""
    return np.asarray(ramp(times, start, apex) * (1.0 - ramp(times, release, end)))


def soft_limit(value: Track, limit: float) -> Track:
    """The value itself up to 60 % of `limit`, then bent so that it never passes it; once differentiable."""
    knee = 0.6 * limit
    over = np.maximum(np.abs(value) - knee, 0.0)
    bent = knee + (limit - knee) * np.tanh(over / (limit - knee))
    return np.where(np.abs(value) <= knee, value, np.copysign(bent, value))


def soft_positive(value: Track, width: float) -> Track:
    """About max(value, 0), once differentiable at 0."""
    positive = np.maximum(value, 0.0)
    return np.asarray(positive * positive / (positive + width))


def weights(phase: Track) -> Track:
    """Uniform cubic B-spline weights of the four controls around `phase` in 0..1: (..., 4), summing to 1.

    The curve is twice differentiable and stays within the range of its controls: what is 0 or 1 for four of
    them is so in between, which is what keeps closed lips closed.
    """
    u, v = phase, 1.0 - phase
    w0 = v * v * v / 6.0
    w3 = u * u * u / 6.0
    w1 = 2.0 / 3.0 - u * u * (1.0 - u / 2.0)
    return np.stack((w0, w1, 1.0 - w0 - w1 - w3, w3), -1)


def span(times: Track, start: float, end: float) -> slice:
    """The part of uniform `times` within start..end, so that short events cost no whole tracks."""
    rate = RATE if len(times) < 2 else 1.0 / (times[1] - times[0])
    first = int(np.floor((start - times[0]) * rate))
    last = int(np.ceil((end - times[0]) * rate)) + 1
    return slice(min(max(first, 0), len(times)), min(max(last, 0), len(times)))
