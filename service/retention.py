"""The job that enforces retention terms: once at the start, then every hour."""

import logging
import secrets
import threading

from perception.errors import SitterError
from service.app import App
from service.enroll import RETENTION, sweep

SECONDS = 3600.0

_log = logging.getLogger("sitter")


class Sweeper:
    """Runs in a thread of its own until `close`. A sweep that fails is tried again at the next turn."""

    def __init__(self, app: App, seconds: float = SECONDS) -> None:
        self._app = app
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sitter-retention", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let a sweep under way end."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                sweep(self._app, RETENTION, secrets.token_hex(16))
            except SitterError as error:
                _log.warning("retention terms were not enforced (%s): tried again later", error.reason)
            self._stop.wait(self._seconds)
