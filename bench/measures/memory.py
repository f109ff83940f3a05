"""`python -m bench.measures.memory SECONDS`: peak memory and pixels of one clip, in a process of its own.

Frames are consumed and dropped, as the service does. After the clip, its first frames are rendered again:
same pose, same pixels, whatever came between.
"""

import argparse
import hashlib
import itertools
import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

from bench.measures.speakers import RATE, recordings
from engine.animate import animate
from engine.state import Controls
from perception.audio import Speech
from perception.face import FaceFinder
from service.demo.characters import draw

SIZE, FPS, PICTURE = 256, 24, 512
AGAIN = 24  # frames rendered a second time


def measure(seconds: float) -> dict[str, Any]:
    """The figures of one clip, from a fresh process.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.measures.memory", f"{seconds:g}"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _clip(seconds: float) -> dict[str, Any]:
    import torch

    torch.set_num_threads(1)
    started = time.process_time()
    once = recordings("welcome", "promise", "goodbye").speech.at(RATE)
    samples = np.resize(once, round(seconds * RATE))
    controls = Controls(size=SIZE, fps=FPS)
    animation = animate(draw("mira", PICTURE), Speech(samples, RATE), controls, FaceFinder())
    before = [_digest(frame) for frame in itertools.islice(animation, AGAIN)]
    planned = _peak()
    count = sum(1 for _ in animation)
    after = [_digest(frame) for frame in itertools.islice(animation, AGAIN)]
    return {
        "seconds": seconds,
        "frames": count,
        "peak_mib": round(_peak(), 1),
        "peak_mib_before_the_clip": round(planned, 1),
        "cpu_seconds": round(time.process_time() - started, 1),
        "first_frames": before,
        "same_after_the_clip": before == after,
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _digest(frame: Any) -> str:
    return hashlib.sha256(frame.tobytes()).hexdigest()[:16]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=float)
    json.dump(_clip(parser.parse_args().seconds), sys.stdout)
