"""What of a clip is looked up: words of its sound and of its movement, each with its time."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.errors import StoreUnavailable
from safety.lookup.motion import WEAK, amounts
from safety.lookup.motion import words as motion_words
from safety.lookup.sound import landmarks, near_landmarks

UNIT = 0.08  # seconds of one step of a word's time
WRAP = 1 << 14  # steps after which times begin again: 22 minutes
SOUND = 1 << 21  # set in words of sound; 21 bits of the word itself below
MOST_KEPT = 1 << 17  # words of one clip: an hour and a half of talk
SEARCHED = 60.0  # seconds at the start, in the middle and at the end of a long video that are looked for

MAGIC = b"SLW1"
HEADER = struct.Struct(">4sI")


@dataclass(frozen=True, eq=False)
class Words:
    """Words and their times, in order of time.

    Attributes:
        word: (N,) uint32 under 2 ** 22.
        at: (N,) uint16 under WRAP, in steps of UNIT.
    """

    word: NDArray[np.uint32]
    at: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.word)

    def to_bytes(self) -> bytes:
        """Six bytes a word."""
        return (
            HEADER.pack(MAGIC, len(self))
            + self.word.astype(">u4").tobytes()
            + self.at.astype(">u2").tobytes()
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Words":
        """Read what `to_bytes` wrote. Raises StoreUnavailable for anything else."""
        if len(data) < HEADER.size or len(data) > HEADER.size + 6 * MOST_KEPT:
            raise _damaged()
        magic, count = HEADER.unpack_from(data)
        if magic != MAGIC or len(data) != HEADER.size + 6 * count:
            raise _damaged()
        word = np.frombuffer(data, ">u4", count, HEADER.size).astype(np.uint32)
        at = np.frombuffer(data, ">u2", count, HEADER.size + 4 * count).astype(np.uint16)
        if (word >= 2 * SOUND).any() or (at >= WRAP).any():
            raise _damaged()
        return cls(word, at)


@dataclass(frozen=True, eq=False)
class Content:
    """A clip as it is kept, and as it is looked for: with the words that a copy's small changes make."""

    kept: Words
    sought: Words


NOTHING = Content(
    Words(np.zeros(0, np.uint32), np.zeros(0, np.uint16)),
    Words(np.zeros(0, np.uint32), np.zeros(0, np.uint16)),
)
"""Of a file that was not looked at."""


def read_words(frames: Iterable[tuple[float, NDArray[np.uint8]]], speech: Speech | None) -> Content:
    """The words of a clip, read once and streamed; about half a millisecond a frame.

    Args:
        frames: times in seconds, rising from 0, and pictures (H, W, 3) uint8 RGB of any size.
        speech: its sound, or None.
    """
    series = amounts(frames)
    empty = (np.zeros(0, np.uint32), np.zeros(0))
    kept = _joined(motion_words(series), empty if speech is None else landmarks(speech))
    sought = _joined(motion_words(series, WEAK), empty if speech is None else near_landmarks(speech), True)
    return Content(kept, sought)


def _joined(
    moved: tuple[NDArray[np.uint32], NDArray[np.float64]],
    heard: tuple[NDArray[np.uint32], NDArray[np.float64]],
    parts: bool = False,
) -> Words:
    """Both kinds in one list, by time; of a long one `parts` only."""
    word = np.concatenate([moved[0], heard[0] | np.uint32(SOUND)])
    seconds = np.concatenate([moved[1], heard[1]])
    if parts and len(seconds) and (end := float(seconds.max())) > 3 * SEARCHED:
        starts = (0.0, (end - SEARCHED) / 2, end - SEARCHED)
        inside = np.any([(seconds >= start) & (seconds <= start + SEARCHED) for start in starts], axis=0)
        word, seconds = word[inside], seconds[inside]
    order = np.argsort(seconds, kind="stable")[:MOST_KEPT]
    return Words(word[order], (np.rint(seconds[order] / UNIT).astype(np.int64) % WRAP).astype(np.uint16))


def _damaged() -> StoreUnavailable:
    return StoreUnavailable(
        "the stored words of a clip are damaged or of another version: restore the records"
    )
