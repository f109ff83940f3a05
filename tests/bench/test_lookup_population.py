"""The synthetic clips that the look-up is measured among."""

import numpy as np

from bench.lookup import SAME_SOUND, population
from safety.lookup.search import search
from safety.lookup.segment import NUMBER_BITS, TIME_BITS
from safety.lookup.words import SOUND, Words


def test_the_crowd_is_as_large_and_as_alike_as_it_says() -> None:
    """Every number has postings, lists are sorted, and the first thousand hold the given sound."""
    rng = np.random.default_rng(5)
    given = Words((rng.integers(0, SOUND, 30) | SOUND).astype(np.uint32), np.arange(30, dtype=np.uint16) * 4)
    (postings,) = population(1500, given)
    assert (np.diff(postings.astype(np.int64)) >= 0).all()
    number = (postings >> np.uint64(TIME_BITS)) & np.uint64((1 << NUMBER_BITS) - 1)
    assert set(np.unique(number).tolist()) == set(range(1, 1501))
    found = search([postings], given, 2000)
    assert {vote.number for vote in found} == set(range(1, SAME_SOUND + 1))
