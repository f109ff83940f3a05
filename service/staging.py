"""Where clips are before they are released: a private folder per request, gone when the request is."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safety.errors import StoreUnavailable
from service.app import App


@contextmanager
def staged(app: App, record_id: str) -> Iterator[Path]:
    """A folder of mode 0700 for one request's files, removed on every way out.

    Raises:
        StoreUnavailable: it cannot be made.
    """
    folder = app.staging / record_id
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise StoreUnavailable(
            "the staging folder cannot be written: check disk space and permissions"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def stored(app: App, record_id: str, clip: Path) -> Iterator[None]:
    """Store a clip for the release that is committed inside; when that fails, it is taken out again.

    Killed in between, it has no record and is swept at the next start.
    """
    app.blobs.put(record_id, clip)
    try:
        yield
    except BaseException:
        app.blobs.delete(record_id)
        raise


def sweep(staging: Path) -> None:
    """At start: make the staging folder and remove what a killed process left in it."""
    staging.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in staging.iterdir():
        shutil.rmtree(left, ignore_errors=True)
