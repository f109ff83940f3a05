"""Votes: at which clip, and at which moment of it, do the words of a video agree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.lookup.segment import NUMBER_BITS, TIME_BITS, WORD_SHIFT, Postings
from safety.lookup.words import SOUND, WRAP, Words

MOST_POSTINGS = 200_000
"""Looked at in one search for each kind of word, the rarest words first: common ones say least."""
LEAST_VOTES = 6
"""Three moments of movement or six of sound: chance brings two of movement together in every search."""
_MOMENT = TIME_BITS + 1  # bits of a moment: its time, and whether it is of movement
SEEN = 2
"""Votes of a moment at which the movement agrees: the sound may be that of many clips, or public."""


@dataclass(frozen=True)
class Vote:
    """A clip's number, and how many moments of the video agree with it at one shift in time."""

    number: int
    votes: int
    shift: float


def search(lists: list[Postings], sought: Words, most: int) -> list[Vote]:
    """The `most` clips with most votes, best first.

    Args:
        lists: sorted postings, as of `segment.postings_of`.
        sought: as of `words.Content.sought`.
    """
    found, asked = _gathered(lists, sought)
    if not len(found):
        return []
    number = (found >> np.uint64(TIME_BITS)) & np.uint64((1 << NUMBER_BITS) - 1)
    at = sought.at[asked].astype(np.int64)
    shift = ((found & np.uint64(WRAP - 1)).astype(np.int64) - at) % WRAP
    moved = (sought.word[asked] < SOUND).astype(np.int64)
    place = number * np.uint64(WRAP) + shift.astype(np.uint64)
    return _best(place << np.uint64(_MOMENT), (at * 2 + moved).astype(np.uint64), most)


def _gathered(lists: list[Postings], sought: Words) -> tuple[Postings, NDArray[np.intp]]:
    """Postings of the words, and for each the sought word that found it."""
    low = sought.word.astype(np.uint64) << np.uint64(WORD_SHIFT)
    high = low + np.uint64(1 << WORD_SHIFT)
    order = np.argsort(low)  # neighbours in the list are neighbours in the cache
    spans = [_spans(each, low, high, order) for each in lists]
    counts = np.sum([end - start for start, end in spans], axis=0) if spans else np.zeros(len(low), np.intp)
    rare = np.concatenate([_rarest(counts, sought.word < SOUND), _rarest(counts, sought.word >= SOUND)])
    found, asked = [np.zeros(0, np.uint64)], [np.zeros(0, np.intp)]
    for each, (start, end) in zip(lists, spans, strict=True):
        sizes = (end - start)[rare]
        ends = np.cumsum(sizes)
        where = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(start[rare] - ends + sizes, sizes)
        found.append(np.asarray(each[where], np.uint64))
        asked.append(np.repeat(rare, sizes))
    return np.concatenate(found), np.concatenate(asked)


def _rarest(counts: NDArray[np.intp], kind: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Words of one kind that are found at all, the rarest first, up to `MOST_POSTINGS`."""
    asked = np.flatnonzero(kind & (counts > 0))
    rare = asked[np.argsort(counts[asked], kind="stable")]
    return rare[np.cumsum(counts[rare]) <= MOST_POSTINGS]


def _spans(
    each: Postings, low: Postings, high: Postings, order: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each word's postings begin and end."""
    start, end = np.empty(len(low), np.intp), np.empty(len(low), np.intp)
    start[order] = np.searchsorted(each, low[order])
    end[order] = np.searchsorted(each, high[order])
    return start, end


def _best(place: Postings, moment: Postings, most: int) -> list[Vote]:
    """Count different moments at each place, two neighbouring shifts together."""
    both = np.sort(place | moment)
    both = both[np.concatenate([[True], both[1:] != both[:-1]])]
    weight = np.where(both & np.uint64(1), SEEN, 1)
    place = (both >> np.uint64(_MOMENT)).astype(np.int64)
    first = np.flatnonzero(np.concatenate([[True], place[1:] != place[:-1]]))
    spots, votes = place[first], np.add.reduceat(weight, first)
    sums = votes.copy()
    beside = np.flatnonzero(np.diff(spots) == 1)
    sums[beside] += votes[beside + 1]
    likely = np.flatnonzero(sums >= LEAST_VOTES)
    ranked = likely[np.lexsort((spots[likely], -sums[likely]))]
    out: dict[int, Vote] = {}
    for k in ranked:
        number, shift = divmod(int(spots[k]), WRAP)
        if number not in out:
            out[number] = Vote(number, int(sums[k]), shift if shift < WRAP // 2 else shift - WRAP)
        if len(out) == most:
            break
    return list(out.values())
