"""The worker pool of the embedded default: processes of our own on this machine.

A job runs in a fresh interpreter that can be killed at any moment, so a withdrawal ends it within the
polling interval whatever native code is doing, and a crash of a codec takes no other request along.
"""

import multiprocessing
import queue
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from engine.errors import RenderCancelled, RenderFailed
from perception.errors import SitterError
from safety.errors import QuotaRefused
from service.workers.job import Draft, Job

POLL_SECONDS = 0.1


class LocalWorkers:
    """`processes` workers, started when first needed; at most `waiting` jobs queue for them."""

    def __init__(self, processes: int, waiting: int, job_seconds: float) -> None:
        self._free: queue.Queue[_Worker] = queue.Queue()
        for _ in range(processes):
            self._free.put(_Worker())
        self._places = threading.BoundedSemaphore(processes + waiting)
        self._waiting = waiting
        self._job_seconds = job_seconds
        self._closed = threading.Event()

    def make(
        self, job: Job, progress: Callable[[int, int], None], stopped: Callable[[], str | None]
    ) -> Draft:
        """See `service.app.Workers`."""
        if not self._places.acquire(blocking=False):
            raise QuotaRefused(
                f"all workers are busy and {self._waiting} jobs wait already: try again later",
                limit="queue", most=self._waiting,
            )  # fmt: skip
        try:
            worker = self._wait_for_worker(stopped)
            try:
                return worker.make(job, progress, self._stop_reasons(stopped), self._job_seconds)
            finally:
                self._free.put(worker)
        finally:
            self._places.release()

    def warm(self) -> None:
        """See `service.app.Workers`."""
        for worker in list(self._free.queue):
            worker.start()

    def close(self) -> None:
        self._closed.set()
        while not self._free.empty():
            self._free.get().kill()

    def _wait_for_worker(self, stopped: Callable[[], str | None]) -> "_Worker":
        reasons = self._stop_reasons(stopped)
        while True:
            if reason := reasons():
                raise RenderCancelled(reason)
            try:
                return self._free.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue

    def _stop_reasons(self, stopped: Callable[[], str | None]) -> Callable[[], str | None]:
        return lambda: "the service is stopping" if self._closed.is_set() else stopped()


class _Worker:
    """One process and the pipe to it; started when used, started anew after it was killed."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._idle = True  # False while a job's answer is outstanding

    def make(
        self,
        job: Job,
        progress: Callable[[int, int], None],
        stopped: Callable[[], str | None],
        seconds: float,
    ) -> Draft:
        pipe = self.start()
        self._idle = False
        try:
            pipe.send(job)
            return self._follow(pipe, progress, stopped, seconds)
        except (EOFError, OSError) as error:
            raise RenderFailed("the worker process ended while it made the clip: try again") from error
        finally:
            if self._process is not None and not self._idle:
                self.kill()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _follow(
        self,
        pipe: Connection,
        progress: Callable[[int, int], None],
        stopped: Callable[[], str | None],
        seconds: float,
    ) -> Draft:
        deadline = time.monotonic() + seconds
        while True:
            if reason := stopped():
                raise RenderCancelled(reason)
            if time.monotonic() > deadline:
                raise RenderFailed(
                    f"the clip took longer than {seconds:.0f} seconds to make: try a shorter speech",
                    limit="generate_seconds", most=seconds,
                )  # fmt: skip
            if not pipe.poll(POLL_SECONDS):
                continue
            match pipe.recv():
                case ("progress", done, total):
                    progress(done, total)
                case ("done", Draft() as draft):
                    self._idle = True
                    return draft
                case ("error", SitterError() as error):
                    self._idle = True
                    raise error
                case _:
                    raise RenderFailed("the worker broke while it made the clip")

    def start(self) -> Connection:
        """The pipe to the process, which is started if it does not run."""
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self.kill()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True, name="sitter-worker")
        self._process.start()
        theirs.close()
        return self._pipe


def serve(pipe: Connection) -> None:
    """A worker's life: take a job, answer, until the service closes the pipe."""
    import signal

    import torch

    from perception.face import FaceFinder
    from service.workers.job import run

    # Rendering and marking run beside each other. More threads inside each wait for one another, and on a
    # machine that does something else as well they wait long.
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service decides when a worker ends
    finder = FaceFinder()
    while True:
        try:
            job: Job = pipe.recv()
        except EOFError:
            return
        answer: tuple[Any, ...]
        try:
            answer = ("done", run(job, finder, lambda done, total: pipe.send(("progress", done, total))))
        except SitterError as error:
            answer = ("error", error)
        except BrokenPipeError:
            return
        except Exception as error:
            # what broke stays in this process's log; the caller gets no text of it
            answer = ("broken", type(error).__name__)
        pipe.send(answer)
