"""Evidence packs: entries of the log that prove themselves to somebody who trusts neither us nor the
operator.

A pack is one zip file: the entries as they were hashed, a proof for each, the checkpoint and key they are
proven under, a verifier in one file of plain Python, and instructions. The archive is written in one
canonical way, so that `verify_pack` notices a changed byte anywhere, also where a zip reader would not look.
"""

import io
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from safety import evidence_verify, merkle
from safety.errors import EvidenceInvalid, StoreUnavailable
from safety.log import Logged, LogView
from safety.note import NoteKey, proof_text
from safety.stores.files import write_whole
from safety.stores.sqlite import Database

PACK_ENTRIES = 10_000
"""Entries in one pack at most; some 2 kB each."""

_GUIDE = """\
# How to verify this evidence pack

The pack holds {count} entries of the provenance log `{origin}`, under a checkpoint over {size} entries.

    python verify.py .

`verify.py` needs Python 3.9 and nothing else; read it, it has 200 lines. Add the log's key, as the operator
published it, as a last argument: otherwise the key is taken from this pack, and what is shown is that the
pack is whole, not whose it is. The key in this pack is

    {vkey}

Other tools that read these formats: any C2SP signed-note and tlog-checkpoint implementation for `checkpoint`,
any RFC 6962 / RFC 9162 verifier for `proofs/*.tlog-proof` (SHA-256; the leaf is the line of `entries.jsonl`
without its line end; the k-th line belongs to the k-th proof).

What it does not show: that the log holds nothing else on the matter (ask for the whole log, or for a
consistency proof from a checkpoint you kept), and that what was logged is true.
"""


@dataclass(frozen=True)
class Result:
    """What a verification found.

    Attributes:
        failure: None if everything holds; otherwise what it is about, a colon, and what is wrong.
        origin: the log's name; empty if it could not be read.
        size: entries under the checkpoint.
        entries: entries that were checked.
        key_given: the key came from the caller, not from what was verified.
    """

    failure: str | None
    origin: str = ""
    size: int = 0
    entries: int = 0
    key_given: bool = False

    @property
    def ok(self) -> bool:
        return self.failure is None


def export(log: LogView, entries: Iterable[Logged], target: Path) -> int:
    """Write an evidence pack of `entries` to `target`, whole or not at all, and return how many it holds.

    Raises:
        ValueError: no entries, or more than `PACK_ENTRIES`.
        StoreUnavailable: it cannot be written.
        EvidenceInvalid: the log is damaged.
    """
    chosen = {entry.index: entry for entry in entries}
    if not 0 < len(chosen) <= PACK_ENTRIES:
        raise ValueError(f"an evidence pack holds 1 to {PACK_ENTRIES} entries")
    checkpoint = log.checkpoint()
    head = log.key.open(checkpoint)
    files = {
        "checkpoint": checkpoint.encode(),
        "log.vkey": f"{log.key}\n".encode(),
        "entries.jsonl": b"".join(chosen[index].data + b"\n" for index in sorted(chosen)),
        "verify.py": Path(evidence_verify.__file__).read_bytes(),
    }
    for index, entry in chosen.items():
        proof = log.inclusion_proof(index, head.size)
        merkle.verify_inclusion(merkle.leaf_hash(entry.data), index, head.size, proof, head.root)
        files[f"proofs/{index:012}.tlog-proof"] = proof_text(index, proof, checkpoint).encode()
    guide = _GUIDE.format(count=len(chosen), origin=head.origin, size=head.size, vkey=log.key)
    files["VERIFY.md"] = guide.encode()
    write_whole(target, _archive(files))
    return len(chosen)


def verify_pack(path: str | os.PathLike[str], vkey: str | None = None) -> Result:
    """Verify an evidence pack; never raises for what the pack holds.

    Args:
        path: the zip, or a folder it was unpacked into.
        vkey: the log's key as known from elsewhere; without it the pack's own is used.
    """
    try:
        files = evidence_verify.load(Path(path))
        origin, size, indices = evidence_verify.check(files, vkey)
        if Path(path).is_file() and _archive(files) != Path(path).read_bytes():
            raise evidence_verify.Failed("pack: the archive itself was changed, its files were not")
    except evidence_verify.Failed as failure:
        return Result(str(failure), key_given=vkey is not None)
    return Result(None, origin, size, len(indices), vkey is not None)


def verify_log(path: str | os.PathLike[str], vkey: str) -> Result:
    """Verify a whole log in its database, also while a server writes to it; never raises for what it holds.

    Args:
        path: the SQLite file.
        vkey: the log's key.
    """
    try:
        key = NoteKey.parse(vkey)
        with Database(path, read_only=True) as db:
            head = LogView(db, key).verify_all()
    except (EvidenceInvalid, StoreUnavailable) as error:
        return Result(f"log: {error}", key_given=True)
    return Result(None, head.origin, head.size, head.size, True)


def _archive(files: dict[str, bytes]) -> bytes:
    """A zip of `files` that depends on nothing but them: sorted, stored, without times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as pack:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)  # dated 1980-01-01
            info.create_system, info.external_attr = 3, 0o644 << 16
            pack.writestr(info, files[name])
    return buffer.getvalue()
