"""`python -m safety.detector VIDEO`: one JSON line: score, verdict, findings, timeline."""

import argparse
import json
import sys
from pathlib import Path

from perception.errors import SitterError


def main(arguments: list[str]) -> int:
    """Print the report; 0, or 2 with one JSON line `{"error": reason}` and the message on standard error."""
    parser = argparse.ArgumentParser(prog="python -m safety.detector", description=__doc__)
    parser.add_argument("video", type=Path, help="MP4, QuickTime, WebM, Matroska, AVI or GIF")
    options = parser.parse_args(arguments)
    from perception.face import FaceFinder
    from perception.video import open_video
    from safety.detector.inspection import inspect

    try:
        with open_video(options.video) as video:
            report = inspect(video.frames(), video.speech(), video.info.fps, finder=FaceFinder())
    except SitterError as error:
        print(json.dumps({"error": error.reason, **error.metadata}))
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(report.as_dict()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
