"""Where in time, and at which speed, a part of a copy may lie in the released clip, its geometry unknown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from safety.fingerprint.clip import Fingerprint
from safety.fingerprint.sound import BANDS, HIGH, LOW

Floats = NDArray[np.float32]

SPEEDS = (1.0, *(round(float(np.exp(k * 0.02)), 4) for k in range(-13, 14) if k))  # 0.77 to 1.30
PEAKS = 3  # places kept by movement, and by sound
SLOW = 12.0  # samples: what changes more slowly than that is not rhythm
OTHER = 0.92  # how much a correlation at another speed counts: most copies keep theirs
RHYMES = 0.5  # correlation of all of both that makes a comparison worth its time
LIKELY = 0.25  # correlation that makes a place worth a closer look
OCTAVES = float(np.log2(HIGH / LOW)) / (BANDS + 1)  # of one band of sound


@dataclass(frozen=True)
class Line:
    """Sample i of the copy shows sample speed * i + offset of the released clip."""

    speed: float
    offset: float

    def __call__(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Released samples of the copy's."""
        return self.speed * samples + self.offset

    def at(self, sample: float) -> float:
        """The released sample of one of the copy's."""
        return self.speed * sample + self.offset


def between(values: NDArray[np.int8] | Floats, at: NDArray[np.float64]) -> Floats:
    """(n, K) of (N, K) values at samples `at`, by straight lines; 0 outside."""
    low = np.floor(at).astype(np.intp)
    part = (at - low).astype(np.float32)[:, None]
    known = ((at >= 0) & (at <= len(values) - 1))[:, None]
    first = np.clip(low, 0, len(values) - 1)
    second = np.minimum(first + 1, len(values) - 1)
    return np.asarray((values[first] * (1 - part) + values[second] * part) * known, np.float32)


def rhythm(clip: Fingerprint) -> Floats:
    """(N, 1) how much moves, whatever it is and wherever: the same in a cropped, turned or mirrored copy."""
    total = np.log(0.1 + np.abs(clip.change).astype(np.float32).mean(1))
    return np.asarray(total - gaussian_filter1d(total, SLOW), np.float32)[:, None]


def candidates(released: Fingerprint, probe: Fingerprint, start: int, end: int) -> list[Line]:
    """Lines on which samples start..end of the copy may lie in the released clip, the likeliest first."""
    found = _peaks(rhythm(released), rhythm(probe)[start:end], start, (0.0,))
    if released.sound is not None and probe.sound is not None:
        heard = probe.sound[start:end].astype(np.float32)
        found += _peaks(released.sound.astype(np.float32), heard, start, None)
    found.sort(key=lambda entry: -entry[0])
    lines: list[Line] = []
    middle = (start + end) / 2
    for _, line in found:
        if not any(
            abs(line.at(middle) - one.at(middle)) < 2 and abs(line.speed - one.speed) < 0.03 for one in lines
        ):
            lines.append(line)
    return lines


def rhymes(released: Fingerprint, probe: Fingerprint) -> bool:
    """A quick look before many comparisons: movement or sound may have the same rhythm, at the same speed."""
    if not len(released.change) or not len(probe.change):
        return False
    pairs = [(rhythm(released), rhythm(probe))]
    if released.sound is not None and probe.sound is not None:
        pairs.append((released.sound.astype(np.float32), probe.sound.astype(np.float32)))
    return any(_together(whole, copy) > RHYMES for whole, copy in pairs)


def _together(whole: Floats, copy: Floats) -> float:
    """The greatest correlation of two sequences laid over each other anywhere, against all of both."""
    size = len(whole) + len(copy)
    spectra = [np.fft.rfft(part, size, axis=0) for part in (whole, copy)]
    cross = np.fft.irfft((spectra[0] * spectra[1].conj()).sum(1), size)
    return float(cross.max() / np.sqrt(float((whole**2).sum()) * float((copy**2).sum()) + 1e-9))


def shifted(bands: Floats, by: float) -> Floats:
    """Sound (N, BANDS) whose pitch is `by` bands higher; 0 where nothing is known."""
    return between(bands.T, np.arange(BANDS, dtype=float) - by).T


def pitches(speed: float) -> tuple[float, ...]:
    """By how many bands a sound's pitch may have gone up with its speed: not, where it was kept."""
    by = round(float(np.log2(speed)) / OCTAVES, 2)
    return (0.0, by) if abs(by) > 0.2 else (0.0,)


def _peaks(
    whole: Floats,
    chunk: Floats,
    start: int,
    pitched: tuple[float, ...] | None,
    speeds: tuple[float, ...] = SPEEDS,
) -> list[tuple[float, Line]]:
    """(correlation, line) of the `PEAKS` best places of `chunk` (n, K) in `whole` (N, K) over all speeds."""
    size = len(whole) + int(len(chunk) * max(SPEEDS)) + 1
    spectrum = np.fft.rfft(whole, size, axis=0)
    power = np.cumsum(np.pad((whole**2).sum(1), (1, size - len(whole))))
    best: list[tuple[float, Line]] = []
    for speed in SPEEDS:
        count = int(len(chunk) * speed)
        scaled = between(chunk, np.arange(count) / speed)
        energy = np.maximum(power[count:] - power[:-count], 1e-9)
        level = float(np.sqrt((scaled**2).sum() * energy.max()))
        if level < 1e-6:
            continue
        for pitch in pitches(speed) if pitched is None else pitched:
            moved = shifted(scaled, -pitch) if pitch else scaled
            cross = np.fft.irfft((spectrum * np.fft.rfft(moved, size, axis=0).conj()).sum(1), size)
            begins = np.arange(-count // 2, len(whole) - count // 2)
            score = cross[begins] / np.sqrt(
                (moved**2).sum() * np.maximum(energy[np.clip(begins, 0, len(energy) - 1)], 0.3 * energy.max())
                + 1e-9
            )
            for _ in range(PEAKS):
                top = int(score.argmax())
                if score[top] < LIKELY:
                    break
                best.append(
                    (
                        float(score[top]) * (1.0 if speed == 1.0 else OTHER),
                        Line(speed, float(begins[top] - speed * start)),
                    )
                )
                score[max(0, top - 4) : top + 5] = 0.0
    best.sort(key=lambda entry: -entry[0])
    middle = start + len(chunk) / 2
    kept: list[tuple[float, Line]] = []
    for value, line in best:
        if not any(
            abs(line.at(middle) - one.at(middle)) < 4 and abs(line.speed - one.speed) < 0.05
            for _, one in kept
        ):
            kept.append((value, line))
        if len(kept) == PEAKS:
            break
    return kept
