"""Makes the test recordings anew: `python -m tests.material.make`.

Needs Debian's `flite` (2.2) and `espeak-ng` (1.51); song, breath and laughter are computed here.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

from service.demo.make_speech import RATE, flite, read, silence, trimmed, write_flac

Samples = NDArray[np.float32]
FOLDER = Path(__file__).parent
ENGLISH = {
    "en_rms": ("rms", "Maybe the baby bought a purple bumper. Pam made a map."),
    "en_awb": ("awb", "Bob mopped up a puddle before many people came by."),
    "en_kal": ("kal16", "My number is five, four, three, two, one."),
}
OTHERS = {
    "de": ("de", "Bitte bring mir morgen beim Mittagessen ein paar Pflaumen mit."),
    "es": ("es", "Buenos días. Mi abuela prepara pan para un amigo de Bilbao."),
    # in pinyin: the Debian package carries no dictionary of characters
    "cmn": ("cmn-latn-pinyin", "ni3 hao3, wo3men5 ming2tian1 xia4wu3 yi4qi3 pa2 shan1 ba5."),
}
# First three formants in Hz, adult male averages: Peterson and Barney, "Control methods used in a study of
# the vowels", JASA 24 (1952), table II (a, e as in "bet", i, o as in "bought", u).
VOWELS = {
    "a": (730, 1090, 2440), "e": (530, 1840, 2480), "i": (270, 2290, 3010), "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}  # fmt: skip
BANDWIDTHS = (80.0, 100.0, 140.0)
MELODY = (("a", 220.0), ("e", 246.9), ("i", 261.6), ("o", 293.7), ("u", 246.9), ("a", 220.0))  # A3 to D4


def espeak(text: str, voice: str) -> Samples:
    """(N,) samples at `RATE` of a text spoken by espeak-ng."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "speech.wav"
        command = ["espeak-ng", "-v", voice, "-s", "185", "-w", str(target), text]
        subprocess.run(command, check=True, timeout=60)
        return trimmed(read(target))


def resonate(source: Samples, formants: tuple[int, int, int]) -> Samples:
    """`source` through the vocal tract of a vowel: one two-pole resonator a formant, in series."""
    out = source.astype(float)
    for centre, width in zip(formants, BANDWIDTHS, strict=True):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1.0, -2.0 * radius * np.cos(2 * np.pi * centre / RATE), radius**2]
        out = np.asarray(lfilter([sum(poles)], poles, out))
    return out.astype(np.float32)


def voiced(pitch: NDArray[np.floating]) -> Samples:
    """Glottal pulses at `pitch` (N,) Hz: a saw-tooth whose spectrum falls by 12 dB per octave."""
    phase = np.cumsum(pitch / RATE) % 1.0
    return np.asarray(lfilter([1.0], [1.0, -0.97], phase - 0.5), np.float32)


def shaped(length: int, attack: float, release: float) -> Samples:
    """(length,) envelope that rises in `attack` s and falls in `release` s."""
    t = np.arange(length) / RATE
    return np.clip(np.minimum(t / attack, (length / RATE - t) / release), 0, 1).astype(np.float32)


def song() -> Samples:
    """Six sustained vowels on a melody, with a vibrato of 5.5 Hz and half a semitone."""
    notes = []
    for vowel, pitch in MELODY:
        t = np.arange(round(0.6 * RATE)) / RATE
        wave = voiced(pitch * 2 ** (0.5 / 12 * np.sin(2 * np.pi * 5.5 * t) * np.clip(t / 0.25, 0, 1)))
        note = resonate(wave, VOWELS[vowel]) * shaped(len(t), 0.06, 0.08)
        notes.append(note / np.abs(note).max())
    return np.concatenate(notes)


def breath() -> Samples:
    """Two breaths in and out: noise between 300 and 3800 Hz, no voice, no lips."""
    rng = np.random.default_rng(5)
    band = butter(2, (300, 3800), "bandpass", fs=RATE, output="sos")
    parts = []
    for seconds, level in ((0.9, 1.0), (0.9, 0.6), (0.8, 0.9), (0.9, 0.5)):
        noise = np.asarray(sosfilt(band, rng.standard_normal(round(seconds * RATE))), np.float32)
        parts.append(noise * shaped(len(noise), 0.35, 0.45) * level)
    return np.concatenate(parts)


def laughter() -> Samples:
    """Nine bursts of "ha" at five a second, pitch and strength falling, breath between them."""
    rng = np.random.default_rng(6)
    parts = [silence(0.3)]
    for k in range(9):
        length = round(0.12 * RATE)
        pitch = np.linspace(290 - 12 * k, 240 - 12 * k, length)
        wave = resonate(voiced(pitch) + 0.02 * rng.standard_normal(length).astype(np.float32), VOWELS["a"])
        burst = wave / np.abs(wave).max() * shaped(length, 0.02, 0.06) * (1.0 - 0.08 * k)
        hiss = 0.03 * rng.standard_normal(round(0.08 * RATE)).astype(np.float32)
        parts += [burst, hiss * shaped(len(hiss), 0.02, 0.02)]
    return np.concatenate([*parts, silence(0.3)])


def main() -> None:
    made = {name: trimmed(flite(text, voice)) for name, (voice, text) in ENGLISH.items()}
    made |= {name: espeak(text, voice) for name, (voice, text) in OTHERS.items()}
    made |= {"song": song(), "breath": breath(), "laughter": laughter()}
    for name, samples in made.items():
        write_flac(FOLDER / f"{name}.flac", np.concatenate([silence(0.15), samples, silence(0.15)]))


if __name__ == "__main__":
    main()
