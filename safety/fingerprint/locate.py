"""The copy found in the released clip: geometry, speed and one moment, or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.fingerprint.clip import Fingerprint
from safety.fingerprint.covariance import Covariances, covariances
from safety.fingerprint.geometry import Mapping
from safety.fingerprint.picture import EVERY
from safety.fingerprint.register import Start, proposed, register
from safety.fingerprint.search import settled
from safety.fingerprint.sight import Sight, moved, sight
from safety.fingerprint.tempo import Line, between, candidates

PART = 125  # samples (10 s) of the copy that are looked for at once
SHORT = 50  # samples (4 s) of the parts that are looked for where the longer ones are not found
PARTS = 5  # at most, of each length
SURE = 0.75  # agreement at which no other candidate is tried
ENOUGH = 0.25  # agreement under which nothing was found
LONGER = 1.6  # times the released clip's length from which that is looked for in the copy
TRIED = 5  # candidates in each part that are tried roughly
REGISTERED = 2  # of all that are tried finely


@dataclass(frozen=True, eq=False)
class Found:
    """Attributes:
    mapping: from the copy's places to the released ones.
    line: from the copy's samples to the released ones.
    seen: both on the copy's grid.
    agreed: correlation of the movement of the part that was looked for, -1..1.
    """

    mapping: Mapping
    line: Line
    seen: Sight
    agreed: float


@dataclass(frozen=True)
class Place:
    """A line on which samples start..end of the copy may lie."""

    line: Line
    start: int
    end: int


def located(released: Fingerprint, probe: Fingerprint) -> Iterator[Found]:
    """Where the copy may lie in the released clip: by its longer parts, then by shorter ones.

    Where the copy is much the longer one, parts of the released clip are looked for in it.
    """
    simply = 1 in (released.version, probe.version)
    ours, theirs = moved(released, simply), moved(probe, simply)
    for places in _places(released, probe):
        starts: list[tuple[float, int, Start, Place]] = []
        for place in places:
            seen, weight = _side_by_side(released, probe, ours, theirs, place)
            first = proposed(seen)
            starts.append((first.agreed * weight, -len(starts), first, place))
        best: tuple[float, Mapping, Place] | None = None
        for _, _, first, place in sorted(starts, key=lambda entry: entry[:2], reverse=True)[:REGISTERED]:
            mapping, agreed = register(first)
            if best is None or agreed > best[0]:
                best = (agreed, mapping, place)
            if agreed > SURE:
                break
        if best is not None and best[0] > ENOUGH:
            agreed, mapping, place = best
            both = sight(released, probe, mapping, ours, theirs)
            yield Found(mapping, settled(both, place.line, place.start, place.end), both, agreed)


def _places(released: Fingerprint, probe: Fingerprint) -> Iterator[list[Place]]:
    """Lines of time to try: those of the longer parts first."""
    count, whole = len(probe.change), len(released.change)
    if count <= LONGER * whole:
        for parts in _parts(count):
            found = [Place(Line(1.0, 0.0), *parts[0])]
            for start, end in parts:
                found += [Place(line, start, end) for line in candidates(released, probe, start, end)[:TRIED]]
            yield found
        return
    for parts in _parts(whole):
        found = []
        for start, end in parts:
            for back in candidates(probe, released, start, end)[:TRIED]:
                first, last = (int(np.clip(back.at(k), 0, count)) for k in (start, end))
                if last - first > 1:
                    found.append(Place(Line(1 / back.speed, -back.offset / back.speed), first, last))
        yield found


def _parts(count: int) -> Iterator[list[tuple[int, int]]]:
    """Spans of a clip's samples: the whole, or long parts spread over it; then shorter ones."""
    for length in (PART, SHORT):
        if count <= length * 1.6:
            yield [(0, count)]
            if length == PART and count > SHORT:
                continue
            return
        starts = np.linspace(0, count - length, min(PARTS, -(-count // length) + 1)).astype(int)
        yield [(int(start), int(start) + length) for start in starts]


def _side_by_side(
    released: Fingerprint, probe: Fingerprint, ours: NDArray[np.float32], theirs: NDArray[np.float32],
    place: Place,
) -> tuple[Covariances, float]:  # fmt: skip
    """What a part of the copy and the released clip say about each other, and how far it is in there."""
    samples = np.arange(place.start, place.end)
    at = place.line(samples.astype(float))
    inside = (at >= 0) & (at <= len(ours) - 1)
    aspects = (released.aspect, probe.aspect)
    rows = samples[inside] // EVERY
    laid = np.clip(at[inside].astype(int) // EVERY, 0, len(released.layout) - 1)
    if not inside.any():
        laid, rows = np.zeros(1, int), np.zeros(1, int)
    layouts = (released.layout[laid, 0].mean(0).astype(float), probe.layout[rows, 0].mean(0).astype(float))
    seen = covariances(between(ours, at[inside]), theirs[samples[inside]], layouts, aspects)
    return seen, min(1.0, 2.0 * float(inside.mean()))
