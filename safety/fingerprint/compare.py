"""A copy against what was released: whether it is the same clip, what differs, and how it was changed."""

from dataclasses import dataclass, field

from safety.fingerprint.align import agreement, follow, moving, scores
from safety.fingerprint.clip import Fingerprint
from safety.fingerprint.geometry import Box, Geometry, described
from safety.fingerprint.heard import sound_spans
from safety.fingerprint.locate import Found, located
from safety.fingerprint.runs import believed, in_order, placed, repaced, runs_of, usual_speed
from safety.fingerprint.search import places
from safety.fingerprint.sight import Sight, colours
from safety.fingerprint.spans import Span, picture_spans

# Samples' worth of movement that agrees cell by cell on one line, or that share of what moves in the copy, no
# less than `LEAST`, or that share of a short clip, make it the same clip. Of 168 pairs of rendered clips of
# one portrait with other words none held more than 8. At another speed more must: there are more chances.
ENOUGH, OF_MOVING, LEAST, OF_SHORT = 30.0, 0.28, 12.0, 0.4
ENOUGH_PACED, OF_MOVING_PACED = 60.0, 0.7
BY_CELLS = 3  # lines on which parts of the picture may agree by themselves


@dataclass(frozen=True)
class Comparison:
    """What a copy is to a released clip.

    Attributes:
        same_clip: some two seconds of it, less where little moves, were recognised by their movement.
        similarity: 0..1, share of the copy's pictures that are the released ones, in their order.
        altered: what differs, by time; empty for a faithful copy. Nothing is listed for another clip.
        geometry: what of the released picture the copy shows, and how.
        speed: of the copy against the released clip: 1.25 is a quarter faster.
        covered: boxes of what was laid over the picture, in fractions of the copy: captions, logos, frames.
    """

    same_clip: bool
    similarity: float
    altered: tuple[Span, ...]
    geometry: Geometry = field(default_factory=Geometry)
    speed: float = 1.0
    covered: tuple[Box, ...] = ()


NOTHING = Comparison(same_clip=False, similarity=0.0, altered=())


def compare(released: Fingerprint, probe: Fingerprint) -> Comparison:
    """Compare a copy with the released clip.

    Holds through what docs/fingerprint.md lists: coding, size, crops, bars, captions, mirrors, turns of a few
    degrees, speed, frame rates, colours. Differences under 0.4 s, or where neither picture moves nor sound
    is heard, stay unseen. A copy stretched out of its proportions, or set small into another moving picture,
    looks like another clip; so does one whose face was replaced throughout, unless enough else moves.
    """
    if len(released.change) and len(probe.change):
        for found in located(released, probe):
            comparison = _compared(released, probe, found)
            if comparison.same_clip:
                return comparison
    return NOTHING


def _compared(released: Fingerprint, probe: Fingerprint, found: Found) -> Comparison:
    seen = found.seen
    fitted = colours(seen, found.line)
    lines = places(seen, found.line)
    judged = [agreement(seen, line, fitted, k < BY_CELLS) for k, line in enumerate(lines)]
    runs = runs_of(follow(scores(judged)), lines)
    runs, held = believed(seen, runs)
    usual = usual_speed(runs) if runs else 1.0
    if held < _enough(released, seen, usual):
        return NOTHING
    runs = repaced(seen, runs, usual)
    kept = in_order(runs)
    spans, covered = picture_spans(seen, usual, fitted, runs, kept)
    spans += sound_spans(released, probe, placed(runs, kept), spans)
    share = sum(run.size for run in kept) / len(probe.change)
    return Comparison(
        True, min(1.0, share), tuple(sorted(spans, key=lambda span: (span.start, span.kind))),
        described(found.mapping, (released.aspect, probe.aspect)), round(usual, 3), covered,
    )  # fmt: skip


def _enough(released: Fingerprint, seen: Sight, speed: float) -> float:
    """The evidence that a copy at that speed must hold."""
    short = OF_SHORT * min(len(released.change), len(seen.theirs))
    busy = float(moving(seen.theirs).sum())
    if speed == 1.0:
        return min(ENOUGH, short, max(LEAST, OF_MOVING * busy))
    return min(ENOUGH_PACED, max(short, OF_MOVING_PACED * busy))
