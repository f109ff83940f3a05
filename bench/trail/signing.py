"""Signing a clip of ten megabytes, and reading it back."""

import secrets
import statistics
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.pipeline import SPEECH
from safety.claim import ClaimFacts, Source
from safety.credentials import Credentials
from safety.keys import KeyRing
from safety.selftest import tiny_clip
from service.demo.cast import drawn

CLIP_BYTES = 10_000_000
RUNS = 7


class _Permit:
    permit_id = "bench"


def measure() -> dict[str, Any]:
    """Median and slowest of `RUNS` signatures by a file key, without a time-stamper; then reading."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        credentials = Credentials.open(folder / "credentials", KeyRing.open(folder / "keys"))
        try:
            return _measured(credentials, folder)
        finally:
            credentials.close()


def _measured(credentials: Credentials, folder: Path) -> dict[str, Any]:
    source, target = folder / "clip.mp4", folder / "signed.mp4"
    media = secrets.token_bytes(CLIP_BYTES)
    source.write_bytes(tiny_clip() + (len(media) + 8).to_bytes(4, "big") + b"mdat" + media)
    portrait = Source(drawn("character").portrait, "image/png")
    took, reading = [], []
    for _ in range(RUNS):
        facts = _facts(portrait)
        start = time.perf_counter()
        credentials.sign(source, target, facts, _Permit())
        took.append((time.perf_counter() - start) * 1e3)
        start = time.perf_counter()
        if not credentials.read(target).ours:
            raise RuntimeError("what was signed does not read as ours")
        reading.append((time.perf_counter() - start) * 1e3)
    return {
        "bytes": target.stat().st_size,
        "sign_ms": {"median": round(statistics.median(took), 1), "slowest": round(max(took), 1)},
        "read_ms": {"median": round(statistics.median(reading), 1), "slowest": round(max(reading), 1)},
    }


def _facts(portrait: Source) -> ClaimFacts:
    return ClaimFacts(
        manifest_id=f"urn:c2pa:{uuid.uuid4()}",
        at=datetime.now(UTC),
        portrait=portrait,
        speech=Source(SPEECH.read_bytes(), "audio/flac"),
        payload="00" * 12,
        watermark="dev.sitter.watermark.bench",
        basis="character",
        commitments={},
        engine="bench",
    )
