"""Bodies of requests: written to disk piece by piece, never more than a limit, never slower than it takes."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from perception.errors import MediaTooLarge
from service.uploads import UploadBroken

STALL_SECONDS = 30.0
"""Longest wait for the next piece."""


async def spool(request: Request, target: Path, most: int, seconds: float, what: str) -> int:
    """Write the body to `target` and say how many bytes it had.

    Args:
        most: bytes.
        seconds: that it may take.
        what: it is, for the messages: film or video.

    Raises:
        MediaTooLarge: over `most`.
        UploadBroken: it stalled, broke off or took too long.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise _too_large(most, what)
    received, deadline = 0, time.monotonic() + seconds
    with target.open("xb") as file:
        async for piece in _pieces(request, what):
            received += len(piece)
            if received > most:
                raise _too_large(most, what)
            if time.monotonic() > deadline:
                raise UploadBroken(f"the {what} took too long to arrive: use a faster connection")
            await run_in_threadpool(file.write, piece)
    return received


async def _pieces(request: Request, what: str) -> AsyncIterator[bytes]:
    """The body as it comes, no piece later than `STALL_SECONDS` after the one before."""
    stream = request.stream()
    while True:
        try:
            with anyio.fail_after(STALL_SECONDS):
                yield await anext(stream)
        except StopAsyncIteration:
            return
        except (TimeoutError, ClientDisconnect):
            raise UploadBroken(
                f"the {what} stopped arriving: check your connection and send it again"
            ) from None


def _too_large(most: int, what: str) -> MediaTooLarge:
    advice = "record it again in a smaller size" if what == "film" else "send a shorter or smaller one"
    return MediaTooLarge(
        f"the {what} is larger than {most >> 20} MiB: {advice}", limit="video_bytes", most=most
    )
