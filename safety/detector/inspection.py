"""Look at a video once and report."""

from collections.abc import Callable, Iterable

from perception.audio import Speech
from perception.errors import MediaEmpty
from safety.detector.checks import Expectations, Screening, run_checks
from safety.detector.fusion import Quality, judge
from safety.detector.judgement import Judge, groups
from safety.detector.lips import measure
from safety.detector.notes import of_recording, of_video
from safety.detector.observers import Heard, listen, observers
from safety.detector.report import Check, Progress, Report
from safety.detector.sampling import WHOLE, plan
from safety.detector.timeline import timeline
from safety.detector.track import Finder, Pixels, Track
from safety.detector.watch import Watch

PROGRESS_SECONDS, PROGRESS_SHARE = 5.0, 0.2
"""Of the video, from one word of progress to the next; and as a share of what was looked at by then, so that
what is told on the way costs less than the way."""


def inspect(
    frames: Iterable[tuple[float, Pixels]],
    speech: Speech | None,
    fps: float,
    *,
    finder: Finder,
    expect: Expectations | None = None,
    seconds: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Measure the cues of a video, and with `expect` check a clip of our own.

    Frames are looked at one by one and let go. Identity, watermark and credentials are no business of this
    report: a cue never looks at who is shown. Of a clip of our own every frame is looked at; of another
    video at most two minutes, in windows that are spread over it, and at most 40 frames a second.

    Args:
        frames: (seconds, (H, W, 3) uint8 RGB), rising in time.
        speech: the sound from time 0 on; None for a video without.
        fps: nominal frames per second; 0 where unknown.
        finder: `perception.face.FaceFinder`.
        expect: what the clip was to be.
        seconds: how long the video is by its header; None or 0 where that does not tell.
        progress: called every few seconds of the video with what is known by then.

    Raises:
        MediaEmpty: no frames.
        MediaError: whatever reading `frames` raises.
    """
    ours = expect is not None
    screening = None if expect is None else Screening()
    heard = listen(speech)
    faces = Judge(heard)
    parts = WHOLE if ours else plan(seconds)
    watch = Watch(finder, observers, parts, every_frame=ours, ended=faces.close)
    tell_at = PROGRESS_SECONDS
    for at, pixels in frames:
        watch.see(at, pixels)
        if screening is not None:
            screening.see(at, pixels)
        if progress is not None and at >= tell_at:
            tell_at = at + max(PROGRESS_SECONDS, PROGRESS_SHARE * watch.looked_seconds)
            progress(Progress(at, seconds or None, _report(watch, faces, heard, fps)))
    if not watch.looked:
        raise MediaEmpty("there are no frames to look at")
    return _report(watch, faces, heard, fps, expect, screening)


def without_pictures(seconds: float, speech: Speech | None = None) -> Report:
    """The report on a recording: its sound alone is judged, so no face is and it is inconclusive."""
    heard = listen(speech)
    opinion = judge(heard.findings, Quality(seconds, 0.0, 0.0))
    return Report(
        score=opinion.score,
        verdict="inconclusive",
        seconds=seconds,
        frames=0,
        faces=0,
        judged=groups(heard.findings),
        findings=heard.findings,
        notes=of_recording(heard, calibrated=opinion.calibrated),
        checks=(),
        timeline=(),
        calibrated=opinion.calibrated,
    )


def _report(
    watch: Watch,
    faces: Judge,
    heard: Heard,
    fps: float,
    expect: Expectations | None = None,
    screening: Screening | None = None,
) -> Report:
    """What was seen up to now."""
    track = watch.main.track(fps)
    judged = faces.faces(watch.stretches)
    length = watch.last - watch.first + track.step
    suspect = None if judged.suspect is None else judged.suspect.track
    unseen = Quality(length, 0.0, 0.0, heard.speech is not None)
    opinion = judge(heard.findings, unseen) if judged.suspect is None else judged.suspect.opinion
    return Report(
        score=opinion.score,
        verdict="inconclusive" if suspect is None else opinion.verdict,
        seconds=length,
        frames=watch.frames,
        faces=watch.crowd,
        judged=groups(judged.findings),
        findings=judged.findings,
        notes=of_video(watch, track, judged, heard, calibrated=opinion.calibrated),
        checks=() if expect is None else _checks(expect, track, heard.speech, screening),
        timeline=timeline(watch, track, heard.speech, judged.findings),
        calibrated=opinion.calibrated,
        tracks=judged.tracks,
        shots=tuple((start, end + track.step) for start, end in watch.shots),
        suspect=None if suspect is None else suspect.face,
    )


def _checks(
    expect: Expectations, track: Track, speech: Speech | None, screening: Screening | None
) -> tuple[Check, ...]:
    lips = None if speech is None else measure(track.at, track.mouth, speech)
    return run_checks(expect, track, speech, lips, screening)
