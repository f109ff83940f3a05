"""Everything the issue calls bad input, over the wire: its own code, reason and limit; nothing is left."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.timestamp_pb2 import Timestamp
from PIL import Image

from engine.portrait import build_portrait
from engine.render import Renderer
from engine.state import Controls, rest
from perception.audio import Speech, encode_wav
from perception.face import FaceFinder
from service.caller import issue_token
from service.client import Client, RemoteError
from service.demo.cast import png
from service.demo.characters import draw
from service.local_callers import AUDIENCE
from service.pb.sitter.v1 import consent_pb2, generation_pb2
from service.translate import timestamp
from tests.e2e.conftest import AUDITOR, CHUNK, CLIENT, OPERATOR, Site

CANARY = "canary-content-4714"
REQUEST_ID = "5c1f7d0e-0d43-4c5e-8f1e-0123456789ab"


def jpeg(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as pack:
        pack.writestr("portrait.png", b"no")
    return file.getvalue()


def bomb() -> bytes:
    """A PNG of 30,000 x 30,000 pixels in a few hundred bytes of promise."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1 << 16), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def wav(samples: np.ndarray, rate: int = 48_000) -> bytes:
    """Mono WAV of the array's own sample type: uint8 or float32."""
    data, width = samples.tobytes(), samples.itemsize
    code = 3 if samples.dtype == np.float32 else 1
    form = struct.pack("<HHIIHH", code, 1, rate, rate * width, width, 8 * width)
    return (
        b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<I", 16) + form
        + b"data" + struct.pack("<I", len(data)) + data
    )  # fmt: skip


def hour() -> bytes:
    noise = np.random.default_rng(1).integers(100, 156, 8000, dtype=np.uint8)
    return wav(np.tile(noise, 3600), 8000)


def tone() -> np.ndarray:
    return (0.3 * np.sin(np.arange(48_000) * 0.05)).astype(np.float32)


def poisoned() -> bytes:
    samples = tone()
    samples[1000] = np.nan
    return wav(samples)


def small() -> bytes:
    canvas = np.full((512, 512, 3), 128, np.uint8)
    canvas[200:296, 200:296] = np.asarray(Image.fromarray(draw("mira", 512)).resize((96, 96)))
    return png(canvas)


def turned() -> bytes:
    """A drawing whose head is turned twice, far to the side."""
    finder, controls, pixels = FaceFinder(), Controls(size=384), draw("mira", 512, turn=12.0)
    for _ in range(2):
        portrait = build_portrait(pixels, finder.find(pixels)[0], finder.matte(pixels), controls)
        pixels = Renderer(portrait, controls).render(replace(rest(), rotation=(20.0, 0.0, 0.0)))
    return png(pixels)


def both() -> bytes:
    return png(np.concatenate([draw("mira", 512), draw("osei", 512)], axis=1))


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
Make = Callable[[Site], bytes]

PORTRAITS: list[tuple[str, Make, str, dict[str, str], str]] = [
    ("empty", lambda s: b"", "MEDIA_EMPTY", {}, "intake"),
    ("truncated png", lambda s: s.portrait[: len(s.portrait) // 2], "MEDIA_UNREADABLE", {}, "intake"),
    ("truncated jpeg", lambda s: jpeg(draw("mira", 512))[:5000], "MEDIA_UNREADABLE", {}, "intake"),
    ("text", lambda s: b"hello, I am a portrait\n" * 50, "MEDIA_UNSUPPORTED", {}, "intake"),
    ("zip", lambda s: archive(), "MEDIA_UNSUPPORTED", {}, "intake"),
    ("pdf", lambda s: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", "MEDIA_UNSUPPORTED", {}, "intake"),
    ("svg", lambda s: SVG, "MEDIA_UNSUPPORTED", {}, "intake"),
    ("speech", lambda s: s.speech, "MEDIA_UNSUPPORTED", {}, "intake"),
    ("bomb", lambda s: bomb(), "MEDIA_TOO_LARGE", {"limit": "image_pixels"}, "intake"),
    ("tiny", lambda s: png(np.zeros((16, 16, 3), np.uint8)), "MEDIA_TOO_SMALL", {"limit": "image_min_side"},
     "intake"),
    ("no face", lambda s: png(np.full((256, 256, 3), 120, np.uint8)), "FACE_NOT_FOUND", {}, "identify"),
    ("two faces", lambda s: both(), "SEVERAL_FACES", {}, "identify"),
    ("small face", lambda s: small(), "FACE_TOO_SMALL", {"limit": "eye_distance"}, "identify"),
    ("turned away", lambda s: turned(), "FACE_TURNED_AWAY", {"limit": "yaw"}, "identify"),
]  # fmt: skip

SPEECHES: list[tuple[str, Make, str, dict[str, str]]] = [
    ("empty", lambda s: b"", "MEDIA_EMPTY", {}),
    ("truncated wav", lambda s: s.speech[:40], "MEDIA_UNREADABLE", {}),
    ("text", lambda s: b"hello, I am speech\n" * 50, "MEDIA_UNSUPPORTED", {}),
    ("picture", lambda s: s.portrait, "MEDIA_UNSUPPORTED", {}),
    ("silence", lambda s: wav(np.zeros(48_000, np.float32)), "SPEECH_SILENT", {}),
    ("one sample", lambda s: wav(tone()[:1]), "SPEECH_TOO_SHORT", {"limit": "audio_min_seconds"}),
    ("not a number", lambda s: poisoned(), "SPEECH_NOT_FINITE", {}),
    ("an hour", lambda s: hour(), "SPEECH_TOO_LONG", {"limit": "audio_seconds", "most": "600"}),
]


def named(error: RemoteError, limit: dict[str, str]) -> dict[str, str]:
    """What the error's metadata has under the keys of `limit`."""
    return {key: error.metadata.get(key, "").removesuffix(".0") for key in limit}


@pytest.mark.parametrize(
    ("make", "reason", "limit", "gate"), [c[1:] for c in PORTRAITS], ids=[c[0] for c in PORTRAITS]
)
def test_portraits(site: Site, make: Make, reason: str, limit: dict[str, str], gate: str) -> None:
    """Each is refused by its own reason at its gate."""
    with site.refused("INVALID_ARGUMENT", reason, gate) as errors:
        site.ask(portrait=make(site))
    assert named(errors[0], limit) == limit


@pytest.mark.parametrize(("make", "reason", "limit"), [c[1:] for c in SPEECHES], ids=[c[0] for c in SPEECHES])
def test_speeches(site: Site, make: Make, reason: str, limit: dict[str, str]) -> None:
    """Each is refused by its own reason at intake."""
    with site.refused("INVALID_ARGUMENT", reason, "intake") as errors:
        site.ask(speech=make(site))
    assert named(errors[0], limit) == limit


@pytest.mark.parametrize("part", ["portrait", "speech"])
@pytest.mark.parametrize("form", ["m3u8", "ffconcat"])
def test_playlists_open_nothing(site: Site, tmp_path: Path, part: str, form: str) -> None:
    """A playlist that names a file of the server is refused; the file is neither read nor named."""
    canary = tmp_path / "canary.wav"
    canary.write_bytes(site.speech)
    read_at = canary.stat().st_atime_ns
    text = {
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile://{canary}\n#EXT-X-ENDLIST\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{canary}'\n",
    }[form]
    with site.refused("INVALID_ARGUMENT", "MEDIA_UNSUPPORTED", "intake") as errors:
        site.ask(**{part: text.encode()})
    assert "canary" not in str(errors[0]) + str(errors[0].metadata)
    assert canary.stat().st_atime_ns == read_at


def test_uploads_that_do_not_fit_their_header(site: Site) -> None:
    """Longer or shorter than announced; messages in the wrong order: no gate is reached."""
    spec = site.spec()
    header = generation_pb2.GenerateRequest(spec=spec)
    whole = site.portrait + site.speech
    chunks = [
        generation_pb2.GenerateRequest(chunk=whole[at : at + CHUNK]) for at in range(0, len(whole), CHUNK)
    ]
    before = site.state()
    longer = site.raw([header, *chunks, generation_pb2.GenerateRequest(chunk=b"more")])
    shorter = site.raw([header, *chunks[:-1]])
    for found in (longer, shorter):
        assert (found.code, found.reason) == ("INVALID_ARGUMENT", "UPLOAD_BROKEN")
        assert found.metadata["announced"] == str(len(whole))
    for messages in ([chunks[0]], [], [header, header]):
        found = site.raw(messages)
        assert (found.code, found.reason) == ("INVALID_ARGUMENT", "UPLOAD_BROKEN")
    assert site.state() == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"portrait_bytes": 20 * 1024**2 + 1}, "spec.portrait_bytes"),
        ({"speech_bytes": 200 * 1024**2 + 1}, "spec.speech_bytes"),
        ({"portrait_bytes": -1}, "spec.portrait_bytes"),
        ({"identity_id": "../../etc/passwd"}, "spec.identity_id"),
        ({"identity_id": ""}, "spec.identity_id"),
        ({"consent_id": "A" * 32}, "spec.consent_id"),
        ({"request_id": "1"}, "spec.request_id"),
        ({"territory": "Germany"}, "spec.territory"),
        ({"purpose": "Education; drop table"}, "spec.purpose"),
    ],
)
def test_malformed_headers(site: Site, changes: dict[str, Any], field: str) -> None:
    """An announcement over the limit, or an id that is none: the field is named, nothing is uploaded."""
    before = site.state()
    found = site.raw([generation_pb2.GenerateRequest(spec=site.spec(**changes))])
    assert (found.code, found.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert found.fields == (field,)
    assert site.state() == before


@pytest.mark.parametrize(
    ("controls", "field"),
    [
        ({"gaze_yaw": 31.0}, "spec.controls.gaze_yaw"),
        ({"gaze_pitch": float("nan")}, "spec.controls.gaze_pitch"),
        ({"distance": 0.1}, "spec.controls.distance"),
        ({"size": 4096}, "spec.controls.size"),
        ({"fps": 1}, "spec.controls.fps"),
        ({"emotions": [{"name": "bored", "strength": 1.0}]}, "spec.controls.emotions.name"),
        ({"emotions": [{"name": "happy", "strength": 2.0}]}, "spec.controls.emotions.strength"),
    ],
)
def test_controls_out_of_range(site: Site, controls: dict[str, Any], field: str) -> None:
    """The control is named."""
    spec = site.spec()
    spec.controls.CopyFrom(generation_pb2.Controls(**controls))
    found = site.raw([generation_pb2.GenerateRequest(spec=spec)])
    assert (found.code, found.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert found.fields == (field,)


def test_a_size_that_cannot_be_encoded(site: Site) -> None:
    """Within the range of the .proto, and odd: the engine's own check answers."""
    spec = site.spec()
    spec.controls.size = 385
    with site.refused("INVALID_ARGUMENT", "CONTROL_OUT_OF_RANGE") as errors:
        site.client.generate(spec, site.portrait, site.speech)
    assert errors[0].metadata["control"] == "size"


def test_a_chunk_over_a_mebibyte(site: Site) -> None:
    """Refused by the rules of the .proto, or by the transport's limit above it."""
    header = generation_pb2.GenerateRequest(spec=site.spec(speech_bytes=3 * 1024**2))
    over = site.raw([header, generation_pb2.GenerateRequest(chunk=bytes(1024**2 + 1))])
    assert (over.code, over.reason, over.fields) == ("INVALID_ARGUMENT", "REQUEST_INVALID", ("chunk",))
    with pytest.raises(RemoteError) as caught:
        far_over(site)
    assert caught.value.code == "RESOURCE_EXHAUSTED"


def far_over(site: Site) -> None:
    from service import client

    def messages(kind: Any, first: Any, parts: Any) -> Any:
        yield kind(**first)
        yield kind(chunk=bytes(3 * 1024**2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "_upload", messages)
        site.ask()


def test_identities_that_are_not_there(site: Site, stranger: bytes) -> None:
    """Unknown; somebody else's portrait under this name; an erased one."""
    with site.refused("NOT_FOUND", "IDENTITY_UNKNOWN", "identify"):
        site.ask(identity_id="0" * 32)
    with site.refused("PERMISSION_DENIED", "IDENTITY_MISMATCH", "identify") as errors:
        site.ask(portrait=stranger)
    assert not any(character.isdigit() for character in str(errors[0]))  # no distance: no oracle
    other = site.operator.enroll([stranger], basis="character", label="O", declaration="ours", adult=False)
    try:
        site.approve(other.identity.identity_id)
        consent_id = site.grant(other.identity.identity_id)
        with site.refused("PERMISSION_DENIED", "CONSENT_FOREIGN", "consent"):
            site.ask(consent_id=consent_id)
    finally:
        site.operator.erase(other.identity.identity_id)
    with site.refused("PERMISSION_DENIED", "IDENTITY_ERASED", "identify"):
        site.ask(identity_id=other.identity.identity_id)


def test_consents_that_do_not_cover_it(site: Site) -> None:
    """Unknown, withdrawn, expired, not begun, and each part of the scope that it leaves."""
    now = datetime.now(UTC)
    with site.refused("NOT_FOUND", "CONSENT_UNKNOWN", "consent"):
        site.ask(consent_id="0" * 32)
    withdrawn = site.grant()
    site.operator.withdraw(withdrawn)
    with site.refused("PERMISSION_DENIED", "CONSENT_WITHDRAWN", "consent"):
        site.ask(consent_id=withdrawn)
    later = site.grant(not_before=timestamp(now + timedelta(hours=1)))
    with site.refused("PERMISSION_DENIED", "CONSENT_NOT_YET_VALID", "consent"):
        site.ask(consent_id=later)
    for part, changes in (
        ("purpose", {"purpose": "film"}),
        ("territory", {"territory": "FR"}),
        ("channel", {"channel": "social"}),
        ("controls", {"controls": Controls(size=384, gaze=(10.0, 0.0))}),
        ("emotions", {"controls": Controls(size=384, emotion=(("sad", 0.5),))}),
        ("seconds", {"consent_id": site.grant(max_seconds=1.0)}),
        ("caller", {"consent_id": site.grant(callers=["somebody-else"])}),
    ):
        with site.refused("PERMISSION_DENIED", "CONSENT_SCOPE", "consent") as errors:
            site.ask(**changes)
        assert part in errors[0].metadata["parts"].split(","), errors[0].metadata


def test_a_consent_that_expired(site: Site) -> None:
    """From the end of its term on."""
    end = datetime.now(UTC) + timedelta(seconds=1)
    consent_id = site.grant(not_after=timestamp(end))
    while datetime.now(UTC) < end:
        site.operator.consent(consent_id)
    with site.refused("PERMISSION_DENIED", "CONSENT_EXPIRED", "consent"):
        site.ask(consent_id=consent_id)
    assert site.operator.consent(consent_id).state == consent_pb2.CONSENT_STATE_EXPIRED


def test_purposes(site: Site) -> None:
    """One that nobody knows; one that was agreed to and that the policy forbids."""
    with site.refused("INVALID_ARGUMENT", "PURPOSE_UNKNOWN", "admit"):
        site.ask(purpose="world-domination")
    consent_id = site.grant(purposes=["advertising"])
    with site.refused("PERMISSION_DENIED", "POLICY_REFUSED", "permit") as errors:
        site.ask(purpose="advertising", consent_id=consent_id)
    assert errors[0].metadata["rules"]
    with pytest.raises(RemoteError) as caught:
        site.grant(purposes=["fraud"])
    assert (caught.value.code, caught.value.reason) == ("INVALID_ARGUMENT", "CONSENT_INVALID")


def test_consents_that_cannot_be(site: Site) -> None:
    """Over the longest term, ended before it began, without a scope: typed, and none is recorded."""
    before, now = len(list(site.operator.consents())), datetime.now(UTC)
    for changes in (
        {"not_after": timestamp(now + timedelta(days=400))},
        {"not_after": timestamp(now - timedelta(days=1))},
        {"emotions": ["bored"]},
        {"controls": ["everything"]},
        {"not_after": Timestamp(seconds=253402300799)},
    ):
        with pytest.raises(RemoteError) as caught:
            site.grant(**changes)
        assert (caught.value.code, caught.value.reason) == ("INVALID_ARGUMENT", "CONSENT_INVALID"), changes
    for changes in ({"callers": []}, {"max_seconds": float("inf")}, {"territories": ["DEU"]}):
        with pytest.raises(RemoteError) as caught:
            site.grant(**changes)
        assert (caught.value.code, caught.value.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID"), changes
    assert len(list(site.operator.consents())) == before


@pytest.mark.parametrize(
    "token",
    [
        lambda site: None,
        lambda site: site.token(CLIENT, datetime.now(UTC) - timedelta(hours=1)),
        lambda site: site.token(CLIENT, datetime.now(UTC) + timedelta(hours=1)),
        lambda site: issue_token(Ed25519PrivateKey.generate(), CLIENT, AUDIENCE, at=datetime.now(UTC)),
        lambda site: site.token(CLIENT).rpartition(".")[0] + ".",
        lambda site: site.token(CLIENT)[:-6] + "AAAAAA",
        lambda site: "x" * 5000,
    ],
    ids=["none", "expired", "from the future", "unlisted key", "unsigned", "changed", "too long"],
)
def test_callers_who_prove_nothing(site: Site, token: Callable[[Site], str | None]) -> None:
    """Nobody gets in, to Detect either once something is shown; nothing is said of who is listed."""
    shown = token(site)
    with Client(site.deployment.address, token=(lambda: shown) if shown else None) as nobody:
        with site.refused("UNAUTHENTICATED", "CALLER_REFUSED"):
            site.ask(client=nobody)
        with site.refused("UNAUTHENTICATED", "CALLER_REFUSED"):
            nobody.checkpoint()


@pytest.mark.parametrize("name", [OPERATOR, AUDITOR])
def test_callers_with_another_role(site: Site, name: str) -> None:
    """Known, and not allowed: on record at the gate."""
    with (
        site.deployment.client(name) as other,
        site.refused("PERMISSION_DENIED", "CALLER_FORBIDDEN", "admit") as errors,
    ):
        site.ask(client=other)
    assert errors[0].metadata["roles"] == "client"


def test_a_client_does_not_enrol_nor_read_the_log(site: Site) -> None:
    """Each RPC wants its role."""
    for act in (
        site.client.checkpoint,
        lambda: site.client.withdraw(site.consent_id),
        lambda: list(site.client.identities()),
        lambda: site.auditor.erase(site.identity_id),
        lambda: site.client.enroll(
            [site.portrait], basis="character", label="a", declaration="b", adult=False
        ),
        site.client.evidence,
    ):
        with site.refused("PERMISSION_DENIED", "CALLER_FORBIDDEN"):
            act()


def test_enrolments_that_cannot_be(site: Site, stranger: bytes) -> None:
    """A face that is enrolled; a living person from one picture or without age; no picture at all."""
    before = len(list(site.operator.identities()))

    def enrol(pictures: list[bytes], **changes: Any) -> None:
        given: dict[str, Any] = {"basis": "character", "label": "a", "declaration": "b", "adult": False}
        site.operator.enroll(pictures, **given | changes)

    with site.refused("ALREADY_EXISTS", "IDENTITY_EXISTS"):
        enrol([site.portrait])
    with site.refused("INVALID_ARGUMENT", "ENROLMENT_REFUSED"):
        enrol([stranger], basis="consent", adult=True)
    with site.refused("INVALID_ARGUMENT", "ENROLMENT_REFUSED"):
        enrol([stranger] * 3, basis="consent")
    with site.refused("INVALID_ARGUMENT", "REQUEST_INVALID"):
        enrol([])
    with site.refused("INVALID_ARGUMENT", "MEDIA_UNSUPPORTED"):
        enrol([b"#EXTM3U\nfile:///etc/passwd\n"])
    assert len(list(site.operator.identities())) == before


def test_a_request_id_stays_with_its_first_body(site: Site) -> None:
    """Also after a refusal: a better portrait is another request and needs another id."""
    with site.refused("INVALID_ARGUMENT", "MEDIA_EMPTY", "intake"):
        site.ask(portrait=b"", request_id=REQUEST_ID)
    with site.refused("ALREADY_EXISTS", "REQUEST_CONFLICT", "admit") as errors:
        site.ask(request_id=REQUEST_ID)
    assert errors[0].metadata["cause"] == "body"


def test_speech_that_nobody_would_hear(site: Site) -> None:
    """A tone at -110 dB of full scale is silence, and the refusal says from where on it would not be."""
    quiet = encode_wav(Speech(tone() * np.float32(1e-5), 48_000))
    with site.refused("INVALID_ARGUMENT", "SPEECH_SILENT", "intake") as errors:
        site.ask(speech=quiet)
    assert "-60 dB" in str(errors[0])
