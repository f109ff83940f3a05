"""Uploads in chunks: counted against what the header announced, never more than it in memory or on disk."""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from perception.errors import SitterError
from safety.errors import StoreUnavailable


class UploadBroken(SitterError):
    """The messages of an upload do not fit its header, or come too slowly."""

    reason = "UPLOAD_BROKEN"


def header_of(messages: Iterator[Any], name: str) -> Any:
    """The first message's header, the field `name`. Raises UploadBroken."""
    first = next(messages, None)
    if first is None or first.WhichOneof("part") != name:
        raise UploadBroken(f"the first message must be the {name}")
    return getattr(first, name)


def chunks_of(messages: Iterator[Any]) -> Iterator[bytes]:
    """The chunks of the messages that follow a header. Raises UploadBroken."""
    for message in messages:
        if message.WhichOneof("part") != "chunk":
            raise UploadBroken("after the first message only chunks may follow")
        yield message.chunk


def collect(chunks: Iterable[bytes], sizes: Sequence[int], seconds: float) -> list[bytes]:
    """The parts that `chunks` carry one after another, of exactly `sizes` bytes.

    Raises:
        UploadBroken: fewer or more bytes than announced, or it took longer than `seconds`.
    """
    whole = bytearray()
    for chunk in _counted(chunks, sum(sizes), seconds):
        whole += chunk
    parts, start = [], 0
    for size in sizes:
        parts.append(bytes(whole[start : start + size]))
        start += size
    return parts


def spool(chunks: Iterable[bytes], size: int, target: Path, seconds: float) -> None:
    """Write an upload of exactly `size` bytes to `target`. Raises as `collect`, and StoreUnavailable."""
    try:
        with target.open("xb") as file:
            for chunk in _counted(chunks, size, seconds):
                file.write(chunk)
    except OSError as error:
        raise StoreUnavailable("the upload cannot be stored: check disk space and permissions") from error


def _counted(chunks: Iterable[bytes], announced: int, seconds: float) -> Iterator[bytes]:
    received, deadline = 0, time.monotonic() + seconds
    for chunk in chunks:
        received += len(chunk)
        if received > announced:
            raise UploadBroken(
                f"the upload has more than the {announced} bytes that its header announced",
                announced=announced,
            )
        if time.monotonic() > deadline:
            raise UploadBroken(
                f"the upload took longer than {seconds:.0f} seconds", limit="upload_seconds", most=seconds
            )
        yield chunk
    if received < announced:
        raise UploadBroken(
            f"the upload ended after {received} of the {announced} bytes that its header announced",
            announced=announced, received=received,
        )  # fmt: skip
