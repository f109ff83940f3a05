"""Live speech: how soon the first frame is there, and how many frames a second can be kept up."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.measures.speakers import RATE, Spoken
from engine.state import Controls
from engine.stream import LOOKAHEAD, Stream, open_stream
from perception.face import FaceFinder

PIECE = 0.02  # seconds of sound in a piece, as voice over a network has it
FPS = 25


def measure(
    pixels: NDArray[np.uint8], spoken: Spoken, finder: FaceFinder, size: int, threads: int
) -> dict[str, Any]:
    """One stream over the sound, fed piece by piece as fast as its frames are made.

    First frame: from the moment that it shows to the moment that it is there, that is the pieces of sound
    that must have come in first, at the pace of speech, and the processing of the last of them. Sustained:
    frames over the time that hearing, planning and rendering took. The worst wait is that for the frames of
    one piece.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        began = time.perf_counter()
        live = open_stream(pixels, Controls(size=size, fps=FPS), finder)
        ready = time.perf_counter() - began
        cpu = time.process_time()
        counts, spent = _run(live, spoken.speech.at(RATE))
        cpu = time.process_time() - cpu
    finally:
        torch.set_num_threads(before)
    first = int(np.argmax(np.array(counts) > 0))
    return {
        "threads": threads,
        "setup_seconds": round(ready, 2),
        "lookahead_ms": round(1000 * LOOKAHEAD, 1),
        "first_frame_ms": round(1000 * ((first + 1) * PIECE + spent[first]), 1),
        "frames": sum(counts),
        "frames_per_second": round(sum(counts) / sum(spent), 1),
        "cpu_milliseconds_per_frame": round(1000 * cpu / max(sum(counts), 1), 2),
        "worst_wait_ms": round(1000 * max(spent), 1),
    }


def _run(live: Stream, samples: NDArray[np.float32]) -> tuple[list[int], list[float]]:
    """Frames that each piece of sound made, and the seconds that took."""
    counts, spent = [], []
    for piece in _pieces(samples):
        began = time.perf_counter()
        live.feed(piece)
        counts.append(sum(1 for _ in live.frames()))
        spent.append(time.perf_counter() - began)
    return counts, spent


def _pieces(samples: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
    step = round(PIECE * RATE)
    return [samples[at : at + step] for at in range(0, len(samples), step)]
