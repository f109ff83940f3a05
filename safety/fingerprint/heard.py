"""Whether the sound of a copy, with or without its pictures, is that of a released clip."""

import numpy as np

from safety.fingerprint.align import places, sound_agreement
from safety.fingerprint.clip import Fingerprint
from safety.fingerprint.compare import ENOUGH, MOST


def same_sound(released: Fingerprint, probe: Fingerprint) -> bool:
    """Some two seconds of the probe's sound agree with the released clip's at one offset.

    Holds through AAC and MP3 at 64 kbit/s and a telephone's band; not through changed speed.
    """
    if released.sound is None or probe.sound is None or not len(probe.motion):
        return False
    enough = min(ENOUGH, MOST * min(len(released.motion), len(probe.motion)))
    for offset in places(released, probe):
        agree, heard = sound_agreement(released, probe, offset)
        if float((np.clip(2.0 * agree - 1.0, 0.0, 1.0) * heard).sum()) >= enough:
            return True
    return False
