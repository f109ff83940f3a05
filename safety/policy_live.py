"""The set of policies in force: another one takes its place when its files change, if it is valid.

A decision is taken by one set from beginning to end; a permit names that set. A set that is invalid does not
come into force: the one before stays, and the error says what is wrong.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from safety.errors import Misconfigured
from safety.facts import Facts
from safety.policy import Permit, Policy
from safety.policy_rules import SCHEMA_FILE, Rule

Signature = tuple[tuple[str, int, int, int], ...]
"""Name, time of change, size and inode of each file."""


class LivePolicy:
    """Decides by the set of a folder as it is in force.

    Attributes:
        problem: why the files as they are now are not in force; empty when they are.

    Raises:
        Misconfigured: the set is invalid at the start: do not start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._gate = threading.Lock()
        self._loaded = self._looked = self._signature()
        self._current = Policy.load(folder)
        self.problem = ""

    @property
    def digest(self) -> str:
        return self._current.digest

    @property
    def files(self) -> Mapping[str, str]:
        """The text of the set in force, by file name."""
        return self._current.files

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self._current.rules

    def authorize(self, facts: Facts) -> Permit:
        """See `Policy.authorize`."""
        return self._current.authorize(facts)

    def settled(self) -> bool:
        """Whether the files differ from those loaded last, and did not change since this was asked before.

        Files are edited one after the other: a set is looked at when nobody writes to it any more.
        """
        with self._gate:
            now = self._signature()
            before, self._looked = self._looked, now
            return now != self._loaded and now == before

    def refresh(self, record: Callable[[Policy], None]) -> bool:
        """Bring the files as they are now into force, if they hold another set; returns whether they did.

        Args:
            record: puts the new set on record before it decides anything; if it raises, the old one stays.

        Raises:
            Misconfigured: the files are not a valid set; the one in force stays.
            StoreUnavailable: it could not be recorded; the one in force stays.
        """
        with self._gate:
            signature = self._signature()
            try:
                fresh = Policy.load(self._folder)
            except Misconfigured as error:
                self._loaded, self.problem = signature, str(error)
                raise
            if fresh.digest != self._current.digest:
                record(fresh)
                changed, self._current = True, fresh
            else:
                changed = False
            self._loaded, self.problem = signature, ""
            return changed

    def _signature(self) -> Signature:
        """Empty when the folder cannot be looked at."""
        try:
            files = [self._folder / SCHEMA_FILE, *sorted(self._folder.glob("*.cedar"))]
            status = [(path.name, path.stat()) for path in files]
        except OSError:
            return ()
        return tuple((name, each.st_mtime_ns, each.st_size, each.st_ino) for name, each in status)
