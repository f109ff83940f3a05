"""The Soft Binding Resolution API over a real socket: stripped copies find their manifest, others none."""

import base64
import http.client
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import c2pa
import numpy as np
import pytest
from numpy.typing import NDArray

from perception.audio import Speech, decode_speech, encode_wav
from perception.transcode import transcode
from perception.video import open_video, write_video
from safety.watermark import ALGORITHM, open_watermark
from safety.watermark.sound import SOUND_ALGORITHM
from service.client import Generated
from service.console.server import Console
from service.demo.characters import draw
from service.resolution.bindings import FINGERPRINT_ALGORITHM
from service.translate import VERDICT_NAME
from tests.e2e.conftest import Site

Frames = list[NDArray[np.uint8]]
GOODBYE = Path(__file__).resolve().parents[2] / "service" / "demo" / "speech" / "goodbye.flac"
BASE = "/c2pa/v1"


@pytest.fixture(scope="module")
def console(site: Site) -> Iterator[Console]:
    served = Console(site.app)
    yield served
    served.close()


def ask(
    console: Console, method: str, path: str, body: bytes | None = None, kind: str = "video/mp4"
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one answer."""
    connection = http.client.HTTPConnection(console.address, timeout=60)
    try:
        connection.request(method, BASE + path, body, {"Content-Type": kind} if body is not None else {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def matches(console: Console, body: bytes, query: str = "") -> list[dict[str, Any]]:
    status, _, answer = ask(console, "POST", f"/matches/byContent{query}", body)
    assert status == 200, answer
    found: list[dict[str, Any]] = json.loads(answer)["matches"]
    return found


def cropped(_: float, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle 80 percent of the width and the height."""
    height, width = pixels.shape[:2]
    top, left = height // 10, width // 10
    return np.ascontiguousarray(pixels[top : height - top, left : width - left])


def pan() -> Iterator[NDArray[np.uint8]]:
    """A film that was not made here."""
    still = draw("osei", 512)
    for step in range(60):
        yield np.ascontiguousarray(still[step : step + 384, 64:448])


def even(frames: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    for frame in frames:
        yield frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2]


def copied(source: Path, target: Path) -> bytes:
    """Stripped, encoded again and cropped to 80 percent."""
    with open_video(source) as video:
        frames = even(cropped(at, pixels) for at, pixels in video.frames())
        write_video(target, frames, fps=25, speech=video.speech())
    transcode(target, again := target.with_name("again.mp4"), crf=28)
    return again.read_bytes()


def test_a_stripped_cropped_copy_finds_its_manifest(
    site: Site, console: Console, released: Generated, clip: Path, tmp_path: Path
) -> None:
    """By its content and marks: the manifest it names is the released one, and holds for the original."""
    found = matches(console, copied(clip, tmp_path / "copy.mp4"))
    assert [match["manifestId"] for match in found] == [released.release.manifest_id]
    assert 50 <= found[0]["similarityScore"] <= 100
    status, headers, store = ask(console, "GET", f"/manifests/{found[0]['manifestId']}")
    assert (status, headers["content-type"]) == (200, "application/c2pa")
    library = site.app.credentials._reading_context().library
    with c2pa.Reader("video/mp4", io.BytesIO(clip.read_bytes()), store, context=library) as reader:
        report = json.loads(reader.json())
    assert report["active_manifest"] == released.release.manifest_id
    assert report["validation_results"]["activeManifest"]["failure"] == []
    assert report["validation_state"] == "Trusted"
    assert store in clip.read_bytes()


def test_a_copy_without_any_mark_finds_its_manifest(
    site: Site, console: Console, released: Generated, film: Frames, speech: Speech, tmp_path: Path
) -> None:
    """The same pictures and sound, cropped, that never carried a mark: recognised by what they show alone."""
    path = tmp_path / "bare.mp4"
    write_video(path, even(cropped(0.0, frame) for frame in film), fps=25, speech=speech)
    transcode(path, again := tmp_path / "again.mp4", crf=28)
    found = matches(console, again.read_bytes())
    assert [match["manifestId"] for match in found] == [released.release.manifest_id]
    assert not matches(console, again.read_bytes(), f"?alg={ALGORITHM}")
    detected = site.anybody.detect(again)
    assert VERDICT_NAME[detected.verdict] in ("issued_recovered", "issued_altered")
    assert "by its content only" in detected.explanation
    assert detected.record_id == released.release.record_id


def test_foreign_content_finds_nothing(
    site: Site, console: Console, released: Generated, speech: Speech, tmp_path: Path
) -> None:
    """Neither a film of somebody else, nor our mark on it, nor the recording that our clip was made from."""
    path = tmp_path / "foreign.mp4"
    write_video(path, pan(), fps=25, speech=None)
    assert matches(console, path.read_bytes()) == []
    name = bytes.fromhex(released.release.record_id)
    embedder = open_watermark(site.app.ring.watermark).embedder(name, width=384, height=384, fps=25)
    write_video(path, (embedder.embed(frame) for frame in pan()), fps=25, speech=None)
    assert matches(console, path.read_bytes()) == []
    write_video(path, pan(), fps=25, speech=speech)
    assert matches(console, path.read_bytes()) == []
    assert VERDICT_NAME[site.anybody.detect(path).verdict] == "no_record"
    other = encode_wav(decode_speech(GOODBYE.read_bytes()))
    assert matches(console, other) == []


@pytest.mark.parametrize("algorithm", [ALGORITHM, SOUND_ALGORITHM])
def test_a_binding_names_its_manifest(
    console: Console, released: Generated, clip: Path, algorithm: str
) -> None:
    """The value as bytes, as the manifest writes it, and in a posted query; an unknown one names nothing."""
    name = released.release.record_id
    for value in (base64.urlsafe_b64encode(bytes.fromhex(name)).decode(), name):
        status, _, body = ask(console, "GET", f"/matches/byBinding?alg={algorithm}&value={value}")
        assert status == 200
        assert json.loads(body) == {"matches": [{"manifestId": released.release.manifest_id}]}
    query = {"alg": algorithm, "value": base64.b64encode(name.encode()).decode()}
    status, _, body = ask(
        console, "POST", "/matches/byBinding", json.dumps(query).encode(), "application/json"
    )
    assert json.loads(body) == {"matches": [{"manifestId": released.release.manifest_id}]}
    status, _, body = ask(console, "GET", f"/matches/byBinding?alg={algorithm}&value={'0' * 24}")
    assert (status, json.loads(body)) == (200, {"matches": []})


def test_the_active_manifest_alone(console: Console, released: Generated) -> None:
    """A store of one manifest, which is in the whole one byte for byte."""
    path = f"/manifests/{released.release.manifest_id}"
    _, _, whole = ask(console, "GET", path)
    status, _, alone = ask(console, "GET", f"{path}?returnActiveManifest=true")
    assert status == 200
    assert int.from_bytes(alone[:4], "big") == len(alone) <= len(whole)
    assert alone[-2000:] == whole[-2000:]
    assert released.release.manifest_id.encode() in alone


def test_what_it_supports(console: Console) -> None:
    """The algorithms of our marks and of the fingerprint, readable from any site, kept by nobody."""
    status, headers, body = ask(console, "GET", "/services/supportedAlgorithms")
    assert status == 200
    assert json.loads(body) == {
        "watermarks": [{"alg": ALGORITHM}, {"alg": SOUND_ALGORITHM}],
        "fingerprints": [{"alg": FINGERPRINT_ALGORITHM}],
    }
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status", "reason"),
    [
        ("GET", "/matches/byBinding", None, "", 400, "QUERY_INVALID"),
        ("GET", "/matches/byBinding?alg=com.example.other&value=AAAA", None, "", 400, "QUERY_INVALID"),
        ("GET", f"/matches/byBinding?alg={ALGORITHM}&value=AAAA", None, "", 400, "QUERY_INVALID"),
        ("GET", f"/matches/byBinding?alg={ALGORITHM}&value={'0' * 24}&maxResults=0", None, "", 400, ""),
        ("GET", f"/matches/byBinding?alg={FINGERPRINT_ALGORITHM}&value=AAAA", None, "", 400, ""),
        ("POST", "/matches/byBinding", b"[" * 3000, "application/json", 400, "QUERY_INVALID"),
        ("POST", "/matches/byBinding", b" " * 5000, "application/json", 413, "MEDIA_TOO_LARGE"),
        ("POST", "/matches/byReference", b'{"referenceUrl":"http://[::1]/"}', "", 501, "NOT_OFFERED"),
        ("POST", "/matches/byContent", b"no video", "video/mp4", 415, "MEDIA_UNSUPPORTED"),
        ("POST", "/matches/byContent", b"text", "text/plain", 415, "MEDIA_UNSUPPORTED"),
        ("POST", "/matches/byContent?hintAlg=x&hintValue=y", b"x", "video/mp4", 400, "QUERY_INVALID"),
        ("GET", "/manifests/urn:c2pa:00000000-0000-4000-8000-000000000000", None, "", 404, "RECORD_UNKNOWN"),
        ("GET", "/manifests/..%5c..%5ckeys", None, "", 400, "QUERY_INVALID"),
    ],
)
def test_refusals(
    console: Console, method: str, path: str, body: bytes | None, kind: str, status: int, reason: str
) -> None:
    """Problem details with a stable reason, and nothing of ours in them."""
    answered, headers, text = ask(console, method, path, body, kind)
    assert answered == status, text
    assert headers["content-type"] == "application/problem+json"
    told = json.loads(text)
    assert told["status"] == status
    assert told["reason"] == reason or not reason
    assert set(told) == {"type", "title", "status", "detail", "reason"}


def test_nothing_is_kept(site: Site, console: Console) -> None:
    """No upload is left behind, whatever came of it."""
    ask(console, "POST", "/matches/byContent", b"no video")
    assert site.state()[2] == []
