"""Time-stamps (RFC 3161) by each policy, from a local authority; a dead one stops what it must."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from safety.credentials import Credentials, Stamping
from safety.errors import Misconfigured, SignerUnavailable
from safety.keys import KeyRing
from safety.signing import SigningPool
from safety.signing_keys import reference_of
from safety.trust import Authority
from tests.safety.test_credentials import MANIFEST, Installation, Permit, facts, install
from tests.safety.test_trust_import import Issuer
from tests.time_stamper import OPENSSL, TimeStamper

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command for a local time-stamper")

DOWN = "http://127.0.0.1:9/"


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    stamper = TimeStamper(tmp_path_factory.mktemp("tsa"))
    yield stamper
    stamper.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory, clock):
    made = install(tmp_path_factory.mktemp("stamped"))
    made.credentials._authority.update("time-stampers", clock.root.encode())
    yield made
    made.credentials.close()


def credentials(site, url, stamping, seconds=20.0):
    authority = site.credentials._authority
    pool = SigningPool(1, seconds)
    return Credentials(
        authority, site.ring, lambda: datetime.now(UTC), pool, time_stamper=url, stamping=stamping
    )


def signed(site, made, name="signed.mp4"):
    try:
        target = site.folder / name
        return target, made.sign(site.clip(), target, facts(), Permit())
    finally:
        made.close()


@pytest.mark.parametrize("stamping", [Stamping.REQUIRED, Stamping.BEST_EFFORT])
def test_a_stamp_of_a_listed_authority(site, clock, stamping):
    """Asked once; the clip reads as stamped, and by the authority's time."""
    asked = clock.asked
    target, done = signed(site, credentials(site, clock.url, stamping))
    reading = site.credentials.read(target)
    assert (done.time_stamped, reading.time_stamped, reading.ours, reading.failures) == (True, True, True, ())
    assert datetime.now(UTC).date().isoformat() in reading.signed_at
    assert clock.asked == asked + 1


def test_required_and_down(site):
    """Nothing leaves, and the cause is typed."""
    with pytest.raises(SignerUnavailable):
        signed(site, credentials(site, DOWN, Stamping.REQUIRED), "down.mp4")
    assert not (site.folder / "down.mp4").exists()


def test_best_effort_and_down(site):
    """The clip leaves without a stamp, and says so."""
    target, done = signed(site, credentials(site, DOWN, Stamping.BEST_EFFORT))
    reading = site.credentials.read(target)
    assert (done.time_stamped, reading.time_stamped, reading.ours) == (False, False, True)


@pytest.mark.parametrize("stamping", [Stamping.REQUIRED, Stamping.BEST_EFFORT])
def test_a_silent_authority(site, clock, stamping):
    """One that takes the question and never answers is given up at the deadline, as if it were down."""
    made = credentials(site, clock.url, stamping, 2.0)
    clock.hangs = True
    try:
        if stamping is Stamping.REQUIRED:
            with pytest.raises(SignerUnavailable, match="did not answer"):
                signed(site, made)
        else:
            assert not signed(site, made)[1].time_stamped
    finally:
        clock.hangs = False


def test_late(site, clock, tmp_path):
    """Not asked at first; later the clip gets a stamp, makes the same claim and is still ours."""
    asked = clock.asked
    target, done = signed(site, credentials(site, clock.url, Stamping.LATE))
    assert (clock.asked, done.time_stamped) == (asked, False)
    late = credentials(site, clock.url, Stamping.LATE)
    try:
        stamped = late.stamp(target, tmp_path / "stamped.mp4")
        assert stamped.time_stamped
        before, after = late.read(target), late.read(tmp_path / "stamped.mp4")
        assert (after.ours, after.time_stamped, after.manifest_id) == (True, True, MANIFEST)
        assert (after.soft_bindings, after.actions) == (before.soft_bindings, before.actions)
        assert (after.consent, after.ingredients) == (before.consent, before.ingredients)
        with pytest.raises(SignerUnavailable, match="without a time-stamp"):
            late.stamp(tmp_path / "stamped.mp4", tmp_path / "twice.mp4")
        data = bytearray((tmp_path / "stamped.mp4").read_bytes())
        data[data.index(b"mdat") + 12] ^= 1
        assert late.read(bytes(data)).state == "invalid"
    finally:
        late.close()


def test_late_and_down(site, tmp_path):
    """A stamp that fails leaves no file, and the clip as it was."""
    late = credentials(site, DOWN, Stamping.LATE)
    try:
        target = tmp_path / "clip.mp4"
        late.sign(site.clip(), target, facts(), Permit())
        before = target.read_bytes()
        with pytest.raises(SignerUnavailable):
            late.stamp(target, target)
        assert target.read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    finally:
        late.close()


def test_an_authority_that_is_not_listed(tmp_path, clock, site):
    """Its stamp proves nothing here, also where its root is listed for signers: no start, no time."""
    made = install(tmp_path)
    try:
        with pytest.raises(Misconfigured, match="trust update time-stampers"):
            Credentials.open(made.trust, made.ring, time_stamper=clock.url)
        target, _ = signed(site, credentials(site, clock.url, Stamping.REQUIRED))
        made.credentials._authority.update("foreign-signers", clock.root.encode())
        reading = made.credentials.read(target)
        assert not reading.time_stamped, "a root listed for signers counts as a clock"
    finally:
        made.credentials.close()


def test_after_the_certificate_ended(tmp_path, clock):
    """A stamp, put on at once or later, keeps a clip ours beyond its certificate's end; nothing else does."""
    authority = Authority(tmp_path / "trust", KeyRing.open(tmp_path / "keys"), at=datetime.now(UTC))
    authority.update("time-stampers", clock.root.encode())
    made = Installation(tmp_path, KeyRing.open(tmp_path / "keys"), None)
    pool = SigningPool(1, 20.0)
    pool.probe(authority.signer(datetime.now(UTC)), b"started before the short life of the certificate")
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    short = Issuer(now - timedelta(days=1)).chain(key.public_key(), days=1 + 6 / 86400)
    signer = authority.take(short, reference_of(key), now)
    clips = {}
    for stamping in (Stamping.REQUIRED, Stamping.LATE):
        made.credentials = Credentials(
            authority, made.ring, lambda: datetime.now(UTC), pool, time_stamper=clock.url, stamping=stamping
        )
        clips[stamping], done = made.sign(name=f"{stamping}.mp4")
        assert done.certificate == signer.fingerprint
    clips["later"] = tmp_path / "later.mp4"
    made.credentials.stamp(clips[Stamping.LATE], clips["later"])
    time.sleep(max(0.0, (signer.ends - datetime.now(UTC)).total_seconds() + 1.0))
    readings = {name: made.credentials.read(path) for name, path in clips.items()}
    pool.close()
    found = [(each.ours, each.expired) for each in readings.values()]
    assert found == [(True, False), (False, True), (True, False)], readings
