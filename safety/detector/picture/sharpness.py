"""Are the mouth and the eyes as sharp as each other, and does the mouth lose its sharpness when it moves?

Methods that redraw the lower half of a face paste a mouth of 96 pixels into a larger picture; networks that
decode whole faces draw teeth and lips softer than eyes. Sharpness is the energy finer than four pixels of an
aligned crop over that of four to eight, so that contrast, light and make-up count little.
"""

from array import array

import numpy as np

from perception.mesh import LIPS_OUTER
from safety.detector.picture.cue import Bounds, PictureCue, middle
from safety.detector.picture.regions import LEAST_EYES, bands, crop_luma, parts, placed, sharpness
from safety.detector.report import Finding
from safety.detector.view import View

_SOURCE = "measured: drawn, painted and pictured faces through a simulated camera, H.264 CRF 18 to 33: "
MOUTH = Bounds(-0.8, 0.7, 0.6, _SOURCE + "-0.36 to 0.20")
MOVING = Bounds(-0.4, None, 0.4, _SOURCE + "-0.12 to 0.06; 0.19 in a film")
SKIN = Bounds(-1.0, 1.4, 0.8, _SOURCE + "-0.49 to 0.96")
LEAST_LOOKS = 12
_LIPS = (13, 14)  # middle of the inner lips
_FAST, _SLOW = 0.5, 0.15  # eye distances a second that the gap between the lips changes


class Sharpness(PictureCue):
    """Mouth, eyes and skin against each other, and the mouth over time."""

    group = "sharpness"
    points = LIPS_OUTER
    every = 3

    def __init__(self) -> None:
        super().__init__()
        self._mouth, self._skin, self._speed = array("f"), array("f"), array("f")
        self._small = 0
        self._before: tuple[float, float] | None = None

    def look(self, view: View) -> None:
        face = view.face
        if face is None or face.eye_distance < LEAST_EYES:
            self._small += 1
            self._before = None
            return
        fine, coarse = bands(crop_luma(view))
        where = parts(placed(face))
        sharp = {name: sharpness(fine, coarse, box) for name, box in where.items()}
        cheeks = middle((sharp["right cheek"], sharp["left cheek"], sharp["forehead"]))
        self._mouth.append(sharp["mouth"] - sharp["eyes"])
        self._skin.append(cheeks - sharp["eyes"])
        gap = float(np.linalg.norm(face.mesh[_LIPS[0]] - face.mesh[_LIPS[1]])) / face.eye_distance
        before, self._before = self._before, (view.at, gap)
        known = before is not None and 0 < view.at - before[0] < 0.5
        self._speed.append(
            abs(gap - before[1]) / (view.at - before[0]) if known and before is not None else np.nan
        )

    def lost(self, view: View) -> None:
        self._before = None

    def judge(self) -> tuple[list[Finding], list[str]]:
        if len(self._mouth) < LEAST_LOOKS:
            why = (
                f"its eyes are under {LEAST_EYES:g} pixels apart" if self._small else "it is seen too briefly"
            )
            return [], [f"The sharpness of the face's parts cannot be judged: {why}."]
        mouth, skin = middle(self._mouth), middle(self._skin)
        found = []
        if np.isfinite(mouth):
            found.append(
                self.finding(
                    "mouth_sharpness", mouth, "octaves, mouth over eyes", MOUTH,
                    f"the mouth is {2**mouth:.2f} times as sharp as the eyes",
                )
            )  # fmt: skip
        if np.isfinite(skin):
            found.append(
                self.finding(
                    "skin_sharpness", skin, "octaves, skin over eyes", SKIN,
                    f"the skin is {2**skin:.2f} times as sharp as the eyes",
                )
            )  # fmt: skip
        moving = self._moving()
        if not np.isfinite(moving):
            return found, ["The mouth moves too little to tell whether it is softer while it moves."]
        found.append(
            self.finding(
                "mouth_softens", moving, "octaves, moving over resting", MOVING,
                f"while it moves the mouth is {2**moving:.2f} times as sharp, against the eyes, as at rest",
            )
        )  # fmt: skip
        return found, []

    def _moving(self) -> float:
        """Sharpness of the moving mouth less that of the resting one; NaN with too little of either."""
        speed, mouth = np.array(self._speed), np.array(self._mouth)
        fast, slow = speed >= _FAST, speed <= _SLOW
        if min(fast.sum(), slow.sum()) < LEAST_LOOKS / 2:
            return float("nan")
        return middle(mouth[fast]) - middle(mouth[slow])
