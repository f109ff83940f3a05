"""The tables of docs/watermark.md are made of the bench's documents."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from bench import watermark
from bench.marks import page

DOCS = Path(__file__).resolve().parents[2] / "docs" / "watermark.md"
COMMANDS = [
    line.partition("#")[0].strip()
    for line in DOCS.read_text("utf-8").splitlines()
    if line.startswith("    python -m bench watermark")
]

ROW: dict[str, Any] = {
    "recovered": 0.5,
    "bits": 96,
    "by_group": {"floor": {"read": 3, "of": 4, "share": 0.75, "target": 1.0}},
    "by_attack": {"identity": {"one": 1.0, "two": 1.0}, "blur 3": {"one": 1.0, "two": 0.0}},
    "quality": {
        "one": {
            "psnr_luma_db": 46.04,
            "psnr_rgb_db": 45.5,
            "ssim_luma": 0.9951,
            "vmaf": "not measured: no ffmpeg with libvmaf",
            "flicker_levels": 0.1,
            "flicker_16x16_levels": 0.01,
        }
    },
    "speed": {"embed": {"cpu_ms_per_frame": 4.0, "fps_per_core": 250.0}, "extract": None},
}


def test_tables_hold_the_figures() -> None:
    """Counts, bits, speed and quality of each that ran; peers that did not run are left out."""
    peers = {"peer": ROW | {"bits": 32}, "absent": {"status": "not run"}}
    text = page.page([{"ours": ROW, "peers": peers, "clips": {}}])
    assert "|  | Sitter | peer |" in text
    assert "| everyday copies | 3 of 4 | 3 of 4 |" in text
    assert "| bits | 96 | 32 |" in text
    assert "| marks, frames/s | 250 | 250 |" in text
    assert "| Sitter | one | 46.0 / 45.5 | 0.9951 | – | 0.10 / 0.010 |" in text
    assert "| blur 3 | two |" in text
    assert "identity" not in text


def test_ladders_say_where_it_ends() -> None:
    """The first failing strength, and what was still read; families without an encoder are left out."""
    steps = [28, 33, 38]
    ends = {
        "one": {"last_read": 33, "first_failing": 38},
        "two": {"last_read": None, "first_failing": 28},
        "three": {"last_read": 38, "first_failing": None},
    }
    found = {"H.264": {"unit": "CRF", "steps": steps, "clips": ends}, "AV1": {"status": "no encoder"}}
    text = page.page([{"ladders": found, "clips": dict.fromkeys(ends, "512x512")}])
    assert "| H.264 (CRF) | 38 (33 read) | 28 (nothing read) | none (read at 38) |" in text
    assert "AV1" not in text


@pytest.mark.parametrize("line", COMMANDS)
def test_every_shown_command_parses(line: str) -> None:
    """Each command of the page has options that exist."""
    assert watermark.arguments().parse_args(shlex.split(line)[4:])


def test_the_page_shows_commands() -> None:
    """There are commands to try, and the figures they make."""
    assert len(COMMANDS) >= 5
    assert "| everyday copies |" in DOCS.read_text("utf-8")
