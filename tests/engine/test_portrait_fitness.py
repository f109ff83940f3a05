"""Pictures that give a good clip, and pictures that are refused before anything is rendered."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from pictured import Pixels, portrait_of
from PIL import Image, ImageDraw

from engine.errors import PortraitUnusable
from engine.portrait import Portrait, build_portrait
from engine.portrait.canvas import cut
from engine.portrait.fitness import LEAST_CONTRAST, check, contrast
from engine.portrait.framing import frame_face
from engine.render import Renderer
from engine.state import INDEX, Controls, State, rest
from perception.errors import FaceError, FaceTooSmall
from perception.face import Face, FaceFinder
from service.demo.characters import draw


@pytest.fixture(scope="module")
def mira(still: Pixels) -> Pixels:
    return still


def scaled(pixels: Pixels, factor: float, offset: float = 0.0) -> Pixels:
    return np.clip(pixels * factor + offset, 0, 255).astype(np.uint8)


def drawn_over(
    pixels: Pixels, face: Face, cover: Callable[[ImageDraw.ImageDraw, float, float, float], None]
) -> Pixels:
    """`cover` draws around x, y of the mouth, with the distance between the eyes as its unit."""
    image = Image.fromarray(pixels)
    x, y = (float(v) for v in face.mesh[[13, 14], :2].mean(axis=0))
    cover(ImageDraw.Draw(image), x, y, face.eye_distance)
    return np.asarray(image)


def fingers(pen: ImageDraw.ImageDraw, x: float, y: float, unit: float) -> None:
    for row in range(4):
        top = y + (0.2 * row - 0.32) * unit
        box = [x - 0.75 * unit, top, x + 0.6 * unit, top + 0.19 * unit]
        pen.rounded_rectangle(box, 0.09 * unit, fill=(220, 160, 140), outline=(170, 115, 100), width=2)


def plain_cloth(pen: ImageDraw.ImageDraw, x: float, y: float, unit: float) -> None:
    pen.rectangle([x - 0.8 * unit, y - 0.5 * unit, x + 0.8 * unit, y + 0.8 * unit], fill=(150, 190, 215))


def built(finder: FaceFinder, pixels: Pixels) -> Portrait:
    return portrait_of(finder, pixels, Controls(size=256))


def shown(portrait: Portrait, **weights: float) -> NDArray[np.float32]:
    """(256, 256, 3) the frame with these blendshapes."""
    values = np.zeros(len(INDEX), np.float32)
    for name, weight in weights.items():
        values[INDEX[name]] = weight
    frame = Renderer(portrait, Controls(size=256)).render(State(values))
    return np.asarray(frame, np.float32)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda picture: scaled(picture, 0.05), "too_dark"),
        (lambda picture: scaled(picture, 4.0), "too_light"),
        (lambda picture: scaled(picture, 0.05, 120.0), "no_contrast"),
    ],
)
def test_a_face_without_detail_is_refused(
    mira: Pixels, face: Face, change: Callable[[Pixels], Pixels], why: str
) -> None:
    """Darkness, overexposure and fog that leave no detail are refused by their own names, with the limit."""
    with pytest.raises(PortraitUnusable) as caught:
        check(change(mira), face)
    assert caught.value.metadata["why"] == why
    assert float(caught.value.metadata["least"]) == LEAST_CONTRAST


@pytest.mark.parametrize("cover", [fingers, plain_cloth])
def test_a_covered_mouth_is_refused(
    finder: FaceFinder,
    mira: Pixels,
    face: Face,
    cover: Callable[[ImageDraw.ImageDraw, float, float, float], None],
) -> None:
    """Fingers or cloth over the mouth: no mouth is cut into them."""
    with pytest.raises(PortraitUnusable) as caught:
        built(finder, drawn_over(mira, face, cover))
    assert caught.value.metadata["why"] == "mouth_hidden"


def test_a_picture_on_its_side_is_not_animated(finder: FaceFinder, face: Face, mira: Pixels) -> None:
    """A picture turned by 90 degrees is refused, by the search for a face or by its roll."""
    with pytest.raises((FaceError, PortraitUnusable)):
        built(finder, np.ascontiguousarray(np.rot90(mira)))
    turned = replace(face, mesh=face.mesh[:, [1, 0, 2]] * np.asarray([1, -1, 1], np.float32))
    with pytest.raises(PortraitUnusable) as caught:
        check(mira, turned)
    assert caught.value.metadata["why"] == "rolled"


def test_a_tiny_picture_is_refused_with_the_limit(finder: FaceFinder) -> None:
    """In a 64 pixel picture the eyes are too close together; the error says how far apart they must be."""
    tiny = draw("mira", 64)
    with pytest.raises(FaceTooSmall) as caught:
        built(finder, tiny)
    assert caught.value.metadata["least"] == "40.0"


@pytest.mark.parametrize("name", ["osei", "pip"])
@pytest.mark.parametrize(
    "change",
    [
        lambda picture: scaled(picture, 0.3),
        lambda picture: scaled(picture, 1.5, 20),
        lambda picture: scaled(picture, 0.4, 100),
        lambda picture: np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8),
    ],
    ids=["dim", "bright", "foggy", "grey"],
)
def test_imperfect_pictures_are_animated(
    finder: FaceFinder, name: str, change: Callable[[Pixels], Pixels]
) -> None:
    """Dim, bright, foggy and grey pictures keep both eyes; an opened mouth stays in their range of levels.

    A grey picture's mouth is grey.
    """
    picture = change(draw(name, 512))
    portrait = built(finder, picture)
    assert len(portrait.eyes) == 2
    x, y = portrait.mesh[[13, 14], :2].mean(axis=0).astype(int)
    reach = int(0.4 * portrait.head.unit)
    mouth = shown(portrait, jawOpen=0.5)[y - reach // 2 : y + reach, x - reach : x + reach]
    assert mouth.min() > int(picture.min()) - 12
    assert mouth.max() < int(picture.max()) + 12
    if np.ptp(picture, axis=2).max() == 0:
        assert np.ptp(mouth, axis=2).max() < 3


def test_shut_eyes_stay_shut(finder: FaceFinder, mira: Pixels, face: Face) -> None:
    """A sitter whose eyes are shut in the picture is animated with shut eyes: nothing is invented."""
    open_eyes = build_portrait(mira, face, finder.matte(mira), Controls())
    values = np.zeros(len(INDEX), np.float32)
    values[[INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]] = 1
    asleep = Renderer(open_eyes, Controls()).render(State(values))
    assert built(finder, asleep).eyes == ()


def test_covered_eyes_are_left_alone(finder: FaceFinder, mira: Pixels, face: Face) -> None:
    """Dark glasses do not blink."""
    image = Image.fromarray(mira)
    for corners in ([33, 133], [362, 263]):
        x, y = (float(v) for v in face.mesh[corners, :2].mean(axis=0))
        reach = 0.38 * face.eye_distance
        ImageDraw.Draw(image).ellipse([x - reach, y - reach, x + reach, y + reach], fill=(20, 20, 22))
    portrait = built(finder, np.asarray(image))
    assert portrait.eyes == ()
    still, blinking = shown(portrait), shown(portrait, eyeBlinkLeft=1, eyeBlinkRight=1)
    assert np.array_equal(still, blinking)


def test_an_open_mouth_closes_and_shows_its_own_teeth(finder: FaceFinder, mira: Pixels, face: Face) -> None:
    """A picture of a laughing sitter: the lips meet when they should, and the teeth are the picture's."""
    values = np.zeros(len(INDEX), np.float32)
    laugh = {"jawOpen": 0.3, "mouthSmileLeft": 0.6, "mouthSmileRight": 0.6, "mouthUpperUpLeft": 0.5,
             "mouthUpperUpRight": 0.5, "mouthLowerDownLeft": 0.3, "mouthLowerDownRight": 0.3}  # fmt: skip
    for shape, weight in laugh.items():
        values[INDEX[shape]] = weight
    shut = build_portrait(mira, face, finder.matte(mira), Controls())
    portrait = built(finder, Renderer(shut, Controls()).render(State(values)))
    assert portrait.mouth.picture is not None
    teeth = portrait.mouth.picture[1]
    assert teeth[3].max() == pytest.approx(1, abs=0.05)
    assert teeth[:3, teeth[3] > 0.9].mean() > portrait.style.lip.mean() + 20
    x, y = portrait.mesh[[13, 14], :2].mean(axis=0).astype(int)
    unit = portrait.head.unit
    column = slice(int(y - 0.2 * unit), int(y + 0.25 * unit)), slice(x - 2, x + 3)
    still, closed = (
        shown(portrait)[column],
        shown(portrait, mouthPressLeft=0.35, mouthPressRight=0.35)[column],
    )

    def grey_rows(part: NDArray[np.float32]) -> int:
        """Rows that show teeth or the dark behind: lips and skin are redder than either."""
        red = part[..., 0] / np.maximum(part.mean(axis=2), 1)
        return int((red.mean(axis=1) < 1.12).sum())

    assert grey_rows(still) >= 4
    assert grey_rows(closed) <= 1


def test_a_large_picture_is_framed_like_a_small_one(finder: FaceFinder, mira: Pixels, face: Face) -> None:
    """Eight times the pixels give the same canvas, and the picture is never held as floats."""
    large = mira.repeat(8, axis=0).repeat(8, axis=1)
    matte = finder.matte(mira)
    small_framing = frame_face(face, matte, 1.0, 256)
    framing = replace(
        small_framing, x=small_framing.x * 8, y=small_framing.y * 8, side=small_framing.side * 8
    )
    tracemalloc.start()
    canvas = cut(large, framing)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < large.size  # bytes: a quarter of what it would take as float32
    assert np.abs(canvas - cut(mira, small_framing)).mean() < 2.5


def test_contrast_is_that_of_the_feature(mira: Pixels, face: Face) -> None:
    """Half the levels, half the contrast; a uniform picture has none."""
    whole, half = contrast(mira, face, "mouth"), contrast(scaled(mira, 0.5), face, "mouth")
    assert half == pytest.approx(whole / 2, rel=0.05)
    assert contrast(np.full_like(mira, 90), face, "face") == 0


def test_rest_is_the_picture(finder: FaceFinder, mira: Pixels) -> None:
    """With every channel at zero the frame is the still, whatever was traced in it."""
    portrait = built(finder, mira)
    frame = np.asarray(Renderer(portrait, Controls(size=256)).render(rest()), np.float32)
    border = portrait.framing.border * portrait.framing.oversample
    k = portrait.framing.oversample
    inner = portrait.canvas[border : border + 256 * k, border : border + 256 * k]
    shrunk = inner.reshape(256, k, 256, k, 3).mean(axis=(1, 3))
    assert np.abs(frame - shrunk).mean() < 2
