"""From what each frame may be to sounds in a row: Viterbi (1967) with a fixed lag."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from engine.hearing.classes import CLASSES, SILENCE
from engine.hearing.phones import BREATH, VOCAL

STATES = (*CLASSES, VOCAL, BREATH)
LAG = 2
"""Frames after one that may still change what it is taken for: 20 ms."""

_SIL, _VOC, _BRE, _CONTACT = (STATES.index(name) for name in (SILENCE, VOCAL, BREATH, "P"))
_SWITCH = 3.0  # nats that it costs to go from one sound to another: keeps sounds from being a frame long
_CONTACT_BONUS = 0.7  # nats for p b m: a closure missed is worse than one too many
_UNLIKELY = 4.0  # nats against silence where there is a voice, against breath where there is none
_NEVER = 40.0


class Decoder:
    """One stream's state."""

    def __init__(self) -> None:
        self._scores = np.zeros(len(STATES))
        self._begun = False
        self._back: deque[tuple[NDArray[np.bool_], int]] = deque(maxlen=LAG)

    def follow(
        self, likely: NDArray[np.float32], voiced: NDArray[np.bool_], sounding: NDArray[np.bool_]
    ) -> list[int]:
        """The states that became certain: `LAG` frames behind the (n, classes) log probabilities given.

        `voiced`, `sounding`: (n,) where there is a loud voice, where there is any loud sound.
        """
        certain = []
        for row in _with_sounds(likely, voiced, sounding):
            self._step(row)
            if len(self._back) == LAG:
                certain.append(self._trace()[0])
        return certain

    def finish(self) -> list[int]:
        """The last frames, at most `LAG`, once no more come."""
        if not self._begun:
            return []
        path = self._trace()
        return path[1:] if len(self._back) == LAG else path

    def _step(self, row: NDArray[np.float64]) -> None:
        if not self._begun:
            self._begun, self._scores = True, row
            return
        best = int(self._scores.argmax())
        changed = self._scores[best] - _SWITCH
        stays = self._scores >= changed
        self._scores = np.where(stays, self._scores, changed) + row
        self._scores -= self._scores.max()
        self._back.append((stays, best))

    def _trace(self) -> list[int]:
        """The best path through the last frames, at most `LAG` + 1."""
        path = [int(self._scores.argmax())]
        for stays, best in reversed(self._back):
            path.append(path[-1] if stays[path[-1]] else best)
        return path[::-1]


def _with_sounds(
    likely: NDArray[np.float32], voiced: NDArray[np.bool_], sounding: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(n, states): sound in which the network hears no speech is a voice or a breath if it is loud."""
    rows = np.empty((len(likely), len(STATES)))
    rows[:, : len(CLASSES)] = likely
    rows[:, _CONTACT] += _CONTACT_BONUS
    silent = rows[:, _SIL].copy()
    voice, breath = sounding & voiced, sounding & ~voiced
    rows[:, _VOC] = np.where(voice, silent, silent - _NEVER)
    rows[:, _BRE] = np.where(breath, silent, silent - _NEVER)
    rows[:, _SIL] = np.where(sounding, silent - _UNLIKELY, silent)
    return rows
