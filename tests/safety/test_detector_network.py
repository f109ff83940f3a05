"""The squares that the network sees, its weights, and its observer."""

import numpy as np
import pytest

from perception.errors import ModelCorrupt, ModelMissing
from perception.face import Face
from safety.detector.network import LayoutObserver, NetworkObserver, PixelObserver, net, pixel_observer
from safety.detector.network.patches import CHANNELS, FRAMES, PLACES, SIDE, corners, cut, reduction, stacked
from safety.detector.view import View

EYES, EYE_DISTANCE = (160.0, 130.0), 60.0


def texture(size: int = 384, seed: int = 0) -> np.ndarray:
    """(size, size) smooth texture, 0..255."""
    from scipy.ndimage import gaussian_filter

    plain = gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), 2.5)
    return 120 + 40 * plain / plain.std()


def clip(count: int, *, fresh: float, baked: float) -> list[np.ndarray]:
    """A texture that glides by a third of a pixel a frame, with fresh noise or noise that glides along."""
    from scipy.ndimage import shift

    rng = np.random.default_rng(1)
    held = texture() + rng.normal(0, baked, (384, 384))
    frames = []
    for k in range(count):
        moved = shift(held, (0.1 * k, 0.35 * k), order=1, mode="reflect")[32:352, 32:352]
        noisy = moved[..., None] + rng.normal(0, fresh, (320, 320, 3))
        frames.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return frames


def face(eye_distance: float = EYE_DISTANCE) -> Face:
    """A face whose mesh has its eye corners where they belong; the rest of it lies between."""
    from perception.mesh import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

    mesh = np.tile(np.array([*EYES, 0.0], np.float32), (468, 1))
    for corner, side in ((RIGHT_EYE_CORNERS, -0.5), (LEFT_EYE_CORNERS, 0.5)):
        for k, index in enumerate(corner):
            mesh[index, 0] += (side + 0.2 * (k - 0.5)) * eye_distance
    return Face((100.0, 80.0, 220.0, 260.0), 0.9, mesh, 1.0)


def watched(frames: list[np.ndarray], step: float = 0.04, shown: Face | None = None) -> PixelObserver:
    """An observer that has seen them."""
    seen = PixelObserver()
    for k, frame in enumerate(frames):
        seen.see(View(k * step, frame, shown or face(), k))
    return seen


def test_squares_are_the_pictures_own_pixels() -> None:
    """Nothing is resampled: the eyes' square is the pixels around them."""
    frame = clip(1, fresh=3, baked=0)[0]
    eyes = list(PLACES).index("eyes")
    squares = cut(frame, EYES, EYE_DISTANCE)
    assert squares.shape == (len(PLACES), SIDE, SIDE, 3)
    assert np.array_equal(squares[eyes], frame[98:162, 128:192])


def test_squares_are_moved_into_the_picture_or_padded() -> None:
    """A face at the edge, and a picture smaller than a square, give whole squares."""
    frame = clip(1, fresh=3, baked=0)[0]
    for top, left in corners(frame, (2.0, 318.0), EYE_DISTANCE):
        assert 0 <= top <= 320 - SIDE
        assert 0 <= left <= 320 - SIDE
    assert cut(frame[:40, :50], (20.0, 20.0), 30.0).shape == (len(PLACES), SIDE, SIDE, 3)


def test_large_faces_are_reduced() -> None:
    """Twice the usual eye distance: each of the square's pixels is the mean of four."""
    assert (reduction(40), reduction(149), reduction(200)) == (1, 1, 2)
    frame = np.zeros((320, 320, 3), np.uint8)
    frame[:, ::2] = 200
    assert np.unique(cut(frame, (160.0, 160.0), 200.0)).tolist() == [100]


def test_only_residuals_and_changes_go_in() -> None:
    """Five equal frames of one colour are nothing at all; a change of light from frame to frame is seen."""
    plain = [np.full((len(PLACES), SIDE, SIDE, 3), 90, np.uint8)] * FRAMES
    assert stacked(plain).shape == (len(PLACES), CHANNELS, SIDE, SIDE)
    assert np.abs(stacked(plain)).max() < 1e-4
    brighter = [frame + np.uint8(2 * k) for k, frame in enumerate(plain)]
    assert np.allclose(stacked(brighter)[:, FRAMES : 2 * FRAMES - 1], np.arcsinh(1.0), atol=1e-3)


def test_a_mouth_that_was_rendered_anew_looks_more_made_and_is_pointed_at() -> None:
    """The same recording, its mouth smooth and without grain: the odds of that place rise."""
    from scipy.ndimage import gaussian_filter

    mouth = list(PLACES).index("mouth")
    filmed = clip(60, fresh=4, baked=0)
    top, left = corners(filmed[0], EYES, EYE_DISTANCE)[mouth]
    pasted = [frame.copy() for frame in filmed]
    for frame in pasted:
        part = frame[top : top + SIDE, left : left + SIDE].astype(float)
        part[8:-8, 8:-8] = gaussian_filter(part, (2.5, 2.5, 0))[8:-8, 8:-8]
        frame[top : top + SIDE, left : left + SIDE] = part.astype(np.uint8)
    odds = [np.stack(watched(frames)._odds)[:, mouth].mean() for frames in (filmed, pasted)]
    assert odds[1] > odds[0] + 0.3


def test_findings_name_the_place_and_change_nothing() -> None:
    """Two findings of the group `network`, the second with a box; asked twice, they are the same."""
    seen = watched(clip(60, fresh=2, baked=2))
    first = seen.findings(None)
    assert [finding.name for finding in first] == ["made_pixels", "made_place"]
    assert all(finding.group == "network" and 0 <= finding.sign <= 1 for finding in first)
    box = first[1].box
    assert box is not None
    assert 0 <= box[0] < box[2] <= 1
    assert 0 <= box[1] < box[3] <= 1
    assert seen.findings(None) == first


def test_too_few_looks_and_faces_too_small_are_left_out() -> None:
    """Under three looks, without a face, or with a small one there is no finding."""
    assert watched(clip(20, fresh=2, baked=0)).findings(None) == []
    assert watched(clip(60, fresh=2, baked=0), shown=face(20.0)).findings(None) == []
    blind = PixelObserver()
    for k, frame in enumerate(clip(60, fresh=2, baked=0)):
        blind.see(View(k * 0.04, frame, None, k))
    assert blind.findings(None) == []


def test_frames_far_apart_are_not_compared() -> None:
    """Five frames a second: the change between two is the face's, not the camera's."""
    assert watched(clip(60, fresh=2, baked=0), step=0.2).findings(None) == []


def test_a_look_begins_anew_where_the_face_was_lost() -> None:
    """No look goes across a gap: with a face in every sixth frame missing, five in a row are still found."""
    seen = PixelObserver()
    for k, frame in enumerate(clip(80, fresh=2, baked=0)):
        seen.see(View(k * 0.04, frame, None if k % 6 == 5 else face(), k))
    assert len(seen.findings(None)) == 2
    never = PixelObserver()
    for k, frame in enumerate(clip(80, fresh=2, baked=0)):
        never.see(View(k * 0.04, frame, None if k % 4 == 3 else face(), k))
    assert never.findings(None) == []


def test_it_keeps_squares_not_pictures() -> None:
    """While a look is under way only its squares are held, and none afterwards."""
    seen = watched(clip(3, fresh=2, baked=0))
    assert seen._open is not None
    assert all(square.shape == (len(PLACES), SIDE, SIDE, 3) for square in seen._open.squares)
    assert watched(clip(5, fresh=2, baked=0))._open is None


def test_looks_are_a_few_a_second() -> None:
    """Ten seconds at 25 frames a second: no more than 25 looks."""
    seen = watched(clip(125, fresh=2, baked=0))
    assert len(seen._at) == pytest.approx(5 / pixel_observer.LOOK_SECONDS, abs=2)


def test_only_the_pinned_weights_are_loaded(tmp_path) -> None:
    """Another file, or none, is refused."""
    with pytest.raises(ModelMissing):
        net.weights(tmp_path / "none.npz")
    changed = tmp_path / "made.npz"
    changed.write_bytes(net.WEIGHTS.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelCorrupt):
        net.weights(changed)


def test_weights_are_small_and_the_odds_repeat() -> None:
    """Under 20 MB; the same squares give the same bits, whatever stands beside them."""
    assert net.WEIGHTS.stat().st_size < 20_000_000
    squares = np.random.default_rng(0).normal(0, 1, (4, CHANNELS, SIDE, SIDE)).astype(np.float32)
    assert np.array_equal(net.log_odds("pixels", squares), net.log_odds("pixels", squares))
    assert np.allclose(net.log_odds("pixels", squares[:1]), net.log_odds("pixels", squares)[:1], atol=1e-4)


def rocking(count: int, *, body: float) -> list[np.ndarray]:
    """A textured head that rocks before a textured wall; the shoulders follow by `body` of its way."""
    wall, coat, skin = texture(320, 3), texture(320, 4), texture(320, 5)
    y, x = np.mgrid[:320, :320].astype(float)
    frames = []
    for k in range(count):
        away = 8 * np.sin(2 * np.pi * k / 25)
        head = np.hypot((x - EYES[0] - away) / 75, (y - EYES[1] - 15) / 95) < 1
        chest = (y > 230) & (np.abs(x - EYES[0] - body * away) < 130)
        frame = np.where(chest, np.roll(coat, round(body * away), 1), wall)
        frame = np.where(head, np.roll(skin, round(away), 1), frame)
        frames.append(np.repeat(np.clip(frame, 0, 255).astype(np.uint8)[..., None], 3, axis=2))
    return frames


def laid_out(frames: list[np.ndarray], step: float = 0.04) -> LayoutObserver:
    """A layout observer that has seen them, with the face where the head is."""
    seen = LayoutObserver()
    for k, frame in enumerate(frames):
        mesh = face().mesh.copy()
        mesh[:, 0] += 8 * np.sin(2 * np.pi * k / 25)
        seen.see(View(k * step, frame, Face((0.0, 0.0, 1.0, 1.0), 0.9, mesh, 1.0), k))
    return seen


def test_a_head_on_still_shoulders_looks_more_made_than_one_that_carries_them() -> None:
    """The same head and wall; only the shoulders differ."""
    still = laid_out(rocking(100, body=0.0)).findings(None)
    follows = laid_out(rocking(100, body=0.6)).findings(None)
    assert [finding.name for finding in still] == ["moving_parts"]
    assert still[0].value > follows[0].value


def test_a_head_that_does_not_move_has_no_layout() -> None:
    """Nor has a clip of under three seconds, or one whose frames are half a second apart."""
    assert laid_out(rocking(60, body=0.6)).findings(None) == []
    assert laid_out(rocking(100, body=0.6), step=0.5).findings(None) == []
    resting = LayoutObserver()
    for k, frame in enumerate(clip(100, fresh=2, baked=0)):
        resting.see(View(k * 0.04, frame, face(), k))
    assert resting.findings(None) == []


def test_both_networks_report() -> None:
    """One observer for the list of observers; what it finds is of the group `network`."""
    both = NetworkObserver()
    for k, frame in enumerate(rocking(100, body=0.3)):
        mesh = face().mesh.copy()
        mesh[:, 0] += 8 * np.sin(2 * np.pi * k / 25)
        both.see(View(k * 0.04, frame, Face((0.0, 0.0, 1.0, 1.0), 0.9, mesh, 1.0), k))
    assert [finding.name for finding in both.findings(None)] == ["made_pixels", "made_place", "moving_parts"]
