"""`sitter audit`: list, show, export, verify."""

import argparse
import json
from pathlib import Path
from typing import Any

from safety.errors import Misconfigured
from safety.evidence import Result, verify_log, verify_pack
from service.cli.connection import connect
from service.cli.output import FAILED, say, show
from service.cli.remote import write_whole


def listing(args: argparse.Namespace) -> int:
    only = {"kind": args.kind, "record_id": args.record, "identity_id": args.identity, "trace_id": args.trace}
    with connect(args) as sitter:
        found = [_entry(e) for e in sitter.entries(**{name: value for name, value in only.items() if value})]
    if args.json:
        show(found)
    else:
        for entry in found:
            say(_line(entry))
    return 0


def show_record(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        proven = sitter.provenance(args.record)
    entries = [_entry(each.entry) | {"proof": each.proof} for each in proven.entries]
    if args.json:
        show({"vkey": proven.vkey, "entries": entries})
    else:
        for entry in entries:
            say(_line(entry))
        say(f"log key {proven.vkey}")
    return 0


def export(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        pack = sitter.evidence(args.record or "")
    write_whole(args.out, pack)
    if args.json:
        show({"file": str(args.out), "bytes": len(pack)})
    else:
        say(f"{args.out}: {len(pack):,} bytes; check it with `sitter audit verify {args.out}`")
    return 0


def verify(args: argparse.Namespace) -> int:
    result = _verified(args.what)
    if args.json:
        show({"ok": result.ok, "failure": result.failure, "origin": result.origin, "size": result.size,
              "entries": result.entries, "key_given": result.key_given})  # fmt: skip
    elif result.ok:
        say(f"verified: {result.entries} entries, under the checkpoint of {result.origin} over {result.size}")
    else:
        say(f"NOT verified: {result.failure}")
    return 0 if result.ok else FAILED


def _verified(what: Path) -> Result:
    """A data folder is checked against its own published key; a file is taken for a pack."""
    if not what.exists():
        raise FileNotFoundError(2, "no such file or folder", str(what))
    if not what.is_dir():
        return verify_pack(what)
    key = what / "log.vkey"
    if not key.is_file():
        raise Misconfigured(
            f"{what} has no log.vkey: name the data folder of a deployment, or an evidence pack"
        )
    return verify_log(what / "records.db", key.read_text("utf-8").strip())


def _entry(entry: Any) -> dict[str, Any]:
    return {"index": entry.index, **json.loads(entry.body)}


def _line(entry: dict[str, Any]) -> str:
    about = " ".join(
        f"{key}={entry[key]}" for key in ("record_id", "identity_id", "consent_id") if key in entry
    )
    what = " ".join(str(entry[key]) for key in ("gate", "outcome", "reason") if key in entry)
    return f"{entry['index']:>7}  {entry.get('at', ''):24}  {entry['kind']:17} {what:28} {about}"
