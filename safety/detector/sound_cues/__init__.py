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

__all__ = ["judged"]

_CUES: tuple[Callable[[Sound], Heard], ...] = (
    judge_floor,
    judge_steps,
    judge_spread,
    judge_breath,
    judge_bandwidth,
    judge_voice,
)


def judged(speech: Speech) -> tuple[list[Finding], list[str]]:
    """Every cue of the sound that could be judged, and plain sentences on what could not, and why."""
    if speech.silent:
        return [], ["The sound is silent: nothing in it can be judged."]
    sound = Sound(speech)
    heard = [cue(sound) for cue in _CUES]
    notes = [each.note for each in heard if each.note]
    if speech.seconds > MOST_SECONDS:
        notes.append(f"Of the sound the first {MOST_SECONDS:g} seconds were listened to for its own traces.")
    return [found for each in heard for found in each.findings], notes
