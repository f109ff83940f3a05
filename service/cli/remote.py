"""Commands that ask a running service: enroll, generate."""

import argparse
import errno
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

from service.cli.connection import connect
from service.cli.output import say, show
from service.cli.steering import steered
from service.pb.sitter.v1 import generation_pb2
from service.translate import (
    BASIS_NAME,
    GATE_NAME,
    IDENTITY_STATE_NAME,
    LABEL,
    TRACK_MODE,
    controls_out,
)


def enroll(args: argparse.Namespace) -> int:
    pictures = [path.read_bytes() for path in args.picture]
    with connect(args) as sitter:
        answer = sitter.enroll(
            pictures, basis=args.basis, label=args.label, declaration=args.declaration,
            adult=args.adult, protected=args.protected, guardian=args.guardian, retain_days=args.retain_days,
            media_days=args.media_days, video=args.video.read_bytes() if args.video else b"",
            voices=[path.read_bytes() for path in args.voice],
        )  # fmt: skip
    identity_id, state = answer.identity.identity_id, IDENTITY_STATE_NAME[answer.identity.state]
    waits = "; another operator has to approve it" if state == "pending" else ""
    answer_with(args, answer, f"identity {identity_id} enrolled, log entry {answer.log_index}{waits}")
    return 0


def identity_list(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        for identity in sitter.identities():
            state = IDENTITY_STATE_NAME[identity.state]
            state = "protected" if identity.protected and state == "live" else state
            state = "enrolled" if state == "live" else state
            answer_with(args, identity, f"{identity.identity_id}  {BASIS_NAME[identity.basis]:9}  {state}")
    return 0


def identity_show(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        show(MessageToDict(sitter.identity(args.identity), always_print_fields_with_no_presence=True))
    return 0


def identity_erase(args: argparse.Namespace) -> int:
    with connect(args) as sitter:
        answer = sitter.erase(args.identity)
    withdrawn = (
        f", {len(answer.withdrawn_consent_ids)} consents withdrawn" if answer.withdrawn_consent_ids else ""
    )
    answer_with(args, answer, f"identity {args.identity} erased{withdrawn}, log entry {answer.log_index}")
    return 0


def generate(args: argparse.Namespace) -> int:
    spec = generation_pb2.GenerateSpec(
        request_id=args.request_id or str(uuid.uuid4()), identity_id=args.identity, consent_id=args.consent,
        purpose=args.purpose, territory=args.territory, channel=args.channel,
        controls=controls_out(steered(args)),
        track_mode=TRACK_MODE[args.track_mode] if args.track_mode else None,
        script=text_of(args.script) if args.script else "", language=args.language,
        label=LABEL[args.label] if args.label else None,
    )  # fmt: skip
    portrait = args.portrait.read_bytes()
    speech = args.speech.read_bytes() if args.speech else b""
    track = args.track.read_bytes() if args.track else b""
    for target in filter(None, (args.out, args.receipt)):
        writable(target)  # now, not after the minutes that a clip takes
    if not args.quiet and not args.json:
        print(
            f"request {spec.request_id}: give it as --request-id to ask for this clip again", file=sys.stderr
        )
    with connect(args) as sitter, progress_bar(args.quiet or args.json) as progress:
        made = sitter.generate(spec, portrait, speech, track=track, progress=progress)
    write_whole(args.out, made.clip)
    if args.receipt:
        write_whole(args.receipt, made.release.receipt.encode())
    seconds = made.release.seconds
    answer_with(
        args, made.release,
        f"{args.out}: clip {made.release.record_id}, {seconds:.1f} s, log entry {made.release.log_index}",
    )  # fmt: skip
    return 0


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Any]:
    """A bar on the terminal that shows the gate and the frames; nothing when quiet."""
    if quiet:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=False) as bar:
        task = bar.add_task("upload", total=None)

        def update(progress: Any) -> None:
            bar.update(task, description=str(GATE_NAME[progress.gate]))
            if progress.frames_total:
                bar.update(task, completed=progress.frames_done, total=progress.frames_total)

        yield update


def writable(path: Path) -> None:
    """Raises OSError when no file can be written there."""
    if path.is_dir():
        raise OSError(errno.EISDIR, "is a folder: name a file", str(path))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, "the folder is missing or cannot be written", str(path.parent))


def text_of(path: Path) -> str:
    """A text file. Raises OSError."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise OSError(errno.EINVAL, "is not a text in UTF-8", str(path)) from None


def write_whole(path: Path, data: bytes) -> None:
    """All of it or nothing: a file of its own first, then the name."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def answer_with(args: argparse.Namespace, message: Any, text: str) -> None:
    """A message as JSON, or a line about it."""
    if args.json:
        show(
            MessageToDict(
                message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
            )
        )
    else:
        say(text)
