"""When and how the eyes blink."""

import math
from dataclasses import dataclass

import numpy as np

from engine.motion.accents import Beats
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


def plan_blinks(
    beats: Beats, carried: list[float], seed: int, seconds: float, often: float = 1.0
) -> tuple[Blink, ...]:
    """Blinks of `seconds`, in order, not overlapping, `often` times as many as people make; 0: none.

    Intervals are drawn freely; whether a blink moves to a phrase end, or waits or falls out because another
    is near, is decided when it fires. `carried` are onsets of gaze shifts so large that a blink comes with
    them (Evinger 1994).
    """
    if often <= 0.0:
        return ()
    rng = draws(seed, "blink times")
    onsets = sorted([*_free_onsets(rng, beats, seconds, often), *carried])
    blinks: list[Blink] = []
    for onset in onsets:
        free = blinks[-1].start + _REFRACTORY if blinks else 0.0
        if onset < free - _REFRACTORY / 2:
            continue
        start = max(onset, free)
        blinks.append(_blink(start, draws(seed, "blink shape", start)))
    return tuple(blinks)


def _free_onsets(rng: np.random.Generator, beats: Beats, seconds: float, often: float) -> list[float]:
    onsets: list[float] = []
    # The recording begins anywhere between two.
    at = -log_normal(rng, 60.0 / (often * RESTING), VARIATION) * rng.random()
    taken: set[float] = set()
    while True:
        active = float(beats.active(np.array([at]))[0])
        rate = often * (RESTING + (SPEAKING - RESTING) * active)
        at += max(log_normal(rng, 60.0 / rate, VARIATION), _REFRACTORY)
        follows, delay = rng.random() < _DRAWN, rng.uniform(-0.05, 0.2)
        if at > seconds:
            return onsets
        near = [end for end in beats.phrase_ends if abs(end - at) < _REACH and end not in taken]
        if at < 0.0:
            continue
        if near and follows:
            end = min(near, key=lambda moment: abs(moment - at))
            taken.add(end)
            onsets.append(max(end + delay, 0.0))
        else:
            onsets.append(at)


class BlinkClock:
    """Blinks of a face whose speech is not known ahead: a blink fires when its time has come."""

    def __init__(self, seed: int, often: float) -> None:
        """`often`: as of `plan_blinks`."""
        self._seed, self._often = seed, often
        self._rng = draws(seed, "blink times")
        self._due = math.inf if often <= 0.0 else 60.0 / (often * RESTING) * float(self._rng.random())
        self._blinks: list[Blink] = []

    def follow(self, now: float, active: float, phrase_ends: bool, carried: bool) -> None:
        """Let what is due begin at `now` seconds.

        Args:
            active: of the speech, 0..1.
            phrase_ends: a phrase has just ended, which draws a blink that is due soon to itself.
            carried: the eyes set out on a shift so large that a blink comes with it.
        """
        drawn = phrase_ends and self._due - now < _REACH and self._rng.random() < _DRAWN
        if self._often <= 0.0 or not (now >= self._due or drawn or carried):
            return
        if not self._blinks or now >= self._blinks[-1].start + _REFRACTORY:
            self._blinks = [*self._blinks[-2:], _blink(now, draws(self._seed, "blink shape", now))]
        if now >= self._due or drawn:
            rate = self._often * (RESTING + (SPEAKING - RESTING) * active)
            self._due = now + max(log_normal(self._rng, 60.0 / rate, VARIATION), _REFRACTORY)

    def lids(self, seconds: float) -> tuple[float, float]:
        """Closure of the left and of the right eye."""
        return lids(tuple(self._blinks), np.array([blink.start for blink in self._blinks]), seconds)


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
