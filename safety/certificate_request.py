"""Requests for certificates (PKCS #10, RFC 2986), also of keys that never leave their token."""

from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.x509.oid import NameOID

from safety.errors import Misconfigured
from safety.signing_keys import PrivateKey, SigningKey, open_signing_key, reference_of

_NAMES = {
    "country": NameOID.COUNTRY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "common_name": NameOID.COMMON_NAME,
}


def request(kind: str, names: Mapping[str, str], key: str | None = None) -> tuple[str, str]:
    """A request for a certificate of a new key, or of one that is somewhere already.

    Args:
        kind: of a new key, "es256" or "ed25519".
        names: "country" (two letters), "organization" and "common_name", as the certificate shall show.
        key: reference of a key instead of a new one.

    Returns:
        The key's reference, a secret; and the request in PEM.

    Raises:
        Misconfigured: a name is missing or malformed, or the key cannot be used.
        SignerUnavailable: the key's token does not answer.
    """
    try:
        subject = x509.Name([x509.NameAttribute(oid, names[name]) for name, oid in _NAMES.items()])
    except (KeyError, ValueError) as error:
        raise Misconfigured(
            "a request needs a country of two letters, an organisation and a common name"
        ) from error
    reference = key or reference_of(_new(kind))
    signing = _signing(open_signing_key(reference))
    algorithm = None if isinstance(signing, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    signed = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(signing, algorithm)
    return reference, signed.public_bytes(serialization.Encoding.PEM).decode()


def _new(kind: str) -> PrivateKey:
    return (
        ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    )


def _signing(key: SigningKey) -> PrivateKey:
    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        return _Ed25519Elsewhere(key, public)
    return _P256Elsewhere(key, public)


class _Elsewhere:
    """What the builder of a request never asks of a key is not there."""

    def __init__(self, key: SigningKey, public: Any) -> None:
        self._key, self._public = key, public

    def public_key(self) -> Any:
        return self._public

    def _kept(self, *_: Any) -> Any:
        raise Misconfigured("the key does not leave its token")

    exchange = private_numbers = private_bytes = private_bytes_raw = __copy__ = __deepcopy__ = _kept


class _P256Elsewhere(_Elsewhere, ec.EllipticCurvePrivateKey):
    curve = ec.SECP256R1()
    key_size = 256

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        joined = self._key.sign(bytes(data), "es256")
        r, s = int.from_bytes(joined[:32], "big"), int.from_bytes(joined[32:], "big")
        return utils.encode_dss_signature(r, s)


class _Ed25519Elsewhere(_Elsewhere, ed25519.Ed25519PrivateKey):
    def sign(self, data: Any) -> bytes:
        return self._key.sign(bytes(data), "ed25519")
