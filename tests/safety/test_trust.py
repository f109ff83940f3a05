"""The development authority is made once, in C2PA's profile, renewed in time, and says what it is."""

import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from safety.certificates import CLAIM_SIGNING, DOCUMENT_SIGNING
from safety.errors import Misconfigured, SignerUnavailable
from safety.keys import KeyRing
from safety.trust import Authority

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def ring(tmp_path, monkeypatch):
    monkeypatch.delenv("SITTER_PASSPHRASE", raising=False)
    return KeyRing.open(tmp_path / "keys")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "trust"


def chain(authority, at=NOW):
    """Claim signer, issuing certificate, root."""
    return x509.load_pem_x509_certificates((authority.signer(at).chain + authority.lists().own).encode())


def test_profile_of_the_certificates(folder, ring):
    """Names, chain, purposes and validity are those of C2PA 2.4, 14.5.1, and each says "development"."""
    leaf, issuing, root = chain(Authority(folder, ring, at=NOW))
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    for certificate, authority in ((leaf, False), (issuing, True), (root, True)):
        names = [attribute.value for attribute in certificate.subject]
        assert len(names) == 3
        assert all("development" in name for name in names[1:])
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert (usage.critical, usage.value.key_cert_sign) == (True, authority)
        assert usage.value.digital_signature is not authority
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (basic.critical, basic.value.ca) == (True, authority)
        certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        assert isinstance(certificate.public_key().curve, ec.SECP256R1)
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(purposes) == {CLAIM_SIGNING, DOCUMENT_SIGNING}
    assert (
        ExtendedKeyUsageOID.OCSP_SIGNING
        in issuing.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    )
    assert leaf.not_valid_after_utc - NOW == timedelta(days=90)
    assert leaf.not_valid_before_utc == NOW - timedelta(minutes=5)


def test_second_open_is_the_first(folder, ring):
    """Later starts load what the first made."""
    first, second = (Authority(folder, ring, at=NOW) for _ in range(2))
    assert first.signer(NOW).chain == second.signer(NOW).chain
    assert first.lists() == second.lists()
    assert (folder / "own-signers.pem").read_text() == first.lists().own


def test_keys_rest_sealed(folder, ring):
    """Nothing in the folder is readable by others, and no file holds a private key in the clear."""
    Authority(folder, ring, at=NOW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"PRIVATE" not in path.read_bytes()


def test_signature_belongs_to_the_certificate(folder, ring, tmp_path):
    """A signature verifies under its own certificate and data, under no other."""
    one, other = (
        Authority(folder, ring, at=NOW).signer(NOW),
        Authority(tmp_path / "b", ring, at=NOW).signer(NOW),
    )
    signature = one.sign(b"claim")
    assert len(signature) == 64
    assert one.verifies(b"claim", signature)
    assert not one.verifies(b"other", signature)
    assert not other.verifies(b"claim", signature)
    assert not one.verifies(b"claim", bytes(64))


def test_renewal(folder, ring):
    """The signer stays until 15 days before its end; then a new one of the same root signs, and is kept."""
    authority = Authority(folder, ring, at=NOW)
    first = authority.signer(NOW)
    assert authority.signer(NOW + timedelta(days=74)) == first
    late = NOW + timedelta(days=76)
    second = authority.signer(late)
    assert second.fingerprint != first.fingerprint
    assert second.ends == late + timedelta(days=90)
    assert first.ends > late
    assert len(x509.load_pem_x509_certificates(authority.lists().own.encode())) == 1
    assert Authority(folder, ring, at=late).signer(late).fingerprint == second.fingerprint


def test_new_authority_keeps_the_old_root(folder, ring):
    """When the issuing certificate nears its end a new root signs, and files under the old one stay ours."""
    authority = Authority(folder, ring, at=NOW)
    old = authority.lists().own
    late = NOW + timedelta(days=1750)
    authority.signer(late)
    own = authority.lists().own
    assert own.startswith(old)
    assert len(x509.load_pem_x509_certificates(own.encode())) == 2
    leaf, issuing, _, root = chain(authority, late)
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    assert Authority(folder, ring, at=late).lists().own == own
    assert (folder / "own-signers.pem").read_text() == own


def test_clock_before_the_certificate(folder, ring):
    """A clock that went back before the certificate's beginning refuses to sign."""
    authority = Authority(folder, ring, at=NOW)
    authority.signer(NOW - timedelta(minutes=4))
    with pytest.raises(SignerUnavailable, match="clock"):
        authority.signer(NOW - timedelta(days=1))


@pytest.mark.parametrize("name", ["authority.sealed", "signer.sealed"])
def test_damaged_key_file(folder, ring, name):
    """A changed, emptied or readable key file is refused, never replaced."""
    Authority(folder, ring, at=NOW)
    path = folder / name
    sealed = path.read_bytes()
    for content in (b"", sealed[:-1] + bytes([sealed[-1] ^ 1])):
        path.write_bytes(content)
        with pytest.raises(Misconfigured, match="damaged"):
            Authority(folder, ring, at=NOW)
        assert path.read_bytes() == content
    path.write_bytes(sealed)
    path.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod"):
        Authority(folder, ring, at=NOW)


def test_another_key_ring(folder, ring, tmp_path):
    """Another installation's key ring does not open the authority."""
    Authority(folder, ring, at=NOW)
    with pytest.raises(Misconfigured, match="another key ring"):
        Authority(folder, KeyRing.open(tmp_path / "other"), at=NOW)


def test_lists_are_apart(folder, ring, tmp_path):
    """The operator's two lists are empty at first, are read as they are then, and never hold our own root."""
    authority = Authority(folder, ring, at=NOW)
    lists = authority.lists()
    assert (lists.time, lists.foreign) == ("", "")
    other = Authority(tmp_path / "other", ring, at=NOW).lists().own
    (folder / "foreign-signers.pem").write_text("A comment\n" + other)
    assert authority.lists().foreign.endswith(other)
    assert authority.lists().own == lists.own
    for name in ("foreign-signers.pem", "time-stampers.pem"):
        (folder / name).write_text(other + lists.own)
        with pytest.raises(Misconfigured, match="our own"):
            authority.lists()
        (folder / name).unlink()


@pytest.mark.parametrize(
    "text", [b"nonsense", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_list_that_is_none(folder, ring, text):
    """A list without certificates, or with broken ones, is an error that names it, not an empty list."""
    authority = Authority(folder, ring, at=NOW)
    (folder / "time-stampers.pem").write_bytes(text)
    with pytest.raises(Misconfigured, match="time-stampers"):
        authority.lists()
