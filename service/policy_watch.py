"""Another set of policies comes into force: looked for while the service runs, put on record, then used."""

import logging
import threading

from perception.errors import SitterError
from safety.entry import POLICY_LOADED, Entry
from safety.policy import Policy
from service import policy_archive
from service.app import App

SECONDS = 2.0
"""Between two looks at the files; a set is loaded at the second look that finds it unchanged."""

_log = logging.getLogger("sitter")


def reload_policy(app: App) -> bool:
    """Bring the policy files into force as they are now; returns whether they held another set.

    Raises:
        Misconfigured, StoreUnavailable: the set in force stays.
    """

    def record(fresh: Policy) -> None:
        body = {"policy_sha256": fresh.digest, "previous_sha256": app.policy.digest}
        policy_archive.keep(app.settings.data, fresh.files)
        with app.db.transaction() as tx:
            app.log.append(tx, Entry(POLICY_LOADED, body, at=app.clock()))

    return app.policy.refresh(record)


class PolicyWatch:
    """Reloads in a thread when the files have changed and rest, or at once when told to, until closed."""

    def __init__(self, app: App, seconds: float = SECONDS) -> None:
        self._app = app
        self._seconds = seconds
        self._closed = threading.Event()
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sitter-policy", daemon=True)
        self._thread.start()

    def tell(self) -> None:
        """Look now. May be called from a signal handler."""
        self._told.set()

    def close(self) -> None:
        self._closed.set()
        self._told.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            told = self._told.wait(self._seconds)
            self._told.clear()
            if not self._closed.is_set() and (self._app.policy.settled() or told):
                self._reload()

    def _reload(self) -> None:
        try:
            if reload_policy(self._app):
                _log.warning("another policy is in force: %s", self._app.policy.digest)
        except SitterError as error:
            _log.error("the policy in force stays, because the new one is wrong: %s", error)
        except Exception as error:  # the thread lives on: the next change may be right
            _log.error("the policy in force stays: unforeseen %s", type(error).__name__, exc_info=error)
