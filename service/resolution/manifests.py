"""Manifest stores as they were signed, or their active manifest alone."""

import re

from safety.errors import RecordUnknown
from safety.jumbf import boxes
from service.app import App
from service.queries import QueryInvalid

_ID = re.compile(r"urn:c2pa:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEADER = 8


def manifest(app: App, manifest_id: str, *, active_only: bool = False) -> bytes:
    """The manifest store in which that manifest is the active one, byte for byte as in the released clip.

    Args:
        active_only: leave out the manifests of what the clip was made from.

    Raises:
        QueryInvalid: it is no manifest id.
        RecordUnknown: no clip with it was released here.
    """
    if not _ID.fullmatch(manifest_id):
        raise QueryInvalid(
            "this is no manifest id: it begins with urn:c2pa: and has 36 more letters", part="id"
        )
    store = app.records.manifest(manifest_id)
    return active_manifest(store) if active_only else store


def active_manifest(store: bytes) -> bytes:
    """The store with its active manifest, the last one, alone. Raises RecordUnknown for a damaged store."""
    try:
        (outer,) = boxes(store, 0, len(store))
        described, *_, last = boxes(store, outer.start, outer.end)
    except ValueError as error:
        raise RecordUnknown("the stored manifest is damaged: restore the records") from error
    body = b"".join(store[part.start - _HEADER : part.end] for part in (described, last))
    return (len(body) + _HEADER).to_bytes(4, "big") + b"jumb" + body
