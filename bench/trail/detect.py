"""Detect of a ten-second clip: whole, and what each reader of the decoded clip costs alone."""

import io
import statistics
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.pipeline import SPEECH
from engine.state import Controls
from perception.audio import Speech, decode_speech
from perception.video import open_video
from safety import detector
from safety.fingerprint import fingerprint
from safety.lookup import read_words
from service.app import App
from service.demo.cast import drawn
from service.demo.scenario import (
    AUDITOR,
    CLIENT,
    OPERATOR,
    REVIEWER,
    Story,
    enrol_and_consent,
    spec_for,
)
from service.deployment import Deployment
from service.detect import detect

SECONDS = 10.0
RUNS = 3


def measure() -> dict[str, Any]:
    """Release a clip of `SECONDS` and detect it: as released, and transcoded without its credentials."""
    controls, sitter = Controls(), drawn("character")
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        with (
            Deployment.scratch(out / "deployment", (OPERATOR, REVIEWER, CLIENT, AUDITOR)) as deployment,
            deployment.client(OPERATOR) as operator,
            deployment.client(REVIEWER) as reviewer,
            deployment.client(CLIENT) as client,
        ):
            consent = enrol_and_consent(Story(out), operator, reviewer, sitter, controls)
            made = client.generate(spec_for(consent, controls), sitter.portrait, _speech())
            clip = out / "clip.mp4"
            clip.write_bytes(made.clip)
            whole = [_timed(lambda: detect(deployment.app, clip)) for _ in range(RUNS)]
            return {
                "seconds_of_clip": made.release.seconds,
                "whole": {key: statistics.median(each[key] for each in whole) for key in whole[0]},
                "readers_alone": _alone(deployment.app, clip),
            }


def _speech() -> bytes:
    """Ten seconds of the demo's speech, repeated if need be, as a WAV."""
    heard = decode_speech(SPEECH.read_bytes())
    samples = np.resize(heard.samples, round(SECONDS * heard.rate))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, heard.rate, 0, "NONE", ""))
        sound.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _alone(app: App, clip: Path) -> dict[str, dict[str, float]]:
    """Each step by itself, frames in memory: they run beside each other in Detect."""
    with open_video(clip) as video:
        speech, info = video.speech(), video.info
        frames = list(video.frames())
    if speech is None:
        raise RuntimeError("the clip has lost its sound")
    steps: dict[str, Callable[[], Any]] = {
        "credentials": lambda: app.credentials.read(clip),
        "decoding": lambda: _drained(open_video(clip)),
        "watermark": lambda: app.watermark.extract(iter(frames)),
        "sound mark": lambda: app.sound_watermark.extract(speech.samples, speech.rate),
        "detector": lambda: _inspected(app, frames, speech, info.fps, info.seconds),
        "fingerprint": lambda: fingerprint(iter(frames), speech),
        "lookup words": lambda: read_words(iter(frames), speech),
    }
    return {name: _timed(step) for name, step in steps.items()}


def _inspected(app: App, frames: list[Any], speech: Speech, fps: float, seconds: float) -> Any:
    return detector.inspect(iter(frames), speech, fps, finder=app.finder, seconds=seconds)


def _drained(video: Any) -> None:
    with video:
        frames: Iterator[Any] = video.frames()
        for _ in frames:
            pass


def _timed(work: Callable[[], Any]) -> dict[str, float]:
    """Seconds by the clock and of this process's CPU time; children that decode are not in the latter."""
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "seconds": round(time.perf_counter() - start, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
    }
