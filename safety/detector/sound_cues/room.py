"""The room behind the voice: how quiet its pauses are, whether they are alike, and how they are spread.

A room and a microphone are heard in every pause; synthesised speech is followed by nothing, and pieces from
two recordings by two rooms. Noise gates, and cutting by hand, do both as well.
"""

import numpy as np

from safety.detector.sound_cues.levels import STEP, Sound
from safety.detector.sound_cues.page import Bounds, Heard, finding

FLOOR = Bounds(
    -75.0, None, 15.0, 0.6,
    "measured: -44 to -39 in readers (GRID); studios and their microphones lie 55 to 65 below",
)  # fmt: skip
STEPS = Bounds(None, 12.0, 12.0, 0.6, "measured: 6 dB at most between ten readers in one room (GRID corpus)")
SPREAD = Bounds(
    0.25, None, 0.2, 0.5,
    "Campione and Veronis 2002: pauses are log-normal and vary by more than half; 0.45 in ten readers (GRID)",
)  # fmt: skip
LEAST_PAUSES, LEAST_PAUSED = 3, 0.3  # pauses; seconds of all
LEAST_SPREAD = 6  # pauses
_SILENT = -85.0  # decibels of full scale: below, there is no room to compare


def judge_floor(sound: Sound) -> Heard:
    """Decibels of the quiet part of pauses against speech."""
    pauses = sound.pauses
    paused = sum(pause.seconds for pause in pauses)
    if paused < LEAST_PAUSED:
        return Heard([], "There are too few pauses in the voice to hear the room behind it.")
    levels = np.concatenate([sound.levels[pause.start : pause.end] for pause in pauses])
    floor = float(np.percentile(levels, 25)) - sound.loud
    reason = f"in pauses the sound is {-floor:.0f} dB quieter than the voice"
    return Heard([
        finding("noise_floor", floor, "dB against the voice", FLOOR, reason, (0.0, sound.seconds))
    ])  # fmt: skip


def judge_steps(sound: Sound) -> Heard:
    """The largest step of the room's loudness from one pause to the next, where it stays: the quieter halves
    of two pauses before and two after it are compared.
    """
    pauses = [pause for pause in sound.pauses if pause.end - pause.start >= 5]
    if len(pauses) < LEAST_PAUSES + 1:
        return Heard([], "There are too few pauses to hear whether the room stays the same.")
    floors = np.array([np.percentile(sound.levels[p.start : p.end], 25) for p in pauses])
    if np.median(floors) < _SILENT:
        return Heard([], "Pauses are silent: whether the room stays the same cannot be heard.")
    floors = np.maximum(floors, _SILENT)
    steps = [
        float(abs(np.median(floors[max(0, k - 2) : k]) - np.median(floors[k : k + 2])))
        for k in range(1, len(floors))
    ]
    worst = int(np.argmax(steps))
    span = (pauses[worst].start * STEP, pauses[worst + 1].end * STEP)
    reason = f"from one pause to the next the room's loudness steps by {steps[worst]:.0f} dB"
    return Heard([finding("room_step", steps[worst], "dB", STEPS, reason, span)])


def judge_spread(sound: Sound) -> Heard:
    """How much the lengths of pauses vary: deviation over mean."""
    lengths = np.array([pause.seconds for pause in sound.pauses])
    if len(lengths) < LEAST_SPREAD:
        return Heard(
            [], f"There are fewer than {LEAST_SPREAD} pauses: how their lengths vary cannot be told."
        )
    spread = float(lengths.std(ddof=1) / lengths.mean())
    reason = f"the lengths of {len(lengths)} pauses vary by {spread:.0%}"
    return Heard([
        finding("pause_spread", spread, "deviation over mean", SPREAD, reason, (0.0, sound.seconds))
    ])  # fmt: skip
