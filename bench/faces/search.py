"""The exact search on generated galleries: random unit vectors, which are farther apart than faces are."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safety.gallery import Gallery

Floats = NDArray[np.float32]

REACH = 0.30
PLANTED = 50  # neighbours within reach of each probe, half of them within a hair of the limit


def measure(people: int, size: int, probes: int, floor_ms: float, aim_ms: float) -> dict[str, Any]:
    """Times of `Gallery.near`, and its recall against double precision."""
    rng = np.random.default_rng(people + size)
    matrix = rng.standard_normal((people, size), dtype=np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    probe = matrix[0].copy()
    for row, distance in enumerate(np.linspace(REACH - 1e-3, REACH - 1e-5, PLANTED), 1):
        matrix[row] = _neighbour(rng, probe, distance)
    gallery = Gallery()
    gallery.fill(((f"t{row}", "consent", False, 3) for row in range(people)), matrix)
    found = {each.identity_id for each in gallery.near(probe, REACH)}
    exact = _within(matrix, probe)
    seconds, processor = [], []
    for _ in range(probes):
        wall, used = time.perf_counter(), time.process_time()
        gallery.near(probe, REACH)
        seconds.append(time.perf_counter() - wall)
        processor.append(time.process_time() - used)
    return {
        "people": people,
        "dimensions": size,
        "recall": len(found & exact) / len(exact),
        "extra": len(found - exact),
        "p50_ms": round(float(np.percentile(seconds, 50)) * 1e3, 2),
        "p99_ms": round(float(np.percentile(seconds, 99)) * 1e3, 2),
        "least_ms": round(min(seconds) * 1e3, 2),
        "processor_p50_ms": round(float(np.percentile(processor, 50)) * 1e3, 2),
        "processor_p99_ms": round(float(np.percentile(processor, 99)) * 1e3, 2),
        "floor_p99_ms": floor_ms,
        "aim_p99_ms": aim_ms,
        "megabytes": round(matrix.nbytes / 2**20),
    }


def _neighbour(rng: np.random.Generator, probe: Floats, distance: float) -> Floats:
    other = rng.standard_normal(len(probe))
    other -= (other @ probe) * probe
    other /= np.linalg.norm(other)
    cosine = 1 - distance
    return np.asarray(cosine * probe + np.sqrt(1 - cosine**2) * other, np.float32)


def _within(matrix: Floats, probe: Floats) -> set[str]:
    """Who is within reach, in double precision, in blocks."""
    rows: list[int] = []
    for start in range(0, len(matrix), 50_000):
        block = matrix[start : start + 50_000].astype(np.float64)
        rows += (start + np.flatnonzero(1 - block @ probe.astype(np.float64) <= REACH)).tolist()
    return {f"t{row}" for row in rows}
