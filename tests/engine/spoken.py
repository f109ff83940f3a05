"""Phones written by hand, and the sound tracks that go with them: speech without a recogniser."""

import numpy as np
from numpy.typing import NDArray

from engine.prosody import HOP, RATE, Prosody
from engine.speech import Phone, Phonemes


def sound(*parts: tuple[float, float, float]) -> NDArray[np.float32]:
    """(N,) at 16 kHz: harmonics of (hertz, seconds, amplitude) in a row; 0 Hz is noise."""
    rng = np.random.default_rng(0)
    out = []
    for hertz, seconds, amplitude in parts:
        t = np.arange(round(seconds * RATE)) / RATE
        voiced = sum(np.sin(2 * np.pi * hertz * k * t) / k for k in range(1, 12)) / 2
        out.append(amplitude * (voiced if hertz else rng.standard_normal(len(t))))
    return np.concatenate(out).astype(np.float32)


def spoken(
    *sounds: tuple[str, float], pitch: float = 120.0, loudness: float = -18.0, melody: float = 1.0
) -> Phonemes:
    """Phonemes of (symbol, seconds) in a row; the symbol "" is silence."""
    phones, speaking, at = [], [], 0.0
    for symbol, seconds in sounds:
        speaking += [bool(symbol)] * round(seconds / HOP)
        if symbol:
            phones.append(Phone(symbol, at, at + seconds))
        at += seconds
    mask = np.array(speaking)
    wave = 1.0 + 0.06 * melody * np.sin(
        2 * np.pi * 0.7 * np.arange(len(mask)) * HOP
    )  # an intonation with accents in it
    level = np.where(mask, loudness + 60.0 * (wave - 1.0), -90.0).astype(np.float32)
    return Phonemes(
        tuple(phones), Prosody(level, np.where(mask, pitch * wave, 0.0).astype(np.float32), mask), at
    )


def babble(seconds: float, pause_every: float = 4.0, pause: float = 0.4) -> Phonemes:
    """A long stretch of syllables with pauses between phrases; longer ones begin like shorter ones."""
    syllables = (("B", 0.08), ("AA", 0.14), ("N", 0.06), ("IY", 0.12), ("S", 0.09), ("OW", 0.16), ("F", 0.08),
                 ("EH", 0.11), ("M", 0.08), ("AH", 0.10))  # fmt: skip
    sounds: list[tuple[str, float]] = [("", 0.4)]
    total, phrase, i = 0.4, 0.0, 0
    while total < seconds:
        if phrase >= pause_every:
            sounds.append(("", pause))
            total, phrase = total + pause, 0.0
        sounds.append(syllables[i % len(syllables)])
        total, phrase, i = total + sounds[-1][1], phrase + sounds[-1][1], i + 1
    return spoken(*sounds, ("", 0.4))
