"""The report's timeline: what there was in each second of a video."""

import numpy as np

from perception.audio import Speech
from safety.detector.cues import head_speed
from safety.detector.lips import GRID, voiced_parts
from safety.detector.motion.blinks import Blink, find_blinks
from safety.detector.motion.observer import part
from safety.detector.report import Finding, Second
from safety.detector.track import Floats, Track
from safety.detector.watch import Watch

_APART = 1.0  # seconds: parts of the sound that are less far apart are listened to in one piece


def timeline(
    watch: Watch, track: Track, speech: Speech | None, findings: tuple[Finding, ...]
) -> tuple[Second, ...]:
    """Second by second, from the video's start on; what was not looked at is empty.

    Args:
        track: of the face that is followed first.
    """
    speed = head_speed(track)
    blinks = _blinks(watch, track)
    speaking = _speaking(watch, speech)
    return tuple(
        _second(start, track, speed, speaking, blinks, findings)
        for start in range(int(np.floor(watch.last)) + 1)
    )


def _second(
    start: int,
    track: Track,
    speed: Floats,
    speaking: Floats | None,
    blinks: list[Blink],
    findings: tuple[Finding, ...],
) -> Second:
    within = slice(*np.searchsorted(track.at, [start, start + 1]))
    searched = track.searched[within]
    seen = track.seen[within]
    signs = (f.name for f in findings if f.sign > 0 and f.start < start + 1 and f.end > start)
    return Second(
        start=float(start),
        faces=int(np.nanmax(searched)) if np.isfinite(searched).any() else None,
        seen=float(seen.mean()) if len(seen) else 0.0,
        speaking=None if speaking is None else _mean(speaking[start * GRID : (start + 1) * GRID]),
        mouth=_mean(track.mouth[within]),
        blinks=sum(start <= blink.at < start + 1 for blink in blinks),
        turning=_mean(speed[within]),
        signs=tuple(dict.fromkeys(signs)),
    )


def _blinks(watch: Watch, track: Track) -> list[Blink]:
    """Shot by shot: a cut is no blink."""
    found = []
    for start, end in watch.shots:
        rows = slice(*np.searchsorted(track.at, [start, end + 1e-6]))
        found += find_blinks(track.part(rows))
    return found


def _speaking(watch: Watch, speech: Speech | None) -> Floats | None:
    """`GRID` a second from 0 on: whether there is speech; NaN where nobody listened. None without sound."""
    if speech is None or speech.silent:
        return None
    speaking = np.full(int(np.ceil(watch.last * GRID)) + GRID, np.nan)
    for start, end in _pieces(watch.shots):
        heard = voiced_parts(part(speech, start, end))
        first = round(start * GRID)
        room = speaking[first : first + len(heard)]
        room[:] = heard[: len(room)]
    return speaking


def _pieces(shots: list[list[float]]) -> list[tuple[float, float]]:
    """What was looked at without a gap."""
    pieces: list[tuple[float, float]] = []
    for start, end in shots:
        if pieces and start - pieces[-1][1] < _APART:
            pieces[-1] = (pieces[-1][0], end)
        else:
            pieces.append((start, end))
    return pieces


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
