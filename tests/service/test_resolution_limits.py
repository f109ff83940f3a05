"""Bounds of the resolution interface, and the parts of it that need no server."""

import pytest

from safety.errors import QuotaRefused, RecordUnknown
from service.queries import QueryInvalid
from service.resolution.bindings import _payload
from service.resolution.limits import ADDRESSES, Bucket
from service.resolution.manifests import active_manifest
from service.resolution.problems import problem


class Clock:
    """Seconds that stand still until they are moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_so_many_a_second() -> None:
    """The fourth at once is refused with the time to wait; after that time one more passes, not two."""
    clock = Clock()
    bucket = Bucket(3, 0.5, clock)
    for _ in range(3):
        bucket.take("10.0.0.1")
    with pytest.raises(QuotaRefused) as caught:
        bucket.take("10.0.0.1")
    assert caught.value.metadata["retry_seconds"] == "2"
    bucket.take("10.0.0.2")
    clock.now = 2.0
    bucket.take("10.0.0.1")
    with pytest.raises(QuotaRefused):
        bucket.take("10.0.0.1")


def test_refused_questions_do_not_prolong_the_wait() -> None:
    """Asking on while refused costs nothing more."""
    clock = Clock()
    bucket = Bucket(1, 1.0, clock)
    bucket.take("a")
    for _ in range(5):
        with pytest.raises(QuotaRefused):
            bucket.take("a")
    clock.now = 1.0
    bucket.take("a")


def test_one_network_counts_once_and_memory_is_bounded() -> None:
    """IPv6 neighbours share a bucket; the address heard of longest ago is forgotten."""
    bucket = Bucket(1, 0.001, Clock())
    bucket.take("2001:db8::1")
    with pytest.raises(QuotaRefused):
        bucket.take("2001:db8::2")
    for number in range(ADDRESSES):
        bucket.take(f"host-{number}")
    bucket.take("2001:db8::1")


@pytest.mark.parametrize("value", ["", "AAAA", "x" * 24, "é" * 24, "0" * 23, "A" * 1000, "=" * 16])
def test_values_that_are_none_of_ours(value: str) -> None:
    """Refused with our error, whatever they are."""
    with pytest.raises(QueryInvalid):
        _payload(value)


@pytest.mark.parametrize("store", [b"", b"\0\0\0\x08jumb", b"\0\0\0\x09jumbx", b"x" * 40])
def test_a_damaged_store(store: bytes) -> None:
    """No manifest is made up from it."""
    with pytest.raises(RecordUnknown):
        active_manifest(store)


def test_what_is_not_ours_is_not_told() -> None:
    """An unforeseen error says that it was one, and nothing of its text."""
    answer = problem(RuntimeError("/secret/path"))
    assert answer.status_code == 500
    assert b"secret" not in bytes(answer.body)
