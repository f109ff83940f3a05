"""The drawn characters: repeatable, the right size, one face each for the finder, and different people."""

import itertools

import numpy as np
import pytest

from perception.face import FaceFinder
from safety.encoders import open_encoder
from safety.encoders.encoder import FaceEncoder
from service.demo.characters import CHARACTERS, EXPRESSIONS, draw

# Pictures as an enrolment takes them.
VARIANTS = (
    {"expression": "neutral"},
    {"expression": "smile", "turn": 5.0},
    {"expression": "brows", "turn": -5.0, "light": (0.45, -0.5)},
)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="module")
def encoder(finder: FaceFinder) -> FaceEncoder:
    return open_encoder("dlib-resnet-v1", finder)


@pytest.mark.parametrize("name", CHARACTERS)
def test_the_same_arguments_give_the_same_pixels(name: str) -> None:
    """Nothing in a drawing depends on chance or time."""
    first, second = (draw(name, 256, expression="smile", turn=3.0) for _ in range(2))
    assert first.shape == (256, 256, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", CHARACTERS)
@pytest.mark.parametrize(
    ("size", "variant"), [(256, VARIANTS[0]), (384, VARIANTS[1]), (512, VARIANTS[2]), (1024, VARIANTS[0])]
)
def test_every_variant_shows_one_face_that_fills_a_third_of_the_width(
    finder: FaceFinder, name: str, size: int, variant: dict[str, object]
) -> None:
    """The finder sees exactly one face, sure of its mesh, with the pupils a sixth of the picture apart."""
    faces = finder.find(draw(name, size, **variant))  # type: ignore[arg-type]
    assert len(faces) == 1
    assert faces[0].mesh_score > 0.9
    assert 0.15 * size < faces[0].eye_distance < 0.19 * size


@pytest.mark.parametrize("name", CHARACTERS)
def test_a_turn_shows_in_the_pose(finder: FaceFinder, name: str) -> None:
    """A positive turn moves the nose to image right, as the engine's yaw does."""
    left, right = (finder.find(draw(name, 384, turn=turn))[0].pose[0] for turn in (-8.0, 8.0))
    assert right - left > 6.0


@pytest.mark.parametrize("name", CHARACTERS)
def test_expressions_change_mouth_and_brows_only_where_they_should(name: str) -> None:
    """A smile leaves the wall as it was and changes the face."""
    neutral, smile = (draw(name, 256, expression=e).astype(int) for e in ("neutral", "smile"))
    changed = np.abs(neutral - smile).max(-1) > 12
    assert not changed[:20].any()
    assert changed[140:190, 90:170].mean() > 0.02


def test_variants_are_one_person_and_characters_are_several(encoder: FaceEncoder) -> None:
    """Every variant lies nearer to its own character's template than the accepting threshold of the default
    encoder (three pictures, cosine 0.049), and farther from every other's than that by a margin of 0.01."""
    embeddings = {
        name: np.array([encoder.faces(draw(name, 384, **variant))[0].embedding for variant in VARIANTS])  # type: ignore[arg-type]
        for name in CHARACTERS
    }
    for one, other in itertools.product(CHARACTERS, repeat=2):
        template = embeddings[other].mean(0)
        distances = 1.0 - embeddings[one] @ (template / np.linalg.norm(template))
        if one == other:
            assert distances.max() < 0.049
        else:
            assert distances.min() > 0.059


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 63},
        {"size": 2049},
        {"turn": 13.0},
        {"turn": float("nan")},
        {"light": (2.0, 0.0)},
        {"expression": "anger"},
    ],
)
def test_arguments_outside_their_range_are_refused(wrong: dict[str, object]) -> None:
    """The error names what is allowed."""
    with pytest.raises(ValueError, match=r"size must be|is not one of"):
        draw("pip", **{"size": 64, **wrong})  # type: ignore[arg-type]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    """Who exists is part of the message."""
    with pytest.raises(ValueError, match="mira, osei, pip"):
        draw("mona", 64)


def test_every_character_declares_that_it_depicts_nobody() -> None:
    """The declaration is what an enrolment under the basis `character` records."""
    assert EXPRESSIONS == ("neutral", "smile", "brows")
    assert all("depicts nobody" in c.declaration and c.description for c in CHARACTERS.values())
