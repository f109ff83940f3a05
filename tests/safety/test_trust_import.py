"""Certificates of a real authority: asked for, checked, imported, rotated; keys of every kind."""

import os
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from safety.certificates import certify, name_of, to_pem
from safety.credentials import Credentials
from safety.errors import Misconfigured, SignerUnavailable
from safety.keys import KeyRing
from safety.signing_keys import reference_of
from safety.trust import Authority
from tests.key_faults import KEY
from tests.safety.conftest import MODULE, PIN
from tests.safety.test_credentials import Installation, install

NAMES = {"country": "AT", "organization": "Example GmbH", "common_name": "Example clips"}


class Issuer:
    """A real authority's root and issuing certificate."""

    def __init__(self, at):
        self.at = at
        root_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        by = {"issuer": name_of("somebody's root"), "issuer_key": root_key, "at": at}
        self.root = certify("somebody's root", root_key.public_key(), days=3650, path_length=1, **by)
        self.issuing = certify("issuing", self.key.public_key(), days=1800, path_length=0, **by)

    def leaf(self, public, days=90, at=None):
        issuer = {"issuer": self.issuing.subject, "issuer_key": self.key}
        return certify("claim signer", public, at=at or self.at, days=days, **issuer)

    def chain(self, public, **when):
        return "".join(map(to_pem, (self.leaf(public, **when), self.issuing, self.root)))


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def issuer(now):
    return Issuer(now - timedelta(days=10))


@pytest.fixture
def authority(tmp_path, now):
    return Authority(tmp_path / "trust", KeyRing.open(tmp_path / "keys"), at=now)


def started(tmp_path):
    """The installation of `authority`, started: its self-test passed."""
    ring = KeyRing.open(tmp_path / "keys")
    return Installation(tmp_path, ring, Credentials.open(tmp_path / "trust", ring))


def signs_as_ours(made):
    """Sign a clip and say under which certificate."""
    target, done = made.sign()
    reading = made.credentials.read(target)
    assert (reading.state, reading.ours, reading.failures) == ("trusted", True, ())
    made.credentials.close()
    return done.certificate


@pytest.mark.parametrize("kind", ["es256", "ed25519"])
def test_request_and_import(authority, issuer, now, tmp_path, kind):
    """The request is signed by a key that stays here; with the answer the service signs as ours."""
    request = x509.load_pem_x509_csr(authority.request(kind, NAMES).encode())
    assert request.is_signature_valid
    assert "O=Example GmbH" in request.subject.rfc4514_string()
    signer = authority.take(issuer.chain(request.public_key()), None, now)
    assert signer.algorithm == kind
    assert signs_as_ours(started(tmp_path)) == signer.fingerprint
    for path in (tmp_path / "trust").iterdir():
        assert b"PRIVATE" not in path.read_bytes()


def test_only_the_very_certificate_is_ours(authority, issuer, now, tmp_path):
    """Another customer of the same authority is a stranger, listed or not; before the import so were we."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority.take(issuer.chain(key.public_key()), reference_of(key), now)
    ours = started(tmp_path)
    (tmp_path / "other").mkdir()
    other = install(tmp_path / "other")
    key = ec.generate_private_key(ec.SECP256R1())
    other.credentials._authority.take(issuer.chain(key.public_key()), reference_of(key), now)
    target, _ = other.sign()
    mine, _ = ours.sign()
    assert other.credentials.read(target).ours
    assert (ours.credentials.read(target).state, ours.credentials.read(target).ours) == ("valid", False)
    for each in (ours, other):
        each.credentials._authority.update("foreign-signers", to_pem(issuer.root).encode())
    assert (ours.credentials.read(target).state, ours.credentials.read(target).ours) == ("trusted", False)
    assert ours.credentials.read(mine).ours
    assert other.credentials.read(target).ours
    for each in (ours, other):
        each.credentials.close()


def test_rotation_overlaps(authority, issuer, now, tmp_path):
    """The newer signs from the day it begins; clips under the older stay ours, also after a restart."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    old = authority.take(issuer.chain(keys[0].public_key()), reference_of(keys[0]), now)
    running = started(tmp_path)
    first, _ = running.sign(name="first.mp4")
    begin = now - timedelta(hours=1)
    new = authority.take(issuer.chain(keys[1].public_key(), at=begin), reference_of(keys[1]), now)
    future = authority.take(
        issuer.chain(keys[2].public_key(), at=now + timedelta(days=5)), reference_of(keys[2]), now
    )
    second, done = running.sign(name="second.mp4")
    assert done.certificate == new.fingerprint, "a running service takes up what was imported meanwhile"
    assert [each.fingerprint for each in authority.signers(now)] == [new.fingerprint, old.fingerprint]
    assert authority.signer(now + timedelta(days=6)).fingerprint == future.fingerprint
    assert all(running.credentials.read(path).ours for path in (first, second))
    running.credentials.close()
    again = started(tmp_path)
    assert all(again.credentials.read(path).ours for path in (first, second))
    again.credentials.close()


def test_start_tests_every_signer(authority, issuer, now, tmp_path):
    """An older certificate whose key has gone is noticed at the start."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tests.key_faults.KEY", keys[0])
        authority.take(issuer.chain(keys[0].public_key()), "callback:tests.key_faults:good", now)
    later = issuer.chain(keys[1].public_key(), at=now - timedelta(days=1))
    authority.take(later, reference_of(keys[1]), now)
    with pytest.raises(Misconfigured, match="does not belong"):
        started(tmp_path)


def test_ended_certificates_do_not_fall_back(authority, issuer, now):
    """When the last imported one has ended nothing is signed: not by the development authority again."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority.take(issuer.chain(key.public_key()), reference_of(key), now)
    with pytest.raises(SignerUnavailable, match="import a new one"):
        authority.signer(now + timedelta(days=100))


def test_lost_import_is_noticed(authority, issuer, now, tmp_path):
    """Without the file of what was imported nothing starts; the development authority does not step in."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority.take(issuer.chain(key.public_key()), reference_of(key), now)
    (tmp_path / "trust" / "imported.sealed").unlink()
    with pytest.raises(Misconfigured, match="restore it"):
        authority.signer(now)
    with pytest.raises(Misconfigured, match="restore it"):
        Authority(tmp_path / "trust", KeyRing.open(tmp_path / "keys"), at=now)


def wrongly(change):
    """A leaf that is wrong in one way."""
    now = datetime.now(UTC)
    issuer, key = Issuer(now - timedelta(days=10)), ec.generate_private_key(ec.SECP256R1())
    good = issuer.leaf(key.public_key())
    public = rsa.generate_private_key(65537, 2048).public_key() if change == "rsa" else key.public_key()
    end = good.not_valid_after_utc
    end = {"expired": now - timedelta(days=1), "long": now + timedelta(days=800)}.get(change, end)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]) if change == "no O" else good.subject)
        .issuer_name(good.issuer)
        .public_key(public)
        .serial_number(5)
        .not_valid_before(good.not_valid_before_utc)
        .not_valid_after(end)
    )
    for extension in good.extensions:
        value = extension.value
        if isinstance(value, x509.ExtendedKeyUsage):
            purposes = {"no EKU": None, "other EKU": [ExtendedKeyUsageOID.CODE_SIGNING],
                        "clock": [*value, ExtendedKeyUsageOID.TIME_STAMPING]}  # fmt: skip
            purposes = purposes.get(change, list(value))
            if purposes is None:
                continue
            value = x509.ExtendedKeyUsage(purposes)
        if isinstance(value, x509.KeyUsage) and change == "no usage":
            continue
        if isinstance(value, x509.AuthorityKeyIdentifier) and change == "no AKI":
            continue
        builder = builder.add_extension(value, extension.critical)
    leaf = builder.sign(issuer.key, hashes.SHA256())
    return key, to_pem(leaf) + to_pem(issuer.issuing)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("no EKU", "extended key usage"),
        ("other EKU", "extended key usage"),
        ("clock", "extended key usage"),
        ("no usage", "digitalSignature"),
        ("no AKI", "authority key identifier"),
        ("no O", "organisation"),
        ("expired", "has expired"),
        ("long", "over 366 days"),
        ("rsa", "P-256 or Ed25519"),
    ],
)
def test_certificate_against_the_profile(authority, now, change, message):
    """Each breach of C2PA's profile is named, and nothing is imported."""
    key, chain = wrongly(change)
    with pytest.raises(Misconfigured, match=message) as caught:
        authority.take(chain, reference_of(key), now)
    assert caught.value.metadata["findings"] == "1"
    assert (
        "development"
        in x509.load_pem_x509_certificate(authority.signer(now).chain.encode()).subject.rfc4514_string()
    )
    assert authority.lists().leaves == ""


def test_chain_in_the_wrong_order(authority, issuer, now):
    """Order and belonging: the signer first, each issued by the next; the key is the certificate's."""
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    leaf, stranger = issuer.leaf(key.public_key()), Issuer(issuer.at)
    good = to_pem(leaf) + to_pem(issuer.issuing)
    for chain, message in (
        (to_pem(issuer.issuing) + to_pem(leaf), "signer's first"),
        (to_pem(leaf) + to_pem(stranger.issuing), "did not issue"),
        (to_pem(leaf) * 7, "over 6"),
        ("nonsense", "no list of certificates"),
        (to_pem(issuer.root), "authority's"),
    ):
        with pytest.raises(Misconfigured, match=message):
            authority.take(chain, reference_of(key), now)
    with pytest.raises(Misconfigured, match="not that of the certificate"):
        authority.take(good, reference_of(other), now)
    with pytest.raises(Misconfigured, match="name its key"):
        authority.take(good, None, now)
    authority.take(good, reference_of(key), now)
    with pytest.raises(Misconfigured, match="already"):
        authority.take(good, reference_of(key), now)


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        ("callback:tests.key_faults:dead", SignerUnavailable, "ConnectionError"),
        ("callback:tests.key_faults:wrong", Misconfigured, "not that of the certificate"),
        ("callback:tests.key_faults:missing", Misconfigured, "not there"),
        ("callback:", Misconfigured, "not there"),
        ("pem:nonsense", Misconfigured, "no unencrypted private key"),
        ("ftp:key", Misconfigured, "callback:MODULE:FUNCTION"),
        ("pkcs11:token=a", Misconfigured, "signing key's URL lacks"),
    ],
)
def test_key_that_cannot_be_used(authority, issuer, now, key, error, message):
    """Told at the import, typed."""
    chain = issuer.chain(ec.generate_private_key(ec.SECP256R1()).public_key())
    with pytest.raises(error, match=message):
        authority.take(chain, key, now)


def test_callback_signs_in_its_own_process(authority, issuer, now, tmp_path):
    """A function of the operator's, answering in DER as key services do, is a key like any other."""
    signer = authority.take(issuer.chain(KEY.public_key()), "callback:tests.key_faults:good", now)
    assert signs_as_ours(started(tmp_path)) == signer.fingerprint


def test_request_that_cannot_be_made(authority):
    """A name that is missing or no country; a key whose public half is not at hand."""
    for names in ({}, {**NAMES, "country": "Austria"}, {**NAMES, "common_name": ""}):
        with pytest.raises(Misconfigured, match="country of two letters"):
            authority.request("es256", names)
    with pytest.raises(Misconfigured, match="key service"):
        authority.request("es256", NAMES, "callback:tests.key_faults:good")


def test_token_without_its_package(authority, issuer, now, monkeypatch):
    """Where python-pkcs11 is missing the error names it."""
    monkeypatch.setitem(__import__("sys").modules, "pkcs11", None)
    chain = issuer.chain(KEY.public_key())
    with pytest.raises(Misconfigured, match="pip install python-pkcs11"):
        authority.take(chain, "pkcs11:token=x;object=y?module-path=/none.so&pin-source=file:/none", now)


@pytest.fixture
def token(soft_token):
    """Stores a key in the token and says its reference."""

    def put(key):
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = soft_token / "key.pem"
        path.write_bytes(pem)
        label = os.urandom(4).hex()
        put = ["--import", str(path), "--token", "sitter", "--label", label, "--id", label, "--pin", PIN]
        subprocess.run(["softhsm2-util", *put], check=True, capture_output=True)
        path.unlink()
        return f"pkcs11:token=sitter;object={label}?module-path={MODULE}&pin-source=file:{soft_token}/pin"

    return put


@pytest.mark.parametrize("kind", ["es256", "ed25519"])
def test_key_in_a_token(authority, issuer, now, tmp_path, token, kind):
    """The key stays in the token; the service signs with it, and the clip is ours."""
    key = (
        ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    )
    reference = token(key)
    with pytest.raises(SignerUnavailable, match="cannot be opened"):
        authority.take(issuer.chain(key.public_key()), reference.replace("object=", "object=no"), now)
    asked = x509.load_pem_x509_csr(authority.request(kind, NAMES, reference).encode())
    assert asked.is_signature_valid
    assert asked.public_key() == key.public_key()
    signer = authority.take(issuer.chain(asked.public_key()), None, now)
    assert signs_as_ours(started(tmp_path)) == signer.fingerprint


def test_lists_are_replaced_whole(authority, issuer, tmp_path):
    """A list is taken with its digest checked; what is no list, or names our own root, changes nothing."""
    root = to_pem(issuer.root).encode()
    digest = hashes.Hash(hashes.SHA256())
    digest.update(root)
    said = digest.finalize().hex()
    assert authority.update("foreign-signers", root, said.upper()).foreign == root.decode()
    for data, sha256, message in (
        (root, "0" * 64, "not the one"),
        (b"", None, "no certificate"),
        (b"\xff", None, "no list"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", None, "no list"),
        (authority.lists().own.encode(), None, "our own"),
        (b"x" * (5 << 20), None, "at most"),
    ):
        with pytest.raises(Misconfigured, match=message):
            authority.update("foreign-signers", data, sha256)
    assert authority.lists().foreign == root.decode()
