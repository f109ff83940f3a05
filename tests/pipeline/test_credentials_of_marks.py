"""Credentials name the marks that a finished clip was read to carry."""

import uuid
from dataclasses import replace
from typing import Any

from safety.watermark import ALGORITHM
from safety.watermark.sound import SOUND_ALGORITHM
from tests.fakes import FilmWorkers
from tests.pipeline.conftest import Stage


def bound(stage: Stage, **changes: Any) -> tuple[str, list[str]]:
    """What became of the sound's mark, and the algorithms that the clip's credentials bind."""
    again = replace(stage.app, **changes)
    release = stage.ask(app=again, request_id=str(uuid.uuid4()))
    name = release.record.record_id
    reading = stage.app.credentials.read(stage.app.blobs.path(name))
    assert {value for _, value in reading.soft_bindings} == {name}
    assert reading.actions == ("c2pa.created", *["c2pa.watermarked.bound"] * len(reading.soft_bindings))
    mark: str = stage.entries(record_id=name, gate="inspect")[0]["sound_mark"]
    return mark, [algorithm for algorithm, _ in reading.soft_bindings]


def test_bindings_are_the_marks_that_were_read(stage: Stage) -> None:
    """With speech both are bound to the record; where the sound cannot carry one, the picture's alone."""
    workers = stage.app.workers
    assert isinstance(workers, FilmWorkers)

    class Whisper:
        def make(self, *given: Any) -> Any:
            workers.mute_mark = True
            return replace(workers.make(*given), sound=3.0)

    assert bound(stage) == ("read", [ALGORITHM, SOUND_ALGORITHM])
    assert bound(stage, workers=Whisper()) == ("not_carried", [ALGORITHM])
