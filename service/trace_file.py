"""The file that traces are written to: opened when first needed, private, bounded by one rotation."""

import os
from pathlib import Path
from typing import IO

BYTES = 64 << 20
"""At this size the file becomes `NAME.1` and replaces the one before it: at most twice this on disk."""


class TraceFile:
    """A text stream for whole lines. Used by one thread at a time; errors of the disk go to the writer.

    Args:
        path: the file; its folder is made when missing, the file has mode 0600.
        limit: bytes after which it is rotated.
    """

    def __init__(self, path: Path, limit: int = BYTES) -> None:
        self._path = path
        self._limit = limit
        self._file: IO[str] | None = None
        self.closed = False

    def write(self, line: str) -> int:
        """Append one line, rotating before it if the file is full."""
        if self._file is not None and self._file.tell() >= self._limit:
            self._file.close()
            self._file = None
            os.replace(self._path, self._path.with_name(f"{self._path.name}.1"))
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            self._file = os.fdopen(descriptor, "a", encoding="utf-8")
        return self._file.write(line)

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Twice is harmless."""
        self.closed = True
        if self._file is not None:
            self._file.close()
            self._file = None
