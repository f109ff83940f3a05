"""`python -m safety.detector VIDEO`: one JSON line: score, verdict, findings, faces, timeline."""

import argparse
import json
import sys
from pathlib import Path

from perception.errors import SitterError
from safety.detector.report import Progress


def main(arguments: list[str]) -> int:
    """Print the report; 0, or 2 with one JSON line `{"error": reason}` and the message on standard error."""
    parser = argparse.ArgumentParser(prog="python -m safety.detector", description=__doc__)
    parser.add_argument("video", type=Path, help="MP4, QuickTime, WebM, Matroska, AVI or GIF")
    parser.add_argument(
        "--progress", action="store_true", help="tell every few seconds what is known, on standard error"
    )
    options = parser.parse_args(arguments)
    from perception.face import FaceFinder
    from perception.video import open_video
    from safety.detector.inspection import inspect

    try:
        with open_video(options.video) as video:
            report = inspect(
                video.frames(),
                video.speech(),
                video.info.fps,
                finder=FaceFinder(),
                seconds=video.info.seconds,
                progress=_tell if options.progress else None,
            )
    except SitterError as error:
        print(json.dumps({"error": error.reason, **error.metadata}))
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(report.as_dict()))
    return 0


def _tell(now: Progress) -> None:
    known = {"score": round(now.report.score, 4), "verdict": now.report.verdict, "faces": now.report.faces}
    line = {"seconds_done": round(now.seconds_done, 2), "seconds_total": now.seconds_total, **known}
    print(json.dumps(line), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
