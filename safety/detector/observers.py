"""Who looks at a face, beside its motion, and who listens: one fresh set for each face in each shot."""

from dataclasses import dataclass
from math import isfinite

from perception.audio import Speech
from safety.detector.network import NetworkObserver
from safety.detector.picture import picture_observers
from safety.detector.report import Finding
from safety.detector.sound_cues import judged
from safety.detector.view import Observer


def observers() -> list[Observer]:
    """A fresh set, in the order in which findings are reported."""
    return [*picture_observers(), NetworkObserver()]


@dataclass(frozen=True)
class Heard:
    """The sound of a video, and what it says by itself.

    Attributes:
        speech: from time 0 on; None for a video without.
        findings, notes: what was found in it, and what could not be judged.
    """

    speech: Speech | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def listen(speech: Speech | None) -> Heard:
    """Listen to all of it once."""
    if speech is None:
        return Heard(None, (), ("There is no sound track.",))
    if speech.silent:
        return Heard(speech, (), ("The sound track is silent.",))
    findings, notes = judged(speech)
    found = tuple(f for f in findings if isfinite(f.value) and isfinite(f.sign))
    return Heard(speech, found, tuple(notes))
