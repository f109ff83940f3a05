"""docs/consent.md says what the code does."""

import re
from pathlib import Path

import pytest

from safety.script import KINDS, TOPICS
from service.cli.parser import parser

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "consent.md").read_text("utf-8")
TABLE = PAGE.partition("## What is allowed")[2].partition("## What may be said")[0]
VALUES = {
    "--channel": "web", "--emotion": "happy", "--control": "gaze", "--days": "3", "--max-clips": "3",
    "--clips-per-day": "3", "--max-seconds": "3", "--total-seconds": "3",
}  # fmt: skip


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z-]+)`", TABLE))))
def test_every_option_exists(option: str) -> None:
    """Each option of the table is one of `sitter consent amend`."""
    value = [] if option in ("--live", "--any-script", "--own-voice-only") else [VALUES.get(option, "x")]
    line = ["consent", "amend", "0" * 32, "--evidence", "yes.txt", option, *value]
    args = parser().parse_args(line)
    assert getattr(args, option[2:].replace("-", "_")) not in (None, [])


def test_rules_and_topics_are_those_of_the_code() -> None:
    """The kinds of rules head their rows; the topics are listed whole."""
    rows = re.findall(r"^\| ([a-z]+) \|", PAGE.partition("## What may be said")[2], re.MULTILINE)
    assert tuple(rows[1 : 1 + len(KINDS)]) == KINDS
    listed = PAGE.partition("Topics: ")[2].partition(". Each is")[0]
    assert re.findall(r"`([a-z]+)`", listed) == sorted(TOPICS)


@pytest.mark.parametrize(
    "action", sorted(set(re.findall(r"`sitter (consent|policy) ([a-z]+)", PAGE))), ids=" ".join
)
def test_every_command_exists(action: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each command that the page shows has help."""
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([*action, "--help"])
    assert ended.value.code == 0
    assert f"usage: sitter {' '.join(action)}" in capsys.readouterr().out
