"""Runs one benchmark and prints its JSON document."""

import importlib
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

from bench.machine import describe

NAMES = sorted(
    p.stem for p in Path(__file__).parent.glob("*.py") if p.stem not in ("__init__", "__main__", "machine")
)


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        print(f"usage: python -m bench {{{','.join(NAMES)}}} [options]", file=sys.stderr)
        return 2
    name = sys.argv[1]
    with redirect_stdout(sys.stderr):  # progress; what is printed is one JSON document
        result = importlib.import_module(f"bench.{name}").run(sys.argv[2:])
    print(json.dumps({"benchmark": name, "machine": describe(), **result}, indent=2, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
