"""What is said to the engine: the project's recordings, and flite's voices with their own phone times."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech, decode_speech, encode_wav

Samples = NDArray[np.float32]

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "service" / "demo" / "speech"
MATERIAL = ROOT / "tests" / "material"
RATE = 16_000
HOP = 0.01
PAUSES = (0.55, 0.8, 0.65, 1.1)  # seconds between sentences, in turn
QUIET_DB = 40.0  # below the 95th percentile of a recording's level: a silence
SENTENCES = (
    "Good morning, and welcome to our little harbour museum.",
    "Please mind the step, because people bump their heads on the beam above it.",
    "The boat before you was built by Martha Pembroke in nineteen twenty one.",
    "She bought the timber in spring, and by summer the hull was complete.",
    "How many fish do you think five men could bring home in a week?",
    "Sometimes the boat came back empty, and nobody spoke about money.",
    "My favourite object is over there, a small blue lamp with a broken shade.",
    "If you hold it up to the window, you will find a name inside.",
    "We do not know whose it was, but we keep looking.",
    "Imagine a winter storm, waves as high as a house, and this lamp on the pier.",
    "That is why the bell still rings every evening at a quarter past five.",
    "Thank you for coming, and remember to shut the door, the cat must not follow you.",
)


@dataclass(frozen=True)
class Known:
    """A phone at a time that is known, in seconds."""

    symbol: str
    start: float
    end: float


@dataclass(frozen=True)
class Spoken:
    """One recording.

    Attributes:
        phones: from the synthesiser itself; empty where nobody knows them.
    """

    name: str
    speech: Speech
    phones: tuple[Known, ...] = field(default=(), repr=False)

    def first(self, seconds: float) -> "Spoken":
        """The beginning of it."""
        cut = Speech(self.speech.samples[: round(seconds * self.speech.rate)], self.speech.rate)
        return Spoken(self.name, cut, tuple(p for p in self.phones if p.end <= cut.seconds))


def recordings(*names: str) -> Spoken:
    """Recordings of the repository one after another, half a second between them."""
    pause = np.zeros(RATE // 2, np.float32)
    parts = [pause]
    for name in names:
        folder = DEMO if (DEMO / f"{name}.flac").is_file() else MATERIAL
        parts += [decode_speech((folder / f"{name}.flac").read_bytes()).at(RATE), pause]
    return Spoken("+".join(names), _decoded(np.concatenate(parts)))


def flite_voice(voice: str, sentences: int = len(SENTENCES), start: int = 0) -> Spoken | None:
    """The museum guide's text in one of flite's voices; None where flite is not installed."""
    if shutil.which("flite") is None:
        return None
    parts, phones, at = [np.zeros(RATE // 2, np.float32)], [], 0.5
    for number in range(sentences):
        samples, said = _said(SENTENCES[(start + number) % len(SENTENCES)], voice)
        parts += [samples, np.zeros(round(PAUSES[number % len(PAUSES)] * RATE), np.float32)]
        phones += [Known(p.symbol, p.start + at, p.end + at) for p in said]
        at += (len(samples) + len(parts[-1])) / RATE
    return Spoken(f"flite {voice}", _decoded(np.concatenate(parts)), tuple(phones))


def _said(text: str, voice: str) -> tuple[Samples, list[Known]]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "speech.wav"
        command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(target)]
        said = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout
        samples = decode_speech(target.read_bytes()).at(RATE)
    return samples, list(_phones(said))


def _phones(said: str) -> Iterator[Known]:
    """flite prints `symbol:end` for each phone, the end in seconds."""
    start = 0.0
    for symbol, end in re.findall(r"(\S+):([0-9.]+)", said):
        if symbol != "pau":
            yield Known(symbol, start, float(end))
        start = float(end)


def _decoded(samples: Samples) -> Speech:
    """As the product would have it: through a file."""
    scaled = samples * np.float32(0.7 / max(float(np.abs(samples).max()), 1e-6))
    return decode_speech(encode_wav(Speech(scaled, RATE)))


def levels(speech: Speech, fps: float, frames: int) -> NDArray[np.float64]:
    """(frames,) root mean square of the sound around each frame."""
    samples = speech.at(RATE).astype(np.float64)
    width = round(RATE / fps)
    padded = np.pad(samples**2, (width, width * 2))
    sums = np.concatenate(([0.0], np.cumsum(padded)))
    starts = np.clip(
        np.round(np.arange(frames) / fps * RATE).astype(int) + width // 2, 0, len(sums) - width - 1
    )
    return np.asarray(np.sqrt(np.maximum(sums[starts + width] - sums[starts], 0) / width))


def silences(speech: Speech, least: float = 0.3) -> list[tuple[float, float]]:
    """(start, end) in seconds of every stretch that is quiet for `least` seconds."""
    count = int(speech.seconds / HOP)
    level = levels(speech, 1 / HOP, count)
    loud = level > np.percentile(level, 95) * 10 ** (-QUIET_DB / 20)
    steps = np.flatnonzero(np.diff(np.concatenate(([True], loud, [True])).astype(np.int8)))
    runs = zip(steps[::2], steps[1::2], strict=True)
    return [(float(a) * HOP, float(b) * HOP) for a, b in runs if (b - a) * HOP >= least]
