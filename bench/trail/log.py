"""Appends, proofs and the audit of a large log."""

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

PROOFS = 2_000


def measure(entries: int, callers: int, quick: bool) -> dict[str, Any]:
    """Fill a log with `entries`, append to it from `callers` threads, prove and audit."""
    seconds = 1.0 if quick else 5.0
    with tempfile.TemporaryDirectory() as folder, Database(Path(folder) / "log.db") as db:
        log = Log(db, Ed25519PrivateKey.from_private_bytes(bytes(32)), "bench.example/sitter")
        figures: dict[str, Any] = {"entries": entries, "callers": callers}
        figures["fill"] = timed(lambda: _fill(log, entries))
        figures["alone"] = latencies(lambda: log.record(_entry(0)), 100 if quick else 500)
        figures["together"] = _together(log, callers, seconds)
        figures["proof"] = _proofs(log)
        figures["receipt"] = latencies(lambda: log.receipt(entries // 3), 200)
        figures["audit"] = timed(log.verify_all)
        figures["bytes_per_entry"] = round(db.path.stat().st_size / _size(log))
    return figures


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


def latencies(work: Callable[[], object], times: int) -> dict[str, float]:
    """Milliseconds of each of `times` calls."""

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


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Seconds of one call, by the clock and of this process's CPU time."""
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
    }


def _size(log: Log) -> int:
    return log.key.open(log.checkpoint()).size
