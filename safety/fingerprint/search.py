"""The lines of time on which a copy of known geometry may lie in the released clip."""

import numpy as np
from numpy.typing import NDArray

from safety.fingerprint.sight import Sight
from safety.fingerprint.tempo import SPEEDS, Line

Floats = NDArray[np.float32]

CHUNK = 25  # samples (2 s) of the copy that are searched for in the released clip
SEARCHES, PACED = 160, 60  # chunks that are searched at most, and at most to be searched at other speeds
HOP = 12  # samples from one chunk to the next
WAVES = 24  # principal components of the released movement that the search looks at
LIKELY = 0.45  # correlation of a chunk that makes a place worth a closer look
CLEARER = 0.12  # by how much another speed must agree better than the copy's own
LINES = 24  # places followed at most
KNOWN = 0.80  # agreement of a chunk on a line that needs no search
FINELY = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)  # samples by which a line is tried to one side and the other
SPEEDS_AT_MOST = (0.76, 1.32)  # of a copy as a whole: what is told of others is chance
BETWEEN = 0.01  # correlation by which a line between the samples must be better
LOOKED = 400  # samples that a fit of a line looks at


def places(seen: Sight, line: Line) -> list[Line]:
    """The line, and others on which some two seconds of the copy may lie in the released clip.

    Only where the line itself does not agree is searched: at its speed, then at others.
    """
    basis = _basis(seen.ours)
    whole, copy = seen.ours @ basis, seen.theirs @ basis
    found: dict[tuple[float, float], float] = {}
    on_line = seen.along(line, np.arange(len(copy), dtype=float)) @ basis
    starts = [
        k for k in range(0, max(1, len(copy) - HOP), HOP) if float((copy[k : k + HOP] ** 2).sum()) > 1e-6
    ]
    unknown = [k for k in starts if _alike(on_line[k : k + CHUNK], copy[k : k + CHUNK]) <= KNOWN]
    looked = starts if line.speed != 1.0 else unknown
    for start in looked[:: 1 + len(looked) // SEARCHES]:
        chunk = copy[start : start + CHUNK]
        hits = _searched(whole, chunk, line.speed, len(looked) <= PACED) if start in unknown else []
        if line.speed != 1.0:
            hits += [(score, 1.0, begin) for score, begin in _slid(whole, chunk, 1)]
        for score, speed, begin in hits:
            key = (speed, round(begin - speed * start))
            found[key] = max(found.get(key, 0.0), score) + (0.1 if key in found else 0.0)
    ranked = sorted(found, key=lambda key: (-found[key], key))
    lines = [line]
    for speed, offset in ranked:
        near = (one for one in lines if one.speed == speed)
        if all(abs(one.offset - offset) > 1.0 for one in near) and len(lines) < LINES:
            lines.append(Line(speed, float(offset)))
    return lines


def _basis(maps: Floats) -> Floats:
    """(144, WAVES) directions in which the released maps move most."""
    values, vectors = np.linalg.eigh((maps.T @ maps).astype(float))
    return np.asarray(vectors[:, np.argsort(-values)[:WAVES]], np.float32)


def _alike(one: Floats, other: Floats) -> float:
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum() + 1e-9))


def _searched(whole: Floats, chunk: Floats, usual: float, paced: bool) -> list[tuple[float, float, float]]:
    """(correlation, speed, begin) of a chunk's two best places at that speed, one at others if `paced`."""
    found = [(score, usual, begin) for score, begin in _slid(whole, _sped(chunk, usual), 2)]
    if max((score for score, _, _ in found), default=0.0) > 0.85 or not paced:
        return found
    others = [
        (score, usual * factor, begin)
        for factor in SPEEDS[1::2]
        for score, begin in _slid(whole, _sped(chunk, usual * factor), 1)
    ]
    best = max(others, default=(0.0, usual, 0.0))
    if best[0] > max((score for score, _, _ in found), default=LIKELY) + CLEARER:
        found.append(best)
    return found


def _sped(chunk: Floats, speed: float) -> Floats:
    """A chunk as it looks in the released clip's time."""
    if speed == 1.0:
        return chunk
    at = np.arange(max(2, int(len(chunk) * speed))) / speed
    low = np.minimum(at.astype(np.intp), len(chunk) - 2)
    part = (at - low).astype(np.float32)[:, None]
    return np.asarray(chunk[low] * (1 - part) + chunk[low + 1] * part)


def _slid(whole: Floats, chunk: Floats, count: int) -> list[tuple[float, float]]:
    """(correlation, begin) of the best places of `chunk` (n, K) in `whole` (N, K); it may stick out."""
    size = len(chunk)
    padded = np.pad(whole, ((size // 2, size - size // 2), (0, 0)))
    table = padded @ chunk.T
    begins = len(padded) - size + 1
    diagonals = np.lib.stride_tricks.as_strided(
        table, (begins, size), (table.strides[0], table.strides[0] + table.strides[1])
    )
    power = np.concatenate([[0.0], np.cumsum((padded**2).sum(1, dtype=float))])
    energy = power[size:] - power[:-size]
    score = diagonals.sum(1) / np.sqrt(
        np.maximum(energy, 0.05 * energy.max() + 1e-9) * float((chunk**2).sum())
    )
    picked: list[tuple[float, float]] = []
    for _ in range(count):
        best = int(score.argmax())
        if score[best] < LIKELY:
            break
        picked.append((float(score[best]), float(best - size // 2)))
        score[max(0, best - 3) : best + 4] = 0.0
    return picked


def settled(seen: Sight, line: Line, start: int, end: int) -> Line:
    """The line fitted finely on samples start..end of the copy, then on ever longer parts around them."""
    while True:
        before = line
        turns = (0.0,) if line.speed == 1.0 else FINELY
        line = _best(seen, line, (start, end), [2.0 * turn / (end - start) for turn in turns])
        line = line if SPEEDS_AT_MOST[0] <= line.speed <= SPEEDS_AT_MOST[1] else before
        if (start, end) == (0, len(seen.theirs)):
            return line
        half = (end - start) // 2
        start, end = max(0, start - half), min(len(seen.theirs), end + half)


def refitted(seen: Sight, line: Line, start: int, end: int) -> Line:
    """The line fitted on samples start..end alone, its speed too."""
    return _best(seen, line, (start, end), np.arange(-0.16, 0.161, 0.02).tolist())


def _best(seen: Sight, line: Line, part: tuple[int, int], turns: list[float]) -> Line:
    """The best of the lines that are faster by `turns` and earlier or later by `FINELY`."""
    samples = np.arange(*part, max(1, (part[1] - part[0]) // LOOKED), dtype=float)
    theirs, middle = seen.theirs[samples.astype(np.intp)], sum(part) / 2
    here = line.at(middle)
    trials = [
        Line(line.speed + turn, here + by - (line.speed + turn) * middle) for turn in turns for by in FINELY
    ]

    def alike(one: Line) -> float:
        between = one.speed == 1.0 and one.offset % 1.0 != 0.0  # what is read between samples has less noise
        return _alike(seen.along(one, samples), theirs) - BETWEEN * between

    return max(trials, key=alike)
