"""Where speech has its beats: pitch accents and phrase ends. Head, brows and blinks move on these."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks, lfilter

from engine.motion.curves import Track
from engine.motion.usual import Usual, carried, clock_of, relative_pitch
from engine.prosody import HOP, Prosody

PHRASE_PAUSE = 0.18  # seconds of silence that end a phrase
APART = 0.35  # seconds between accents: head nods reach 1-2 Hz (Munhall 2004), not the syllables' 4

_SYLLABLE = 0.06  # seconds: smoothing to one value per syllable
_SURROUNDING = 0.6  # seconds: what an accent stands out from
_PROMINENT = 0.7  # of summed pitch (per 2 semitones) and loudness (per 4 dB) above the surrounding
_EASED = 0.25  # seconds: time constant, twice in a row, of the face's coming to life and to rest


@dataclass(frozen=True)
class Accent:
    """A syllable that stands out.

    Attributes:
        at: its seconds.
        prominence: how far it stands out, 0..1.
        late: seconds after it that head and brows answer; more than 0 where it is known too late.
    """

    at: float
    prominence: float
    late: float = 0.0

    @property
    def answered(self) -> float:
        """Seconds at which head and brows answer."""
        return self.at + self.late


@dataclass(frozen=True)
class Beats:
    """Events of the speech, in order, in seconds.

    Attributes:
        accents: syllables that stand out.
        phrase_ends: starts of the pauses that end a phrase.
        activity: (N,) how far the face has come to life, 0..1 per `HOP`; knows nothing of what is to come.
        begun: seconds of its first value.
    """

    accents: tuple[Accent, ...]
    phrase_ends: tuple[float, ...]
    activity: Track
    begun: float = 0.0

    def active(self, times: Track) -> Track:
        """Activity at `times` (T,)."""
        return np.interp(times, self.begun + np.arange(len(self.activity)) * HOP, self.activity)


def find_beats(prosody: Prosody, usual: Usual) -> Beats:
    """Accents, phrase ends and activity of what was heard of somebody who usually sounds like `usual`."""
    begun = prosody.first * HOP
    pauses = [(a, b) for a, b in prosody.runs(speaking=False) if b - a >= PHRASE_PAUSE - HOP / 2]
    ends = tuple(start for start, _ in pauses if start > begun)
    return Beats(_accents(prosody, usual), ends, _eased(prosody.speaking), begun)


def _eased(speaking: NDArray[np.bool_]) -> Track:
    share = 1.0 - np.exp(-HOP / _EASED)
    once = lfilter([share], [1.0, share - 1.0], speaking.astype(float))
    return np.asarray(lfilter([share], [1.0, share - 1.0], once))


def _accents(prosody: Prosody, usual: Usual) -> tuple[Accent, ...]:
    loudness = carried(prosody.loudness.astype(float), prosody.speaking)
    prominence = _standing_out(relative_pitch(prosody, usual)) / 2.0 + _standing_out(loudness) / 4.0
    prominence[~prosody.voiced] = 0.0
    peaks, _ = find_peaks(prominence, height=_PROMINENT, distance=round(APART / HOP))
    clock = clock_of(prosody)
    return tuple(Accent(float(clock[i]), float(min(prominence[i] / 2.5, 1.0))) for i in peaks)


def _standing_out(track: Track) -> Track:
    return np.asarray(
        gaussian_filter1d(track, _SYLLABLE / HOP) - gaussian_filter1d(track, _SURROUNDING / HOP)
    )
