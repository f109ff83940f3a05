"""What pictures may become a template: enough of them, good enough, of one person, and not one picture
many times.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from perception.errors import FaceNotFound, FaceTooSmall, FaceTurnedAway
from perception.face import Face, FaceFinder, sole_face
from perception.mesh import region
from perception.warp import Pyramid, turned_view
from safety.encoders.encoder import EncodedFace, FaceEncoder, unit
from safety.encoders.thresholds import Calibration
from safety.errors import EnrolmentRefused
from safety.face_quality import check, measure, score
from safety.vocabulary import BASES

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

# A living person's template is the mean of three or more pictures: at a false match rate of 1e-4 that finds
# 96 % of true matches, one picture 81 % (the calibration of dlib-resnet-v1).
LEAST_PICTURES = {"consent": 3, "character": 1, "artwork": 1}
MOST_PICTURES = 20
LABEL_LENGTH = 200
DECLARATION_LENGTH = 4000
# Correlation of two aligned faces, fine detail only, from which they are one picture. Copies that were
# cropped, scaled, brightened or re-encoded mostly have 0.97 and more, mirrored ones 0.90 to 0.98; one drawn
# head turned by 6 degrees or more has at most 0.945 (three drawings, one photograph). It stops carelessness,
# not fraud.
SAME_PICTURE = 0.95
DETAIL_SIZE = 64
DETAIL_SCALES = (0.7, 4.0)  # standard deviations in pixels of that size
# Frames of a video: how many are looked at and kept, how far apart two have to be.
FRAMES_LOOKED_AT = 24
FRAMES_KEPT = 6
APART_SECONDS, APART_DEGREES = 0.4, 4.0
KEPT_VIEW = 2.0  # times the mesh's view: head and a margin, what another encoder needs
KEPT_SIDE = 512


@dataclass(frozen=True, eq=False)
class Enrolled:
    """What the pictures gave: the fused template and, cut out and encoded, the faces themselves."""

    embedding: Floats = field(repr=False)
    pictures: int
    faces: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, eq=False)
class _Picture:
    face: EncodedFace
    detail: Floats
    cut: Pixels


@dataclass(frozen=True, eq=False)
class _Frame:
    at: float
    pixels: Pixels
    pose: tuple[float, float, float]
    score: float


def check_words(basis: str, label: str, declaration: str, *, protected: bool) -> None:
    """Raises EnrolmentRefused for an unknown basis, a missing label, or a missing declaration."""
    if basis not in BASES:
        raise EnrolmentRefused(f"the basis of an identity is one of {', '.join(BASES)}", part="basis")
    if not 0 < len(label.strip()) <= LABEL_LENGTH:
        raise EnrolmentRefused(
            f"give the identity a label of 1 to {LABEL_LENGTH} characters", part="label", high=LABEL_LENGTH
        )
    if len(declaration) > DECLARATION_LENGTH:
        raise EnrolmentRefused(
            f"the declaration has over {DECLARATION_LENGTH} characters",
            part="declaration",
            high=DECLARATION_LENGTH,
        )
    if basis != "consent" and not protected and not declaration.strip():
        raise EnrolmentRefused(
            "a character needs a declaration of who made it, an artwork one of who made it and when",
            part="declaration",
        )


def make_template(
    pictures: Sequence[Pixels], basis: str, finder: FaceFinder, encoder: FaceEncoder, *, protected: bool
) -> Enrolled:
    """The unit mean of the embeddings of all pictures.

    The mean beats the nearest picture at every rate (LFW, three pictures, FMR 1e-4: 92 % against 87 %).

    Raises:
        FaceError: a picture does not show exactly one usable face.
        EnrolmentRefused: too few or too many pictures, too poor, not of one person, or twice the same.
    """
    least = 1 if protected else LEAST_PICTURES[basis]
    if not least <= len(pictures) <= MOST_PICTURES:
        raise EnrolmentRefused(
            f"the basis {basis} needs {least} to {MOST_PICTURES} pictures: {len(pictures)} were given",
            part="pictures", low=least, high=MOST_PICTURES,
        )  # fmt: skip
    judged = basis == "consent" and not protected
    taken = [
        _look(pixels, finder, encoder, number if judged else 0) for number, pixels in enumerate(pictures, 1)
    ]
    embeddings = np.stack([picture.face.embedding for picture in taken])
    _check_one_person(embeddings, encoder.calibration)
    if least > 1 and len(_distinct(taken)) < least:
        raise EnrolmentRefused(
            f"too many of the pictures are copies of one: give at least {least} that were taken apart",
            part="pictures",
        )
    faces = tuple(_encoded(picture.cut) for picture in taken)
    return Enrolled(unit(embeddings.mean(axis=0)), len(pictures), faces)


def best_frames(frames: Iterable[tuple[float, Pixels]], finder: FaceFinder) -> list[Pixels]:
    """The frames of a short video that make the best template: fit by `face_quality`, apart in time and pose.

    Args:
        frames: seconds and (H, W, 3) RGB uint8; the first `FRAMES_LOOKED_AT` are looked at.

    Raises:
        SeveralFaces: a frame shows a second face.
        EnrolmentRefused: fewer than three are fit and apart.
    """
    fit = []
    for (at, pixels), _ in zip(frames, range(FRAMES_LOOKED_AT), strict=False):
        try:
            face = sole_face(finder.find(pixels), pixels.shape)
        except (FaceNotFound, FaceTooSmall, FaceTurnedAway):
            continue
        worth = score(measure(pixels, face))
        if worth > 0:
            fit.append(_Frame(at, pixels, face.pose, worth))
    chosen: list[_Frame] = []
    for frame in sorted(fit, key=lambda each: each.score, reverse=True):
        if len(chosen) < FRAMES_KEPT and all(_apart(frame, other) for other in chosen):
            chosen.append(frame)
    if len(chosen) < LEAST_PICTURES["consent"]:
        raise EnrolmentRefused(
            f"the video has {len(chosen)} fit frames that are apart and needs {LEAST_PICTURES['consent']}: "
            f"turn the head slowly to both sides by {APART_DEGREES:.0f} degrees or more, in good light",
            part="video", frames=len(chosen), low=LEAST_PICTURES["consent"],
        )  # fmt: skip
    return [frame.pixels for frame in sorted(chosen, key=lambda each: each.at)]


def detail(view: Pixels) -> Floats:
    """The fine structure of an aligned face, free of light and contrast: a unit vector, as a square."""
    from scipy.ndimage import gaussian_filter

    grey = np.asarray(Image.fromarray(view).convert("L"), np.float32)
    fine, coarse = (gaussian_filter(grey, sigma) for sigma in DETAIL_SCALES)
    band = np.asarray(fine - coarse, np.float32)
    return band / np.float32(max(float(np.linalg.norm(band)), 1e-6))


def _apart(one: _Frame, other: _Frame) -> bool:
    turned = float(np.hypot(one.pose[0] - other.pose[0], one.pose[1] - other.pose[1]))
    return abs(one.at - other.at) >= APART_SECONDS and turned >= APART_DEGREES


def _look(pixels: Pixels, finder: FaceFinder, encoder: FaceEncoder, number: int) -> _Picture:
    """One picture, judged by its quality when it has a number."""
    face = sole_face(finder.find(pixels), pixels.shape)
    if number:
        check(measure(pixels, face), number)
    encoded = encoder.encode(pixels, face)
    pyramid = Pyramid(pixels)
    return _Picture(
        encoded, detail(turned_view(pyramid, region(face.mesh), DETAIL_SIZE)), _cut(pyramid, face)
    )


def _cut(pyramid: Pyramid, face: Face) -> Pixels:
    """The head, upright, and little else: what is kept where pictures are kept."""
    x, y, side, angle = region(face.mesh)
    return turned_view(
        pyramid, (x, y, side * KEPT_VIEW, angle), min(KEPT_SIDE, max(1, round(side * KEPT_VIEW)))
    )


def _encoded(pixels: Pixels) -> bytes:
    file: Any = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return bytes(file.getvalue())


def _check_one_person(embeddings: Floats, calibration: Calibration) -> None:
    """Every two pictures agree, and each with the mean of the others: one morph among them stands out."""
    apart = float((1 - embeddings @ embeddings.T).max()) > calibration.agreement
    others = len(embeddings) - 1
    if others > 1 and not apart:
        rest = [unit(np.delete(embeddings, i, axis=0).mean(axis=0)) for i in range(len(embeddings))]
        distances = [1 - float(one @ mean) for one, mean in zip(embeddings, rest, strict=True)]
        apart = max(distances) > calibration.threshold("review", others)
    if apart:
        raise EnrolmentRefused(
            "the pictures do not all show one person: leave out those that differ", part="pictures"
        )


def _distinct(pictures: Sequence[_Picture]) -> list[_Picture]:
    """Without those that are copies, mirrored or not, of one before."""
    kept: list[_Picture] = []
    for picture in pictures:
        both = (picture.detail, picture.detail[:, ::-1])
        if not any(float((one * other.detail).sum()) >= SAME_PICTURE for other in kept for one in both):
            kept.append(picture)
    return kept
