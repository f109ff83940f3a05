"""What is usual for a speaker: loudness and pitch mean something only against that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.motion.curves import Track
from engine.prosody import HOP, Prosody


@dataclass(frozen=True)
class Usual:
    """Of one speaker so far.

    Attributes:
        loudness: median dB of their speech; 0 where there was none.
        pitch: median Hz of their voice; 0 where there was none.
    """

    loudness: float = 0.0
    pitch: float = 0.0

    @staticmethod
    def of(prosody: Prosody) -> "Usual":
        """From all that was heard."""
        loud, voiced = prosody.loudness[prosody.speaking], prosody.pitch[prosody.voiced]
        return Usual(
            float(np.median(loud)) if len(loud) else 0.0, float(np.median(voiced)) if len(voiced) else 0.0
        )


def relative_loudness(prosody: Prosody, usual: Usual) -> Track:
    """(N,) dB over this speaker's usual; 0 where nobody speaks."""
    return np.where(prosody.speaking, prosody.loudness - usual.loudness, 0.0)


def relative_pitch(prosody: Prosody, usual: Usual) -> Track:
    """(N,) semitones over this speaker's usual, carried across unvoiced sounds; 0 if nothing is voiced."""
    voiced = prosody.voiced
    if not voiced.any() or usual.pitch <= 0.0:
        return np.zeros(len(voiced))
    semitones = 12.0 * np.log2(np.where(voiced, prosody.pitch, usual.pitch) / usual.pitch)
    return np.clip(carried(semitones, voiced), -12.0, 12.0)


def carried(track: Track, known: NDArray[np.bool_]) -> Track:
    """(N,) `track` with straight lines across the places where it is not known; as it is if none is."""
    clock = np.arange(len(track))
    return np.interp(clock, clock[known], track[known]) if known.any() else track


def clock_of(prosody: Prosody) -> Track:
    """(N,) seconds of its values."""
    return np.asarray((prosody.first + np.arange(len(prosody.loudness))) * HOP)
