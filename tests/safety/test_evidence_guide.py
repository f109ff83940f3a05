"""VERIFY.md's commands, run literally in a folder that holds nothing but the unpacked pack."""

import re
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety import merkle
from safety.entry import DECISION, Entry
from safety.evidence import export
from safety.log import Log
from safety.stores.sqlite import Database

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("guide")
    with Database(place / "log.db") as db:
        log = Log(db, KEY, "example.com/guide")
        with db.transaction() as tx:
            for number in range(5):
                log.append(tx, Entry(DECISION, {"frames": number, "caller": "=cmd|' /C calc'!A0"}))
        export(log, log.entries(limit=3), place / "evidence.zip")
    unpacked = place / "pack"
    with zipfile.ZipFile(place / "evidence.zip") as pack:
        pack.extractall(unpacked)
    return unpacked


def indented(guide: str, at_least: int) -> list[str]:
    """Blocks of code: lines that are indented by so much."""
    return [
        textwrap.dedent(block) for block in re.findall(rf"(?:^ {{{at_least},}}\S.*\n)+", guide, re.MULTILINE)
    ]


def test_the_verifier(folder: Path) -> None:
    """`python verify.py .`, alone and with the key that the guide shows: it holds."""
    guide = (folder / "VERIFY.md").read_text("utf-8")
    command, key = (block.strip() for block in indented(guide, 4)[:2])
    assert command.split() == ["python", "verify.py", "."]
    for extra in ([], [key]):
        line = [sys.executable, "-I", "-S", *command.split()[1:], *extra]
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout[:12]) == (0, "OK 3 entries"), done.stderr


def test_the_leaf_hash(folder: Path) -> None:
    """The shell's line gives the hash of the first entry's leaf."""
    guide = (folder / "VERIFY.md").read_text("utf-8")
    (line,) = re.findall(r"`(\(printf .*sha256sum)`", guide)
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=True)
    first = (folder / "entries.jsonl").read_bytes().splitlines()[0]
    assert done.stdout.split()[0] == merkle.leaf_hash(first).hex()


def test_the_other_reader(folder: Path) -> None:
    """The lines for tlog-scales accept the checkpoint, and refuse a changed one."""
    pytest.importorskip("tlog_scales", reason="pip install tlog-scales")
    guide = (folder / "VERIFY.md").read_text("utf-8")
    (code,) = [block for block in indented(guide, 6) if "tlog_scales" in block]
    line = [sys.executable, "-c", code]
    assert subprocess.run(line, cwd=folder, check=False).returncode == 0
    checkpoint = folder / "checkpoint"
    whole = checkpoint.read_text()
    checkpoint.write_text(whole.replace("\n5\n", "\n6\n"))
    try:
        assert subprocess.run(line, cwd=folder, check=False, capture_output=True).returncode != 0
    finally:
        checkpoint.write_text(whole)


def test_no_cell_is_a_formula(folder: Path) -> None:
    """What a spreadsheet would run begins with an apostrophe (OWASP, CSV injection)."""
    rows = (folder / "decisions.csv").read_text("utf-8").splitlines()[1:]
    cells = [cell for row in rows for cell in row.split(",")]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
