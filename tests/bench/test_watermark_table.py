"""The watermark bench counts what was read, measures what marking costs, and runs peers that are there."""

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from bench import watermark
from bench.marks import attacks, quality, security, strangers
from bench.marks.attacks import Case
from bench.marks.clips import clips
from bench.marks.markers import RECORD, Ours, Outcome, PeerRow, peer
from bench.marks.table import attack_all, summary
from bench.marks.video import FPS, Codec, Video
from safety.watermark import Reading, Segment
from service.demo.characters import draw


class Fussy:
    """Reads a clip only in its own width."""

    def mark(self, video: Video) -> tuple[Video, float]:
        return video, 0.002

    def read(self, video: Video, fps: float) -> Outcome:
        return Outcome(video.shape[2] == 16, 0.5, 0.01 * len(video), len(video))


CASES = (
    Case("same", "floor", lambda v: (v, FPS)),
    Case("h264 crf 28", "hard", lambda v: (v, FPS)),
    Case("half", "hard", lambda v: (v[:, :, ::2], FPS)),
    Case("long clips only", "more", lambda v: (v, FPS), least=2.0),
    Case("impossible", "floor", lambda v: (v, FPS), Codec("no-such-encoder")),
)


def black(count: int) -> Video:
    return np.zeros((count, 16, 16, 3), np.uint8)


def test_what_was_read_is_counted_by_group_and_clip(capsys: pytest.CaptureFixture[str]) -> None:
    """Cases without encoder or for longer clips are left out; shares are of what was tried."""
    marked = {"short": black(25), "long": black(60)}
    found = summary(attack_all(Fussy(), marked, CASES, "fussy"), 0.002)
    assert found["by_group"]["floor"] == {"read": 2, "of": 2, "share": 1.0, "target": 1.0}
    assert found["by_group"]["hard"] == {"read": 2, "of": 4, "share": 0.5, "target": 0.8}
    assert found["by_group"]["more"]["of"] == 1
    assert "segment" not in found["by_group"]
    assert found["by_clip"]["short"] == {"read": 2, "of": 3, "share": 0.6667}
    assert found["not_read"] == ["half: short", "half: long"]
    assert found["speed"]["embed"] == {"cpu_ms_per_frame": 2.0, "fps_per_core": 500.0}
    assert found["speed"]["extract"] == {"cpu_ms_per_frame": 10.0, "fps_per_core": 100.0}
    assert found["speed"]["full_search"] is None
    assert "fussy: half xx" in capsys.readouterr().out


def test_quality_of_known_marks() -> None:
    """One grey level everywhere is 48.13 dB and does not flicker; one that changes sign flickers by two."""
    rng = np.random.default_rng(0)
    video = rng.integers(50, 200, (6, 64, 64, 3)).astype(np.uint8)
    still = quality.compare(video, video + 1, ffmpeg=None)
    assert still["psnr_luma_db"] == pytest.approx(48.13, abs=0.01)
    assert still["flicker_levels"] == 0
    turning = video + np.resize([0, 2], 6).astype(np.uint8)[:, None, None, None]
    found = quality.compare(video, turning, ffmpeg=None)
    assert found["flicker_levels"] == found["flicker_16x16_levels"] == pytest.approx(2, abs=0.01)


def test_fine_flicker_does_not_show_in_means() -> None:
    """Noise that is new in each frame flickers in pixels, hardly in squares of 16."""
    video = np.full((6, 64, 64, 3), 128, np.uint8)
    noise = np.random.default_rng(0).integers(-4, 5, video.shape[:3])[..., None]
    found = quality.compare(video, (video + noise).astype(np.uint8), ffmpeg=None)
    assert found["flicker_levels"] > 2
    assert found["flicker_16x16_levels"] < 0.5


def test_ssim_is_one_for_the_same_and_falls_with_noise() -> None:
    """1 for equal pictures, less with more noise."""
    picture = draw("mira", 128) @ quality.WEIGHTS
    noise = np.random.default_rng(0).normal(size=picture.shape).astype(np.float32)
    values = [quality.ssim(picture, picture + strength * noise) for strength in (0, 2, 8)]
    assert values[0] == pytest.approx(1)
    assert values[0] > values[1] > values[2]


def test_vmaf_says_when_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    """No ffmpeg with libvmaf: a sentence, not a number."""
    monkeypatch.setattr(quality, "with_vmaf", lambda ffmpeg: None)
    assert quality.vmaf(black(2), black(2), None) == "not measured: no ffmpeg with libvmaf"


def test_strangers_are_many_and_the_same_each_time() -> None:
    """The n-th is reproducible, another number gives another video; every second carries a foreign mark."""
    videos = [np.stack([draw("osei", 192)] * 20)]
    first, again, other = (strangers.stranger(videos, n) for n in (2, 2, 4))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)
    assert len(first) == strangers.FRAMES


def test_wrong_readings_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that sees a mark in every third stranger: two of six, and no upper limit."""
    answers = iter(range(6))

    def reading(self: Ours, *_: object, **__: object) -> Reading:
        payload = RECORD if next(answers) % 3 == 0 else None
        return Reading(payload, None, 0.0, 1e-9, (), 1)

    monkeypatch.setattr(Ours, "reading", reading)
    found = strangers.count([np.stack([draw("osei", 192)] * 20)], 6)
    assert (found["wrong_readings"], found["with_a_foreign_mark"]) == (2, 3)
    assert [each["stranger"] for each in found["which"]] == [0, 3]
    assert found["upper_95"] is None


def test_subtracting_an_average_removes_what_stands_still() -> None:
    """Of a mark that stays the same little is left, of one that is new in each frame nearly all."""
    rng = np.random.default_rng(0)
    pattern = rng.integers(-3, 4, (20, 48, 48))
    left = {}
    for kind, mark in {"still": pattern[:1].repeat(20, 0), "moving": pattern}.items():
        marked = (128 + mark[..., None].repeat(3, -1)).astype(np.uint8)
        estimate = np.mean([security.residual(frame) for frame in marked], axis=0)
        cleaned = security.subtracted(marked, estimate[None])[..., 0].astype(float) - 128
        left[kind] = cleaned.std() / mark.std()
    assert left["still"] < 0.3
    assert left["moving"] > 0.85


def test_spliced_seconds_are_given_to_their_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds count where the record is that of their half: three of four here."""
    told = (
        Segment(0.0, 2.5, RECORD.hex()),
        Segment(2.5, 3.5, security.OTHER_RECORD.hex()),
        Segment(3.5, 4.0, None),
    )
    monkeypatch.setattr(Ours, "reading", lambda *_: Reading(RECORD, None, 0.9, 1e-12, told, 100))
    still = np.stack([draw("mira", 128)] * 100)
    assert security.spliced({"still": still}, {"still": still}) == {"still": 0.75}


def test_luma_alone_does_not_tell_of_marks_in_colour() -> None:
    """A change of blue alone shows in the figure over all channels more than in that of luma."""
    video = np.full((2, 64, 64, 3), 128, np.uint8)
    blue = video + np.array([0, 0, 4], np.uint8)
    found = quality.compare(video, blue, ffmpeg=None)
    assert found["psnr_luma_db"] == pytest.approx(10 * np.log10(255**2 / (4 * 0.114) ** 2), abs=0.05)
    assert found["psnr_rgb_db"] == pytest.approx(10 * np.log10(255**2 * 3 / 16), abs=0.01)


FAKE_PEER = """
import numpy as np
class WatermarkEncoder:
    def set_watermark(self, kind, bits): self.bits = bits
    def encode(self, frame, method):
        frame = frame.copy(); frame[0, :64, 0] = 255 * np.array(self.bits); return frame
class WatermarkDecoder:
    def __init__(self, kind, length): self.length = length
    def decode(self, frame, method):
        print("chatter")
        if frame.shape[0] < 32: raise RuntimeError("too small")
        return [int(v > 100) for v in frame[0, :64, 0]]
"""


def test_a_peer_marks_reads_and_refuses_in_its_own_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the peer prints does not disturb; most frames decide; a refusal is a case not read."""
    (tmp_path / "imwatermark.py").write_text(FAKE_PEER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    video = np.full((9, 64, 64, 3), 60, np.uint8)
    with peer(PeerRow("invisible-watermark", "dwtDct", 64, 5, 1.0), sys.executable) as marker:
        marked, cpu = marker.mark(video)
        marked[:2] = 0
        assert cpu >= 0
        assert (marked[..., :2] == 60).all(axis=(1, 2, 3))[2:].all()  # RGB came back as RGB
        found = marker.read(marked, FPS)
        assert (found.exact, found.bits, found.frames) == (True, 1.0, 5)
        assert marker.read(255 - marked, FPS).bits < 0.5
        assert not marker.read(marked[:, :16], FPS).exact


def test_a_peer_that_is_not_installed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name, and no table of failures."""
    (tmp_path / "imwatermark.py").write_text("raise ImportError('no imwatermark here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    row = PeerRow("invisible-watermark", "dwtDct", 64, 5, 1.0)
    with pytest.raises(ModuleNotFoundError, match="no imwatermark here"), peer(row, sys.executable):
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one clip: a still at 12.5 frames a second, and a file that is no video."""
    picture = draw("mira", 256)
    with av.open(str(tmp_path / "still.mp4"), "w") as file:
        stream = file.add_stream("libx264", rate=Fraction(25, 2), options={"crf": "14"})
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
        for _ in range(30):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode())
    (tmp_path / "notes.txt").write_text("no video")
    return tmp_path


def test_clips_of_a_folder_come_at_25_a_second(folder: Path) -> None:
    """Two seconds of what is a video, each frame twice."""
    ((name, video),) = clips(folder, 2.0)
    assert name == "still.mp4"
    assert video.shape == (50, 256, 256, 3)


def test_the_whole_run_reports_ours(folder: Path) -> None:
    """A short run: the untouched clip is read, quality and strangers are there, peers were not asked for."""
    found = watermark.run(
        ["--videos", str(folder), "--seconds", "2", "--attacks", "identity,crf 18", "--unmarked", "1"]
    )
    assert found["attacks"] == {"identity": "floor", "h264 crf 18": "floor"}
    assert found["ours"]["by_attack"]["identity"] == {"still.mp4": 1.0}
    assert found["ours"]["quality"]["still.mp4"]["psnr_luma_db"] > 38
    assert found["ours"]["strangers"]["wrong_readings"] == 0
    assert found["peers"].startswith("not asked for")


def test_the_whole_run_tries_to_remove_the_mark(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a choice of cases every attempt is made, counted in its group, and its price is told."""
    monkeypatch.setattr(watermark, "CASES", {"same": CASES[0]})
    monkeypatch.setattr(security, "CLIPS", 2)
    found = watermark.run(["--videos", str(folder), "--seconds", "1", "--unmarked", "0"])["ours"]
    assert found["by_group"]["security"]["of"] == len(security.NAMES)
    assert set(found["by_attack"]) == {"same", *security.NAMES}
    assert len(found["psnr_after_security_attacks_db"]) == len(security.NAMES)
    assert min(found["psnr_after_security_attacks_db"].values()) > 20
    assert 0 <= found["spliced_seconds_right"]["still.mp4"] <= 1


def test_ladders_are_run_by_family(folder: Path) -> None:
    """Only the families that were named, each with an end for each clip."""
    found = watermark.run(["--videos", str(folder), "--seconds", "2", "--ladders", "--families", "darker"])
    assert list(found["ladders"]) == ["darker"]
    ends = found["ladders"]["darker"]["clips"]["still.mp4"]
    assert set(ends) == {"last_read", "first_failing"}


def test_missing_encoders_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that cannot be run here is left out of the counts, and its encoder named."""
    lost = Case("lost", "floor", lambda v: (v, FPS), Codec("no-such-encoder"))
    monkeypatch.setitem(attacks.CASES, "lost", lost)
    options = ["--videos", str(folder), "--seconds", "1", "--attacks", "lost", "--unmarked", "0"]
    found = watermark.run(options)
    assert found["missing_encoders"] == ["no-such-encoder"]
    assert found["ours"]["by_group"] == {}
