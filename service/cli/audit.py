"""`sitter audit`: list, show, why, receipt, export, verify."""

import argparse
import json
from pathlib import Path
from typing import Any

from safety.errors import Misconfigured
from safety.evidence import Result, verify_log, verify_pack
from safety.tlog_policy import TlogPolicy
from service.cli.connection import connect
from service.cli.output import FAILED, say, show
from service.cli.remote import write_whole
from service.explain import explain
from service.translate import timestamp


def listing(args: argparse.Namespace) -> int:
    only: dict[str, Any] = {
        "kind": args.kind, "record_id": args.record, "identity_id": args.identity, "trace_id": args.trace,
        "consent_id": args.consent, "caller": args.caller, "outcome": args.outcome,
        "since": args.since and timestamp(args.since), "until": args.until and timestamp(args.until),
    }  # fmt: skip
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


def why(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        entries = [_entry(each.entry) for each in sitter.provenance(args.record).entries]
        consents = {entry["consent_id"] for entry in entries if "consent_id" in entry}
        agreed = [_entry(e) for consent in sorted(consents) for e in sitter.entries(consent_id=consent)]
    lines = explain(args.record, entries, agreed)
    if args.json:
        show({"record_id": args.record, "why": lines})
    else:
        for line in lines:
            say(line)
    return 0


def receipt(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        found = sitter.receipt(args.record)
    if args.out:
        write_whole(args.out, found.proof.encode())
    if args.json:
        show({"entry": _entry(found.entry), "proof": found.proof, "vkey": found.vkey})
    else:
        say(str(args.out) if args.out else found.proof.rstrip("\n"))
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
    result = _verified(args)
    if args.json:
        show({"ok": result.ok, "failure": result.failure, "origin": result.origin, "size": result.size,
              "entries": result.entries, "key_given": result.key_given,
              "unknown": list(result.strangers)})  # fmt: skip
    elif result.ok:
        say(f"verified: {result.entries} entries, under the checkpoint of {result.origin} over {result.size}")
        for name in result.strangers:
            say(f"holds what this version does not know: {name}")
    else:
        say(f"NOT verified: {result.failure}")
    return 0 if result.ok else FAILED


def _verified(args: argparse.Namespace) -> Result:
    """A data folder is checked against its own published key; a file is taken for a pack."""
    what: Path = args.what
    if not what.exists():
        raise FileNotFoundError(2, "no such file or folder", str(what))
    if not what.is_dir():
        return verify_pack(what, args.key, TlogPolicy.read(args.policy) if args.policy else None)
    key = what / "log.vkey"
    if not key.is_file():
        raise Misconfigured(
            f"{what} has no log.vkey: name the data folder of a deployment, or an evidence pack"
        )
    return verify_log(what / "records.db", args.key or key.read_text("utf-8").strip(), args.anchors)


def _entry(entry: Any) -> dict[str, Any]:
    return {"index": entry.index, **json.loads(entry.body)}


def _line(entry: dict[str, Any]) -> str:
    about = " ".join(
        f"{key}={entry[key]}" for key in ("record_id", "identity_id", "consent_id") if key in entry
    )
    what = " ".join(str(entry[key]) for key in ("gate", "outcome", "reason") if key in entry)
    return f"{entry['index']:>7}  {entry.get('at', ''):24}  {entry['kind']:17} {what:28} {about}"
