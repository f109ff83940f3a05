"""`sitter detect`: ask a running service what a video is, and write its answer down for people."""

import argparse
import errno
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from service.cli.connection import connect
from service.cli.output import say, show
from service.cli.remote import write_whole
from service.report.answer import detection_dict
from service.report.words import clock, number, plain

__all__ = ["detect", "detection_dict"]


def detect(args: argparse.Namespace) -> int:
    if args.report is not None:
        _folder(args.report)  # now, not after the minutes that a long video takes
    with connect(args, anonymous=True) as sitter, _progress(args.quiet or args.json) as progress:
        answer = detection_dict(sitter.detect_stream(args.file, progress))
    if args.report is not None:
        _write(args.report, answer, args.file)
    if args.json:
        show(answer)
    else:
        _tell(answer)
    return 0


def _tell(answer: Mapping[str, Any]) -> None:
    say(f"{answer['verdict']}: {answer['explanation']}")
    if answer["record_id"]:
        state = answer["consent"]
        say(f"clip {answer['record_id']}, log entry {answer['log_index']}; consent today: {state}")
    for span in answer["altered"]:
        say(f"changed: {span['kind']} from {span['start']:.1f} to {span['end']:.1f} s")
    calibrated = "calibrated" if answer["calibrated"] else "not calibrated"
    say(f"machine-made score {answer['score']:.2f} ({answer['score_verdict']}, {calibrated})")
    for finding in answer["findings"]:
        mark = "!" if finding["sign"] else " "
        say(f" {mark} {finding['cue']}: {number(finding['value'])} {finding['unit']}; {finding['reason']}")
    for check in answer["checks"]:
        if not check["passed"]:
            say(f"flagged before release: {plain(check['name'])}; {check['reason']}")
    for note in answer["notes"]:
        say(f"note: {note}")


def _folder(path: Path) -> None:
    """Make it. Raises OSError."""
    if path.exists() and not path.is_dir():
        raise OSError(errno.ENOTDIR, "is a file: name a folder for the report", str(path))
    path.mkdir(parents=True, exist_ok=True)


def _write(folder: Path, answer: Mapping[str, Any], video: Path) -> None:
    """report.json, report.html and, where `reportlab` is installed, report.pdf."""
    from safety.evidence_summary import can_print
    from service.report import html, pdf
    from service.report.content import Subject

    with video.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    version = metadata.version("sitter")
    subject = Subject(video.name, video.stat().st_size, digest, datetime.now(UTC), f"Sitter {version}")
    told = {"file": subject.as_dict(), "answer": answer}
    write_whole(folder / "report.json", json.dumps(told, indent=2, sort_keys=True).encode())
    write_whole(folder / "report.html", html.page(answer, subject).encode())
    if can_print():
        write_whole(folder / "report.pdf", pdf.pdf(answer, subject))
    else:
        print("report.pdf is left out: install reportlab to have it", file=sys.stderr)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Any], None]]:
    """A bar on the terminal that shows how far the look at the video is."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:26}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("sending", total=None)

        def update(news: Any) -> None:
            if news.HasField("progress"):
                done, total = news.progress.seconds_done, news.progress.seconds_total
                bar.update(task, description=f"looking, {clock(done)}", completed=done, total=total or None)

        yield update
