"""What we show, we run."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from safety.vocabulary import CONTROLS
from service.__main__ import _joined
from service.cli.parser import parser
from service.demo.report import GATE_WORDS
from service.run import Gate

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def commands() -> list[str]:
    """The `sitter` lines of the README, continuation lines joined, comments gone."""
    lines = README.replace("\\\n", " ").splitlines()
    found = [line.partition("#")[0].strip() for line in lines if line.startswith("    .venv/bin/sitter ")]
    assert found
    return found


def test_the_life_of_a_request_is_the_gates_in_order() -> None:
    """README numbers the gates that the code passes, by the same names."""
    numbered = re.findall(r"^(\d+)\. \*\*([a-z-]+)\*\*:", README, re.MULTILINE)
    assert numbered == [(str(n), str(gate)) for n, gate in enumerate(Gate, 1)]
    assert list(GATE_WORDS) == [str(gate) for gate in Gate]


@pytest.mark.parametrize("line", commands())
def test_every_shown_command_parses(line: str) -> None:
    """Each line of the README is a command with options that exist."""
    args = parser().parse_args(shlex.split(line)[1:])
    module, _, function = args.run.partition(".")
    assert callable(getattr(import_module(f"service.cli.{module}"), function))


def test_steering_names_every_control_with_an_example() -> None:
    """The rows are the controls that a consent lists; each example is an option that parses."""
    rows = re.findall(r"^\| `([a-z]+)` \|.*\| `(--[^`]+)` \|$", README, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(CONTROLS)
    for name, example in rows:
        assert example.startswith(f"--{name} ")
        line = _joined(["demo", "--out", "x", *shlex.split(example)])
        assert getattr(parser().parse_args(line), name) not in (None, [])


def test_the_first_screen_has_the_two_commands() -> None:
    """`make demo` and `make test`, and both are targets."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("demo", "test"):
        assert f"make {target}" in "\n".join(README.splitlines()[:20])
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    """Relative links of the README exist."""
    assert (ROOT / link).exists()


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` of every command and action exits 0 and says something."""
    for words in (
        [],
        ["demo"],
        ["generate"],
        ["consent", "grant"],
        ["audit", "verify"],
        ["models", "pull"],
        ["track"],
    ):
        with pytest.raises(SystemExit) as ended:
            parser().parse_args([*words, "--help"])
        assert ended.value.code == 0
        assert "usage: sitter" in capsys.readouterr().out
