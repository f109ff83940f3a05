"""`python -m bench engine [--quick] [--portraits FOLDER] [--real FILE] [--without-service]`

Every target of the engine, and where it stands. What moves is measured on rendered frames, through the face
mesh and the iris network, never on the motion that went in. Speed stands beside two yardsticks of the same
machine in the same run: one bicubic resampling of a frame, and one H.264 encoding of it. `docs/engine.md`
says what each figure means and what it cannot see.
"""

import argparse
import contextlib
import itertools
import multiprocessing
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch

from bench import pipeline
from bench.measures import agreement, clips, controls, memory, real, rows, speakers, speed, stage, stream
from bench.measures.clips import Measured
from bench.measures.speakers import Spoken
from engine.animate import animate
from engine.state import Controls
from perception.errors import SitterError
from perception.face import FaceFinder
from service.demo.characters import draw

SIZE = 512
THREADS = 1  # as the workers have it: a frame is too small a job for two threads to share
COMMANDS = 1.6  # seconds of speech for each control: two blinks at most, and time to look
VOICES = ("rms", "awb", "kal16")
QUICK_GAZES = ((-15, 0), (15, 8), (0, -12))


def run(argv: list[str]) -> dict[str, Any]:
    """The table, and beneath it what it was made from."""
    parser = argparse.ArgumentParser(prog="python -m bench engine")
    parser.add_argument("--quick", action="store_true", help="one portrait, one speaker, a minute in all")
    parser.add_argument("--portraits", type=Path, help="a folder of more pictures to measure")
    parser.add_argument("--real", type=Path, help="tracked real speakers (.npz) to compare with")
    parser.add_argument("--without-service", action="store_true", help="leave out the whole Generate")
    options = parser.parse_args(argv)
    found: dict[str, Any] = {"quick": options.quick, "speed": _speed(options.quick), "stream": _live()}
    if not options.without_service:
        with contextlib.redirect_stdout(sys.stderr):  # it tells what it does
            found["generate"] = pipeline.run(["--runs", "1" if options.quick else "3", "--size", str(SIZE)])
    found |= _frames(options)
    if options.real is not None:
        found["real speakers"] = real.report(options.real)
    return {"targets": rows.table(found), **found}


def _live() -> list[dict[str, Any]]:
    """Live streams of a few seconds, after a short one that loads what is loaded once."""
    pixels, spoken, finder = draw("mira", stage.PICTURE), speakers.recordings("promise"), FaceFinder()
    stream.measure(pixels, spoken.first(0.5), finder, SIZE, THREADS)
    return [stream.measure(pixels, spoken.first(6.0), finder, SIZE, THREADS)]


def _speed(quick: bool) -> dict[str, Any]:
    """The engine alone, and the machine's yardsticks; nothing else runs meanwhile."""
    pixels, spoken = draw("mira", stage.PICTURE), speakers.recordings("welcome").first(4.0)
    finder, count = FaceFinder(), 30 if quick else 60
    sizes = [SIZE] if quick else [SIZE, 256, 1080]
    ours = [speed.engine(pixels, spoken, finder, size, THREADS, count) for size in sizes]
    animation = animate(pixels, spoken.speech, Controls(size=SIZE), finder)
    frames = list(itertools.islice(animation, 50))
    peers = {
        "resampling": speed.remap(SIZE, THREADS, 100),
        "encoding": speed.encoding(frames, 100),
    }
    best = ours[0]["frames_per_second"]
    return {
        "engine": ours,
        "peers": peers,
        "ratio": {name: round(best / peer["frames_per_second"], 3) for name, peer in peers.items()},
        "gpu": _gpu(pixels, spoken, finder),
    }


def _gpu(pixels: Any, spoken: Spoken, finder: FaceFinder) -> dict[str, Any]:
    if not torch.cuda.is_available():
        return {"status": "no GPU here"}
    done = speed.engine(pixels, spoken, finder, SIZE, THREADS, 100, "cuda")
    return {"device": torch.cuda.get_device_name(), **done}


def _frames(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that is measured on frames, and memory, on two processes."""
    pictures = dict(stage.portraits(options.portraits))
    said, missing = _said(options.quick)
    names = list(pictures)[:1] if options.quick else list(pictures)
    lengths = (10.0, 40.0) if options.quick else (10.0, 600.0)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        sizes = [pool.submit(memory.measure, seconds) for seconds in reversed(lengths)]
        talking = {
            name: pool.submit(_talk, name, pictures[name], said[i % len(said)])
            for i, name in enumerate(names)
        }
        steered = {name: pool.submit(_steer, name, pictures[name], options.quick) for name in names}
        measured, refused = _taken(talking)
        steered_by, refused_too = _taken(steered)
        pieces = [piece for each in measured.values() for piece in agreement.cut(each.pair, 200)]
        return {
            "clips": {each.name: each.figures for each in measured.values()},
            "agreement": agreement.report(pieces),
            "controls": steered_by,
            "memory": {"long": sizes[0].result(), "short": sizes[1].result()},
            "left out": missing,
            "refused": refused | refused_too,
        }


def _taken(futures: "dict[str, Future[Any]]") -> tuple[dict[str, Any], dict[str, str]]:
    """What each portrait gave, and of those that the engine refuses, why."""
    results, refused = {}, {}
    for name, future in futures.items():
        try:
            results[name] = future.result()
        except SitterError as error:
            refused[name] = str(error)
    return results, refused


def _said(quick: bool) -> tuple[list[Spoken], list[str]]:
    """A speaker for each portrait in turn; what is not installed is named."""
    sentences = 4 if quick else 8
    spoken = [speakers.flite_voice(voice, sentences, 4 * i) for i, voice in enumerate(VOICES)]
    found = [each for each in spoken if each is not None]
    if found:
        return found, []
    return [speakers.recordings("welcome", "promise", "goodbye")], [
        "flite is not installed: phone times unknown"
    ]


def _talk(name: str, pixels: Any, spoken: Spoken) -> Measured:
    return clips.measure(stage.Stage(name, pixels), spoken, SIZE)


def _steer(name: str, pixels: Any, quick: bool) -> dict[str, Any]:
    played, spoken = stage.Stage(name, pixels), speakers.recordings("welcome").first(COMMANDS + 0.5)
    gazes = QUICK_GAZES if quick else controls.GAZES
    return {
        "gaze": controls.gaze(played, spoken, gazes),
        "distance": controls.distance(played, spoken, (0.8, 1.25) if quick else controls.DISTANCES),
        "emotions": controls.expressions(played, spoken),
    }
