"""The mark in the sound: a record id that stays when sound is cut from its video, recoded or played back.

`open_sound_watermark` gives both directions. Modules: `lapped` is the basis whose coefficients carry,
`pattern` fills it by the key, `hearing` says how strong the mark may be, `embed` adds it; `sync` finds where
it lies, `extract` reads it. The payload, its framing and its code are those of the picture's mark.
"""

from safety.watermark.sound.reading import SoundReading, Stretch
from safety.watermark.sound.watermark import (
    READABLE,
    SOUND_ALGORITHM,
    SoundWatermark,
    open_sound_watermark,
)

__all__ = [
    "READABLE",
    "SOUND_ALGORITHM",
    "SoundReading",
    "SoundWatermark",
    "Stretch",
    "open_sound_watermark",
]
