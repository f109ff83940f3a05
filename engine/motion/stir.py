"""What a living face never stops doing a little: lower lids tense and relax, the corners of the mouth stir.

Sizes are of ten tracked speakers (GRID corpus, Cooke et al. 2006): within three seconds eyeSquint varies by
0.06, a third of it on one side only, and mouthDimple by 0.03.
"""

import numpy as np

from engine.motion.curves import Track, soft_positive
from engine.motion.draws import wander

SHAPES = (
    "eyeSquintLeft", "eyeSquintRight", "mouthSmileLeft", "mouthSmileRight", "mouthDimpleLeft",
    "mouthDimpleRight",
)  # fmt: skip

_PACE = 0.8  # seconds between draws
_SQUINT, _SQUINT_ASIDE = 0.065, 0.025  # both eyes, and one more than the other
_CORNER, _CORNER_ASIDE = 0.03, 0.012
_DIMPLE = 0.03
_CALM = 0.5  # of it that remains while nobody speaks


def plan_stir(active: Track, seed: int, times: Track) -> Track:
    """(T, 6) weights, columns as `SHAPES`, of a face that speaks as far as `active` (T,), 0..1."""
    both = wander(seed, "stir", times, _PACE, 3)
    aside = wander(seed, "stir aside", times, _PACE, 2)
    squint, squint_aside = _SQUINT * both[:, 0], _SQUINT_ASIDE * aside[:, 0]
    corner, corner_aside = _CORNER * both[:, 1], _CORNER_ASIDE * aside[:, 1]
    dimple = _DIMPLE * both[:, 2]
    weights = np.stack(
        (
            squint + squint_aside, squint - squint_aside, corner + corner_aside, corner - corner_aside,
            dimple + corner_aside, dimple - corner_aside,
        ),
        1,
    )  # fmt: skip
    return soft_positive(weights, 0.02) * (_CALM + (1.0 - _CALM) * active[:, None])
