"""What pictures may become a template: enough of them, good enough, of one person, and not one picture
many times.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from perception.face import FaceFinder, sole_face
from perception.mesh import region
from perception.warp import Pyramid, turned_view
from safety.encoders.encoder import EncodedFace, FaceEncoder, unit
from safety.errors import EnrolmentRefused
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


@dataclass(frozen=True, eq=False)
class _Picture:
    face: EncodedFace
    detail: Floats


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
) -> Floats:
    """The unit mean of the embeddings of all pictures.

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
    taken = [_look(pixels, finder, encoder) for pixels in pictures]
    embeddings = np.stack([picture.face.embedding for picture in taken])
    if float((1 - embeddings @ embeddings.T).max()) > encoder.calibration.agreement:
        raise EnrolmentRefused(
            "the pictures do not all show one person: leave out those that differ", part="pictures"
        )
    if least > 1 and len(_distinct(taken)) < least:
        raise EnrolmentRefused(
            f"too many of the pictures are copies of one: give at least {least} that were taken apart",
            part="pictures",
        )
    return unit(embeddings.mean(axis=0))


def _look(pixels: Pixels, finder: FaceFinder, encoder: FaceEncoder) -> _Picture:
    face = sole_face(finder.find(pixels), pixels.shape)
    encoded = encoder.encode(pixels, face)
    return _Picture(encoded, detail(turned_view(Pyramid(pixels), region(face.mesh), DETAIL_SIZE)))


def detail(view: Pixels) -> Floats:
    """The fine structure of an aligned face, free of light and contrast: a unit vector, as a square."""
    from scipy.ndimage import gaussian_filter

    grey = np.asarray(Image.fromarray(view).convert("L"), np.float32)
    fine, coarse = (gaussian_filter(grey, sigma) for sigma in DETAIL_SCALES)
    band = np.asarray(fine - coarse, np.float32)
    return band / np.float32(max(float(np.linalg.norm(band)), 1e-6))


def _distinct(pictures: Sequence[_Picture]) -> list[_Picture]:
    """Without those that are copies, mirrored or not, of one before."""
    kept: list[_Picture] = []
    for picture in pictures:
        both = (picture.detail, picture.detail[:, ::-1])
        if not any(float((one * other.detail).sum()) >= SAME_PICTURE for other in kept for one in both):
            kept.append(picture)
    return kept
