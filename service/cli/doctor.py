"""`sitter doctor`: what on this machine is missing or wrong, and what to do about it."""

import argparse
import importlib
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from typing import Any

from perception import models
from perception.errors import SitterError
from service.cli.connection import settings_of

FREE_BYTES = 2 * 1024**3
LIBRARIES = ("torch", "av", "PIL", "ai_edge_litert", "onnxruntime", "cedarpy", "c2pa", "grpc")


def examine(args: argparse.Namespace) -> list[dict[str, Any]]:
    """One finding per check: what, ok, found, do."""
    return [_ran(what, check, do) for what, check, do in _checks(args)]


def _checks(args: argparse.Namespace) -> Iterator[tuple[str, Callable[[], tuple[bool, str]], str]]:
    yield "Python", _python, "use Python 3.11 or newer"
    for name in LIBRARIES:
        yield f"library {name}", _importable(name), "run `make demo` or `pip install sitter` again"
    yield "model files", _model_files, "run `sitter models pull`"
    yield "settings", lambda: (True, f"data in {settings_of(args).data}"), "correct what the message names"
    yield "policies", lambda: _policies(args), "correct the policy folder; the service does not start with it"
    yield "face encoder", lambda: _encoder(args), "correct the setting `encoder`, or pull the models"
    yield "speaker encoder", lambda: _voice(args), "correct `voice_encoder`, or run `sitter models pull`"
    yield "face search", lambda: _search(args), "use an encoder whose calibration resolves this many people"
    yield "callers", lambda: _callers(args), "correct the callers file; `sitter caller add` makes entries"
    yield "disk", lambda: _disk(args), f"free {FREE_BYTES >> 30} GiB where the data folder is"
    yield "memory and processors", _machine, "at least 2 processors are advised"
    yield (
        "SQLite",
        lambda: (True, f"{sqlite3.sqlite_version}; one writer, so its WAL-reset bug cannot occur"),
        "",
    )


def _ran(what: str, check: Callable[[], tuple[bool, str]], do: str) -> dict[str, Any]:
    try:
        ok, found = check()
    except SitterError as error:
        ok, found = False, str(error)
    except (ImportError, OSError) as error:
        ok, found = False, f"{type(error).__name__}: {error}"
    return {"what": what, "ok": ok, "found": found, "do": "" if ok else do}


def _python() -> tuple[bool, str]:
    return sys.version_info >= (3, 11), platform.python_version()


def _importable(name: str) -> Callable[[], tuple[bool, str]]:
    def check() -> tuple[bool, str]:
        module = importlib.import_module(name)
        return True, str(getattr(module, "__version__", "present"))

    return check


def _model_files() -> tuple[bool, str]:
    states = models.verify()
    bad = [f"{each.model.name} {each.state}" for each in states if each.state != "ok"]
    return not bad, ", ".join(bad) or f"{len(states)} files, every hash right"


def _policies(args: argparse.Namespace) -> tuple[bool, str]:
    from safety.policy import Policy

    policy = Policy.load(settings_of(args).policies)
    return True, f"{len(policy.rules)} rules, digest {policy.digest[:16]}"


def _encoder(args: argparse.Namespace) -> tuple[bool, str]:
    from safety.encoders import open_encoder

    encoder = open_encoder(settings_of(args).encoder)
    return True, f"{encoder.name}, {encoder.sha256[:16]}"


def _voice(args: argparse.Namespace) -> tuple[bool, str]:
    from safety.voices import open_voice_encoder

    settings = settings_of(args)
    encoder = open_voice_encoder(settings.voice_encoder)
    encoder.calibration.profile(settings.voice_profile)
    return True, f"{encoder.name}, {encoder.sha256[:16]}, profile {settings.voice_profile}"


def _search(args: argparse.Namespace) -> tuple[bool, str]:
    """Whether the calibration's false match rates reach what a search among everybody enrolled needs."""
    from pathlib import Path

    from safety.encoders import open_encoder
    from safety.stores import open_records

    settings = settings_of(args)
    if not Path(settings.records.partition(":")[2]).exists():
        return True, "nobody is enrolled yet"
    with open_records(settings.records, read_only=True) as db, db.reading() as rx:
        sql = "SELECT count(*), coalesce(sum(protected), 0) FROM identities WHERE erased_at IS NULL"
        people, protected = rx.execute(sql).fetchone()
    curve = open_encoder(settings.encoder).calibration
    found = (
        f"{people} enrolled, {protected} of them protected; false alarms expected: "
        f"{curve.false_alarms(people):.1%} of enrolments, {curve.false_alarms(protected):.1%} of requests"
    )
    return curve.resolves(people) and curve.resolves(protected), found


def _callers(args: argparse.Namespace) -> tuple[bool, str]:
    from pathlib import Path

    from service.caller import Callers

    url = settings_of(args).callers
    if not Path(url.partition(":")[2]).exists():
        return True, "none listed yet: the first start lists `local`"
    Callers.open(url)
    return True, "the file is well formed"


def _disk(args: argparse.Namespace) -> tuple[bool, str]:
    folder = settings_of(args).data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return free >= FREE_BYTES, f"{free / 1024**3:.1f} GiB free"


def _machine() -> tuple[bool, str]:
    processors = os.cpu_count() or 1
    return processors >= 2, f"{processors} processors"
