"""Brows: raised on some accents, never quite still."""

import numpy as np

from engine.motion.accents import Accent
from engine.motion.curves import Track, bump, soft_positive, span
from engine.motion.draws import draws, wander

SHAPES = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "browDownLeft", "browDownRight")

_RAISED = 0.4  # of the accents lift the brows
_HEIGHT = (0.14, 0.42)
_RISE, _HOLD, _FALL = 0.16, (0.08, 0.3), 0.34  # seconds: up on the syllable, slowly back
_LEAD = 0.06  # seconds before the accent's peak at which the brows are up
_RESTLESS, _PACE = 0.06, 1.3  # weight of the slow wandering, seconds between its draws


def plan_brows(accents: tuple[Accent, ...], seed: int, times: Track) -> Track:
    """(T, 5) weights, columns as `SHAPES`."""
    wandering = _RESTLESS * wander(seed, "brows", times, _PACE, 3)
    raised = np.stack((wandering[:, 0], wandering[:, 0] + 0.3 * wandering[:, 1], wandering[:, 0]), 1)
    for accent in accents:
        apex = accent.answered - _LEAD
        part = span(times, apex - _RISE, apex + _HOLD[1] + _FALL)
        if part.start == part.stop:
            continue
        rng = draws(seed, "brow raise", accent.at)
        lifts, height, inner, uneven = (
            rng.random() < _RAISED,
            rng.uniform(*_HEIGHT),
            rng.uniform(0.6, 1.1),
            rng.normal(),
        )
        hold = rng.uniform(*_HOLD)
        if lifts:
            lift = bump(times[part], apex - _RISE, apex, apex + hold, apex + hold + _FALL)
            sides = np.array([inner, 1.0 + 0.12 * uneven, 1.0 - 0.12 * uneven])
            raised[part] += height * (0.6 + 0.4 * accent.prominence) * lift[:, None] * sides
    lowered = soft_positive(-wandering[:, 2:], 0.05)
    return np.concatenate((soft_positive(raised, 0.03), lowered, lowered), 1)
