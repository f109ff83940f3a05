"""The sound of a copy against a released clip's: the same, or where it differs."""

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from safety.fingerprint.align import WINDOW
from safety.fingerprint.clip import Fingerprint
from safety.fingerprint.picture import STEP
from safety.fingerprint.runs import LEAST, Run, at_seam, seams_of
from safety.fingerprint.spans import Span
from safety.fingerprint.tempo import Line, candidates, pitches, shifted

Floats = NDArray[np.float64]

ENOUGH, MOST = (
    24.0,
    0.6,
)  # samples' worth (1.92 s) of full agreement that make it the same, or of a shorter one
AGREES = (0.30, 0.55)  # `DROP` under the copy's median
PITCHED = (0.12, 0.40)  # the same where the pitch was changed: bands then fall between the kept ones
SAME, SAME_PITCHED = (
    0.50,
    0.20,
)  # agreement from which a sample speaks for the same sound; twice is all it can
DROP = 0.30
LOUDEST = 2.0  # mean square level up to which a sample counts
SILENT = 0.06  # share of non-zero signs under which a window holds no sound
SHIFTS = (-1, 0, 1)  # samples by which sound and pictures may have come apart


def same_sound(released: Fingerprint, probe: Fingerprint) -> bool:
    """Some two seconds of the probe's sound agree with the released clip's on one line.

    Holds through AAC and MP3 at 64 kbit/s, a telephone's band, and speeds of 0.8 to 1.25 with or without
    their pitch.
    """
    if released.sound is None or probe.sound is None or not len(probe.change):
        return False
    enough = min(ENOUGH, MOST * min(len(released.change), len(probe.change)))
    for start in range(0, max(1, len(probe.change) - 50), 50):
        for line in candidates(released, probe, start, start + 100):
            for pitch in pitches(line.speed):
                agree, heard = agreement(released, probe, line, pitch)
                least = SAME_PITCHED if pitch else SAME
                if float((np.clip((agree - least) / least, 0.0, 1.0) * heard).sum()) >= enough:
                    return True
    return False


def agreement(
    released: Fingerprint, probe: Fingerprint, line: Line, pitch: float, shift: int = 0
) -> tuple[Floats, NDArray[np.bool_]]:
    """(agreement, heard) of the sound's samples on one line; agreement 1 where neither holds any sound."""
    count = len(probe.change)
    value, heard = np.ones(count), np.zeros(count, bool)
    at = np.rint(line(np.arange(count, dtype=float)) + shift).astype(np.intp)
    ours = np.flatnonzero((at >= 0) & (at < len(released.change)))
    if not len(ours):
        return value, heard
    nothing = np.zeros((len(ours), 1))
    mine = nothing if probe.sound is None else probe.sound[ours].astype(float)
    other = nothing if released.sound is None else released.sound[at[ours]].astype(float)
    if pitch and other.shape[1] > 1:
        other = np.asarray(shifted(other.astype(np.float32), pitch), float)
    agree, energy = _likeness(mine, other)
    heard[ours] = energy > SILENT
    value[ours] = np.where(energy > SILENT, agree, 1.0)
    return value, heard


def sound_spans(released: Fingerprint, probe: Fingerprint, runs: list[Run], spans: list[Span]) -> list[Span]:
    """Where the sound differs from the released sound of the same moment; inserted seconds have none."""
    count = len(probe.change)
    agree, loud, least = np.ones(count), np.zeros(count, bool), np.zeros(count)
    for k, run in enumerate(runs):
        here = slice(run.start if k else 0, runs[k + 1].start if k + 1 < len(runs) else count)
        tried = []
        before = [one.line for one in runs[:k] if one.line.speed == run.line.speed][-1:]
        for line, pitch in itertools.product((run.line, *before), pitches(run.line.speed)):
            near = [agreement(released, probe, line, pitch, shift) for shift in SHIFTS]
            best = np.max([value for value, _ in near], axis=0)
            tried.append((float(best[here].mean()), best, near[1][1], PITCHED if pitch else AGREES))
        _, best, heard, bounds = max(tried, key=lambda entry: entry[0])
        agree[here], loud[here] = best[here], heard[here]
        good = agree[here][loud[here] & (agree[here] > bounds[0])]
        least[here] = np.clip((float(np.median(good)) if len(good) else 1.0) - DROP, *bounds)
    for span in spans:
        if span.kind == "inserted":
            loud[max(0, int(span.start / STEP) - WINDOW) : int(span.end / STEP) + WINDOW] = False
    differs = np.concatenate([[False], loud & (agree < least), [False]])
    seams = seams_of(runs)
    edges = np.flatnonzero(np.diff(differs.astype(int)))
    return [
        _span(int(a), int(b), agree, runs)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if b - a >= LEAST and not at_seam(int(a), int(b), seams)
    ]


def _span(start: int, end: int, agree: Floats, runs: list[Run]) -> Span:
    line = next((run.line for run in reversed(runs) if run.start <= start), runs[0].line)
    times = (np.array([start, end]) * line.speed + line.offset) * STEP
    return Span(
        round(start * STEP, 2), round(end * STEP, 2), "sound",
        round(float(np.clip(1.0 - agree[start:end].mean(), 0.0, 1.0)), 2),
        released_start=round(max(0.0, float(times[0])), 2), released_end=round(max(0.0, float(times[1])), 2),
    )  # fmt: skip


def _likeness(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """(2ab / (aa + bb), greater mean square) of two (N, K) sequences over the window around each sample."""
    a, b = _limited(one), _limited(other)
    both, mine, others = (_windowed((x * y).mean(1)) for x, y in ((a, b), (a, a), (b, b)))
    if one.shape[1] != other.shape[1]:
        both = np.zeros_like(mine)
    return 2 * both / np.maximum(mine + others, 1e-9), np.maximum(mine, others)


def _limited(rows: Floats) -> Floats:
    """Rows scaled down to mean square `LOUDEST` where they have more."""
    power = (rows**2).mean(1, keepdims=True)
    return np.asarray(rows * np.sqrt(np.minimum(1.0, LOUDEST / np.maximum(power, 1e-9))))


def _windowed(values: Floats) -> Floats:
    return np.asarray(uniform_filter1d(values, min(WINDOW, len(values)), mode="reflect"))
