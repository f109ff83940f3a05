"""The job that enforces retention terms runs at the start and again, whatever a turn raises."""

import threading
from typing import Any

import pytest

from safety.errors import StoreUnavailable
from service import retention
from service.enroll import RETENTION
from service.retention import Sweeper


def test_it_runs_at_once_and_again_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The first turn is at the start; one that finds the store gone is logged by its reason and tried again;
    closing ends it."""
    turns, third = [], threading.Event()

    def sweep(app: Any, caller: Any, trace_id: str) -> None:
        turns.append((app, caller, trace_id))
        if len(turns) == 1:
            raise StoreUnavailable("busy")
        if len(turns) == 3:
            third.set()

    monkeypatch.setattr(retention, "sweep", sweep)
    sweeper = Sweeper("app", seconds=0.01)  # type: ignore[arg-type]
    assert third.wait(10)
    sweeper.close()
    done = len(turns)
    assert {(app, caller) for app, caller, _ in turns} == {("app", RETENTION)}
    assert len({trace for _, _, trace in turns}) == done
    assert "STORE_UNAVAILABLE" in caplog.text
    assert not any(thread.name == "sitter-retention" for thread in threading.enumerate())
