"""How often one address may ask: a bucket that fills steadily, so that memory is one pair of numbers each."""

import threading
from collections.abc import Callable

from safety.errors import QuotaRefused
from service.places import network

ADDRESSES = 10_000


class Bucket:
    """`burst` questions at once and `per_second` more as time goes by, for each address.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float]) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._level: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, address: str) -> None:
        """One more. Raises QuotaRefused, with `retry_seconds`, when the bucket is empty."""
        now, key = self._clock(), network(address)
        with self._lock:
            left, before = self._level.pop(key, (float(self._burst), now))
            left = min(float(self._burst), left + (now - before) * self._per_second)
            self._level[key] = (left - 1.0 if left >= 1.0 else left, now)
            while len(self._level) > ADDRESSES:
                del self._level[next(iter(self._level))]  # heard of longest ago
        if left < 1.0:
            wait = max(1, round((1.0 - left) / self._per_second))
            raise QuotaRefused(
                f"one address may ask {self._burst} times at once: try again in {wait} s",
                limit="resolutions", most=self._burst, retry_seconds=wait,
            )  # fmt: skip
