"""A copy against what was released: whether it is the same clip, and which seconds differ."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from safety.fingerprint.align import (
    DROP,
    SOUND_AGREES,
    WINDOW,
    Agreement,
    agreement,
    follow,
    places,
    scores,
    sound_agreement,
)
from safety.fingerprint.clip import Fingerprint
from safety.fingerprint.picture import REACH, STEP

Kind = Literal["picture", "sound", "missing", "inserted"]

OVERLAP = 13  # samples (1.04 s)
LEAST = 5  # samples (0.4 s): shorter differences are not reported
# Samples' worth (1.92 s) of full agreement in one run that make it the same clip, or `MOST` of a shorter one.
# Of 112 comparisons between different 8-second clips of one portrait the best run held 18.5; the tail falls
# by a factor e every 2.2, so about one such pair in a thousand would pass. Different portraits agree nowhere.
ENOUGH, MOST = 24.0, 0.6


@dataclass(frozen=True)
class Span:
    """Seconds that differ.

    Attributes:
        start, end: of the copy, within half a second; for "missing" of the released clip.
        kind: "picture": other pictures than were released; "sound": other sound; "inserted": seconds more
            than were released; "missing": seconds less.
    """

    start: float
    end: float
    kind: Kind


@dataclass(frozen=True)
class Comparison:
    """What a copy is to a released clip.

    Attributes:
        same_clip: some two seconds of it were recognised in the released clip by their motion or sound.
        similarity: 0..1, share of the copy's pictures that are the released ones, in their order.
        altered: what differs, by time; empty for a faithful copy. Nothing is listed for another clip.
    """

    same_clip: bool
    similarity: float
    altered: tuple[Span, ...]


@dataclass(frozen=True)
class Run:
    """Samples start..end (exclusive) of the probe that show start + offset.. of the released clip."""

    start: int
    end: int
    offset: int


def compare(released: Fingerprint, probe: Fingerprint) -> Comparison:
    """Compare a copy with the released clip.

    Holds through H.264 at CRF 33, resizing to 50 %, 15 to 30 frames per second, changes of brightness and
    contrast, a trimmed start. Not through crops, mirroring, rotation or speed: those look like another clip.
    Differences under 0.4 s, or where neither picture moves nor sound is heard, stay unseen; of seconds
    replaced by others of the same portrait that happen to move alike, a part may. Copies at CRF 33 smaller
    than 160 pixels show differences that are none.
    """
    if len(released.motion) == 0 or len(probe.motion) == 0:
        return Comparison(same_clip=False, similarity=0.0, altered=())
    offsets = places(released, probe)
    judged = [agreement(released, probe, offset) for offset in offsets]
    path = follow(scores(judged))
    runs = in_order([run for run in _runs(path, offsets) if run.end - run.start >= LEAST])
    known = dict(zip(offsets, judged, strict=True))
    enough = min(ENOUGH, MOST * min(len(released.motion), len(probe.motion)))
    if not any(_evidence(released, probe, run, known[run.offset]) >= enough for run in runs):
        return Comparison(same_clip=False, similarity=0.0, altered=())
    spans = _picture_spans(runs, len(released.motion), len(probe.motion))
    spans += _sound_spans(released, probe, runs)
    share = sum(run.end - run.start for run in runs) / len(probe.motion)
    return Comparison(True, share, tuple(sorted(spans, key=lambda span: (span.start, span.kind))))


def _evidence(released: Fingerprint, probe: Fingerprint, run: Run, judged: Agreement) -> float:
    """How many samples' worth of full agreement a run holds, by motion or by sound, whichever has more."""
    part = slice(run.start, run.end)
    moved = np.clip(2.0 * judged.motion - 1.0, 0.0, 1.0) * judged.moving
    agree, heard = sound_agreement(released, probe, run.offset)
    return float(max(moved[part].sum(), (np.clip(2.0 * agree - 1.0, 0.0, 1.0) * heard)[part].sum()))


def _runs(path: NDArray[np.intp], offsets: list[int]) -> list[Run]:
    """The path as stretches of one offset, "nowhere" left out; gaps too short to report are closed."""
    cuts = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    runs: list[Run] = []
    for start, end in pairwise(cuts):
        if path[start] < 0:
            continue
        run = Run(start, end, offsets[path[start]])
        if runs and runs[-1].offset == run.offset and run.start - runs[-1].end < LEAST:
            run = Run(runs.pop().start, end, run.offset)
        runs.append(run)
    return runs


def in_order(runs: list[Run]) -> list[Run]:
    """The longest chain of runs that keeps the released clip's order; the others were moved there.

    Two runs may claim the same released second by chance (`OVERLAP`): then the earlier one gives way.
    """
    best: list[tuple[int, list[Run]]] = []
    for run in runs:
        before = [entry for entry in best if _after(entry[1][-1]) <= run.start + run.offset + OVERLAP]
        length, chain = max(before, key=lambda entry: entry[0], default=(0, []))
        best.append((length + run.end - run.start, [*chain, run]))
    chain = max(best, key=lambda entry: entry[0], default=(0, []))[1]
    twice = [max(0, _after(one) - two.start - two.offset) for one, two in pairwise(chain)]
    kept = [replace(run, end=run.end - claimed) for run, claimed in zip(chain, [*twice, 0], strict=False)]
    return [run for run in kept if run.end > run.start]


def _after(run: Run) -> int:
    """The released clip's sample that follows a run."""
    return run.end + run.offset


def _picture_spans(runs: list[Run], released: int, probe: int) -> list[Span]:
    """What lies between the runs: replaced, inserted or missing seconds."""
    spans: list[Span] = []
    edges = [Run(0, 0, 0), *runs, Run(probe, probe, released - probe)]
    for one, two in pairwise(edges):
        copied = two.start - one.end
        ours = (two.start + two.offset) - (one.end + one.offset)
        begin, lost = one.end + one.offset, ours - copied
        if lost >= LEAST:
            spans.append(Span(_t(begin + max(copied, 0)), _t(begin + ours), "missing"))
        seam = abs(lost) >= LEAST and copied <= WINDOW  # a cut seen through the window
        if copied >= LEAST and not seam:
            kind: Kind = "inserted" if -lost >= LEAST else "picture"
            # a sample averages the frames within REACH: it sees a change that much before and after
            start = _t(one.end) + (REACH if one.end else 0.0)
            end = _t(two.start) - (REACH if two.start < probe else 0.0)
            spans.append(Span(round(start, 2), round(end, 2), kind))
    return spans


def _sound_spans(released: Fingerprint, probe: Fingerprint, runs: list[Run]) -> list[Span]:
    """Where the sound differs from the released sound of the same moment."""
    count = len(probe.motion)
    agree, loud = np.ones(count), np.zeros(count, bool)
    for k, run in enumerate(runs):
        start = run.start if k else 0
        end = runs[k + 1].start if k + 1 < len(runs) else count
        near = [sound_agreement(released, probe, run.offset + shift) for shift in (-1, 0, 1)]
        agree[start:end] = np.max([value for value, _ in near], axis=0)[start:end]
        loud[start:end] = near[1][1][start:end]
    good = agree[loud & (agree > SOUND_AGREES[0])]
    usual = float(np.median(good)) if len(good) else 1.0
    least = np.clip(usual - DROP, *SOUND_AGREES)
    differs = np.concatenate([[False], loud & (agree < least), [False]])
    edges = np.flatnonzero(np.diff(differs.astype(int)))
    return [
        Span(_t(int(a)), _t(int(b)), "sound")
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if b - a >= LEAST
    ]


def _t(sample: int) -> float:
    return round(sample * STEP, 2)
