"""Pose and expression edit of a still, and the caller's framing, seen by the face finder."""

import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import ControlOutOfRange, RenderFailed
from engine.portrait.framing import ROOM, frame_face
from engine.state import Controls, Crop, rest
from engine.still import edit_still, expression
from perception.errors import FaceNotFound
from perception.face import Face, FaceFinder
from perception.mesh import LIPS_INNER
from perception.pose import head_pose

Pixels = NDArray[np.uint8]
SIZE = 384


def seen(finder: FaceFinder, still: Pixels, controls: Controls, **weights: float) -> Face:
    """The face found in the edited still."""
    edited = edit_still(still, expression(weights, controls), controls, finder)
    assert edited.shape == (SIZE, SIZE, 3)
    assert edited.dtype == np.uint8
    return finder.find(edited)[0]


@pytest.fixture(scope="module")
def plain(finder: FaceFinder, still: Pixels) -> Face:
    return seen(finder, still, Controls(size=SIZE))


@pytest.mark.parametrize(
    ("pose", "axis", "least"),
    [
        ((15, 0, 0), 0, 9), ((-15, 0, 0), 0, -9), ((0, 10, 0), 1, 3), ((0, -10, 0), 1, -6),
        ((0, 0, 10), 2, 8), ((0, 0, -10), 2, -8),
    ],
)  # fmt: skip
def test_the_pose_is_seen(
    finder: FaceFinder, still: Pixels, plain: Face, pose: tuple[float, float, float], axis: int, least: float
) -> None:
    """The head that is found is turned that way, by most of what was asked (the mesh sees turns smaller)."""
    turned = head_pose(seen(finder, still, Controls(size=SIZE, pose=pose)).mesh)[axis]
    change = turned - head_pose(plain.mesh)[axis]
    assert change * np.sign(least) > abs(least)


def test_weights_are_seen(finder: FaceFinder, still: Pixels, plain: Face) -> None:
    """An open jaw opens the mouth that is found."""

    def gap(face: Face) -> float:
        lips = face.mesh[list(LIPS_INNER)]
        return float(np.ptp(lips[:, 1]) / np.ptp(lips[:, 0]))

    assert gap(seen(finder, still, Controls(size=SIZE), jawOpen=0.6)) > gap(plain) + 0.25


def test_expression_adds_up() -> None:
    """Weights, emotion, pose and gaze in one state; the eyes take back the turn of the head."""
    controls = Controls(pose=(10.0, 0.0, 0.0), gaze=(0.0, 0.0), emotion=(("happy", 1.0),))
    state = expression({"jawOpen": 0.4, "mouthSmileLeft": 0.9}, controls)
    assert state["jawOpen"] == pytest.approx(0.4)
    assert state["mouthSmileLeft"] == 1.0
    assert state["mouthSmileRight"] > 0.5
    assert state.rotation[0] == pytest.approx(10.0)
    assert state.gaze[0] == pytest.approx(-10.0, abs=0.1)
    lowered = expression({}, Controls(gaze=(0.0, -15.0)))
    assert lowered["eyeBlinkLeft"] > 0.05
    for name, weight in (("smile", 0.5), ("jawOpen", 1.1), ("jawOpen", -0.1), ("jawOpen", float("nan"))):
        with pytest.raises(ControlOutOfRange):
            expression({name: weight}, Controls())


def test_what_cannot_be_edited_is_refused(finder: FaceFinder, still: Pixels) -> None:
    """No face; no such device."""
    with pytest.raises(FaceNotFound):
        edit_still(np.full((300, 300, 3), 128, np.uint8), rest(), Controls(), finder)
    with pytest.raises(RenderFailed):
        edit_still(still, rest(), Controls(size=256), finder, "nowhere")


def test_the_callers_framing_is_what_is_shown(finder: FaceFinder, still: Pixels, plain: Face) -> None:
    """A closer crop shows the face larger by exactly that, and where the crop puts it."""
    close = seen(finder, still, Controls(size=SIZE, framing=Crop(0.45, 0.45, 0.8)))
    grown = np.ptp(close.mesh[:, 0]) / np.ptp(plain.mesh[:, 0])
    assert grown == pytest.approx(1 / 0.8, rel=0.03)  # the automatic framing shows all of this picture
    x, y = (close.mesh[:, :2].mean(axis=0) / SIZE - 0.5) * 0.8 + 0.45
    assert (x, y) == pytest.approx(tuple(plain.mesh[:, :2].mean(axis=0) / SIZE), abs=0.015)


def test_the_framing_goes_with_the_distance(face: Face, matte: NDArray[np.float32]) -> None:
    """Farther, it is that many times larger about its centre, and ends above the picture's bottom."""
    near, far = (frame_face(face, matte, d, 512, Crop(0.5, 0.5, 0.9)) for d in (1.0, 1.2))
    assert far.side == pytest.approx(1.2 * near.side)
    assert far.x + far.side / 2 == pytest.approx(near.x + near.side / 2)
    assert far.y + far.side <= 512 + 1e-6


@pytest.mark.parametrize(
    ("crop", "words"),
    [
        (Crop(0.5, 0.5, 0.4), "side of at least 0"),
        (Crop(0.9, 0.5, 0.8), "does not fit|right"),
        (Crop(0.5, 0.1, 0.8), "centre it near 0.5"),
        (Crop(0.5, 0.5, 1.4), "bottom"),
        (Crop(0.66, 0.5, 0.95), "right"),
    ],
)
def test_a_framing_that_does_not_fit_is_refused(
    face: Face, matte: NDArray[np.float32], crop: Crop, words: str
) -> None:
    """Too close, beside the face, or beyond where the picture cuts the sitter off: it says what would fit."""
    with pytest.raises(ControlOutOfRange, match=words) as caught:
        frame_face(face, matte, 1.0, 512, crop)
    assert caught.value.metadata["control"] == "framing"


@pytest.fixture(scope="module")
def scalped(face: Face, matte: NDArray[np.float32]) -> tuple[Face, NDArray[np.float32]]:
    """The same, in a picture that ends a tenth of a face above the mesh, through the hair."""
    rows = int(face.mesh[:, 1].min() - 0.1 * np.ptp(face.mesh[:, 1]))
    moved = replace(face, mesh=face.mesh - np.asarray([0, rows, 0], np.float32))
    return moved, matte[rows:]


def test_a_framing_above_a_head_that_is_cut_off_is_refused(
    scalped: tuple[Face, NDArray[np.float32]], face: Face, matte: NDArray[np.float32]
) -> None:
    """Beyond the picture's top there would be a head to invent; where the head has a top, there is none."""
    with pytest.raises(ControlOutOfRange, match="top") as caught:
        frame_face(*scalped, 1.0, 512, Crop(0.5, 0.4, 0.95))
    assert caught.value.metadata == {"control": "framing", "edge": "top"}
    assert frame_face(face, matte, 1.0, 512, Crop(0.5, 0.4, 0.95)).y < 0


def test_a_head_that_is_cut_off_starts_at_the_top_from_any_distance(
    scalped: tuple[Face, NDArray[np.float32]],
) -> None:
    """A framing that keeps to the picture is taken, and goes down, not up, as the head goes away; until
    the picture is not high enough. What a refusal advises there fits."""
    height = scalped[1].shape[0]
    side = 0.99 * min(scalped[1].shape) / 1.2
    crop = Crop(0.5, side / 2 / height, side / min(scalped[1].shape))
    for distance in (1.0, 1.2):
        assert frame_face(*scalped, distance, 512, crop).y == pytest.approx(0, abs=0.5)
    with pytest.raises(ControlOutOfRange, match=r"top, .* side of at most") as caught:
        frame_face(*scalped, 1.5, 512, crop)
    assert caught.value.metadata["edge"] == "top"
    with pytest.raises(ControlOutOfRange, match="centre it near") as tight:
        frame_face(*scalped, 1.0, 512, Crop(0.5, 0.3, 0.4))
    advised = re.search(r"near (\S+),(\S+) with a side of at least (\S+)", str(tight.value))
    assert advised is not None
    x, y, least = (float(part) for part in advised.groups())
    assert frame_face(*scalped, 1.0, 512, Crop(x, y, least + 0.01)).y >= -0.02 * 512


def test_a_lost_face_is_refused(face: Face) -> None:
    """In a wide picture a framing may leave the face less than can be audited, and then is refused."""
    small = replace(face, mesh=face.mesh * np.float32(0.1) + np.asarray([200, 200, 0], np.float32))
    empty = np.zeros((512, 512), np.float32)
    with pytest.raises(ControlOutOfRange, match="side of at most 0"):
        frame_face(small, empty, 1.0, 512, Crop(0.45, 0.45, 1.0))
    assert frame_face(small, empty, 1.0, 512, Crop(0.45, 0.45, 0.3)).side == pytest.approx(0.3 * 512)


def test_what_the_refusal_advises_fits(face: Face, matte: NDArray[np.float32]) -> None:
    """The centre and side in the message are accepted."""
    with pytest.raises(ControlOutOfRange) as caught:
        frame_face(face, matte, 1.0, 512, Crop(0.3, 0.3, 0.3))
    words = str(caught.value)
    x, y = (float(part) for part in words.partition("near ")[2].split(" ")[0].split(","))
    side = float(words.rpartition(" ")[2]) + 0.02
    framing = frame_face(face, matte, 1.0, 512, Crop(x, y, side))
    tall = float(np.ptp(face.mesh[:, 1]))
    assert face.mesh[:, 1].min() - framing.y >= ROOM * tall - 1e-3
