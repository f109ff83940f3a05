"""The demo's characters: drawn by code, depicting nobody, free to animate under the basis `character`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.demo.drawing.body import Backdrop, Clothes
from service.demo.drawing.eyes import Look
from service.demo.drawing.flat import Cartoon, paint_flat
from service.demo.drawing.hair import Hair
from service.demo.drawing.painting import Person, paint
from service.demo.drawing.shape import EXPRESSIONS, Face
from service.demo.drawing.skin import Skin

__all__ = ["CHARACTERS", "DECLARATION", "EXPRESSIONS", "Character", "draw"]

DECLARATION = "drawn by the Sitter project; depicts nobody"

_MIRA = Person(
    face=Face(
        outline=((0, -1.66), (0.55, -1.54), (0.93, -1.10), (1.06, -0.50), (1.05, 0.05), (1.00, 0.50),
                 (0.89, 0.92),
                 (0.68, 1.34), (0.40, 1.68), (0.20, 1.79), (0, 1.82)),
        neck=0.62, fold=0.009, mouth_lift=0.032, brow_y=-0.375, mouth_y=1.11, nose_length=0.64,
    ),
    skin=Skin(base=(233, 190, 164), warm=(226, 142, 120), deep=(190, 132, 112), lip_upper=(176, 84, 82),
    lip_lower=(204, 108, 102),
              freckles=0.8),
    look=Look(iris=(66, 96, 84), iris_inner=(150, 128, 70), lash=(36, 24, 20), brow=(112, 74, 52)),
    hair=Hair(deep=(38, 20, 14), tone=(138, 80, 48), shine=(232, 172, 118)),
    clothes=Clothes(cloth=(44, 110, 116), trim=(38, 98, 104)),
    backdrop=Backdrop(top=(92, 112, 118), bottom=(58, 62, 74), glow=(214, 184, 150), discs=0.10, seed=3),
    style="long",
)  # fmt: skip
_OSEI = Person(
    face=Face(
        outline=((0, -1.68), (0.60, -1.56), (0.98, -1.12), (1.10, -0.50), (1.12, 0.05), (1.10, 0.50),
                 (1.03, 0.95),
                 (0.84, 1.38), (0.54, 1.70), (0.28, 1.83), (0, 1.86)),
        eye_width=0.25, eye_upper=0.108, eye_lower=0.072, eye_tilt=0.02, iris=0.118, lid=0.052,
        brow_y=-0.305, brow_arch=0.045, brow_thick=0.074, nose_length=0.71, nose_width=0.36,
        nose_bridge=0.135,
        mouth_y=1.145, mouth_width=0.42, lip_upper=0.10, lip_lower=0.145, brow_ridge=0.075, cheek=0.12,
        fold=0.034,
        age=0.75, neck=0.86, shoulders=2.05,
    ),
    skin=Skin(base=(142, 94, 68), warm=(140, 78, 56), deep=(88, 54, 40), lip_upper=(104, 60, 52),
    lip_lower=(142, 86, 76),
              blush=0.4, gloss=0.17, beard=0.5),
    look=Look(iris=(44, 26, 16), iris_inner=(92, 56, 30), lash=(18, 14, 12), brow=(40, 34, 32),
    lash_length=0.045,
              lash_line=0.017, brow_hairs=260, brow_grey=0.3, sclera=(206, 196, 186)),
    hair=Hair(deep=(20, 18, 18), tone=(92, 88, 86), shine=(206, 204, 200), grey=0.40),
    clothes=Clothes(cloth=(66, 84, 112), trim=(56, 72, 100), neckline=0.42),
    backdrop=Backdrop(top=(126, 86, 66), bottom=(54, 44, 46), glow=(208, 150, 104), seed=5),
    style="crop",
)  # fmt: skip


_PIP = Cartoon(
    face=Face(
        outline=((0, -1.66), (0.61, -1.54), (1.03, -1.10), (1.17, -0.50), (1.19, 0.05), (1.17, 0.50),
                 (1.08, 0.92),
                 (0.81, 1.36), (0.45, 1.68), (0.21, 1.77), (0, 1.79)),
        eye_width=0.28, eye_upper=0.152, eye_lower=0.092, iris=0.142, brow_y=-0.44, brow_thick=0.052,
        brow_arch=0.09, eye_tilt=0.085, nose_length=0.58,
        nose_width=0.25, mouth_y=1.12, mouth_width=0.40, lip_upper=0.088, lip_lower=0.128,
        mouth_lift=0.03, neck=0.62,
    ),
    ink=(40, 24, 36), skin=(126, 82, 58), shadow=(94, 58, 42), blush=(146, 76, 58), hair=(62, 58, 116),
    hair_shadow=(40, 38, 84), iris=(96, 58, 30), lip_upper=(112, 44, 48), lip_lower=(156, 74, 70),
    cloth=(240, 180, 66), trim=(222, 96, 66), wall=(120, 190, 184), disc=(168, 220, 208),
)  # fmt: skip


@dataclass(frozen=True)
class Character:
    """What a user reads about a character."""

    description: str
    declaration: str = DECLARATION


CHARACTERS = {
    "mira": Character("a young woman with auburn hair and freckles, painted"),
    "osei": Character("a middle-aged man with dark skin and a grey beard, painted"),
    "pip": Character("a cartoon girl with blue hair: uniform colours inside ink lines"),
}
_PEOPLE: dict[str, Person | Cartoon] = {"mira": _MIRA, "osei": _OSEI, "pip": _PIP}


def draw(
    name: str, size: int = 1024, *, expression: str = "neutral", turn: float = 0.0,
    light: tuple[float, float] = (-0.45, -0.55),
) -> NDArray[np.uint8]:  # fmt: skip
    """The picture of a character: the same arguments always give the same pixels.

    Args:
        name: one of `CHARACTERS`.
        size: side of the picture, 64..2048 pixels.
        expression: one of `EXPRESSIONS`: "neutral", "smile" (lips closed) or "brows" (raised).
        turn: -12..12 degrees; positive turns the nose to image right (the character's left).
        light: where the main light stands seen from the face, x right and y down, each -1..1.

    Returns:
        (size, size, 3) uint8 RGB.

    Raises:
        ValueError: an argument is outside its range.
    """
    if name not in _PEOPLE:
        raise ValueError(f"no character {name!r}: use one of {', '.join(CHARACTERS)}")
    if not (64 <= size <= 2048 and -12 <= turn <= 12 and abs(light[0]) <= 1 and abs(light[1]) <= 1):
        raise ValueError("size must be 64 to 2048 pixels, turn -12 to 12 degrees, light -1 to 1")
    match _PEOPLE[name]:
        case Person() as person:
            return paint(person, size, expression, turn, light)
        case Cartoon() as cartoon:
            return paint_flat(cartoon, size, expression, turn, light)
