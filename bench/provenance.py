"""Provenance's figures: log, signing, Detect, look-up, alterations. Exit status 0 whatever they are.

    python -m bench provenance [--quick] [--entries N] [--callers N] [--only log,signing,detect,search,prints]

`held` says which bounds of `BOUNDS` hold. Wall-clock figures depend on the disk (every commit waits for it)
and on what else runs; beside them stands the CPU time of this process.
"""

import argparse
import importlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from bench.trail import detect, log, signing

ENTRIES, QUICK_ENTRIES = 1_000_000, 20_000
CALLERS = 64
PARTS = ("log", "signing", "detect", "search", "prints")
BOUNDS = {
    "appends_per_second": 2_000.0,
    "proof_p99_ms": 2.0,
    "audit_seconds": 10.0,
    "sign_ms": 300.0,
    "detect_seconds": 1.5,
}
"""At least so many appends, at most so much of the others, with `ENTRIES` entries on two cores."""


def run(argv: list[str]) -> dict[str, Any]:
    args = _arguments(argv)
    entries = args.entries or (QUICK_ENTRIES if args.quick else ENTRIES)
    quick = ["--quick"] if args.quick else []
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "log": lambda: log.measure(entries, args.callers, args.quick),
        "signing": signing.measure,
        "detect": detect.measure,
        "search": lambda: _other("lookup", quick),
        "prints": lambda: _other("fingerprint", quick),
    }
    figures = {name: parts[name]() for name in args.only}
    return {**figures, "bounds": BOUNDS, "held": _held(figures)}


def _other(name: str, argv: list[str]) -> dict[str, Any]:
    """What another benchmark says; a tree without it says so, and the other figures are printed."""
    if find_spec(f"bench.{name}") is None:
        return {"error": f"there is no benchmark {name} here"}
    figures: dict[str, Any] = importlib.import_module(f"bench.{name}").run(argv)
    return figures


def _held(figures: dict[str, Any]) -> dict[str, bool]:
    """Which bounds hold, of those that were measured; `search` and `prints` judge themselves."""
    values: dict[str, float] = {}
    if "log" in figures:
        values["appends_per_second"] = figures["log"]["together"]["per_second"]
        values["proof_p99_ms"] = figures["log"]["proof"]["p99_ms"]
        values["audit_seconds"] = figures["log"]["audit"]["seconds"]
    if "signing" in figures:
        values["sign_ms"] = figures["signing"]["sign_ms"]["median"]
    if "detect" in figures:
        values["detect_seconds"] = figures["detect"]["whole"]["seconds"]
    return {
        name: value >= BOUNDS[name] if name == "appends_per_second" else value <= BOUNDS[name]
        for name, value in values.items()
    }


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench provenance")
    parser.add_argument("--quick", action="store_true", help=f"a log of {QUICK_ENTRIES} entries, few cases")
    parser.add_argument("--entries", type=int, help=f"size of the log; default {ENTRIES}")
    parser.add_argument("--callers", type=int, default=CALLERS, help="threads that append at a time")
    parser.add_argument(
        "--only", type=_parts, default=PARTS, metavar="PARTS", help=f"of {', '.join(PARTS)}, with commas"
    )
    return parser.parse_args(argv)


def _parts(text: str) -> tuple[str, ...]:
    named = tuple(text.split(","))
    if unknown := set(named) - set(PARTS):
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(sorted(unknown))}")
    return named
