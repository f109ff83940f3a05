"""The watermarkers that are compared: ours in this process, each peer in one of its own."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bench.marks.video import FPS, Video
from safety.watermark import Reading, open_watermark

RECORD = bytes.fromhex("00112233445566778899aabb")
KEY, OTHER_KEY = bytes(range(32)), bytes(range(100, 132))
WORKER = Path(__file__).with_name("peer.py")


@dataclass(frozen=True)
class Outcome:
    """What a watermarker read.

    Attributes:
        exact: the payload, and nothing but it.
        bits: share of the payload's bits that are right; of ours 0 or 1, it does not guess.
        cpu: seconds of processor time.
        frames: how many frames were looked at.
    """

    exact: bool
    bits: float
    cpu: float
    frames: int


class Marker(Protocol):
    """Marks a clip and says what it reads in another."""

    def mark(self, video: Video) -> tuple[Video, float]:
        """The marked clip, and seconds of processor time for each frame."""
        ...

    def read(self, video: Video, fps: float) -> Outcome: ...


class PeerFailed(Exception):
    """A peer could not do what it was asked for."""


class Ours:
    """safety.watermark: 96 bits, one thread."""

    def mark(self, video: Video, payload: bytes = RECORD, key: bytes = KEY) -> tuple[Video, float]:
        height, width = video.shape[1:3]
        started = time.process_time()
        embedder = open_watermark([key]).embedder(payload, width=width, height=height, fps=FPS)
        marked = np.stack([embedder.embed(frame) for frame in video])
        return marked, (time.process_time() - started) / len(video)

    def read(self, video: Video, fps: float, payload: bytes = RECORD, key: bytes = KEY) -> Outcome:
        started = time.process_time()
        reading = self.reading(video, fps, [key])
        found = reading.payload == payload
        return Outcome(found, float(found), time.process_time() - started, len(video))

    def reading(self, video: Video, fps: float, keys: Sequence[bytes], *, thorough: bool = True) -> Reading:
        frames = ((i / fps, frame) for i, frame in enumerate(video))
        return open_watermark(keys).extract(frames, thorough=thorough)


@dataclass
class Peer:
    """A watermarker of somebody else, run by `peer.py` in the interpreter that has it."""

    method: str
    bits: int
    read_frames: int
    ask: Callable[[dict[str, Any]], dict[str, Any]]
    folder: Path

    def mark(self, video: Video) -> tuple[Video, float]:
        np.save(self.folder / "in.npy", video)
        done = self.ask({"do": "mark", "payload": self.payload.hex()})
        return np.load(self.folder / "out.npy"), done["cpu"] / len(video)

    def read(self, video: Video, fps: float) -> Outcome:
        shown = video[np.unique(np.linspace(0, len(video) - 1, self.read_frames).astype(int))]
        np.save(self.folder / "in.npy", shown)
        try:
            done = self.ask({"do": "read"})
        except PeerFailed:  # it refuses small pictures, for one
            return Outcome(False, 0.0, 0.0, len(shown))
        right = np.unpackbits(np.frombuffer(self.payload, np.uint8)) == np.array(done["bits"])
        return Outcome(bool(right.all()), float(right.mean()), done["cpu"], len(shown))

    @property
    def payload(self) -> bytes:
        return RECORD[-self.bits // 8 :]


@dataclass(frozen=True)
class PeerRow:
    """How a peer is measured.

    Attributes:
        read_frames: how many of a clip's frames, evenly spread, are read and voted on bit by bit.
        seconds: how much of each clip is marked, because more would take too long.
        clips: of how many clips.
    """

    distribution: str
    method: str
    bits: int
    read_frames: int
    seconds: float
    clips: int | None = None


PEERS = {
    "invisible-watermark dwtDct": PeerRow("invisible-watermark", "dwtDct", 64, 50, 4.0),
    "invisible-watermark dwtDctSvd": PeerRow("invisible-watermark", "dwtDctSvd", 64, 25, 4.0),
    "invisible-watermark rivaGan": PeerRow("invisible-watermark", "rivaGan", 32, 4, 2.0, clips=1),
    "blind-watermark": PeerRow("blind-watermark", "blind", 64, 5, 2.0),
}


@contextmanager
def peer(row: PeerRow, python: str = sys.executable) -> Iterator[Peer]:
    """The peer, running.

    Raises:
        ModuleNotFoundError: `python` does not have it.
        PeerFailed: it does not start.
    """
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [python, str(WORKER), row.method, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | threads,
        )

        def ask(job: dict[str, Any]) -> dict[str, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline() or '{"error": "it ended"}')
            if "missing" in answer:
                raise ModuleNotFoundError(answer["missing"])
            if "error" in answer:
                raise PeerFailed(answer["error"])
            return dict(answer)

        try:
            ask({"do": "start"})
            yield Peer(row.method, row.bits, row.read_frames, ask, Path(folder))
        finally:
            process.kill()
            process.communicate()
