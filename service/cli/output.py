"""How commands answer: text for people, JSON for programs, errors in one shape, never a traceback."""

import json
import sys
from collections.abc import Callable
from typing import Any

from perception.errors import SitterError
from service.client import RemoteError

FAILED = 1  # the service refused or failed
USAGE = 2  # the command, a file or the machine is not as it must be


def say(text: str) -> None:
    """A line for the reader."""
    print(text)


def show(value: Any) -> None:
    """A value for a program: one JSON document."""
    print(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))


def run(command: Callable[[], int]) -> int:
    """Run a command; say what went wrong and what to do on stderr, and give the exit status."""
    try:
        return command()
    except RemoteError as error:
        _complain(error.reason or error.code, str(error), error.metadata)
        return FAILED
    except SitterError as error:
        _complain(error.reason, str(error), error.metadata)
        return USAGE
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        _complain("FILE", f"{named}{error.strerror or error}", {})
        return USAGE
    except KeyboardInterrupt:
        _complain("INTERRUPTED", "stopped", {})
        return 130


def _complain(reason: str, message: str, metadata: dict[str, str]) -> None:
    print(f"sitter: {reason}: {message}", file=sys.stderr)
    for key in sorted(metadata):
        print(f"  {key}: {metadata[key]}", file=sys.stderr)
