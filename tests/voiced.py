"""Voices for the tests: made of tones, and an encoder that hears nothing but where their energy lies."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.voices.activity import active
from safety.voices.encoder import Partials
from safety.voices.mel import RATE
from safety.voices.thresholds import Profile, VoiceCalibration

Floats = NDArray[np.float32]
PIECE, STEP = 25_600, 12_800
BANDS = 24


def voice(pitch: float, seconds: float, *, level: float = 0.2, noise: float = 0.0) -> Speech:
    """Somebody of that pitch, Hz: bursts of a quarter of a second with a pause every two seconds."""
    t = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in (1, 2, 3))
    spoken = (np.sin(2 * np.pi * 2.0 * t) > -0.8) & (t % 2.0 > 0.3)
    hiss = np.random.default_rng(3).standard_normal(len(t)) * noise
    return Speech(np.asarray(tone * spoken * level + hiss, np.float32), RATE)


def joined(*parts: Speech) -> Speech:
    """One after another, at one rate."""
    return Speech(np.concatenate([each.at(RATE) for each in parts]), RATE)


@dataclass
class ToneEncoder:
    """Tells voices by their spectrum. `heard` counts how often it listened."""

    sha256: str = "7e" * 32
    name: str = "tones"
    licence: str = "Apache-2.0"
    size: int = BANDS
    heard: int = 0
    calibration: VoiceCalibration = field(init=False)

    def __post_init__(self) -> None:
        profiles = {"default": Profile(0.78, 0.65), "strict": Profile(0.9, 0.8)}
        self.calibration = VoiceCalibration(self.sha256, "tests", profiles, 0.75)

    def partials(self, samples: Floats) -> Partials:
        self.heard += 1
        speech = np.asarray(samples, np.float32)[active(samples)]
        starts = range(0, len(speech) - PIECE + 1, STEP)
        found = [_spectrum(speech[start : start + PIECE]) for start in starts]
        spans = np.asarray([(k, k + PIECE) for k in starts], np.float32).reshape(-1, 2) / RATE
        embeddings = np.asarray(found, np.float32).reshape(-1, BANDS)
        return Partials(spans, embeddings, len(speech) / RATE)


def _spectrum(piece: Floats) -> Floats:
    power = np.abs(np.fft.rfft(piece)) ** 2
    edges = np.geomspace(80, 4000, BANDS + 1) / RATE * len(piece)
    bands = np.sqrt([power[int(a) : int(b) + 1].sum() for a, b in pairwise(edges)])
    return np.asarray(bands / max(float(np.linalg.norm(bands)), 1e-9), np.float32)
