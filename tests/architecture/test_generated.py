"""What is generated is what its source gives; what is layered stays layered."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def imports(package: str) -> set[str]:
    """Top-level names that a package's modules import."""
    found: set[str] = set()
    for path in (ROOT / package).rglob("*.py"):
        if "pb" in path.relative_to(ROOT).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize(
    ("package", "strangers"),
    [
        ("perception", {"engine", "safety", "service", "grpc"}),
        ("engine", {"safety", "service", "grpc"}),
        ("safety", {"engine", "service", "grpc"}),
    ],
)
def test_layers(package: str, strangers: set[str]) -> None:
    """Nobody imports a layer above or beside it, not even inside a function."""
    assert not imports(package) & strangers


def test_only_the_insightface_adapter_needs_opencv() -> None:
    """A bare machine lacks OpenCV's system libraries: nothing by default imports it."""
    for package in ("perception", "engine", "safety", "service"):
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "insightface.py":
                text = path.read_text("utf-8")
                assert "import cv2" not in text
                assert "insightface.app" not in text


def test_flows_know_no_grpc() -> None:
    """The flows are pages that an auditor reads: no wire in them."""
    for name in ("generate", "detect", "enroll", "consents", "audit", "run", "inspection"):
        tree = ast.parse((ROOT / "service" / f"{name}.py").read_text("utf-8"))
        modules = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert not any(module.startswith(("grpc", "google", "service.pb")) for module in modules), name


def test_only_the_policy_makes_permits() -> None:
    """No other module constructs a Permit."""
    for package in ("perception", "engine", "safety", "service"):
        for path in (ROOT / package).rglob("*.py"):
            if path.relative_to(ROOT).as_posix() != "safety/policy.py":
                calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
                assert not any(isinstance(c.func, ast.Name) and c.func.id == "Permit" for c in calls), path
