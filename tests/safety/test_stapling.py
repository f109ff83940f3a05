"""The authority's word that our certificate stands travels in the clip; a clip without it is valid, too."""

import io
import json
from datetime import UTC, datetime, timedelta

import c2pa
import pytest

from safety.certificates import to_pem
from safety.credential_settings import make_context
from safety.credentials import Credentials
from safety.errors import Misconfigured, SignerUnavailable
from safety.keys import KeyRing
from safety.signing_keys import private_key, reference_of
from safety.stapling import AGAIN, Stapler, responder, stapled
from safety.trust import Authority
from safety.trust_lists import TrustLists
from tests.ocsp_responder import OPENSSL, Responder
from tests.safety.test_credentials import Installation, facts

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command for a local responder")


@pytest.fixture
def authority(tmp_path):
    folder = tmp_path / "ocsp"
    folder.mkdir()
    return Responder(folder)


def installed(tmp_path, authority, ask):
    """An installation that signs under the authority's certificate."""
    ring, now = KeyRing.open(tmp_path / "keys"), datetime.now(UTC)
    key = reference_of(private_key(authority.key))
    Authority(tmp_path / "trust", ring, at=now).take(authority.chain, key, now)
    return Installation(tmp_path, ring, Credentials.open(tmp_path / "trust", ring, ocsp=ask))


def codes(authority, data):
    """What succeeded, for a reader who trusts the authority's root."""
    context = make_context(TrustLists(own=to_pem(authority.root), time="", foreign="")).library
    with c2pa.Reader("video/mp4", io.BytesIO(data), context=context) as reader:
        report = json.loads(reader.json())["validation_results"]["activeManifest"]
    assert report["failure"] == []
    return [one["code"] for one in report["success"]]


def test_an_answer_is_stapled(tmp_path, authority):
    """Asked once for the self-test and the clip; the clip is ours, and the library finds it not revoked."""
    made = installed(tmp_path, authority, authority.ask)
    target, done = made.sign()
    data = target.read_bytes()
    made.credentials.close()
    reading = made.credentials.read(data)
    assert (reading.ours, reading.failures, authority.asked) == (True, (), 1)
    assert "signingCredential.ocsp.notRevoked" in codes(authority, data)
    assert done.manifest in data


def test_no_answer_is_no_hindrance(tmp_path, authority):
    """A responder that is down, or talks nonsense, is not asked again at once; the clip is signed."""
    asked = []

    def down(url, request):
        asked.append(url)
        raise SignerUnavailable("it cannot be reached")

    made = installed(tmp_path, authority, down)
    target, _ = made.sign()
    made.credentials.close()
    assert made.credentials.read(target).ours
    assert len(asked) == 1
    now = [datetime.now(UTC)]
    signer = made.credentials.signer
    stapler = Stapler(lambda url, request: asked.append(url) or b"nonsense", lambda: now[0])
    assert stapler.response(signer) is None
    assert stapler.response(signer) is None
    assert len(asked) == 2
    now[0] += AGAIN + timedelta(seconds=1)
    assert stapler.response(signer) is None
    assert len(asked) == 3


def test_a_revoked_signer_signs_nothing(tmp_path, authority):
    """The authority says revoked: refused at the start, with what to do."""
    authority.revoked = True
    with pytest.raises(Misconfigured, match="revoked"):
        installed(tmp_path, authority, authority.ask)


def test_an_answer_of_somebody_else_is_none(tmp_path, authority):
    """Another authority's answer about the same serial number does not count."""
    folder = tmp_path / "other"
    folder.mkdir()
    other = Responder(folder)
    other.leaf = authority.leaf
    made = installed(tmp_path, authority, authority.ask)
    made.credentials.close()
    signer = made.credentials.signer
    assert Stapler(other.ask, lambda: datetime.now(UTC)).response(signer) is None
    assert Stapler(authority.ask, lambda: datetime.now(UTC)).response(signer) is not None


def test_the_development_authority_names_no_responder(tmp_path):
    """Nobody is asked about a certificate of our own authority."""
    ring = KeyRing.open(tmp_path / "keys")
    signer = Authority(tmp_path / "trust", ring, at=datetime.now(UTC)).signer(datetime.now(UTC))
    assert responder(signer.certificate) is None
    stapler = Stapler(lambda url, request: pytest.fail("asked"), lambda: datetime.now(UTC))
    assert stapler.response(signer) is None


def test_no_room_is_an_error(tmp_path, authority):
    """An answer longer than the library's filling, or a store that is none, is refused."""
    made = installed(tmp_path, authority, None)
    _, done = made.sign(facts())
    made.credentials.close()
    assert len(stapled(done.manifest, b"x" * 2000)) == len(done.manifest)
    for store, answer in ((done.manifest, b"x" * 20_000), (done.manifest[:200], b"x"), (b"", b"x")):
        with pytest.raises(ValueError):  # noqa: PT011 (each for another reason)
            stapled(store, answer)
