"""A full disk, and one that does not confirm, at the gates from the intent on: nothing leaves."""

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from perception.errors import SitterError
from safety.errors import StoreUnavailable
from safety.log import pages
from service.run import Gate, Run
from tests.pipeline.conftest import Stage, stage  # noqa: F401 (a fixture)

GATES = list(Gate)[list(Gate).index(Gate.INTENT) :]
ROOM = 100_000
"""Pages of the database when there is room."""


def bound(stage: Stage, pages_at_most: int | None) -> None:  # noqa: F811
    """Let the database grow no more, or again."""
    with stage.app.db.transaction() as tx:
        most = pages_at_most or int(tx.execute("PRAGMA page_count").fetchone()[0])
        tx.execute(f"PRAGMA max_page_count = {most}")


def fill(stage: Stage) -> None:  # noqa: F811
    """No free page is left either."""
    bound(stage, None)
    with stage.app.db.transaction() as tx:
        tx.execute("CREATE TABLE IF NOT EXISTS ballast (data BLOB)")
    for size in (100_000, 10_000, 3_000, 1_000, 300, 100):
        try:
            while True:
                with stage.app.db.transaction() as tx:
                    tx.execute("INSERT INTO ballast VALUES (zeroblob(?))", (size,))
        except StoreUnavailable:
            continue


@contextmanager
def at_gate(monkeypatch: pytest.MonkeyPatch, gate: Gate, what: Any) -> Iterator[None]:
    """Call `what` when `gate` is entered."""
    passing = Run.gate

    @contextmanager
    def gated(self: Run, name: Gate) -> Iterator[Any]:
        with passing(self, name) as decision:
            if name == gate:
                what()
            yield decision

    with monkeypatch.context() as patched:
        patched.setattr(Run, "gate", gated)
        yield


def nothing_released(stage: Stage) -> None:  # noqa: F811
    assert stage.entries(kind="issue") == []
    assert stage.app.records.names() == set()
    assert set(stage.app.blobs.keys()) == set()
    assert list(stage.app.staging.iterdir()) == []


def after_all(stage: Stage, request_id: str) -> None:  # noqa: F811
    """With room, one of the requests that failed is made, once; the log is whole."""
    release = stage.ask(request_id=request_id)
    assert stage.app.records.names() == {release.record.record_id} == set(stage.app.blobs.keys())
    assert stage.app.log.verify_all().size > 0
    assert len(list(pages(stage.app.log, kind="issue"))) == 1


def test_a_full_database(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """At every gate: refused with STORE_UNAVAILABLE, nothing has left; with room all goes on."""
    for gate in GATES:
        request_id = str(uuid.uuid4())
        with at_gate(monkeypatch, gate, lambda: fill(stage)), pytest.raises(StoreUnavailable):
            stage.ask(request_id=request_id)
        bound(stage, ROOM)
        nothing_released(stage)
    after_all(stage, request_id)


def test_a_disk_that_does_not_confirm(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Where a file is written an fsync error counts as not written; nothing is left of it."""

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    real = os.fsync
    for gate in (Gate.GENERATE, Gate.SIGN, Gate.RELEASE):
        request_id = str(uuid.uuid4())
        try:
            with (
                at_gate(monkeypatch, gate, lambda: setattr(os, "fsync", broken)),
                pytest.raises((SitterError, OSError)),
            ):
                stage.ask(request_id=request_id)
        finally:
            os.fsync = real
        stage.nothing_left()
    after_all(stage, request_id)
