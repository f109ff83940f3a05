"""What every frame of a clip of ours is screened for: each fault fails its own check, a sound clip none."""

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from safety.detector.checks.flashes import CELLS, CHROMATICITY, LINEAR, Flashes
from safety.detector.checks.screening import Screening
from safety.detector.report import Check
from service.demo.characters import draw

Pixels = NDArray[np.uint8]
FPS = 25
HAZARDS = ("flashes", "flicker")


@cache
def _still(name: str = "mira") -> Pixels:
    return draw(name, 320)


def moving(seconds: float, name: str = "mira") -> list[Pixels]:
    """A drawn person who sways by a few pixels: 256 x 256."""
    picture, frames = Image.fromarray(_still(name)), []
    for k in range(round(seconds * FPS)):
        x, y = 32 + 9 * np.sin(k / 7), 32 + 5 * np.sin(k / 11)
        moved = picture.transform(
            (256, 256), Image.Transform.AFFINE, (1, 0, x, 0, 1, y), Image.Resampling.BILINEAR
        )
        frames.append(np.array(moved))
    return frames


def screened(frames: Iterable[Pixels], fps: float = FPS, *, moves: bool = True) -> dict[str, Check]:
    screening = Screening()
    for k, frame in enumerate(frames):
        screening.see(k / fps, frame)
    return {check.name: check for check in screening.checks(1 / fps, moves=moves)}


def unmet(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if not check.passed}


@pytest.mark.parametrize("name", ["mira", "osei", "pip"])
def test_a_sound_clip_meets_every_check(name: str) -> None:
    """Drawn people who move: nothing is refused and nothing is flagged."""
    checks = screened(moving(4.0, name))
    assert unmet(checks) == set()
    assert set(checks) == {
        "flashes", "flicker", "steady_light", "brightness", "whole_frames", "sharpness", "even_timing",
        "fresh_frames",
    }  # fmt: skip


def flashing(hertz: float, seconds: float, dark: int, bright: int, share: float = 1.0) -> list[Pixels]:
    """A grey picture whose left part goes between two levels."""
    frames = []
    for k in range(round(seconds * FPS)):
        frame = np.full((128, 128, 3), 90, np.uint8)
        frame[:, : round(128 * share)] = bright if int(2 * hertz * k / FPS) % 2 else dark
        frames.append(frame)
    return frames


@pytest.mark.parametrize(("hertz", "hazard"), [(2.8, False), (3.6, True), (5.0, True), (12.0, True)])
def test_more_than_three_flashes_a_second_are_refused(hertz: float, hazard: bool) -> None:
    """WCAG 2.3.1: three flashes within a second are allowed, more are not."""
    check = screened(flashing(hertz, 3.0, 40, 220))["flashes"]
    assert check.passed is not hazard
    assert check.severity == "refuse"


def test_small_faint_and_bright_changes_are_no_flashes() -> None:
    """A tenth of the width, less than 10 % of full luminance, or a darker picture above 0.80: allowed."""
    assert "flashes" not in unmet(screened(flashing(8.0, 3.0, 40, 220, share=0.07)))
    codes = [int(np.searchsorted(LINEAR, level)) for level in (0.30, 0.39, 0.82, 1.0)]
    assert "flashes" not in unmet(screened(flashing(8.0, 3.0, codes[0], codes[1])))
    assert "flashes" not in unmet(screened(flashing(8.0, 3.0, codes[2], 255)))
    assert "flashes" in unmet(screened(flashing(8.0, 3.0, codes[0], codes[2])))


def test_a_corner_that_flashes_is_refused() -> None:
    """A quarter of a third of the picture is enough, wherever it is."""
    frames = moving(3.0)
    for k, frame in enumerate(frames):
        frame[180:256, 180:256] = 230 if k % 5 < 2 else 20
    check = screened(frames)["flashes"]
    assert not check.passed
    assert check.value > 0.25
    assert check.start >= 0.5
    assert check.end <= 3.1


def test_noise_is_no_flash() -> None:
    """Fine, balanced patterns are exempt: every pixel changes, and no area does."""
    noise = np.random.default_rng(3)
    frames = [noise.integers(40, 220, (128, 128, 3), np.uint8) for _ in range(75)]
    assert "flashes" not in unmet(screened(frames))


@pytest.mark.parametrize(
    ("one", "other", "hazard"),
    [
        ((200, 0, 0), (0, 90, 90), True),  # red and cyan of about the same luminance
        ((120, 0, 0), (62, 62, 62), True),  # a dark red and the grey that is as bright
        ((180, 90, 90), (110, 110, 110), False),  # a pale red is not saturated
        ((0, 0, 200), (0, 60, 60), False),  # blue is no red
    ],
)
def test_red_flashes(one: tuple[int, ...], other: tuple[int, ...], hazard: bool) -> None:
    """Saturated red that comes and goes is refused also where the luminance hardly changes."""
    pair = LINEAR[np.array([one, other])] @ np.array([0.2126, 0.7152, 0.0722])
    assert abs(pair[0] - pair[1]) < 0.1, "the general rule would see it"
    frames = [np.full((64, 64, 3), one if k % 4 < 2 else other, np.uint8) for k in range(75)]
    check = screened(frames)["flashes"]
    assert check.passed is not hazard
    assert ("red" in check.reason) is hazard


def test_a_slow_turn_to_red_is_no_flash() -> None:
    """Three changes to and from red in a second are allowed; the distance is that of the diagram."""
    flashes = Flashes()
    for k in range(75):
        light = np.zeros((CELLS, CELLS, 3), np.float32)
        light[...] = (0.3, 0, 0) if k // 12 % 2 else (0.06, 0.06, 0.06)
        flashes.see(k / FPS, light)
    assert flashes.seen().red == 0
    assert not flashes.seen().hazard
    assert 0 < CHROMATICITY < 0.25  # red lies 0.26 from white


def test_long_flicker_is_flagged() -> None:
    """Two flashes a second are allowed, and after five seconds of them somebody should look."""
    short, long = screened(flashing(2.5, 4.0, 40, 220)), screened(flashing(2.5, 9.0, 40, 220))
    assert short["flicker"].passed
    assert not long["flicker"].passed
    assert long["flicker"].severity == "flag"
    assert long["flashes"].passed


Fault = Callable[[list[Pixels]], None]


def black(frames: list[Pixels]) -> None:
    for k in range(40, 43):
        frames[k][:] = 0


def green(frames: list[Pixels]) -> None:
    frames[40][:] = (0, 135, 0)


def green_band(frames: list[Pixels]) -> None:
    for k in range(40, 60):
        frames[k][200:216] = (0, 135, 0)


def garbage(frames: list[Pixels]) -> None:
    noise = np.random.default_rng(1)
    frames[40][96:128, 64:112] = noise.integers(0, 255, (32, 48, 3), np.uint8)


def lasting_garbage(frames: list[Pixels]) -> None:
    noise = np.random.default_rng(2)
    block = noise.integers(0, 255, (96, 96, 3), np.uint8)
    for k in range(40, 60):
        frames[k][60:156, 80:176] = block


def torn(frames: list[Pixels]) -> None:
    frames[40][128:] = np.roll(frames[40][128:], 70, axis=1)


def lamp(frames: list[Pixels]) -> None:
    for k in range(40, 100):
        frames[k][:] = np.minimum(frames[k].astype(int) + 30, 255)


def blurred(frames: list[Pixels]) -> None:
    for k in range(40, 50):
        small = frames[k][::8, ::8]
        frames[k][:] = np.repeat(np.repeat(small, 8, axis=0), 8, axis=1)
        frames[k][:] = _smooth(frames[k])


@pytest.mark.parametrize(
    ("fault", "name", "start", "end"),
    [
        (black, "steady_light", 1.6, 1.76),
        (green, "whole_frames", 1.6, 1.68),
        (green_band, "whole_frames", 1.6, 2.4),
        (garbage, "whole_frames", 1.6, 1.64),
        (lasting_garbage, "whole_frames", 1.6, 2.44),
        (torn, "whole_frames", 1.6, 1.68),
        (lamp, "steady_light", 1.6, 1.64),
        (blurred, "sharpness", 1.6, 2.0),
    ],
)
def test_each_fault_is_refused_where_it_is(fault: Fault, name: str, start: float, end: float) -> None:
    """By its own check, with its seconds."""
    frames = moving(4.0)
    fault(frames)
    check = screened(frames)[name]
    assert (check.passed, check.severity) == (False, "refuse")
    assert (check.start, check.end) == pytest.approx((start, end), abs=0.05)


def test_doubled_frames() -> None:
    """A few are flagged, every second one is refused, and a still head may repeat itself."""
    frames = moving(4.0)
    for k in (10, 30, 50, 70, 90):
        frames[k] = frames[k - 1]
    few = screened(frames)["fresh_frames"]
    assert (few.passed, few.severity) == (False, "flag")
    halved = screened([frame for frame in moving(2.0) for _ in range(2)])["fresh_frames"]
    assert (halved.passed, halved.severity) == (False, "refuse")
    assert "fresh_frames" not in screened(frames, moves=False)
    assert unmet(screened([_still()[:256, :256]] * 50)) == set()


def test_missing_frames() -> None:
    """One frame that is late is flagged, two that are missing are refused."""
    for gone, severity in ((range(40, 41), "flag"), (range(40, 43), "refuse")):
        screening = Screening()
        for k, frame in enumerate(moving(4.0)):
            if k not in gone:
                screening.see(k / FPS, frame)
        check = next(each for each in screening.checks(1 / FPS) if each.name == "even_timing")
        assert (check.passed, check.severity) == (False, severity)


def test_light_is_flagged_not_refused() -> None:
    """Who portrays somebody in the dark, or in glaring light, is asked about it."""
    dark = [(frame // 8).astype(np.uint8) for frame in moving(1.0)]
    glaring = [np.full((64, 64, 3), 253, np.uint8)] * 25
    for frames, word in ((dark, "dark"), (glaring, "blown")):
        check = screened(frames)["brightness"]
        assert (check.passed, check.severity) == (False, "flag")
        assert word in check.reason


@pytest.mark.parametrize("shape", [(64, 64), (90, 160), (1, 7), (1080, 608)])
def test_every_shape_is_looked_at(shape: tuple[int, int]) -> None:
    """Small, wide and tall pictures, and a change of size on the way."""
    frames = [np.full((*shape, 3), 90 + k, np.uint8) for k in range(3)]
    frames += [np.full((40, 40, 3), 92, np.uint8)] * 2
    assert not {"whole_frames", "flashes", "steady_light"} & unmet(screened(frames))


def _smooth(frame: Pixels) -> Pixels:
    from scipy.ndimage import uniform_filter

    return uniform_filter(frame, (9, 9, 1))
