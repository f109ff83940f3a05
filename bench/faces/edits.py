"""Is a portrait found as the same person after everyday handling? On the project's own drawn characters."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from perception.errors import FaceError
from perception.face import FaceFinder, FaceLimits, sole_face
from safety.encoders.encoder import FaceEncoder
from safety.enrolment import make_template
from safety.errors import IdentityRefused
from safety.gallery import Gallery, Template
from safety.matching import decide
from service.demo.characters import CHARACTERS, draw

Pixels = NDArray[np.uint8]


def _jpeg(pixels: Pixels) -> Pixels:
    file: Any = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=30)
    return np.asarray(Image.open(file).convert("RGB"))


def _quarter(pixels: Pixels) -> Pixels:
    picture = Image.fromarray(pixels)
    return np.asarray(picture.resize((picture.width // 4, picture.height // 4), Image.Resampling.LANCZOS))


def _grey(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def _light(gain: float) -> Callable[[Pixels], Pixels]:
    return lambda pixels: np.clip(pixels * gain, 0, 255).astype(np.uint8)


EDITS: Mapping[str, Callable[[Pixels], Pixels]] = {
    "untouched": lambda pixels: pixels,
    "JPEG quality 30": _jpeg,
    "25 % of the size": _quarter,
    "grey": _grey,
    "mirrored": lambda pixels: np.ascontiguousarray(pixels[:, ::-1]),
    "30 % darker": _light(0.7),
    "30 % brighter": _light(1.3),
}


def measure(
    finder: FaceFinder, encoder: FaceEncoder, size: int, limits: FaceLimits, *, quick: bool
) -> dict[str, Any]:
    """Share of portraits that the full rule accepts, of each edit and of all; enrolled from three drawings.

    Args:
        size: of the portraits, pixels. A quarter of 1024 has 44 pixels between the eyes, of 512 only 22.
        limits: what the picture must show.
    """
    turns = (0.0,) if quick else (-6.0, 0.0, 6.0)
    templates, portraits = [], []
    for name in CHARACTERS:
        taken = [draw(name, size, turn=turn) for turn in (-9.0, 0.0, 9.0)]
        made = make_template(taken, "character", finder, encoder, protected=False)
        templates.append(Template(name, "character", False, made.pictures, made.embedding))
        portraits += [
            (name, draw(name, size, turn=turn, expression=look))
            for look in ("neutral", "smile", "brows")
            for turn in turns
        ]
    gallery = Gallery(templates)
    found = {edit: [0, 0] for edit in EDITS}
    for name, portrait in portraits:
        for edit, change in EDITS.items():
            found[edit][1] += 1
            found[edit][0] += _accepted(gallery, finder, encoder, limits, change(portrait), name)
    rates = {edit: {"found": right, "of": of} for edit, (right, of) in found.items()}
    edited = [counts for edit, counts in found.items() if edit != "untouched"]
    share = sum(right for right, _ in edited) / sum(of for _, of in edited)
    return {
        "edits": rates,
        "portrait_pixels": size,
        "share_of_edited": round(share, 4),
        "floor": 0.98,
        "aim": 1.0,
    }


def _accepted(
    gallery: Gallery,
    finder: FaceFinder,
    encoder: FaceEncoder,
    limits: FaceLimits,
    pixels: Pixels,
    name: str,
) -> bool:
    try:
        face = sole_face(finder.find(pixels), pixels.shape, limits)
        decide(gallery, encoder.encode(pixels, face).embedding, name, encoder.calibration)
    except (FaceError, IdentityRefused):
        return False
    return True
