"""The face of somebody who is heard as they speak: what `Planner` plans, bit by bit, and a short memory."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import ControlOutOfRange
from engine.hearing.classes import SILENCE
from engine.hearing.listener import Listener
from engine.motion.brows import SHAPES as BROWS
from engine.motion.curves import RATE, Track
from engine.motion.lips import Lips
from engine.motion.plan import compose, face_of
from engine.motion.planner import POSE, Planner
from engine.motion.visemes import SHAPES as LIPS
from engine.prosody import HOP, Prosody
from engine.speech import Phone, Phonemes
from engine.state import BLENDSHAPES, Controls, State

MEMORY = 8.0  # seconds of speech that say what is usual for this speaker
KEPT = 3.0  # seconds back that the motion is remembered
_RECENT = 1.2  # seconds of speech whose lips can still be seen, and a pause be told from a closure
_VISIBLE = 0.35  # seconds of phones whose lips have not gone
_FALLING = 12.0  # dB that loudness is taken to fall at most: what comes may be silence, and no matter of lips
_OPEN = 0.10  # seconds that a sound under way is taken to go on
_POINTS = round(HOP * RATE)  # control points planned for each hop of hearing
_BLOCK = 8  # control points of all but the lips planned at once: `engine.motion.idle.STEP`
_COLUMNS = (len(LIPS), 1, 1, len(BROWS), len(BLENDSHAPES), POSE)
_LIPS, _CONTACT, _SHUT, _BROWS, _EMOTION = np.cumsum(_COLUMNS[:-1])  # where each of them ends


class LivePlanner:
    """Motion of one stream. Not for use by two threads at once.

    What is planned depends on how far was heard at the time: give it to the planner hop by hop for a motion
    that does not depend on the sizes of the pieces.

    Args:
        controls: as of a recording; `gaze` and `emotion` may be changed by `steer`.
    """

    def __init__(self, controls: Controls) -> None:
        self._planner = Planner(controls, live=True)
        self._next = 0  # control point
        self._first = 0  # of the rows kept
        self._rows: Track = np.zeros((0, sum(_COLUMNS)))
        self._rest: Track = np.zeros((0, sum(_COLUMNS[3:])))  # planned ahead of the lips

    @property
    def ready(self) -> float:
        """Seconds up to which `state` may be asked: to the last control point."""
        return (self._next - 1) / RATE

    def steer(self, controls: Controls) -> None:
        """Go on with other controls from the next step on: gaze by a saccade, emotion in a second."""
        self._planner.steer(controls)

    def extend(self, listener: Listener) -> None:
        """Plan what `listener` has made final since the last call, and a control point beyond."""
        until = _POINTS * (round(listener.final / HOP) + 1) if listener.final > 0.0 else 0
        while self._next < until:
            if not len(self._rest):
                self._plan_rest(listener)
            end = min(until, self._next + len(self._rest))
            count = end - self._next
            lips = self._planner.lips(_recent(listener, self._next / RATE), end)
            self._append(lips, self._rest[:count])
            self._rest, self._next = self._rest[count:], end

    def state(self, seconds: float) -> State:
        """The face at `seconds`, from `KEPT` seconds back to `ready`.

        Raises:
            ControlOutOfRange: not a number, or outside of that.
        """
        x = seconds * RATE if math.isfinite(seconds) else math.nan
        if not self._first <= x <= self._next - 1 + 1e-6:
            raise ControlOutOfRange("the time asked for is not planned yet, or forgotten", control="seconds")
        # Straight lines: what lies on them has been smoothed, and a spline would wait for another neighbour.
        base = max(min(int(x), self._next - 2), self._first) - self._first
        before, after = self._rows[base], self._rows[min(base + 1, len(self._rows) - 1)]
        row = (before + (x - self._first - base) * (after - before))[None]
        lips = Lips(row[:, :_LIPS], row[:, _CONTACT - 1], row[:, _SHUT - 1])
        face = face_of(lips, row[:, _SHUT:_BROWS], row[:, _BROWS:_EMOTION])[0]
        idle = self._planner.idle
        return compose(face, row[0, _EMOTION:], idle.gaze.gaze().at(seconds), idle.blinks.lids(seconds))

    def _plan_rest(self, listener: Listener) -> None:
        now = self._next / RATE
        self._planner.idle.forget(now - KEPT)
        heard = listener.prosody(since=max(0.0, now - MEMORY))
        self._rest = np.concatenate(self._planner.rest(heard, self._next + _BLOCK), 1)

    def _append(self, lips: Lips, rest: Track) -> None:
        rows = np.concatenate((lips.shapes, lips.contact[:, None], lips.shut[:, None], rest), 1)
        gone = max(0, len(self._rows) - round(KEPT * RATE))
        self._first += gone
        self._rows = np.concatenate((self._rows[gone:], rows))


def _recent(listener: Listener, now: float) -> Phonemes:
    """Sounds whose lips can be seen at `now`, and how they go on."""
    heard = listener.phonemes(since=max(0.0, now - _RECENT))
    phones = [phone for phone in heard.phones if phone.end > now - _VISIBLE]
    if heard.prosody.speaking[-1]:
        _expect(phones, listener.expected(), listener.final)
    return Phonemes(tuple(phones), _extended(heard.prosody, listener.loudness_ahead), heard.seconds)


def _extended(prosody: Prosody, ahead: NDArray[np.float32]) -> Prosody:
    """With the loudness that is known ahead; the rest stays as it was last."""
    loudness = np.maximum(ahead, prosody.loudness[-1] - _FALLING)
    return Prosody(
        np.concatenate((prosody.loudness, loudness)),
        np.concatenate((prosody.pitch, np.full(len(ahead), prosody.pitch[-1]))),
        np.concatenate((prosody.speaking, np.full(len(ahead), prosody.speaking[-1]))),
        prosody.first,
    )


def _expect(phones: list[Phone], symbols: tuple[str, ...], now: float) -> None:
    """Add what most likely comes at `now`, per `HOP`; the last sound goes on if it is not known to end."""
    for i, symbol in enumerate(symbols):
        start = now + i * HOP
        if phones and phones[-1].symbol == symbol and phones[-1].end >= start - HOP / 2:
            phones[-1] = replace(phones[-1], end=start + HOP)
        elif symbol != SILENCE:
            phones.append(Phone(symbol, start, start + HOP))
    if phones and phones[-1].end >= now + len(symbols) * HOP - HOP / 2:
        phones[-1] = replace(phones[-1], end=phones[-1].end + _OPEN)
