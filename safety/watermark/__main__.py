"""`python -m safety.watermark embed IN OUT --payload HEX [--key FILE]` and `extract IN [--key FILE]`.

One JSON line on stdout: payload, bits, confidence, false_positive (a bound), seconds (that the work took),
key_id, segments, frames, geometry. On an error one JSON line {"error", "message"} on stderr, status 2, and
no OUT.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray

from perception.encoding import VideoWriter
from perception.errors import SitterError
from perception.video import VideoReader, open_video
from safety.errors import InspectionRefused, Misconfigured
from safety.watermark import Reading, Watermark, open_watermark
from safety.watermark.keyfile import default_key_file, load_keys, make_key_file
from safety.watermark.payload import PAYLOAD_BYTES

CONTAINERS = (".mp4", ".mov", ".mkv")
CRF = 18
FPS = 25.0  # where the file does not say


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, or 2 after an error."""
    try:
        options = _parser().parse_args(argv)
        torch.set_num_threads(1)  # frames are small: more threads only wait for each other
        started = time.perf_counter()
        watermark = open_watermark(_keys(options.key))
        if options.command == "embed":
            reading = embed(options.input, options.output, _payload(options.payload), watermark)
        else:
            with open_video(options.input) as video:
                reading = watermark.extract(video.frames(), thorough=not options.quick)
    except SitterError as error:
        return _fail(error.reason, str(error))
    except OSError as error:
        return _fail("FILE_ERROR", f"a file cannot be read or written: {error.strerror or error}")
    print(json.dumps(_report(reading, time.perf_counter() - started)))
    return 0


def embed(source: Path, target: Path, payload: bytes, watermark: Watermark) -> Reading:
    """Mark a video file as H.264 (CRF 18) with its sound; the reading is of the finished file.

    Raises:
        Misconfigured: `target` has an ending that is not .mp4, .mov or .mkv.
        InspectionRefused: the mark cannot be read back (the picture is too dark or too small).
    """
    if target.suffix not in CONTAINERS:
        raise Misconfigured(f"the output must end in one of {', '.join(CONTAINERS)}")
    with tempfile.TemporaryDirectory(prefix=".watermark-", dir=target.parent) as folder:
        part = Path(folder) / f"marked{target.suffix}"
        with open_video(source) as video:
            _write(video, part, payload, watermark)
        with open_video(part) as marked:
            reading = watermark.extract(marked.frames(), thorough=False)
        if reading.payload != payload:
            raise InspectionRefused(
                "the mark cannot be read back: the picture is too dark or too small for it"
            )
        part.replace(target)
    return reading


def _write(video: VideoReader, path: Path, payload: bytes, watermark: Watermark) -> None:
    fps = Fraction(video.info.fps or FPS).limit_denominator(1001)
    embedder = watermark.embedder(payload, width=video.info.width, height=video.info.height, fps=float(fps))
    options = {"crf": str(CRF), "preset": "veryfast"}
    with VideoWriter(path, fps=fps, speech=video.speech(), codec="libx264", options=options) as writer:
        for frame in _steady(video.frames(), float(fps)):
            writer.add(embedder.embed(frame))
        writer.finish()


def _steady(frames: Iterable[tuple[float, NDArray[np.uint8]]], fps: float) -> Iterator[NDArray[np.uint8]]:
    """Frames at a constant rate: each is repeated until the next one's time, and dropped if it has none."""
    shown, count = None, 0
    for seconds, frame in frames:
        while shown is not None and (count + 0.5) / fps <= seconds:
            yield shown
            count += 1
        shown = frame
    if shown is not None:
        yield shown


def _keys(path: Path | None) -> list[bytes]:
    if path is None:
        path = default_key_file()
        if make_key_file(path):
            print(
                f"note: made a new watermark key in {path}: keep it, marks are read with it", file=sys.stderr
            )
    return load_keys(path)


def _payload(text: str) -> bytes:
    try:
        payload = bytes.fromhex(text)
    except ValueError:
        payload = b""
    if len(payload) != PAYLOAD_BYTES:
        raise Misconfigured(f"--payload takes {2 * PAYLOAD_BYTES} hex digits")
    return payload


def _report(reading: Reading, seconds: float) -> dict[str, Any]:
    return {
        "payload": None if reading.payload is None else reading.payload.hex(),
        "bits": reading.bits,
        "confidence": round(reading.confidence, 4),
        "false_positive": reading.false_positive,
        "seconds": round(seconds, 3),
        "key_id": reading.key_id,
        "segments": [
            {"start": round(s.start, 3), "end": round(s.end, 3), "payload": s.payload}
            for s in reading.segments
        ],
        "frames": reading.frames,
        "geometry": reading.geometry,
    }


def _fail(reason: str, message: str) -> int:
    print(json.dumps({"error": reason, "message": message}), file=sys.stderr)
    return 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the command line as every other error."""

    def error(self, message: str) -> NoReturn:
        raise Misconfigured(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m safety.watermark", description="Embed and extract the watermark.")
    commands = parser.add_subparsers(dest="command", required=True)
    marking = commands.add_parser("embed", help="mark a video")
    marking.add_argument("input", type=Path, metavar="IN")
    marking.add_argument("output", type=Path, metavar="OUT", help="H.264 in .mp4, .mov or .mkv")
    marking.add_argument("--payload", required=True, metavar="HEX", help="record id, 24 hex digits")
    reading = commands.add_parser("extract", help="read a video")
    reading.add_argument("input", type=Path, metavar="IN")
    reading.add_argument("--quick", action="store_true", help="no search for crops, enlargements, rotations")
    for command in (marking, reading):
        command.add_argument(
            "--key", type=Path, metavar="FILE", help="lines of 64 hex digits; default see README"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
