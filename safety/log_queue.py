"""Entries that wait to share a commit of the log."""

import threading

from safety.entry import Entry
from safety.errors import StoreUnavailable


class Waiting:
    """An entry in the queue, and what became of it."""

    def __init__(self, entry: Entry, data: bytes) -> None:
        self.entry, self.data = entry, data
        self.woken = threading.Event()
        self.served = False
        self.index = -1
        self.error: BaseException | None = None

    def serve(self, index: int, error: BaseException | None) -> None:
        """Tell its caller the index, or why there is none."""
        if isinstance(error, StoreUnavailable):  # one exception each: threads raise them at the same time
            error = StoreUnavailable(str(error), **error.metadata)
        self.index, self.error, self.served = index, error, True
        self.woken.set()


class Queue:
    """Entries that wait for a commit. One caller writes at a time; the first of the rest is the next one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Waiting] = []
        self._busy = False

    def join(self, waiting: Waiting) -> bool:
        """Wait in line; True if nobody writes: then the caller does, at once."""
        with self._lock:
            self._waiting.append(waiting)
            first, self._busy = not self._busy, True
            return first

    def take(self, most: int) -> list[Waiting]:
        """What the caller has to write: the first `most`."""
        with self._lock:
            batch, self._waiting = self._waiting[:most], self._waiting[most:]
            return batch

    def hand_over(self) -> None:
        """After a commit: wake who writes the next one, if anybody waits."""
        with self._lock:
            self._busy = bool(self._waiting)
            if self._waiting:
                self._waiting[0].woken.set()
