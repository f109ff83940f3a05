"""Where somebody speaks: parts of a recording that stand out of its own quiet.

By loudness in the band of speech alone. It is wide on purpose: a second, quieter speaker has to count as
speech, so what is heard is never compared with the loudest part of the recording.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_dilation, binary_opening

from safety.voices.mel import HOP, mel_power

Floats = NDArray[np.float32]

BAND = slice(3, 30)  # mel bands of about 200 to 3,700 Hz
QUIET_DB = -62.0  # below is nothing that a listener would hear as speech at an ordinary level
STANDS_OUT_DB = 8.0  # over the quiet of the recording
FLOOR_SHARE = 10  # percent of the frames that are taken to be quiet, where there are pauses
SPREAD_DB = 20.0  # speech has syllables and pauses at least this far apart; less is one sound all along
SHORTEST, GAP, MARGIN = 5, 18, 4  # frames: clicks are shorter, pauses between words fill, onsets are soft


def loudness(samples: Floats) -> Floats:
    """(F,) dB re full scale, in the band of speech, a value every 10 ms, of (N,) samples at 16 kHz."""
    power = mel_power(samples)[:, BAND].sum(axis=1)
    # A sine of full scale within the band gives about 100: librosa's mel powers are densities.
    return np.asarray(10 * np.log10(power / 100.0 + 1e-12), np.float32)


def active(samples: Floats) -> NDArray[np.bool_]:
    """(N,) whether somebody may be speaking, of (N,) samples at 16 kHz."""
    level = loudness(samples)
    floor, top = np.percentile(level, (FLOOR_SHARE, 95))
    threshold = max(QUIET_DB, min(float(floor) + STANDS_OUT_DB, float(top) - SPREAD_DB))
    loud = binary_opening(level > threshold, np.ones(SHORTEST))
    spoken = binary_dilation(binary_closing(np.pad(loud, GAP), np.ones(GAP)), np.ones(2 * MARGIN + 1))
    frames = spoken[GAP:-GAP]
    nearest = (np.arange(len(samples)) + HOP // 2) // HOP
    return np.asarray(frames[np.minimum(nearest, len(frames) - 1)], np.bool_)
