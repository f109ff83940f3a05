"""From findings to a judgement of each face, and of the video."""

from dataclasses import dataclass, replace
from math import isfinite

from safety.detector.fusion import Judgement, Quality, judge
from safety.detector.motion.observer import LEAST_SEEN
from safety.detector.observers import Heard
from safety.detector.report import LEAST_SECONDS, FaceTrack, Finding, Verdict
from safety.detector.stretch import Stretch
from safety.detector.view import Noted
from safety.detector.watch import LEAST_EYES

STILL = "The face is a still picture: there is no motion to judge."

_RANK: dict[Verdict, int] = {"no_sign": 0, "inconclusive": 1, "machine_made": 2}


@dataclass(frozen=True)
class JudgedFace:
    """One face: what was found on it, and notes on what could not be measured."""

    track: FaceTrack
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    opinion: Judgement


@dataclass(frozen=True)
class Judged:
    """Every face of a video.

    Attributes:
        tracks: one for each face in each shot.
        findings: of the sound and of all faces that could be judged.
        notes: on what could not be measured in those.
        suspect: the most suspicious face that could be judged; None where none could be.
    """

    tracks: tuple[FaceTrack, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    suspect: JudgedFace | None


def groups(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Groups of cues, in the order of their first finding."""
    return tuple(dict.fromkeys(finding.group for finding in findings))


class Judge:
    """Judges every face that was followed. What the sound alone says counts for each of them.

    Args:
        heard: the sound of the whole video.
    """

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._closed: dict[Stretch, JudgedFace] = {}

    def close(self, stretch: Stretch) -> None:
        """Judge a face of which no more will be seen, and let go of what looked at it."""
        self._closed[stretch] = self._judge(stretch)
        stretch.release()

    def faces(self, stretches: list[Stretch]) -> Judged:
        """What is known of them now."""
        faces = [self._closed.get(stretch) or self._judge(stretch) for stretch in stretches]
        able = [face for face in faces if not face.track.note]
        suspect = max(able, key=lambda face: (_RANK[face.track.verdict], face.track.score), default=None)
        return Judged(
            tracks=tuple(face.track for face in faces),
            findings=(*self._heard.findings, *(finding for face in faces for finding in face.findings)),
            notes=tuple(dict.fromkeys(note for face in able for note in face.notes)),
            suspect=suspect,
        )

    def _judge(self, stretch: Stretch) -> JudgedFace:
        """One face through one shot."""
        track = stretch.motion.track()
        seen = float(track.seen.mean())
        note = _note(track.seconds, seen, stretch.eye_distance) or (STILL if stretch.motion.still else "")
        findings, notes = ((), ()) if note else self._found(stretch)
        quality = Quality(track.seconds, stretch.eye_distance, seen, self._heard.speech is not None)
        opinion = judge((*self._heard.findings, *findings) if not note else (), quality)
        shown = FaceTrack(
            face=stretch.number,
            shot=stretch.shot,
            start=float(track.at[0]),
            end=float(track.at[-1]) + track.step,
            box=stretch.motion.box("face"),
            eye_distance=stretch.eye_distance,
            seen=seen,
            judged=groups(findings),
            score=opinion.score,
            verdict="inconclusive" if note else opinion.verdict,
            note=note,
        )
        return JudgedFace(shown, findings, (*opinion.notes, *notes), opinion)

    def _found(self, stretch: Stretch) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """Findings and notes of all observers. What is no number is not measured."""
        page = stretch.motion.page(self._heard.speech)
        found, notes = list(page.findings), list(page.notes)
        for observer in stretch.others:
            found += observer.findings(self._heard.speech)
            notes += observer.notes() if isinstance(observer, Noted) else []
        numbers = (replace(f, face=stretch.number) for f in found if isfinite(f.value) and isfinite(f.sign))
        return tuple(numbers), tuple(notes)


def _note(seconds: float, seen: float, eyes: float) -> str:
    """Why a face cannot be judged; empty where it can."""
    if eyes < LEAST_EYES:
        return f"The face is too small: its eyes are {eyes:.0f} pixels apart and {LEAST_EYES:g} are needed."
    if seconds < LEAST_SECONDS:
        return f"The face is seen for {seconds:.1f} seconds: {LEAST_SECONDS:g} are needed."
    if seen < LEAST_SEEN:
        return f"The face is seen in {seen:.0%} of the frames: {LEAST_SEEN:.0%} are needed."
    return ""
