"""An evidence pack proves itself, with and without Sitter, and names what was changed."""

import contextlib
import random
import sqlite3
import subprocess
import sys
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import evidence, evidence_verify
from safety.entry import DECISION, Entry
from safety.errors import StoreUnavailable
from safety.evidence import export, verify_log, verify_pack
from safety.log import Log, LogView
from safety.note import NoteSigner
from safety.stores.sqlite import Database

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "example.com/sitter"
VKEY = str(NoteSigner(ORIGIN, KEY).key)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    with Database(tmp_path_factory.mktemp("log") / "log.db") as db:
        made = Log(db, KEY, ORIGIN)
        with db.transaction() as tx:
            for n in range(23):
                made.append(
                    tx, Entry(DECISION, {"frames": n, "request_id": f"r{n % 3}", "rules": ["zeile\nzwei ä"]})
                )
        yield made


@pytest.fixture(scope="module")
def pack(log, tmp_path_factory):
    target = tmp_path_factory.mktemp("pack") / "evidence.zip"
    assert export(log, log.entries(request_id="r1"), target) == 8
    return target


def unpacked(pack, folder):
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(folder)
    return folder


def script(folder, *args):
    """Run the pack's own verify.py, without our packages."""
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_pack_verifies(pack):
    """A fresh pack holds, with the key given and without, and the result says which of the two."""
    result = verify_pack(pack, VKEY)
    assert (result.ok, result.failure, result.origin, result.size) == (True, None, ORIGIN, 23)
    assert (result.entries, result.key_given) == (8, True)
    assert verify_pack(pack).ok
    assert verify_pack(pack).key_given is False


def test_pack_holds_the_bytes(log, pack):
    """The lines are the hashed bytes of the chosen entries, in order."""
    with zipfile.ZipFile(pack) as archive:
        lines = archive.read("entries.jsonl").splitlines()
    assert lines == [entry.data for entry in log.entries(request_id="r1")]


def test_pack_verifies_without_sitter(pack, tmp_path):
    """The script in the pack accepts zip and folder, says where its key came from, and is under 200 lines."""
    folder = unpacked(pack, tmp_path)
    assert len((folder / "verify.py").read_text().splitlines()) < 200
    for what in (pack, folder):
        done = script(folder, what, VKEY)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"OK 8 entries of {ORIGIN}")
        assert "taken from the pack" not in done.stdout
    assert "taken from the pack" in script(folder, pack).stdout
    assert VKEY in (folder / "VERIFY.md").read_text()


def test_another_key_is_refused(pack, tmp_path):
    """A pack of another log's key is refused by us and by the script."""
    other = str(NoteSigner(ORIGIN, Ed25519PrivateKey.generate()).key)
    assert verify_pack(pack, other).failure == "log.vkey: it is not the key that was given"
    assert verify_pack(pack, other).key_given
    done = script(unpacked(pack, tmp_path), pack, other)
    assert done.returncode == 1
    assert done.stderr.startswith("FAILED log.vkey:")


def test_flipped_byte_anywhere(pack, tmp_path):
    """Whichever byte of the archive is changed, verification fails and names a part."""
    data = pack.read_bytes()
    changed = tmp_path / "changed.zip"
    places = random.Random(7).sample(range(len(data)), 150)
    for at in (*range(40), *range(len(data) - 250, len(data)), *places):
        for bit in (1, 0x80):
            changed.write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
            result = verify_pack(changed, VKEY)
            assert not result.ok, at
            assert ": " in result.failure


def test_cut_or_foreign_file(pack, tmp_path):
    """A cut, empty, missing or foreign file is a failure, not an exception."""
    data = pack.read_bytes()
    path = tmp_path / "cut.zip"
    for content in (data[: len(data) // 2], data[:-1], data + b"x", b"", b"PK", b"hello" * 100):
        path.write_bytes(content)
        assert verify_pack(path).failure.startswith("pack:")
    assert verify_pack(tmp_path / "none.zip").failure.startswith("pack:")


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("checkpoint", "checkpoint"),
        ("log.vkey", "log.vkey"),
        ("entries.jsonl", "proofs"),
        ("proofs/000000000004.tlog-proof", "proofs/000000000004.tlog-proof"),
    ],
)
def test_flipped_byte_in_a_file(pack, tmp_path, name, failure):
    """A changed byte of a file in an archive that is otherwise right names that file or its proof."""
    files = evidence_verify.load(pack)
    path = tmp_path / "changed.zip"
    for at in range(0, len(files[name]), 7):
        content = bytearray(files[name])
        content[at] ^= 1
        path.write_bytes(evidence._archive({**files, name: bytes(content)}))
        result = verify_pack(path)
        assert not result.ok, at
        assert result.failure.startswith((failure, "checkpoint", "entries.jsonl"))


def test_missing_and_added_files(pack, tmp_path):
    """A file left out, added or renamed is a failure that names it."""
    files = evidence_verify.load(pack)
    path = tmp_path / "changed.zip"
    first, last = "proofs/000000000001.tlog-proof", "proofs/000000000022.tlog-proof"
    needed = files.keys() - set(evidence_verify.FREE)
    cases = [({key: value for key, value in files.items() if key != name}, name) for name in needed]
    cases.append(({**files, "proofs/extra": b""}, "proofs"))
    cases.append(({**files, first: files[last], last: files[first]}, first))
    for changed, name in cases:
        path.write_bytes(evidence._archive(changed))
        assert verify_pack(path).failure.startswith(name.split("/")[0])


def test_entry_left_out_of_the_lines(pack, tmp_path):
    """An entry removed with its proof gives a smaller pack that holds; one removed alone does not."""
    files = evidence_verify.load(pack)
    lines = files["entries.jsonl"].splitlines(keepends=True)
    path = tmp_path / "changed.zip"
    path.write_bytes(evidence._archive({**files, "entries.jsonl": b"".join(lines[1:])}))
    assert verify_pack(path).failure.startswith("proofs:")
    del files["proofs/000000000001.tlog-proof"]
    path.write_bytes(evidence._archive({**files, "entries.jsonl": b"".join(lines[1:])}))
    assert verify_pack(path).failure.startswith("decisions.csv:")
    left = [line.removesuffix(b"\n") for line in lines[1:]]
    files["decisions.csv"] = evidence_verify.decisions(list(range(4, 23, 3)), left)
    path.write_bytes(evidence._archive({**files, "entries.jsonl": b"".join(lines[1:])}))
    assert (verify_pack(path).ok, verify_pack(path).entries) == (True, 7)


def test_export_bounds(log, tmp_path, monkeypatch):
    """A pack of nothing or of too much is refused, and one that cannot be written leaves nothing."""
    with pytest.raises(ValueError, match="10000"):
        export(log, [], tmp_path / "a.zip")
    monkeypatch.setattr(evidence, "PACK_ENTRIES", 2)
    with pytest.raises(ValueError, match="2"):
        export(log, log.entries(limit=3), tmp_path / "a.zip")
    with pytest.raises(StoreUnavailable):
        export(log, log.entries(limit=2), tmp_path / "missing" / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_verify_log(log, tmp_path):
    """A live log verifies by its database and key; another key, a missing and a foreign file are failures."""
    result = verify_log(log.db.path, VKEY)
    assert (result.ok, result.size, result.entries, result.origin) == (True, 23, 23, ORIGIN)
    other = str(NoteSigner(ORIGIN, Ed25519PrivateKey.generate()).key)
    foreign = tmp_path / "foreign.db"
    foreign.write_bytes(b"hello" * 1000)
    for path, key in ((log.db.path, other), (log.db.path, "x"), (tmp_path / "none", VKEY), (foreign, VKEY)):
        assert verify_log(path, key).failure.startswith("log: ")


def test_flipped_bytes_in_a_database(log, tmp_path):
    """A byte flipped in an entry, a stored hash or the checkpoint of a copied database is a failure."""
    copy = tmp_path / "copy.db"
    with (
        contextlib.closing(sqlite3.connect(log.db.path)) as one,
        contextlib.closing(sqlite3.connect(copy)) as two,
    ):
        one.backup(two)
    assert verify_log(copy, VKEY).ok
    data = copy.read_bytes()
    for needle in (b'"request_id":"r1"', log.inclusion_proof(0, 2)[0], b"example.com/sitter\n23\n"):
        at = data.index(needle) + len(needle) // 2
        copy.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert not verify_log(copy, VKEY).ok


def test_flipped_byte_anywhere_in_a_database(log, tmp_path):
    """Whichever byte of the file is changed, the audit fails, or every entry is read and found as before."""
    copy = tmp_path / "copy.db"
    with (
        contextlib.closing(sqlite3.connect(log.db.path)) as one,
        contextlib.closing(sqlite3.connect(copy)) as two,
    ):
        one.backup(two)
    data, found = copy.read_bytes(), []
    before = [entry.data for entry in log.entries()], [entry.index for entry in log.entries(request_id="r1")]
    for at in random.Random(11).sample(range(len(data)), 250):
        copy.write_bytes(data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :])
        if not verify_log(copy, VKEY).ok:
            found.append(at)
            continue
        with Database(copy, read_only=True) as db:
            view = LogView(db, log.key)
            now = [entry.data for entry in view.entries()]
            assert (now, [entry.index for entry in view.entries(request_id="r1")]) == before, at
    assert len(found) > 20  # most of a small file is room for later rows


def test_an_entry_hidden_from_an_index_is_found(log, tmp_path):
    """A row taken out of an index only, so that a look-up misses its entry, fails the audit."""
    copy = tmp_path / "copy.db"
    with (
        contextlib.closing(sqlite3.connect(log.db.path)) as one,
        contextlib.closing(sqlite3.connect(copy)) as two,
    ):
        one.backup(two)
        two.execute("DROP INDEX log_by_request")
        two.execute("CREATE INDEX log_by_request ON log_entries (request_id) WHERE idx < 0")
        two.execute("PRAGMA writable_schema = ON")
        two.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'idx < 0', 'request_id IS NOT NULL')"
            " WHERE name = 'log_by_request'"
        )
        two.commit()
    with Database(copy, read_only=True) as db:
        assert LogView(db, log.key).entries(request_id="r1") == []  # hidden
    assert "do not agree" in verify_log(copy, VKEY).failure


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 63), st.integers(0, 7))
def test_plain_ed25519_agrees(seed, message, byte, bit):
    """The pack's own Ed25519 accepts what the library signs, and refuses a flipped bit of anything."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), bytearray(key.sign(message))
    assert evidence_verify.ed25519(public, message, bytes(signature))
    assert not evidence_verify.ed25519(public, message + b"x", bytes(signature))
    signature[byte] ^= 1 << bit
    assert not evidence_verify.ed25519(public, message, bytes(signature))


def test_plain_ed25519_is_strict():
    """A signature whose scalar is not reduced, and points off the curve, are refused (RFC 8032, 5.1.7)."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"")
    scalar = int.from_bytes(signature[32:], "little") + evidence_verify.L
    assert not evidence_verify.ed25519(public, b"", signature[:32] + scalar.to_bytes(32, "little"))
    for point in (b"\xff" * 32, (2).to_bytes(32, "little")):
        assert not evidence_verify.ed25519(point, b"", signature)
