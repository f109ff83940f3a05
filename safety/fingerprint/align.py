"""Which moment of the released clip each moment of a copy shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

from safety.fingerprint.clip import EVERY, Fingerprint

Floats = NDArray[np.float64]

WINDOW = 9  # samples (0.72 s) that a judgement looks at
CHUNK = 25  # samples (2 s) of the copy that are searched for in the released clip
PEAKS = 2  # places kept for each chunk
LIKELY = 0.30  # correlation of a chunk that makes a place worth a closer look

# Agreement of motion and sound is 2ab / (aa + bb): 1 for equal, 0 for unrelated or where one stands still.
# Difference of the layout is a root mean square in steps of `LAYOUT_STEP`; the coefficients' own is about 15.
# Measured on six clips of two drawn portraits that move like talking people (others than in the tests):
#                                  motion, 1st 5th 50th percentile    layout, 50th 95th 99th percentile
#   H.264 CRF 28                          0.74 0.84 0.95                     0.47 0.97 1.04
#   CRF 33 at half size                   0.48 0.64 0.85                     0.94 1.50 1.67
#   15 frames per second, CRF 30          0.75 0.81 0.94                     0.47 0.94 0.97
#   brighter by a fifth, CRF 28           0.77 0.85 0.95                     1.07 1.37 1.39
#   other seconds, same portrait   50th -0.06, 95th 0.68, 99th 0.84    1st 0.75, 5th 1.04, 50th 2.35
# So the bounds follow the copy's own quality, between these values. Other seconds pass the stricter pair in
# 4 % of windows, the looser in 12 %.
MOTION_AGREES = (0.45, 0.65)  # `DROP` under the copy's median
LAYOUT_DIFFERS = (1.75, 2.5)  # `RISE` times the copy's median
SOUND_AGREES = (0.30, 0.55)  # `DROP` under the copy's median
DROP, RISE = 0.30, 2.5
LOUDEST = 2.0  # mean square level up to which a sample counts
STILL = 0.15  # mean square level of motion under which a window shows none
SILENT = 0.06  # share of non-zero signs under which a window holds no sound
LEAVE, MOVE = (
    2.0,
    4.0,
)  # cost, in fully agreeing samples, of losing the clip and of jumping to another place in it


@dataclass(frozen=True)
class Agreement:
    """The copy's samples against the released clip at one offset, over the window around each: (N,) each.

    Attributes:
        inside: bool, the released clip has this sample.
        motion: agreement of the motion, -1..1.
        moving: bool, there is motion to compare.
        layout: difference of the layout, 0 or more.
    """

    inside: NDArray[np.bool_]
    motion: Floats
    moving: NDArray[np.bool_]
    layout: Floats


def agreement(released: Fingerprint, probe: Fingerprint, offset: int) -> Agreement:
    """Sample i of the probe against sample i + offset of the released clip."""
    count = len(probe.motion)
    inside, motion, layout = np.zeros(count, bool), np.full(count, -1.0), np.full(count, np.inf)
    moving = np.zeros(count, bool)
    ours = overlap(count, len(released.motion), offset)
    if len(ours):
        moved, energy = likeness(probe.motion[ours], released.motion[ours + offset])
        apart = (layout_at(probe, ours) - layout_at(released, ours + offset)) ** 2
        inside[ours], motion[ours], moving[ours] = True, moved, energy > STILL
        layout[ours] = median_filter(np.sqrt(apart.mean(1)), min(WINDOW, len(ours)), mode="reflect")
    return Agreement(inside, motion, moving, layout)


def scores(judged: list[Agreement]) -> Floats:
    """(D, N) of -1..1: positive where layout and motion agree as well as in the rest of this copy."""
    motion, layout = np.stack([one.motion for one in judged]), np.stack([one.layout for one in judged])
    moving, inside = np.stack([one.moving for one in judged]), np.stack([one.inside for one in judged])
    best, columns = np.where(moving, motion, -1.0).argmax(0), np.arange(motion.shape[1])
    good = (motion[best, columns] > MOTION_AGREES[0]) & (layout[best, columns] < LAYOUT_DIFFERS[1])
    usual_motion = float(np.median(motion[best, columns][good])) if good.any() else 1.0
    usual_layout = float(np.median(layout[best, columns][good])) if good.any() else 0.0
    least = float(np.clip(usual_motion - DROP, *MOTION_AGREES))
    most = float(np.clip(usual_layout * RISE, *LAYOUT_DIFFERS))
    seen, moved = (most - layout) / most, (motion - least) / (1.0 - least)
    score = np.where(moving, np.minimum(seen, moved), seen)
    return np.where(inside, np.clip(score, -1.0, 1.0), -1.0)


def sound_agreement(
    released: Fingerprint, probe: Fingerprint, offset: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """(agreement, heard) of the sound's samples at one offset; agreement 1 where neither holds any sound."""
    count = len(probe.motion)
    value, heard = np.ones(count), np.zeros(count, bool)
    ours = overlap(count, len(released.motion), offset)
    if len(ours) == 0:
        return value, heard
    nothing = np.zeros((len(ours), 1), np.int8)
    mine = nothing if probe.sound is None else probe.sound[ours]
    other = nothing if released.sound is None else released.sound[ours + offset]
    agree, energy = likeness(mine, other)
    heard[ours] = energy > SILENT
    value[ours] = np.where(energy > SILENT, agree, 1.0)
    return value, heard


def overlap(probe: int, released: int, offset: int) -> NDArray[np.intp]:
    """Samples of a probe of that length that a released clip of that length has at the offset."""
    return np.arange(max(0, -offset), max(0, -offset, min(probe, released - offset)))


def layout_at(clip: Fingerprint, samples: NDArray[np.intp]) -> Floats:
    """(n, WAVES) layout at samples, between the kept ones by straight lines."""
    where = np.minimum(samples / EVERY, len(clip.layout) - 1)
    low = where.astype(int)
    high = np.minimum(low + 1, len(clip.layout) - 1)
    part = (where - low)[:, None]
    return np.asarray(clip.layout[low] * (1.0 - part) + clip.layout[high] * part)


def limited(levels: NDArray[np.int8]) -> Floats:
    """(N, K) rows scaled down to mean square `LOUDEST` where they have more."""
    rows = levels.astype(float)
    power = (rows**2).mean(1, keepdims=True)
    return np.asarray(rows * np.sqrt(np.minimum(1.0, LOUDEST / np.maximum(power, 1e-9))))


def windowed(values: Floats) -> Floats:
    """Mean over the window around each sample."""
    return np.asarray(uniform_filter1d(values, min(WINDOW, len(values)), mode="reflect"))


def likeness(one: NDArray[np.int8], other: NDArray[np.int8]) -> tuple[Floats, Floats]:
    """(2ab / (aa + bb), greater mean square) of two (N, K) sequences over the window around each sample.

    No sample weighs more than one of mean square `LOUDEST`: a cut must not drown the second around it.
    """
    a, b = limited(one), limited(other)
    both, mine, others = windowed((a * b).mean(1)), windowed((a * a).mean(1)), windowed((b * b).mean(1))
    return 2 * both / np.maximum(mine + others, 1e-9), np.maximum(mine, others)


def places(released: Fingerprint, probe: Fingerprint) -> list[int]:
    """Offsets at which some two seconds of the probe may lie in the released clip, by motion and by sound."""
    found = {0}
    pairs = [(released.motion, probe.motion)]
    if released.sound is not None and probe.sound is not None:
        pairs.append((released.sound, probe.sound))
    for whole, copy in pairs:
        for start in range(0, max(1, len(copy) - CHUNK // 2), CHUNK // 2):
            found.update(offset - start for offset in _search(whole, copy[start : start + CHUNK]))
    return sorted(found)


def _search(whole: NDArray[np.int8], chunk: NDArray[np.int8]) -> list[int]:
    """Where `chunk` (n, K) correlates best in `whole` (N, K): up to `PEAKS` starts."""
    size = len(whole) + len(chunk)
    spectra = (np.fft.rfft(part.astype(np.float32), size, axis=0) for part in (whole, chunk))
    first, second = spectra
    cross = np.fft.irfft((first * second.conj()).sum(1), size)
    power = np.concatenate([np.zeros(len(chunk)), np.cumsum((whole.astype(float) ** 2).sum(1))])
    power = np.concatenate([power, np.full(len(chunk), power[-1])])
    energy = power[len(chunk) :] - power[: -len(chunk)]  # of whole[s : s + n], s from -n + 1 on
    starts = np.arange(-len(chunk) + 1, len(whole))
    local = energy[: len(starts)]
    score = cross[starts] / np.sqrt(np.maximum(local * float((chunk.astype(float) ** 2).sum()), 1e-9))
    score[local < 1e-9] = 0.0
    picked: list[int] = []
    for _ in range(PEAKS):
        best = int(score.argmax())
        if score[best] < LIKELY:
            break
        picked.append(int(starts[best]))
        score[max(0, best - 3) : best + 4] = 0.0
    return picked


def follow(score: Floats) -> NDArray[np.intp]:
    """The likeliest place of every sample: (N,) row of `score` (D, N), or -1 where none agrees (Viterbi)."""
    rows, count = score.shape
    emit = np.vstack([score, np.zeros(count)])  # the last row: nowhere
    cost = np.full((rows + 1, rows + 1), MOVE)
    cost[rows, :] = cost[:, rows] = LEAVE
    np.fill_diagonal(cost, 0.0)
    total, back = emit[:, 0].copy(), np.zeros((count, rows + 1), np.intp)
    for k in range(1, count):
        reach = total[:, None] - cost
        back[k] = reach.argmax(0)
        total = reach.max(0) + emit[:, k]
    path = np.empty(count, np.intp)
    path[-1] = total.argmax()
    for k in range(count - 1, 0, -1):
        path[k - 1] = back[k, path[k]]
    return np.where(path == rows, -1, path)
