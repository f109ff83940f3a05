"""Frames per second of the engine alone, beside what this machine needs to move and to encode such frames."""

import itertools
import time
from collections.abc import Callable, Iterator
from importlib import util
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.measures.speakers import Spoken
from engine.animate import animate
from engine.state import Controls
from perception.encoding import write_video
from perception.face import FaceFinder

Pixels = NDArray[np.uint8]

WARM = 5  # frames before the clock starts


def engine(
    pixels: Pixels,
    spoken: Spoken,
    finder: FaceFinder,
    size: int,
    threads: int,
    count: int,
    device: str = "cpu",
) -> dict[str, Any]:
    """Set-up time and frames per second of one clip; frames are dropped."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        began = time.perf_counter()
        animation = animate(pixels, spoken.speech, Controls(size=size, fps=30), finder, device)
        ready = time.perf_counter()
        frames = iter(animation)
        rate, cpu = _rate(frames, min(count, animation.frames - WARM))
    finally:
        torch.set_num_threads(before)
    return {
        "size": size,
        "threads": threads,
        "frames_per_second": round(rate, 1),
        "cpu_milliseconds_per_frame": round(cpu, 2),
        "setup_seconds": round(ready - began, 2),
        "speech_seconds": round(spoken.speech.seconds, 2),
    }


def _rate(frames: Iterator[Pixels], count: int) -> tuple[float, float]:
    """Frames per second by the wall, milliseconds of processor time a frame."""
    for _ in itertools.islice(frames, WARM):
        pass
    wall, cpu = time.perf_counter(), time.process_time()
    done = sum(1 for _ in itertools.islice(frames, count))
    return done / (time.perf_counter() - wall), (time.process_time() - cpu) / max(done, 1) * 1000


def remap(size: int, threads: int, count: int) -> dict[str, Any]:
    """Plain bicubic resampling of one picture by a new smooth map each frame, and nothing else."""
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 255, (size, size, 3), np.uint8)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    waves = [(x + 3 * np.sin(y / 50 + k), y + 3 * np.cos(x / 50 + k)) for k in range(4)]
    if util.find_spec("cv2") is not None:
        name, draw = "cv2.remap, bicubic", _cv2_remap(picture, waves, threads)
    else:
        name, draw = "torch grid_sample, bicubic", _torch_remap(picture, waves, threads)
    for k in range(3):
        draw(k)
    began = time.perf_counter()
    for k in range(count):
        draw(k % 4)
    return {"name": name, "frames_per_second": round(count / (time.perf_counter() - began), 1)}


Waves = list[tuple[NDArray[np.float32], NDArray[np.float32]]]


def _cv2_remap(picture: Pixels, waves: Waves, threads: int) -> Callable[[int], Any]:
    import cv2

    cv2.setNumThreads(threads)
    return lambda k: cv2.remap(picture, *waves[k], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _torch_remap(picture: Pixels, waves: Waves, threads: int) -> Callable[[int], Any]:
    torch.set_num_threads(threads)
    size = len(picture)
    source = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    grids = [torch.from_numpy(np.stack(wave, -1) * (2 / size) - 1)[None] for wave in waves]

    def draw(k: int) -> Any:
        return torch.nn.functional.grid_sample(source, grids[k], mode="bicubic", align_corners=False)

    return draw


def encoding(frames: list[Pixels], count: int) -> dict[str, Any]:
    """H.264, preset veryfast, of moving frames, by the product's own writer."""
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        write_video(
            Path(folder) / "bare.mp4", (frames[k % len(frames)] for k in range(count)), fps=25, speech=None
        )
        spent = time.perf_counter() - began
    return {"name": "PyAV, libx264 veryfast", "frames_per_second": round(count / spent, 1)}
