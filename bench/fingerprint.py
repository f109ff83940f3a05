"""What the fingerprint recognises, where it says that a copy was altered, and what it costs.

python -m bench fingerprint [--quick]
"""

import argparse
from typing import Any

from bench.prints.table import rows


def run(argv: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench fingerprint")
    parser.add_argument("--quick", action="store_true", help="one portrait and a few cases: a minute")
    return rows(parser.parse_args(argv).quick)
