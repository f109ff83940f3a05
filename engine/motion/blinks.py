"""When and how the eyes blink."""

import math
from dataclasses import dataclass

import numpy as np

from engine.motion.curves import Track, ease, soft_positive
from engine.motion.draws import draws, log_normal

SPEAKING, RESTING = 26.0, 17.0  # blinks per minute: conversation 26, rest 17 (Bentivoglio 1997)
VARIATION = 0.65  # coefficient of variation of the intervals, log-normal
SHORTEST, LONGEST = 0.236, 0.298  # seconds in all: 233-300 ms, asymmetric, looks best (Trutoiu 2011)
_CLOSING = (0.30, 0.37)  # share of it: down about 90 ms, up nearly twice as long (VanderWerf 2003)
_SHUT = 0.02  # seconds of dwell (8 ms measured; longer so that a frame at 25 fps shows it shut)
_PARTIAL = 0.3  # of spontaneous blinks do not close fully (Sforza 2008)
_PARTIAL_CLOSURE = (0.60, 0.85)
_LAG = 0.012  # seconds at most between the eyes
_REFRACTORY = 0.55  # seconds from one onset to the next
_REACH = 0.7  # seconds over which a phrase end draws a blink to itself
_DRAWN = 0.6  # of the blinks in reach follow it
_DELAY = 0.06  # seconds at most after it was noticed
_LID_PER_DEGREE, _WIDE_PER_DEGREE = 0.016, 0.010  # upper lid follows the eye down and up


@dataclass(frozen=True)
class Blink:
    """One blink.

    Attributes:
        start: seconds at which the lids begin to fall.
        falling, resting, rising: seconds of each phase.
        closure: 0..1, how far it closes.
        lag: seconds by which the left eye is late; negative, the right.
    """

    start: float
    falling: float
    resting: float
    rising: float
    closure: float
    lag: float

    @property
    def end(self) -> float:
        return self.start + self.falling + self.resting + self.rising

    def lid(self, seconds: float) -> float:
        """Closure 0..1 of an eye without lag."""
        t = seconds - self.start
        down = ease(np.asarray(t / self.falling))
        up = ease(np.asarray((t - self.falling - self.resting) / self.rising))
        return float(self.closure * down * (1.0 - up))


class BlinkClock:
    """Blinks, `often` times as many as people make; 0: none. One begins when its time has come."""

    def __init__(self, seed: int, often: float = 1.0) -> None:
        self._seed, self._often = seed, often
        self._rng = draws(seed, "blink times")
        self._due = math.inf if often <= 0.0 else 60.0 / (often * RESTING) * float(self._rng.random())
        self.blinks: list[Blink] = []

    def follow(
        self, now: float, until: float, active: float, phrase_ended: bool, carried: list[float]
    ) -> None:
        """Let begin what is due from `now` to `until` seconds.

        Args:
            active: of the speech, 0..1.
            phrase_ended: just now, which draws a blink that is due soon to itself.
            carried: onsets of gaze shifts so large that a blink comes with them (Evinger 1994).
        """
        if self._often <= 0.0:
            return
        if phrase_ended and self._due - now < _REACH and self._rng.random() < _DRAWN:
            self._due = now + self._rng.uniform(0.0, _DELAY)
        for onset in carried:
            self._begin(onset)
        if self._due < until:
            due = max(self._due, now)
            self._begin(due)
            rate = self._often * (RESTING + (SPEAKING - RESTING) * active)
            self._due = due + max(log_normal(self._rng, 60.0 / rate, VARIATION), _REFRACTORY)

    def _begin(self, onset: float) -> None:
        if not self.blinks or onset >= self.blinks[-1].start + _REFRACTORY:
            self.blinks.append(_blink(onset, draws(self._seed, "blink shape", onset)))

    def forget(self, before: float) -> None:
        """Blinks that were over by then."""
        self.blinks = [blink for blink in self.blinks if blink.end + _LAG >= before]

    def lids(self, seconds: float) -> tuple[float, float]:
        """Closure of the left and of the right eye."""
        return lids(tuple(self.blinks), np.array([blink.start for blink in self.blinks]), seconds)


def _blink(onset: float, rng: np.random.Generator) -> Blink:
    total = rng.uniform(SHORTEST, LONGEST)
    falling = total * rng.uniform(*_CLOSING)
    partial, closure, full = rng.random() < _PARTIAL, rng.uniform(*_PARTIAL_CLOSURE), rng.uniform(0.95, 1.0)
    lag = rng.uniform(-_LAG, _LAG)
    return Blink(onset, falling, _SHUT, total - falling - _SHUT, closure if partial else full, lag)


def lids(blinks: tuple[Blink, ...], starts: Track, seconds: float) -> tuple[float, float]:
    """Closure of the left and of the right eye; `starts` are the blinks' onsets."""
    index = int(np.searchsorted(starts, seconds + _LAG, side="right")) - 1
    left = right = 0.0
    for blink in blinks[max(index - 1, 0) : index + 1]:
        if seconds <= blink.end + _LAG:
            left = max(left, blink.lid(seconds - max(blink.lag, 0.0)))
            right = max(right, blink.lid(seconds + min(blink.lag, 0.0)))
    return left, right


def lids_following(pitch: float) -> tuple[float, float]:
    """eyeBlink and eyeWide that come with eyes turned up by `pitch` degrees (down where negative)."""
    return (
        float(soft_positive(np.asarray(-pitch), 4.0)) * _LID_PER_DEGREE,
        float(soft_positive(np.asarray(pitch), 4.0)) * _WIDE_PER_DEGREE,
    )
