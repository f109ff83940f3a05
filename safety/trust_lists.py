"""Whom we believe, in three lists that are kept apart, and what an operator's file may put in them."""

import hashlib
from dataclasses import dataclass

from cryptography import x509

from safety.certificates import fingerprints
from safety.errors import Misconfigured

TIME_STAMPERS, FOREIGN_SIGNERS = "time-stampers.pem", "foreign-signers.pem"
FILES = {"time-stampers": TIME_STAMPERS, "foreign-signers": FOREIGN_SIGNERS}
"""The lists that the operator keeps, by the name that `sitter trust` knows them by."""
LIST_BYTES = 4 << 20


@dataclass(frozen=True)
class TrustLists:
    """Certificates in PEM, possibly none.

    Attributes:
        own: roots of our own authorities.
        time: roots whose time-stamps count.
        foreign: roots of signers that we know.
        leaves: our own claim signers that somebody else's authority issued: each by itself, because that
            authority's root would make its other customers ours.
    """

    own: str
    time: str
    foreign: str
    leaves: str = ""


@dataclass(frozen=True)
class Listed:
    """One certificate of a list, as shown to people."""

    subject: str
    ends: str
    sha256: str


def described(pem: str) -> list[Listed]:
    """What stands in a list."""
    return [
        Listed(one.subject.rfc4514_string(), one.not_valid_after_utc.date().isoformat(), digest.hex())
        for one, digest in zip(_certificates(pem), fingerprints(pem), strict=True)
    ]


def digest_of(data: bytes) -> str:
    """SHA-256 of a list's file, to compare with what its publisher says elsewhere."""
    return hashlib.sha256(data).hexdigest()


def checked(data: bytes, sha256: str | None = None) -> str:
    """The list in `data`.

    Raises:
        Misconfigured: it is too large, is not the file of that digest, or holds no certificates.
    """
    if len(data) > LIST_BYTES:
        raise Misconfigured(f"a trust list is at most {LIST_BYTES} bytes", limit=LIST_BYTES)
    if sha256 is not None and digest_of(data) != sha256.lower():
        raise Misconfigured("the file is not the one with that SHA-256: it is not taken")
    try:
        text = data.decode("ascii")
        certificates = _certificates(text)
    except ValueError as error:
        raise Misconfigured("the file is no list of certificates in PEM") from error
    if not certificates:
        raise Misconfigured("the file holds no certificate: to empty a list remove its file")
    return text


def _certificates(pem: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem.encode()) if pem.strip() else []
