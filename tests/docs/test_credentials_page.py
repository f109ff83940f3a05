"""docs/credentials.md says what the code does."""

import re
from pathlib import Path

import pytest

from safety.claim import CREATED_LABELS
from safety.credentials import Stamping
from service.cli.parser import parser
from service.cli.trust_options import LISTS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "credentials.md").read_text("utf-8")


@pytest.mark.parametrize("action", sorted(set(re.findall(r"`sitter trust ([a-z]+)", PAGE))))
def test_every_command_exists(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command that the page shows has help."""
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(["trust", action, "--help"])
    assert caught.value.code == 0
    assert action in capsys.readouterr().out


def test_assertions_policies_and_lists_are_those_of_the_code() -> None:
    """The assertions head their rows; every policy has its row; every list is named."""
    rows = set(re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE))
    labels = {re.sub(r"\.v\d$", "", row) for row in rows}
    assert set(CREATED_LABELS) <= labels
    assert {str(each) for each in Stamping} <= rows
    assert all(f"`{name}`" in PAGE for name in LISTS)
