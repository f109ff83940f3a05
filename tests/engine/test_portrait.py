"""What the engine learns from a still: framing, matte, background, mouth, eyes, style."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from pictured import Pixels, portrait_of

from engine.errors import PortraitUnusable
from engine.portrait import Portrait, build_portrait
from engine.portrait.canvas import cut
from engine.portrait.depth import canvas_grid, spline
from engine.portrait.fill import fill
from engine.portrait.framing import FACE_SHARE, frame_face
from engine.portrait.tracing import cheapest_path
from engine.state import Controls
from perception.face import Face, FaceFinder
from service.demo.characters import draw


def test_the_face_has_its_share_of_the_frame(portrait: Portrait) -> None:
    """The mesh takes 40 to 60 % of the frame's height, in the middle of its width, all inside."""
    low, high = portrait.mesh[:, :2].min(axis=0), portrait.mesh[:, :2].max(axis=0)
    assert 0.4 <= (high[1] - low[1]) / 512 <= 0.6
    assert abs((low[0] + high[0]) / 2 - 256) < 40
    assert low.min() > 0
    assert high.max() < 512


def test_a_wide_picture_is_framed_inside_itself(face: Face) -> None:
    """In a picture with room all round, the square lies inside and the face has its exact share."""
    moved = replace(face, mesh=face.mesh + np.asarray([1000, 800, 0], np.float32))
    framing = frame_face(moved, np.zeros((2400, 3000), np.float32), 1.0, 512)
    tall = np.ptp(moved.mesh[:, 1])
    assert tall / framing.side == pytest.approx(FACE_SHARE, rel=0.01)
    assert framing.x >= 0
    assert framing.x + framing.side <= 3000
    assert framing.y >= 0
    assert framing.y + framing.side <= 2400


def test_a_head_cut_off_on_top_stays_at_the_top(
    still: Pixels, face: Face, matte: NDArray[np.float32]
) -> None:
    """Where the picture ends in the forehead, so does the frame, from any distance."""
    rows = int(face.mesh[10, 1])
    moved = replace(face, mesh=face.mesh - np.asarray([0, rows, 0], np.float32), iris=None)
    for distance in (0.7, 1.0, 1.5):
        framing = frame_face(moved, matte[rows:], distance, 512)
        assert framing.y >= 0
        assert framing.side <= still.shape[0] - rows
    beside = replace(face, mesh=face.mesh - np.asarray([face.mesh[234, 0], 0, 0], np.float32), iris=None)
    cut_left = frame_face(beside, matte[:, int(face.mesh[234, 0]) :], 1.5, 512)
    assert cut_left.x >= 0


def test_distance_scales_the_frame(face: Face, matte: NDArray[np.float32]) -> None:
    """At 1.3 times the distance the same face is 1.3 times smaller."""
    near, far = (frame_face(face, matte, d, 512) for d in (1.0, 1.3))
    assert near.scale / far.scale == pytest.approx(1.3)


def test_a_face_that_is_cut_off_is_refused(still: Pixels, face: Face, matte: NDArray[np.float32]) -> None:
    """Half a face outside the picture: PortraitUnusable, which names the limit."""
    half = int(face.mesh[4, 0])
    with pytest.raises(PortraitUnusable) as caught:
        build_portrait(still[:, :half], face, matte[:, :half], Controls())
    assert "limit" in caught.value.metadata


def test_the_margin_beyond_the_picture_has_no_edge(face: Face, matte: NDArray[np.float32]) -> None:
    """Where the canvas leaves the picture it goes on without a step."""
    ramp = np.tile(np.linspace(0, 255, 512, dtype=np.float32)[:, None], (1, 512))
    canvas = cut(ramp, frame_face(face, matte, 1.3, 256))
    steps = np.abs(np.diff(canvas, axis=0))
    assert steps.max() < 3 * np.median(steps) + 0.5


@pytest.fixture(scope="module")
def distant(still: Pixels, face: Face, matte: NDArray[np.float32]) -> tuple[Portrait, int]:
    """A frame that shows more than the picture, and the canvas column where the picture begins."""
    portrait = build_portrait(still, face, matte, Controls(distance=1.5))
    framing = portrait.framing
    return portrait, round((framing.border - framing.x * framing.scale) * framing.oversample)


def test_a_distant_sitter_stands_before_no_edge(distant: tuple[Portrait, int]) -> None:
    """Where the frame shows more than the picture, the backdrop goes on: no step at the picture's edge."""
    portrait, edge = distant
    framing = portrait.framing
    rows = slice(round((framing.border - framing.y * framing.scale) * framing.oversample) + 20, None)
    assert edge > (framing.border + 40) * framing.oversample
    luma = portrait.canvas[rows][: framing.size // 2].mean(axis=2)
    step = np.abs(luma[:, edge + 4] - luma[:, edge - 4])
    inside = np.abs(luma[:, edge + 24] - luma[:, edge + 16])
    assert step.mean() < 2 * inside.mean() + 3


def test_shoulders_cut_off_by_a_side_slope_down(distant: tuple[Portrait, int]) -> None:
    """Beyond the picture's sides the sitter ends lower the farther out, not in a level ledge."""
    portrait, edge = distant
    tops = [int(np.argmax(portrait.alpha[:, edge - out] > 0.5)) for out in (2, 22, 42)]
    assert 0 < tops[0] < tops[1] < tops[2]


def test_background_is_filled_behind_the_sitter(portrait: Portrait) -> None:
    """Behind the face is no skin, far from the sitter the picture itself."""
    k, border = portrait.framing.oversample, portrait.framing.border
    x, y = ((portrait.mesh[4, :2] + border) * k).astype(int)
    assert np.abs(portrait.background[y, x] - portrait.style.skin).max() > 30
    away = portrait.alpha < 0.001
    corner = np.zeros_like(away)
    corner[border * k : (border + 40) * k, border * k : (border + 40) * k] = True
    assert np.allclose(portrait.background[away & corner], portrait.canvas[away & corner], atol=0.5)


def test_fill_keeps_what_is_known_and_stays_within_it() -> None:
    """Known pixels are untouched; filled ones lie between the darkest and lightest known ones."""
    rng = np.random.default_rng(1)
    picture = rng.uniform(50, 200, (65, 90, 3)).astype(np.float32)
    known = np.ones((65, 90), np.float32)
    known[20:50, 30:70] = 0
    filled = fill(picture, known)
    assert np.allclose(filled[known == 1], picture[known == 1], atol=1e-3)
    assert filled.min() >= 50 - 1e-2
    assert filled.max() <= 200 + 1e-2
    assert np.abs(np.diff(filled[25:45, 35:65], axis=0)).max() < 25


def test_spline_passes_through_its_points() -> None:
    """A thin-plate spline gives control values back at their places, and a plane everywhere for a plane."""
    rng = np.random.default_rng(2)
    places = rng.uniform(-1, 1, (40, 2)).astype(np.float32)
    plane = 3 * places[:, 0] - 2 * places[:, 1] + 1
    elsewhere = rng.uniform(-1, 1, (20, 2)).astype(np.float32)
    assert spline(elsewhere, places, plane) == pytest.approx(
        3 * elsewhere[:, 0] - 2 * elsewhere[:, 1] + 1, abs=1e-2
    )
    values = rng.uniform(-1, 1, 40)
    assert np.abs(spline(places, places, values, 1e-9) - values).max() < 1e-3


def test_cheapest_path_follows_a_valley() -> None:
    """A clear valley is followed, a lone deep hole beside it is not."""
    rows = np.linspace(-1, 1, 21)
    valley = 0.5 * np.sin(np.linspace(0, 3, 33))
    cost = np.abs(rows[None] - valley[:, None])
    cost[16, 0] = -1.0
    assert np.abs(cheapest_path(cost, 3.0) - valley).max() < 0.15


def test_depth_is_that_of_a_head(portrait: Portrait) -> None:
    """The nose comes forward, the ears lie back, the surroundings lie level behind them."""
    grid, unit = canvas_grid(portrait.framing), portrait.head.unit

    def depth_at(point: NDArray[np.floating]) -> float:
        return float(portrait.depth[np.hypot(*(grid.points - point[:2]).T).argmin()]) / unit

    nose, ear, corner = (depth_at(p) for p in (portrait.mesh[4], portrait.mesh[234], np.zeros(2)))
    assert nose < -0.2
    assert ear > 0.25
    assert corner > ear


def test_head_moves_and_shoulders_do_not(portrait: Portrait) -> None:
    """Places follow the head fully on the face, partly on the neck, not at the bottom of the frame."""
    grid, follows = portrait.grid, portrait.following
    chin, unit = portrait.mesh[152], portrait.head.unit

    def at(x: float, y: float) -> float:
        return float(follows[np.hypot(grid.points[:, 0] - x, grid.points[:, 1] - y).argmin()])

    assert at(*portrait.mesh[4, :2]) == 1
    assert at(chin[0], chin[1]) > 0.95
    assert 0.1 < at(chin[0], chin[1] + 0.7 * unit) < 0.9
    assert at(chin[0], 511) < 0.05


def test_both_eyes_are_found_and_lids_lie_apart(portrait: Portrait) -> None:
    """Two open eyes, each with an iris under its lids and white beside it that is lighter."""
    assert [eye.side for eye in portrait.eyes] == ["Right", "Left"]
    for eye in portrait.eyes:
        assert (eye.lower - eye.upper).max() > 0.1 * portrait.head.unit
        covered = eye.iris[3] > 0.9
        assert eye.sclera[:, covered].mean() > eye.iris[:3, covered].mean() + 20


def test_flat_art_is_told_from_shaded_art(finder: FaceFinder, portrait: Portrait) -> None:
    """The cartoon in uniform colours is flat, the painted woman is not."""
    cartoon = draw("pip", 640)
    flat = portrait_of(finder, cartoon, Controls())
    assert flat.style.flat > 0.8
    assert portrait.style.flat < 0.2
