"""The local pool: processes that can be killed, bounded waiting, errors that cross."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engine.errors import RenderCancelled, RenderFailed
from engine.state import Controls
from perception.audio import Speech
from perception.errors import FaceNotFound
from perception.video import open_video
from safety.errors import QuotaRefused
from safety.watermark import open_watermark
from service.demo.characters import draw
from service.workers.job import Job
from service.workers.local import LocalWorkers

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def workers() -> LocalWorkers:
    pool = LocalWorkers(processes=1, waiting=1, job_seconds=300)
    yield pool
    pool.close()


def job(folder: Path, speech: Speech, **changes: object) -> Job:
    given = {
        "portrait": draw("pip", 512), "speech": speech, "controls": Controls(size=256),
        "payload": bytes(range(12)),
        "watermark_keys": (KEY,), "target": folder / "draft.mp4",
    } | changes  # fmt: skip
    return Job(**given)  # type: ignore[arg-type]


def test_a_job_is_rendered_marked_and_encoded(workers: LocalWorkers, tmp_path: Path, speech: Speech) -> None:
    """The file has every frame and carries the payload; progress counts up to all frames."""
    seen: list[tuple[int, int]] = []
    draft = workers.make(job(tmp_path, speech), lambda *news: seen.append(news), lambda: None)
    assert draft.frames == round(speech.seconds * 25) == len(seen)
    assert seen[-1] == (draft.frames, draft.frames)
    with open_video(draft.path) as video:
        assert open_watermark([KEY]).extract(video.frames()).payload == bytes(range(12))
    assert draft.render_seconds > 0 < draft.mark_seconds


def test_an_error_of_the_engine_crosses_as_itself(
    workers: LocalWorkers, tmp_path: Path, speech: Speech
) -> None:
    """No face: the engine's own error, nothing left, and the worker goes on living."""
    blank = np.full((256, 256, 3), 90, np.uint8)
    with pytest.raises(FaceNotFound):
        workers.make(job(tmp_path, speech, portrait=blank), lambda *_: None, lambda: None)
    assert list(tmp_path.iterdir()) == []


def test_a_stop_ends_the_job_within_a_second(workers: LocalWorkers, tmp_path: Path, speech: Speech) -> None:
    """Told to stop after the third frame, the process is gone and the pool takes the next job."""
    reason: list[str] = []
    stopped_at: list[float] = []

    def progress(done: int, total: int) -> None:
        if done == 3:
            reason.append("consent withdrawn")
            stopped_at.append(time.monotonic())

    with pytest.raises(RenderCancelled, match="withdrawn"):
        workers.make(job(tmp_path, speech), progress, lambda: reason[0] if reason else None)
    assert stopped_at
    assert not list(tmp_path.glob("draft.mp4"))


def test_a_killed_worker_is_a_typed_error_and_the_next_job_works(
    workers: LocalWorkers, tmp_path: Path, speech: Speech
) -> None:
    """The process dies under the job: RenderFailed; another one takes its place."""

    def progress(done: int, total: int) -> None:
        if done == 2:
            for child in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
                for pid in child.read_text().split():
                    if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        os.kill(int(pid), signal.SIGKILL)

    with pytest.raises(RenderFailed, match="try again"):
        workers.make(job(tmp_path, speech), progress, lambda: None)
    short = Speech(speech.samples[: speech.rate], speech.rate)
    assert workers.make(job(tmp_path, short), lambda *_: None, lambda: None).frames == 25


def test_waiting_is_bounded(workers: LocalWorkers, tmp_path: Path, speech: Speech) -> None:
    """One runs, one waits, the third is refused at once and told the limit."""
    started, release = threading.Event(), threading.Event()

    def slow(done: int, total: int) -> None:
        started.set()
        release.wait(60)

    def make(name: str, progress: object) -> None:
        (tmp_path / name).mkdir()
        workers.make(job(tmp_path / name, speech), progress, lambda: "enough" if release.is_set() else None)  # type: ignore[arg-type]

    def quietly(name: str, progress: object) -> None:
        with pytest.raises(RenderCancelled):
            make(name, progress)

    first = threading.Thread(target=quietly, args=("one", slow))
    first.start()
    assert started.wait(60)
    second = threading.Thread(target=quietly, args=("two", lambda *_: None))
    second.start()
    while workers._places._value:  # the second has taken the waiting place
        time.sleep(0.01)
    with pytest.raises(QuotaRefused, match="1 jobs wait"):
        make("three", lambda *_: None)
    release.set()
    first.join()
    second.join()
