"""Lips, lids and folds laid on the picture: what the mesh has slightly wrong is put right."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pictured import portrait_of

from engine.portrait import Portrait
from engine.portrait.creases import creases
from engine.portrait.landmarks import LOWER_INNER, LOWER_LIP, MOUTH_CORNERS, UPPER_INNER, UPPER_LIP
from engine.portrait.lids import opening
from engine.portrait.lips import fitted, is_open
from engine.portrait.style import LUMA
from engine.render.folds import Folds
from engine.render.shapes import shapes
from engine.state import INDEX, Controls, State, rest
from perception.face import FaceFinder
from perception.mesh import RIGHT_BROW_LOWER, RIGHT_EYE
from service.demo.characters import draw

LIPS = [*UPPER_LIP, *LOWER_LIP, *MOUTH_CORNERS]


@pytest.fixture(scope="module")
def portraits(finder: FaceFinder) -> dict[str, Portrait]:
    return {name: portrait_of(finder, draw(name, 512), Controls()) for name in ("mira", "osei", "pip")}


@pytest.fixture(params=["mira", "osei", "pip"])
def portrait(portraits: dict[str, Portrait], request: pytest.FixtureRequest) -> Portrait:
    return portraits[request.param]


def state(**weights: float) -> State:
    values = np.zeros(len(INDEX), np.float32)
    for name, weight in weights.items():
        values[INDEX[name]] = weight
    return State(values)


def luma_at(portrait: Portrait, points: NDArray[np.floating]) -> NDArray[np.floating]:
    """Level of the canvas at frame pixels (n, 2)."""
    framing = portrait.framing
    x, y = ((points + framing.border) * framing.oversample).astype(int).T
    return portrait.canvas[y, x] @ LUMA


def test_lips_meet_on_the_dark_line(portrait: Portrait) -> None:
    """Between shut lips it is darker than on either, in every character, bearded or not."""
    line = portrait.mesh[list(UPPER_INNER[2:-2]), :2]
    assert np.allclose(line[:, 1], portrait.mesh[list(LOWER_INNER[2:-2]), 1], atol=1)
    down = portrait.head.axes[1, :2] * portrait.head.unit * 0.05
    on = luma_at(portrait, line)
    above, below = luma_at(portrait, line - down), luma_at(portrait, line + down)
    assert np.median(on - np.minimum(above, below)) < -8


@pytest.mark.parametrize("away", [-0.05, -0.035, 0.03])
def test_misplaced_lips_are_put_back(portrait: Portrait, away: float) -> None:
    """A mesh whose mouth lies some hundredths of an eye distance too high or low gives the same lips."""
    moved = portrait.mesh.copy()
    moved[LIPS, :2] += portrait.head.axes[1, :2] * portrait.head.unit * away
    again = fitted(moved, portrait.canvas, portrait.head, portrait.framing)
    inner = list(UPPER_INNER[2:-2])
    line = portrait.mesh[list(UPPER_INNER), :2]
    apart = np.abs(again[inner, 1] - np.interp(again[inner, 0], line[:, 0], line[:, 1]))
    assert np.median(apart) < 0.4 * abs(away) * portrait.head.unit


def test_an_eye_is_found_from_a_misplaced_ring(portrait: Portrait) -> None:
    """A ring of the mesh that is too small and too high gives nearly the same lids as the right one."""
    eye = portrait.eyes[0]
    head = portrait.head
    depth = float(head.into(portrait.mesh[list(RIGHT_EYE)])[:, 2].mean())
    ring = head.plane(portrait.mesh[list(RIGHT_EYE), :2], depth)
    brow = head.plane(portrait.mesh[list(RIGHT_BROW_LOWER), :2], depth)
    found = []
    for factor, lift in ((1.0, 0.0), (0.88, 0.03)):
        middle = ring.mean(axis=0)
        bent = middle + (ring - middle) * factor - np.asarray([0, lift], np.float32)
        lower, upper = bent[:9], np.concatenate([bent[8:], bent[:1]])
        lids = [line[np.argsort(line[:, 0])].astype(np.float32) for line in (upper, lower)]
        colour = eye.patch.of(portrait.canvas)
        found.append(np.stack(opening(colour, eye.patch, head, depth, (lids[0], lids[1]), brow)))
    assert np.hypot(*(found[0] - found[1]).reshape(-1, 2).T).mean() < 0.03


def test_lids_frame_the_eye_and_not_the_skin(portrait: Portrait) -> None:
    """Between the lids the picture differs from the skin around far more than beside them."""
    for eye in portrait.eyes:
        colour = eye.patch.of(portrait.canvas)
        inside = (eye.height > eye.upper + 2) & (eye.height < eye.lower - 2)
        under = (eye.height > eye.lower + 4) & (eye.height < eye.lower + 9) & (eye.lower > eye.upper + 2)
        skin = np.median(colour[under], axis=0)
        apart = np.linalg.norm(colour - skin, axis=2)
        assert np.median(apart[inside]) > 3 * np.median(apart[under]) + 10


def test_a_smile_bends_the_lips(portrait: Portrait) -> None:
    """The corners rise far more than the middle of the lips, and go apart; a frown is the opposite."""
    made = shapes(portrait.head.into(portrait.mesh))
    smile = made["mouthSmileLeft"] + made["mouthSmileRight"]
    right, left = MOUTH_CORNERS
    middle = (smile[UPPER_INNER[5], 1] + smile[LOWER_INNER[5], 1]) / 2
    assert min(-smile[right, 1], -smile[left, 1]) > 0.1
    assert abs(middle) < 0.03
    assert smile[left, 0] > 0.08
    assert smile[right, 0] < -0.08
    frown = made["mouthFrownLeft"] + made["mouthFrownRight"]
    assert frown[left, 1] > 0.08
    assert abs(frown[UPPER_INNER[5], 1]) < 0.03


def test_a_mouth_open_in_the_picture_can_close(portrait: Portrait) -> None:
    """Closed at rest, the inner lips of an open mesh meet within a fifth of their gap, chin and all."""
    points = portrait.head.into(portrait.mesh)
    wide = points + 0.4 * shapes(points)["jawOpen"]
    assert is_open(wide)
    closed = wide + shapes(wide)["closeAtRest"]
    upper, lower = (list(ring[2:-2]) for ring in (UPPER_INNER, LOWER_INNER))
    gap = wide[lower, 1] - wide[upper, 1]
    assert np.abs(closed[lower, 1] - closed[upper, 1]).max() < 0.2 * gap.max()
    assert closed[152, 1] < wide[152, 1] - 0.3 * gap.max()


def test_expressions_fold_shaded_skin_only(portraits: dict[str, Portrait]) -> None:
    """A smile darkens the fold beside a painted nose; rest changes nothing; flat art has no folds."""
    for name in ("mira", "osei"):
        painted = portraits[name]
        folds = Folds(painted, torch.device("cpu"))
        assert folds.shading([rest()]) is None
        made = creases(painted)
        assert made is not None
        relief = made.maps[made.names.index("nasolabialLeft")]
        assert relief.min() < -0.03
        assert np.abs(relief).max() < 0.5
        smiling = folds.shading([state(mouthSmileLeft=0.8)])
        assert smiling is not None
    assert creases(portraits["pip"]) is None
    flat = Folds(portraits["pip"], torch.device("cpu"))
    assert flat.shading([state(mouthSmileLeft=1.0, browDownLeft=1.0)]) is None


def test_light_from_a_side_is_seen(finder: FaceFinder) -> None:
    """The same sitter lit from the left and from the right: the light found changes sides, and is above."""
    found = []
    for side in (-0.8, 0.8):
        picture = draw("mira", 320, light=(side, -0.5))
        found.append(portrait_of(finder, picture, Controls()).style.light)
    assert found[0][0] < found[1][0] - 0.1
    assert found[0][1] < 0
    assert found[1][1] < 0
