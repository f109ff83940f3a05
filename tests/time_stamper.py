"""A time-stamping authority (RFC 3161) on loopback, for tests: `openssl ts` behind a small HTTP server."""

import shutil
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

OPENSSL = shutil.which("openssl")

CONFIG = """
[tsa]
default_tsa = it
[it]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""


def _name(text: str) -> x509.Name:
    parts = (
        (NameOID.COUNTRY_NAME, "ZZ"),
        (NameOID.ORGANIZATION_NAME, "Test clock"),
        (NameOID.COMMON_NAME, text),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    now, authority = datetime.now(UTC), key is by
    basic = x509.BasicConstraints(ca=authority, path_length=0 if authority else None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name("root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=400))
        .add_extension(basic, critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority, key_cert_sign=authority, crl_sign=authority,
                content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )  # fmt: skip
    if not authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(by, hashes.SHA256())


class TimeStamper:
    """Answers on `url` until closed; `asked` counts, `hangs` makes it fall silent."""

    def __init__(self, folder: Path) -> None:
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _certificate("root", root_key, root_key)
        pem = serialization.Encoding.PEM
        (folder / "root.pem").write_bytes(root.public_bytes(pem))
        (folder / "tsa.pem").write_bytes(_certificate("stamper", key, root_key).public_bytes(pem))
        plain = serialization.NoEncryption()
        (folder / "tsa.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        self.root = (folder / "root.pem").read_text()
        self.asked, self.hangs = 0, False
        self._folder, self._lock = folder, threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, query: bytes) -> bytes:
        with self._lock:
            self.asked += 1  # when it is asked: one that hangs answers in the next test
        if self.hangs:
            time.sleep(4)
        with self._lock:  # openssl rewrites the serial number's file
            path = self._folder / "query.tsq"
            path.write_bytes(query)
            command = [
                str(OPENSSL),
                "ts",
                "-reply",
                "-config",
                f"{self._folder}/tsa.cnf",
                "-queryfile",
                str(path),
            ]
            return subprocess.run(command, check=True, capture_output=True).stdout

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stamper = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                reply = stamper.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                """Silent."""

        return Handler
