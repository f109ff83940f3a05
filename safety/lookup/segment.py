"""Postings on the disk: sorted numbers in one file, mapped into memory, that is written whole or not at all.

A posting is a word (22 bits), the clip's number (28) and the word's time in the clip (14) in one 64-bit
number. Sorted, all postings of a word lie together.
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from safety.errors import StoreUnavailable
from safety.lookup.words import WRAP, Words
from safety.stores.files import whole_file

Postings = NDArray[np.uint64]

NUMBER_BITS, TIME_BITS = 28, 14
WORD_SHIFT = NUMBER_BITS + TIME_BITS
MOST_CLIPS = (1 << NUMBER_BITS) - 1

MAGIC = b"SLI1"
HEADER = struct.Struct("<4sIQQQ24s")  # magic, CRC-32 of all that follows it, count, after, last, last record
SUFFIX = ".words"
_CHECKED = 8  # bytes before what the CRC covers


@dataclass(frozen=True, eq=False)
class Segment:
    """Postings of the clips numbered `after` + 1 to `last`, of which the last is named `last_record`."""

    after: int
    last: int
    last_record: str
    postings: Postings
    path: Path | None = None


def postings_of(number: int, words: Words) -> Postings:
    """A clip's postings, sorted. Raises StoreUnavailable where numbers are used up."""
    if not 0 < number <= MOST_CLIPS:
        raise StoreUnavailable(f"the content index holds {MOST_CLIPS} clips at most", limit="clips")
    word = words.word.astype(np.uint64) << np.uint64(WORD_SHIFT)
    rest = np.uint64(number << TIME_BITS) | (words.at.astype(np.uint64) % np.uint64(WRAP))
    return np.unique(word | rest)


def merged(parts: list[Postings]) -> Postings:
    """Several sorted lists as one."""
    joined = np.concatenate(parts) if parts else np.zeros(0, np.uint64)
    joined.sort(kind="stable")  # merges runs that are sorted already
    return joined


def write_segment(folder: Path, after: int, last: int, last_record: str, postings: Postings) -> Segment:
    """Put postings on the disk. A kill before the return leaves no file of that name.

    Raises:
        StoreUnavailable: not written.
    """
    path = folder / f"{after:08x}-{last:08x}{SUFFIX}"
    rest = (len(postings), after, last, last_record.encode())
    checked = HEADER.pack(MAGIC, 0, *rest)[_CHECKED:]
    body = postings.astype("<u8", copy=False).view(np.uint8)
    crc = zlib.crc32(body.data, zlib.crc32(checked))
    with whole_file(path) as file:
        file.write(HEADER.pack(MAGIC, crc, *rest))
        file.write(body.data)
    return read_segment(path)


def read_segment(path: Path) -> Segment:
    """Open and check a file of `write_segment`.

    Raises:
        StoreUnavailable: it cannot be read, is damaged or of another version.
    """
    try:
        data = np.memmap(path, np.uint8, "r")
        magic, crc, count, after, last, name = HEADER.unpack(bytes(data[: HEADER.size]))
    except (OSError, ValueError, struct.error) as error:
        raise _damaged() from error
    sound = magic == MAGIC and len(data) == HEADER.size + 8 * count and after <= last
    if not sound or zlib.crc32(data[_CHECKED:].data) != crc:
        raise _damaged()
    postings = data[HEADER.size :].view("<u8")
    return Segment(after, last, name.rstrip(b"\0").decode("ascii", "replace"), postings, path)


def _damaged() -> StoreUnavailable:
    return StoreUnavailable("a file of the content index is damaged or of another version")
