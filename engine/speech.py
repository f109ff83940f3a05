"""What is said and when: phones, loudness and pitch of a recording."""

import numpy as np
from numpy.typing import NDArray

from engine.hearing.listener import Listener
from engine.hearing.phones import BREATH, VOCAL, Phone, Phonemes
from engine.prosody import RATE, SILENT_DB
from perception.audio import Speech
from perception.errors import SpeechNotFinite, SpeechSilent, SpeechTooLong, SpeechTooShort
from perception.limits import LIMITS

__all__ = ["BREATH", "UNDERSTOOD", "VOCAL", "Phone", "Phonemes", "recognise"]

UNDERSTOOD = 0.5
"""Confidence from which on a phone is believed to be one."""


def recognise(speech: Speech) -> Phonemes:
    """Phones, loudness and pitch of `speech`, in any language; the same for the same samples.

    It is heard by a `Listener`, as a stream is.

    Raises:
        SpeechTooShort, SpeechTooLong: outside the limits of `perception.limits`.
        SpeechNotFinite: NaN or infinite samples.
        SpeechSilent: nothing in it stands out above -60 dB re full scale.
    """
    listener = Listener(keep=LIMITS.audio_seconds)
    listener.feed(_checked(speech))
    listener.finish()
    phonemes = listener.phonemes()
    if not phonemes.prosody.speaking.any():
        raise SpeechSilent(
            f"there is no speech in the recording: no sound that stands out, or none above {SILENT_DB:.0f} dB"
        )
    return phonemes


def _checked(speech: Speech) -> NDArray[np.float32]:
    least, most = LIMITS.audio_min_seconds, LIMITS.audio_seconds
    if speech.seconds < least:
        raise SpeechTooShort(
            f"the recording has {speech.seconds:.2f} s: at least {least} s are needed", limit=least
        )
    if speech.seconds > most:
        raise SpeechTooLong(f"the recording has {speech.seconds:.0f} s: at most {most:.0f} s", limit=most)
    if not np.isfinite(speech.samples).all():
        raise SpeechNotFinite("the recording holds values that are not numbers: export it again")
    return np.asarray(speech.at(RATE), np.float32)
