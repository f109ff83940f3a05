"""Who appears in the demo: a character of ours, or the picture that the user brings."""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perception.image import decode_image
from service.demo.characters import CHARACTERS, draw

LEAD, STRANGER = "mira", "osei"
SIZE = 1024
TURN = 9.0  # degrees: within what the engine shows without a fault


@dataclass(frozen=True)
class Sitter:
    """The demo's sitter. Pictures are encoded files, as a client would send them.

    Attributes:
        pictures: for the enrolment.
        portrait: to animate.
        somebody_else: another face, to be refused under this sitter's name.
        provenance: where the enrolment pictures come from, for the report.
    """

    name: str
    basis: str
    declaration: str
    pictures: tuple[bytes, ...]
    portrait: bytes
    somebody_else: bytes
    provenance: str


def drawn(basis: str) -> Sitter:
    """Our own character, enrolled from three drawings of it."""
    portrait = png(draw(LEAD, SIZE))
    variants = (png(draw(LEAD, SIZE, expression="smile")), png(draw(LEAD, SIZE, turn=6.0)))
    return Sitter(
        name=LEAD.capitalize(),
        basis=basis,
        declaration=CHARACTERS[LEAD].declaration,
        pictures=(portrait, *variants),
        portrait=portrait,
        somebody_else=png(draw(STRANGER, SIZE)),
        provenance="three drawings of the character: neutral, smiling, turned",
    )


def brought(path: Path, basis: str) -> Sitter:
    """The user's picture. A living person's enrolment needs three pictures taken apart; the demonstration has
    one, turns the head in it to both sides, and says so.

    Raises:
        OSError: it cannot be read.
        MediaError: it is no picture.
        FaceError: it shows no usable face.
    """
    data = path.read_bytes()
    pictures: tuple[bytes, ...] = (data,)
    provenance = "the one picture given"
    if basis == "consent":
        pictures = (data, *(png(view) for view in _turned(decode_image(data).pixels)))
        provenance = "the one picture given, and two views of it turned by the engine (demonstration only)"
    return Sitter(
        name=path.stem[:100] or "portrait",
        basis=basis,
        declaration=f"Declared for a demonstration under the basis {basis!r} by whoever ran it.",
        pictures=pictures,
        portrait=data,
        somebody_else=png(draw(STRANGER, SIZE)),
        provenance=provenance,
    )


def png(pixels: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) RGB as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _turned(pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The head turned to the left and to the right (one in profile: twice towards us), in other light."""
    from engine.portrait import build_portrait
    from engine.render import Renderer
    from engine.state import Controls, rest
    from perception.face import FACE_LIMITS, FaceFinder, sole_face

    finder, controls = FaceFinder(), Controls()
    face = sole_face(finder.find(pixels), pixels.shape)
    renderer = Renderer(build_portrait(pixels, face, finder.matte(pixels), controls), controls)
    yaw = face.pose[0]
    turns = (-TURN, TURN)
    if abs(yaw) + 2 * TURN > FACE_LIMITS.yaw:
        turns = (-math.copysign(TURN / 2, yaw), -math.copysign(TURN, yaw))
    for degrees, gain in zip(turns, (0.9, 1.08), strict=True):
        frame = renderer.render(replace(rest(), rotation=(degrees, 0.0, 0.0)))
        yield np.clip(frame * np.float32(gain), 0, 255).astype(np.uint8)
