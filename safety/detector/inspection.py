"""Look at a video once and report."""

from collections.abc import Iterable

import numpy as np

from perception.audio import Speech
from safety.detector import cues
from safety.detector.checks import Expectations, run_checks
from safety.detector.lips import GRID, Lips
from safety.detector.lips import measure as measure_lips
from safety.detector.report import LEAST_SECONDS, Finding, Report, Second, combine, judge
from safety.detector.track import Finder, Floats, Pixels, Track, follow


def inspect(
    frames: Iterable[tuple[float, Pixels]],
    speech: Speech | None,
    fps: float,
    *,
    finder: Finder,
    expect: Expectations | None = None,
) -> Report:
    """Measure the cues of a video, and with `expect` check a clip of our own.

    Frames are looked at one by one and let go. Identity, watermark and credentials are no business of this
    report: a cue never looks at who is shown.

    Args:
        frames: (seconds, (H, W, 3) uint8 RGB), rising in time.
        speech: the sound from time 0 on; None for a video without.
        fps: nominal frames per second; 0 where unknown.
        finder: `perception.face.FaceFinder`.
        expect: what the clip was to be.

    Raises:
        MediaEmpty: no frames.
        MediaError: whatever reading `frames` raises.
    """
    track = follow(frames, fps, finder)
    lips = None if speech is None else measure_lips(track.at, track.mouth, speech)
    blinks = cues.find_blinks(track)
    findings = _findings(track, lips, blinks)
    judged = tuple(dict.fromkeys(finding.group for finding in findings))
    score = combine(findings)
    return Report(
        score=score,
        verdict=judge(score, findings, judged, track.seconds),
        seconds=track.seconds,
        frames=len(track.at),
        faces=int(np.nanmax(track.searched)) if np.isfinite(track.searched).any() else 0,
        judged=judged,
        findings=findings,
        notes=_notes(track, speech, lips, findings),
        checks=() if expect is None else run_checks(expect, track, speech, lips),
        timeline=_timeline(track, lips, blinks, findings),
    )


def without_pictures(seconds: float) -> Report:
    """The report on a recording: nothing in it is looked at, so it is inconclusive."""
    score = combine(())
    return Report(
        score=score,
        verdict=judge(score, (), (), seconds),
        seconds=seconds,
        frames=0,
        faces=0,
        judged=(),
        findings=(),
        notes=("There is no picture: nothing was judged. The score is not calibrated.",),
        checks=(),
        timeline=(),
    )


def _findings(track: Track, lips: Lips | None, blinks: list[cues.Blink]) -> tuple[Finding, ...]:
    if not cues.usable(track):
        return ()
    found = [*cues.blink_findings(track, blinks), *cues.brow_findings(track), *cues.head_findings(track)]
    if lips is not None:
        found += cues.lip_findings(track, lips)
    return tuple(found)


def _notes(
    track: Track, speech: Speech | None, lips: Lips | None, findings: tuple[Finding, ...]
) -> tuple[str, ...]:
    """What could not be judged, and why."""
    notes = ["The score is not calibrated: it is no probability."]
    if track.seconds < LEAST_SECONDS:
        notes.append(f"The video is shorter than {LEAST_SECONDS:g} seconds: motion cannot be judged.")
    seen = float(track.seen.mean())
    if not seen:
        notes.append("No face was seen.")
    elif seen < cues.LEAST_SEEN:
        notes.append(f"A face was seen in {seen:.0%} of the frames: too few to judge its motion.")
    if np.nan_to_num(track.searched).max() > 1:
        notes.append("Several faces were seen: the largest at the start was followed.")
    if speech is None:
        notes.append("There is no sound track.")
    elif speech.silent:
        notes.append("The sound track is silent.")
    elif lips is None or not lips.measured:
        notes.append("The lips could not be compared with the sound.")
    elif not any(finding.group == "lips" for finding in findings):
        notes.append("The lips follow the sound too loosely to tell by which lag.")
    return tuple(notes)


def _timeline(
    track: Track, lips: Lips | None, blinks: list[cues.Blink], findings: tuple[Finding, ...]
) -> tuple[Second, ...]:
    speed = cues.head_speed(track)
    return tuple(
        _second(start, track, speed, lips, blinks, findings)
        for start in range(int(np.floor(track.at[-1])) + 1)
    )


def _second(
    start: int,
    track: Track,
    speed: Floats,
    lips: Lips | None,
    blinks: list[cues.Blink],
    findings: tuple[Finding, ...],
) -> Second:
    within = slice(*np.searchsorted(track.at, [start, start + 1]))
    searched = track.searched[within]
    seen = track.seen[within]
    speaking = None if lips is None else lips.speaking[start * GRID : (start + 1) * GRID]
    return Second(
        start=float(start),
        faces=int(np.nanmax(searched)) if np.isfinite(searched).any() else None,
        seen=float(seen.mean()) if len(seen) else 0.0,
        speaking=float(speaking.mean()) if speaking is not None and len(speaking) else None,
        mouth=_mean(track.mouth[within]),
        blinks=sum(start <= blink.at < start + 1 for blink in blinks),
        turning=_mean(speed[within]),
        signs=tuple(f.name for f in findings if f.sign > 0 and f.start < start + 1 and f.end > start),
    )


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
