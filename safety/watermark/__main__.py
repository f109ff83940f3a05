"""`python -m safety.watermark embed IN OUT --payload HEX [--key FILE]` and `extract IN [--key FILE]`.

IN is a video, whose pictures and sound are marked and read, or a recording. One JSON line on stdout: payload,
bits, confidence, false_positive (a bound), source (picture or sound: which of them said so; null for none),
seconds (that the work took), key_id, segments, frames, geometry, and sound: what the sound's mark says by
itself (payload, confidence, false_positive, key_id, segments, speed), null without sound. On an error one
JSON line {"error", "message"} on stderr, status 2, and no OUT.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn, Self

import numpy as np
import torch
from numpy.typing import NDArray

from perception.audio import Speech, encode_wav, read_recording
from perception.encoding import VideoWriter
from perception.errors import MediaTrackMissing, SitterError
from perception.video import VideoReader, open_pictures
from safety.errors import InspectionRefused, Misconfigured
from safety.watermark import Reading, Segment, Watermark, open_watermark
from safety.watermark.keyfile import default_key_file, load_keys, make_key_file
from safety.watermark.payload import PAYLOAD_BYTES
from safety.watermark.sound import READABLE, SoundReading, SoundWatermark, Stretch, open_sound_watermark

CONTAINERS = (".mp4", ".mov", ".mkv")
RECORDING = ".wav"
CRF = 18
FPS = 25.0  # where the file does not say

Said = tuple[Reading | None, SoundReading | None]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, or 2 after an error."""
    try:
        options = _parser().parse_args(argv)
        torch.set_num_threads(1)  # frames are small: more threads only wait for each other
        started = time.perf_counter()
        marks = Marks.open(_keys(options.key))
        if options.command == "embed":
            read = marks.embed(options.input, options.output, _payload(options.payload))
        else:
            read = marks.extract(options.input, thorough=not options.quick)
    except SitterError as error:
        return _fail(error.reason, str(error))
    except OSError as error:
        return _fail("FILE_ERROR", f"a file cannot be read or written: {error.strerror or error}")
    print(json.dumps(_report(*read, time.perf_counter() - started)))
    return 0


@dataclass(frozen=True)
class Marks:
    """Both watermarks, and files in and out of them. Each method gives what (pictures, sound) say."""

    pictures: Watermark
    sound: SoundWatermark

    @classmethod
    def open(cls, keys: list[bytes]) -> Self:
        """Raises Misconfigured."""
        return cls(open_watermark(keys), open_sound_watermark(keys))

    def extract(self, source: Path, *, thorough: bool) -> Said:
        """Read a video, or a recording. Raises MediaError."""
        video = open_pictures(source)
        if video is None:
            return None, self._heard(read_recording(source), thorough=thorough)
        with video:
            speech = video.speech()
            sound = None if speech is None else self._heard(speech, thorough=thorough)
            return self.pictures.extract(video.frames(), thorough=thorough), sound

    def embed(self, source: Path, target: Path, payload: bytes) -> Said:
        """Mark a video as H.264 (CRF 18) with its sound, or a recording as WAV; read the finished file.

        Raises:
            Misconfigured: `target` has an ending that is not one of .mp4, .mov, .mkv, or .wav for sound.
            InspectionRefused: a mark cannot be read back: the picture is too dark or too small; or the
                sound's is lost although its capacity is READABLE, or nothing but the sound could carry it.
        """
        if target.suffix not in (*CONTAINERS, RECORDING):
            raise Misconfigured(f"the output must end in one of {', '.join((*CONTAINERS, RECORDING))}")
        with ExitStack() as opened:
            folder = tempfile.TemporaryDirectory(prefix=".watermark-", dir=target.parent)
            part = Path(opened.enter_context(folder)) / f"marked{target.suffix}"
            video = open_pictures(source)
            if video is not None:
                opened.enter_context(video)
            if (video is None) != (target.suffix == RECORDING):
                raise Misconfigured(f"a recording is written as {RECORDING}, a video as {CONTAINERS[0]}")
            speech = read_recording(source) if video is None else video.speech()
            if video is not None:
                self._write(video, speech, part, payload)
            elif speech is not None:
                part.write_bytes(encode_wav(self._marked(speech, payload)))
            said = self.extract(part, thorough=False)
            self._confirm(said, speech, payload)
            part.replace(target)
        return said

    def _confirm(self, said: Said, speech: Speech | None, payload: bytes) -> None:
        reading, sound = said
        if reading is not None and reading.payload != payload:
            raise InspectionRefused(
                "the mark cannot be read back: the picture is too dark or too small for it"
            )
        read = None if sound is None else sound.payload
        if speech is None or read == payload:
            return
        carries = self.sound.capacity(speech.samples, speech.rate) >= READABLE
        if reading is None or carries or read is not None:
            raise InspectionRefused(
                "the sound's mark cannot be read back: the sound is too short or too quiet for it"
            )

    def _write(self, video: VideoReader, speech: Speech | None, path: Path, payload: bytes) -> None:
        fps = Fraction(video.info.fps or FPS).limit_denominator(1001)
        embedder = self.pictures.embedder(
            payload, width=video.info.width, height=video.info.height, fps=float(fps)
        )
        marked = None if speech is None else self._marked(speech, payload)
        options = {"crf": str(CRF), "preset": "veryfast"}
        with VideoWriter(path, fps=fps, speech=marked, codec="libx264", options=options) as writer:
            for frame in _steady(video.frames(), float(fps)):
                writer.add(embedder.embed(frame))
            writer.finish()

    def _marked(self, speech: Speech, payload: bytes) -> Speech:
        return Speech(self.sound.embed(speech.samples, speech.rate, payload), speech.rate)

    def _heard(self, speech: Speech, *, thorough: bool) -> SoundReading:
        return self.sound.extract(speech.samples, speech.rate, thorough=thorough)


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


def _report(reading: Reading | None, sound: SoundReading | None, seconds: float) -> dict[str, Any]:
    """The pictures' reading, or where they say nothing the sound's; and the sound's by itself."""
    by_sound = sound is not None and (
        reading is None or (reading.payload is None and sound.payload is not None)
    )
    said: Reading | SoundReading | None = sound if by_sound else reading
    if said is None:
        raise MediaTrackMissing("the file holds neither pictures nor sound")
    return {
        **_plain(said),
        "bits": said.bits,
        "source": None if said.payload is None else "sound" if by_sound else "picture",
        "seconds": round(seconds, 3),
        "frames": 0 if reading is None else reading.frames,
        "geometry": {} if reading is None else reading.geometry,
        "sound": None if sound is None else {**_plain(sound), "speed": sound.speed},
    }


def _plain(said: Reading | SoundReading) -> dict[str, Any]:
    parts: Sequence[Segment | Stretch] = said.stretches if isinstance(said, SoundReading) else said.segments
    return {
        "payload": None if said.payload is None else said.payload.hex(),
        "confidence": round(said.confidence, 4),
        "false_positive": said.false_positive,
        "key_id": said.key_id,
        "segments": [
            {"start": round(part.start, 3), "end": round(part.end, 3), "payload": part.payload}
            for part in parts
        ],
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
    marking = commands.add_parser("embed", help="mark a video or a recording")
    marking.add_argument("input", type=Path, metavar="IN")
    marking.add_argument(
        "output", type=Path, metavar="OUT", help="H.264 in .mp4, .mov or .mkv; .wav for sound"
    )
    marking.add_argument("--payload", required=True, metavar="HEX", help="record id, 24 hex digits")
    reading = commands.add_parser("extract", help="read a video or a recording")
    reading.add_argument("input", type=Path, metavar="IN")
    reading.add_argument("--quick", action="store_true", help="no search for crops, enlargements, rotations")
    for command in (marking, reading):
        command.add_argument(
            "--key", type=Path, metavar="FILE", help="lines of 64 hex digits; default see README"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
