"""A still and a recording in, frames out; refusals before there is a frame."""

import tracemalloc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from spoken import babble

import engine.animate
from engine.animate import Animation, animate
from engine.errors import PortraitUnusable, RenderFailed
from engine.motion import plan_from_phonemes
from engine.prepare import prepare, sitter_matte
from engine.state import Controls
from perception.audio import Speech
from perception.errors import FaceNotFound, FaceTooSmall, SeveralFaces
from perception.face import Face, FaceFinder
from service.demo.characters import draw

Pixels = NDArray[np.uint8]
SPEECH = Speech(np.sin(np.arange(48_000) * 0.05).astype(np.float32) * 0.3)
CONTROLS = Controls(size=256)


@pytest.fixture(scope="module")
def still() -> Pixels:
    return draw("pip", 400)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Motion from phones written by hand, so that no recogniser runs."""
    monkeypatch.setattr(
        engine.animate, "plan_motion", lambda speech, controls: plan_from_phonemes(babble(0.8), controls)
    )


def test_one_frame_for_each_moment(finder: FaceFinder, still: Pixels, planned: None) -> None:
    """As many frames of the asked size as it says, moving, and the same when asked again."""
    animation = animate(still, SPEECH, CONTROLS, finder)
    frames = list(animation)
    assert len(frames) == animation.frames == animation.motion.frames
    assert {f.shape for f in frames} == {(256, 256, 3)}
    assert frames[0].dtype == np.uint8
    assert max(np.abs(f.astype(int) - frames[0]).max() for f in frames) > 50
    again = iter(animation)
    assert np.array_equal(next(again), frames[0])


def test_memory_does_not_grow_with_length(finder: FaceFinder, still: Pixels) -> None:
    """Frames die when the caller lets go; the peak of a clip six times as long is not a frame more."""
    renderer = prepare(still, CONTROLS, finder)

    def run(seconds: float) -> tuple[int, int]:
        """Most frames alive at a time, and most bytes."""
        animation = Animation(plan_from_phonemes(babble(seconds), CONTROLS), renderer)
        made: list[weakref.ref[Pixels]] = []
        most = 0
        tracemalloc.start()
        for frame in animation:
            made.append(weakref.ref(frame))
            most = max(most, sum(ref() is not None for ref in made))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most, peak

    (_, short), (most, long) = run(0.5), run(3.0)
    assert most <= 2
    assert long < short + 256 * 256 * 3


def test_pictures_without_the_one_face_are_refused(finder: FaceFinder, still: Pixels, planned: None) -> None:
    """No face, two faces, a tiny face: each its own error, before any frame."""
    with pytest.raises(FaceNotFound):
        animate(np.full((300, 300, 3), 128, np.uint8), SPEECH, CONTROLS, finder)
    with pytest.raises(SeveralFaces):
        animate(np.concatenate([still, still], axis=1), SPEECH, CONTROLS, finder)
    with pytest.raises(FaceTooSmall):
        animate(np.ascontiguousarray(still[::4, ::4]), SPEECH, CONTROLS, finder)


class Found:
    """A finder that has found one face already."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self.asked: list[tuple[int, ...]] = []

    def find(self, pixels: Pixels) -> list[Face]:
        return [self._face]

    def matte(self, pixels: Pixels) -> NDArray[np.float32]:
        self.asked.append(pixels.shape)
        return np.full(pixels.shape[:2], 0.5 if len(self.asked) == 1 else 1.0, np.float32)


def test_a_face_that_is_cut_off_is_refused(still: Pixels, face: Face, planned: None) -> None:
    """A mesh half outside the picture cannot be animated."""
    gone = replace(face, mesh=face.mesh + np.asarray([250, 0, 0], np.float32))
    with pytest.raises(PortraitUnusable):
        animate(still, SPEECH, CONTROLS, Found(gone))


def test_no_such_device(finder: FaceFinder, still: Pixels, planned: None) -> None:
    """A device that torch does not know is a typed error that names it."""
    with pytest.raises(RenderFailed, match="nowhere"):
        animate(still, SPEECH, CONTROLS, finder, "nowhere")


def test_small_faces_get_a_closer_look_at_the_matte(face: Face) -> None:
    """In a large picture the surroundings of the face are segmented on their own, the rest as a whole."""
    finder = Found(face)
    matte = sitter_matte(np.zeros((1600, 2000, 3), np.uint8), face, finder)
    assert len(finder.asked) == 2
    assert finder.asked[1][0] < 1600
    x, y = face.mesh[4, :2].astype(int)
    assert matte[y, x] == 1.0
    assert matte[-1, -1] == 0.5
