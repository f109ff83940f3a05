"""Where records and blobs are kept: one file per backend, picked by URL.

A setting names a backend; none of them means "off". Both kinds promise the same: what returned is on the disk
and survives a kill -9 right after; what could not be written raises `StoreUnavailable`.
"""

from typing import TYPE_CHECKING

from safety.errors import Misconfigured

if TYPE_CHECKING:
    from safety.stores.files import Blobs
    from safety.stores.sqlite import Database

__all__ = ["open_blobs", "open_records"]


def open_records(url: str, *, read_only: bool = False) -> "Database":
    """Open the records (identities, consents, log) named by `url`.

    Args:
        url: "sqlite:PATH".
        read_only: do not lock and do not write; beside a running server too.

    Raises:
        Misconfigured: no such backend in this version, or no path.
        StoreUnavailable: it cannot be opened, or another process already writes to it.
    """
    match url.partition(":")[0]:
        case "sqlite":
            from safety.stores.sqlite import Database

            return Database(_path(url), read_only=read_only)
        case scheme:
            raise Misconfigured(
                f"no record store for {scheme!r} in this version: use sqlite:PATH", scheme=scheme
            )


def open_blobs(url: str) -> "Blobs":
    """Open the blobs (clips, manifests) named by `url`.

    Args:
        url: "file:FOLDER".

    Raises:
        Misconfigured: no such backend in this version, or no folder.
        StoreUnavailable: the folder cannot be made or written.
    """
    match url.partition(":")[0]:
        case "file":
            from safety.stores.files import Blobs

            return Blobs(_path(url))
        case scheme:
            raise Misconfigured(
                f"no blob store for {scheme!r} in this version: use file:FOLDER", scheme=scheme
            )


def _path(url: str) -> str:
    scheme, _, path = url.partition(":")
    if not path or path.startswith(":") or "?" in path or "\0" in path:
        raise Misconfigured(f"the store {scheme!r} needs a plain path after the colon", scheme=scheme)
    return path
