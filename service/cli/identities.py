"""Commands about identities that need more than one call, or a stopped service."""

import argparse
import csv
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safety.errors import Misconfigured
from service.cli.connection import connect, settings_of
from service.cli.output import FAILED, say, show
from service.client import RemoteError
from service.pb.sitter.v1 import identity_pb2

MOST_PICTURES = 16  # of one upload
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})


def review(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        answer = sitter.review(args.identity, approve=args.decision == "approve")
    done = "approved" if args.decision == "approve" else "rejected and erased"
    say(f"identity {args.identity} {done}, log entry {answer.log_index}")
    return 0


def inspect(args: argparse.Namespace) -> int:
    """Write the pictures of a pending identity to a folder and print its words."""
    with connect(args) as sitter:
        told, pictures = sitter.enrolment(args.identity)
    args.out.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures, 1):
        (args.out / f"{args.identity}-{number}.png").write_bytes(picture)
    say(f"label: {told.label}")
    say(f"declaration: {told.declaration}")
    say(f"enrolled by {told.identity.enrolled_by}; {len(pictures)} pictures in {args.out}: delete them after")
    return 0


def likenesses(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        found = sitter.likenesses()
    rows = [
        {"at": each.at.ToDatetime().isoformat() + "Z", "kind": each.kind, "identity_id": each.identity_id,
         "other_id": each.other_id, "enrolled_by": each.enrolled_by}
        for each in found
    ]  # fmt: skip
    if args.json:
        show(rows)
    else:
        for row in rows:
            other = row["other_id"] or "(refused)"
            say(f"{row['at']}  {row['kind']:9}  {row['identity_id']}  {other}  by {row['enrolled_by']}")
    return 0


def sweep(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        done = sitter.sweep()
    say(f"{len(done.erased_ids)} identities erased, pictures of {len(done.media_ids)} deleted")
    return 0


def protect(args: argparse.Namespace) -> int:
    """Import a protected list: a folder of pictures, one person each, or a CSV file of templates."""
    failed = 0
    with connect(args) as sitter:
        for name, pictures, template in _listed(args.source, args.encoder_sha256):
            try:
                answer = sitter.enroll(
                    pictures, basis="consent", label=name, declaration="protected list", adult=False,
                    protected=True, template=template, retain_days=args.days,
                )  # fmt: skip
            except RemoteError as error:
                failed += 1
                say(f"FAIL {name}: {error}")
                continue
            say(f"ok   {name}: {answer.identity.identity_id}")
    say(f"{failed} could not be imported" if failed else "all imported")
    return FAILED if failed else 0


def reembed(args: argparse.Namespace) -> int:
    from perception.face import FaceFinder
    from perception.image import decode_image
    from safety.encoders import open_encoder
    from safety.entry import IDENTITY_REEMBEDDED, Entry
    from safety.protection import Protection
    from safety.reembed import reembed as renew
    from safety.voices import open_voice_encoder
    from safety.voices.prints import Voices
    from safety.voices.rows import VoicePrint
    from service.wiring import utc_now

    with _offline(args) as (settings, db, ring, vault, log):
        finder = FaceFinder()
        encoder = open_encoder(settings.encoder, finder)
        trace_id = secrets.token_hex(16)

        def logged(tx, identity) -> None:  # type: ignore[no-untyped-def]
            body = {
                "caller": "reembed", "encoder_sha256": encoder.sha256, "identity_id": identity.identity_id,
                "outcome": identity.state, "trace_id": trace_id,
            }  # fmt: skip
            log.append(tx, Entry(IDENTITY_REEMBEDDED, body, at=utc_now()))

        done = renew(
            db, vault, encoder, finder, Protection(ring.derive("templates")),
            decode=lambda data: decode_image(data).pixels, logged=logged, suspend=args.suspend,
        )  # fmt: skip
        voices = Voices(
            db, vault, Protection(ring.derive("voices")), lambda: open_voice_encoder(settings.voice_encoder)
        )
        with db.transaction() as tx:

            def heard(each: VoicePrint) -> None:
                body = {
                    "caller": "reembed", "encoder_sha256": each.encoder_sha256,
                    "identity_id": each.identity_id, "outcome": "voice", "trace_id": trace_id,
                }  # fmt: skip
                log.append(tx, Entry(IDENTITY_REEMBEDDED, body, at=utc_now()))

            made, left = voices.reembed(tx, heard)
    say(f"{len(done.renewed)} templates made anew, {len(done.suspended)} identities suspended")
    if made or left:
        say(f"{made} voice prints made anew, {left} without recordings count no more: add those voices again")
    return 0


def rotate(args: argparse.Namespace) -> int:
    """Wrap every identity's key with a new master key. Run again after a crash: it goes on."""
    from safety.entry import KEYS_ROTATED, Entry
    from safety.master import add_local_key, keep_newest, local_keys, open_masters
    from safety.vault import Vault
    from service.wiring import utc_now

    with _offline(args) as (settings, db, ring, _, log):
        local = settings.vault.startswith("file:")
        if local and len(local_keys(ring)) == 1:
            add_local_key(ring)
        older = open_masters(args.source, ring) if args.source else []
        vault = Vault(db, [*open_masters(settings.vault, ring), *older])
        count = vault.rewrap()
        db.forget()
        if local:
            keep_newest(ring)
        with db.transaction() as tx:
            body = {"caller": "keys rotate", "keys": count, "trace_id": secrets.token_hex(16)}
            log.append(tx, Entry(KEYS_ROTATED, body, at=utc_now()))
    say(f"{count} keys wrapped anew; backups from before open only with a backup of the old key ring")
    return 0


@contextmanager
def _offline(args: argparse.Namespace) -> Iterator[tuple]:  # type: ignore[type-arg]
    """The records of a stopped service. Raises StoreUnavailable while one runs."""
    from safety.keys import KeyRing
    from safety.log import Log
    from safety.master import open_masters
    from safety.stores import open_records
    from safety.vault import Vault

    settings = settings_of(args)
    ring = KeyRing.open(settings.signer.partition(":")[2])
    with open_records(settings.records) as db:
        log = Log(db, ring.log, settings.origin, high_water=ring.folder / "log.checkpoint")
        yield settings, db, ring, Vault(db, open_masters(settings.vault, ring)), log


def _listed(
    source: Path, encoder_sha256: str
) -> Iterator[tuple[str, list[bytes], identity_pb2.FaceTemplate | None]]:
    """Names, pictures and templates of a folder or a CSV file. Raises Misconfigured, OSError."""
    if source.is_dir():
        for path in sorted(source.iterdir()):
            if path.is_dir():
                found = sorted(each for each in path.iterdir() if each.suffix.lower() in PICTURES)
                yield path.name, [each.read_bytes() for each in found[:MOST_PICTURES]], None
            elif path.suffix.lower() in PICTURES:
                yield path.stem, [path.read_bytes()], None
        return
    with source.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.reader(file), 1):
            if not row or row[0].startswith("#"):
                continue
            try:
                values = [float(value) for value in row[1:]]
            except ValueError:
                raise Misconfigured(f"row {number} of the list is not a name and numbers") from None
            yield row[0], [], identity_pb2.FaceTemplate(encoder_sha256=encoder_sha256, values=values)
