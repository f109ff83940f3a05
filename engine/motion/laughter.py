"""Laughter, told from its rhythm: voiced notes as short as a syllable, but evenly spaced.

A laugh is a row of notes of about 75 ms that begin 210 ms apart (Provine and Yong 1991, "Laughter: a
stereotyped human vocalization"), much more evenly than the syllables of speech. Words that a recogniser makes
of it must not reach the lips.
"""

from dataclasses import dataclass, replace

import numpy as np

from engine.motion.curves import Track, bump
from engine.motion.visemes import LABIODENTAL
from engine.prosody import HOP, Prosody, runs_of
from engine.speech import Phonemes
from engine.state import BLENDSHAPES, INDEX

_NOTE = (3, 16)  # frames that a voiced note lasts
_APART = (13, 32)  # frames from one to the next
_UNEVEN = 0.12  # of the interval, by which it may differ from those before
_NOTES = 4  # that make a laugh
_BREATH = 0.15  # seconds before the first note and after the last that belong to it
_RISE, _LEAD, _FALL = 0.4, 0.15, 1.2  # seconds: the smile comes with the first notes and outlives the last

SMILE = np.zeros(len(BLENDSHAPES))
"""(52,) weights while laughing: a Duchenne smile (AU 6+12)."""
for _name, _weight in (("mouthSmile", 0.55), ("cheekSquint", 0.5), ("eyeSquint", 0.25), ("mouthDimple", 0.1)):
    SMILE[[INDEX[_name + "Left"], INDEX[_name + "Right"]]] = _weight
THROWN_BACK = np.array([0.0, 2.5, 0.0])
"""Degrees of yaw, pitch and roll by which the head is."""


@dataclass(frozen=True)
class Laugh:
    """From its first note to its last, seconds."""

    start: float
    end: float


def find_laughs(prosody: Prosody) -> tuple[Laugh, ...]:
    """Laughs in what was heard, in order; one under way ends with its last note so far."""
    found: list[Laugh] = []
    row: list[tuple[int, int]] = []
    for note in [*runs_of(prosody.voiced), (-1, -1)]:
        if row and _follows(row, note):
            row.append(note)
            continue
        if len(row) >= _NOTES:
            found.append(Laugh(*((prosody.first + at) * HOP for at in (row[0][0], row[-1][1]))))
        row = [note] if _NOTE[0] <= note[1] - note[0] <= _NOTE[1] else []
    return tuple(found)


def _follows(row: list[tuple[int, int]], note: tuple[int, int]) -> bool:
    interval = note[0] - row[-1][0]
    if not (_NOTE[0] <= note[1] - note[0] <= _NOTE[1] and _APART[0] <= interval <= _APART[1]):
        return False
    usual = (row[-1][0] - row[0][0]) / (len(row) - 1) if len(row) > 1 else interval
    return abs(interval - usual) <= max(_UNEVEN * usual, 1.5)


def laughing(laughs: tuple[Laugh, ...], times: Track) -> Track:
    """(T,) 0..1."""
    still = np.ones(len(times))
    for laugh in laughs:
        start = laugh.start - _LEAD
        still *= 1.0 - bump(times, start, start + _RISE, laugh.end, laugh.end + _FALL)
    return 1.0 - still


def without_words(phonemes: Phonemes, laughs: tuple[Laugh, ...]) -> Phonemes:
    """The same, where what sounds like f or v in a laugh is a breath."""
    if not laughs:
        return phonemes
    phones = [
        replace(phone, symbol="HH")
        if phone.symbol in LABIODENTAL
        and any(each.start - _BREATH < phone.start < each.end + _BREATH for each in laughs)
        else phone
        for phone in phonemes.phones
    ]
    return replace(phonemes, phones=tuple(phones))
