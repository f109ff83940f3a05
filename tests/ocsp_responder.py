"""An authority with an OCSP responder (RFC 6960), for tests: `openssl ocsp` answers, no network is used."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from safety.certificates import CLAIM_SIGNING, DOCUMENT_SIGNING, certify, name_of, to_pem

OPENSSL = shutil.which("openssl")
URL = "http://ocsp.example/"


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


class Responder:
    """Root, issuing authority, one claim signer that names `URL`, and a delegated responder.

    Attributes:
        chain, key: PEM, to import.
        revoked: what it says of the signer from now on.
        asked: how often.
    """

    def __init__(self, folder: Path) -> None:
        self.asked, self.revoked = 0, False
        self._folder = folder
        self._at = datetime.now(UTC) - timedelta(days=1)
        root_key, issuing_key, key, responder_key = (_key() for _ in range(4))
        name = name_of("root with a responder")
        by = {"issuer": name, "issuer_key": root_key, "at": self._at}
        self.root = certify("root with a responder", root_key.public_key(), days=3650, path_length=1, **by)
        self.issuing = certify("issuing", issuing_key.public_key(), days=1800, path_length=0, **by)
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(URL)
        )
        usages = [CLAIM_SIGNING, DOCUMENT_SIGNING]
        self.leaf = self._issued("claim signer", key, issuing_key, usages, access)
        responder = self._issued("responder", responder_key, issuing_key, [ExtendedKeyUsageOID.OCSP_SIGNING])
        self.chain, self.key = to_pem(self.leaf) + to_pem(self.issuing), _pem(key)
        (folder / "issuing.pem").write_text(to_pem(self.issuing))
        (folder / "responder.pem").write_text(to_pem(responder))
        (folder / "responder.key").write_text(_pem(responder_key))

    def ask(self, url: str, request: bytes) -> bytes:
        """What it answers; in place of `service.posting.ask_responder`."""
        assert url == URL
        self.asked += 1
        state = f"R\t300101000000Z\t{self._at:%y%m%d%H%M%SZ}" if self.revoked else "V\t300101000000Z\t"
        (self._folder / "index.txt").write_text(
            f"{state}\t{self.leaf.serial_number:X}\tunknown\t/CN=signer\n"
        )
        (self._folder / "request.der").write_bytes(request)
        line = [
            str(OPENSSL), "ocsp", "-index", "index.txt", "-CA", "issuing.pem", "-rsigner", "responder.pem",
            "-rkey", "responder.key", "-reqin", "request.der", "-respout", "response.der", "-ndays", "1",
        ]  # fmt: skip
        subprocess.run(line, cwd=self._folder, check=True, capture_output=True)
        return (self._folder / "response.der").read_bytes()

    def _issued(
        self,
        role: str,
        key: ec.EllipticCurvePrivateKey,
        issuing_key: ec.EllipticCurvePrivateKey,
        usages: list[x509.ObjectIdentifier],
        access: x509.AccessDescription | None = None,
    ) -> x509.Certificate:
        usage = dict.fromkeys(
            ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
             "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(name_of(role))
            .issuer_name(self.issuing.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._at)
            .not_valid_after(self._at + timedelta(days=80))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True
            )
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing_key.public_key()), critical=False
            )
        )
        if access is not None:
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        return builder.sign(issuing_key, hashes.SHA256())
