"""Shared parts: one drawn sitter, one short film of it, and deployments around them."""

import os

# One thread per library: the suite itself runs on every processor.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.state import Controls
from perception.audio import Speech, decode_speech, encode_wav
from perception.face import FaceFinder
from service.app import App
from service.demo.cast import png
from service.demo.characters import draw
from service.settings import Settings
from tests.fakes import FilmWorkers

SECONDS = 3.2
SIZE = 384
CONTROLS = Controls(size=SIZE)
SPEECH_FILE = Path(__file__).resolve().parents[1] / "service" / "demo" / "speech" / "welcome.flac"


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    """The face finder; loads its models once."""
    return FaceFinder()


@pytest.fixture(scope="session")
def speech() -> Speech:
    """The first seconds of the demo's recording."""
    whole = decode_speech(SPEECH_FILE.read_bytes())
    return Speech(whole.samples[: int(SECONDS * whole.rate)], whole.rate)


@pytest.fixture(scope="session")
def speech_wav(speech: Speech) -> bytes:
    """The same as a client would upload it."""
    return encode_wav(speech)


@pytest.fixture(scope="session")
def pictures() -> tuple[bytes, ...]:
    """Three drawings of one character."""
    variants = (draw("mira", 512), draw("mira", 512, expression="smile"), draw("mira", 512, turn=6.0))
    return tuple(png(each) for each in variants)


@pytest.fixture(scope="session")
def portrait(pictures: tuple[bytes, ...]) -> bytes:
    """The one to animate."""
    return pictures[0]


@pytest.fixture(scope="session")
def stranger() -> bytes:
    """Another character."""
    return png(draw("osei", 512))


@pytest.fixture(scope="session")
def film(finder: FaceFinder, speech: Speech) -> list[NDArray[np.uint8]]:
    """The character speaking, rendered once by the real engine, not marked."""
    from engine.animate import animate

    return list(animate(draw("mira", 512), speech, CONTROLS, finder))


@pytest.fixture
def app(tmp_path: Path, film: list[NDArray[np.uint8]], speech: Speech) -> Iterator[App]:
    """A deployment with every real part but the renderer, which plays the film."""
    from service.local_callers import ensure
    from service.wiring import build

    settings = Settings(data=tmp_path / "data", listen="127.0.0.1:0")
    ensure(settings)
    built = build(settings)
    changed = replace(built, workers=FilmWorkers(film, speech))
    yield changed
    changed.close()
