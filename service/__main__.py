"""The command `sitter`."""

import os
import sys
from importlib import import_module

# Before anything imports it: onnxruntime's Linux wheel reports usage by default since 1.29.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Before grpc is imported: what it has to say, we say in our words.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    from service.cli.output import run
    from service.cli.parser import parser

    args = parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
    module, _, function = args.run.partition(".")
    # a command's module is imported when it runs: `--help` and typing errors answer at once
    return run(lambda: getattr(import_module(f"service.cli.{module}"), function)(args))


def _joined(argv: list[str]) -> list[str]:
    """`--gaze -10,5` as `--gaze=-10,5`: argparse would take the value for an option."""
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1] in ("--gaze", "--pose"):
            joined[-1] = f"{joined[-1]}={word}"
        else:
            joined.append(word)
    return joined


if __name__ == "__main__":
    sys.exit(main())
