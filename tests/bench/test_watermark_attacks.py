"""The watermark bench does to clips what its cases say."""

import numpy as np
import pytest

from bench.marks import attacks, chains, edits, ladders, video
from bench.marks.attacks import CASES, QUICK, TARGETS
from bench.marks.video import FPS, Codec, Video, through
from service.demo.characters import draw


@pytest.fixture(scope="module")
def clip() -> Video:
    """Six seconds in which every frame differs: a small picture that gets brighter."""
    picture = draw("pip", 128)[::2, ::2]  # drawing has a smallest size, the cases here should be quick
    shade = np.linspace(0.7, 1.0, 150)[:, None, None, None]
    return np.round(picture * shade).astype(np.uint8)


def gap(a: Video, b: Video) -> float:
    """Mean distance in grey levels, of what both have."""
    count = min(len(a), len(b))
    return float(np.abs(a[:count].astype(float) - b[:count]).mean())


@pytest.mark.parametrize("name", CASES)
def test_every_case_gives_a_clip(clip: Video, name: str) -> None:
    """Pictures of 8 bits in three colours, at a rate; all but the untouched clip differ from what came in."""
    case = CASES[name]
    if case.needs is not None and not case.needs.there:
        pytest.skip(f"no encoder {case.needs.name}")
    clip = clip[: round(FPS * max(case.least, 2.0))]
    attacked, fps = case.attack(clip)
    assert (attacked.dtype, attacked.ndim, attacked.shape[3]) == (np.uint8, 4, 3)
    assert fps > 0
    assert len(attacked) >= 20
    assert attacked.std() > 1
    same = attacked.shape == clip.shape and np.array_equal(attacked, clip)
    assert same == (name == "identity")


def test_groups_and_quick_cases_are_known() -> None:
    """Each case counts to a group that has a target or says that it has none; every group has cases."""
    assert {case.group for case in CASES.values()} | {"security"} == set(TARGETS)
    assert set(QUICK) <= set(CASES)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("crop 75 % at a corner", lambda v: v[:, :48, :48]),
        ("crop 50 % at a corner", lambda v: v[:, 32:, 32:]),
        ("crop 50 %", lambda v: v[:, 16:48, 16:48]),
        ("mirror", lambda v: v[:, :, ::-1]),
        ("inverted", lambda v: 255 - v),
        ("1 s cut out", lambda v: np.delete(v, slice(30, 55), axis=0)),
        ("2 s kept", lambda v: v[35:85]),
        ("reversed", lambda v: v[::-1]),
        ("brightness -20 %", lambda v: np.round(v * 0.8)),
    ],
)
def test_cases_do_what_they_are_called(clip: Video, name: str, expected) -> None:
    """The same pictures as made by hand, but for the encoder; and no other clip is as near."""
    attacked, _ = CASES[name].attack(clip)
    by_hand = expected(clip)
    assert attacked.shape == by_hand.shape
    assert gap(attacked, by_hand) < 9
    if attacked.shape == clip.shape:
        assert gap(attacked, by_hand) < gap(attacked, clip)


@pytest.mark.parametrize("name", ["15 fps", "12 fps", "30 fps", "30 fps blended", "gif", "social network"])
def test_changed_rates_keep_the_length(clip: Video, name: str) -> None:
    """Six seconds stay six seconds to a frame or two, at another rate."""
    attacked, fps = CASES[name].attack(clip)
    assert fps != FPS
    assert len(attacked) / fps == pytest.approx(6.0, abs=2 / 12)


def test_speed_changes_the_length(clip: Video) -> None:
    """The same frames in a tenth less time."""
    attacked, fps = CASES["speed 1.1"].attack(clip)
    assert len(attacked) == len(clip)
    assert fps == pytest.approx(27.5)


def test_sizes_follow_the_clip(clip: Video) -> None:
    """Half is half, letterboxes are 16:9, reposts are for phones, networks have 480 lines."""
    shape = {name: CASES[name].attack(clip[:50])[0].shape[1:3] for name in ("resize 50 %", "letterbox 16:9")}
    assert shape["resize 50 %"] == (32, 32)
    assert shape["letterbox 16:9"] == (64, 114)
    assert chains.reposted(clip[:2])[0].shape[1:3] == (960, 540)
    assert chains.social(clip[:2])[0].shape[1:3] == (480, 480)


def test_noise_has_its_strength() -> None:
    """The deviation asked for, fresh in each frame."""
    grey = np.full((4, 64, 64, 3), 128, np.uint8)
    noise = edits.noisy(8)(grey).astype(float) - 128
    assert noise.std() == pytest.approx(8, rel=0.05)
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05


def test_perspective_takes_corners_where_it_says() -> None:
    """A bright corner is found at the place given for it, and black where the picture does not reach."""
    frame = np.full((1, 100, 100, 3), 60, np.uint8)
    frame[:, :6, :6] = 255
    warped = edits.perspective([(0.2, 0.1), (1, 0), (1, 1), (0, 1)])(frame)[0, ..., 0]
    assert warped[:8].max() <= 60
    y, x = np.argwhere(warped > 150).mean(axis=0)
    assert x == pytest.approx(22, abs=2)
    assert y == pytest.approx(12.5, abs=2)


def test_covered_area_is_as_large_as_it_says() -> None:
    """Three tenths of the area become grey."""
    covered = edits.cut_out(0.3)(np.zeros((1, 200, 200, 3), np.uint8))
    assert (covered == 128).mean() == pytest.approx(0.3, abs=0.01)


def test_unknown_encoders_are_not_there(clip: Video) -> None:
    """An encoder that no build has is not there; H.264 is, and loses more at a higher CRF."""
    assert not Codec("no-such-encoder").there
    assert video.h264(23).there
    fine, coarse = (through(clip[:25], codec=video.h264(crf))[0] for crf in (18, 45))
    assert gap(fine, clip) < gap(coarse, clip)


@pytest.mark.parametrize("ladder", ladders.LADDERS, ids=lambda ladder: ladder.name)
def test_ladders_rise(ladder: ladders.Ladder, clip: Video) -> None:
    """Strengths go one way, and the first step can be taken."""
    steps = np.diff(ladder.steps)
    assert (steps > 0).all() or (steps < 0).all()
    if ladder.needs is None or ladder.needs.there:
        attacked, fps = ladder.at(ladder.steps[0])(clip[:60])
        assert attacked.std() > 1
        assert fps > 0


@pytest.mark.parametrize(("limit", "expected"), [(25, (20, 30)), (5, (None, 10)), (99, (40, None))])
def test_first_failing_strength(limit: float, expected: tuple[float | None, float | None]) -> None:
    """The last step read and the first one lost; what comes after it is not tried."""
    tried: list[float] = []

    def reads(strength: float) -> bool:
        tried.append(strength)
        return strength <= limit

    ladder = ladders.Ladder("any", "unit", (10, 20, 30, 40), attacks.turned)
    assert tuple(ladders.first_failing(ladder, reads).values()) == expected
    assert tried == [s for s in ladder.steps if s <= limit + 9.9]
