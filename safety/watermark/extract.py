"""Extraction: pieces of a video to a Reading.

False positives. To anybody without the key the signs of the carriers are independent fair coins. For any
fixed video the correlation of one fixed code word with the likelihoods, in units of their norm, is then a
Rademacher sum, and exceeds z with a probability of at most exp(-z^2 / 2) (Hoeffding 1963). 2^96 code
words parse, so one attempt (a key, a geometry, an order of phases, a stretch of time) gives any of them
above z with at most 2^96 exp(-z^2 / 2). The n-th attempt on a video may spend 6 / (pi n)^2 of
FALSE_POSITIVE, which adds up to FALSE_POSITIVE over any number of attempts: hence `bound`, and a floor on z
of 13.3 at the first attempt and 14.2 at the thousandth. Geometries and phases come from the pilots alone, so
that seeking them does not weaken the bound; every decoding counts as an attempt. The CRC (256 paths x 2^-32
for each attempt) is a second hurdle: it keeps a mark too weak to read from being read wrongly.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from safety.watermark.demodulate import Carriers, Pictures, demodulate
from safety.watermark.embed import MIN_SIDE
from safety.watermark.pattern import CODE, TILES, Pattern
from safety.watermark.payload import PAYLOAD_BITS, parse
from safety.watermark.reading import Reading, Segment
from safety.watermark.sync import Geometry, Seeker, askew, full, likely
from safety.watermark.windows import Piece, pieces

FALSE_POSITIVE = 1e-9  # per video
FLOOR = math.sqrt(
    2 * (PAYLOAD_BITS * math.log(2) - math.log(FALSE_POSITIVE * 6 / math.pi**2))
)  # z of a first attempt
SAME = (
    5.5  # correlation at which a piece carries a payload known from elsewhere in the video: chance exp(-15)
)
GLANCE = 4.0  # pilot score under which a geometry is not worth an attempt at decoding
STRETCH = 2  # pieces (seconds) that must be readable alone
CHUNK = 8  # pieces read together
KEPT = 256  # pieces kept to be looked at again once more payloads are known
TOGETHER = 64  # pieces read together where shorter stretches show nothing
SURE_SECONDS = 900.0  # once a payload is found, no more than this is read
REFINED = 6  # candidates of the full search that are refined


@dataclass(frozen=True)
class Found:
    """A payload in the video, where it was clearest."""

    payload: bytes
    pattern: Pattern
    geometry: Geometry
    z: float
    false_positive: float


@dataclass
class _Place:
    """A piece and the payload it was found to carry."""

    piece: Piece
    owner: tuple[str, bytes] | None = None


@dataclass
class Reader:
    """Reads one video with several keys."""

    patterns: Sequence[Pattern]
    thorough: bool
    attempts: int = 0
    found: dict[tuple[str, bytes], Found] = field(default_factory=dict)

    def read(self, frames: Iterable[tuple[float, NDArray[np.uint8]]]) -> Reading:
        """See Watermark.extract."""
        places: list[_Place] = []
        chunk: list[_Place] = []
        spans: list[Segment] = []
        count, chunks, base = 0, 0, 0.0
        for piece in pieces(frames):
            count += piece.frames
            base = TILES / min(piece.picture.shape)
            chunk.append(_Place(piece))
            if len(chunk) == CHUNK:
                chunks += 1
                self._read_chunk(chunk, search=chunks & (chunks - 1) == 0)
                places, chunk = places + chunk, []
                spans, places = spans + _spans(places[:-KEPT]), places[-KEPT:]
                if self.found and piece.end >= SURE_SECONDS:
                    break
        if chunk:
            self._read_chunk(chunk, search=True)
            places += chunk
        if not self.found and chunks:
            for pattern in self.patterns:
                self._hunt(_pictures(places[-TOGETHER:]), pattern, search=False)
        for place in places:
            self._recognise(place)
        return self._sum_up(spans + _spans(places), count, base)

    def _read_chunk(self, chunk: list[_Place], *, search: bool) -> None:
        if min(chunk[0].piece.picture.shape) < MIN_SIDE:
            return  # smaller than anything that is marked: its waves are gone
        for pattern in self.patterns:
            for place in chunk:
                self._recognise(place)
            open_ = [place for place in chunk if place.owner is None]
            if not open_:
                return
            self._hunt(
                _pictures(open_), pattern, search=self.thorough and search and len(open_) == len(chunk)
            )
            for start in range(0, len(chunk), STRETCH):
                self._read_stretch(chunk[start : start + STRETCH], pattern)

    def _read_stretch(self, stretch: list[_Place], pattern: Pattern) -> None:
        for place in stretch:
            self._recognise(place)
        if any(place.owner is None for place in stretch):
            fresh = self._hunt(_pictures(p for p in stretch if p.owner is None), pattern, search=False)
            if fresh is not None:
                for place in stretch:
                    self._recognise(place)

    def _hunt(self, pictures: list[Pictures], pattern: Pattern, *, search: bool) -> Found | None:
        """Seek the tile and decode: known geometries, then likely ones, then, if asked, all."""
        height, width = pictures[0].shape
        seeker = Seeker(np.mean(pictures, axis=0), pattern)
        matrices = likely(width, height)
        known = [each.geometry.matrix for each in self.found.values()]
        if known:
            matrices = np.concatenate([np.array(known), matrices])
        for geometry in seeker.best(matrices, keep=2):
            settled = seeker.settle(geometry)
            found = self._attempt(pictures, pattern, settled) or self._attempt(
                pictures, pattern, seeker.refine(settled, 0.002)
            )
            if found is not None:
                return found
        for matrices in (full(width, height), askew(width, height)) if search else ():
            for geometry in seeker.best(matrices, keep=REFINED):
                found = self._attempt(pictures, pattern, seeker.refine(geometry, 0.006))
                if found is not None:
                    return found
        return None

    def _attempt(self, pictures: list[Pictures], pattern: Pattern, geometry: Geometry) -> Found | None:
        if geometry.score < GLANCE:
            return None
        for carriers in demodulate(pictures, pattern, geometry):
            found = self._decode(carriers, pattern, geometry)
            if found is not None:
                return found
        return None

    def _decode(self, carriers: Carriers, pattern: Pattern, geometry: Geometry) -> Found | None:
        self.attempts += 1
        for message in CODE.decode(pattern.likelihoods(carriers)[None])[0]:
            payload = parse(message, pattern.check)
            if payload is None:
                continue
            z = _correlation(carriers, pattern, payload)
            chance = bound(z, self.attempts)
            if chance > FALSE_POSITIVE:
                return None
            found = Found(payload, pattern, geometry, z, chance)
            name = (pattern.key_id, payload)
            if name not in self.found or self.found[name].z < z:
                self.found[name] = found
            return found
        return None

    def _recognise(self, place: _Place) -> None:
        """Give the piece to the known payload that it carries most clearly, if any."""
        best = SAME
        for name, known in self.found.items() if place.owner is None else ():
            (carriers,) = demodulate([place.piece.picture], known.pattern, known.geometry)
            z = _correlation(carriers, known.pattern, known.payload)
            if z > best:
                best, place.owner = z, name

    def _sum_up(self, spans: list[Segment], frames: int, base: float) -> Reading:
        segments = tuple(_merge(spans))
        if not self.found:
            return Reading(None, None, 0.0, FALSE_POSITIVE, segments, frames)
        seconds = dict.fromkeys(self.found, 0.0)
        for segment in segments:
            for name in seconds:
                seconds[name] += (segment.end - segment.start) * (segment.payload == name[1].hex())
        main = self.found[max(seconds, key=lambda name: (seconds[name], self.found[name].z))]
        return Reading(
            payload=main.payload,
            key_id=main.pattern.key_id,
            confidence=min(1.0, main.z / (2 * FLOOR)),
            false_positive=main.false_positive,
            segments=segments,
            frames=frames,
            geometry=main.geometry.describe(base),
        )


def bound(z: float, attempt: int) -> float:
    """Adjusted probability that an unmarked video gives any payload at z or above at its n-th attempt."""
    spent = math.log(math.pi**2 / 6) + 2 * math.log(attempt)
    return min(1.0, math.exp(min(0.0, spent + PAYLOAD_BITS * math.log(2) - z * z / 2)))


def _correlation(carriers: NDArray[np.float64], pattern: Pattern, payload: bytes) -> float:
    signs = pattern.carriers(payload)
    return float(signs @ carriers / max(float(np.linalg.norm(carriers)), 1e-12))


def _pictures(places: Iterable[_Place]) -> list[Pictures]:
    return [place.piece.picture for place in places]


def _spans(places: Iterable[_Place]) -> list[Segment]:
    return [
        Segment(p.piece.start, p.piece.end, None if p.owner is None else p.owner[1].hex()) for p in places
    ]


def _merge(spans: Iterable[Segment]) -> list[Segment]:
    merged: list[Segment] = []
    for span in spans:
        if merged and merged[-1].payload == span.payload:
            merged[-1] = Segment(merged[-1].start, span.end, span.payload)
        else:
            merged.append(span)
    return merged
