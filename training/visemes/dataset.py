"""Varied features of the corpus: `python -m training.visemes.dataset CLEAN FOLDER PASSES [SEED]`.

Each pass speaks every utterance that is not held out once more, varied anew, a few in a row to a recording.
FOLDER/<pass>-<n>.npz: features (T, 40) float16, labels (T,) int8, recordings' lengths.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.hearing.classes import CLASSES, SILENCE
from engine.hearing.features import relative, spectra
from engine.prosody import WINDOW, Levels, loudness_of
from training.visemes.augment import NOISES, RATE, Random, varied
from training.visemes.corpus import HOP, Utterance, load

_SILENT = CLASSES.index(SILENCE)
_PER_FILE = 150  # recordings


def features_of(samples: NDArray[np.float32], warp: float = 1.0) -> NDArray[np.float32]:
    """(T, 40), as `engine.hearing.listener` computes them."""
    count = len(samples) // HOP
    padded = np.pad(samples, (WINDOW // 2, WINDOW))
    loud, _ = Levels().follow(loudness_of(padded, count))
    return relative(spectra(padded, count, warp), loud)


def recording(
    utterances: list[Utterance], others: NDArray[np.float32], rng: Random
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Features and labels of a few utterances in one take, varied together."""
    whole = np.concatenate([u.samples[: len(u.frames) * HOP] for u in utterances])
    samples = np.asarray(whole / 32768, np.float32)
    labels = np.concatenate([u.frames for u in utterances])
    samples, labels = varied(samples, labels, others, _SILENT, rng)
    features = features_of(samples, float(np.exp(rng.uniform(-0.1, 0.1))))
    count = min(len(features), len(labels))
    return features[:count], labels[:count]


def noise_alone(rng: Random) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Sound in which nobody speaks."""
    count = int(rng.integers(2, 8)) * RATE
    noise = NOISES[int(rng.integers(len(NOISES)))](count, rng)
    noise *= 10 ** (-rng.uniform(6, 60) / 20) / max(float(np.abs(noise).max()), 1e-9)
    features = features_of(noise)
    return features, np.full(len(features), _SILENT, np.int8)


def main() -> None:
    clean, folder, passes = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    folder.mkdir(parents=True, exist_ok=True)
    utterances = [u for path in sorted(clean.glob("*.npz")) for u in load(path) if not u.held_out]
    pool = np.random.default_rng(99).permutation(len(utterances))[:200]
    others = np.asarray(np.concatenate([utterances[i].samples for i in pool]) / 32768, np.float32)
    for number in range(first, first + passes):
        rng = np.random.default_rng(number)
        order = rng.permutation(len(utterances)).tolist()
        parts, made = [], 0
        while order:
            taken = [utterances[order.pop()] for _ in range(min(len(order), int(rng.integers(1, 4))))]
            parts.append(recording(taken, others, rng))
            if rng.random() < 0.06:
                parts.append(noise_alone(rng))
            if len(parts) >= _PER_FILE or not order:
                np.savez(
                    folder / f"{number:02d}-{made:03d}.npz",
                    features=np.concatenate([f for f, _ in parts]).astype(np.float16),
                    labels=np.concatenate([labels for _, labels in parts]),
                    lengths=np.array([len(f) for f, _ in parts]),
                )
                parts, made = [], made + 1


if __name__ == "__main__":
    main()
