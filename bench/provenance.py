"""The log's figures: appends, proofs, audit. Exit status 0 whatever they are; `held` says which bounds hold.

    python -m bench provenance [--quick] [--entries N] [--callers N]

Wall-clock figures depend on the disk (every commit waits for it) and on what else runs; beside them stands
the CPU time of this process.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety import merkle
from safety.entry import DECISION, Entry
from safety.log import BATCH, Log
from safety.stores.sqlite import Database

ENTRIES, QUICK_ENTRIES = 1_000_000, 20_000
CALLERS = 64
PROOFS = 2_000
BOUNDS = {"appends_per_second": 2_000.0, "proof_p99_ms": 2.0, "audit_seconds": 10.0}
"""At least so many appends, at most so much of the others, with `ENTRIES` entries on two cores."""


def run(argv: list[str]) -> dict[str, Any]:
    args = _arguments(argv)
    entries = args.entries or (QUICK_ENTRIES if args.quick else ENTRIES)
    seconds = 1.0 if args.quick else 5.0
    with tempfile.TemporaryDirectory() as folder, Database(Path(folder) / "log.db") as db:
        log = Log(db, Ed25519PrivateKey.from_private_bytes(bytes(32)), "bench.example/sitter")
        figures: dict[str, Any] = {"entries": entries, "callers": args.callers}
        figures["fill"] = _timed(lambda: _fill(log, entries))
        figures["alone"] = _latencies(lambda: log.record(_entry(0)), 100 if args.quick else 500)
        figures["together"] = _together(log, args.callers, seconds)
        figures["proof"] = _proofs(log)
        figures["receipt"] = _latencies(lambda: log.receipt(entries // 3), 200)
        figures["audit"] = _timed(log.verify_all)
        figures["bytes_per_entry"] = round(db.path.stat().st_size / _size(log))
    with_bounds = {
        "appends_per_second": figures["together"]["per_second"],
        "proof_p99_ms": figures["proof"]["p99_ms"],
        "audit_seconds": figures["audit"]["seconds"],
    }
    held = {
        name: value >= BOUNDS[name] if name == "appends_per_second" else value <= BOUNDS[name]
        for name, value in with_bounds.items()
    }
    return {"log": figures, "bounds": BOUNDS, "held": held}


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench provenance")
    parser.add_argument("--quick", action="store_true", help=f"a log of {QUICK_ENTRIES} entries")
    parser.add_argument("--entries", type=int, help=f"size of the log; default {ENTRIES}")
    parser.add_argument("--callers", type=int, default=CALLERS, help="threads that append at a time")
    return parser.parse_args(argv)


def _entry(number: int) -> Entry:
    """As a gate writes them, of some 400 bytes."""
    return Entry(
        DECISION,
        {
            "caller": "studio", "gate": "intake", "outcome": "passed", "record_id": f"{number:024x}",
            "trace_id": f"{number:032x}", "span_id": f"{number:016x}", "seconds": 8.32,
            "portrait": f"{number:064x}", "speech": f"{number * 3:064x}",
        },
    )  # fmt: skip


def _fill(log: Log, entries: int) -> None:
    """Whole batches, as a busy log commits them."""
    for start in range(0, entries, BATCH):
        with log.db.transaction() as tx:
            log.extend(tx, [_entry(n) for n in range(start, min(start + BATCH, entries))])


def _together(log: Log, callers: int, seconds: float) -> dict[str, float]:
    """Appends per second, acknowledged and durable, of many callers that each wait for theirs."""
    before, counts, stop = _size(log), [0] * callers, threading.Event()
    latencies: list[list[float]] = [[] for _ in range(callers)]

    def work(caller: int) -> None:
        while not stop.is_set():
            start = time.perf_counter()
            log.record(_entry(counts[caller]))
            latencies[caller].append((time.perf_counter() - start) * 1e3)
            counts[caller] += 1

    threads = [threading.Thread(target=work, args=(caller,)) for caller in range(callers)]
    start, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    wall, done = time.perf_counter() - start, sum(counts)
    if _size(log) - before != done:
        raise RuntimeError("acknowledged entries are missing from the log")
    cpu_us = (time.process_time() - cpu) / done * 1e6
    return {"per_second": round(done / wall), "cpu_us_each": round(cpu_us, 1)} | _quantiles(
        sorted(value for each in latencies for value in each)
    )


def _proofs(log: Log) -> dict[str, float]:
    """Proofs of entries anywhere in the log; each is checked outside the clock."""
    size, random = _size(log), Random(6)  # noqa: S311 (which entries, not a secret)
    root = log.key.open(log.checkpoint()).root
    took, cpu = [], []
    for index in (random.randrange(size) for _ in range(PROOFS)):
        start, spent = time.perf_counter(), time.thread_time()
        proof = log.inclusion_proof(index, size)
        cpu.append((time.thread_time() - spent) * 1e3)
        took.append((time.perf_counter() - start) * 1e3)
        merkle.verify_inclusion(merkle.leaf_hash(log.entry(index).data), index, size, proof, root)
    on_cpu = {f"cpu_{name}": value for name, value in _quantiles(sorted(cpu)).items()}
    return _quantiles(sorted(took)) | on_cpu


def _latencies(work: Callable[[], object], times: int) -> dict[str, float]:
    def each() -> Iterator[float]:
        for _ in range(times):
            start = time.perf_counter()
            work()
            yield (time.perf_counter() - start) * 1e3

    return _quantiles(sorted(each()))


def _quantiles(ordered: list[float]) -> dict[str, float]:
    return {
        "p50_ms": round(ordered[len(ordered) // 2], 3),
        "p99_ms": round(ordered[len(ordered) * 99 // 100], 3),
    }


def _timed(work: Callable[[], object]) -> dict[str, float]:
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
    }


def _size(log: Log) -> int:
    return log.key.open(log.checkpoint()).size
