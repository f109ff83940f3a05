"""Witnesses are asked over HTTP as tlog-witness says, and what they answer is verified before it is kept."""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety import merkle
from safety.entry import DECISION, Entry
from safety.errors import EvidenceInvalid, Misconfigured, SignerUnavailable
from safety.log import Log
from safety.note import decode
from safety.stores.sqlite import Database
from safety.tlog_policy import TlogPolicy
from safety.witness import Cosigner
from service import witnessing

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
COSIGNER = Cosigner("witness.example/w1", Ed25519PrivateKey.from_private_bytes(b"w" * 32))


class Witness(ThreadingHTTPServer):
    """A witness of one log by the text of tlog-witness; `answer` replaces what it says."""

    def __init__(self, log_key):
        super().__init__(("127.0.0.1", 0), Handler)
        self.log_key, self.seen, self.asked, self.answer = log_key, (0, merkle.EMPTY_ROOT), 0, None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/prefix/"

    def close(self):
        self.shutdown()
        self.server_close()

    def cosigned(self, body):
        head, _, note = body.partition("\n\n")
        old, *proof = head.split("\n")
        checkpoint = self.log_key.open(note)
        size, root = self.seen
        if old != f"old {size}" or (size == checkpoint.size and root != checkpoint.root):
            return 409, f"{size}\n"
        try:
            hashes = [decode(line) for line in proof]
            merkle.verify_consistency(size, checkpoint.size, root, checkpoint.root, hashes)
        except EvidenceInvalid:
            return 422, ""
        self.seen = checkpoint.size, checkpoint.root
        return 200, COSIGNER.cosign(note, 1_780_000_000)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        witness = self.server
        witness.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, text = witness.answer or witness.cosigned(body)
        if self.path != "/prefix/add-checkpoint":
            status, text = 404, ""
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode() if isinstance(text, str) else text)

    def log_message(self, *_):
        pass


@pytest.fixture
def log(tmp_path):
    with Database(tmp_path / "log" / "log.db") as db:
        yield filled(db, 5)


def filled(db, size, first=0):
    log = Log(db, KEY, "example.com/sitter")
    with db.transaction() as tx:
        log.extend(tx, [Entry(DECISION, {"frames": first + n}) for n in range(size)])
    return log


@pytest.fixture
def witness(log):
    server = Witness(log.key)
    yield server
    server.close()


def policy(log, url):
    return TlogPolicy.parse(f"log {log.key}\nwitness w {COSIGNER.key} {url}\nquorum w\n".encode())


def test_a_checkpoint_is_cosigned_and_kept(log, witness, tmp_path):
    """The first time and after growth, from the size that the witness has seen."""
    kept = tmp_path / "log.witnessed"
    for size in (5, 9, 9):
        while log.key.open(log.checkpoint()).size < size:
            log.record(Entry(DECISION, {}))
        note, missing = witnessing.collect(log, policy(log, witness.url), kept)
        assert (kept.read_text(), missing) == (note, {})
        assert policy(log, witness.url).open(note).size == size == witness.seen[0]
    assert witness.asked == 1 + 2 + 2  # after the first time it says what it has seen


def test_a_fork_finds_no_witness(log, witness, tmp_path):
    """Another history of the same key, larger or as large, and a restored old database: refused and told."""
    kept = tmp_path / "log.witnessed"
    witnessing.collect(log, policy(log, witness.url), kept)
    before = kept.read_bytes()
    for name, size, first, why in (
        ("larger", 8, 1, "another history"), ("same", 5, 1, "another history"), ("cut", 3, 0, "restored"),
    ):  # fmt: skip
        with Database(tmp_path / name / "log.db") as db, pytest.raises(EvidenceInvalid, match=why):
            witnessing.collect(filled(db, size, first), policy(log, witness.url), kept)
    assert kept.read_bytes() == before


@pytest.mark.parametrize(
    "answer",
    [(200, ""), (200, "hello\n"), (200, b"\xff\xfe"), (403, ""), (500, "x"), (409, "many\n"), (302, ""),
     (200, "x" * 100_000)],
)  # fmt: skip
def test_a_strange_answer(log, witness, tmp_path, answer):
    """Whatever else comes back is no cosignature: nothing is kept, and it is told for which witness."""
    witness.answer = answer
    with pytest.raises(EvidenceInvalid, match="w: "):
        witnessing.collect(log, policy(log, witness.url), tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_an_absent_witness(log, witness, tmp_path):
    """Who is not there is named; where the quorum holds without them the checkpoint is kept."""
    other = Cosigner("witness.example/w2", Ed25519PrivateKey.from_private_bytes(b"v" * 32))
    text = f"log {log.key}\nwitness w {COSIGNER.key} {witness.url}\nwitness gone {other.key} http://127.0.0.1:9\n"
    reading = TlogPolicy.parse(f"{text}group g any w gone\nquorum g\n".encode())
    _, missing = witnessing.collect(log, reading, tmp_path / "kept")
    assert missing.keys() == {"gone"}
    assert (tmp_path / "kept").exists()
    with pytest.raises(EvidenceInvalid, match="gone: "):
        witnessing.collect(
            log, TlogPolicy.parse(f"{text}group g all w gone\nquorum g\n".encode()), tmp_path / "no"
        )


@pytest.mark.parametrize("url", ["", "file:///etc/passwd"])
def test_addresses(log, tmp_path, url):
    """A witness needs an address, over HTTP."""
    with pytest.raises(Misconfigured):
        witnessing.collect(log, policy(log, url), tmp_path / "kept")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_a_stamp_over_http(log, tmp_path):
    """The authority's answer lies beside the anchor it is about; a refusal leaves none."""
    (tmp_path / "ts.cnf").write_text(
        "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\ncrypto_device=builtin\nsigner_cert=ca.pem\n"
        "signer_key=ca.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\n"
    )
    (tmp_path / "serial").write_text("01\n")
    openssl(
        tmp_path, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=stamps",
        "-addext", "extendedKeyUsage=critical,timeStamping",
    )  # fmt: skip

    class Authority(BaseHTTPRequestHandler):
        def do_POST(self):
            query = self.rfile.read(int(self.headers["Content-Length"]))
            (tmp_path / "q").write_bytes(query)
            openssl(tmp_path, "ts", "-reply", "-config", "ts.cnf", "-queryfile", "q", "-out", "r")
            self.send_response(200 if self.headers["Content-Type"] == "application/timestamp-query" else 415)
            self.end_headers()
            self.wfile.write((tmp_path / "r").read_bytes())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Authority)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        path = witnessing.stamp(log, f"http://127.0.0.1:{server.server_address[1]}/", tmp_path / "anchors")
    finally:
        server.shutdown()
        server.server_close()
    note = path.with_suffix(".checkpoint")
    assert note.read_text() == log.checkpoint()
    openssl(tmp_path, "ts", "-verify", "-in", str(path), "-data", str(note), "-CAfile", "ca.pem")
    with pytest.raises(SignerUnavailable):
        witnessing.stamp(log, "http://127.0.0.1:9/", tmp_path / "none")


def openssl(folder, *command):
    subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True, timeout=60)
