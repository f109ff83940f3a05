"""Files written whole or not at all, and blobs as such files in one folder.

`Blobs.put` returns once bytes, name and folder are on the disk. A kill during `put` leaves the key as it
was; the half-written temporary file is removed by `sweep` at the next start.
"""

import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from safety.errors import RecordUnknown, StoreUnavailable

_KEY = re.compile(r"[0-9a-f][0-9a-f-]{0,127}")
_PART = ".part-"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """Turn an OSError into ours, without the path it names."""
    try:
        yield
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0, "EIO")
        hint = "the disk is full: free some space" if error.errno in _FULL else os.strerror(error.errno or 0)
        raise StoreUnavailable(f"the file store failed ({code}): {hint}", code=code) from error


@contextlib.contextmanager
def whole_file(path: Path, *, replace: bool = True) -> Iterator[BinaryIO]:
    """A new file (0600) that gets its name `path` in one step when the block ends, and not if it raises.

    It may be read back inside the block. On leaving, its bytes and its name are on the disk.

    Raises:
        StoreUnavailable: not written; an earlier file is untouched. Metadata `code` is EEXIST where there is
            one and `replace` is false.
    """
    with _guarded():
        handle, part = tempfile.mkstemp(prefix=_PART, dir=path.parent)
        try:
            with os.fdopen(handle, "w+b") as writing:
                yield writing
                writing.flush()
                os.fsync(writing.fileno())
            if replace:
                os.replace(part, path)
            else:
                os.link(part, path)  # unlike a rename, it fails if the name is taken
            _sync(path.parent)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to read.

    Raises:
        StoreUnavailable: it cannot be opened or read.
    """
    with _guarded(), path.open("rb") as reading:
        yield reading


def write_whole(path: Path, data: bytes, *, replace: bool = True) -> bool:
    """Put `data` into the file `path`, as `whole_file` does.

    Returns:
        False if the file exists and `replace` is false: it is left as it is.
    """
    try:
        with whole_file(path, replace=replace) as writing:
            writing.write(data)
    except StoreUnavailable as error:
        if not replace and error.metadata.get("code") == "EEXIST":
            return False
        raise
    return True


def _sync(folder: Path) -> None:
    """Put the folder's names on the disk, without which a rename may not survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Blobs:
    """Files by key. A key is 1 to 128 of 0-9, a-f and `-`, not starting with `-`: it cannot leave the folder.

    Raises:
        StoreUnavailable: the folder cannot be made or written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).absolute()
        with _guarded():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not os.access(self.folder, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "not writable")

    def put(self, key: str, source: Path) -> None:
        """Copy `source` under `key`, replacing what was there in one step.

        Raises:
            RecordUnknown: the key is malformed.
            StoreUnavailable: not written; an earlier blob of that key is untouched.
        """
        target = self._where(key)
        with opened(source) as reading, whole_file(target) as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)

    def open(self, key: str) -> BinaryIO:
        """Open a blob for reading.

        Raises:
            RecordUnknown: there is none.
            StoreUnavailable: it cannot be read.
        """
        path = self.path(key)
        with _guarded():
            return path.open("rb")

    def path(self, key: str) -> Path:
        """The file of a blob, to read; never write to it.

        Raises:
            RecordUnknown: there is none.
        """
        path = self._where(key)
        if not path.is_file():
            raise RecordUnknown("no such blob")
        return path

    def delete(self, key: str) -> bool:
        """Remove a blob for good; False if there was none."""
        path = self._where(key)
        with _guarded():
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            _sync(self.folder)
        return True

    def keys(self) -> Iterator[str]:
        """All keys, sorted."""
        with _guarded():
            names = sorted(os.listdir(self.folder))
        return (name for name in names if _KEY.fullmatch(name))

    def sweep(self) -> int:
        """Remove what killed `put`s left behind and say how many; only for the one writer, at start."""
        with _guarded():
            parts = list(self.folder.glob(f"{_PART}*"))
            for part in parts:
                part.unlink()
            return len(parts)

    def _where(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise RecordUnknown("a blob key is 1 to 128 of 0-9, a-f and -")
        return self.folder / key
