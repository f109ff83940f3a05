"""The auditors' side: entries, proofs, evidence packs. Reading the log is itself traced."""

from collections.abc import Mapping
from pathlib import Path

from safety.entry import ISSUE
from safety.errors import EvidenceInvalid, QuotaRefused, RecordUnknown
from safety.log import Logged, pages
from service import policy_archive
from service.app import App
from service.caller import Caller
from service.evidence_pictures import pictures
from service.witnessing import TLOG_POLICY, WITNESSED


def entries(app: App, caller: Caller, start: int, limit: int, only: Mapping[str, str | None]) -> list[Logged]:
    """At most `limit` entries from index `start` on that match `only` (see `LogView.entries`)."""
    caller.require("auditor")
    return app.log.entries(start, limit, **only)


def provenance(app: App, caller: Caller, record_id: str) -> list[tuple[Logged, str]]:
    """Every entry of one clip, with its tlog-proof. Raises RecordUnknown."""
    caller.require("auditor")
    found = list(pages(app.log, record_id=record_id))
    if not found:
        raise RecordUnknown(f"the log holds nothing of a clip {record_id}")
    return [(entry, app.log.receipt(entry.index)) for entry in found]


def receipt(app: App, caller: Caller, record_id: str) -> tuple[Logged, str]:
    """The issue of a released clip and its tlog-proof, cosigned where witnesses have seen it.

    Raises RecordUnknown.
    """
    caller.require("auditor")
    found = app.log.entries(kind=ISSUE, record_id=record_id)
    if not found:
        raise RecordUnknown(f"the log holds no release of a clip {record_id}")
    entry = found[0]
    return entry, app.log.receipt(entry.index, witnessed(app, entry.index))


def witnessed(app: App, index: int) -> str | None:
    """The newest cosigned checkpoint, if it covers entry `index`.

    Raises:
        EvidenceInvalid: it is of another history than this log.
    """
    try:
        note = (app.settings.data / WITNESSED).read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceInvalid("the file with the cosigned checkpoint cannot be read") from error
    return note if app.log.check_ours(note).size > index else None


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
    data = app.settings.data
    policy = data / TLOG_POLICY
    write_pack(
        app.log, found, target,
        checkpoint=witnessed(app, found[-1].index),
        policies=policy_archive.kept(data, {str(entry.body.get("policy_sha256")) for entry in found}),
        tlog_policy=policy.read_bytes() if policy.is_file() else None,
        pictures=pictures(app, caller, record_id),
    )  # fmt: skip
    return target


def _newest(app: App) -> int:
    return app.log.key.open(app.log.checkpoint()).size
