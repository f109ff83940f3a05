"""`python -m bench pipeline [--seconds S] [--runs N]`: one clip through all gates, beside bare encoding.

The yardstick is what this machine needs to encode frames of the same size and number with the same encoder
and no gate at all: `ratio` is how many times as long the whole pipeline takes.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.state import Controls
from perception.audio import decode_speech
from perception.video import write_video
from service.demo.cast import drawn
from service.demo.characters import draw
from service.demo.scenario import AUDITOR, CLIENT, OPERATOR, REVIEWER, Story, enrol_and_consent, spec_for
from service.deployment import Deployment
from service.translate import GATE_NAME

SPEECH = Path(__file__).resolve().parents[1] / "service" / "demo" / "speech" / "welcome.flac"


def run(argv: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench pipeline")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--size", type=int, default=512)
    args = parser.parse_args(argv)
    controls, sitter, speech = Controls(size=args.size), drawn("character"), SPEECH.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        with (
            Deployment.scratch(out / "deployment", (OPERATOR, REVIEWER, CLIENT, AUDITOR)) as deployment,
            deployment.client(OPERATOR) as operator,
            deployment.client(REVIEWER) as reviewer,
            deployment.client(CLIENT) as client,
        ):
            consent = enrol_and_consent(Story(out), operator, reviewer, sitter, controls)
            runs = [_timed(client, sitter, speech, spec_for(consent, controls)) for _ in range(args.runs)]
        bare = _bare_encoding(out, speech, args.size, runs[0]["frames"])
    whole = statistics.median(each["seconds"] for each in runs[1:] or runs)
    return {
        "ours": {"runs": runs, "median_seconds": whole, "frames_per_second": runs[0]["frames"] / whole},
        "peers": {"encoding alone, same encoder and frames": {"seconds": bare}},
        "ratio": whole / bare,
    }


def _timed(client: Any, sitter: Any, speech: bytes, spec: Any) -> dict[str, Any]:
    start = time.perf_counter()
    made = client.generate(spec, sitter.portrait, speech)
    return {
        "seconds": time.perf_counter() - start,
        "frames": made.release.frames,
        "gates": {str(GATE_NAME[t.gate]): t.seconds for t in made.release.timings},
    }


def _bare_encoding(out: Path, speech: bytes, size: int, count: int) -> float:
    still = draw("mira", size + 64)
    frames = [np.ascontiguousarray(still[i % 64 : i % 64 + size, :size]) for i in range(64)]
    start = time.perf_counter()
    write_video(
        out / "bare.mp4", (frames[i % 64] for i in range(count)), fps=25, speech=decode_speech(speech)
    )
    return time.perf_counter() - start
