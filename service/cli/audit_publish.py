"""`sitter audit export-tiles`, `witness`, `anchor`: what of the log goes to others."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safety.anchors import to_folder
from safety.log_view import LogView
from safety.note import NoteKey
from safety.stores import open_records
from safety.tiles import export_tiles
from safety.tlog_policy import TlogPolicy
from service.cli.connection import settings_of
from service.cli.output import say
from service.witnessing import TLOG_POLICY, WITNESSED, collect, stamp


def tiles(args: argparse.Namespace) -> int:
    with _log(args) as (log, _):
        size, written = export_tiles(log, args.folder, entries=not args.no_entries)
    say(f"{args.folder}: {size} entries, {written} files written")
    return 0


def witness(args: argparse.Namespace) -> int:
    with _log(args) as (log, data):
        policy = TlogPolicy.read(args.policy or data / TLOG_POLICY)
        note, missing = collect(log, policy, data / WITNESSED)
        size = log.key.open(note).size
    say(f"the checkpoint over {size} entries is cosigned; quorum {policy.quorum} reached")
    for name, why in missing.items():
        say(f"without {name}: {why}")
    return 0


def anchor(args: argparse.Namespace) -> int:
    with _log(args) as (log, _):
        path = stamp(log, args.tsa, args.folder) if args.tsa else to_folder(log, args.folder)
    say(str(path))
    return 0


@contextmanager
def _log(args: argparse.Namespace) -> Iterator[tuple[LogView, Path]]:
    """The log, read only, and the data folder. Raises StoreUnavailable, OSError."""
    settings = settings_of(args)
    key = NoteKey.parse((settings.data / "log.vkey").read_text("utf-8"))
    with open_records(settings.records, read_only=True) as db:
        yield LogView(db, key), settings.data
