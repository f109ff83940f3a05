"""Makes a few synthetic voices sound like many people in many rooms on many lines."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, resample_poly, sosfilt

RATE = 16_000
HOP = 160
Samples = NDArray[np.float32]
Frames = NDArray[np.int8]
Random = np.random.Generator


def another_speaker(samples: Samples, frames: Frames, rng: Random) -> tuple[Samples, Frames]:
    """Vocal tract, pitch and pace together, by playing it faster or slower (0.8 to 1.2)."""
    down = int(rng.integers(16, 25))
    played = resample_poly(samples, 20, down).astype(np.float32)
    source = np.minimum((np.arange(len(played) // HOP) * down / 20).round().astype(int), len(frames) - 1)
    return played, frames[source]


def within_silence(samples: Samples, frames: Frames, rng: Random, silence: int) -> tuple[Samples, Frames]:
    """A pause before and after; one time in six a second one inside."""
    before, after = (int(n) for n in rng.integers((5, 10), (70, 60)))
    samples = np.concatenate((np.zeros(before * HOP, np.float32), samples, np.zeros(after * HOP, np.float32)))
    frames = np.concatenate((np.full(before, silence), frames, np.full(after, silence))).astype(np.int8)
    return samples, frames


def swells(samples: Samples, rng: Random) -> Samples:
    """Loudness that wanders by up to 8 dB within seconds."""
    points = rng.uniform(-8, 0, max(2, len(samples) // RATE + 2))
    decibels = np.interp(np.arange(len(samples)), np.linspace(0, len(samples), len(points)), points)
    return samples * (10 ** (decibels / 20)).astype(np.float32)


def coloured(samples: Samples, rng: Random) -> Samples:
    """Microphones and distance: a tilt, and two broad peaks or dips."""
    out = lfilter([1.0, -rng.uniform(-0.5, 0.7)], [1.0], samples)
    for _ in range(2):
        centre, gain = np.exp(rng.uniform(np.log(150), np.log(6500))), rng.uniform(-9, 9)
        out = lfilter(*_peak(centre, gain), out)
    return np.asarray(out, np.float32)


def _peak(centre: float, gain: float) -> tuple[list[float], list[float]]:
    """Peaking equaliser of quality 1 (Bristow-Johnson, "Audio EQ cookbook")."""
    amplitude, omega = 10 ** (gain / 40), 2 * np.pi * centre / RATE
    alpha, cosine = np.sin(omega) / 2, np.cos(omega)
    low = 1 + alpha / amplitude
    return (
        [(1 + alpha * amplitude) / low, -2 * cosine / low, (1 - alpha * amplitude) / low],
        [1.0, -2 * cosine / low, (1 - alpha / amplitude) / low],
    )


def reverberant(samples: Samples, rng: Random) -> Samples:
    """A room: noise that decays by 60 dB in 0.1 to 0.6 s, the direct sound 0 to 15 dB above it."""
    decay = rng.uniform(0.1, 0.6)
    t = np.arange(int(decay * RATE)) / RATE
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / decay) * (t > rng.uniform(0.002, 0.02))
    tail *= 10 ** (-rng.uniform(0, 15) / 20) / max(float(np.sqrt(np.square(tail).sum())), 1e-6)
    tail[0] = 1.0
    return np.asarray(fftconvolve(samples, tail)[: len(samples)], np.float32)


def narrow(samples: Samples, rng: Random) -> Samples:
    """A telephone line, or a microphone or codec that ends at 3.4 to 7 kHz."""
    if rng.random() < 0.5:
        band = butter(4, (rng.uniform(150, 350), rng.uniform(3300, 3900)), "bandpass", fs=RATE, output="sos")
    else:
        band = butter(6, rng.uniform(3500, 7000), "lowpass", fs=RATE, output="sos")
    out = np.asarray(sosfilt(band, samples), np.float32)
    return _mu_law(out) if rng.random() < 0.3 else out


def _mu_law(samples: Samples) -> Samples:
    """ITU-T G.711's companding to 8 bits."""
    peak = float(np.abs(samples).max()) or 1.0
    x = samples / peak
    code = np.round(np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256) * 127) / 127
    return np.asarray(np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255 * peak, np.float32)


def clipped(samples: Samples, rng: Random) -> Samples:
    limit = float(np.abs(samples).max()) * rng.uniform(0.25, 0.8)
    return np.clip(samples, -limit, limit)


def hiss(count: int, rng: Random) -> Samples:
    """White to brown noise."""
    return np.asarray(lfilter([1.0], [1.0, -rng.uniform(0, 0.98)], rng.standard_normal(count)), np.float32)


def hum(count: int, rng: Random) -> Samples:
    """Mains and fans: harmonics of 50 to 120 Hz in some noise."""
    t, base = np.arange(count) / RATE, rng.uniform(50, 120)
    tones = sum(
        rng.uniform(0, 1) / k * np.sin(2 * np.pi * base * k * t + rng.uniform(0, 6)) for k in range(1, 8)
    )
    return np.asarray(tones + 0.3 * hiss(count, rng), np.float32)


def gusts(count: int, rng: Random) -> Samples:
    """Wind, traffic, a keyboard: noise in a band that comes and goes."""
    low = rng.uniform(80, 2000)
    band = butter(2, (low, min(low * rng.uniform(1.5, 6), 7500)), "bandpass", fs=RATE, output="sos")
    points = rng.uniform(-30, 0, max(2, int(count / RATE * rng.uniform(1, 12))))
    gain = 10 ** (np.interp(np.arange(count), np.linspace(0, count, len(points)), points) / 20)
    return np.asarray(sosfilt(band, rng.standard_normal(count)) * gain, np.float32)


def music(count: int, rng: Random) -> Samples:
    """Chords of decaying harmonic tones, with a beat."""
    out = np.zeros(count)
    step = int(RATE * rng.uniform(0.15, 0.6))
    scale = rng.uniform(80, 160) * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    for start in range(0, count, step):
        t = np.arange(min(count - start, 3 * step)) / RATE
        for _ in range(int(rng.integers(1, 4))):
            base = float(rng.choice(scale)) * float(rng.choice([1, 2, 4]))
            tone = sum(np.sin(2 * np.pi * base * k * t) / k ** rng.uniform(0.8, 2) for k in range(1, 6))
            out[start : start + len(t)] += tone * np.exp(-t * rng.uniform(1, 10)) * np.minimum(t / 0.01, 1)
        if rng.random() < 0.4:
            out[start : start + len(t)] += rng.standard_normal(len(t)) * np.exp(-t * 60)
    return out.astype(np.float32)


NOISES: tuple[Callable[[int, Random], Samples], ...] = (hiss, hiss, hum, gusts, gusts, music)


def noisy(samples: Samples, others: Samples, rng: Random, decibels: float | None = None) -> Samples:
    """Over noise, music, or the murmur of `others`, 5 to 45 dB under the speech."""
    if rng.random() < 0.15:
        starts = rng.integers(0, max(1, len(others) - len(samples)), 5)
        parts = [np.resize(others[s : s + len(samples)], len(samples)) for s in starts]
        noise = np.asarray(np.sum(parts, 0), np.float32)
    else:
        noise = NOISES[int(rng.integers(len(NOISES)))](len(samples), rng)
    return samples + _scaled(noise, samples, rng.uniform(5, 45) if decibels is None else decibels)


def _scaled(noise: Samples, speech: Samples, decibels: float) -> Samples:
    loud = np.abs(speech) > 0.02 * np.abs(speech).max()
    power = float(np.square(speech[loud]).mean()) if loud.any() else 1e-4
    return noise * np.float32(
        np.sqrt(power / max(float(np.square(noise).mean()), 1e-12)) * 10 ** (-decibels / 20)
    )


def varied(
    samples: Samples, frames: Frames, others: Samples, silence: int, rng: Random
) -> tuple[Samples, Frames]:
    """One utterance as somebody else might have said it somewhere else; peaks between -32 and 0 dB."""
    if rng.random() < 0.85:
        samples, frames = another_speaker(samples, frames, rng)
    samples, frames = within_silence(samples, frames, rng, silence)
    steps: list[tuple[float, Callable[[Samples], Samples]]] = [
        (0.5, lambda x: swells(x, rng)),
        (0.7, lambda x: coloured(x, rng)),
        (0.25, lambda x: reverberant(x, rng)),
        (0.55, lambda x: noisy(x, others, rng)),
        (0.25, lambda x: narrow(x, rng)),
        (0.04, lambda x: clipped(x, rng)),
    ]
    for chance, step in steps:
        if rng.random() < chance:
            samples = step(samples)
    gain = 10 ** (-rng.uniform(0, 32) / 20) / max(float(np.abs(samples).max()), 1e-6)
    dither = 10 ** (-rng.uniform(75, 100) / 20) * rng.standard_normal(len(samples))
    return (samples * gain + dither).astype(np.float32), frames
