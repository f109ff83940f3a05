"""The folder that holds the model files, and how files get into it whole."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def models_folder() -> Path:
    """$SITTER_MODELS, else $XDG_CACHE_HOME/sitter/models, else ~/.cache/sitter/models; it need not exist."""
    if folder := os.environ.get("SITTER_MODELS"):
        return Path(folder).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "sitter" / "models"


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` so that `path` is whole at any moment: temporary file, fsync, rename, fsync of the
    folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)
        os.replace(part, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(part)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def models_lock() -> Iterator[None]:
    """Hold the models folder for writing; a second process waits, and then finds the work done."""
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
