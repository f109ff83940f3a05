"""What pictures give away: texture, noise, mouth, sharpness, borders, spectrum, compression, pulse,
flat colours.

Every cue says when it cannot judge (too small, too compressed, too short) in `notes()`, and gives no finding
then. Each needs the face; none asks who it is.
"""

from safety.detector.picture.borders import Borders
from safety.detector.picture.compression import Compression
from safety.detector.picture.cue import PictureCue
from safety.detector.picture.drawn import Drawn
from safety.detector.picture.mouth import MouthInside
from safety.detector.picture.noise import Noise
from safety.detector.picture.pairs import Pairs
from safety.detector.picture.pulse import Pulse
from safety.detector.picture.sharpness import Sharpness
from safety.detector.picture.spectrum import Spectrum
from safety.detector.picture.texture import Background, Sticking
from safety.detector.view import Observer

__all__ = ["PictureCue", "picture_cues", "picture_observers"]


def picture_observers() -> list[Observer]:
    """A fresh set for one face through one shot."""
    return list(picture_cues())


def picture_cues() -> list[PictureCue]:
    """`picture_observers` by a type that also has `notes()`."""
    pairs = Pairs()
    return [
        Noise(pairs),
        Sticking(pairs),
        Background(pairs),
        MouthInside(),
        Sharpness(),
        Borders(),
        Spectrum(),
        Compression(),
        Pulse(),
        Drawn(),
    ]
