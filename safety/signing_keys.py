"""Keys that sign claims: in a file, in a token, or behind a function of the operator's own.

A key is named by a reference, which is what is kept (sealed) and what is handed to the signing process:

    pem:-----BEGIN PRIVATE KEY-----...                          the key itself, PKCS #8
    pkcs11:token=L;object=L?module-path=FILE&pin-source=file:F  a token's, after RFC 7512; it never leaves it
    callback:MODULE:FUNCTION                                    FUNCTION(data: bytes) -> bytes, such as a KMS

Signatures are those of COSE (RFC 9053): ES256 as r and s, 64 bytes; Ed25519 as in RFC 8032, 64 bytes.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from safety.errors import Misconfigured, SignerUnavailable
from safety.pkcs11 import logged_in, parse

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
SIGNATURE_BYTES = 64
KEY_BYTES, POINT_BYTES = 32, 65
"""Of an Ed25519 public key, and of an uncompressed P-256 point; a token gives them wrapped in DER."""


class SigningKey(Protocol):
    """Signs; raises whatever stops it. Used by one thread at a time."""

    def sign(self, data: bytes, algorithm: str) -> bytes:
        """A COSE signature over `data`. `algorithm` is "es256" or "ed25519", as the certificate says."""

    def public_key(self) -> PublicKey:
        """Its public half, to ask for a certificate. Raises Misconfigured where that cannot be had."""


@lru_cache(maxsize=8)
def open_signing_key(reference: str) -> SigningKey:
    """The key that `reference` names, opened once in each process.

    Raises:
        Misconfigured: the reference, or a package that it needs, cannot be used; the message says which.
        SignerUnavailable: the token does not answer.
    """
    scheme, _, rest = reference.partition(":")
    match scheme:
        case "pem":
            return FileKey(private_key(rest))
        case "pkcs11":
            return TokenKey(reference)
        case "callback":
            return CallbackKey(rest)
        case _:
            raise Misconfigured("a signing key is a file, pkcs11:... or callback:MODULE:FUNCTION")


def reference_of(key: PrivateKey) -> str:
    """The reference that holds `key` itself; a secret."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return f"pem:{pem.decode()}"


def private_key(pem: str) -> PrivateKey:
    """An unencrypted P-256 or Ed25519 key in PEM. Raises Misconfigured."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise Misconfigured("the signing key is no unencrypted private key in PEM") from error
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise Misconfigured("a signing key must be P-256 (ES256) or Ed25519")


def algorithm_of(key: object) -> str:
    """ "es256" or "ed25519". Raises Misconfigured for any other public key."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "es256"
    raise Misconfigured("a claim signer's key must be P-256 (ES256) or Ed25519")


class FileKey:
    """A key in memory."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    def sign(self, data: bytes, algorithm: str) -> bytes:
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        return _joined(self._key.sign(data, ec.ECDSA(hashes.SHA256())))

    def public_key(self) -> PublicKey:
        return self._key.public_key()


class TokenKey:
    """A key of a PKCS #11 token, in one session (CKM_ECDSA over the digest, or CKM_EDDSA)."""

    def __init__(self, url: str) -> None:
        parts = parse(url, "signing key")
        try:
            self._library: Any = import_module("pkcs11")
        except ImportError as error:
            raise Misconfigured(
                "a signing key in a token needs the package python-pkcs11: pip install python-pkcs11",
                package="python-pkcs11",
            ) from error
        try:
            pin = Path(parts["pin-source"].removeprefix("file:")).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured("the file with the token's PIN cannot be read: check pin-source") from error
        try:
            session = _session(self._library, parts["module-path"], parts["token"], pin)
            self._key = session.get_key(
                object_class=self._library.ObjectClass.PRIVATE_KEY, label=parts["object"]
            )
            self._session, self._label = session, parts["object"]
        except Exception as error:  # what the module at that path raises
            raise SignerUnavailable(
                "the token with the signing key cannot be opened: check token, object, module-path and PIN"
            ) from error

    def sign(self, data: bytes, algorithm: str) -> bytes:
        mechanism = self._library.Mechanism
        if algorithm == "ed25519":
            return bytes(self._key.sign(data, mechanism=mechanism.EDDSA))
        return bytes(self._key.sign(hashlib.sha256(data).digest(), mechanism=mechanism.ECDSA))

    def public_key(self) -> PublicKey:
        try:
            key = self._session.get_key(object_class=self._library.ObjectClass.PUBLIC_KEY, label=self._label)
            point = bytes(key[self._library.Attribute.EC_POINT])
            if key.key_type == self._library.KeyType.EC_EDWARDS:
                return ed25519.Ed25519PublicKey.from_public_bytes(point[-KEY_BYTES:])
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point[-POINT_BYTES:])
        except Exception as error:  # what the module at that path raises
            raise Misconfigured(
                "the token holds no P-256 or Ed25519 public key of that label: put it beside the key"
            ) from error


@lru_cache(maxsize=8)
def _session(library: Any, module: str, token: str, pin: str) -> Any:
    """One session of this process with a token for all signatures."""
    return logged_in(library, library.lib(module).get_token(token_label=token), pin)


class CallbackKey:
    """A function of an installed module, which gets what is to be signed (about 2 kB) and signs it.

    It may answer ES256 as r and s or as DER (RFC 3279), which most key services do.
    """

    def __init__(self, name: str) -> None:
        module, _, function = name.partition(":")
        try:
            self._function: Callable[[bytes], bytes] = getattr(import_module(module), function)
        except (ImportError, AttributeError, ValueError) as error:
            raise Misconfigured("the signing callback is not there: callback:MODULE:FUNCTION") from error

    def sign(self, data: bytes, algorithm: str) -> bytes:
        signature = self._function(data)
        if algorithm == "es256" and len(signature) != SIGNATURE_BYTES:
            return _joined(signature)
        return signature

    def public_key(self) -> PublicKey:
        raise Misconfigured("a signing callback has no public key: make the request with its key service")


def _joined(der: bytes) -> bytes:
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
