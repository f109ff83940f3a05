"""Is there a seam in the skin: around the mouth, or along the inside of the face's outline?

A part that was drawn anew is blended in along a line inside the skin. Fine texture then has a step there that
skin has not: it is sampled along rings around the lips and inside the outline of jaw and cheeks, pixel by
pixel, and compared with skin farther off. Only differences along a ring count, so that edges across
it (a lip's rim, the jaw) do not.
"""

from array import array

import numpy as np
from numpy.typing import NDArray

from perception.mesh import LIPS_OUTER, OVAL
from safety.detector.picture.cue import Bounds, PictureCue, middle
from safety.detector.picture.patches import sampled
from safety.detector.report import Finding
from safety.detector.view import Pixels, View

Floats = NDArray[np.float64]

_SOURCE = "measured: drawn, painted and pictured faces through a simulated camera, H.264 CRF 18 to 33: "
MOUTH = Bounds(-0.6, None, 0.6, _SOURCE + "-0.06 to 2.1 with a beard; flat cartoons -0.5 to -1.1")
OUTLINE = Bounds(-0.7, None, 0.7, _SOURCE + "-0.29 to 0.99")
LEAST_EYES, LEAST_LOOKS = 50.0, 8
_JAW = OVAL[6:31]  # from one temple down over the chin to the other
_AROUND = (1.25, 1.4)  # times the outer lips, from their middle
_CALM = (50, 280, 151)  # points of the mesh: cheeks and forehead, the skin that it is compared with
_ANGLES = np.linspace(0, 2 * np.pi, 24, endpoint=False)
_CIRCLE = 0.15 * np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)  # around them, eye distances
_RIM, _DEEP = (0.94, 0.9), (0.78, 0.72)  # of the outline, from the middle of the face
_LOUDEST = 75.0  # percentile of a ring that its texture is: half of a ring may lie in shadow or beard


class Borders(PictureCue):
    """Steps of fine texture along rings in the skin."""

    group = "borders"
    every = 6

    def __init__(self) -> None:
        super().__init__()
        self._mouth, self._outline = array("f"), array("f")

    def look(self, view: View) -> None:
        face = view.face
        if face is None or face.eye_distance < LEAST_EYES:
            return
        mesh = face.mesh[:, :2].astype(np.float64)
        lips, jaw = mesh[list(LIPS_OUTER)], mesh[list(_JAW)]
        around = _rings(view.pixels, lips, lips.mean(axis=0), _AROUND, closed=True)
        circles = [mesh[point] + _CIRCLE * face.eye_distance for point in _CALM]
        calm = [_texture(view.pixels, circle, closed=True) for circle in circles]
        self._mouth.append(_octaves(around, calm))
        rim, deep = (_rings(view.pixels, jaw, mesh[4], sizes, closed=False) for sizes in (_RIM, _DEEP))
        self._outline.append(_octaves(rim, deep))

    def judge(self) -> tuple[list[Finding], list[str]]:
        found = []
        mouth, outline = middle(self._mouth), middle(self._outline)
        if len(self._mouth) >= LEAST_LOOKS and np.isfinite(mouth):
            found.append(
                self.finding(
                    "mouth_border", mouth, "octaves, around the lips over cheeks and forehead", MOUTH,
                    f"skin around the lips has {2**mouth:.2f} times the fine texture of cheeks and forehead",
                )
            )  # fmt: skip
        if len(self._outline) >= LEAST_LOOKS and np.isfinite(outline):
            found.append(
                self.finding(
                    "face_border", outline, "octaves, rim over inside", OUTLINE,
                    f"skin at the face's rim has {2**outline:.2f} times the fine texture of skin inside",
                )
            )  # fmt: skip
        if found:
            return found, []
        return [], ["Seams in the skin cannot be judged: the face is too small or seen too briefly."]


def _octaves(near: list[float], far: list[float]) -> float:
    """Texture of some rings over that of others; NaN where one is outside the picture."""
    return float(np.log2(np.mean(near) / np.mean(far)))


def _rings(
    pixels: Pixels, ring: Floats, centre: Floats, sizes: tuple[float, ...], *, closed: bool
) -> list[float]:
    """Texture along a ring that is grown or shrunk about a point."""
    return [_texture(pixels, centre + (ring - centre) * size, closed=closed) for size in sizes]


def _texture(pixels: Pixels, ring: Floats, *, closed: bool) -> float:
    """Texture along a ring, in levels: second differences at steps of one pixel; never 0."""
    points = np.concatenate([ring, ring[:1]]) if closed else ring
    length = np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    steps = np.arange(0.0, length[-1], 1.0)
    x, y = (np.interp(steps, length, points[:, axis]) for axis in (0, 1))
    luma = sampled(pixels, x, y)
    if luma is None or len(luma) < 16:
        return float("nan")
    return float(np.percentile(np.abs(luma[2:] - 2 * luma[1:-1] + luma[:-2]), _LOUDEST)) + 0.3
