"""A process that makes one clip and is killed on the way; run by test_kill.py.

    python -m tests.faults.victim DATA FILM REQUEST GATE MOMENT

MOMENT is `entered` (the gate has begun), `passed` (its decision is on record) or `stored` (the clip's bytes
are in the store, its release is not). Prints the log's size after every gate that passed: acknowledged.
"""

import os
import pickle
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from safety.stores.files import Blobs
from service.caller import Caller
from service.generate import attempt
from service.run import Gate, Run
from service.settings import Settings
from service.wiring import build
from tests.fakes import FilmWorkers


def die() -> None:
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def arm(gate: Gate, moment: str) -> None:
    """Kill this process at the moment, by wrapping what passes there."""
    passing = Run.gate

    @contextmanager
    def gated(self: Run, name: Gate) -> Iterator[Any]:
        with passing(self, name) as decision:
            if (name, moment) == (gate, "entered"):
                die()
            yield decision
        print(self._app.log.key.open(self._app.log.checkpoint()).size, flush=True)
        if (name, moment) == (gate, "passed"):
            die()

    Run.gate = gated  # type: ignore[method-assign]
    if moment == "stored":
        putting = Blobs.put

        def put(self: Blobs, key: str, source: Path) -> None:
            putting(self, key, source)
            die()

        Blobs.put = put  # type: ignore[method-assign]


def main() -> None:
    data, film, request, gate, moment = sys.argv[1:]
    frames, speech = pickle.loads(Path(film).read_bytes())
    app = replace(build(Settings(data=Path(data), listen="127.0.0.1:0")), workers=FilmWorkers(frames, speech))
    run = Run(app, Caller("studio", frozenset({"client"})), app.new_id(12), "cd" * 16, lambda *_: None)
    arm(Gate(gate), moment)
    attempt(app, pickle.loads(Path(request).read_bytes()), Caller("studio", frozenset({"client"})), run)
    print("survived", flush=True)


if __name__ == "__main__":
    main()
