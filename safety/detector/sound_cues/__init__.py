"""What the sound alone gives away: its room, breath, bandwidth, pauses, and the voice.

Every cue is weak: cleaning, telephones and cutting by hand leave the same traces. None says more than its
`Bounds.most`, and none asks who speaks.
"""

from collections.abc import Callable

from perception.audio import Speech
from safety.detector.report import Finding
from safety.detector.sound_cues.bandwidth import judge_bandwidth
from safety.detector.sound_cues.breath import judge_breath
from safety.detector.sound_cues.levels import MOST_SECONDS, Sound
from safety.detector.sound_cues.page import Heard
from safety.detector.sound_cues.room import judge_floor, judge_spread, judge_steps
from safety.detector.sound_cues.voice import judge_voice

__all__ = ["sound_findings", "sound_notes"]

_CUES: tuple[Callable[[Sound], Heard], ...] = (
    judge_floor,
    judge_steps,
    judge_spread,
    judge_breath,
    judge_bandwidth,
    judge_voice,
)


def sound_findings(speech: Speech) -> list[Finding]:
    """Every cue of the sound that could be judged; none of silence."""
    return [] if speech.silent else [found for heard in _listened(speech) for found in heard.findings]


def sound_notes(speech: Speech) -> list[str]:
    """Plain sentences on what could not be judged, and why."""
    if speech.silent:
        return ["The sound is silent: nothing in it can be judged."]
    notes = [heard.note for heard in _listened(speech) if heard.note]
    if speech.seconds > MOST_SECONDS:
        notes.append(f"Of the sound the first {MOST_SECONDS:g} seconds were listened to for its own traces.")
    return notes


def _listened(speech: Speech) -> list[Heard]:
    sound = Sound(speech)
    return [cue(sound) for cue in _CUES]
