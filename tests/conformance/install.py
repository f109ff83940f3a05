"""Install the outside verifiers, each by itself: what a registry has no longer is told, and its tests skip.

    python tests/conformance/install.py

Packages of PyPI are those of the extra `conformance` in pyproject.toml; the one of npm needs npm on the path.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / ".venv" / "node"
"""Where packages of npm are put."""
WASM = "@contentauth/c2pa-wasm"
WASM_VERSION = "0.13.3"
SECONDS = 120


def lines() -> dict[str, list[str]]:
    """The command that installs each package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--timeout", "20", "--retries", "1"]
    found = {each: [*pip, each] for each in project["project"]["optional-dependencies"]["conformance"]}
    npm = shutil.which("npm")
    if npm is not None:
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix", str(NODE)]
        found[WASM] = [npm, "install", *quiet, f"{WASM}@{WASM_VERSION}"]
    return found


def main() -> None:
    missing = []
    for name, line in lines().items():
        try:
            done = subprocess.run(line, check=False, capture_output=True, timeout=SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            missing.append(name)
            continue
        if done.returncode != 0:
            missing.append(name)
    if shutil.which("npm") is None:
        missing.append(f"{WASM} (no npm)")
    for name in missing:
        print(f"outside verifier not installed, its tests will skip: {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
