"""Signing in processes of their own: a key that hangs, or a library that breaks, takes no request along.

Each process is a fresh interpreter (the C2PA library's objects do not survive a fork) that opens the key
itself, a token's session included, gets the two open files and signs. What does not answer by the deadline is
killed; the next signature starts a new process.
"""

import contextlib
import logging
import multiprocessing
import os
import queue
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing import reduction
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, BinaryIO

from safety.certificates import ClaimSigner
from safety.claim import Source
from safety.errors import SignerUnavailable
from safety.trust_lists import TrustLists

_LOG = logging.getLogger(__name__)

START_SECONDS = 60.0
"""What a new process may take to start besides: it imports the library once."""


@dataclass(frozen=True)
class Task:
    """One claim to sign.

    Attributes:
        definition: the manifest, without its ingredients.
        inputs: become ingredients.
        time_stamper: URL; None for none.
        update: a late time-stamp over what is signed already, instead of a new claim.
    """

    signer: ClaimSigner
    lists: TrustLists
    definition: Mapping[str, Any]
    inputs: Mapping[str, Source] = field(default_factory=dict)
    time_stamper: str | None = None
    update: bool = False


@dataclass(frozen=True)
class Probe:
    """A few bytes to sign, to see whether key and certificate belong together."""

    signer: ClaimSigner
    data: bytes


class SigningPool:
    """`processes` signers, started when first needed. Safe to share between threads.

    Args:
        processes: how many sign at a time.
        seconds: the deadline of one signature; a free process is waited for as long.
    """

    def __init__(self, processes: int, seconds: float) -> None:
        self._seconds = seconds
        self._free: queue.Queue[_Signer] = queue.Queue()
        self._all = [_Signer() for _ in range(processes)]
        for signer in self._all:
            self._free.put(signer)
        self._end = weakref.finalize(self, _kill, self._all)

    def sign(self, task: Task, source: BinaryIO, target: BinaryIO) -> bytes:
        """Sign what is in `source` into `target`, both real files; the manifest store is returned.

        Raises:
            SignerUnavailable: metadata `cause` names what failed; what is in `target` is to be thrown away.
        """
        for stream in (source, target):
            stream.flush()
            stream.seek(0)
        return self._run(task, source.fileno(), target.fileno())

    def probe(self, signer: ClaimSigner, data: bytes) -> bytes:
        """Sign `data` alone. Raises SignerUnavailable."""
        return self._run(Probe(signer, data))

    def close(self) -> None:
        """End the processes."""
        self._end()

    def _run(self, task: Task | Probe, *files: int) -> bytes:
        try:
            signer = self._free.get(timeout=self._seconds)
        except queue.Empty:
            raise self._late() from None
        try:
            return signer.run(task, files, self._seconds)
        except TimeoutError:
            raise self._late() from None
        finally:
            self._free.put(signer)

    def _late(self) -> SignerUnavailable:
        return SignerUnavailable(
            f"the signer did not answer within {self._seconds:g} seconds: check the key's token or service, "
            "and the time-stamper",
            cause="deadline", limit=self._seconds,
        )  # fmt: skip


def _kill(signers: "list[_Signer]") -> None:
    for signer in signers:
        signer.kill()


class _Signer:
    """One process and the pipe to it."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def run(self, task: Task | Probe, files: tuple[int, ...], seconds: float) -> bytes:
        """The answer; a process that gives none is killed. Raises SignerUnavailable, TimeoutError."""
        answered = False
        try:
            pipe, process = self._start()
            pipe.send(task)
            for file in files:
                reduction.send_handle(pipe, file, process.pid)
            if not pipe.poll(seconds):
                raise TimeoutError
            answer = pipe.recv()
            answered = True
        except TimeoutError:
            raise
        except (EOFError, OSError) as error:
            raise SignerUnavailable("the signing process ended: try again", cause="process") from error
        finally:
            if not answered:
                self.kill()
        match answer:
            case ("done", bytes(result)):
                return result
            case (_, str(cause)):
                _LOG.error("signing failed: %s", cause)
                raise SignerUnavailable(f"the clip could not be signed ({cause})", cause=cause)
        raise SignerUnavailable("the signing process broke", cause="process")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _start(self) -> tuple[Connection, BaseProcess]:
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe, self._process
        self.kill()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True, name="sitter-signer")
        self._process.start()
        theirs.close()
        if not self._pipe.poll(START_SECONDS):
            raise SignerUnavailable("the signing process did not start", cause="process")
        self._pipe.recv()
        return self._pipe, self._process


def serve(pipe: Connection) -> None:
    """A signing process's life: take a task, answer, until the service closes the pipe."""
    import signal

    from safety.signing_task import prove, sign

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service decides when a signer ends
    pipe.send("ready")
    while True:
        try:
            task: Task | Probe = pipe.recv()
        except EOFError:
            return
        answer: tuple[str, Any]
        try:
            if isinstance(task, Probe):
                answer = ("done", prove(task))
            else:
                with _received(pipe, "rb") as source, _received(pipe, "r+b") as target:
                    answer = ("done", sign(task, source, target))
        except Exception as error:  # its text may hold paths or a PIN: the class alone is told
            answer = ("failed", _cause(error))
        with contextlib.suppress(BrokenPipeError):
            pipe.send(answer)


def _received(pipe: Connection, mode: str) -> Any:
    return os.fdopen(reduction.recv_handle(pipe), mode)


def _cause(error: BaseException) -> str:
    return type(error.__cause__ or error).__name__.lstrip("_")
