"""Extraction: blocks of sound to a SoundReading.

False positives. To anybody without the key the signs of the carriers are independent fair coins. For any
fixed recording, place and speed the correlation of one code word's carriers with the readings, in units of
their norm, is then a Rademacher sum and exceeds z with a probability of at most exp(-z^2 / 2) (Hoeffding
1963). 2^96 code words parse, so one attempt (a key, a place, a speed, a span of time) gives any of them
above z with at most 2^96 exp(-z^2 / 2). The n-th attempt on a recording may spend 6 / (pi n)^2 of
FALSE_POSITIVE, which adds up to FALSE_POSITIVE over any number of attempts: hence `bound`, and a floor on z
of 13.3 at the first attempt and 14.2 at the thousandth. Places come from the pilots alone, whose signs are
independent of the data's, so searching does not weaken the bound. Where a period of the pattern is heard
several times its readings are added up first, so that each sign is counted once. The CRC is a second hurdle.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy.signal import resample_poly

from safety.watermark.payload import PAYLOAD_BITS, parse
from safety.watermark.sound.embed import resampled
from safety.watermark.sound.lapped import HOP, RATE, Samples
from safety.watermark.sound.pattern import CODE, PERIOD, Floats, SoundPattern
from safety.watermark.sound.reading import SoundReading, Stretch
from safety.watermark.sound.sync import Shift, by_frame, folded, readings, shifts, weigh

FALSE_POSITIVE = 1e-9  # per recording
FLOOR = math.sqrt(2 * (PAYLOAD_BITS * math.log(2) - math.log(FALSE_POSITIVE * 6 / math.pi**2)))
SAME = 5.5  # correlation at which a piece carries a payload known from elsewhere: chance exp(-15)
GLANCE = 5.0  # pilot score under which a place is not worth an attempt at decoding
PLACES = 2  # candidates tried for each span
PIECE = 128 * HOP  # samples (2.05 s) that a stretch is told by
WINDOW, EVERY = PERIOD // 4, PERIOD // 8  # samples (8.2 s, 4.1 s) of the spans that are searched alone
CHUNK_SECONDS, FRESH_SECONDS = PERIOD / RATE, 0.75 * PERIOD / RATE  # read at once; new in each
SURE_SECONDS = 900.0  # once a payload is found, no more than this is read
LEAST_SECONDS = 0.25
LEAST_LOG = math.log(1e-300)  # no smaller bound is told
SPEEDS = [
    Fraction(*pair)
    for pair in (
        (11, 10), (10, 11), (9, 10), (10, 9), (21, 20), (20, 21), (19, 20), (20, 19), (25, 24), (24, 25),
        (1001, 1000), (1000, 1001), (5, 4), (4, 5), (3, 2), (2, 3), (2, 1), (1, 2), (160, 147), (147, 160),
    )
]  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A payload in the recording, where it was clearest. `origin`: place of the recording's sample 0."""

    payload: bytes
    pattern: SoundPattern
    z: float
    false_positive: float
    speed: Fraction
    origin: float


@dataclass
class _Chunk:
    """A weighed part of the recording, from `start` seconds on, of which `fresh` seconds are new."""

    weighed: Samples
    start: float
    fresh: float
    owners: list[tuple[str, bytes] | None]

    def open_pieces(self, first: int, last: int) -> bool:
        return any(owner is None for owner in self.owners[first // PIECE : -(-last // PIECE)])


@dataclass
class SoundReader:
    """Reads one recording with several keys."""

    patterns: Sequence[SoundPattern]
    thorough: bool
    attempts: int = 0
    found: dict[tuple[str, bytes], Found] = field(default_factory=dict)

    def read(self, blocks: Iterable[Samples], rate: int) -> SoundReading:
        """See SoundWatermark.extract."""
        stretches: list[Stretch] = []
        seconds, count = 0.0, 0
        total: Samples = np.zeros(PERIOD, np.float32)
        for samples, start, fresh in chunked(blocks, rate):
            seconds, count = start + fresh, count + 1
            chunk = _Chunk(weigh(samples), start, fresh, [None] * -(-len(samples) // PIECE))
            if chunk.weighed.any():
                self._read_chunk(chunk, search=self.thorough and count & (count - 1) == 0)
                new = chunk.weighed[: round(fresh * RATE)]
                total += folded(np.roll(np.pad(new, (0, PERIOD - len(new))), round(start * RATE)))
            stretches += _stretches(chunk)
            if self.found and seconds >= SURE_SECONDS:
                break
        if not self.found and count > 1:
            for pattern in self.patterns:
                self._hunt(total, pattern, Fraction(1), 0.0)
        return self._sum_up(_merge(stretches), seconds)

    def _read_chunk(self, chunk: _Chunk, *, search: bool) -> None:
        speeds = dict.fromkeys([found.speed for found in self.found.values()] or [Fraction(1)])
        for known in list(self.found.values()):
            self._recognise(chunk, known)
        for pattern in self.patterns:
            for speed in speeds:
                self._read_spans(chunk, pattern, speed)
        if search and not self.found:
            for pattern in self.patterns:
                for speed in SPEEDS:
                    if self._read_span(chunk, pattern, speed, 0, len(chunk.weighed)):
                        self._read_spans(chunk, pattern, speed)
                        return

    def _read_spans(self, chunk: _Chunk, pattern: SoundPattern, speed: Fraction) -> None:
        """The whole chunk, then the windows of it that are still open."""
        count = len(chunk.weighed)
        self._read_span(chunk, pattern, speed, 0, count)
        if count > WINDOW:
            for first in range(0, count - EVERY, EVERY):
                self._read_span(chunk, pattern, speed, first, min(count, first + WINDOW))

    def _read_span(
        self, chunk: _Chunk, pattern: SoundPattern, speed: Fraction, first: int, last: int
    ) -> bool:
        if not chunk.open_pieces(first, last):
            return False
        found = self._hunt(chunk.weighed[first:last], pattern, speed, chunk.start + first / RATE)
        if found is not None:
            self._recognise(chunk, found)
        return found is not None

    def _hunt(self, weighed: Samples, pattern: SoundPattern, speed: Fraction, start: float) -> Found | None:
        """Seek the pattern in a span and decode; a payload found is kept."""
        if len(weighed) < LEAST_SECONDS * RATE or not weighed.any():
            return None
        slowed = _slowed(weighed, speed)
        for shift in shifts(slowed, pattern, PLACES):
            if shift.score < GLANCE:
                return None
            found = self._attempt(slowed, pattern, shift, speed, start)
            if found is not None:
                return found
        return None

    def _attempt(
        self, slowed: Samples, pattern: SoundPattern, shift: Shift, speed: Fraction, start: float
    ) -> Found | None:
        self.attempts += 1
        values, frames, _ = readings(slowed, shift)
        held = by_frame(values, frames)
        ratios = pattern.likelihoods(held)
        usual = float(np.sqrt(np.square(ratios).mean()))
        if usual == 0:
            return None
        for message in CODE.decode((ratios * (2 / usual))[None])[0]:
            payload = parse(message, pattern.check)
            if payload is None:
                continue
            z = _correlation(held, pattern, payload)
            chance = bound(z, self.attempts)
            if chance > FALSE_POSITIVE:
                return None
            origin = (shift.place - start * float(speed) * RATE) % PERIOD
            found = Found(payload, pattern, z, chance, speed, origin)
            name = (pattern.key_id, payload)
            if name not in self.found or self.found[name].z < z:
                self.found[name] = found
            return found
        return None

    def _recognise(self, chunk: _Chunk, found: Found) -> None:
        """Give the chunk's open pieces to the payload that was found, where they carry it."""
        slowed = _slowed(chunk.weighed, found.speed)
        place = (found.origin + chunk.start * float(found.speed) * RATE) % PERIOD
        values, frames, before = readings(slowed, Shift(place, 0.0, 1.0))
        signs = found.pattern.carriers(found.payload)[frames]
        agree, power = (signs * values).sum(1), (np.abs(signs) * values**2).sum(1)
        middle = (np.arange(len(values)) + 1) * HOP + before
        piece = np.clip(middle / float(found.speed) // PIECE, 0, len(chunk.owners) - 1).astype(np.int64)
        sums = np.bincount(piece, agree, len(chunk.owners))
        norms = np.sqrt(np.bincount(piece, power, len(chunk.owners)))
        for index in np.flatnonzero(np.abs(sums) > SAME * norms):
            if chunk.owners[index] is None and norms[index] > 0:
                chunk.owners[index] = (found.pattern.key_id, found.payload)

    def _sum_up(self, stretches: tuple[Stretch, ...], seconds: float) -> SoundReading:
        if not self.found:
            return SoundReading(None, None, 0.0, FALSE_POSITIVE, stretches, seconds)
        lasting = dict.fromkeys(self.found, 0.0)
        for stretch in stretches:
            for name in lasting:
                lasting[name] += (stretch.end - stretch.start) * (stretch.payload == name[1].hex())
        main = self.found[max(lasting, key=lambda name: (lasting[name], self.found[name].z))]
        return SoundReading(
            payload=main.payload,
            key_id=main.pattern.key_id,
            confidence=min(1.0, main.z / (2 * FLOOR)),
            false_positive=main.false_positive,
            stretches=stretches,
            seconds=seconds,
            speed=float(main.speed),
        )


def bound(z: float, attempt: int) -> float:
    """Adjusted probability that an unmarked recording gives any payload at z or above at its n-th attempt."""
    spent = math.log(math.pi**2 / 6) + 2 * math.log(attempt)
    return math.exp(min(0.0, max(LEAST_LOG, spent + PAYLOAD_BITS * math.log(2) - z * z / 2)))


def chunked(blocks: Iterable[Samples], rate: int) -> Iterator[tuple[Samples, float, float]]:
    """(samples at RATE, start, fresh seconds): overlapping parts, fresh up to where the next begins."""
    size, step = round(CHUNK_SECONDS * rate), round(FRESH_SECONDS * rate)
    waiting: list[Samples] = []
    held, start = 0, 0
    for block in blocks:
        for first in range(0, len(block), step):
            waiting.append(block[first : first + step])
            held += len(waiting[-1])
            while held > size:
                whole = np.concatenate(waiting)
                yield resampled(whole[:size], rate, RATE), start / rate, step / rate
                waiting, held, start = [whole[step:]], held - step, start + step
    if held:
        yield resampled(np.concatenate(waiting), rate, RATE), start / rate, held / rate


def _slowed(weighed: Samples, speed: Fraction) -> Samples:
    """At the speed at which it was marked."""
    if speed == 1:
        return weighed
    return np.asarray(resample_poly(weighed, speed.numerator, speed.denominator), np.float32)


def _correlation(held: Floats, pattern: SoundPattern, payload: bytes) -> float:
    norm = float(np.sqrt(np.square(held[~pattern.pilots], dtype=np.float64).sum()))
    agree = float((pattern.carriers(payload) * held).sum(dtype=np.float64))
    return agree / max(norm, 1e-12)


def _stretches(chunk: _Chunk) -> list[Stretch]:
    """The fresh part's pieces."""
    out: list[Stretch] = []
    for index, owner in enumerate(chunk.owners):
        start, end = index * PIECE / RATE, min((index + 1) * PIECE / RATE, chunk.fresh)
        if start < end:
            out.append(
                Stretch(chunk.start + start, chunk.start + end, None if owner is None else owner[1].hex())
            )
    return out


def _merge(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    merged: list[Stretch] = []
    for stretch in stretches:
        if merged and merged[-1].payload == stretch.payload:
            merged[-1] = Stretch(merged[-1].start, stretch.end, stretch.payload)
        else:
            merged.append(stretch)
    return tuple(merged)
