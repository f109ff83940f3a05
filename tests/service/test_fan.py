"""One pass for several readers."""

import itertools
import threading

import pytest

from service.fan import DEPTH, ahead, fan_out


def test_every_reader_gets_every_item() -> None:
    """Results come back in the order of the readers, each computed over all items."""
    assert fan_out(range(100), sum, list, max) == [4950, list(range(100)), 99]


def test_a_reader_that_stops_early_does_not_hold_the_others() -> None:
    """One reader takes the first item only; the other still sees all."""
    assert fan_out(iter(range(1000)), next, lambda items: len(list(items))) == [0, 1000]


def test_readers_stay_within_the_depth_of_each_other() -> None:
    """A slow reader holds the producer back, so memory does not grow with the length."""
    gate = threading.Event()
    produced = itertools.count()

    def items() -> "itertools.chain[int]":
        for _ in range(200):
            yield next(produced)

    def slow(values: "itertools.chain[int]") -> int:
        next(values)
        gate.wait(0.5)
        ahead = produced.__reduce__()[1][0]  # how far the producer is
        for _ in values:
            pass
        return int(ahead)

    (ahead,) = fan_out(items(), slow)
    assert ahead <= DEPTH + 3


def test_an_error_of_the_source_is_raised_after_the_readers_ended() -> None:
    """A video that breaks half-way ends every reader and raises."""

    def broken() -> "itertools.chain[int]":
        yield 1
        raise ValueError("broken half-way")

    with pytest.raises(ValueError, match="half-way"):
        fan_out(broken(), list, sum)


def test_an_error_of_a_reader_is_raised() -> None:
    """A reader that fails fails the pass, also while another works on."""

    def failing(values: "itertools.chain[int]") -> None:
        next(values)
        raise KeyError("reader")

    with pytest.raises(KeyError, match="reader"):
        fan_out(iter(range(500)), sum, failing)


def test_ahead_gives_everything_in_order() -> None:
    """Nothing is lost or swapped between the threads."""
    with ahead(range(100)) as items:
        assert list(items) == list(range(100))


def test_ahead_ends_when_its_reader_leaves() -> None:
    """A reader that stops early, or fails, ends the producer too."""
    taken = itertools.count()
    with ahead(next(taken) for _ in range(10_000)) as items:
        assert next(items) == 0
    after = next(taken)
    assert after < DEPTH + 4
    with pytest.raises(KeyError), ahead(iter(range(10))) as items:
        raise KeyError


def test_ahead_raises_what_the_producer_raised() -> None:
    """An error in the middle is raised after what came before it was taken."""

    def broken() -> "itertools.chain[int]":
        yield 1
        raise ValueError("broken half-way")

    seen = []
    with pytest.raises(ValueError, match="half-way"), ahead(broken()) as items:
        seen += items
    assert seen == [1]
