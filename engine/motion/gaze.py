"""Where the sitter looks: at the viewer, away and back, with the small restlessness of real eyes.

Statistics of Lee, Badler & Badler, "Eyes Alive" (2002). Directions are relative to the camera; the eyes' own
turn is what remains after the head's (vestibulo-ocular reflex): `eye_in_head`.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from engine.motion.curves import Track, ease, ramp, soft_limit, span
from engine.motion.draws import draws, log_normal
from engine.render.pose import bounded

# Seconds of mutual gaze and of looking away, while speaking and while listening.
_MUTUAL, _AWAY = (3.1, 0.93), (7.9, 0.43)
_VARIATION = 0.6
_MEAN_SIZE, _LARGEST = (
    6.9,
    18.0,
)  # degrees: A = -6.9 ln(P / 15.7), P in percent up to 15.7; 90 % are below 15°
_CARDINAL = 2.0  # left, right, up and down are twice as likely as the diagonals
_GLANCE_RATE = 0.8  # per second while looking at the viewer: from eye to eye to mouth
_GLANCE = (0.9, 0.5)  # degrees, standard deviation
_SACCADE_BASE, _SACCADE_PER_DEGREE = 0.025, 0.0024  # seconds: the main sequence
_CARRIES_BLINK = 33.0  # degrees from which nearly every shift comes with a blink (Evinger 1994)

EYE_LIMIT = (30.0, 22.0)  # degrees an eye turns in its socket without looking strained, yaw and pitch
HEAD_SHARE_OF_MAIN = np.array([0.30, 0.25])  # of the main direction is the head's, yaw and pitch
_HEAD_FREE = 6.0  # degrees that the eyes do alone
_HEAD_SHARE = 0.25  # of a large shift
_HEAD_LATE = (0.07, 0.15)  # seconds after the eyes
_HEAD_MOVE = 0.45  # seconds it takes


@dataclass(frozen=True)
class Gaze:
    """Saccades in order.

    Attributes:
        onsets, durations: (n,) seconds.
        before, after: (n, 2) direction in degrees.
        aside: (n, 2) of the direction after it, what is not the main direction.
    """

    onsets: Track
    durations: Track
    before: Track
    after: Track
    aside: Track

    def at(self, seconds: float) -> Track:
        """(2,) yaw, pitch in degrees relative to the camera."""
        i = max(int(np.searchsorted(self.onsets, seconds, side="right")) - 1, 0)
        done = float(ease(np.asarray((seconds - self.onsets[i]) / self.durations[i])))
        return np.asarray(self.before[i] + (self.after[i] - self.before[i]) * done)


class GazePlan:
    """Looks around the main direction (yaw, pitch in degrees), one look at the viewer and away at a time."""

    def __init__(self, main: tuple[float, float], seed: int) -> None:
        self._seed, self._rng = seed, draws(seed, "gaze")
        self._centre: Track = np.array(main, float)
        self._until = 0.0  # seconds that are planned
        self._targets: list[tuple[float, Track, Track]] = [(-1.0, self._centre, np.zeros(2))]

    def follow(self, until: float, active: float) -> None:
        """Plan up to `until` seconds, for somebody who speaks (1) or listens (0)."""
        while self._until < until:
            self._look_away(active)

    def _look_away(self, active: float) -> None:
        mutual = _MUTUAL[0] * active + _AWAY[0] * (1.0 - active)
        away = _MUTUAL[1] * active + _AWAY[1] * (1.0 - active)
        leaves = self._until + log_normal(self._rng, mutual, _VARIATION)
        for at, glance in _glances(draws(self._seed, "glances", self._until), self._until, leaves):
            self._look(at, glance)
        self._look(leaves, _aversion(self._rng))
        self._until = leaves + max(log_normal(self._rng, away, _VARIATION), 0.2)
        self._look(self._until, np.zeros(2))

    def _look(self, at: float, aside: Track) -> None:
        self._targets.append((at, self._centre + aside, aside))

    def turn_to(self, main: tuple[float, float], at: float) -> None:
        """From `at` on the main direction is another: what was planned after it is dropped."""
        self._targets = [each for each in self._targets if each[0] < at]
        self._centre, self._until = np.array(main, float), at
        self._look(at, np.zeros(2))

    def carried(self, start: float, end: float) -> list[float]:
        """Onsets within start..end of shifts so large that a blink comes with them."""
        found: list[float] = []
        for (onset, after, _), (_, before, _) in pairwise(reversed(self._targets)):
            if onset < start:
                break
            if onset < end and np.linalg.norm(after - before) > _CARRIES_BLINK:
                found.append(onset)
        return found[::-1]

    def forget(self, before: float) -> None:
        """Saccades that were over by then; what is looked at stays known."""
        kept = max(sum(onset < before for onset, _, _ in self._targets) - 1, 0)
        self._targets = self._targets[kept:]

    def gaze(self) -> Gaze:
        """The saccades planned and not forgotten."""
        onsets = np.array([onset for onset, _, _ in self._targets])
        after = np.stack([look for _, look, _ in self._targets])
        before = np.concatenate((after[:1], after[:-1]))
        durations = _SACCADE_BASE + _SACCADE_PER_DEGREE * np.linalg.norm(after - before, axis=1)
        return Gaze(onsets, durations, before, after, np.stack([aside for _, _, aside in self._targets]))


def _glances(rng: np.random.Generator, start: float, end: float) -> list[tuple[float, Track]]:
    found = []
    at = start + log_normal(rng, 1.0 / _GLANCE_RATE, _VARIATION)
    while at < end - 0.2:
        found.append((at, rng.standard_normal(2) * _GLANCE))
        at += log_normal(rng, 1.0 / _GLANCE_RATE, _VARIATION)
    return found


def _aversion(rng: np.random.Generator) -> Track:
    size = min(rng.exponential(_MEAN_SIZE) + 1.0, _LARGEST)
    odds = np.tile([_CARDINAL, 1.0], 4)
    angle = np.pi / 4 * rng.choice(8, p=odds / odds.sum()) + rng.normal(0.0, 0.15)
    return np.array([np.cos(angle), 0.7 * np.sin(angle)]) * size  # the eyes' range is flatter than wide


def head_follows(gaze: Gaze, main: Track, seed: int, times: Track, amount: float = 1.0) -> Track:
    """(T, 2) degrees of head yaw and pitch: its share of the main direction (2,) or (T, 2) and, `amount`
    times, of large shifts."""
    shares = amount * _HEAD_SHARE * _beyond(gaze.aside)
    turn: Track = np.zeros((len(times), 2)) + main * HEAD_SHARE_OF_MAIN + shares[0]
    for i in np.flatnonzero(np.abs(np.diff(shares, axis=0)).sum(1) > 0) + 1:
        onset, change = float(gaze.onsets[i]), shares[i] - shares[i - 1]
        if onset > times[-1]:
            break
        if onset + _HEAD_LATE[1] + _HEAD_MOVE < times[0]:
            turn += change
            continue
        start = onset + draws(seed, "head follows", onset).uniform(*_HEAD_LATE)
        part = span(times, start, start + _HEAD_MOVE)
        turn[part] += ramp(times[part], start, start + _HEAD_MOVE)[:, None] * change
        turn[part.stop :] += change
    return turn


def _beyond(offset: Track) -> Track:
    return np.asarray(np.sign(offset) * np.maximum(np.abs(offset) - _HEAD_FREE, 0.0))


def eye_in_head(look: Track, rotation: tuple[float, float, float]) -> tuple[float, float]:
    """Eye in head (yaw, pitch in degrees) for a look relative to the camera (2,): the look less the head's
    turn as it is shown (vestibulo-ocular reflex), within `EYE_LIMIT`."""
    head = bounded(rotation)
    yaw, pitch = float(look[0]) - head[0], float(look[1]) - head[1]
    roll = math.radians(head[2])
    turned = (
        yaw * math.cos(roll) - pitch * math.sin(roll),
        yaw * math.sin(roll) + pitch * math.cos(roll),
    )
    return (
        float(soft_limit(np.asarray(turned[0]), EYE_LIMIT[0])),
        float(soft_limit(np.asarray(turned[1]), EYE_LIMIT[1])),
    )


def look_of(eye: tuple[float, float], rotation: tuple[float, float, float]) -> Track:
    """(2,) yaw, pitch relative to the camera of eyes turned so in a head turned so."""
    head = bounded(rotation)
    roll = math.radians(head[2])
    return np.array(
        [
            head[0] + eye[0] * math.cos(roll) + eye[1] * math.sin(roll),
            head[1] - eye[0] * math.sin(roll) + eye[1] * math.cos(roll),
        ]
    )
