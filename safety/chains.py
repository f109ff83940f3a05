"""A certificate chain that somebody else issued: checked before anything is signed under it.

What is checked is what C2PA 2.4, 14.5.1, asks of a claim signer, and what the C2PA library refuses only at
the first signature. Each finding says what is wrong and what to ask the authority for.
"""

from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from safety.certificates import CLAIM_SIGNING, CLOCK_SLACK, DOCUMENT_SIGNING, to_pem
from safety.errors import Misconfigured
from safety.signing_keys import algorithm_of

MAX_CERTIFICATES = 6
MAX_DAYS = 366
"""The longest validity of C2PA's certificate profile 0.2 (assurance level 1)."""
_PURPOSES = {CLAIM_SIGNING, DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION}
_NEVER = {
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    ExtendedKeyUsageOID.TIME_STAMPING,
    ExtendedKeyUsageOID.OCSP_SIGNING,
}


def read_chain(pem: str) -> tuple[x509.Certificate, ...]:
    """The certificates of `pem` in their order, a self-signed root at the end left out.

    Raises:
        Misconfigured: there are none, too many, or something else is among them.
    """
    try:
        given = x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise Misconfigured("the chain is no list of certificates in PEM") from error
    if len(given) > MAX_CERTIFICATES:
        raise Misconfigured(f"the chain has over {MAX_CERTIFICATES} certificates", limit=MAX_CERTIFICATES)
    if len(given) > 1 and given[-1].issuer == given[-1].subject:
        given = given[:-1]
    return tuple(given)


def check_chain(chain: tuple[x509.Certificate, ...], at: datetime) -> None:
    """Check a claim signer's certificate and those above it.

    Raises:
        Misconfigured: metadata `findings` counts what is wrong; the message says all of it.
    """
    findings = [*_leaf_findings(chain[0], at), *_order_findings(chain, at)]
    if findings:
        raise Misconfigured(
            f"the certificate chain cannot be used: {'; '.join(findings)}", findings=len(findings)
        )


def to_text(chain: tuple[x509.Certificate, ...]) -> str:
    return "".join(to_pem(certificate) for certificate in chain)


def _leaf_findings(leaf: x509.Certificate, at: datetime) -> list[str]:
    checks = {
        "its first certificate is no signer's but an authority's: put the signer's first": not _is_ca(leaf),
        "the signer's certificate is self-signed: have it issued by an authority": (
            leaf.issuer != leaf.subject
        ),
        "the key must be P-256 or Ed25519": _usable_key(leaf),
        "it lacks the extended key usage for claims (1.3.6.1.4.1.62558.2.1) or documents": (
            bool(_purposes(leaf) & _PURPOSES) and not _purposes(leaf) & _NEVER
        ),
        "it lacks the key usage digitalSignature, or has keyCertSign": _may_sign(leaf),
        "it lacks the authority key identifier": _has(leaf, x509.AuthorityKeyIdentifier),
        "its subject lacks an organisation (O), which validators show": bool(
            leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        ),
        f"it is valid for over {MAX_DAYS} days": (
            leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=MAX_DAYS, hours=1)
        ),
        "it has expired": at < leaf.not_valid_after_utc,
    }
    return [finding for finding, good in checks.items() if not good]


def _order_findings(chain: tuple[x509.Certificate, ...], at: datetime) -> list[str]:
    found = []
    for number, (lower, upper) in enumerate(pairwise(chain), 2):
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature):
            found.append(f"certificate {number} did not issue the one before it: order them signer first")
        if not _is_ca(upper):
            found.append(f"certificate {number} is no authority's")
        if not upper.not_valid_before_utc - CLOCK_SLACK <= at < upper.not_valid_after_utc:
            found.append(f"certificate {number} is not valid now")
    return found


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _purposes(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    try:
        return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return set()


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature and not usage.key_cert_sign


def _has(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> bool:
    try:
        certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return False
    return True


def _usable_key(certificate: x509.Certificate) -> bool:
    try:
        algorithm_of(certificate.public_key())
    except Misconfigured:
        return False
    return True
