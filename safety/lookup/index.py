"""The index: segments on the disk and what was released since, both made from the records' stored words.

The records are the truth and the files only a shorter way to it: what is damaged, missing, or of other
records (a database restored from a copy) is made again from them when the index is opened.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from safety.errors import StoreUnavailable
from safety.lookup.search import search
from safety.lookup.segment import SUFFIX, Postings, Segment, merged, postings_of, read_segment, write_segment
from safety.lookup.words import Words

FLUSH = 1 << 18
"""Postings kept in memory before they are written: about a thousand clips."""
ALIKE, GROWTH, LARGEST = 8, 8, 1 << 24
"""So many segments of one size are merged into one; from LARGEST on they are left as they are."""
ROWS = 500
MOST = 6

_log = logging.getLogger("sitter")


class Stored(Protocol):
    """The records, as far as the index needs them."""

    def contents(self, after: int, most: int) -> Sequence[tuple[int, str, bytes]]:
        """(number, record id, words) of clips numbered above `after`, in order, at most `most`."""

    def numbered(self, numbers: Sequence[int]) -> dict[int, str]:
        """Record ids by number, of those that exist."""


@dataclass(frozen=True)
class Candidate:
    """A release that the video may be of; `votes` moments agree, `shift` seconds later in the release."""

    record_id: str
    votes: int
    shift: float


class ContentIndex:
    """Looks releases up by content. Safe to share between threads.

    Args:
        folder: of the index's files, made if missing.
        records: where words are kept. What is committed there is found by the next search.

    Raises:
        StoreUnavailable: the folder cannot be used, or the records not be read.
    """

    def __init__(self, folder: Path, records: Stored) -> None:
        self._folder, self._records = folder, records
        self._lock = threading.Lock()
        self._fresh: list[Postings] = []
        self._fresh_last = (0, "")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable("the content index's folder cannot be made: check permissions") from error
        self._segments = self._opened()
        if self._segments:
            self._fresh_last = (self._segments[-1].last, self._segments[-1].last_record)
        with self._lock:
            self._catch_up()

    def search(self, sought: Words, most: int = MOST) -> list[Candidate]:
        """The releases that agree best, best first; none where nothing agrees by more than chance.

        Raises:
            StoreUnavailable: the records cannot be read.
        """
        with self._lock:
            self._catch_up()
            if len(self._fresh) > 1:
                self._fresh = [merged(self._fresh)]
            lists = [segment.postings for segment in self._segments] + self._fresh
        votes = search(lists, sought, most)
        names = self._records.numbered([vote.number for vote in votes])
        return [
            Candidate(names[vote.number], vote.votes, vote.shift) for vote in votes if vote.number in names
        ]

    @property
    def last(self) -> int:
        """Number of the last clip that is indexed."""
        return self._fresh_last[0]

    def _opened(self) -> list[Segment]:
        """The segments on the disk that fit each other and the records, from the first clip on."""
        read: list[Segment] = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                read.append(read_segment(path))
            except StoreUnavailable:
                path.unlink(missing_ok=True)
        chosen: list[Segment] = []
        for segment in sorted(read, key=lambda each: (each.after, -each.last)):
            end = chosen[-1].last if chosen else 0
            known = self._records.numbered([segment.last]).get(segment.last)
            if segment.after == end and known == segment.last_record:
                chosen.append(segment)
            elif segment.path is not None:  # merged into another already, or of other records
                segment.path.unlink(missing_ok=True)
        return chosen

    def _catch_up(self) -> None:
        """Take in what was released since."""
        while rows := self._records.contents(self._fresh_last[0], ROWS):
            for number, record_id, data in rows:
                self._fresh_last = (number, record_id)
                try:
                    self._fresh.append(postings_of(number, Words.from_bytes(data)))
                except StoreUnavailable as error:  # that clip alone is not found by its content
                    _log.warning("the stored words of clip %s cannot be used (%s)", record_id, error.reason)
            if sum(map(len, self._fresh)) >= FLUSH:
                self._flush()

    def _flush(self) -> None:
        after = self._segments[-1].last if self._segments else 0
        last, name = self._fresh_last
        self._segments.append(write_segment(self._folder, after, last, name, merged(self._fresh)))
        self._fresh = []
        self._merge()

    def _merge(self) -> None:
        """Merge the last segments while as many as ALIKE are of one size."""
        while len(tail := self._segments[-ALIKE:]) == ALIKE:
            smallest = min(len(each.postings) for each in tail)
            largest = max(len(each.postings) for each in tail)
            if largest >= GROWTH * smallest or largest >= LARGEST:
                return
            whole = merged([each.postings for each in tail])
            one = write_segment(self._folder, tail[0].after, tail[-1].last, tail[-1].last_record, whole)
            self._segments[-ALIKE:] = [one]
            for each in tail:
                if each.path is not None:
                    each.path.unlink(missing_ok=True)  # mapped memory stays readable for searches under way
