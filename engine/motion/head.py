"""How the head moves: slow drift, a new posture after a pause, nods on accents, breath.

Bands to stay in, measured on real talkers at 25 fps: mean absolute angle change per frame and axis 0.30-0.40
degrees, standard deviations about 4 degrees, nine tenths of the power below 1 Hz and under 1 % above 3 Hz,
where motion reads as jitter.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from engine.motion.accents import Accent
from engine.motion.curves import Track, bump, ramp, soft_limit, span
from engine.motion.draws import draws, log_normal, wander
from engine.motion.usual import Usual, clock_of, relative_pitch
from engine.prosody import HOP, Prosody

LIMITS = np.array([12.0, 9.0, 8.0])  # degrees of yaw, pitch, roll within which a picture can be turned

_DRIFT, _DRIFT_PACE = np.array([4.2, 3.8, 3.4]), 0.50  # degrees, seconds between draws
_SWAY, _SWAY_PACE = np.array([1.85, 1.6, 1.6]), 0.25  # livelier, while speaking only
_POSTURE = np.array([2.5, 2.1, 2.0])  # degrees, standard deviation of the attitudes between which it shifts
_SHIFT = (0.7, 1.1)  # seconds a shift takes
_APART = 1.0  # seconds between shifts at least
_IDLE_SHIFTS = 6.0  # seconds between shifts where there is no pause to do it in
_NODS = 0.6  # of the accents carry a nod
_NOD = (1.8, 4.0)  # degrees down
_NOD_DOWN, _NOD_UP = 0.24, 0.42  # seconds
_PITCH_FOLLOW = 0.35  # degrees per semitone of slow F0 (Munhall 2004: head and F0 are coupled at 1-2 Hz)
_PHRASE = (0.25, 1.5)  # seconds: faster than that is for the mouth, slower is the speaker's register
_IDLE_SHARE = 0.45  # of the drift that remains while nobody speaks

_TRAVEL, _TRAVEL_PACE = np.array([0.045, 0.025, 0.05]), 1.6  # inter-ocular distances: x, y, z
_BREATHS = 15.0 / 60.0  # per second
_BREATH = (0.25, 0.010)  # degrees of pitch, inter-ocular distances of height


def plan_head(
    active: Track, attitude: Track, accents: tuple[Accent, ...], voice: Track, seed: int, times: Track
) -> tuple[Track, Track]:
    """Rotation (T, 3) yaw, pitch, roll in degrees and translation (T, 3) as in `State`; not yet limited.

    Args:
        active: (T,) how much of a speaker the face is, 0..1.
        attitude: (T, 3) degrees, of `Postures`.
        voice: (T,) degrees of pitch, of `melody`.
    """
    rotation, translation = restlessness(active, seed, times)
    rotation += attitude + nods(accents, seed, times)
    rotation[:, 1] += voice
    return rotation, translation


def restlessness(active: Track, seed: int, times: Track) -> tuple[Track, Track]:
    """Rotation and translation of a head that drifts, sways while speaking (`active` (T,) 0..1), breathes."""
    share = active[:, None]
    drift = _DRIFT * wander(seed, "head drift", times, _DRIFT_PACE, 3)
    rotation = drift * (_IDLE_SHARE + (1 - _IDLE_SHARE) * share)
    rotation += _SWAY * wander(seed, "head sway", times, _SWAY_PACE, 3) * share
    breath = np.sin(2 * np.pi * (_BREATHS * times + draws(seed, "breath").random()))
    rotation[:, 1] += _BREATH[0] * breath
    translation = _TRAVEL * wander(seed, "head travel", times, _TRAVEL_PACE, 3)
    translation[:, 1] -= _BREATH[1] * breath
    return rotation, translation


def melody(prosody: Prosody, usual: Usual, times: Track) -> Track:
    """(T,) degrees of head pitch that follow the voice's."""
    pitch = relative_pitch(prosody, usual)
    slow = gaussian_filter1d(pitch, _PHRASE[0] / HOP) - gaussian_filter1d(pitch, _PHRASE[1] / HOP)
    return np.asarray(_PITCH_FOLLOW * np.interp(times, clock_of(prosody), slow))


def limited(rotation: Track) -> Track:
    """Rotation bent softly into `LIMITS`."""
    return np.stack([soft_limit(rotation[:, i], float(LIMITS[i])) for i in range(3)], 1)


class Postures:
    """Attitudes of the head, a new one at pauses, and between them where they are far apart."""

    def __init__(self, seed: int) -> None:
        self._seed, self._rng = seed, draws(seed, "posture times")
        self._base = self._last = _posture(seed, None)
        self._shifts: list[tuple[float, float, Track]] = []  # begins, takes (seconds), by how much
        self._begun, self._due = 0.0, self._interval()

    def follow(self, now: float, phrase_ended: bool) -> None:
        """Let a shift begin at `now` seconds where it is time for one."""
        if now >= self._due or (phrase_ended and now - self._begun > _APART):
            attitude, takes = (
                _posture(self._seed, now),
                draws(self._seed, "posture shift", now).uniform(*_SHIFT),
            )
            self._shifts.append((now, takes, attitude - self._last))
            self._last, self._begun, self._due = attitude, now, now + self._interval()

    def forget(self, before: float) -> None:
        """Shifts that were over by then."""
        while self._shifts and self._shifts[0][0] + self._shifts[0][1] < before:
            self._base = self._base + self._shifts.pop(0)[2]

    def track(self, times: Track) -> Track:
        """(T, 3) degrees at `times`."""
        track = np.zeros((len(times), 3)) + self._base
        for start, takes, change in self._shifts:
            part = span(times, start, start + takes)
            track[part] += change * ramp(times[part], start, start + takes)[:, None]
            track[part.stop :] += change
        return track

    def _interval(self) -> float:
        return max(log_normal(self._rng, _IDLE_SHIFTS, 0.5), 2.5)


def _posture(seed: int, at: float | None) -> Track:
    rng = draws(seed, "first posture") if at is None else draws(seed, "posture", at)
    return np.asarray(_POSTURE * rng.standard_normal(3))


def nods(accents: tuple[Accent, ...], seed: int, times: Track) -> Track:
    """(T, 3) degrees of the nods that some accents carry."""
    track = np.zeros((len(times), 3))
    for accent in accents:
        apex = accent.answered + 0.04
        start, end = apex - _NOD_DOWN, apex + _NOD_UP
        part = span(times, start, end)
        if part.start == part.stop:
            continue
        rng = draws(seed, "nod", accent.at)
        nodding, depth, aside = rng.random() < _NODS, rng.uniform(*_NOD), rng.normal(0.0, 0.35, 2)
        if nodding:
            nod = depth * (0.5 + 0.5 * accent.prominence)
            dip = bump(times[part], start, apex, apex, end)
            track[part] -= dip[:, None] * nod * np.array([aside[0], 1.0, aside[1]])
    return track
