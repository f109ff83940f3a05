"""The face of somebody who is heard as they speak: the same motion as a recording's, without its future.

What is aimed at comes from the same functions as in `plan.py`. Where those look ahead (lips set out before a
sound, a nod falls on an accent), a stream can only answer: aims are followed with a short delay instead, each
group with its own, so that nothing jumps. Every control point is planned once and never changes.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import ControlOutOfRange
from engine.hearing.listener import Listener
from engine.motion.accents import Accent, Beats, find_beats
from engine.motion.blinks import BlinkClock
from engine.motion.brows import plan_brows
from engine.motion.curves import RATE, Track
from engine.motion.emotion import blend, presence
from engine.motion.gaze import HEAD_SHARE_OF_MAIN, GazePlan, head_follows
from engine.motion.head import IDLE_SHIFTS, limited, melody, nods, posture, restlessness
from engine.motion.lips import plan_lips
from engine.motion.plan import POSE, compose, face_of
from engine.prosody import HOP, Prosody
from engine.speech import Phone, Phonemes
from engine.state import BLENDSHAPES, INDEX, Controls, State

MEMORY = 8.0  # seconds of speech that say what is usual for this speaker
_TAIL = 0.4  # seconds of phones whose lips can still be seen
_OPEN = 0.10  # seconds that a sound under way is taken to go on
_KEPT = 3.0  # seconds of control points and events
_ANSWER = 0.22  # seconds from the moment that an accent is known to the middle of its nod
_SETTLED = 0.25  # seconds after an accent from which on its surroundings are known
_STEP = 8  # control points planned at once, at most: one frame at 25 fps
_AHEAD = 1.0  # seconds of gaze that are planned

# Time constants of the delays (two in a row, critically damped), seconds. Lips that close are quickest: they
# reach 100-200 mm/s, and a missed contact is seen more than a late vowel.
_QUICK, _LIPS, _BROWS, _HEAD, _SHIFT, _MOOD = 0.006, 0.014, 0.05, 0.06, 0.15, 0.25
_CONTACTS = ("mouthClose", "mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper")


class LivePlanner:
    """Motion of one stream. Not for use by two threads at once.

    Args:
        controls: as of a recording; `gaze` and `emotion` may be changed by `steer`.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._gaze = GazePlan(controls.gaze, controls.seed)
        self._blinks = BlinkClock(controls.seed, controls.amplitude.blinks)
        self._accents: list[Accent] = []  # as they are answered
        self._heard_until = 0.0  # seconds of speech whose accents are known
        self._paused = True
        self._posture, self._shifted = posture(controls.seed, None), 0.0
        self._leaning = _Delay(np.full(3, _SHIFT))
        self._melody = _Delay(np.full(1, _HEAD))
        self._looked = 0.0
        self._mood = _Delay(np.full(len(BLENDSHAPES) + 4, _MOOD))
        self._main = _Delay(np.full(2, _MOOD))
        self._delay = _Delay(_time_constants())
        self._first, self._next = 0, 0  # control points kept and planned
        self._curves = np.zeros((0, len(BLENDSHAPES) + POSE))

    @property
    def ready(self) -> float:
        """Seconds up to which `state` may be asked: to the last control point."""
        return (self._next - 1) / RATE

    def steer(self, controls: Controls) -> None:
        """Go on with other controls from the next control point: gaze by a saccade, emotion in a second."""
        if controls.gaze != self._controls.gaze:
            self._gaze.turn_to(controls.gaze, max(self._next / RATE, self._looked))
        self._controls = controls

    def extend(self, listener: Listener) -> None:
        """Plan what `listener` has made final since the last call."""
        until = int(round(listener.final / HOP) * HOP * RATE)
        heard = listener.phonemes(since=max(0.0, self._next / RATE - MEMORY))
        while self._next < until:
            end = min(until, (self._next // _STEP + 1) * _STEP)
            times = np.arange(self._next, end) / RATE
            self._append(self._planned(_window(heard, end / RATE), times))
            self._next = end

    def state(self, seconds: float) -> State:
        """The face at `seconds`, from three seconds back to `ready`.

        Raises:
            ControlOutOfRange: not a number, or outside of that.
        """
        x = seconds * RATE if math.isfinite(seconds) else math.nan
        if not self._first <= x <= self._next - 1 + 1e-6:
            raise ControlOutOfRange("the time asked for is not planned yet, or forgotten", control="seconds")
        # Straight lines: what lies on them has been smoothed, and a spline would wait for another neighbour.
        base = max(min(int(x), self._next - 2), self._first)
        before, after = (
            self._curves[base - self._first],
            self._curves[min(base + 1, self._next - 1) - self._first],
        )
        values = before + (x - base) * (after - before)
        look = self._gaze.gaze().at(seconds)
        return compose(values[:-POSE].copy(), values[-POSE:], look, self._blinks.lids(seconds))

    def _planned(self, heard: tuple[Phonemes, float], times: Track) -> Track:
        """(T, 52 + 6) control points at `times`, from what was heard before on a clock that began then."""
        controls = self._controls
        local, begun = heard
        clock = times - begun
        beats = find_beats(local)
        active = beats.active(clock)
        self._notice(beats, begun, float(times[-1]), float(active[-1]))
        attitude = blend(controls.emotion)
        mood = self._mood.follow(np.tile([*attitude.weights, *attitude.head, attitude.jaw], (len(times), 1)))
        lips = plan_lips(_recent(local, float(clock[0])), clock, mood[:, -1])
        events = Beats(tuple(self._accents), (), (), beats.activity)
        brows = controls.amplitude.brows * plan_brows(events, controls.seed, times)
        face = face_of(lips, brows, presence(controls.seed, times)[:, None] * mood[:, : len(BLENDSHAPES)])
        rotation, translation = restlessness(active, controls.seed, times)
        rotation += nods(events.accents, controls.seed, times)
        rotation += self._leaning.follow(np.tile(self._posture, (len(times), 1)))
        rotation[:, 1] += self._melody.follow(melody(local.prosody, clock)[:, None])[:, 0]
        amount = controls.amplitude.head
        rotation, translation = amount * rotation, amount * translation
        centre = (float(self._gaze.centre[0]), float(self._gaze.centre[1]))
        rotation[:, :2] += head_follows(self._gaze.gaze(), centre, controls.seed, times, amount)
        main = self._main.follow(np.tile(controls.gaze, (len(times), 1)))
        rotation[:, :2] += (main - np.array(centre)) * HEAD_SHARE_OF_MAIN
        turned = limited(rotation + mood[:, -4:-1]) + np.array(controls.pose)
        return np.concatenate((self._delay.follow(face), turned, translation), 1)

    def _notice(self, beats: Beats, begun: float, now: float, active: float) -> None:
        """Events that have become known, and looks and blinks that are due."""
        apart = 0.35
        for accent in beats.accents:
            at = accent.at + begun
            if self._heard_until + apart < at <= now - _SETTLED:
                self._heard_until = at
                self._accents.append(replace(accent, at=round(now + _ANSWER, 2)))
        self._accents = [each for each in self._accents if each.at > now - _KEPT]
        while self._gaze.until < now + _AHEAD:
            self._gaze.extend(active)
        self._gaze.forget(now - _KEPT)
        paused = bool(beats.pauses) and beats.pauses[-1][1] + begun >= now - 2 * HOP
        shifts = [at for at in self._gaze.gaze().blink_onsets() if self._looked < at <= now]
        self._blinks.follow(now, active, paused and not self._paused, bool(shifts))
        idle = now - self._shifted > IDLE_SHIFTS
        if idle or (paused and not self._paused and now - self._shifted > 1.0):
            self._posture, self._shifted = posture(self._controls.seed, now), now
        self._paused, self._looked = paused, now

    def _append(self, points: Track) -> None:
        keep = max(0, len(self._curves) - round(_KEPT * RATE))
        self._first += keep
        self._curves = np.concatenate((self._curves[keep:], points))


class _Delay:
    """Follows targets: two first-order lags in a row for each column, (C,) time constants in seconds."""

    def __init__(self, constants: NDArray[np.float64]) -> None:
        self._share = 1.0 - np.exp(-1.0 / (RATE * constants))
        self._state: NDArray[np.float64] | None = None  # (2, C)

    def follow(self, targets: Track) -> Track:
        """(T, C) for targets (T, C); at the first the target itself."""
        if self._state is None:
            self._state = np.stack((targets[0], targets[0]))
        out = np.empty_like(targets)
        first, second = self._state
        for i, target in enumerate(targets):
            first += self._share * (target - first)
            second += self._share * (first - second)
            out[i] = second
        return out


def _time_constants() -> NDArray[np.float64]:
    constants = np.full(len(BLENDSHAPES), _LIPS)
    for name in BLENDSHAPES:
        if name.startswith("brow"):
            constants[INDEX[name]] = _BROWS
    constants[[INDEX[name] for name in _CONTACTS]] = _QUICK
    return constants


def _window(heard: Phonemes, end: float) -> tuple[Phonemes, float]:
    """The last `MEMORY` seconds before `end` on a clock of their own, and when that begins; a sound under way
    goes on for a while, and what came after `end` is not known yet."""
    prosody = heard.prosody
    last = round(end / HOP) - prosody.first
    first = max(0, last - round(MEMORY / HOP))
    begun, seconds = (prosody.first + first) * HOP, (last - first) * HOP
    phones = [
        replace(p, start=max(p.start - begun, 0.0), end=min(p.end - begun, seconds))
        for p in heard.phones
        if p.end > begun and p.start < end - HOP / 2
    ]
    if phones and phones[-1].end >= seconds - HOP / 2:
        phones[-1] = replace(phones[-1], end=phones[-1].end + _OPEN)
    part = slice(first, last)
    cut = Prosody(prosody.loudness[part], prosody.pitch[part], prosody.speaking[part])
    return Phonemes(tuple(phones), cut, seconds), begun


def _recent(phonemes: Phonemes, since: float) -> Phonemes:
    """Without phones whose lips have gone."""
    phones: tuple[Phone, ...] = tuple(p for p in phonemes.phones if p.end > since - _TAIL)
    return replace(phonemes, phones=phones)
