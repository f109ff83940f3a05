"""OCSP (RFC 6960): the authority says that the signer's certificate is not revoked, and the clip carries it.

The answer goes into the unprotected header of the claim's signature (`rVals`, C2PA 2.4, 14.5.2), which the
signature does not cover and the library fills up to a fixed size: written there it moves nothing and no hash
changes. The library itself staples nothing from Python (contentauth/c2pa-rs#2193).
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from safety import jumbf
from safety.certificates import ClaimSigner
from safety.errors import Misconfigured, SignerUnavailable

_LOG = logging.getLogger(__name__)

Ask = Callable[[str, bytes], bytes]
"""Sends an OCSP request to a responder's address; its answer. Raises SignerUnavailable."""

AGAIN = timedelta(minutes=5)
"""A responder that failed is not asked again for so long."""
FRESH = timedelta(hours=12)
"""An answer without an end is asked for anew after so long; one with an end after half its time."""


class Stapler:
    """Answers of the responders that our own certificates name, kept while they are fresh. Thread-safe."""

    def __init__(self, ask: Ask | None, clock: Callable[[], datetime]) -> None:
        self._ask, self._clock = ask, clock
        self._gate = threading.Lock()
        self._kept: dict[str, tuple[datetime, bytes | None]] = {}

    def response(self, signer: ClaimSigner) -> bytes | None:
        """The responder's answer about `signer`, DER; None where its certificate names no responder, or that
        did not answer: a clip without one is valid, and strict verifiers say what is missing.

        Raises:
            SignerUnavailable: the certificate is revoked.
        """
        url = responder(signer.certificate)
        if url is None or self._ask is None:
            return None
        with self._gate:
            now = self._clock()
            until, kept = self._kept.get(signer.fingerprint, (now, None))
            if now >= until:
                until, kept = self._fetch(signer, url, now)
                self._kept[signer.fingerprint] = (until, kept)
            return kept

    def _fetch(self, signer: ClaimSigner, url: str, now: datetime) -> tuple[datetime, bytes | None]:
        leaf, issuer = x509.load_pem_x509_certificates(signer.chain.encode())[:2]
        request = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA1()).build()  # noqa: S303
        try:
            answer = self._ask(url, request.public_bytes(serialization.Encoding.DER))  # type: ignore[misc]
            return _checked(answer, leaf, issuer, now), answer
        except (SignerUnavailable, Misconfigured, ValueError) as error:
            if isinstance(error, SignerUnavailable) and error.metadata.get("cause") == "revoked":
                raise
            _LOG.warning("the authority does not say whether our certificate is revoked: %s", error)
            return now + AGAIN, None


def responder(certificate: x509.Certificate) -> str | None:
    """The first OCSP address that a certificate names."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    for one in access:
        name = one.access_location
        if one.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            name, x509.UniformResourceIdentifier
        ):
            return name.value
    return None


def stapled(store: bytes, response: bytes) -> bytes:
    """The manifest store with `response` in its active manifest's signature; as long as before.

    Raises:
        ValueError: there is no room, or the signature is not as the library writes it.
    """
    box = jumbf.signature_of(store)
    cose = store[box.start : box.end]
    tag, _, at = jumbf.head(cose, 0)
    if tag == 6:
        _, _, at = jumbf.head(cose, at)
    begin = jumbf.after(cose, at)  # behind the protected header
    major, count, at = jumbf.head(cose, begin)
    if major != 5:
        raise ValueError("the signature has no unprotected header")
    kept, end = b"", at
    for _ in range(count):
        key_end = jumbf.after(cose, end)
        value_end = jumbf.after(cose, key_end)
        if cose[end:key_end] != jumbf.text("pad"):
            kept += cose[end:value_end]
        end = value_end
    values = jumbf.written(5, 1) + jumbf.text("ocspVals") + jumbf.written(4, 1) + jumbf.byte_string(response)
    body = kept + jumbf.text("rVals") + values
    entries = count + 1 if jumbf.text("pad") in cose[at:end] else count + 2
    room = end - begin - len(jumbf.written(5, entries)) - len(body) - len(jumbf.text("pad"))
    pad = _padding(room)
    header = jumbf.written(5, entries) + body + jumbf.text("pad") + pad
    changed = cose[:begin] + header + cose[end:]
    return store[: box.start] + changed + store[box.end :]


def _padding(room: int) -> bytes:
    """A byte string of zeros that takes `room` bytes with its head. Raises ValueError."""
    for head_bytes in (1, 2, 3, 5):
        size = room - head_bytes
        if size >= 0 and len(jumbf.written(2, size)) == head_bytes:
            return jumbf.byte_string(bytes(size))
    raise ValueError("the signature has no room for the authority's answer")


def _checked(answer: bytes, leaf: x509.Certificate, issuer: x509.Certificate, now: datetime) -> datetime:
    """Until when a responder's answer is kept. Raises ValueError, SignerUnavailable where it says revoked."""
    said = ocsp.load_der_ocsp_response(answer)
    if said.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise ValueError(f"its responder answers {said.response_status.name}")
    if said.serial_number != leaf.serial_number or not _signed_by(said, issuer):
        raise ValueError("its responder's answer is not about it, or not the authority's")
    if said.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        raise SignerUnavailable(
            "the claim signer's certificate is revoked: import another (sitter trust import)", cause="revoked"
        )
    if said.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        raise ValueError("its responder does not know it")
    if said.next_update_utc is None:
        return now + FRESH
    if said.next_update_utc <= now:
        raise ValueError("its responder's answer is out of date")
    return now + (said.next_update_utc - now) / 2


def _signed_by(said: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """By the authority itself, or by a responder that it issued for this (RFC 6960, 4.2.2.2)."""
    signer = issuer
    for one in said.certificates:
        try:
            one.verify_directly_issued_by(issuer)
            usages = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            continue
        if ExtendedKeyUsageOID.OCSP_SIGNING in usages:
            signer = one
    digest = said.signature_hash_algorithm
    try:
        match signer.public_key():
            case ec.EllipticCurvePublicKey() as key if digest is not None:
                key.verify(said.signature, said.tbs_response_bytes, ec.ECDSA(digest))
            case rsa.RSAPublicKey() as key if digest is not None:
                key.verify(said.signature, said.tbs_response_bytes, padding.PKCS1v15(), digest)
            case ed25519.Ed25519PublicKey() as key:
                key.verify(said.signature, said.tbs_response_bytes)
            case _:
                return False
    except InvalidSignature:
        return False
    return True
