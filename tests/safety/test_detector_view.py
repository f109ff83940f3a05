"""What observers are shown: the aligned crop, luma, boxes."""

import numpy as np
import pytest

from perception.face import FaceFinder
from safety.detector.view import View
from service.demo.characters import draw


@pytest.fixture(scope="module")
def view() -> View:
    pixels = draw("mira", 320)
    return View(0.0, pixels, FaceFinder().find(pixels)[0], 0)


def test_crop_is_upright_and_steady(view: View) -> None:
    """A picture that is turned by a quarter has the same crop; eyes lie where `view.CROP_SIDE` says."""
    turned = np.ascontiguousarray(np.rot90(view.pixels))
    found = FaceFinder().find(turned)
    crop = view.crop(96)
    assert crop.shape == (96, 96, 3)
    if found:  # the finder is made for upright faces
        other = View(0.0, turned, found[0], 0).crop(96)
        assert np.corrcoef(crop.ravel(), other.ravel())[0, 1] > 0.9
    seen = FaceFinder().find(view.crop(256))[0]
    eyes = seen.mesh[[33, 133, 263, 362], :2].mean(axis=0) / 256
    assert eyes == pytest.approx([0.5, 0.5 - 0.45 / 3.5], abs=0.02)
    assert seen.eye_distance / 256 == pytest.approx(1 / 3.5, rel=0.08)


def test_faces_of_a_frame_share_what_is_made_of_it(view: View) -> None:
    """Luma, its small copy and the pyramid are made once for all faces."""
    other = view.of(None)
    assert other.luma is view.luma
    assert other.small is view.small
    assert other.pyramid is view.pyramid
    assert view.luma.shape == view.pixels.shape[:2]
    white = View(0.0, np.full((8, 8, 3), 255, np.uint8), None, 0)
    assert white.luma == pytest.approx(255.0)


def test_boxes_are_fractions_of_the_picture(view: View) -> None:
    """The box of the lips lies within the face's, both within the picture; without a face there is none."""
    face, lips = view.box(), view.box([61, 291, 0, 17])
    assert face is not None
    assert lips is not None
    assert 0 <= face[0] < lips[0] < lips[2] < face[2] <= 1
    assert 0 <= face[1] < lips[1] < lips[3] < face[3] <= 1
    assert view.of(None).box() is None


def test_no_face_no_crop(view: View) -> None:
    """A crop of nothing is a mistake of the observer's."""
    with pytest.raises(ValueError, match="no face"):
        view.of(None).crop(64)


def test_irises_of_a_followed_face(view: View) -> None:
    """A face that is followed has no irises until they are asked for; then as a search sees them."""
    finder = FaceFinder()
    assert view.face is not None
    followed = finder.track(view.pixels, view.face)
    assert followed is not None
    assert followed.iris is None
    seen = finder.with_iris(view.pixels, followed).iris
    assert seen is not None
    assert view.face.iris is not None
    assert np.abs(seen[:, 0, :2] - view.face.iris[:, 0, :2]).max() < 1.0
