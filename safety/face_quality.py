"""Is a picture fit to be enrolled? Measures after ISO/IEC 29794-5 (face image quality), each with its limit.

The components carry the standard's names, so that another implementation (OFIQ, of the German BSI) can take
their place; what they compute here comes from the face's mesh and its pixels and is not OFIQ's score. They
tell unusable pictures from usable ones and do not rank good ones: on LFW neither the detector's nor the
mesh's score told how well a picture would match (|r| < 0.14).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perception.face import Face
from perception.mesh import CHIN, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, region
from perception.warp import Pyramid, turned_view
from safety.errors import EnrolmentRefused

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

VIEW = 128  # pixels of the aligned face that light and sharpness are measured on
INNER = slice(VIEW * 3 // 10, VIEW * 7 // 10)  # of that, what is face in every head
DARK, BRIGHT = 25, 247  # ISO/IEC 29794-5, under- and over-exposure prevention: counted are 0..25, 247..255
LUMA = np.asarray((0.2126, 0.7152, 0.0722), np.float32)  # ITU-R BT.709
# Upper and lower lid in the middle of each eye, inner edges of the lips, and bare skin: between the brows,
# nose, cheeks, below the eyes, above the lip.
LIDS = ((159, 145), (386, 374))
EYES = ((*RIGHT_EYE_CORNERS, *LIDS[0]), (*LEFT_EYE_CORNERS, *LIDS[1]))
CHEEKS = (50, 280)
LIPS = (13, 14)
MOUTH_CORNERS = (61, 291)
SKIN = (9, 5, 50, 280, 118, 347, 164)
PATCH = 0.05  # half the side of a patch of skin, in eye distances


@dataclass(frozen=True)
class Measure:
    """One component.

    Attributes:
        name: the standard's, in snake case.
        value: measured; `unit` says in what.
        limit: what it must reach (`at_least`) or not exceed; None where it is told and not judged.
        advice: what to do about it.
    """

    name: str
    value: float
    unit: str
    limit: float | None
    at_least: bool
    advice: str

    @property
    def ok(self) -> bool:
        """False for NaN."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass(frozen=True)
class QualityLimits:
    """What an enrolment picture must reach.

    Attributes:
        inter_eye_distance: pixels. Matching loses nothing from 40 on (LFW portraits, scaled down); travel
            documents ask for 90.
        yaw, pitch, roll: degrees; several poses make a better template, so more than a passport's 5.
        sharpness: steepest brightness change in a view 128 pixels wide, as a share of the face's range, a
            pixel. A blur of 5 % of the eye distance (standard deviation) leaves 0.23 of a sharp picture's 0.4
            to 0.9, one of 7 % leaves 0.18 (a photograph and a drawing); LFW portraits blurred by about 8 %
            are found in 56 % of cases.
        dark, bright: share of the face without detail.
        dynamic_range: bits of entropy of the face's brightness; a flat cartoon has 2.5, a photograph 7.
        eyes_open: opening of the narrower eye over the distance from eyes to chin.
        eyes_dark: share of the darker eye that has less than a third of the cheeks' brightness.
        skin: largest difference in colour of one patch of skin from the others, in stops of red over blue.
    """

    inter_eye_distance: float = 40.0
    yaw: float = 35.0
    pitch: float = 30.0
    roll: float = 30.0
    sharpness: float = 0.2
    dark: float = 0.5
    bright: float = 0.3
    dynamic_range: float = 2.0
    eyes_open: float = 0.025
    eyes_dark: float = 0.9
    skin: float = 1.5


LIMITS = QualityLimits()


def measure(pixels: Pixels, face: Face, limits: QualityLimits = LIMITS) -> list[Measure]:
    """Every component of one face of (H, W, 3) RGB uint8."""
    view = turned_view(Pyramid(pixels), region(face.mesh), VIEW)[INNER, INNER]
    luma = view @ LUMA
    yaw, pitch, roll = face.pose
    return [
        Measure(
            "inter_eye_distance", face.eye_distance, "pixels", limits.inter_eye_distance, True,
            "use a larger picture",
        ),
        *(
            Measure(f"head_pose_{axis}", abs(angle), "degrees", limit, False, "face the camera")
            for axis, angle, limit in (
                ("yaw", yaw, limits.yaw), ("pitch", pitch, limits.pitch), ("roll", roll, limits.roll),
            )
        ),
        Measure(
            "sharpness", _sharpness(luma), "of the range per pixel", limits.sharpness, True,
            "hold still and focus",
        ),
        Measure(
            "under_exposure_prevention", float((luma <= DARK).mean()), "of the face is dark", limits.dark,
            False, "use more light",
        ),
        Measure(
            "over_exposure_prevention", float((luma >= BRIGHT).mean()), "of the face is burnt out",
            limits.bright, False, "use less light",
        ),
        Measure(
            "dynamic_range", _entropy(luma), "bits", limits.dynamic_range, True,
            "use even light and more contrast",
        ),
        Measure(
            "eyes_open", min(_gap(face, *lids) for lids in LIDS), "of the eye-chin distance",
            limits.eyes_open, True, "open both eyes",
        ),
        Measure(
            "eyes_visible", max(_eye_darkness(pixels, face, *eye) for eye in EYES), "of an eye is dark",
            limits.eyes_dark, False, "take dark glasses off",
        ),
        Measure(
            "face_occlusion_prevention", _odd_patch(pixels, face), "stops", limits.skin, False,
            "let nothing cover the face",
        ),
        Measure("mouth_closed", _gap(face, *LIPS), "of the eye-chin distance", None, False, "close it"),
        Measure(
            "expression_neutrality", _mouth_width(face), "mouth width in eye distances", None, False,
            "keep a neutral face",
        ),
    ]  # fmt: skip


def check(measures: list[Measure], picture: int) -> None:
    """Raises EnrolmentRefused for the first measure out of its limit; the metadata names it.

    Args:
        picture: which of the uploaded ones, from 1; told in the message.
    """
    for each in measures:
        if not each.ok:
            than = "at least" if each.at_least else "at most"
            raise EnrolmentRefused(
                f"picture {picture}: {each.name} is {each.value:.3g} and {than} {each.limit:g} "
                f"({each.unit}) is needed: {each.advice}",
                part="quality", measure=each.name, value=round(each.value, 4), limit=each.limit,
                picture=picture,
            )  # fmt: skip


def score(measures: list[Measure]) -> float:
    """0..1: how far the judged measures are from their limits, the worst one; to choose among frames."""
    return min((_headroom(each) for each in measures if each.limit is not None), default=0.0)


def _headroom(each: Measure) -> float:
    if not each.ok or each.limit is None:
        return 0.0
    ratio = each.limit / each.value if each.at_least else each.value / each.limit
    return float(np.clip(1 - ratio, 0.0, 1.0))


def _sharpness(luma: Floats) -> float:
    low, high = np.percentile(luma, (2, 98))
    steep = np.hypot(*np.gradient(luma))
    return float(np.percentile(steep, 99.5) / max(float(high - low), 8.0))


def _entropy(luma: Floats) -> float:
    counts = np.bincount(np.clip(luma, 0, 255).astype(np.uint8).ravel(), minlength=256)
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log2(share)).sum())


def _gap(face: Face, upper: int, lower: int) -> float:
    """Distance of two points over that from the middle of the eyes to the chin."""
    eyes = face.mesh[[*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS]].mean(axis=0)
    height = float(np.linalg.norm(face.mesh[CHIN] - eyes))
    return float(np.linalg.norm(face.mesh[upper] - face.mesh[lower])) / max(height, 1e-6)


def _mouth_width(face: Face) -> float:
    left, right = (face.mesh[point] for point in MOUTH_CORNERS)
    return float(np.linalg.norm(left - right)) / max(face.eye_distance, 1e-6)


def _odd_patch(pixels: Pixels, face: Face) -> float:
    """How much the oddest patch of skin differs in colour from the middle of all."""
    half = max(1, round(PATCH * face.eye_distance))
    stops = [_stops(pixels, face.mesh[point], half) for point in SKIN]
    return float(np.nanmax(np.abs(np.asarray(stops) - np.nanmedian(stops)), initial=0.0))


def _eye_darkness(pixels: Pixels, face: Face, *outline: int) -> float:
    """Share of the box around an eye that is less than a third as bright as the cheeks."""
    half = max(1, round(PATCH * face.eye_distance))
    cheeks = np.median([np.median(_patch(pixels, face.mesh[p], half) @ LUMA) for p in CHEEKS])
    (x0, y0), (x1, y1) = face.mesh[list(outline), :2].min(axis=0), face.mesh[list(outline), :2].max(axis=0)
    eye = pixels[_span(y0, y1, pixels.shape[0]), _span(x0, x1, pixels.shape[1])] @ LUMA
    return float((eye < cheeks / 3).mean())


def _stops(pixels: Pixels, point: Floats, half: int) -> float:
    red, _, blue = (np.median(_patch(pixels, point, half).reshape(-1, 3), axis=0) + 8.0) / 8.0
    return float(np.log2(red / blue))


def _patch(pixels: Pixels, point: Floats, half: int) -> Pixels:
    x, y = float(point[0]), float(point[1])
    return pixels[_span(y - half, y + half, pixels.shape[0]), _span(x - half, x + half, pixels.shape[1])]


def _span(low: float, high: float, most: int) -> slice:
    """Whole pixels from `low` to `high`, at least one, inside the picture."""
    start = int(np.clip(round(float(low)), 0, most - 1))
    return slice(start, int(np.clip(round(float(high)) + 1, start + 1, most)))
