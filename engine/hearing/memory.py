"""What was heard, as long as it is remembered: tracks that grow at one end and are forgotten at the other."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.hearing.classes import SILENCE
from engine.hearing.decoder import STATES
from engine.hearing.phones import BREATH, VOCAL, Phone, Phonemes
from engine.prosody import HOP, Prosody

_SILENT = STATES.index(SILENCE)
_UNSURE = (STATES.index(VOCAL), STATES.index(BREATH))
_LOUDNESS, _PITCH, _STATE, _CONFIDENCE = range(4)


class Memory:
    """Final frames: loudness, pitch, state (index into `STATES`), confidence."""

    def __init__(self, keep: int) -> None:
        """`keep`: frames that are remembered at least; at most twice as many are."""
        self._keep = max(keep, 1)
        self._rows = np.zeros((256, 4), np.float32)
        self._count = 0
        self._first = 0  # frame of row 0

    @property
    def end(self) -> int:
        """The frame after the last."""
        return self._first + self._count

    def add(
        self,
        loudness: NDArray[np.float32],
        pitch: NDArray[np.float32],
        states: NDArray[np.intp],
        confidence: NDArray[np.float32],
    ) -> None:
        """The next (n,) frames."""
        count = len(loudness)
        self._make_room(count)
        rows = self._rows[self._count : self._count + count]
        rows[:, _LOUDNESS], rows[:, _PITCH], rows[:, _STATE], rows[:, _CONFIDENCE] = (
            loudness,
            pitch,
            states,
            confidence,
        )
        self._count += count

    def _make_room(self, count: int) -> None:
        """Double while there is something to remember, else forget."""
        if self._count + count <= len(self._rows):
            return
        kept = self._rows[max(0, self._count - self._keep) : self._count]
        rows = np.zeros((max(2 * len(kept), len(kept) + count), 4), np.float32)
        rows[: len(kept)] = kept
        self._first += self._count - len(kept)
        self._rows, self._count = rows, len(kept)

    def phonemes(self, since: int, seconds: float) -> Phonemes:
        """From frame `since` on, of a recording of `seconds` up to now."""
        prosody = self.prosody(since)
        rows = self._rows[: self._count]
        return Phonemes(tuple(self._phones(rows, prosody.first - self._first)), prosody, seconds)

    def prosody(self, since: int) -> Prosody:
        """Tracks from frame `since` on."""
        skipped = min(max(0, since - self._first), self._count)
        tail = self._rows[skipped : self._count]
        return Prosody(
            tail[:, _LOUDNESS].copy(),
            tail[:, _PITCH].copy(),
            tail[:, _STATE] != _SILENT,
            self._first + skipped,
        )

    def _phones(self, rows: NDArray[np.float32], skipped: int) -> list[Phone]:
        states = rows[:, _STATE].astype(np.intp)
        while 0 < skipped < len(states) and states[skipped - 1] == states[skipped]:
            skipped -= 1  # into the phone that was under way
        states = states[skipped:]
        edges = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
        phones = []
        for a, b in pairwise(edges):
            if b > a and states[a] != _SILENT:
                sure = (
                    0.0
                    if states[a] in _UNSURE
                    else float(rows[skipped + a : skipped + b, _CONFIDENCE].mean())
                )
                start = self._first + skipped + a
                phones.append(
                    Phone(STATES[states[a]], start * HOP, (start + b - a) * HOP, min(max(sure, 0.0), 1.0))
                )
        return phones
