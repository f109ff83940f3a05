"""`python -m bench detector`: its figures, its list of clips, its answers to bad ones."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench import detector
from bench.detect import baselines, figures
from bench.detect.clips import ClipsUnusable, read_clips
from perception.encoding import write_video
from safety.detector.report import Finding
from service.demo.characters import draw

SCORES = np.array([0.1, 0.2, 0.4, 0.7, 0.3, 0.6, 0.8, 0.9])
FAKE = np.array([False] * 4 + [True] * 4)


def test_ranks_by_hand() -> None:
    """Of 16 pairs of a fake and a recording 13 are in order; one recording lies above two fakes."""
    assert figures.auc(SCORES, FAKE) == pytest.approx(13 / 16)
    assert figures.auc(np.ones(8), FAKE) == 0.5
    assert figures.auc(SCORES[:4], FAKE[:4]) is None
    assert figures.detected_at(SCORES, FAKE, 0.10) == 0.5
    assert figures.detected_at(SCORES, FAKE, 0.25) == 0.75
    assert figures.equal_error_rate(SCORES, FAKE) == pytest.approx(0.25)
    assert figures.equal_error_rate(np.where(FAKE, 1.0, 0.0), FAKE) == 0.0


def test_probabilities_by_hand() -> None:
    """A coin's Brier score is a quarter; what is said with 0.9 and holds in half of cases is off by 0.4."""
    half = np.array([False, True])
    assert figures.brier(np.array([0.5, 0.5]), half) == 0.25
    assert figures.calibration_error(np.array([0.9, 0.9]), half) == pytest.approx(0.4)
    assert figures.calibration_error(np.array([0.0, 1.0]), half) == 0.0


def test_recall_is_of_each_generator() -> None:
    """A generator that is never found does not hide behind another."""
    table = figures.judged(
        [0.9, 0.2, 0.8, 0.1], [True, True, True, False],
        ["machine_made", "inconclusive", "machine_made", "no_sign"], ["a", "b", "a", "phone"],
    )  # fmt: skip
    assert table["recall_by_generator"]["a"]["machine_made"] == 1.0
    assert table["recall_by_generator"]["b"]["machine_made"] == 0.0
    assert table["inconclusive"] == 0.25
    assert table["false_alarms"] == 0.0


def finding(name: str, value: float, sign: float) -> Finding:
    return Finding(name, "blinks", value, "", None, None, "", sign, "", 0, 1)


def test_baselines_see_only_what_theirs_is() -> None:
    """Fewer blinks are more suspicious; version 1 knows no later cues; a lattice shows in the spectrum."""
    assert baselines.blink_rate([finding("blink_rate", 5, 0)]) > baselines.blink_rate(
        [finding("blink_rate", 25, 0)]
    )
    later = [finding("blink_rate", 5, 0), finding("blink_phases", 1, 1)]
    assert baselines.cues_v1(later) == baselines.cues_v1(later[:1])
    rng = np.random.default_rng(0)
    plain = [rng.integers(100, 120, (128, 128, 3)).astype(np.uint8)]
    ridged = [plain[0].copy()]
    ridged[0][::2] += 40
    assert baselines.spectrum(ridged) > baselines.spectrum(plain)
    assert baselines.spectrum([]) == 0.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "CLIPS_COLUMNS"),
        ("file,label\na.mp4,real\n", "CLIPS_COLUMNS"),
        ("file,label,generator\n", "CLIPS_EMPTY"),
        ("file,label,generator\na.mp4,maybe,x\n", "CLIP_LABEL"),
        ("file,label,generator\na.mp4\n", "CLIP_LABEL"),
        ("file,label,generator\nnowhere.mp4,real,x\n", "CLIP_MISSING"),
        ("file,label,generator\n,real,x\n", "CLIP_MISSING"),
    ],
)
def test_bad_lists_say_what_is_wrong(tmp_path: Path, text: str, reason: str) -> None:
    """One typed reason each, and the line where there is one."""
    table = tmp_path / "clips.csv"
    table.write_text(text)
    with pytest.raises(ClipsUnusable) as caught:
        read_clips(table)
    assert caught.value.reason == reason


def test_a_list_that_is_no_text_or_not_there(tmp_path: Path) -> None:
    """As any other bad list."""
    (tmp_path / "clips.csv").write_bytes(b"\xff\xfe\x00")
    for name, reason in (("clips.csv", "CLIPS_NOT_CSV"), ("none.csv", "CLIPS_MISSING")):
        with pytest.raises(ClipsUnusable) as caught:
            read_clips(tmp_path / name)
        assert caught.value.reason == reason


def test_the_command_ends_with_a_message_and_no_traceback(tmp_path: Path) -> None:
    """A list of one clip that is no video: exit status 2, the reason on standard error, nothing on output."""
    (tmp_path / "a.mp4").write_bytes(b"not a video")
    (tmp_path / "clips.csv").write_text("file,label,generator\na.mp4,fake,x\n")
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "detector", "--clips", str(tmp_path / "clips.csv")],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "CLIPS_UNREADABLE" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_clips_are_judged_and_an_unreadable_one_is_named(tmp_path: Path) -> None:
    """A trembling drawing, a grey film and a broken file: two rows, one failure, the levels asked for."""
    portrait = draw("mira", 256).astype(float)
    rng = np.random.default_rng(0)
    shaken = [
        np.clip(np.roll(portrait, k % 3, 1) + rng.normal(0, 4, portrait.shape), 0, 255) for k in range(55)
    ]
    write_video(tmp_path / "a.mp4", [f.astype(np.uint8) for f in shaken], fps=25, speech=None)
    grey = [np.full((64, 64, 3), 90 + k % 2, np.uint8) for k in range(30)]
    write_video(tmp_path / "b.mp4", grey, fps=25, speech=None)
    (tmp_path / "c.mp4").write_bytes((tmp_path / "a.mp4").read_bytes()[:200])
    (tmp_path / "clips.csv").write_text(
        "file, label,generator\na.mp4,fake,drawing\nb.mp4,real,grey\nc.mp4,real,broken\n"
    )
    told = detector.run(["--clips", str(tmp_path / "clips.csv")])
    assert [row["file"] for row in told["rows"]] == ["a.mp4", "b.mp4"]
    assert [row["file"] for row in told["failed"]] == ["c.mp4"]
    assert told["counts"] == {"real": 1, "fake": 1}
    assert set(told["levels"]["as_given"]["baselines"]) == set(baselines.NAMES)
    assert 0 <= told["levels"]["as_given"]["detector"]["ece"] <= 1
    json.dumps(told)
