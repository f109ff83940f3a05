"""Decode bytes from strangers in a process of their own, and read back arrays.

The process (`perception.decoding`) is a fresh interpreter that imports the decoder and nothing else of ours,
inherits no environment, gets the input as an open descriptor that it can only read, and gives up the power to
open anything before it reads the first byte. What it sends is taken as numbers and short texts whose shape is
checked, so that a decoder that was taken over can lie about the picture and nothing more.
"""

import fcntl
import json
import os
import select
import signal
import stat
import string
import subprocess
import sys
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from perception.decoding.wire import HEADER_BYTES, array_size, parse_header
from perception.errors import (
    MediaError,
    MediaTooCostly,
    MediaUnreadable,
    MediaUnsupported,
    SitterError,
    SpeechError,
)
from perception.limits import Limits

_EXIT_GRACE_SECONDS = 5.0  # from the last message, or the end of the pipe, to the end of the process
_MESSAGE_CHARACTERS = 300  # longest error text taken from the process
_PIPE_BYTES = 1 << 20  # Linux's default limit for pipes of ordinary users; fewer switches per frame
_TOO_COSTLY = (signal.SIGXCPU, signal.SIGKILL)  # processor time used up; out of memory
_PRINTABLE = frozenset(string.printable) - frozenset("\t\n\r\x0b\x0c")


class Source(AbstractContextManager["Source"]):
    """Input bytes behind a descriptor, so that they can be read again by one process after another.

    Raises:
        MediaUnreadable: the file cannot be opened.
        MediaUnsupported: it is a folder, a device or a pipe.
    """

    def __init__(self, source: bytes | Path) -> None:
        if isinstance(source, bytes):
            self._descriptor = os.memfd_create("sitter-input", os.MFD_CLOEXEC)
            with open(self._descriptor, "wb", closefd=False) as memory:
                memory.write(source)
        else:
            self._descriptor = _open_file(source)
        self.size = os.fstat(self._descriptor).st_size

    def head(self, size: int) -> bytes:
        """The first bytes."""
        return os.pread(self._descriptor, size, 0)

    def reopen(self) -> int:
        """A descriptor of its own position, read-only; the caller closes it."""
        return os.open(f"/proc/self/fd/{self._descriptor}", os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open_file(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise MediaUnreadable(f"the file cannot be opened: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MediaUnsupported("give a regular file: this is a folder, a device or a pipe")
    return descriptor


class Decoder(AbstractContextManager["Decoder"]):
    """One decoding process and the messages it sends. Leaving the context ends the process on every path.

    Args:
        job: the task and its parameters, see `perception.decoding.__main__`.
        source: the input.
        limits: `memory_bytes` and `stall_seconds` are used.
        cpu_seconds: processor time that the process may use.

    Raises (from every method that reads):
        MediaTooCostly: it ran into its memory or time limit.
        MediaUnreadable: it could not make sense of the input, or crashed on it.
        MediaError, SpeechError: what the process found out.
    """

    def __init__(self, job: dict[str, Any], source: bytes | Source, limits: Limits, cpu_seconds: int) -> None:
        self._limits = limits
        self._cpu_seconds = cpu_seconds
        job = {**job, "memory_bytes": limits.memory_bytes, "cpu_seconds": cpu_seconds}
        if isinstance(source, bytes):
            with Source(source) as memory:
                self._start(job, memory.reopen())
        else:
            self._start(job, source.reopen())

    def _start(self, job: dict[str, Any], descriptor: int) -> None:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-m", "perception.decoding", json.dumps(job)],
                stdin=descriptor,
                stdout=writer,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(descriptor)
            os.close(writer)
        self._reader = reader
        _widen(reader)
        self._poll = select.poll()
        self._poll.register(reader, select.POLLIN)

    @property
    def pid(self) -> int:
        return self._process.pid

    def message(self) -> dict[str, Any]:
        """The next header: `kind` and the fields of it. A reported error is raised as itself."""
        deadline = time.monotonic() + self._limits.stall_seconds
        length = int.from_bytes(self._read(4, deadline), "big")
        if not 0 < length <= HEADER_BYTES:
            raise self._broken()
        try:
            header = parse_header(bytes(self._read(length, deadline)))
        except ValueError:
            raise self._broken() from None
        if header["kind"] == "error":
            raise self._reported(header)
        return header

    def array_of(self, header: dict[str, Any], most_bytes: int) -> NDArray[Any]:
        """The array that the header just read announces; `most_bytes` is checked before it is allocated."""
        try:
            shape, dtype, size = array_size(header, most_bytes)
        except ValueError:
            raise self._broken() from None
        data = self._read(size, time.monotonic() + self._limits.stall_seconds)
        return np.frombuffer(data, dtype).reshape(shape)

    def array(self, kind: str, dtype: type[np.generic], *, most_bytes: int) -> NDArray[Any]:
        """The next message, which must be an array of this kind and type."""
        header = self.message()
        array = self.array_of(header, most_bytes)
        if header["kind"] != kind or array.dtype != dtype:
            raise self._broken()
        return array

    def finish(self) -> None:
        """The process says that it is through. Raises MediaUnreadable when it says anything else."""
        if self.message()["kind"] != "end":
            raise self._broken()

    def close(self) -> None:
        """Kill and reap the process, whatever it is doing. Safe to call again."""
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, size: int, deadline: float) -> bytearray:
        """Exactly `size` bytes before the deadline."""
        data = bytearray(size)
        view = memoryview(data)
        while view:
            if not self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise self._stalled()
            count = os.readv(self._reader, [view])
            if count == 0:
                raise self._died()
            view = view[count:]
        return data

    def _stalled(self) -> MediaError:
        return MediaTooCostly(
            f"decoding stood still for more than {self._limits.stall_seconds:g} seconds",
            limit="stall_seconds",
            most=self._limits.stall_seconds,
        )

    def _died(self) -> MediaError:
        """The pipe ended without a last word: the way the process ended tells why."""
        try:
            code = self._process.wait(_EXIT_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return self._broken()
        return self._costly() if -code in _TOO_COSTLY else self._broken()

    def _costly(self) -> MediaError:
        return MediaTooCostly(
            f"decoding needs more than {self._limits.memory_bytes >> 20} MiB of memory or "
            f"{self._cpu_seconds} seconds of processor time",
            memory_bytes=self._limits.memory_bytes,
            cpu_seconds=self._cpu_seconds,
        )

    @staticmethod
    def _broken() -> MediaError:
        return MediaUnreadable("the file is truncated or corrupt: save or export it again")

    def _reported(self, header: dict[str, Any]) -> SitterError:
        """The error that the process names, if it is one that decoding may end in."""
        kind = _errors().get(str(header.get("reason")))
        text = "".join(c for c in str(header.get("message", "")) if c in _PRINTABLE)[:_MESSAGE_CHARACTERS]
        metadata = header.get("metadata")
        if kind is MediaTooCostly:
            return self._costly()
        if kind is None or not text or not isinstance(metadata, dict):
            return self._broken()
        error = kind(text)
        error.metadata = {str(k)[:40]: str(v)[:40] for k, v in list(metadata.items())[:8]}
        return error


def _errors() -> dict[str, type[SitterError]]:
    return {kind.reason: kind for tree in (MediaError, SpeechError) for kind in tree.__subclasses__()}


def _widen(pipe: int) -> None:
    with suppress(PermissionError):  # over this user's limit for pipes: slower, no less right
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
