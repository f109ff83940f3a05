"""A flipped byte anywhere: detected, or nothing that anybody reads has changed."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safety import jumbf, merkle
from safety.entry import DECISION, Entry
from safety.errors import EvidenceInvalid
from safety.label import Label
from safety.log import Log
from safety.note import NoteKey
from safety.stores.sqlite import Database
from safety.tiles import export_tiles
from tests.safety.test_credentials import Installation, facts, install

SAMPLES = 40
"""Of each region."""
CONTENT = ("moov", "mdat", "xmp", "assertions", "claim", "protected", "signature")
"""Regions where no byte may change: pictures, sound, statements and what signs them."""


def spans(data: bytes) -> Iterator[tuple[str, int, int]]:
    """(region, start, end) of a signed clip: its boxes, and the parts of its manifest store."""
    for box in jumbf.boxes(data, 0, len(data)):
        kind = box.kind.decode()
        if kind != "uuid":
            yield kind, box.start, box.end
        elif data[box.start : box.start + 4] == bytes.fromhex("be7acfcb"):
            yield "xmp", box.start, box.end
        else:
            yield from _store(data, data.index(b"jumb", box.start) - 4, box.end)


def _store(data: bytes, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    (outer,) = [box for box in jumbf.boxes(data, start, end) if box.kind == b"jumb"]
    (manifest,) = [box for box in jumbf.boxes(data, outer.start, outer.end) if box.kind == b"jumb"]
    for part in jumbf.boxes(data, manifest.start, manifest.end):
        name = jumbf.label_of(data, part) if part.kind == b"jumb" else ""
        if name == "c2pa.assertions":
            for one in list(jumbf.boxes(data, part.start, part.end))[1:]:
                yield "assertions", one.start, one.end
        elif name == "c2pa.claim.v2":
            yield "claim", part.start, part.end
        elif name == "c2pa.signature":
            (cose,) = [box for box in jumbf.boxes(data, part.start, part.end) if box.kind == b"cbor"]
            begin = jumbf.head(data, jumbf.head(data, cose.start)[2])[2]
            header = jumbf.after(data, begin)
            after = jumbf.after(data, header)
            yield "protected", begin, header
            yield "unprotected", header, after
            yield "signature", cose.end - 64, cose.end


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installed = install(tmp_path_factory.mktemp("site"))
    yield installed
    installed.credentials.close()


@pytest.fixture(scope="module")
def clip(made: Installation) -> bytes:
    data: bytes = made.sign(facts(label=Label("icon")))[0].read_bytes()
    return data


@pytest.fixture(scope="module")
def regions(clip: bytes) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for name, start, end in spans(clip):
        found.setdefault(name, []).append((start, end))
    return found


def flipped(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def test_every_region_is_there(regions: dict[str, Any]) -> None:
    """The walk below finds all parts that a clip has."""
    assert set(CONTENT) <= set(regions)
    assert {"ftyp", "unprotected"} <= set(regions)


@pytest.mark.parametrize("region", CONTENT)
def test_content_cannot_be_changed(
    made: Installation, clip: bytes, regions: dict[str, Any], region: str
) -> None:
    """Any bit of pictures, sound, tables, metadata, statements or signatures: the clip is no longer ours."""
    rng = random.Random(region)
    for _ in range(SAMPLES):
        start, end = rng.choice(regions[region])
        at = rng.randrange(start, end)
        reading = made.credentials.read(flipped(clip, at, rng.randrange(8)))
        assert not reading.ours, (region, at - start)


@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_still_ours_says_the_same(made: Installation, clip: bytes, share: float, bit: int) -> None:
    """Wherever the bit is: a clip that is still ours says what it said, to the last field."""
    before = made.credentials.read(clip)
    after = made.credentials.read(flipped(clip, int(share * len(clip)), bit))
    if after.ours:
        assert replace(after, failures=()) == before
        assert after.failures == ()


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def read_tiles(folder: Path, key: NoteKey) -> list[bytes]:
    """The entries of exported tiles, after everything in them was checked against one another.

    Raises:
        EvidenceInvalid, ValueError: something does not fit.
    """
    head = key.open((folder / "checkpoint").read_text("utf-8"))
    entries: list[bytes] = []
    for bundle in sorted((folder / "tile" / "entries").rglob("*")):
        data = bundle.read_bytes() if bundle.is_file() else b""
        while data:
            size = int.from_bytes(data[:2], "big")
            if len(data) < 2 + size:
                raise ValueError("a bundle is cut")
            entries.append(data[2 : 2 + size])
            data = data[2 + size :]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    tiles = b"".join(
        path.read_bytes() for path in sorted((folder / "tile" / "0").rglob("*")) if path.is_file()
    )
    if tiles != b"".join(leaves) or len(leaves) != head.size or root_of(leaves) != head.root:
        raise ValueError("entries, tiles and checkpoint do not fit")
    return entries


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, straight from its definition."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(root_of(leaves[:split]), root_of(leaves[split:]))


def test_tiles(tmp_path: Path) -> None:
    """Every byte of every exported file counts: changed, the log does not verify."""
    with Database(tmp_path / "log.db") as db:
        log = Log(db, KEY, "example.com/tiles")
        with db.transaction() as tx:
            for number in range(9):
                log.append(tx, Entry(DECISION, {"frames": number}))
        folder = tmp_path / "tiles"
        export_tiles(log, folder)
        key = log.key
    whole = read_tiles(folder, key)
    assert len(whole) == 9
    rng = random.Random(3)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for at in rng.sample(range(len(data)), min(60, len(data))):
            path.write_bytes(flipped(data, at, rng.randrange(8)))
            try:
                assert read_tiles(folder, key) == whole, (path.name, at)
            except (EvidenceInvalid, ValueError):
                continue
            pytest.fail(f"byte {at} of {path.name} changed unnoticed")
        path.write_bytes(data)
