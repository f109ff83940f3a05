"""Mouth against sound: cross-validated canonical correlation of lip shape and log-mel spectrum.

Two halves of a recording: the directions of largest correlation (Hotelling 1936, with a ridge on both
covariances) are found on one half and scored on the other, then the other way round. Whatever the fit learns
by chance it loses on the half it has not seen, so that lips beside another recording's sound score about 0.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BANDS = 26
HERTZ = (80.0, 7600.0)
WINDOW = 0.04  # seconds of sound for one frame, centred on its time
# Of the mean variance, added to both covariances. On ten real speakers (GRID corpus, 30 s) 0.01, 0.05 and 0.2
# give 0.42, 0.47 and 0.54, and 0.02, 0.04 and 0.08 for swapped sound.
RIDGE = 0.05
OFFSETS = range(-8, 9)
FLOOR_DB = 60.0  # below the loudest of a recording, where its noise begins


@dataclass(frozen=True)
class Pair:
    """Lips and sound of one clip, frame by frame.

    Attributes:
        lips: (T, F) shape, see `bench.measures.lips.shape`.
        sound: (T, BANDS) log-mel.
    """

    lips: Floats
    sound: Floats


def log_mel(samples: NDArray[np.float32], rate: int, frames: int, fps: float) -> Floats:
    """(frames, BANDS) natural logarithm of mel band energies around each frame's time."""
    width = round(WINDOW * rate)
    size = 1 << (width - 1).bit_length()
    padded = np.pad(samples.astype(np.float64), width)
    starts = np.round(np.arange(frames) / fps * rate).astype(int) + width // 2
    starts = np.clip(starts, 0, len(padded) - width)
    pieces = padded[starts[:, None] + np.arange(width)] * np.hanning(width)
    power = np.abs(np.fft.rfft(pieces, size)) ** 2
    energy = power @ _mel_filters(size, rate).T
    return np.asarray(np.log(np.maximum(energy, energy.max() * 10 ** (-FLOOR_DB / 10) + 1e-12)))


def _mel_filters(size: int, rate: int) -> Floats:
    """(BANDS, size / 2 + 1) triangles, evenly spaced in mel (O'Shaughnessy 1987: 2595 log10(1 + f / 700))."""
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in HERTZ)
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    hertz = np.fft.rfftfreq(size, 1 / rate)
    rising = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    return np.clip(np.minimum(rising, falling), 0, None)


def correlate(pairs: Sequence[Pair], offset: int = 0, swapped: int = 0) -> float:
    """Held-out canonical correlation of the first pair of directions, mean of both halves.

    Args:
        offset: frames by which the sound is taken later than the lips.
        swapped: clips by which the sounds are moved on: 0 for each clip's own.
    """
    rows = [_matched(pairs[i], pairs[(i + swapped) % len(pairs)], offset) for i in range(len(pairs))]
    halves = _halves(rows)
    scores = [_held_out(halves[a], halves[1 - a]) for a in (0, 1)]
    return float(np.mean(scores))


def best_offset(pairs: Sequence[Pair]) -> tuple[int, dict[int, float]]:
    """The offset in frames with the largest correlation, and all of them. Positive: the lips come first."""
    values = {offset: round(correlate(pairs, offset), 3) for offset in OFFSETS}
    return max(values, key=lambda offset: values[offset]), values


def report(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Correlation, its best offset, and the controls with other clips' sounds."""
    offset, by_offset = best_offset(pairs)
    swaps = [correlate(pairs, swapped=k) for k in range(1, min(len(pairs), 5))]
    return {
        "correlation": by_offset[0],
        "best_offset_frames": offset,
        "by_offset": by_offset,
        "swapped": round(float(np.mean(swaps)), 3) if swaps else None,
        "clips": len(pairs),
        "frames": int(sum(len(pair.lips) for pair in pairs)),
    }


def cut(pair: Pair, frames: int) -> list[Pair]:
    """Pieces of `frames` frames; a rest shorter than half of that is left out."""
    count = max(1, round(len(pair.lips) / frames))
    bounds = [round(len(pair.lips) * i / count) for i in range(count + 1)]
    return [
        Pair(pair.lips[a:b], pair.sound[a:b]) for a, b in itertools.pairwise(bounds) if b - a >= frames / 2
    ]


def _matched(lips: Pair, sound: Pair, offset: int) -> tuple[Floats, Floats]:
    """Lips (T, F) and sound (T, BANDS), the same frames at any offset, each about its clip's mean."""
    reach = max(OFFSETS)
    inner = np.arange(reach, min(len(lips.lips), len(sound.sound)) - reach)
    heard = sound.sound[inner + offset]
    return _standard(lips.lips[inner]), heard - heard.mean(axis=0)


def _standard(values: Floats) -> Floats:
    centred = values - values.mean(axis=0)
    return np.asarray(centred / np.maximum(centred.std(axis=0), 1e-9))


def _halves(rows: list[tuple[Floats, Floats]]) -> list[tuple[Floats, Floats]]:
    """Every other clip; the two halves of the time where there is but one."""
    if len(rows) == 1:
        lips, sound = rows[0]
        middle = len(lips) // 2
        return [(lips[:middle], sound[:middle]), (lips[middle:], sound[middle:])]
    return [
        (np.concatenate([r[0] for r in rows[k::2]]), np.concatenate([r[1] for r in rows[k::2]]))
        for k in (0, 1)
    ]


def _held_out(seen: tuple[Floats, Floats], unseen: tuple[Floats, Floats]) -> float:
    left, right = _directions(*seen)
    a, b = unseen[0] @ left, unseen[1] @ right
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-12))


def _directions(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """First pair of canonical directions, ridge-regularised."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    roots = [_inverse_root(z.T @ z / len(z)) for z in (x, y)]
    u, _, vt = np.linalg.svd(roots[0] @ (x.T @ y / len(x)) @ roots[1])
    return roots[0] @ u[:, 0], roots[1] @ vt[0]


def _inverse_root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    values = values + RIDGE * values.mean()
    return np.asarray(vectors / np.sqrt(values) @ vectors.T)
