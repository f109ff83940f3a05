"""Detect over gRPC: what becomes of a clip in the world, and what is not ours."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from perception.audio import Speech, decode_speech, encode_wav
from perception.transcode import transcode
from perception.video import open_video, write_video
from safety.claim import ClaimFacts
from safety.credentials import Credentials, Source
from safety.keys import KeyRing
from safety.watermark import ALGORITHM, open_watermark
from service.client import Generated, RemoteError
from service.demo.cast import png
from service.demo.characters import draw
from service.pb.sitter.v1 import consent_pb2, detection_pb2
from service.translate import VERDICT_NAME
from tests.e2e.conftest import Site

Frames = list[NDArray[np.uint8]]
GOODBYE = Path(__file__).resolve().parents[2] / "service" / "demo" / "speech" / "goodbye.flac"


@pytest.fixture(autouse=True)
def _nothing_kept(site: Site) -> Iterator[None]:
    """Whatever is asked of Detect, nothing of the upload stays."""
    before = site.state()
    yield
    assert site.state()[2] == before[2] == []


def verdict(site: Site, video: Path) -> str:
    return str(VERDICT_NAME[site.anybody.detect(video).verdict])


def pan() -> Iterator[NDArray[np.uint8]]:
    """A film that was not made here."""
    still = draw("osei", 512)
    for step in range(60):
        yield np.ascontiguousarray(still[step : step + 384, 64:448])


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("foreign") / "foreign.mp4"
    write_video(path, pan(), fps=25, speech=None)
    return path


def test_the_released_file(site: Site, released: Generated, clip: Path) -> None:
    """Intact, with its record, its credentials, its watermark, and the consent as it stands."""
    found = site.anybody.detect(clip)
    assert VERDICT_NAME[found.verdict] == "issued_intact"
    assert found.record_id == found.watermark.payload == released.release.record_id
    assert found.sound_mark.payload == released.release.record_id
    assert found.credentials.state == detection_pb2.CREDENTIAL_STATE_OURS
    assert found.credentials.manifest_id == released.release.manifest_id
    assert found.consent == consent_pb2.CONSENT_STATE_GIVEN
    assert found.log_index == released.release.log_index
    assert list(found.altered) == []
    assert 0 < found.watermark.false_positive < 1e-6
    assert "authentic" not in found.explanation.lower()


@pytest.mark.parametrize(("crf", "size"), [(28, None), (23, (288, 288))], ids=["CRF 28", "75 %"])
def test_a_reencoded_copy(
    site: Site, clip: Path, tmp_path: Path, crf: int, size: tuple[int, int] | None
) -> None:
    """Credentials gone: recognised by its watermark."""
    copy = tmp_path / "copy.mp4"
    transcode(clip, copy, crf=crf, size=size)
    found = site.anybody.detect(copy)
    assert VERDICT_NAME[found.verdict] == "issued_recovered"
    assert found.credentials.state == detection_pb2.CREDENTIAL_STATE_NONE
    assert found.record_id == found.watermark.payload
    assert list(found.altered) == []


def test_a_replaced_part(site: Site, clip: Path, tmp_path: Path) -> None:
    """Its last 0.8 seconds show somebody else: altered, there and not elsewhere."""
    copy = tmp_path / "copy.mp4"
    other = draw("osei", 384)
    transcode(clip, copy, crf=23, alter=lambda at, frame: other, window=(2.4, 9.0))
    found = site.anybody.detect(copy)
    assert VERDICT_NAME[found.verdict] == "issued_altered"
    assert found.altered
    assert all(span.kind == "picture" and 2.0 < span.start < span.end < 3.6 for span in found.altered)


def test_changed_bytes(site: Site, clip: Path, tmp_path: Path) -> None:
    """One signed byte changed that leaves it playable: no longer intact, still recognised."""
    data = bytearray(clip.read_bytes())
    data[data.index(b"mvhd") + 8] ^= 1  # the time of creation (ISO/IEC 14496-12, 8.2.2)
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(data)
    found = site.anybody.detect(copy)
    assert VERDICT_NAME[found.verdict] in ("issued_recovered", "issued_altered")
    assert found.credentials.state == detection_pb2.CREDENTIAL_STATE_INVALID


def test_a_foreign_film(site: Site, foreign: Path) -> None:
    """No record, no name, and no claim about it."""
    found = site.anybody.detect(foreign)
    assert VERDICT_NAME[found.verdict] == "no_record"
    assert (found.record_id, found.watermark.payload, found.log_index) == ("", "", -1)
    assert found.consent == consent_pb2.CONSENT_STATE_UNSPECIFIED
    assert "proves nothing" in found.explanation


@pytest.mark.parametrize("payload", ["ours", "nobody's"])
def test_our_mark_on_other_content(site: Site, released: Generated, tmp_path: Path, payload: str) -> None:
    """A watermark copied onto another film, or that names no record, is a conflict."""
    name = bytes.fromhex(released.release.record_id) if payload == "ours" else bytes(range(12))
    embedder = open_watermark(site.app.ring.watermark).embedder(name, width=384, height=384, fps=25)
    path = tmp_path / "copied.mp4"
    write_video(path, (embedder.embed(frame) for frame in pan()), fps=25, speech=None)
    found = site.anybody.detect(path)
    assert found.watermark.payload == name.hex()
    assert VERDICT_NAME[found.verdict] == "conflict"


def test_credentials_of_somebody_else(site: Site, foreign: Path, tmp_path: Path) -> None:
    """Signed by another deployment: foreign, and its signer is named."""
    ring = KeyRing.open(tmp_path / "keys")
    other = Credentials.open(tmp_path / "credentials", ring, lambda: datetime.now(UTC))
    signed = tmp_path / "signed.mp4"

    class Permit:
        permit_id = "0" * 32

    facts = ClaimFacts(
        manifest_id="urn:c2pa:5c1f7d0e-0d43-4c5e-8f1e-0123456789ab", at=datetime.now(UTC),
        portrait=Source(png(draw("osei", 256)), "image/png"),
        speech=Source(encode_wav(Speech(np.ones(48_000, np.float32) * 0.1, 48_000)), "audio/wav"),
        payload="00" * 12, watermark=ALGORITHM, basis="character", commitments={}, engine="1",
    )  # fmt: skip
    other.sign(foreign, signed, facts, Permit())
    found = site.anybody.detect(signed)
    assert VERDICT_NAME[found.verdict] == "foreign_credentials"
    assert found.credentials.state == detection_pb2.CREDENTIAL_STATE_UNTRUSTED
    assert found.credentials.issuer
    assert found.record_id == ""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "MEDIA_EMPTY"),
        (b"not a video at all\n" * 99, "MEDIA_UNSUPPORTED"),
        (b"#EXTM3U\n#EXTINF:3,\nfile:///etc/passwd\n", "MEDIA_UNSUPPORTED"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "MEDIA_UNSUPPORTED"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(5000), "MEDIA_UNREADABLE"),
    ],
    ids=["empty", "text", "playlist", "concat", "half an mp4"],
)
def test_what_is_no_video(site: Site, tmp_path: Path, data: bytes, reason: str) -> None:
    """Typed, without a word about the server."""
    path = tmp_path / "upload.mp4"
    path.write_bytes(data)
    with pytest.raises(RemoteError) as caught:
        site.anybody.detect(path)
    assert (caught.value.code, caught.value.reason) == ("INVALID_ARGUMENT", reason), str(caught.value)
    assert str(site.app.settings.data) not in str(caught.value) + str(caught.value.metadata)


def test_a_truncated_clip(site: Site, clip: Path, tmp_path: Path) -> None:
    """Half of the file: typed, or judged by what can be read of it; never intact."""
    path = tmp_path / "half.mp4"
    path.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    try:
        said = verdict(site, path)
    except RemoteError as error:
        said = error.reason
    assert said in ("MEDIA_UNREADABLE", "issued_altered", "issued_recovered", "conflict")


def sound_of(video: Path) -> Speech:
    with open_video(video) as opened:
        sound = opened.speech()
    assert sound is not None
    return sound


def put_under(sound: Speech, pictures: Path, path: Path) -> None:
    """The pictures of one video with another sound."""
    with open_video(pictures) as opened:
        write_video(path, (frame for _, frame in opened.frames()), fps=25, speech=sound, crf=23)


def recorded(sound: Speech, path: Path) -> None:
    """Sound alone: as AAC at 64 kbit/s in MP4, or as WAV."""
    if path.suffix == ".wav":
        path.write_bytes(encode_wav(sound))
        return
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48_000, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(sound.samples[None].copy(), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)


@pytest.mark.parametrize("name", ["sound.wav", "sound.mp4"])
def test_sound_cut_from_the_clip(
    site: Site, released: Generated, clip: Path, tmp_path: Path, name: str
) -> None:
    """Recognised by the sound's mark: ours, and all of its pictures are gone."""
    path = tmp_path / name
    recorded(sound_of(clip), path)
    found = site.anybody.detect(path)
    assert VERDICT_NAME[found.verdict] == "issued_altered"
    assert found.record_id == found.sound_mark.payload == released.release.record_id
    assert 0 < found.sound_mark.false_positive < 1e-9
    assert "sound without pictures" in found.explanation
    assert found.watermark.payload == ""
    assert [span.kind for span in found.altered] == ["picture"]
    assert found.score_verdict == "inconclusive"
    assert {finding.group for finding in found.findings} <= {"sound"}
    assert found.consent == consent_pb2.CONSENT_STATE_GIVEN


@pytest.mark.parametrize("name", ["sound.wav", "sound.mp4"])
def test_a_recording_that_is_not_ours(site: Site, tmp_path: Path, speech: Speech, name: str) -> None:
    """The same words, never marked: no record, and no claim."""
    recorded(speech, tmp_path / name)
    found = site.anybody.detect(tmp_path / name)
    assert VERDICT_NAME[found.verdict] == "no_record"
    assert (found.record_id, found.sound_mark.payload) == ("", "")


def test_our_sound_under_other_pictures(
    site: Site, released: Generated, clip: Path, foreign: Path, tmp_path: Path
) -> None:
    """Altered: the sound is the released one, none of the pictures is."""
    path = tmp_path / "dubbed.mp4"
    put_under(sound_of(clip), foreign, path)
    found = site.anybody.detect(path)
    assert VERDICT_NAME[found.verdict] == "issued_altered"
    assert found.sound_mark.payload == released.release.record_id
    assert "the pictures do not agree" in found.explanation
    assert [span.kind for span in found.altered] == ["picture"]


@pytest.mark.parametrize("owner", ["another clip", "nobody"])
def test_another_clips_sound_under_our_pictures(
    site: Site, released: Generated, clip: Path, tmp_path: Path, speech: Speech, owner: str
) -> None:
    """Two marks that disagree, or a sound's mark that names no record: a conflict, and it is said why."""
    path = tmp_path / "dubbed.mp4"
    if owner == "another clip":
        source = tmp_path / "other.mp4"
        source.write_bytes(site.ask().clip)
        sound = sound_of(source)
    else:
        marked = site.app.sound_watermark.embed(speech.samples, speech.rate, bytes(range(12)))
        sound = Speech(marked, speech.rate)
    put_under(sound, clip, path)
    found = site.anybody.detect(path)
    assert VERDICT_NAME[found.verdict] == "conflict"
    assert found.watermark.payload == released.release.record_id != found.sound_mark.payload
    assert ("that of another" in found.explanation) == (owner == "another clip")


def test_a_mark_copied_onto_other_sound(site: Site, released: Generated, tmp_path: Path) -> None:
    """The record's name in sound that the record never had is a conflict."""
    other = decode_speech(GOODBYE.read_bytes())
    record = bytes.fromhex(released.release.record_id)
    recorded(Speech(site.app.sound_watermark.embed(other.samples, other.rate, record)), tmp_path / "s.wav")
    found = site.anybody.detect(tmp_path / "s.wav")
    assert found.sound_mark.payload == released.release.record_id
    assert VERDICT_NAME[found.verdict] == "conflict"


def test_a_video_without_sound_or_face(site: Site, tmp_path: Path) -> None:
    """Still a video: judged, and inconclusive."""
    path = tmp_path / "grey.mp4"
    write_video(path, [np.full((256, 256, 3), 90, np.uint8)] * 30, fps=25, speech=None)
    found = site.anybody.detect(path)
    assert VERDICT_NAME[found.verdict] == "no_record"
    assert found.score_verdict in ("inconclusive", "no_sign")
    assert not found.calibrated


def test_the_state_of_the_consent_today(site: Site, tmp_path: Path) -> None:
    """After the withdrawal the clip is still ours, and Detect says that it may no longer be shown."""
    consent_id = site.grant()
    path = tmp_path / "clip.mp4"
    path.write_bytes(site.ask(consent_id=consent_id).clip)
    site.operator.withdraw(consent_id)
    found = site.anybody.detect(path)
    assert VERDICT_NAME[found.verdict] == "issued_intact"
    assert found.consent == consent_pb2.CONSENT_STATE_WITHDRAWN


def test_the_clip_plays(clip: Path) -> None:
    """H.264 with AAC in an MP4, as long as the speech."""
    with open_video(clip) as opened:
        assert (opened.info.width, opened.info.height, opened.info.codec) == (384, 384, "h264")
        assert opened.info.has_sound
        assert abs(opened.info.seconds - 3.2) < 0.1
