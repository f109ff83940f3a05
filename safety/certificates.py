"""Certificates in the profile of C2PA 2.4, 14.5.1, and a key that signs claims under one."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from safety.signing_keys import SIGNATURE_BYTES, PublicKey, algorithm_of, open_signing_key, reference_of

CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
"""C2PA's key usage for claim signers, required by its conformance certificate profile."""
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""RFC 9336."""
CLOCK_SLACK = timedelta(minutes=5)
"""Certificates begin this much in the past, for validators whose clock is behind."""


@dataclass(frozen=True)
class ClaimSigner:
    """A certificate and what signs under it.

    Attributes:
        chain: PEM, the signer's certificate first, without the root.
        key: reference of its key (`safety.signing_keys`); may be the key itself, so it is not shown.
    """

    chain: str
    key: str = field(repr=False)

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.chain.encode())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the signer's certificate, 64 hex digits."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def begins(self) -> datetime:
        return self.certificate.not_valid_before_utc

    @property
    def ends(self) -> datetime:
        return self.certificate.not_valid_after_utc

    @property
    def algorithm(self) -> str:
        """ "es256" or "ed25519"."""
        return algorithm_of(self.certificate.public_key())

    def sign(self, data: bytes) -> bytes:
        """A COSE signature, 64 bytes, made in this process. Raises whatever stops the key."""
        return open_signing_key(self.key).sign(data, self.algorithm)

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """Whether `signature` is this certificate's over `data`: key and certificate belong together."""
        return verifies(self.certificate.public_key(), data, signature)


def verifies(public: object, data: bytes, signature: bytes) -> bool:
    """Whether `signature` (COSE, 64 bytes) is that of the holder of `public` over `data`."""
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, data)
            return True
        if not isinstance(public, ec.EllipticCurvePublicKey) or len(signature) != SIGNATURE_BYTES:
            return False
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        public.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def certify(
    role: str,
    public: PublicKey,
    *,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    at: datetime,
    days: int,
    path_length: int | None = None,
) -> x509.Certificate:
    """A certificate in C2PA's profile (14.5.1): an authority's with `path_length`, otherwise a claim
    signer's.
    """
    authority = path_length is not None
    usages = [CLAIM_SIGNING, DOCUMENT_SIGNING, *([ExtendedKeyUsageOID.OCSP_SIGNING] if authority else [])]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(role))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - CLOCK_SLACK)
        .not_valid_after(at + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
        .add_extension(_usage(authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if path_length != 1:  # a root limits nothing
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def name_of(role: str) -> x509.Name:
    # "ZZ" is left to users by ISO 3166: no country. Validators before c2pa-rs 0.80 wanted C and O to be
    # there.
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ZZ"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sitter development"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Sitter development {role}"),
        ]
    )


def claim_signer(
    leaf: x509.Certificate, issuing: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> ClaimSigner:
    return ClaimSigner(chain=to_pem(leaf) + to_pem(issuing), key=reference_of(key))


def fingerprints(pem: str) -> list[bytes]:
    """SHA-256 of each certificate; ValueError if the text holds something else."""
    if not pem.strip():
        return []
    return [one.fingerprint(hashes.SHA256()) for one in x509.load_pem_x509_certificates(pem.encode())]


def to_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_to_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def key_from_pem(pem: object) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(str(pem).encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an elliptic curve key")
    return key
