"""Whether an emotion moves the face as the literature says (EMFACS action units), on frames."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measures.lips import gap, upright
from perception.mesh import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

Floats = NDArray[np.float64]

NOISE = 0.006  # eye distances, and 0.006 of an eye's width: half a pixel of the mesh network's own input
# Friesen and Ekman, EMFACS-7 (1983), the prototypes, by what the mesh can see of each action unit:
# AU 1 / 2 inner / outer brow raised, 4 brows lowered, 5 upper lids raised, 6 / 7 eyes narrowed, 9 + 10 nose
# wrinkled and upper lip raised (against the eyes, since the nose goes up with it), 12 / 15 corners up / down,
# 20 lips stretched, 26 jaw dropped (by the lips that it parts: a beard hides the chin), 12 + 14 on one side
# one corner alone (the engine lifts the sitter's left one).
EXPECTED = {
    "happy": {"corners up": 1, "eyes open": -1, "mouth width": 1},
    "sad": {"inner brows up": 1, "corners up": -1},
    "angry": {"inner brows up": -1},
    "surprised": {"inner brows up": 1, "outer brows up": 1, "eyes open": 1, "lip gap": 1},
    "afraid": {"inner brows up": 1, "eyes open": 1, "mouth width": 1},
    "disgusted": {"inner brows up": -1, "upper lip up": 1},
    "contempt": {"left corner over right": 1},
}


def features(mesh: Floats, lids: Floats, still: Floats) -> dict[str, float]:
    """What can be seen of the action units in one frame; lengths in eye distances.

    Args:
        mesh, still: (468, 3) pixels.
        lids: (2,) gap over the eye's width.
    """
    face = upright(mesh, still)
    eyes = face[[*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS], 1].mean()
    lips = face[[0, 13, 14, 17], 1].mean()
    corners = lips - face[[61, 291], 1]
    return {
        "inner brows up": float(eyes - face[[107, 336, 55, 285], 1].mean()),
        "outer brows up": float(eyes - face[[70, 300, 46, 276], 1].mean()),
        "eyes open": float(lids.mean()),
        "corners up": float(corners.mean()),
        "left corner over right": float(corners[1] - corners[0]),
        "mouth width": float(np.linalg.norm(face[61] - face[291])),
        "upper lip up": float(eyes - face[[0, 37, 267], 1].mean()),
        "jaw down": float(face[152, 1] - face[2, 1]),
        "lip gap": gap(face),
    }


def judge(name: str, changed: dict[str, float]) -> dict[str, Any]:
    """The expected signs beside what moved, and whether all of them are there."""
    wanted = EXPECTED[name]
    missing = [feature for feature, sign in wanted.items() if changed[feature] * sign < NOISE]
    return {
        "moved": {k: round(v, 3) for k, v in changed.items()},
        "missing": missing,
        "as_expected": not missing,
    }
