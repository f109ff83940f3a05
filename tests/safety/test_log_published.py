"""What of the log goes to others: tiles, anchors, cosigned packs; each shows a fork, none is rewritten."""

import csv
import hashlib
import io
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety import anchors, evidence_verify, merkle
from safety.entry import DECISION, Entry
from safety.errors import EvidenceInvalid, RecordUnknown, StoreUnavailable
from safety.evidence import export, verify_log, verify_pack
from safety.log import Log
from safety.stores.sqlite import Database
from safety.tiles import export_tiles, tile_name
from safety.tlog_policy import TlogPolicy
from safety.witness import Cosigner

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS = Cosigner("witness.example/w1", Ed25519PrivateKey.from_private_bytes(b"w" * 32))
SIZE = 600


def filled(db, size, first=0):
    log = Log(db, KEY, "example.com/sitter")
    with db.transaction() as tx:
        log.extend(tx, [Entry(DECISION, {"frames": first + n, "request_id": "r"}) for n in range(size)])
    return log


@pytest.fixture
def log(tmp_path):
    with Database(tmp_path / "log" / "log.db") as db:
        yield filled(db, SIZE)


@pytest.fixture
def fork(tmp_path):
    """A second history under the same key."""
    with Database(tmp_path / "fork" / "log.db") as db:
        yield filled(db, SIZE, first=1)


@pytest.mark.parametrize(
    ("number", "width", "name"),
    [
        (0, 256, "000"),
        (67, 256, "067"),
        (67, 8, "067.p/8"),
        (1234067, 256, "x001/x234/067"),
        (1000, 1, "x001/000.p/1"),
    ],
)
def test_tile_names(number, width, name):
    """Paths are those of tlog-tiles, whose own example is x001/x234/067."""
    assert tile_name(number, width) == name


def test_tiles_lead_to_the_root(log, tmp_path):
    """From the exported entries alone comes every tile, and from the tiles the checkpoint's root."""
    folder = tmp_path / "tiles"
    size, _ = export_tiles(log, folder)
    assert size == SIZE
    leaves = []
    for name, count in (("000", 256), ("001", 256), ("002.p/88", 88)):
        data, entries = (folder / "tile/entries" / name).read_bytes(), []
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2 : 2 + length])
            data = data[2 + length :]
        hashes = [merkle.leaf_hash(entry) for entry in entries]
        assert len(hashes) == count
        assert (folder / "tile/0" / name).read_bytes() == b"".join(hashes)
        leaves += hashes

    def tree(values):
        if len(values) == 1:
            return values[0]
        split = 1 << ((len(values) - 1).bit_length() - 1)
        return merkle.node_hash(tree(values[:split]), tree(values[split:]))

    head = log.key.open((folder / "checkpoint").read_text())
    assert (head.size, head.root) == (SIZE, tree(leaves))
    top = (folder / "tile/1/000.p/2").read_bytes()
    assert top == tree(leaves[:256]) + tree(leaves[256:512])
    assert sorted(path.name for path in (folder / "tile").iterdir()) == ["0", "1", "entries"]


def test_tiles_go_on(log, tmp_path):
    """A second export writes what is new; without entries none are written."""
    folder = tmp_path / "tiles"
    export_tiles(log, folder, entries=False)
    assert not (folder / "tile/entries").exists()
    assert export_tiles(log, folder, entries=False) == (SIZE, 0)
    log.record(Entry(DECISION, {}))
    assert export_tiles(log, folder, entries=False) == (SIZE + 1, 1)


def test_tiles_of_another_history(log, fork, tmp_path):
    """An export is never overwritten by a fork, nor by a log that was cut."""
    folder = tmp_path / "tiles"
    export_tiles(log, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(EvidenceInvalid, match="another log"):
        export_tiles(fork, folder)
    with Database(tmp_path / "short" / "log.db") as db, pytest.raises(EvidenceInvalid, match="longer"):
        export_tiles(filled(db, 10), folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_tiles_that_cannot_be_written(log, tmp_path):
    """A folder that is a file is told as a store's failure."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises((StoreUnavailable, EvidenceInvalid)):
        export_tiles(log, tmp_path / "file")


def test_anchors_show_a_restored_database(log, fork, tmp_path):
    """An anchor stays as it was written, and a log that was cut or forked does not fit it."""
    folder = tmp_path / "anchors"
    first = anchors.to_folder(log, folder)
    assert anchors.to_folder(log, folder) == first
    log.record(Entry(DECISION, {}))
    anchors.to_folder(log, folder)
    assert anchors.check_folder(log, folder) == 2
    assert verify_log(log.db.path, str(log.key), folder).ok
    for other in (fork,):
        with pytest.raises(EvidenceInvalid, match="history"):
            anchors.to_folder(other, folder)
        assert "history" in verify_log(other.db.path, str(other.key), folder).failure
    assert "no anchors" in verify_log(log.db.path, str(log.key), tmp_path / "none").failure
    first.write_text(first.read_text().replace("\n600\n", "\n599\n"))
    assert not verify_log(log.db.path, str(log.key), folder).ok


def test_receipts_under_a_cosigned_checkpoint(log, fork):
    """A receipt carries the cosigned checkpoint that covers its entry, and none of another history."""
    note = log.checkpoint()
    note += WITNESS.cosign(note, 1_780_000_000)
    late = log.record(Entry(DECISION, {}))
    text = log.receipt(3, note)
    assert text.endswith(f"\n\n{note}")
    assert WITNESS.key.cosigned_at(text.partition("\n\n")[2]) == 1_780_000_000
    with pytest.raises(RecordUnknown):
        log.receipt(late, note)
    with pytest.raises(EvidenceInvalid, match="history"):
        fork.receipt(3, note)


def test_a_cosigned_pack(log, fork, tmp_path):
    """A pack under a cosigned checkpoint satisfies a policy and verify.py's witness; one without does not."""
    note = log.checkpoint()
    note += WITNESS.cosign(note, 1_780_000_000)
    plain, cosigned = tmp_path / "plain.zip", tmp_path / "cosigned.zip"
    policy = f"log {log.key}\nwitness w {WITNESS.key}\nquorum w\n".encode()
    export(log, log.entries(limit=3), plain)
    export(log, log.entries(limit=3), cosigned, checkpoint=note, tlog_policy=policy)
    reading = TlogPolicy.parse(policy)
    assert verify_pack(cosigned, str(log.key), reading).ok
    assert "quorum" in verify_pack(plain, str(log.key), reading).failure
    assert evidence_verify.check(evidence_verify.load(cosigned), str(log.key), str(WITNESS.key))[1] == SIZE
    with pytest.raises(evidence_verify.Failed, match="not signed by witness"):
        evidence_verify.check(evidence_verify.load(plain), str(log.key), str(WITNESS.key))
    with pytest.raises(EvidenceInvalid, match="history"):
        export(fork, fork.entries(limit=3), plain, checkpoint=note)


def test_policies_in_a_pack(log, tmp_path):
    """The policy that an entry names goes along under its digest; a changed one is found."""
    files = {"schema.cedarschema": "entity A;", "use.cedar": "permit(principal, action, resource);"}
    whole = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name].encode()):
            whole.update(len(part).to_bytes(8, "big") + part)
    digest = whole.hexdigest()
    index = log.record(Entry(DECISION, {"policy_sha256": digest}))
    pack = tmp_path / "pack.zip"
    export(log, [log.entry(index)], pack, policies={digest: files, "0" * 64: {"other.cedar": ""}})
    held = evidence_verify.load(pack)
    assert sorted(name for name in held if name.startswith("policies/")) == [
        f"policies/{digest}/schema.cedarschema", f"policies/{digest}/use.cedar"
    ]  # fmt: skip
    evidence_verify.check(held)
    held[f"policies/{digest}/use.cedar"] += b" "
    with pytest.raises(evidence_verify.Failed, match="another digest"):
        evidence_verify.check(held)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_formula_in_the_table(log, tmp_path, text):
    """A text that a spreadsheet would run is not the beginning of a cell."""
    index = log.record(Entry(DECISION, {"caller": text, "rules": [text]}))
    pack = tmp_path / "pack.zip"
    export(log, [log.entry(index)], pack)
    table = io.StringIO(evidence_verify.load(pack)["decisions.csv"].decode(), newline="")
    row = next(csv.DictReader(table))
    assert (row["caller"], row["rules"]) == ("'" + text, "'" + text)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_a_time_stamp_by_openssl(log, tmp_path):
    """openssl, as an authority, answers our request; its answer is taken, and verifies; others do not."""
    authority(tmp_path)
    note = log.checkpoint()
    (tmp_path / "note").write_text(note)
    query = anchors.stamp_request(note, 0x8123456789ABCDEF)
    (tmp_path / "q.tsq").write_bytes(query)
    ts(tmp_path, "ts", "-reply", "-config", "ts.cnf", "-queryfile", "q.tsq", "-out", "a.tsr")
    answer = (tmp_path / "a.tsr").read_bytes()
    anchors.check_stamp(note, 0x8123456789ABCDEF, answer)
    ts(tmp_path, "ts", "-verify", "-in", "a.tsr", "-data", "note", "-CAfile", "ca.pem")
    for wrong in (
        (note + "x", 0x8123456789ABCDEF, answer),
        (note, 0x8123456789ABCDEE, answer),
        (note, 5, b""),
        (note, 5, answer[:40]),
    ):
        with pytest.raises(EvidenceInvalid):
            anchors.check_stamp(*wrong)
    # PKIStatus rejection (2), as an authority answers what it does not stamp
    with pytest.raises(EvidenceInvalid, match="refused"):
        anchors.check_stamp(note, 5, bytes.fromhex("30053003020102"))


def ts(folder, *command):
    subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True, timeout=60)


def authority(folder):
    """A time-stamping authority with a certificate that is its own root."""
    (folder / "ts.cnf").write_text(
        "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\ncrypto_device=builtin\nsigner_cert=ca.pem\nsigner_key=ca.key\n"
        "signer_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\nordering=yes\ntsa_name=yes\n"
        "ess_cert_id_chain=no\n"
    )
    (folder / "serial").write_text("01\n")
    ts(
        folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=stamps",
        "-addext", "extendedKeyUsage=critical,timeStamping",
    )  # fmt: skip
