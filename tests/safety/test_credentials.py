"""Clips are signed completely or not at all; what any file claims is read without trusting it."""

import io
import json
import wave
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import av
import c2pa
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from safety import credential_reading, credentials, selftest
from safety.claim import ClaimFacts, Source, source_type
from safety.credential_reading import CredentialReading
from safety.credential_settings import make_context
from safety.credentials import Credentials
from safety.errors import Misconfigured, SignerUnavailable, StoreUnavailable
from safety.keys import KeyRing
from safety.selftest import check_credentials, tiny_clip
from safety.signing import SigningPool
from safety.trust import Authority
from safety.trust_lists import TrustLists

PAYLOAD = "0123456789abcdef01234567"
WATERMARK = "dev.sitter.watermark.1"
MANIFEST = "urn:c2pa:01234567-89ab-4def-8123-456789abcdef"
COMMITMENTS = {"consent": "ab" * 32, "portrait": "cd" * 32}


@dataclass
class Permit:
    permit_id: str = "permit-1"


def picture(form="PNG", colour=(200, 150, 120)):
    """A drawn still: a plain disc, which is nobody."""
    pixels = np.full((96, 96, 3), 230, np.uint8)
    y, x = np.mgrid[:96, :96]
    pixels[(x - 48) ** 2 + (y - 48) ** 2 < 900] = colour
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


def sound():
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as recording:
        recording.setparams((1, 2, 16_000, 0, "NONE", ""))
        recording.writeframes(bytes(3200))
    return buffer.getvalue()


def facts(**changes):
    made = {
        "manifest_id": MANIFEST,
        "at": datetime(2026, 6, 1, 12, 30, 15, tzinfo=UTC),
        "portrait": Source(picture(), "image/png"),
        "speech": Source(sound(), "audio/wav"),
        "payload": PAYLOAD,
        "watermark": WATERMARK,
        "basis": "consent",
        "commitments": COMMITMENTS,
        "engine": "0.1.0",
    }
    return ClaimFacts(**{**made, **changes})


@dataclass
class Installation:
    folder: Path
    ring: KeyRing
    credentials: Credentials

    def sign(self, made=None, permit=None, name="signed.mp4"):
        target = self.folder / name
        return target, self.credentials.sign(self.clip(), target, made or facts(), permit or Permit())

    def clip(self):
        path = self.folder / "clip.mp4"
        path.write_bytes(tiny_clip())
        return path

    @property
    def trust(self):
        return self.folder / "trust"


def install(folder):
    ring = KeyRing.open(folder / "keys", passphrase=None)
    return Installation(folder, ring, Credentials.open(folder / "trust", ring))


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return install(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    return install(tmp_path_factory.mktemp("theirs"))


@pytest.fixture(scope="module")
def signed(ours):
    path, _ = ours.sign(name="module.mp4")
    return path.read_bytes()


def store(installation, data, mime="video/mp4"):
    """The library's own report on a file."""
    with c2pa.Reader(
        mime, io.BytesIO(data), context=make_context(installation.credentials._authority.lists()).library
    ) as r:
        return json.loads(r.json())


def test_sign_and_read_back(ours):
    """A signed clip reads as ours, with the facts that went in, and the receipt describes the very file."""
    target, done = ours.sign(name="receipt.mp4")
    data = target.read_bytes()
    assert (done.sha256, done.size) == (sha256(data).hexdigest(), len(data))
    assert done.certificate == ours.credentials.signer.fingerprint
    assert done.manifest in data
    for reading in (ours.credentials.read(target), ours.credentials.read(data)):
        assert (reading.state, reading.ours, reading.failures) == ("trusted", True, ())
        assert reading.manifest_id == done.manifest_id == MANIFEST
        assert (reading.issuer, reading.generator) == ("Sitter development", "Sitter 0.1.0")
        assert reading.soft_bindings == ((WATERMARK, PAYLOAD),)
        assert reading.actions == ("c2pa.created", "c2pa.watermarked.bound")
        assert reading.source_type == "compositeWithTrainedAlgorithmicMedia"
        assert reading.ingredients == (("portrait", "inputTo", 0), ("speech", "inputTo", 0))
        permit = ours.ring.commitment("permit", b"permit-1")
        assert reading.consent == tuple(sorted({**COMMITMENTS, "permit": permit}.items()))


def test_claim_is_attested_and_nothing_is_added(ours, signed):
    """Claim v2; every assertion is vouched for ("created"); the inception action stands alone and first."""
    report = store(ours, signed)
    active = report["manifests"][report["active_manifest"]]
    assert active["claim_version"] == 2
    assert active["claim_generator_info"][0]["specVersion"] == "2.4.0"
    labels = [assertion["label"] for assertion in active["assertions"]]
    assert sorted(labels) == [
        "c2pa.actions.v2",
        "c2pa.ai-disclosure",
        "c2pa.hash.bmff.v3",
        "c2pa.soft-binding",
        "cawg.training-mining",
        "dev.sitter.consent",
    ]
    assert all(assertion["created"] for assertion in active["assertions"])
    actions = active["assertions"][0]["data"]
    assert actions["allActionsIncluded"] is True
    assert [action["when"] for action in actions["actions"]] == ["2026-06-01T12:30:15Z"] * 2
    assert len(actions["actions"][0]["parameters"]["ingredients"]) == 2


def test_nothing_personal_in_the_file(ours):
    """Neither inputs, thumbnails, paths nor the permit's id stand in the signed file."""
    portrait = picture("JPEG", (90, 160, 40))
    target, _ = ours.sign(
        facts(portrait=Source(portrait, "image/jpeg")), Permit("secret-permit"), "private.mp4"
    )
    data = target.read_bytes()
    for needle in (portrait[:64], sound()[44:400] + b"x", b"secret-permit", b"thumbnail", b"JFIF"):
        assert needle not in data
    assert str(ours.folder).encode() not in data


@pytest.mark.parametrize(
    ("portrait", "speech", "wanted"),
    [
        (False, False, "compositeWithTrainedAlgorithmicMedia"),
        (True, False, "compositeWithTrainedAlgorithmicMedia"),
        (False, True, "compositeWithTrainedAlgorithmicMedia"),
        (True, True, "trainedAlgorithmicMedia"),
    ],
)
def test_source_type_follows_the_facts(portrait, speech, wanted):
    """With a real still or voice left it is a composite; only two machine-made inputs leave nothing else."""
    made = facts(portrait=Source(b"", "image/png", portrait), speech=Source(b"", "audio/wav", speech))
    assert source_type(made) == f"http://cv.iptc.org/newscodes/digitalsourcetype/{wanted}"


@pytest.mark.parametrize(
    "change",
    [
        {"manifest_id": "urn:uuid:1"},
        {"manifest_id": MANIFEST.upper()},
        {"at": datetime(2026, 1, 1)},
        {"payload": "xyz"},
        {"payload": ""},
        {"watermark": "mine"},
        {"sound_watermark": "mine"},
        {"sound_watermark": WATERMARK},
        {"basis": "fan"},
        {"commitments": {"consent": "Jane Doe"}},
        {"commitments": {"Jane Doe": "ab" * 32}},
        {"portrait": Source(b"", "text/html")},
        {"speech": Source(b"", "")},
        {"engine": ""},
    ],
)
def test_malformed_facts(change):
    """Facts that are no ids, commitments or media types do not become a claim."""
    with pytest.raises(ValueError, match=next(iter(change))):
        facts(**change)


def test_every_kind_of_input(ours):
    """All picture and sound formats that intake accepts can be ingredients."""
    pictures = {
        "JPEG": "image/jpeg",
        "PNG": "image/png",
        "WEBP": "image/webp",
        "GIF": "image/gif",
        "TIFF": "image/tiff",
    }
    for form, mime in pictures.items():
        target, _ = ours.sign(facts(portrait=Source(picture(form), mime)), name="kind.mp4")
        assert len(ours.credentials.read(target).ingredients) == 2


def test_unparsable_input_is_named_without_its_bytes(ours):
    """An input that the library cannot parse does not stop the clip; the claim says "invalid"."""
    target, _ = ours.sign(facts(portrait=Source(b"odd bytes", "image/png")), name="odd.mp4")
    assert ours.credentials.read(target).ingredients == (("portrait", "inputTo", 0), ("speech", "inputTo", 0))
    report = store(ours, target.read_bytes())
    active = report["manifests"][MANIFEST]
    consent = next(one["data"] for one in active["assertions"] if one["label"] == "dev.sitter.consent")
    assert consent["inputs"] == {"portrait": "invalid", "speech": "none"}


def credentialed_picture(installation, source="digitalCreation"):
    """A PNG that another installation signed."""
    signer = installation.credentials.signer
    definition = {
        "claim_generator_info": [{"name": "camera", "version": "1"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": f"http://cv.iptc.org/newscodes/digitalsourcetype/{source}",
                        }
                    ]
                },
            }
        ],
    }
    context = make_context(installation.credentials._authority.lists()).library
    target = io.BytesIO()
    with (
        c2pa.Builder(definition, context=context) as builder,
        c2pa.Signer.from_callback(signer.sign, c2pa.C2paSigningAlg.ES256, signer.chain, None) as signing,
    ):
        builder.sign(signing, "image/png", io.BytesIO(picture()), target)
    return target.getvalue()


def test_credentials_of_an_input_are_kept(ours, theirs):
    """An input's own manifest is validated and travels in the clip; a broken one is kept as broken."""
    own = credentialed_picture(theirs)
    assert ours.credentials.read(own, "image/png").state == "valid"
    at = own.index(b"IDAT") + 10
    broken = own[:at] + bytes([own[at] ^ 1]) + own[at + 1 :]
    for data, state in ((own, "valid"), (broken, "invalid")):
        target, done = ours.sign(facts(portrait=Source(data, "image/png")), name="kept.mp4")
        reading = ours.credentials.read(target)
        assert reading.ours
        report = store(ours, target.read_bytes())
        assert len(report["manifests"]) == 2
        active = report["manifests"][done.manifest_id]
        consent = next(one["data"] for one in active["assertions"] if one["label"] == "dev.sitter.consent")
        assert consent["inputs"]["portrait"] == state
        assert reading.ingredients[0][:2] == ("portrait", "inputTo")
        assert reading.ingredients[0][2] > 0


@pytest.mark.parametrize(
    ("source", "listed", "wanted"),
    [
        ("trainedAlgorithmicMedia", True, "trainedAlgorithmicMedia"),
        ("trainedAlgorithmicMedia", False, "compositeWithTrainedAlgorithmicMedia"),
        ("digitalCreation", True, "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_source_type_follows_the_inputs_credentials(ours, theirs, source, listed, wanted):
    """A portrait that a listed signer calls machine-made leaves nothing real beside a synthetic voice."""
    portrait = Source(credentialed_picture(theirs, source), "image/png")
    if listed:
        ours.credentials._authority.update(
            "foreign-signers", theirs.credentials._authority.lists().own.encode()
        )
    try:
        target, _ = ours.sign(facts(portrait=portrait, speech=Source(sound(), "audio/wav", synthetic=True)))
        assert ours.credentials.read(target).source_type == wanted
    finally:
        (ours.trust / "foreign-signers.pem").unlink(missing_ok=True)


def test_another_installation(ours, theirs, signed):
    """Another installation's clip is valid; with its root in the foreign list trusted; never ours."""
    assert (theirs.credentials.read(signed).state, theirs.credentials.read(signed).ours) == ("valid", False)
    assert theirs.credentials.read(signed).failures == ("signingCredential.untrusted",)
    listed = theirs.trust / "foreign-signers.pem"
    try:
        listed.write_text(ours.credentials._authority.lists().own)
        reading = theirs.credentials.read(signed)
        assert (reading.state, reading.ours) == ("trusted", False)
        listed.rename(theirs.trust / "time-stampers.pem")
        reading = theirs.credentials.read(signed)
        assert (reading.state, reading.ours) == ("valid", False)
    finally:
        for name in ("foreign-signers.pem", "time-stampers.pem"):
            (theirs.trust / name).unlink(missing_ok=True)
    assert theirs.credentials.read(signed).state == "valid"


@pytest.mark.parametrize("relation", ["inputTo", "parentOf"])
def test_a_strangers_clip_with_ours_inside(ours, theirs, signed, relation):
    """Whose a clip is does not follow from its ingredients: the library names the list of the last one."""
    lists = ours.credentials._authority.lists()
    own, foreign = lists.own, theirs.credentials._authority.lists().own
    signer, both = theirs.credentials.signer, make_context(TrustLists(own, "", foreign))
    what = "c2pa.opened" if relation == "parentOf" else "c2pa.created"
    action = {"action": what, "parameters": {"ingredientIds": ["ours"]}}
    if what == "c2pa.created":
        action["digitalSourceType"] = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"
    definition = {
        "claim_generator_info": [{"name": "stranger", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }
    target = io.BytesIO()
    with (
        c2pa.Builder(definition, context=both.library) as builder,
        c2pa.Signer.from_callback(signer.sign, c2pa.C2paSigningAlg.ES256, signer.chain, None) as signing,
    ):
        ingredient = {"title": "ours", "relationship": relation, "label": "ours", "instance_id": "ours"}
        builder.add_ingredient(ingredient, "video/mp4", io.BytesIO(signed))
        builder.sign(signing, "video/mp4", io.BytesIO(signed), target)
    for lists, state in ((TrustLists(own, "", foreign), "trusted"), (TrustLists(own, "", ""), "valid")):
        reading = credential_reading.read_stream(target, "video/mp4", make_context(lists))
        assert (reading.state, reading.ours) == (state, False)
        assert reading.manifest_id != MANIFEST


def test_unsigned_and_stripped(ours, signed):
    """A file without credentials, or whose container was rewritten, has none: not a failure."""
    assert ours.credentials.read(tiny_clip()) == CredentialReading("none")
    assert ours.credentials.read(picture(), "image/png") == CredentialReading("none")
    stripped = io.BytesIO()
    with av.open(io.BytesIO(signed)) as source, av.open(stripped, "w", format="mp4") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert ours.credentials.read(stripped.getvalue()) == CredentialReading("none")


@pytest.mark.parametrize(
    "needle", [b"mdat", b"moov", b"dev.sitter.consent", b"c2pa.claim.v2", b"compositeWith"]
)
def test_changed_byte_is_invalid(ours, signed, needle):
    """A byte changed in frames, tables, assertions or claim makes the file invalid, with a reason."""
    at = signed.index(needle) + len(needle) + 4
    reading = ours.credentials.read(signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :])
    assert (reading.state, reading.ours) == ("invalid", False)
    assert reading.failures


def test_grafted_manifest(ours, signed):
    """Our manifest in front of other frames is invalid."""
    box = signed.index(b"uuid") - 4
    size = int.from_bytes(signed[box : box + 4], "big")
    plain = bytearray(tiny_clip())
    plain[plain.index(b"mdat") + 12] ^= 1
    ftyp = int.from_bytes(plain[:4], "big")
    grafted = bytes(plain[:ftyp]) + signed[box : box + size] + bytes(plain[ftyp:])
    assert ours.credentials.read(grafted).state == "invalid"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_hostile_bytes_never_raise(ours, signed, data):
    """Cut, spliced and scribbled files raise nothing, and what is read as ours says what we said."""
    changed = bytearray(signed)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        scribble = data.draw(st.binary(min_size=1, max_size=6))
        match data.draw(st.sampled_from(("replace", "insert", "cut"))):
            case "replace":
                changed[at : at + len(scribble)] = scribble
            case "insert":
                changed[at:at] = scribble
            case "cut":
                changed = changed[: at + 1]
    reading = ours.credentials.read(bytes(changed))
    if reading.ours:  # only ftyp, free and padding are outside the hash
        assert (reading.manifest_id, reading.soft_bindings) == (MANIFEST, ((WATERMARK, PAYLOAD),))


@given(
    content=st.binary(max_size=300),
    mime=st.sampled_from(["video/mp4", "image/png", "image/jpeg", "audio/wav", "x", ""]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_garbage_never_raises(ours, content, mime):
    """Bytes that are no media, under any media type, are none or invalid."""
    assert ours.credentials.read(content, mime).state in ("none", "invalid")


@pytest.mark.parametrize(
    ("failures", "expired"),
    [
        (("signingCredential.untrusted", "signingCredential.expired"), True),
        (("signingCredential.expired",), True),
        (("signingCredential.untrusted",), False),
        (("signingCredential.expired", "assertion.bmffHash.mismatch"), False),
        ((), False),
    ],
)
def test_expired_alone(failures, expired):
    """A file is called expired where its certificate's age is all that fails."""
    assert CredentialReading("invalid", failures=failures).expired is expired


def test_strings_of_a_stranger_are_bounded():
    """What a file says is cut to 200 printable characters."""
    assert credential_reading._text("a\x1b[2J\n" + "b" * 500) == "a[2J" + "b" * 194
    assert credential_reading._text(None) == ""


def test_unreadable_source(ours, tmp_path):
    """A path that is not there is a store that failed, for reading and for signing; no target appears."""
    with pytest.raises(StoreUnavailable):
        ours.credentials.read(tmp_path / "none.mp4")
    with pytest.raises(StoreUnavailable):
        ours.credentials.sign(tmp_path / "none.mp4", tmp_path / "out.mp4", facts(), Permit())
    with pytest.raises(StoreUnavailable):
        ours.credentials.sign(ours.clip(), tmp_path / "missing" / "out.mp4", facts(), Permit())
    assert list(tmp_path.iterdir()) == []


def failing(ours, tmp_path):
    """Try to sign into an empty folder and return the error; nothing may be left there."""
    with pytest.raises(SignerUnavailable) as caught:
        ours.credentials.sign(ours.clip(), tmp_path / "out.mp4", facts(), Permit())
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in str(caught.value)
    return caught.value


def test_no_permit_no_signature(ours, tmp_path):
    """Without a permit nothing is signed."""
    with pytest.raises(SignerUnavailable, match="permit"):
        ours.credentials.sign(ours.clip(), tmp_path / "out.mp4", facts(), Permit(""))
    assert list(tmp_path.iterdir()) == []


def with_key(ours, monkeypatch, fault):
    """The installation signs with one of `tests.key_faults` from now on."""
    signer = replace(ours.credentials.signer, key=f"callback:tests.key_faults:{fault}")
    monkeypatch.setattr(Authority, "signer", lambda *_: signer)


def test_dead_key_is_told_with_its_cause(ours, tmp_path, monkeypatch):
    """A key that fails while signing is SignerUnavailable naming the cause that the library swallows."""
    with_key(ours, monkeypatch, "dead")
    assert failing(ours, tmp_path).metadata["cause"] == "ConnectionError"


def test_wrong_signature_does_not_leave(ours, tmp_path, monkeypatch):
    """A key that signs something else yields no file."""
    with_key(ours, monkeypatch, "wrong")
    failing(ours, tmp_path)


def test_hung_key_does_not_hang_the_service(ours, tmp_path, monkeypatch):
    """A key that never answers is given up at the deadline; the next clip is signed by a new process."""
    short = Credentials(
        ours.credentials._authority, ours.ring, lambda: datetime.now(UTC), SigningPool(1, 2.0)
    )
    try:
        before = Installation(tmp_path, ours.ring, short)
        with monkeypatch.context() as patched:
            with_key(ours, patched, "hanging")
            with pytest.raises(SignerUnavailable, match="did not answer") as caught:
                before.sign()
        assert caught.value.metadata["cause"] == "deadline"
        target, _ = before.sign()
        assert short.read(target).ours
        assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "signed.mp4"]
    finally:
        short.close()


def test_key_that_kills_its_process(ours, tmp_path, monkeypatch):
    """A crash of the signing process refuses one clip and no other."""
    with monkeypatch.context() as patched:
        with_key(ours, patched, "dying")
        failing(ours, tmp_path)
    target, _ = ours.sign(name="after.mp4")
    assert ours.credentials.read(target).ours


def test_not_a_video(ours, tmp_path):
    """A source that is no MP4 is not signed."""
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"not a video at all")
    with pytest.raises(SignerUnavailable):
        ours.credentials.sign(source, tmp_path / "out.mp4", facts(), Permit())
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    "change",
    [
        {"ours": False, "state": "valid"},
        {"failures": ("assertion.bmffHash.mismatch",)},
        {"manifest_id": "urn:c2pa:other"},
        {"soft_bindings": ((WATERMARK, "00"),)},
        {"soft_bindings": ()},
        {"soft_bindings": ((WATERMARK, PAYLOAD), ("dev.sitter.watermark.2", PAYLOAD))},
        {"actions": ("c2pa.created",)},
    ],
)
def test_signed_clip_that_does_not_read_back(ours, tmp_path, monkeypatch, change):
    """If the signed bytes read as anything but what was to be said, they get no name."""
    real = credentials.read_stream

    def altered(stream, mime, context):
        reading = real(stream, mime, context)
        return replace(reading, **change) if reading.manifest_id else reading

    monkeypatch.setattr(credentials, "read_stream", altered)
    assert "read back" in str(failing(ours, tmp_path))


def test_failed_signing_keeps_an_earlier_target(ours, tmp_path, monkeypatch):
    """The target of an earlier release is untouched when a later signing fails."""
    target = tmp_path / "out.mp4"
    target.write_bytes(b"earlier")
    with_key(ours, monkeypatch, "wrong")
    with pytest.raises(SignerUnavailable):
        ours.credentials.sign(ours.clip(), target, facts(), Permit())
    assert target.read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_size_limit(ours, tmp_path, monkeypatch, signed):
    """Above the limit nothing is signed, and reading says so instead of trying."""
    monkeypatch.setattr(credentials, "MAX_BYTES", 100)
    monkeypatch.setattr(credential_reading, "MAX_BYTES", 100)
    assert failing(ours, tmp_path).metadata["limit"] == "100"
    assert ours.credentials.read(signed) == CredentialReading("invalid", failures=("sitter.tooLarge",))


def test_time_stamper_that_is_down(ours, tmp_path):
    """With a time-stamper that does not answer nothing is signed, and the service does not start."""
    down = "http://127.0.0.1:9/"
    stamped = Credentials(
        ours.credentials._authority,
        ours.ring,
        lambda: datetime.now(UTC),
        ours.credentials._pool,
        time_stamper=down,
    )
    with pytest.raises(SignerUnavailable):
        stamped.sign(ours.clip(), tmp_path / "out.mp4", facts(), Permit())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Misconfigured, match="self-test"):
        Credentials.open(ours.trust, ours.ring, time_stamper=down)


def test_several_threads_sign(ours, tmp_path):
    """Signings beside each other give each clip its own manifest."""
    ids = [f"{MANIFEST[:-2]}{n:02x}" for n in range(8)]
    clip = ours.clip()

    def one(manifest_id):
        target = tmp_path / f"{manifest_id[-2:]}.mp4"
        ours.credentials.sign(clip, target, facts(manifest_id=manifest_id), Permit())
        return ours.credentials.read(target).manifest_id

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, ids)) == ids


def test_forked_child_is_refused(ours, signed, monkeypatch):
    """In another process than it was opened in, the library's objects are not valid: refused before use."""
    monkeypatch.setattr(credentials.os, "getpid", lambda: -1)
    with pytest.raises(SignerUnavailable, match="process"):
        ours.credentials.read(signed)
    with pytest.raises(SignerUnavailable, match="process"):
        ours.sign()


def check(installation):
    check_credentials(
        installation.credentials, installation.credentials._authority.lists(), datetime.now(UTC)
    )


def test_self_test_passes(ours):
    """A sound installation passes its self-test."""
    check(ours)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ((Credentials, "probe", lambda *_: b"\1" * 64), "does not belong"),
        ((Credentials, "read", lambda *_: CredentialReading("valid")), "not recognised"),
        ((Credentials, "read", lambda *_: CredentialReading("trusted", ours=True)), "changed frame"),
        ((selftest, "read_stream", lambda *_: CredentialReading("trusted")), "an empty list"),
    ],
)
def test_self_test_notices(ours, monkeypatch, wrong, message):
    """A key of another certificate, a blind reader or pooled lists do not get past the start."""
    monkeypatch.setattr(*wrong)
    with pytest.raises(Misconfigured, match=message):
        check(ours)


def test_self_test_notices_a_pooled_list(ours, monkeypatch):
    """If a root that is listed for time-stamps made a signer trusted, the service would not start."""
    monkeypatch.setattr(credential_reading, "FOREIGN", credential_reading.TIME)
    with pytest.raises(Misconfigured, match="time-stampers"):
        check(ours)


def test_lost_authority_does_not_start(tmp_path):
    """If the authority's file is lost, the old certificate is of nobody we know: the start says so."""
    made = install(tmp_path)
    (made.trust / "authority.sealed").unlink()
    with pytest.raises(Misconfigured, match="self-test"):
        Credentials.open(made.trust, made.ring)


def test_expired_certificate_does_not_sign(tmp_path):
    """A clock far behind the world's gives a certificate that has expired: the library refuses, so do we."""
    ring = KeyRing.open(tmp_path / "keys")
    past = datetime.now(UTC) - timedelta(days=200)
    with pytest.raises(Misconfigured, match="self-test"):
        Credentials.open(tmp_path / "trust", ring, lambda: past)


def test_renewal_while_running(tmp_path):
    """When the certificate nears its end a running service signs with a new one, and its clips are ours."""
    now = [datetime.now(UTC) - timedelta(days=76)]
    ring = KeyRing.open(tmp_path / "keys")
    made = Installation(tmp_path, ring, Credentials.open(tmp_path / "trust", ring, lambda: now[0]))
    before, first = made.sign(name="before.mp4")
    now[0] = datetime.now(UTC)
    after, second = made.sign(name="after.mp4")
    assert first.certificate != second.certificate
    assert made.credentials.read(before).ours
    assert made.credentials.read(after).ours
