"""Where speech has its beats: pitch accents, phrase ends, pauses. Head, brows and blinks move on these."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from engine.motion.curves import Track
from engine.motion.lips import carried, relative_pitch
from engine.prosody import HOP, Prosody
from engine.speech import Phonemes

PHRASE_PAUSE = 0.18  # seconds of silence that end a phrase

_SYLLABLE = 0.06  # seconds: smoothing to one value per syllable
_SURROUNDING = 0.6  # seconds: what an accent stands out from
_APART = 0.35  # seconds between accents: head nods reach 1-2 Hz (Munhall 2004), not the syllables' 4
_PROMINENT = 0.7  # of summed pitch (per 2 semitones) and loudness (per 4 dB) above the surrounding


@dataclass(frozen=True)
class Accent:
    """A syllable that stands out: its seconds, and how far, 0..1."""

    at: float
    prominence: float


@dataclass(frozen=True)
class Beats:
    """Events of the speech, in seconds, and its (N,) activity 0..1 per `HOP`, eased in and out."""

    accents: tuple[Accent, ...]
    phrase_ends: tuple[float, ...]
    pauses: tuple[tuple[float, float], ...]
    activity: Track

    def active(self, times: Track) -> Track:
        """Activity at `times` (T,)."""
        return np.interp(times, np.arange(len(self.activity)) * HOP, self.activity)


def find_beats(phonemes: Phonemes) -> Beats:
    """Accents, phrase ends and pauses of what was recognised."""
    prosody = phonemes.prosody
    pauses = tuple(phonemes.silences(PHRASE_PAUSE))
    ends = tuple(start for start, _ in pauses if start > 0.0)
    return Beats(
        _accents(prosody), ends, pauses, gaussian_filter1d(prosody.speaking.astype(float), 0.5 / HOP)
    )


def _accents(prosody: Prosody) -> tuple[Accent, ...]:
    loudness = carried(prosody.loudness.astype(float), prosody.speaking)
    prominence = _standing_out(relative_pitch(prosody)) / 2.0 + _standing_out(loudness) / 4.0
    prominence[~prosody.voiced] = 0.0
    peaks, _ = find_peaks(prominence, height=_PROMINENT, distance=round(_APART / HOP))
    return tuple(Accent(float(i * HOP), float(min(prominence[i] / 2.5, 1.0))) for i in peaks)


def _standing_out(track: Track) -> Track:
    return np.asarray(
        gaussian_filter1d(track, _SYLLABLE / HOP) - gaussian_filter1d(track, _SURROUNDING / HOP)
    )
