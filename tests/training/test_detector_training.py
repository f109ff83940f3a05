"""The simulated camera, the fakes, their way, and the network in torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from safety.detector.network import layout, net
from safety.detector.network.patches import CHANNELS, PLACES, SIDE
from training.detector.augment import Journey, travel
from training.detector.calibrate import SLOPE_MOST, band, platt
from training.detector.camera import Camera, film
from training.detector.corpus import KINDS, Shard, keep
from training.detector.fakes import GENERATORS, warped_still
from training.detector.layouts import Clip, one
from training.detector.model import Network
from training.detector.scene import Motion, Scene, View, composed, displaced, moving, wander
from training.detector.sources import SIZE as SOURCE_SIZE
from training.detector.sources import Source, invented

COUNT, SIZE = 6, 128
QUIET = Camera(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def source(seed: int = 0) -> Source:
    """A smooth texture with an oval for a person."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    plain = gaussian_filter(rng.standard_normal((SOURCE_SIZE, SOURCE_SIZE, 3)), (6, 6, 0))
    y, x = np.mgrid[:SOURCE_SIZE, :SOURCE_SIZE] / SOURCE_SIZE - 0.5
    pixels = np.clip(120 + 60 * plain / plain.std(), 0, 255).astype(np.uint8)
    matte = (np.hypot(x / 0.3, y / 0.4) < 1).astype(np.float32)
    return Source("texture", False, pixels, matte, (SOURCE_SIZE / 2, SOURCE_SIZE * 0.42), SOURCE_SIZE * 0.17)


def still(count: int = COUNT) -> Motion:
    """Nothing moves."""
    none, two = np.zeros(count), np.zeros((count, 2))
    return Motion(two, none, none, none, none, none, none, two)


def scene(motion: Motion | None = None) -> Scene:
    rng = np.random.default_rng(0)
    return Scene(source(), source(1), View(0.5, 0.5, 0.9), motion or moving(rng, COUNT, 25.0), rng)


def test_a_still_scene_is_filmed_with_fresh_noise() -> None:
    """Without noise every frame is the same; with it no two are, and their mean comes nearer to the scene."""
    quiet = film(scene(still()), QUIET, SIZE, np.random.default_rng(0))
    assert np.array_equal(quiet[0], quiet[-1])
    noisy = film(scene(still()), replace(QUIET, shot=3e-3, read=1e-5), SIZE, np.random.default_rng(0))
    alone = np.abs(noisy[0] - quiet[0]).mean()
    together = np.abs(np.mean(noisy, axis=0) - quiet[0]).mean()
    assert alone > 0.005
    assert together < 0.6 * alone


def test_brighter_light_is_noisier_in_linear_light() -> None:
    """Poisson: the variance in linear light grows with the light."""
    from training.detector.camera import expose

    rng = np.random.default_rng(0)
    spread = []
    for level in (0.3, 0.8):
        seen = torch.full((64, 64, 3), level)
        out = expose(seen, replace(QUIET, shot=1e-3), 1.0, rng).numpy() ** 2.2
        spread.append(out[:, 4:-4, 4:-4].var())
    assert spread[1] > 3 * spread[0]


def test_a_still_that_is_not_moved_stays_the_same() -> None:
    """The warp's noise is the photograph's: frames of a motionless scene are equal."""
    frames, labels = warped_still(scene(still()), SIZE, np.random.default_rng(3))
    assert all(np.array_equal(frame, frames[0]) for frame in frames)
    assert set(labels.values()) == {1}


@pytest.mark.parametrize("name", GENERATORS)
def test_every_generator_gives_frames_and_labels_of_all_places(name: str) -> None:
    """As many frames as the scene has, in range, the same for the same seed; a label for each place."""
    made = [GENERATORS[name](scene(), SIZE, np.random.default_rng(5)) for _ in range(2)]
    frames, labels = made[0]
    assert len(frames) == COUNT
    assert frames[0].shape == (SIZE, SIZE, 3)
    assert all(np.isfinite(frame).all() and abs(frame - 0.5).max() <= 1 for frame in frames)
    assert list(labels) == list(PLACES)
    assert set(labels.values()) <= {-1, 0, 1}
    assert labels["mouth"] == 1
    assert np.array_equal(frames[-1], made[1][0][-1])


def test_nothing_moves_nothing() -> None:
    """Without motion a point comes from where it is."""
    x, y = np.meshgrid(np.linspace(-2, 2, 9), np.linspace(-2, 3, 11))
    u, v = displaced(still(), 0, x, y)
    assert np.allclose(u, x, atol=1e-5)
    assert np.allclose(v, y, atol=1e-5)


def test_wandering_is_smooth_and_of_unit_variance() -> None:
    """Slower wandering changes less from frame to frame."""
    fast, slow = (wander(np.random.default_rng(0), 4000, seconds, 25.0) for seconds in (0.1, 1.0))
    assert fast.std() == pytest.approx(1, abs=0.15)
    assert np.abs(np.diff(slow)).mean() < 0.3 * np.abs(np.diff(fast)).mean()


def test_the_way_keeps_frames_and_resizes() -> None:
    """H.264 twice with half the size between: as many frames, half as wide, near in colour."""
    frames = film(scene(), QUIET, SIZE, np.random.default_rng(0))
    seen = travel(frames, Journey(18, 0.5, 1.0, 0.0, 20, "veryfast"))
    assert len(seen) == COUNT
    assert seen[0].shape == (SIZE // 2, SIZE // 2, 3)
    assert abs(float(seen[3].mean()) / 255 - float(frames[3].mean())) < 0.03


def test_scenes_at_random_have_faces_that_can_be_judged() -> None:
    """At least 34 pixels between the eyes, the mouth within the picture."""
    for seed in range(10):
        made = composed([source()], np.random.default_rng(seed), COUNT, 25.0, 256)
        (x, y), far = made.face(0, 256)
        assert far > 30
        assert 0 < x < 256
        assert 0 < y + 1.05 * far < 256


def test_invented_people_are_drawn_alike_again_and_differ() -> None:
    """The same seed is the same person."""
    assert invented(3) == invented(3)
    assert invented(3) != invented(4)


def test_squares_of_places_that_are_neither_are_left_out() -> None:
    """Of a clip whose mouth alone was made only places that are clear are kept, with their labels."""
    shard = Shard()
    stack = np.zeros((len(PLACES), CHANNELS, SIDE, SIDE), np.float32)
    labels = {"mouth": 1, "eyes": 0, "right": -1, "left": -1, "chin": -1}
    way = Journey(18, 1.0, 1.0, 0.0, 30, "veryfast")
    keep(shard, stack, labels, "new_mouth", way, "somebody", np.random.default_rng(0))
    assert sorted(shard.labels) == [0, 1]
    assert shard.kinds == [KINDS.index("new_mouth")] * 2


def test_the_product_computes_what_was_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exported weights give the odds of the torch network, with the normalisation folded in."""
    torch.manual_seed(0)
    model = Network()
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(8, CHANNELS, SIDE, SIDE))
    model.eval()
    arrays = {f"pixels.{name}": torch.from_numpy(v.copy()) for name, v in model.exported().items()}
    monkeypatch.setattr(net, "weights", lambda: arrays)
    squares = np.random.default_rng(0).normal(0, 1, (3, CHANNELS, SIDE, SIDE)).astype(np.float32)
    with torch.inference_mode():
        expected = model(torch.from_numpy(squares)).numpy()
    assert np.allclose(net.log_odds("pixels", squares), expected, atol=1e-4)


def test_layouts_are_labelled_by_what_their_shoulders_do() -> None:
    """Kinds 0 and 1 are filmed, 2 and 3 made; each is as the product sees it."""
    frames = np.stack([source(k).pixels[:192, :192] for k in range(layout.COUNT)])
    clip = Clip("somebody", frames, np.zeros((layout.COUNT, 2)), np.array([96.0, 80.0]), 32.0)
    for kind in range(4):
        made, label, person = one(kind, [source()], [clip], np.random.default_rng((1, kind)))
        assert made.shape == (layout.CHANNELS, layout.SIDE, layout.SIDE)
        assert np.isfinite(made).all()
        assert label == int(kind >= 2)
        assert person == ("somebody" if kind in (0, 3) else "texture")


def test_calibration_is_monotone_and_held_back() -> None:
    """Sums that tell fakes give a rising slope of at most the cap, and a band with room between."""
    fake = np.array([False] * 20 + [True] * 20)
    sums = np.where(fake, 1.5, -1.5) + np.random.default_rng(0).normal(0, 1.0, 40)
    slope, _ = platt(sums, fake, np.ones(40))
    assert 0 < slope <= SLOPE_MOST
    high, low = band(1 / (1 + np.exp(-slope * sums)), fake)
    assert 0 < low < 0.5 < high < 1
