"""Evidence packs: entries of the log that prove themselves to somebody who trusts neither us nor the
operator.

A pack is one zip file: the entries as they were hashed, a proof for each, the checkpoint and key they are
proven under, the policies that decided, a table and a page for reading, a verifier in one file of plain
Python, and instructions. The archive is written in one
canonical way, so that `verify_pack` notices a changed byte anywhere, also where a zip reader would not look.
"""

import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from safety import evidence_verify, merkle
from safety.anchors import check_folder
from safety.entry_schema import strangers
from safety.errors import EvidenceInvalid, StoreUnavailable
from safety.evidence_summary import Picture, can_print, summary_pdf
from safety.log import Logged, LogView
from safety.note import Checkpoint, NoteKey, proof_text
from safety.stores.files import write_whole
from safety.stores.sqlite import Database
from safety.tlog_policy import TlogPolicy

PACK_ENTRIES = 10_000
"""Entries in one pack at most; some 2 kB each."""

_GUIDE = """\
# How to verify this evidence pack

The pack holds {count} entries of the provenance log `{origin}`, under a checkpoint over {size} entries.

    python verify.py .

`verify.py` needs Python 3.9 and nothing else; read it, it has 200 lines. Add the log's key, as the operator
published it, as the next argument: otherwise the key is taken from this pack, and what is shown is that the
pack is whole, not whose it is. The key in this pack is

    {vkey}

Witnesses' keys may follow it: each of them must have cosigned the checkpoint. {witnesses}

| file | what it is |
|---|---|
| `entries.jsonl` | the entries, one a line, the very bytes that were hashed |
| `proofs/*.tlog-proof` | a proof for each, in the order of the lines |
| `checkpoint`, `log.vkey` | what they are proven under, and the key that signed it |
| `policies/<SHA-256>/` | policies that decided, by the digest that the entries name{policies} |
| `decisions.csv` | the entries as a table, for a spreadsheet |
| `summary.pdf` | the same on paper, for reading; not proven{summary} |

## With other tools

- `proofs/N.tlog-proof` is C2SP tlog-proof, `checkpoint` is C2SP signed-note and tlog-checkpoint: any
  implementation reads them. In Python, `pip install tlog-scales`:

      from tlog_scales.tlog import Checkpoint
      from tlog_scales.signing import Vkey
      Checkpoint.from_text(open("checkpoint").read()).verify(Vkey.from_string(open("log.vkey").read().strip()))

- In Go, `note.Open` and `tlog.CheckRecord` of golang.org/x/mod/sumdb, with the key above, the hashes of a
  proof, and `tlog.RecordHash` of a line of `entries.jsonl` without its line end.
- A leaf's hash, with common tools: `(printf '\\0'; sed -n 1p entries.jsonl | tr -d '\\n') | sha256sum`
- A policy's digest is SHA-256 over each file's name and content in the order of names, each behind its length
  in 8 bytes.

What this pack does not show: that the log holds nothing else on the matter (ask for the whole log, or for a
consistency proof from a checkpoint you kept), and that what was logged is true.
"""

Policies = Mapping[str, Mapping[str, str]]
"""Text by file name by the digest of a set of policies."""


@dataclass(frozen=True)
class Result:
    """What a verification found.

    Attributes:
        failure: None if everything holds; otherwise what it is about, a colon, and what is wrong.
        origin: the log's name; empty if it could not be read.
        size: entries under the checkpoint.
        entries: entries that were checked.
        key_given: the key came from the caller, not from what was verified.
        strangers: kinds and "kind.field"s that this version does not know; they count all the same.
    """

    failure: str | None
    origin: str = ""
    size: int = 0
    entries: int = 0
    key_given: bool = False
    strangers: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.failure is None


def export(
    log: LogView,
    entries: Iterable[Logged],
    target: Path,
    *,
    checkpoint: str | None = None,
    policies: Policies = MappingProxyType({}),
    tlog_policy: bytes | None = None,
    pictures: Sequence[Picture] = (),
) -> int:
    """Write an evidence pack of `entries` to `target`, whole or not at all, and return how many it holds.

    Args:
        checkpoint: to prove them under, for example a cosigned one that covers them; default the newest.
        policies: those known; the ones that the entries name go along.
        tlog_policy: whom the operator has as witnesses (C2SP tlog-policy), for the reader.
        pictures: of the clip, for the summary; whoever exports may see them.

    Raises:
        ValueError: no entries, or more than `PACK_ENTRIES`.
        RecordUnknown: the checkpoint does not cover an entry.
        StoreUnavailable: it cannot be written.
        EvidenceInvalid: the log is damaged, or the checkpoint is of another one.
    """
    chosen = {entry.index: entry for entry in entries}
    if not 0 < len(chosen) <= PACK_ENTRIES:
        raise ValueError(f"an evidence pack holds 1 to {PACK_ENTRIES} entries")
    note = checkpoint or log.checkpoint()
    head = log.check_ours(note)
    order = sorted(chosen)
    lines = [chosen[index].data for index in order]
    files = {
        "checkpoint": note.encode(),
        "log.vkey": f"{log.key}\n".encode(),
        "entries.jsonl": b"".join(line + b"\n" for line in lines),
        "decisions.csv": evidence_verify.decisions(order, lines),
        "verify.py": Path(evidence_verify.__file__).read_bytes(),
    }
    for index, line in zip(order, lines, strict=True):
        proof = log.inclusion_proof(index, head.size)
        merkle.verify_inclusion(merkle.leaf_hash(line), index, head.size, proof, head.root)
        files[f"proofs/{index:012}.tlog-proof"] = proof_text(index, proof, note).encode()
    named = {str(entry.body.get("policy_sha256")) for entry in chosen.values()} & policies.keys()
    for digest in named:
        for name, text in policies[digest].items():
            files[f"policies/{digest}/{name}"] = text.encode()
    if tlog_policy is not None:
        files["tlog-policy"] = tlog_policy
    if can_print():
        files["summary.pdf"] = summary_pdf(
            head.origin, head.size, [(i, chosen[i].body) for i in order], pictures
        )
    files["VERIFY.md"] = _guide(files, head, log.key, len(order)).encode()
    write_whole(target, _archive(files))
    return len(order)


def _guide(files: Mapping[str, bytes], head: Checkpoint, key: NoteKey, count: int) -> str:
    has = any(name.startswith("policies/") for name in files)
    return _GUIDE.format(
        count=count,
        origin=head.origin,
        size=head.size,
        vkey=key,
        witnesses="`tlog-policy` has those that the operator names." if "tlog-policy" in files else "",
        policies="" if has else ": none was kept",
        summary="" if "summary.pdf" in files else ": left out, because `reportlab` was not installed",
    )


def verify_pack(
    path: str | os.PathLike[str], vkey: str | None = None, policy: TlogPolicy | None = None
) -> Result:
    """Verify an evidence pack; never raises for what the pack holds.

    Args:
        path: the zip, or a folder it was unpacked into.
        vkey: the log's key as known from elsewhere; without it the pack's own is used.
        policy: whose signatures and cosignatures its checkpoint must have.
    """
    try:
        files = evidence_verify.load(Path(path))
        origin, size, indices = evidence_verify.check(files, vkey)
        if Path(path).is_file() and _archive(files) != Path(path).read_bytes():
            raise evidence_verify.Failed("pack: the archive itself was changed, its files were not")
        if policy is not None:
            note, own = files["checkpoint"].decode(), files["log.vkey"].decode()
            policy.open(note, NoteKey.parse(own))
    except evidence_verify.Failed as failure:
        return Result(str(failure), key_given=vkey is not None)
    except EvidenceInvalid as error:
        return Result(f"checkpoint: {error}", key_given=vkey is not None)
    unknown = {name for line in files["entries.jsonl"].splitlines() for name in strangers(json.loads(line))}
    return Result(None, origin, size, len(indices), vkey is not None, tuple(sorted(unknown)))


def verify_log(path: str | os.PathLike[str], vkey: str, anchors: Path | None = None) -> Result:
    """Verify a whole log in its database, also while a server writes to it; never raises for what it holds.

    Args:
        path: the SQLite file.
        vkey: the log's key.
        anchors: folder of anchors that must be of this log's history.
    """
    try:
        key = NoteKey.parse(vkey)
        with Database(path, read_only=True) as db:
            audited = LogView(db, key).audit()
            if anchors is not None and not check_folder(LogView(db, key), anchors):
                raise EvidenceInvalid("the folder holds no anchors")
    except (EvidenceInvalid, StoreUnavailable, OSError) as error:
        return Result(f"log: {error}", key_given=True)
    head = audited.head
    return Result(None, head.origin, head.size, head.size, True, audited.strangers)


def _archive(files: dict[str, bytes]) -> bytes:
    """A zip of `files` that depends on nothing but them: sorted, stored, without times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as pack:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)  # dated 1980-01-01
            info.create_system, info.external_attr = 3, 0o644 << 16
            pack.writestr(info, files[name])
    return buffer.getvalue()
