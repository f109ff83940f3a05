"""What a face does of itself: where it looks, when it blinks, how the head is held.

Decided step by step from what was heard before each step, never from what comes after: so a stream and a
recording do the same.
"""

import numpy as np

from engine.motion.accents import PHRASE_PAUSE, Beats
from engine.motion.blinks import BlinkClock
from engine.motion.gaze import GazePlan
from engine.motion.head import Postures
from engine.prosody import HOP
from engine.state import Controls

STEP = 0.04
"""Seconds decided at once."""


class Idle:
    """Looks, blinks and postures of one face from 0 seconds on."""

    def __init__(self, controls: Controls) -> None:
        self.gaze = GazePlan(controls.gaze, controls.seed)
        self.blinks = BlinkClock(controls.seed, controls.amplitude.blinks)
        self.postures = Postures(controls.seed)
        self._steps = 0

    @property
    def until(self) -> float:
        """Seconds that are decided."""
        return self._steps * STEP

    def follow(self, beats: Beats, until: float) -> None:
        """Decide the steps that begin before `until` seconds; `beats` must be known up to their beginning."""
        count = max(self._steps, int(np.ceil(until / STEP - 1e-6)))
        starts = np.arange(self._steps, count + 1, dtype=np.float64) * STEP
        active = beats.active(starts - HOP)  # the last that is known by then
        noticed = np.array(beats.phrase_ends) + PHRASE_PAUSE - 1e-6
        ended = np.diff(np.searchsorted(noticed, starts - STEP, side="right")) > 0
        for i in range(count - self._steps):
            self._decide(float(starts[i]), float(starts[i + 1]), float(active[i]), bool(ended[i]))
        self._steps = count

    def _decide(self, now: float, until: float, active: float, phrase_ended: bool) -> None:
        self.gaze.follow(until, active)
        self.blinks.follow(now, until, active, phrase_ended, self.gaze.carried(now, until))
        self.postures.follow(now, phrase_ended)

    def forget(self, before: float) -> None:
        """What was over by then."""
        self.gaze.forget(before)
        self.blinks.forget(before)
        self.postures.forget(before)
