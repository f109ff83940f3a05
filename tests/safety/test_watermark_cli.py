"""`python -m safety.watermark`: video or sound in and out, one JSON line."""

import json
import stat
from pathlib import Path

import numpy as np
import pytest

from perception.audio import Speech, decode_speech, encode_wav
from perception.video import open_video, write_video
from safety.errors import Misconfigured
from safety.watermark.__main__ import main
from safety.watermark.keyfile import load_keys
from service.demo.characters import draw

RECORD = "00112233445566778899aabb"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of the cartoon, 256 x 256."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    picture = draw("pip", 256)
    write_video(path, (np.roll(picture, i // 4, axis=1) for i in range(25)), fps=25, speech=None)
    return path


@pytest.fixture(scope="module")
def speech() -> Speech:
    """Four seconds of the demo's recording."""
    file = Path(__file__).resolve().parents[2] / "service" / "demo" / "speech" / "welcome.flac"
    return Speech(decode_speech(file.read_bytes()).samples[: 4 * 48_000])


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SITTER_WATERMARK_KEY", raising=False)
    monkeypatch.setenv("SITTER_DATA", str(tmp_path / "data"))


def test_embed_then_extract(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both commands print one JSON line with the payload; a key is made once, private, with a note."""
    out = tmp_path / "marked.mp4"
    assert main(["embed", str(clip), str(out), "--payload", RECORD]) == 0
    printed = capsys.readouterr()
    assert "watermark.key" in printed.err
    assert json.loads(printed.out)["payload"] == RECORD
    key = tmp_path / "data" / "watermark.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with open_video(out) as video:
        assert (video.info.width, video.info.fps) == (256, 25.0)

    assert main(["extract", str(out)]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert printed.err == ""
    assert (report["payload"], report["bits"], report["frames"]) == (RECORD, 96, 25)
    assert report["false_positive"] < 1e-9
    assert report["seconds"] > 0
    assert report["segments"] == [{"start": 0.0, "end": 1.0, "payload": RECORD}]
    assert (report["source"], report["sound"]) == ("picture", None)


def test_a_video_with_sound_carries_both(
    tmp_path: Path, speech: Speech, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pictures and sound name the record; the sound does so by itself too when it is cut out."""
    source, out = tmp_path / "clip.mp4", tmp_path / "marked.mp4"
    picture = draw("pip", 256)
    write_video(source, (np.roll(picture, i // 4, axis=1) for i in range(100)), fps=25, speech=speech)
    assert main(["embed", str(source), str(out), "--payload", RECORD]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["payload"], report["source"], report["sound"]["payload"]) == (RECORD, "picture", RECORD)
    with open_video(out) as video:
        sound = video.speech()
    assert sound is not None
    (tmp_path / "cut.wav").write_bytes(encode_wav(sound))
    assert main(["extract", str(tmp_path / "cut.wav")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["payload"], report["source"], report["frames"]) == (RECORD, "sound", 0)


def test_a_recording(tmp_path: Path, speech: Speech, capsys: pytest.CaptureFixture[str]) -> None:
    """Sound in, sound out as WAV; read by itself; the unmarked one reads as nothing."""
    source, out = tmp_path / "speech.wav", tmp_path / "marked.wav"
    source.write_bytes(encode_wav(speech))
    assert main(["embed", str(source), str(out), "--payload", RECORD]) == 0
    capsys.readouterr()
    assert main(["extract", str(out)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["payload"], report["bits"], report["source"]) == (RECORD, 96, "sound")
    assert 0 < report["false_positive"] < 1e-9
    assert report["sound"]["speed"] == 1
    assert decode_speech(out.read_bytes()).seconds == speech.seconds
    assert main(["extract", str(source), "--quick"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["payload"], report["source"], report["sound"]["payload"]) == (None, None, None)


def test_an_unmarked_clip_is_no_error(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 0, and null for the payload."""
    assert main(["extract", str(clip), "--quick"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["payload"], report["bits"], report["confidence"]) == (None, 0, 0.0)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["embed", "CLIP", "out.mp4", "--payload", "12"], "MISCONFIGURED"),
        (["embed", "CLIP", "out.mp4", "--payload", "zz" * 12], "MISCONFIGURED"),
        (["embed", "CLIP", "out.webm", "--payload", RECORD], "MISCONFIGURED"),
        (["embed", "CLIP", "out.mp4"], "MISCONFIGURED"),
        (["embed", "CLIP", "out.wav", "--payload", RECORD], "MISCONFIGURED"),
        (["embed", "SHORT", "out.mp4", "--payload", RECORD], "MISCONFIGURED"),
        (["embed", "SHORT", "out.wav", "--payload", RECORD], "INSPECTION_REFUSED"),
        (["embed", "none.mp4", "out.mp4", "--payload", RECORD], "MEDIA_UNREADABLE"),
        (["embed", "TEXT", "out.mp4", "--payload", RECORD], "MEDIA_UNSUPPORTED"),
        (["embed", "CLIP", "no/such/folder/out.mp4", "--payload", RECORD], "FILE_ERROR"),
        (["embed", "CLIP", "out.mp4", "--payload", RECORD, "--key", "none.key"], "MISCONFIGURED"),
        (["embed", "CLIP", "out.mp4", "--payload", RECORD, "--key", "TEXT"], "MISCONFIGURED"),
        (["embed", "BLACK", "out.mp4", "--payload", RECORD], "INSPECTION_REFUSED"),
        (["extract", "EMPTY"], "MEDIA_EMPTY"),
        (["listen"], "MISCONFIGURED"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    reason: str,
) -> None:
    """Status 2, {"error", "message"} as the last line on stderr, nothing on stdout, no output file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("not a video, not a key")
    (tmp_path / "empty").write_bytes(b"")
    if "BLACK" in arguments:
        write_video(tmp_path / "black.mp4", [np.zeros((64, 64, 3), np.uint8)] * 2, fps=25, speech=None)
    if "SHORT" in arguments:
        (tmp_path / "short.wav").write_bytes(encode_wav(Speech(np.zeros(9_600, np.float32))))
    names = {
        "CLIP": str(clip), "TEXT": "text", "EMPTY": "empty", "BLACK": "black.mp4", "SHORT": "short.wav"
    }  # fmt: skip
    assert main([names.get(argument, argument) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    report = json.loads(printed.err.splitlines()[-1])
    assert report["error"] == reason
    assert report["message"]
    assert not list(tmp_path.glob("out*"))
    assert not list(tmp_path.glob(".watermark-*"))


def test_key_files(tmp_path: Path) -> None:
    """Lines of 64 hex digits, or 32 raw bytes; several keys keep their order."""
    path = tmp_path / "keys"
    path.write_text("01" * 32 + "\n" + "02" * 32 + "\n")
    assert load_keys(path) == [b"\1" * 32, b"\2" * 32]
    path.write_bytes(b"\xff" * 32)
    assert load_keys(path) == [b"\xff" * 32]
    for wrong in (b"", b"01" * 31, b"\xff" * 33):
        path.write_bytes(wrong)
        with pytest.raises(Misconfigured):
            load_keys(path)
