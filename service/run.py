"""One request on its way through the gates: what is noted, logged and timed at each of them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from engine.errors import RenderCancelled
from perception.errors import SitterError
from safety.entry import DECISION, REFUSAL, Entry
from service.app import App
from service.caller import Caller


class Gate(StrEnum):
    """The twelve gates of README's "Life of a request", in order."""

    ADMIT = "admit"
    INTAKE = "intake"
    IDENTIFY = "identify"
    CONSENT = "consent"
    PERMIT = "permit"
    INTENT = "intent"
    GENERATE = "generate"
    MARK = "mark"
    INSPECT = "inspect"
    CONSENT_AGAIN = "consent-again"
    SIGN = "sign"
    RELEASE = "release"


@dataclass
class Decision:
    """What a gate found. `facts` go into the log: ids, commitments, digests, never personal data."""

    gate: Gate
    span_id: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    logged: bool = False
    seconds: float | None = None

    def note(self, **facts: Any) -> None:
        self.facts.update(facts)

    def is_logged(self) -> None:
        """The gate wrote an entry of its own kind in its own transaction: no decision entry is needed."""
        self.logged = True


class Run:
    """The gates of one request, in the trace of one call.

    Args:
        progress: called with (gate, frames done, frames in all) whenever that changes.
    """

    def __init__(
        self,
        app: App,
        caller: Caller,
        record_id: str,
        trace_id: str,
        progress: Callable[[Gate, int, int], None],
    ) -> None:
        self.record_id = record_id
        self.trace_id = trace_id
        self._timings: dict[Gate, float] = {}
        self._app = app
        self._caller = caller
        self._progress = progress
        self._stop = threading.Event()
        self._why_stopped = ""

    @property
    def timings(self) -> dict[Gate, float]:
        """Seconds in each gate passed so far, in their order."""
        return {gate: self._timings[gate] for gate in Gate if gate in self._timings}

    def stop(self, why: str) -> None:
        """End this request at the next frame or gate. Called from other threads; the first reason stays."""
        if not self._stop.is_set():
            self._why_stopped = why
            self._stop.set()

    def stopped(self) -> str | None:
        """Why this request must end, or None."""
        return self._why_stopped if self._stop.is_set() else None

    def frames(self, done: int, total: int) -> None:
        self._progress(Gate.GENERATE, done, total)

    @contextmanager
    def gate(self, gate: Gate) -> Iterator[Decision]:
        """Pass one gate: time it, trace it, and log its decision before the next one begins.

        A gate whose decision cannot be logged has not been passed: the store's error is raised instead.
        """
        start = time.perf_counter()
        self._progress(gate, 0, 0)
        with self._app.tracing.gate(gate) as span:
            decision = Decision(gate, span.span_id)
            try:
                if why := self.stopped():
                    raise RenderCancelled(why)
                yield decision
            except Exception as error:
                reason = error.reason if isinstance(error, SitterError) else "INTERNAL"
                span.refused(reason)
                self._log(REFUSAL, decision, reason=reason, rules=_rules(error))
                raise
            if not decision.logged:
                self._log(DECISION, decision)
        seconds = time.perf_counter() - start
        self._timings[gate] = seconds if decision.seconds is None else decision.seconds

    def entry(self, kind: str, decision: Decision, **more: Any) -> Entry:
        """A log entry of this request: the decision's facts and `more`."""
        return Entry(
            kind,
            {
                "caller": self._caller.name,
                "gate": str(decision.gate),
                "outcome": "refused" if kind == REFUSAL else "passed",
                "record_id": self.record_id,
                "trace_id": self.trace_id,
                "span_id": decision.span_id,
                **decision.facts,
                **more,
            },
            at=self._app.clock(),
        )

    def _log(self, kind: str, decision: Decision, **more: Any) -> None:
        self._app.log.record(self.entry(kind, decision, **more))


def _rules(error: Exception) -> list[str]:
    """The rules that refused, where the error names them."""
    named = error.metadata if isinstance(error, SitterError) else {}
    return [rule for key in ("rules", "parts", "limit") if key in named for rule in named[key].split(",")]
