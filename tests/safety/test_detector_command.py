"""`python -m safety.detector` on real files, with the real face finder: one JSON line, or a typed refusal."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from perception.audio import RATE, Speech
from perception.video import write_video
from safety.detector.__main__ import main
from service.demo.characters import draw


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    return draw("pip", 320)


def test_a_still_picture_with_sound(
    tmp_path: Path, portrait: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    """A drawn head that does not move at all is found in every second, and called a still picture."""
    slides = [portrait] * 125
    tone = np.sin(np.arange(5 * RATE) * 0.05).astype(np.float32)
    write_video(tmp_path / "still.mp4", slides, fps=25, speech=Speech(tone))
    assert main([str(tmp_path / "still.mp4")]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    report = json.loads(printed)
    assert {"score", "verdict", "findings", "timeline", "calibrated", "seconds", "faces"} <= set(report)
    assert (report["seconds"], report["faces"], report["calibrated"]) == (5.0, 1, False)
    assert report["verdict"] == "inconclusive"
    assert "still picture" in report["tracks"][0]["note"]
    assert any("still picture" in note for note in report["notes"])
    assert [second["seen"] for second in report["timeline"]] == [1.0] * 5


def test_two_faces(tmp_path: Path, portrait: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]) -> None:
    """Two heads side by side are counted and noted."""
    pair = np.concatenate([portrait, portrait], axis=1)
    write_video(tmp_path / "pair.mp4", [pair] * 5, fps=25, speech=None)
    assert main([str(tmp_path / "pair.mp4")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["faces"], report["verdict"]) == (2, "inconclusive")
    assert [track["face"] for track in report["tracks"]] == [0, 1]
    lefts = sorted(track["box"][0] for track in report["tracks"])
    assert lefts[0] < 0.5 < lefts[1]


def _phone(path: Path, portrait: NDArray[np.uint8]) -> None:
    """A portrait film as phones write it: lying on its side, with a flag that says so, and uneven steps."""
    lying = np.ascontiguousarray(np.rot90(portrait, -1))
    with av.open(path, "w") as file:
        stream = file.add_stream("libx264", rate=30, width=lying.shape[1], height=lying.shape[0])
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.set_display_rotation(90)
        at = 0
        for k in range(140):
            frame = av.VideoFrame.from_ndarray(np.roll(lying, int(4 * np.sin(k / 9)), axis=0))
            frame.time_base, frame.pts = Fraction(1, 1000), at
            at += (33, 33, 50, 34)[k % 4]
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def test_a_phone_film_held_upright(
    tmp_path: Path, portrait: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    """A rotation flag and a variable frame rate: the face is upright, followed throughout, and judged."""
    _phone(tmp_path / "phone.mp4", portrait)
    assert main([str(tmp_path / "phone.mp4"), "--progress"]) == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    (track,) = report["tracks"]
    assert (track["seen"], track["note"], report["suspect"]) == (1.0, "", 0)
    assert report["seconds"] == pytest.approx(140 * 0.0375, abs=0.1)
    assert "blinks" in report["judged"]
    told = [json.loads(line) for line in captured.err.splitlines()]
    assert [sorted(line) for line in told] == [
        ["faces", "score", "seconds_done", "seconds_total", "verdict"]
    ] * len(told)
    assert told


def test_no_face_to_be_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Black, then slides with sound: a report that says that no face was seen, and nothing more."""
    rng = np.random.default_rng(0)
    slides = [
        np.kron(rng.integers(0, 255, (6, 8, 3)), np.ones((40, 40, 1))).astype(np.uint8) for _ in range(2)
    ]
    black = np.zeros((240, 320, 3), np.uint8)
    pictures = [picture for picture in (black, *slides) for _ in range(40)]
    tone = np.sin(np.arange(5 * RATE) * 0.05).astype(np.float32)
    write_video(tmp_path / "slides.mp4", pictures, fps=25, speech=Speech(tone))
    assert main([str(tmp_path / "slides.mp4")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["faces"], report["tracks"], report["verdict"]) == (0, [], "inconclusive")
    assert "No face was seen." in report["notes"]
    assert len(report["shots"]) == 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "MEDIA_EMPTY"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "MEDIA_UNSUPPORTED"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + bytes(99), "MEDIA_UNREADABLE"),
        (None, "MEDIA_UNREADABLE"),
    ],
)
def test_refusals(
    tmp_path: Path, data: bytes | None, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bad files end with exit code 2, the reason as JSON, and a sentence without a path on standard error."""
    if data is not None:
        (tmp_path / "bad.mp4").write_bytes(data)
    assert main([str(tmp_path / "bad.mp4")]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"] == reason
    assert captured.err
    assert str(tmp_path) not in captured.err
