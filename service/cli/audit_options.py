"""The options of `sitter audit`."""

import argparse
from datetime import UTC, datetime
from pathlib import Path


def add_audit(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> list[argparse.ArgumentParser]:
    """Add the commands; returns those that call a server."""
    actions = commands.add_parser("audit", help="query, prove, export and verify the log").add_subparsers(
        required=True, metavar="ACTION"
    )
    remote = [_listing(actions)]
    for name, run, means in (
        ("show", "show_record", "everything on record of one clip, with proofs"),
        ("why", "why", "why a clip was made or refused, in plain words"),
        ("receipt", "receipt", "proof that a clip was released (c2sp.org/tlog-proof)"),
    ):
        about = actions.add_parser(name, help=means)
        about.add_argument("record", metavar="CLIP", help="its record id")
        about.set_defaults(run=f"audit.{run}")
        remote.append(about)
    remote[-1].add_argument("--out", type=Path, metavar="FILE", help="default: on the screen")
    export = actions.add_parser("export", help="evidence pack: one zip that verifies offline")
    export.add_argument("--record", help="only of this clip; default: the whole log")
    export.add_argument("--out", type=Path, required=True, metavar="ZIP")
    export.set_defaults(run="audit.export")
    _verify(actions)
    _publishing(actions)
    return [*remote, export]


def _listing(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    listing = actions.add_parser("list", help="entries, oldest first")
    listing.add_argument("--kind", help="for example refusal")
    listing.add_argument("--record", "--clip", help="only of this clip")
    for name in ("identity", "consent", "trace"):
        listing.add_argument(f"--{name}", help=f"only of this {name} id")
    listing.add_argument("--caller", help="only by this caller")
    listing.add_argument("--outcome", help="only with this outcome: passed or refused")
    for name, means in (("since", "from this time on"), ("until", "before this time")):
        listing.add_argument(
            f"--{name}", type=_time, metavar="TIME", help=f"{means}; ISO 8601, UTC if no zone"
        )
    listing.set_defaults(run="audit.listing")
    return listing


def _verify(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verify = actions.add_parser("verify", help="check an evidence pack or a deployment's log, offline")
    verify.add_argument(
        "what", type=Path, metavar="ZIP|DATA", help="evidence pack, or the data folder of a deployment"
    )
    verify.add_argument(
        "--key", metavar="VKEY", help="of a pack: the log's key, as the operator published it"
    )
    verify.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="of a pack: whose cosignatures it needs (C2SP tlog-policy)",
    )
    verify.add_argument(
        "--anchors", type=Path, metavar="DIR", help="of a data folder: anchors that must be of its history"
    )
    verify.add_argument("--json", action="store_true", help="answer as JSON")
    verify.set_defaults(run="audit.verify")


def _publishing(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Commands beside a running service, in its data folder."""
    tiles = actions.add_parser("export-tiles", help="the log as static files (C2SP tlog-tiles)")
    tiles.add_argument("folder", type=Path, metavar="DIR", help="new, or one exported to before")
    tiles.add_argument("--no-entries", action="store_true", help="hashes and checkpoint alone")
    tiles.set_defaults(run="audit_publish.tiles")
    witness = actions.add_parser("witness", help="have the newest checkpoint cosigned (C2SP tlog-witness)")
    witness.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="witnesses (C2SP tlog-policy); default: tlog-policy in the data",
    )
    witness.set_defaults(run="audit_publish.witness")
    anchor = actions.add_parser("anchor", help="put the newest checkpoint where it cannot be changed")
    anchor.add_argument("folder", type=Path, metavar="DIR", help="write-once storage, best of somebody else")
    anchor.add_argument("--tsa", metavar="URL", help="also have it stamped by this authority (RFC 3161)")
    anchor.set_defaults(run="audit_publish.anchor")
    for each in (tiles, witness, anchor):
        each.add_argument("--config", type=Path, metavar="FILE", help="settings; default $SITTER_CONFIG")


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-05-01T12:00:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
