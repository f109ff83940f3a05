"""Eyes: a living eye turns against the head to hold its target, and both eyes go together."""

import numpy as np
from numpy.typing import NDArray

from perception.face import Face
from perception.mesh import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from safety.detector.motion.curves import correlation
from safety.detector.motion.record import Bounds, Motion, Page

Floats = NDArray[np.float64]

SPREAD = Bounds(
    0.3,
    12.0,
    "measured: 1.0 to 2.6 degrees in 3 s of ten real readers (GRID corpus); 90 % of the leaps of gaze in"
    " conversation are under 15 degrees (Lee, Badler and Badler 2002)",
)
PAIR = Bounds(
    0.0, None, "measured: 0.27 to 0.91 in 3 s of ten real readers, eyes 50 pixels apart (GRID corpus)"
)
HOLD = Bounds(
    -2.0,
    0.75,
    "an eye that holds its target turns against the head as far as that turns (vestibulo-ocular reflex, -1);"
    " one that leads the head to a new one turns with it (0 and above)",
)

# An eyeball of 12 mm radius behind an opening 30 mm wide: degrees are asin(shift / width * 30 / 12).
_WIDTH_OVER_RADIUS = 30.0 / 12.0
_LEAST_LOOKS = 25
_OPEN = 0.8  # of the usual lid gap: behind a falling lid the place of an iris is a guess
_FAR = 35.0  # degrees: eyes do not turn farther in a face that is looked at from the front
_LEAST_TURN = 1.5  # degrees, deviation of the head's turning: less is the mesh's noise
_LEAST_SIZE = 40.0  # pixels between the eyes: an iris of 7 pixels, and degrees of a quarter of a pixel


def of_face(face: Face | None) -> list[float]:
    """Degrees of the eyes in the head: right, left to the side; right, left up. NaN without irises."""
    if face is None or face.iris is None or face.eye_distance < _LEAST_SIZE:
        return [np.nan] * 4
    side, up = [], []
    for iris, corners in zip(face.iris, (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS), strict=True):
        ends = face.mesh[sorted(corners, key=lambda c: float(face.mesh[c, 0]))].astype(np.float64)
        across = ends[1] - ends[0]  # to image right
        width = max(float(np.linalg.norm(across)), 1e-6)
        along = across[:2] / max(float(np.linalg.norm(across[:2])), 1e-6)
        shift = (iris[0] - ends.mean(axis=0))[:2]
        side.append(_degrees(float(shift @ along) / width))
        up.append(_degrees(float(shift[0] * along[1] - shift[1] * along[0]) / width))
    return side + up


def judge(page: Page, motion: Motion) -> None:
    """How far gaze wanders, whether both eyes go together, and whether they turn against the head."""
    known = _clear(motion)
    if known.sum() < _LEAST_LOOKS:
        page.skip("The irises are not seen well or often enough to judge the gaze.")
        return
    gaze, turned = motion.gaze[known], motion.track.pose[known, 0]
    side = gaze[:, :2].mean(axis=1)
    spread = float(side.std())
    page.add(
        "gaze_spread", spread, "degrees", SPREAD, f"the eyes wander by {spread:.1f} degrees",
        group="gaze", region="eyes",
    )  # fmt: skip
    pair = correlation(gaze[:, 0], gaze[:, 1])
    page.add(
        "gaze_pair", pair, "correlation of both eyes", PAIR, f"both eyes have a correlation of {pair:.2f}",
        group="gaze", region="eyes",
    )  # fmt: skip
    if float(turned.std()) < _LEAST_TURN:
        page.skip("The head turns too little to see whether the eyes hold their target.")
        return
    slope = float(np.polyfit(turned, side, 1)[0])
    page.add(
        "gaze_hold", slope, "degrees of the eyes per degree of the head", HOLD,
        f"the eyes turn by {slope:+.2f} degrees for each degree of the head", group="gaze", region="eyes",
    )  # fmt: skip


def _clear(motion: Motion) -> NDArray[np.bool_]:
    """Frames in which both irises are seen behind open lids, before, then and after."""
    lids = motion.track.eyes.min(axis=1)
    open_gap = float(np.nanpercentile(lids, 80)) if np.isfinite(lids).any() else 0.0
    shut = ~(lids >= _OPEN * open_gap)
    shut = np.convolve(shut, np.ones(3), "same") > 0
    seen = np.isfinite(motion.gaze).all(axis=1) & np.isfinite(motion.track.pose).all(axis=1)
    sane = (np.abs(np.nan_to_num(motion.gaze, nan=90.0)) < _FAR).all(axis=1)
    return np.asarray(seen & sane & ~shut)


def _degrees(shift: float) -> float:
    return float(np.degrees(np.arcsin(np.clip(shift * _WIDTH_OVER_RADIUS, -1.0, 1.0))))
