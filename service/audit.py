"""The auditors' side: entries, proofs, evidence packs. Reading the log is itself traced."""

from pathlib import Path

from safety.errors import QuotaRefused, RecordUnknown
from safety.log import Logged, pages
from service.app import App
from service.caller import Caller


def entries(app: App, caller: Caller, start: int, limit: int, **only: str | None) -> list[Logged]:
    """At most `limit` entries from index `start` on that match `only` (see `LogView.entries`)."""
    caller.require("auditor")
    return app.log.entries(start, limit, kind=only.pop("kind", None), **only)


def provenance(app: App, caller: Caller, record_id: str) -> list[tuple[Logged, str]]:
    """Every entry of one clip, with its tlog-proof. Raises RecordUnknown."""
    caller.require("auditor")
    found = list(pages(app.log, record_id=record_id))
    if not found:
        raise RecordUnknown(f"the log holds nothing of a clip {record_id}")
    return [(entry, app.log.receipt(entry.index)) for entry in found]


def checkpoint(app: App, caller: Caller) -> tuple[str, str]:
    """The newest checkpoint and the key that verifies it."""
    caller.require("auditor")
    return app.log.checkpoint(), str(app.log.key)


def inclusion(app: App, caller: Caller, index: int, size: int) -> tuple[Logged, int, list[bytes]]:
    """Entry, tree size and path; size 0 means the newest checkpoint's. Raises RecordUnknown."""
    caller.require("auditor")
    size = size or _newest(app)
    return app.log.entry(index), size, app.log.inclusion_proof(index, size)


def consistency(app: App, caller: Caller, old: int, new: int) -> tuple[int, list[bytes]]:
    """Newer size and proof; new 0 means the newest checkpoint's. Raises RecordUnknown."""
    caller.require("auditor")
    new = new or _newest(app)
    return new, app.log.consistency_proof(old, new)


def export(app: App, caller: Caller, record_id: str | None, target: Path) -> Path:
    """Write the evidence pack of one clip, or of the whole log. Raises RecordUnknown, QuotaRefused."""
    from safety.evidence import PACK_ENTRIES
    from safety.evidence import export as write_pack

    caller.require("auditor")
    found = list(pages(app.log, record_id=record_id))
    if not found:
        raise RecordUnknown("the log holds nothing of that clip" if record_id else "the log is empty")
    if len(found) > PACK_ENTRIES:
        raise QuotaRefused(
            f"an evidence pack holds up to {PACK_ENTRIES} entries: export the clips one by one",
            limit="pack_entries", most=PACK_ENTRIES,
        )  # fmt: skip
    write_pack(app.log, found, target)
    return target


def _newest(app: App) -> int:
    return app.log.key.open(app.log.checkpoint()).size
