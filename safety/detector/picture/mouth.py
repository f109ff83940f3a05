"""Does the inside of an open mouth stay what it is from one frame to the next?

Teeth are rigid and the tongue is slow: between two frames in which the mouth is about as far open, what lies
between the lips changes little. Generators draw it anew in every frame. Both frames are cut along the mesh of
the inner lips, so that a mouth that widens does not count; the change of the lower lip, cut the same way, is
the measure, so that noise, compression and the mesh's own trembling do not count either.
"""

from array import array

import numpy as np
from numpy.typing import NDArray

from perception.face import Face
from perception.mesh import LIPS_INNER, LIPS_OUTER
from safety.detector.picture.cue import Bounds, PictureCue, middle
from safety.detector.picture.patches import Luma, sampled
from safety.detector.report import Finding
from safety.detector.view import Pixels, View

FLICKER = Bounds(
    None, 2.0, 1.0, "measured: 0.8 to 1.5 in drawn faces through a simulated camera, H.264 CRF 18 to 33"
)
LEAST_OPEN_PIXELS, LEAST_OPEN = 5.0, 0.06  # pixels, eye distances
LEAST_LOOKS = 8
_ALIKE = 0.15  # share by which the opening may differ
_ROWS, _COLUMNS = 8, 20

# From the right mouth corner to the left one, without the corners.
_LOWER, _UPPER = list(LIPS_INNER[1:10]), list(LIPS_INNER[:10:-1])
_UNDER = list(LIPS_OUTER[1:10])


class MouthInside(PictureCue):
    """Change of the mouth's inside from frame to frame, over that of the lower lip."""

    group = "mouth"
    points = LIPS_INNER
    every = 1

    def __init__(self) -> None:
        super().__init__()
        self._turn = 0
        self._before: tuple[float, Luma, Luma] | None = None
        self._change = array("f")

    def restart(self) -> None:
        self._before = None

    def lost(self, view: View) -> None:
        self._before = None

    def look(self, view: View) -> None:
        face = view.face
        self._turn += 1
        if face is None or self._turn % 3 == 0:  # two frames of three
            self._before = None
            return
        gap = float(np.linalg.norm(face.mesh[13, :2] - face.mesh[14, :2]))
        before, self._before = self._before, None
        if gap < max(LEAST_OPEN_PIXELS, LEAST_OPEN * face.eye_distance):
            return
        inside, lip = _between(view.pixels, face, _UPPER, _LOWER), _between(view.pixels, face, _LOWER, _UNDER)
        if inside is None or lip is None:
            return
        self._before = (gap, inside, lip)
        if before is None or abs(gap - before[0]) > _ALIKE * gap:
            return
        wavering, steady = _change(before[1], inside), _change(before[2], lip)
        if steady > 0:
            self._change.append(wavering / steady)

    def judge(self) -> tuple[list[Finding], list[str]]:
        if len(self._change) < LEAST_LOOKS:
            return [], ["The mouth is too small, or seldom open, to judge whether its inside is steady."]
        flicker = middle(self._change)
        return [
            self.finding(
                "mouth_flicker", flicker, "change over that of the lower lip", FLICKER,
                f"between two frames the mouth's inside changes {flicker:.1f} times as much as the lower lip",
            )
        ], []  # fmt: skip


def _between(pixels: Pixels, face: Face, above: list[int], below: list[int]) -> Luma | None:
    """(`_ROWS`, `_COLUMNS`) luma of what lies between two lines of the mesh; None outside the picture."""
    share = np.linspace(0.1, 0.9, _ROWS)[:, None]
    x, y = (
        _along(face.mesh[above, axis]) * (1 - share) + _along(face.mesh[below, axis]) * share
        for axis in (0, 1)
    )
    return sampled(pixels, x, y)


def _along(line: NDArray[np.float32]) -> NDArray[np.float64]:
    """(`_COLUMNS`,) evenly along the middle of nine points."""
    return np.interp(np.linspace(1, 7, _COLUMNS), np.arange(9), line)


def _change(before: Luma, after: Luma) -> float:
    """Mean change, light taken off, over the contrast that there is to change (and 4 levels)."""
    one, other = before - before.mean(), after - after.mean()
    return float(np.abs(other - one).mean()) / (float((one.std() + other.std()) / 2) + 4.0)
