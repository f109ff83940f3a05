"""Finding, following and measuring faces; and the rule that a portrait shows exactly one."""

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from perception import mesh as points
from perception.detector import views
from perception.errors import (
    FaceNotFound,
    FaceTooSmall,
    FaceTurnedAway,
    MediaTooLarge,
    MediaUnsupported,
    SeveralFaces,
)
from perception.face import Face, FaceFinder, sole_face
from perception.pose import INDICES, SHAPE, head_pose
from perception.warp import Pyramid, affine_view, turned_view, view_matrix
from service.demo.characters import CHARACTERS, draw

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="module")
def astronaut() -> Pixels:
    pixels: Pixels = data.astronaut()
    return pixels


def _turned(pixels: Pixels, degrees: float) -> Pixels:
    return np.asarray(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BICUBIC, expand=True))


def _placed(pixels: Pixels, side: int, canvas: int) -> Pixels:
    """`pixels` as a square of `side` in the middle of a grey picture."""
    picture = Image.new("RGB", (canvas, canvas), (90, 110, 100))
    picture.paste(
        Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS), ((canvas - side) // 2,) * 2
    )
    return np.asarray(picture)


def test_a_photograph(finder: FaceFinder, astronaut: Pixels) -> None:
    """The one face lies where it is: eyes, nose and mouth within 3 pixels of where one sees them."""
    (face,) = finder.find(astronaut)
    assert face.score > 0.6
    assert face.mesh_score > 0.99
    assert 41 < face.eye_distance < 45
    seen = {points.NOSE_TIP: (224, 126), 61: (201, 139), 291: (246, 142)}
    for index, place in seen.items():
        assert np.linalg.norm(face.mesh[index, :2] - place) < 4
    assert face.iris is not None
    assert np.abs(face.iris[:, 0, :2] - [(204, 104), (246, 102)]).max() < 3
    assert face.box[0] < 190
    assert face.box[2] > 258


@pytest.mark.parametrize("name", list(CHARACTERS))
def test_drawn_characters(finder: FaceFinder, name: str) -> None:
    """Painted and cartoon faces are found as surely as photographs, upright and looking ahead."""
    pixels = draw(name, 320)
    face = sole_face(finder.find(pixels), pixels.shape)
    assert face.mesh_score > 0.9
    assert max(abs(angle) for angle in face.pose) < 10


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.6, 0.9])
def test_faces_of_every_size(finder: FaceFinder, astronaut: Pixels, share: float) -> None:
    """A face that takes from a twentieth to nine tenths of the picture's side is found, once."""
    close = astronaut[58:188, 160:290]  # a square in which the face takes four fifths
    pixels = _placed(close, round(share * 1600 / 0.8), 1600)
    (face,) = finder.find(pixels)
    assert 0.7 * share < (face.box[3] - face.box[1]) / 1600 < 1.4 * share


FACELESS: dict[str, Callable[[], Pixels]] = {
    "cup": data.coffee,
    "cat": data.chelsea,
    "rocket": data.rocket,
    "coins": lambda: np.dstack([data.coins()] * 3),
    "black": lambda: np.zeros((300, 300, 3), np.uint8),
    "strip": lambda: np.full((40, 900, 3), 127, np.uint8),
    "noise": lambda: np.random.default_rng(0).integers(0, 256, (500, 400, 3), np.uint8),
    "pixel": lambda: np.zeros((1, 1, 3), np.uint8),
    "line": lambda: np.zeros((1, 3000, 3), np.uint8),
}


@pytest.mark.parametrize("name", list(FACELESS))
def test_pictures_without_a_face(finder: FaceFinder, name: str) -> None:
    """A cup, a cat, a rocket, grey, noise and single pixels hold no face, and the error says what to use."""
    pixels = FACELESS[name]()
    assert finder.find(pixels) == []
    with pytest.raises(FaceNotFound, match="shows one face"):
        sole_face([], pixels.shape)


NOT_PICTURES: dict[str, Any] = {
    "float": np.zeros((80, 80, 3), np.float32),
    "nan": np.full((80, 80, 3), np.nan),
    "grey": np.zeros((80, 80), np.uint8),
    "alpha": np.zeros((80, 80, 4), np.uint8),
    "empty": np.zeros((0, 80, 3), np.uint8),
    "list": [[1, 2, 3]],
}


@pytest.mark.parametrize("name", list(NOT_PICTURES))
def test_arrays_that_are_no_picture(finder: FaceFinder, astronaut: Pixels, name: str) -> None:
    """Floats, NaN, grey, alpha, nothing and lists are refused by every method."""
    pixels = NOT_PICTURES[name]
    (face,) = finder.find(astronaut)
    with pytest.raises(MediaUnsupported):
        finder.find(pixels)
    with pytest.raises(MediaUnsupported):
        finder.track(pixels, face)
    with pytest.raises(MediaUnsupported):
        finder.matte(pixels)


def test_a_picture_over_the_limit(finder: FaceFinder) -> None:
    """More pixels than the limit are refused before anything is copied; the error names the limit."""
    huge = np.broadcast_to(np.uint8(0), (10_000, 10_000, 3))
    with pytest.raises(MediaTooLarge) as refused:
        finder.find(huge)
    assert refused.value.metadata["limit"] == "50000000"


def test_the_mirror_image(finder: FaceFinder, astronaut: Pixels) -> None:
    """A mirrored picture has its face at the mirrored place, and a head tilted to the other shoulder."""
    tilted = _turned(astronaut, -15)
    (face,) = finder.find(tilted)
    (mirrored,) = finder.find(np.ascontiguousarray(tilted[:, ::-1]))
    assert face.pose[2] > 10
    assert mirrored.pose[2] < -10
    assert abs(face.pose[2] + mirrored.pose[2]) < 4
    assert abs((tilted.shape[1] - face.box[2]) - mirrored.box[0]) < 4


def test_the_irises(finder: FaceFinder, astronaut: Pixels) -> None:
    """Rim points lie right, above, left and below the centre; the mirror image has them mirrored."""
    close = Image.fromarray(astronaut).crop((100, 0, 356, 256)).resize((1024, 1024), Image.Resampling.BICUBIC)
    pixels = np.asarray(close)
    iris = finder.find(pixels)[0].iris
    mirrored = finder.find(np.ascontiguousarray(pixels[:, ::-1]))[0].iris
    assert iris is not None
    assert mirrored is not None
    for centre, right, top, left, bottom in iris:
        assert left[0] < centre[0] < right[0]
        assert top[1] < centre[1] < bottom[1]
        assert 24 < right[0] - left[0] < 36
    back = mirrored[::-1, [0, 3, 2, 1, 4]]
    back[..., 0] = 1024 - back[..., 0]
    assert np.abs(back - iris)[..., :2].max() < 2


@pytest.mark.parametrize("degrees", [-40, -20, 20, 40])
def test_turned_pictures(finder: FaceFinder, astronaut: Pixels, degrees: int) -> None:
    """Turning the picture clockwise raises the roll by the angle, and leaves yaw and pitch."""
    (upright,) = finder.find(astronaut)
    (face,) = finder.find(_turned(astronaut, -degrees))
    assert abs(face.pose[2] - upright.pose[2] - degrees) < 4
    assert abs(face.pose[0]) < 6
    assert abs(face.pose[1]) < 6


@pytest.mark.parametrize("turn", [-10, 10])
def test_a_turned_head(finder: FaceFinder, turn: int) -> None:
    """A head drawn with its nose to image right has positive yaw, to image left negative."""
    (face,) = finder.find(draw("pip", 320, turn=turn))
    assert 4 < face.pose[0] * math.copysign(1, turn) < 16


def _mesh(yaw: float, pitch: float, roll: float, scale: float = 100.0) -> NDArray[np.float32]:
    """A rigid head with this pose, written with rotation matrices of its own: y down, z away."""
    a, b, c = (math.radians(angle) for angle in (yaw, pitch, roll))
    about_y = [[math.cos(a), 0, -math.sin(a)], [0, 1, 0], [math.sin(a), 0, math.cos(a)]]
    about_x = [[1, 0, 0], [0, math.cos(b), math.sin(b)], [0, -math.sin(b), math.cos(b)]]
    about_z = [[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]]
    mesh = np.zeros((468, 3), np.float32)
    mesh[INDICES] = SHAPE[:, 1:] @ (np.asarray(about_y) @ about_x @ about_z).T * scale + 200
    return mesh


@settings(max_examples=60, deadline=None)
@given(st.floats(-80, 80), st.floats(-60, 60), st.floats(-170, 170), st.floats(0.5, 2000))
def test_pose_of_a_rigid_head(yaw: float, pitch: float, roll: float, scale: float) -> None:
    """The pose of a rigid head comes back at any scale."""
    assert head_pose(_mesh(yaw, pitch, roll, scale)) == pytest.approx((yaw, pitch, roll), abs=0.1)


def test_the_nose_shows_the_signs() -> None:
    """Positive yaw moves the nose to image right, positive pitch up, positive roll the forehead right."""
    for pose, axis, sign in (((20, 0, 0), 0, 1), ((0, 20, 0), 1, -1)):
        mesh = _mesh(*pose)
        between = mesh[[33, 263, 133, 362]].mean(axis=0)
        assert (mesh[points.NOSE_TIP] - between)[axis] * sign > (_mesh(0, 0, 0)[4] - 200)[axis] * sign + 5
    assert _mesh(0, 0, 20)[points.FOREHEAD, 0] > 210


def _face(mesh: NDArray[np.float32], mesh_score: float = 1.0) -> Face:
    return Face((0, 0, 100, 100), 0.9, mesh, mesh_score)


def test_several_faces(finder: FaceFinder, astronaut: Pixels) -> None:
    """A second face that could be recognised refuses the picture; the error counts them."""
    pixels = np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)
    faces = finder.find(pixels)
    assert len(faces) == 2
    with pytest.raises(SeveralFaces) as refused:
        sole_face(faces, pixels.shape)
    assert refused.value.metadata["faces"] == "2"


def test_a_face_too_far_away_to_recognise_does_not_count() -> None:
    """The limit on the second face is 24 pixels between the eyes: below it the picture has one sitter."""
    sitter, passer_by, neighbour = (_face(_mesh(0, 0, 0, scale)) for scale in (100, 30, 45))
    assert passer_by.eye_distance < 24 < neighbour.eye_distance
    assert sole_face([sitter, passer_by], (400, 400, 3)) is sitter
    with pytest.raises(SeveralFaces):
        sole_face([sitter, neighbour], (400, 400, 3))


def test_a_small_face(finder: FaceFinder, astronaut: Pixels) -> None:
    """Below 40 pixels between the eyes there is too little to animate; the error names distance and limit."""
    pixels = _placed(astronaut, 400, 400)
    with pytest.raises(FaceTooSmall, match="40 are needed") as refused:
        sole_face(finder.find(pixels), pixels.shape)
    assert refused.value.metadata["least"] == "40.0"
    assert 30 < int(refused.value.metadata["eye_distance"]) < 38


@pytest.mark.parametrize(
    ("pose", "where"),
    [((50, 0, 0), "side"), ((-36, 0, 0), "side"), ((0, 40, 0), "up"), ((0, -31, 0), "down")],
)
def test_heads_turned_away(pose: tuple[float, float, float], where: str) -> None:
    """Over 35 degrees of yaw or 30 of pitch are refused; the error says which way and how far is allowed."""
    with pytest.raises(FaceTurnedAway, match=where) as refused:
        sole_face([_face(_mesh(*pose))], (400, 400, 3))
    assert refused.value.metadata["most"] in {"35.0", "30.0"}
    inside = tuple(angle * 0.6 for angle in pose)
    assert sole_face([_face(_mesh(*inside))], (400, 400, 3))


def test_a_mesh_that_does_not_fit() -> None:
    """A face whose mesh score is under 0.9 counts as none."""
    with pytest.raises(FaceNotFound, match="cannot be made out"):
        sole_face([_face(_mesh(0, 0, 0), mesh_score=0.8)], (400, 400, 3))


def test_following_a_moving_face(finder: FaceFinder, astronaut: Pixels) -> None:
    """Over a swaying and turning sequence the mesh stays within 3 pixels of a fresh search."""
    picture = Image.fromarray(astronaut)
    face = finder.find(astronaut)[0]
    for step in range(1, 25):
        shift = (round(20 * math.sin(step / 5)), round(15 * math.sin(step / 7)))
        turned = picture.rotate(
            15 * math.sin(step / 8), Image.Resampling.BICUBIC, center=(224, 120), translate=shift
        )
        frame = np.asarray(turned)
        followed = finder.track(frame, face)
        assert followed is not None
        face = followed
        if step % 8 == 0:
            fresh = finder.find(frame)[0]
            assert np.abs(fresh.mesh - face.mesh)[:, :2].max() < 4
            assert abs(fresh.pose[2] - face.pose[2]) < 3


def test_losing_a_face(finder: FaceFinder, astronaut: Pixels) -> None:
    """Where there is no face any more, following ends."""
    (face,) = finder.find(astronaut)
    assert finder.track(np.zeros_like(astronaut), face) is None
    assert finder.track(data.coffee(), face) is None
    assert finder.track(np.zeros((64, 64, 3), np.uint8), face) is None


def test_the_matte(finder: FaceFinder, astronaut: Pixels) -> None:
    """Face and suit are the person, shuttle and flag are not; the matte has the picture's size."""
    matte = finder.matte(astronaut)
    assert matte.dtype == np.float32
    assert matte.shape == astronaut.shape[:2]
    assert matte[90:160, 195:255].min() > 0.85
    assert matte[300:400, 150:250].mean() > 0.95
    assert matte[10:150, 330:380].max() < 0.1
    assert 0 <= matte.min() <= matte.max() <= 1


def test_the_matte_of_single_pixels(finder: FaceFinder) -> None:
    """The smallest picture has a matte."""
    assert finder.matte(np.zeros((1, 1, 3), np.uint8)).shape == (1, 1)


def test_both_detectors_have_to_agree(
    finder: FaceFinder, astronaut: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A face that the short-range detector does not confirm close up does not count."""
    nothing = np.zeros((0, 16), np.float32), np.zeros(0, np.float32)
    monkeypatch.setattr(finder, "_short", Blind(nothing))
    assert finder.find(astronaut) == []


class Blind:
    """A detector that sees nothing."""

    size = 128

    def __init__(self, nothing: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
        self._nothing = nothing

    def __call__(self, view: Pixels, threshold: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self._nothing


@pytest.mark.parametrize("name", ["coins", "motorcycle"])
def test_the_mesh_has_to_fit(finder: FaceFinder, name: str) -> None:
    """Coins and a wheel that both detectors take for a face do not count: no mesh fits them."""
    pixels = np.dstack([data.coins()] * 3) if name == "coins" else data.stereo_motorcycle()[0]
    pyramid = Pyramid(pixels)
    candidates = finder._candidates(pyramid)
    assert any(finder._confirm(pyramid, candidate) for candidate in candidates)
    assert finder.find(pixels) == []


def test_two_threads_share_a_finder(finder: FaceFinder, astronaut: Pixels) -> None:
    """Searches from two threads give what searches one after the other give."""
    pictures = [astronaut, np.ascontiguousarray(astronaut[:, ::-1])] * 4
    expected = [finder.find(pixels)[0].mesh for pixels in pictures]
    found: list[NDArray[np.float32] | None] = [None] * len(pictures)

    def search(start: int) -> None:
        for i in range(start, len(pictures), 2):
            found[i] = finder.find(pictures[i])[0].mesh

    threads = [threading.Thread(target=search, args=(start,)) for start in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(expected, found, strict=True):
        assert other is not None
        assert np.array_equal(one, other)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 9000), st.integers(1, 9000))
def test_tiles_cover_the_picture(width: int, height: int) -> None:
    """The smallest tiles leave no part of any picture unseen, and there is a bound on their number."""
    squares = views(width, height)
    assert len(squares) <= 2 + 9 + 49 + 121
    side = min(square[2] for square in squares)
    rng = np.random.default_rng(0)
    for x, y in rng.uniform(0, 1, (50, 2)) * (width, height):
        assert any(left <= x <= left + side and top <= y <= top + side for left, top, _ in squares)


def test_views_are_cut_where_they_should() -> None:
    """A view is the picture's own pixels when it is neither turned nor scaled, and black outside."""
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    pyramid = Pyramid(pixels)
    assert np.array_equal(turned_view(pyramid, (30, 20, 16, 0.0), 16), pixels[12:28, 22:38])
    quarter = turned_view(pyramid, (30, 20, 16, math.pi / 2), 16)
    assert np.abs(quarter.astype(int) - np.rot90(pixels[12:28, 22:38])).max() <= 1  # it may round down
    assert not turned_view(pyramid, (-40, -40, 16, 0.0), 16).any()


def test_small_views_do_not_alias() -> None:
    """A fine chequerboard seen from afar is grey, not a pattern of its own."""
    board = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
    view = affine_view(Pyramid(np.dstack([board] * 3)), view_matrix((256, 256, 512, 0.2), 32), 32)
    assert np.ptp(view[8:24, 8:24].astype(int)) < 8
