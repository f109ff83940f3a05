"""Who hears of a consent's change while a clip is made or streamed under it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_SECONDS = 30.0
"""How long a clock that was set may go unnoticed while a clip is made."""


class Bell:
    """Rings in the thread that changed a consent, once the change is on the disk."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._subscribers: dict[object, Callable[[str], None]] = {}

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Have `callback(consent_id)` called after every change; call what is returned to end it."""
        key = object()
        with self._gate:
            self._subscribers[key] = callback

        def unsubscribe() -> None:
            with self._gate:
                self._subscribers.pop(key, None)

        return unsubscribe

    def ring(self, consent_id: str) -> None:
        """Call everybody, also when one of them fails; the first failure is raised after."""
        with self._gate:
            callbacks = tuple(self._subscribers.values())
        failures: list[Exception] = []
        for callback in callbacks:
            try:
                callback(consent_id)
            except Exception as error:
                failures.append(error)
        if failures:
            raise failures[0]


@contextmanager
def alarm(left: Callable[[], float], stop: Callable[[], None]) -> Iterator[None]:
    """Have `stop()` called when `left()` seconds are over while the block runs.

    Args:
        left: seconds until the end, as of now: asked again at that time and every `LOOK_SECONDS`, since the
            end may have been moved and the clock been set. It must not raise.
    """
    over = threading.Event()

    def wait() -> None:
        while (seconds := left()) > 0:
            if over.wait(min(seconds, LOOK_SECONDS)):
                return
        stop()

    thread = threading.Thread(target=wait, name="sitter-consent-term", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
