"""So many at a time, and so many an hour: who is one too many is told so and does not wait in line."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address

from safety.errors import QuotaRefused

MOST_ADDRESSES = 10_000
HOUR = 3600.0


class Places:
    """Room for `most` videos that are looked at."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._free = threading.BoundedSemaphore(most)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Raises QuotaRefused when all are taken."""
        if not self._free.acquire(blocking=False):
            raise QuotaRefused(
                f"{self._most} videos are being looked at: try again later",
                limit="detections",
                most=self._most,
            )
        try:
            yield
        finally:
            self._free.release()


class Rate:
    """So many in an hour from each address; an IPv6 address counts with its /64 network.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = most, clock
        self._times: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def count(self, address: str) -> None:
        """One more. Raises QuotaRefused, with `retry_seconds`, when it is too many."""
        now, key = self._clock(), network(address)
        with self._lock:
            times = self._times.pop(key, None) or deque()
            while times and times[0] <= now - HOUR:
                times.popleft()
            self._times[key] = times  # last: the one heard of longest ago comes first
            if len(times) >= self._most:
                wait = max(1, round(times[0] + HOUR - now))
                raise QuotaRefused(
                    f"{self._most} videos an hour are taken from one address: try again in "
                    f"{-(-wait // 60)} minutes",
                    limit="detections_per_hour", most=self._most, retry_seconds=wait,
                )  # fmt: skip
            times.append(now)
            while len(self._times) > MOST_ADDRESSES:
                del self._times[next(iter(self._times))]


def network(address: str) -> str:
    """What an address counts as: itself, or the /64 network of an IPv6 address."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(int(known) >> 64) if isinstance(known, IPv6Address) else str(known)
