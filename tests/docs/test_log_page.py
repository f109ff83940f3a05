"""The page on the log names commands and files that exist."""

import re
from pathlib import Path

import pytest

from service.cli.parser import parser

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "log.md").read_text()
COMMANDS = [
    line.partition("#")[0].split()[1:] for line in PAGE.splitlines() if line.startswith("    sitter ")
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_are_ours(words: list[str]) -> None:
    """Each command of the page is one that the parser takes."""
    assert parser().parse_args(words).run.startswith("audit")


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:safety|tests)/[\w/]+\.py)`", PAGE))))
def test_files_are_there(path: str) -> None:
    """Each file that the page names exists."""
    assert (ROOT / path).is_file()
