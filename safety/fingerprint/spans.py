"""What differs, in words: the spans of time and the boxes that the alteration map lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from safety.fingerprint.align import WINDOW
from safety.fingerprint.geometry import Box
from safety.fingerprint.picture import REACH, STEP
from safety.fingerprint.regions import Differences, Region, differences, regions, whole
from safety.fingerprint.runs import LEAST, MOVED, Run, at_seam, moved_runs, placed, seams_of
from safety.fingerprint.sight import Colours, Sight
from safety.fingerprint.tempo import Line

Kind = Literal["picture", "region", "sound", "missing", "inserted", "reordered", "speed"]

LARGE = 0.70  # of the picture: a larger box is the whole picture
AGREES = 0.35  # share of the picture that must be as released for the rest to be a region
PACE = 0.04  # by how much a run's speed must differ from the copy's


@dataclass(frozen=True)
class Span:
    """Seconds that differ.

    Attributes:
        start, end: of the copy, within half a second; for "missing" of the released clip.
        kind: "picture": other pictures than were released; "region": a part of the picture is another, the
            rest is as released; "sound": other sound, or none; "inserted": seconds more than were released;
            "missing": seconds less; "reordered": seconds from elsewhere in the clip; "speed": faster or
            slower than the rest of the copy.
        confidence: 0..1; how clearly it differs.
        box: left, top, right, bottom in fractions of the copy's picture; of a picture that differs in one
            part, and of a region.
        released_start, released_end: the same moment in the released clip; None where it is none of it.
        speed: of the copy against the released clip in these seconds, where it is not that of the rest.
    """

    start: float
    end: float
    kind: Kind
    confidence: float = 1.0
    box: Box | None = None
    released_start: float | None = None
    released_end: float | None = None
    speed: float | None = None


@dataclass(frozen=True)
class Gap:
    """What lies between two runs: samples start..end of the copy, begin..finish of the released clip."""

    start: int
    end: int
    begin: float
    finish: float
    line: Line
    at_start: bool
    at_end: bool

    @property
    def lost(self) -> float:
        """Released samples that the copy has no room for; negative where it has more."""
        return (self.finish - self.begin) - (self.end - self.start) * self.line.speed


def gaps(kept: list[Run], released: int, probe: int) -> Iterator[Gap]:
    """Before, between and after the runs."""
    first, last = kept[0], kept[-1]
    yield Gap(0, first.start, 0.0, max(0.0, first.first), first.line, True, False)
    for one, two in pairwise(kept):
        yield Gap(one.end, two.start, one.after, two.first, one.line, False, False)
    yield Gap(last.end, probe, min(last.after, released), released, last.line, False, True)


def picture_spans(
    seen: Sight, usual: float, fitted: Colours, runs: list[Run], kept: list[Run]
) -> tuple[list[Span], tuple[Box, ...]]:
    """Spans of the pictures, and boxes of what was laid over them."""
    count = len(seen.theirs)
    moved = moved_runs(runs, kept)
    between = list(gaps(kept, len(seen.ours), count))
    spans = [_placed(*_reaching(run, between), "reordered", run.line) for run in moved]
    spans += [
        _placed(run.start, run.end, "speed", run.line, speed=round(run.line.speed / usual, 2))
        for run in kept
        if abs(run.line.speed / usual - 1) > PACE and run.size >= MOVED
    ]
    on_line = [(run.start, run.end, run.line) for run in kept]
    differing: list[Gap] = []
    for gap in between:
        spans += _missing(gap, moved)
        copied = gap.end - gap.start
        if _explained(gap, moved):
            continue
        seam = abs(gap.lost) >= LEAST and gap.end - gap.start <= WINDOW  # a cut seen through the window
        if copied < LEAST or seam:
            continue
        if -gap.lost >= LEAST * 1.0:
            spans.append(Span(*_trimmed(gap), "inserted"))
        else:
            differing.append(gap)
            on_line.append((gap.start, gap.end, gap.line))
    found = differences(seen, sorted(on_line, key=lambda entry: entry[0]), fitted)
    spans += [_replaced(found, gap) for gap in differing]
    covered: list[Box] = []
    seams = seams_of(placed(runs, kept))
    for region in regions(found):
        if region.laid_over:
            covered.append(region.box)
        elif not at_seam(region.start, region.end, seams) and not any(
            _overlaps(region, gap) for gap in differing
        ):
            line = next((one for start, end, one in on_line if start <= region.start < end), kept[0].line)
            spans.append(_placed(region.start, region.end, "region", line, region.confidence, region.box))
    return spans, tuple(dict.fromkeys(covered))


def _missing(gap: Gap, moved: list[Run]) -> list[Span]:
    """The released seconds that the copy lacks; those that were moved elsewhere are not lacking."""
    if gap.lost < LEAST:
        return []
    start, end = gap.finish - gap.lost, gap.finish
    for run in moved:
        if run.first - WINDOW <= start and run.after + WINDOW >= end:
            return []
        if run.first - WINDOW <= start < run.after:
            start = run.after
        if run.first < end <= run.after + WINDOW:
            end = run.first
    if end - start < LEAST:
        return []
    return [Span(_t(start), _t(end), "missing", released_start=_t(start), released_end=_t(end))]


def _explained(gap: Gap, moved: list[Run]) -> bool:
    """Most of the gap is runs out of order; a window on each side sees both."""
    taken = [max(0, min(run.end, gap.end) - max(run.start, gap.start)) for run in moved]
    return any(taken) and 2 * (sum(taken) + WINDOW) > gap.end - gap.start


def _reaching(run: Run, between: list[Gap]) -> tuple[int, int]:
    """A run out of order as far as the gap that it lies in, if a window reaches there."""
    start, end = run.start, run.end
    for gap in between:
        if gap.start <= start <= gap.start + WINDOW:
            start = gap.start
        if gap.end - WINDOW <= end <= gap.end:
            end = gap.end
    return start, end


def _replaced(found: Differences, gap: Gap) -> Span:
    """A region where the rest is as it was, or the whole picture."""
    part = whole(found, gap.start, gap.end)
    left, top, right, bottom = part.box
    judged = found.judged
    same = (found.differs[gap.start : gap.end] < 1.0).mean(0)[judged]
    small = (right - left) * (bottom - top) <= LARGE * judged.mean()
    kind: Kind = "region" if small and float((same > 0.6).mean()) > AGREES else "picture"
    return _placed(part.start, part.end, kind, gap.line, part.confidence, part.box if small else None)


def _overlaps(region: Region, gap: Gap) -> bool:
    """Most of the region's time lies in the gap, or little beside it."""
    common = min(region.end, gap.end) - max(region.start, gap.start)
    return common > 0 and (region.end - region.start) - common < 2 * WINDOW


def _trimmed(gap: Gap) -> tuple[float, float]:
    """A sample averages the frames within REACH: it sees a change that much before and after."""
    start = _t(gap.start) + (0.0 if gap.at_start else REACH)
    end = _t(gap.end) - (0.0 if gap.at_end else REACH)
    return round(start, 2), round(end, 2)


def _placed(
    start: int, end: int, kind: Kind, line: Line, confidence: float = 1.0, box: Box | None = None,
    speed: float | None = None,
) -> Span:  # fmt: skip
    first, after = line.speed * start + line.offset, line.speed * end + line.offset
    return Span(_t(start), _t(end), kind, confidence, box, _t(first), _t(after), speed)


def _t(sample: float) -> float:
    return round(max(0.0, sample) * STEP, 2)
