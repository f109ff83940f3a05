"""So many at a time, and so many in an hour from each address."""

import pytest

from safety.errors import QuotaRefused
from service import places
from service.places import HOUR, Places, Rate


def test_places_are_given_back() -> None:
    """Who finds none is refused at once; a place is free again also after an error."""
    room = Places(1)
    entered = room.take()
    entered.__enter__()
    with pytest.raises(QuotaRefused) as full:
        room.take().__enter__()
    assert full.value.metadata["most"] == "1"
    entered.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    with room.take():
        pass


def test_an_hour_is_an_hour() -> None:
    """The one too many is told how long to wait, and taken after that; other addresses are not asked."""
    now = [1000.0]
    rate = Rate(2, lambda: now[0])
    rate.count("192.0.2.1")
    now[0] += 600
    rate.count("192.0.2.1")
    with pytest.raises(QuotaRefused) as refused:
        rate.count("192.0.2.1")
    assert refused.value.metadata["retry_seconds"] == str(round(HOUR - 600))
    assert "50 minutes" in str(refused.value)
    rate.count("192.0.2.2")
    now[0] += HOUR - 600
    rate.count("192.0.2.1")


def test_a_network_counts_as_one() -> None:
    """IPv6 gives everybody 2^64 addresses; what is no address counts by its text."""
    rate = Rate(1, lambda: 0.0)
    rate.count("2001:db8::1")
    with pytest.raises(QuotaRefused):
        rate.count("2001:db8::2")
    rate.count("2001:db8:0:1::1")
    rate.count("testclient")
    with pytest.raises(QuotaRefused):
        rate.count("testclient")


def test_addresses_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the addresses: the one heard of longest ago is forgotten."""
    monkeypatch.setattr(places, "MOST_ADDRESSES", 2)
    rate = Rate(1, lambda: 0.0)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        rate.count(address)
    rate.count("192.0.2.1")
    with pytest.raises(QuotaRefused):
        rate.count("192.0.2.3")
