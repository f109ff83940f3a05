"""The embedded recogniser: writes clean English, the same each time, in a process of its own."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perception.audio import Speech, read_recording
from safety import recogniser
from safety.errors import Misconfigured, RecogniserUnavailable
from safety.recogniser import PocketSphinx, open_recogniser
from safety.script import mentions, normalised

MATERIAL = Path(__file__).parents[1] / "material"
SPEECH = Path(__file__).parents[2] / "service/demo/speech"


@pytest.mark.parametrize(
    ("file", "phrases"),
    [
        (SPEECH / "goodbye.flac", ("bring a picture", "thank you")),
        (SPEECH / "welcome.flac", ("my picture", "permission comes first")),
        (MATERIAL / "en_rms.flac", ("a purple",)),
    ],
)
def test_clean_english_is_written_down(file: Path, phrases: tuple[str, ...]) -> None:
    """Phrases that a synthetic voice says are found in what was heard; what it does not say is not."""
    heard = normalised(PocketSphinx().transcribe(read_recording(file)))
    assert all(mentions(heard, phrase) for phrase in phrases), heard
    assert not mentions(heard, "password")


def test_what_was_heard_before_changes_nothing() -> None:
    """The same recording gives the same words, whatever was heard in between."""
    hears = PocketSphinx()
    one, other = read_recording(MATERIAL / "en_awb.flac"), read_recording(MATERIAL / "en_rms.flac")
    first = hears.transcribe(one)
    assert hears.transcribe(other) != first
    assert hears.transcribe(one) == first != ""


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_nothing_said_is_nothing_heard_on_any_list(noise: float) -> None:
    """Silence and noise hold no denied words."""
    from safety.script import DenyList

    samples = np.random.default_rng(1).normal(0, noise, 32_000).astype(np.float32)
    heard = normalised(PocketSphinx().transcribe(Speech(samples, 16_000)))
    assert DenyList().findings(heard) == frozenset()


def test_a_recogniser_that_fails_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends badly, or takes too long, is unavailability with its own reason."""
    speech = read_recording(MATERIAL / "en_awb.flac")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(RecogniserUnavailable):
        PocketSphinx().transcribe(speech)

    def slow(*args: Any, timeout: float, **more: Any) -> None:
        raise subprocess.TimeoutExpired("task", timeout)

    monkeypatch.setattr(subprocess, "run", slow)
    with pytest.raises(RecogniserUnavailable):
        PocketSphinx().transcribe(speech)


def test_one_from_an_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheme that a package offers is opened with the whole setting; an unknown one says what to do."""
    point = EntryPoint("parrot", "builtins:str", recogniser.GROUP)
    offered = lambda group, name: [point] if name == "parrot" else []  # noqa: E731
    monkeypatch.setattr(recogniser, "entry_points", offered)
    assert str(open_recogniser("parrot:large")) == "parrot:large"
    with pytest.raises(Misconfigured) as refused:
        open_recogniser("owl:large")
    assert refused.value.metadata["setting"] == "recogniser"
