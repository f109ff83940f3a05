"""`python -m safety.detector` on real files, with the real face finder: one JSON line, or a typed refusal."""

import json
from pathlib import Path

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
    """A drawn head that does not move at all: found in every second, stiff, and never called authentic."""
    slides = [portrait] * 125
    tone = np.sin(np.arange(5 * RATE) * 0.05).astype(np.float32)
    write_video(tmp_path / "still.mp4", slides, fps=25, speech=Speech(tone))
    assert main([str(tmp_path / "still.mp4")]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    report = json.loads(printed)
    assert {"score", "verdict", "findings", "timeline", "calibrated", "seconds", "faces"} <= set(report)
    assert (report["seconds"], report["faces"], report["calibrated"]) == (5.0, 1, False)
    assert report["verdict"] in ("machine_made", "inconclusive")
    assert [second["seen"] for second in report["timeline"]] == [1.0] * 5
    assert "head_speed" in report["timeline"][2]["signs"]


def test_two_faces(tmp_path: Path, portrait: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]) -> None:
    """Two heads side by side are counted and noted."""
    pair = np.concatenate([portrait, portrait], axis=1)
    write_video(tmp_path / "pair.mp4", [pair] * 5, fps=25, speech=None)
    assert main([str(tmp_path / "pair.mp4")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["faces"], report["verdict"]) == (2, "inconclusive")


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
