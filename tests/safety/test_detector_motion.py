"""Motion cues on heads made of numbers: each comes out as it was put in, or says that it cannot tell."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from perception.audio import RATE, Speech
from perception.face import Face
from perception.mesh import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from safety.detector.lips import loudness
from safety.detector.motion import MotionObserver
from safety.detector.report import Finding
from safety.detector.view import View
from tests.safety.test_detector import FPS, Head, alive, say

Floats = NDArray[np.float64]
Change = Callable[[Face, int], Face]
SECONDS = 16
TIME = np.arange(SECONDS * FPS) / FPS
SWAY = 8 * np.sin(2 * np.pi * 0.4 * TIME)


def observed(
    head: Head,
    change: Change = lambda face, k: face,
    heard: Speech | None = None,
    picture: Callable[[int], NDArray[np.uint8]] = lambda k: np.zeros((512, 512, 3), np.uint8),
) -> tuple[dict[str, Finding], list[str]]:
    """Findings by name, and notes."""
    watch = MotionObserver()
    for k in range(head.frames):
        watch.see(View(k / FPS, picture(k), change(head.face(k), k), k))
    page = watch.page(heard)
    return {finding.name: finding for finding in page.findings}, page.notes


def looking(degrees: Callable[[int], float]) -> Change:
    """Irises that are turned to the side by so many degrees in the head."""

    def change(face: Face, k: int) -> Face:
        iris = np.zeros((2, 5, 3), np.float32)
        for row, (one, other) in enumerate((RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS)):
            ends = face.mesh[sorted((one, other), key=lambda c: face.mesh[c, 0])]
            iris[row] = ends.mean(axis=0) + np.sin(np.radians(degrees(k))) * (ends[1] - ends[0]) * 12 / 30
        return replace(face, iris=iris)

    return change


@pytest.mark.parametrize("gain", [-1.0, 0.0])
def test_eyes_that_hold_their_target(gain: float) -> None:
    """Eyes that turn against the head have a slope of -1, painted ones of 0; both are as far as they are."""
    head = Head(len(TIME), yaw=SWAY)
    found, _ = observed(head, looking(lambda k: gain * SWAY[k]))
    assert found["gaze_hold"].value == pytest.approx(gain, abs=0.12)
    assert found["gaze_spread"].value == pytest.approx(abs(gain) * 8 / 2**0.5, abs=0.2)


def test_gaze_without_irises_or_turning() -> None:
    """No irises: no gaze. A head that does not turn: no word on whether eyes hold their target."""
    still = Head(len(TIME))
    found, notes = observed(still)
    assert not {name for name in found if name.startswith("gaze")}
    assert any("irises" in note for note in notes)
    found, notes = observed(still, looking(lambda k: float(SWAY[k])))
    assert "gaze_pair" in found
    assert "gaze_hold" not in found
    assert any("turns too little" in note for note in notes)


def test_a_wink_is_no_blink_of_two_eyes() -> None:
    """Lids of which one closes less, and a tenth of a second late, are told by how much."""
    lids, right = np.ones(len(TIME)), np.ones(len(TIME))
    for at in np.arange(1.0, 15.0, 2.3):
        lids -= np.clip(1 - np.abs(TIME - at) / 0.16, 0, 1)
        right -= 0.5 * np.clip(1 - np.abs(TIME - at - 0.1) / 0.16, 0, 1)

    def change(face: Face, k: int) -> Face:
        mesh = face.mesh.copy()
        own, other = (Head(len(TIME), lids=curve).face(k).mesh for curve in (lids, right))
        for lid in (160, 158, 144, 153):
            mesh[lid] += other[lid] - own[lid]
        return replace(face, mesh=mesh)

    found, _ = observed(Head(len(TIME), lids=lids), change)
    assert found["blink_both_depth"].value == pytest.approx(0.5, abs=0.1)
    assert found["blink_both_time"].value == pytest.approx(0.1, abs=0.03)
    assert found["blink_both_time"].sign > 0
    even, _ = observed(Head(len(TIME), lids=lids))
    assert even["blink_both_depth"].value == pytest.approx(0.0, abs=0.02)
    assert even["blink_both_time"].value == pytest.approx(0.0, abs=0.005)


@pytest.mark.parametrize("rise", [0.1, 0.24])
def test_lids_rise_slower_than_they_fall(rise: float) -> None:
    """The ratio of both times is what it is between frames, too."""
    lids = np.ones(len(TIME))
    for at in np.arange(1.03, 15.0, 1.71):
        lids -= np.clip(np.where(at > TIME, 1 - (at - TIME) / 0.1, 1 - (TIME - at) / rise), 0, 1)
    found, _ = observed(Head(len(TIME), lids=lids))
    assert found["blink_phases"].value == pytest.approx(rise / 0.1, rel=0.35)


def test_trembling_points() -> None:
    """Noise of 1 % of the eyes' distance on every point of the skull is told, and out of range."""
    noise = np.random.default_rng(0).normal(0, 1.0, (len(TIME), 468, 3))
    shaken, _ = observed(
        Head(len(TIME), yaw=SWAY),
        lambda face, k: replace(face, mesh=(face.mesh + noise[k]).astype(np.float32)),
    )
    steady, _ = observed(Head(len(TIME), yaw=SWAY))
    assert shaken["landmark_jitter"].value == pytest.approx(0.01 * 3**0.5, rel=0.25)
    assert (shaken["landmark_jitter"].sign, steady["landmark_jitter"].sign) == (1.0, 0.0)


def test_a_finding_is_about_the_time_of_its_peak() -> None:
    """Trembling for two of sixteen seconds is located; trembling throughout is about the whole time."""
    noise = np.random.default_rng(0).normal(0, 2.0, (len(TIME), 468, 3))

    def shaking(start: float, end: float) -> Finding:
        def change(face: Face, k: int) -> Face:
            moved = noise[k] if start <= TIME[k] < end else 0 * noise[k]
            return replace(face, mesh=(face.mesh + moved).astype(np.float32))

        return observed(Head(len(TIME), yaw=SWAY), change)[0]["landmark_jitter"]

    part, whole = shaking(9.0, 11.0), shaking(0.0, 16.0)
    assert (part.start, part.end) == (pytest.approx(9.0, abs=0.2), pytest.approx(11.0, abs=0.2))
    assert (whole.start, whole.end) == (0.0, pytest.approx(16.0))


def test_a_skull_that_breathes() -> None:
    """A face whose width swells and shrinks by a tenth is no solid head; turning alone bends nothing."""
    solid, _ = observed(Head(len(TIME), yaw=SWAY))
    assert solid["skull_bend"].value < 0.002

    def change(face: Face, k: int) -> Face:
        swell = np.array([1 + 0.1 * np.sin(2 * np.pi * 0.3 * TIME[k]), 1, 1])
        middle = face.mesh.mean(axis=0)
        return replace(face, mesh=((face.mesh - middle) * swell + middle).astype(np.float32))

    swelling, _ = observed(Head(len(TIME)), change)
    assert swelling["skull_bend"].sign > 0


def test_a_flat_picture_that_is_turned() -> None:
    """Of a solid head almost all of what a turn changes is depth, of a bent picture nothing."""

    def flat(face: Face, k: int) -> Face:
        front = Head(1).face(0).mesh
        middle = front.mean(axis=0)
        squeezed = (front - middle) * np.array([np.cos(np.radians(4 * SWAY[k])), 1, 1]) + middle
        return replace(face, mesh=squeezed.astype(np.float32))

    solid, _ = observed(Head(len(TIME), yaw=SWAY))
    bent, _ = observed(Head(len(TIME)), flat)
    assert solid["turn_depth"].value > 0.9
    assert solid["turn_depth"].sign == 0
    assert bent["turn_depth"].value < 0.1
    assert bent["turn_depth"].sign == 1
    _, notes = observed(Head(len(TIME)))
    assert any("solid head" in note for note in notes)


def _voice(curve: Floats) -> Speech:
    """A sound that is as loud as a curve, at `FPS`, says."""
    fine = np.interp(np.arange(SECONDS * RATE) / RATE, TIME, curve)
    noise = np.random.default_rng(1).standard_normal(SECONDS * RATE)
    return Speech((0.1 * fine * noise).astype(np.float32))


def test_head_and_brows_that_dance_to_the_voice() -> None:
    """What moves exactly as loudness does is out of range; what moves by itself is not."""
    beat = 1.2 + np.sin(2 * np.pi * 0.45 * TIME)
    yaw = np.cumsum(np.where(np.arange(len(TIME)) // 50 % 2, -1, 1) * beat) * 0.4
    bound, _ = observed(Head(len(TIME), brows=0.03 * beat, yaw=yaw), heard=_voice(beat))
    assert bound["brow_voice"].value > 0.9
    assert bound["brow_voice"].sign > 0
    free, _ = observed(alive(len(TIME), np.zeros(len(TIME))), heard=_voice(beat))
    assert abs(free["brow_voice"].value) < 0.8
    assert (free["brow_voice"].sign, free["head_voice"].sign) == (0.0, 0.0)
    assert bound["head_voice"].value > free["head_voice"].value
    mute, notes = observed(alive(len(TIME), np.zeros(len(TIME))))
    assert "head_voice" not in mute
    assert any("voice" in note for note in notes)


def test_lips_that_are_too_tight_or_too_loose() -> None:
    """Lips that loudness itself moves are tighter than people's; those of another speech are chance."""
    spoken, mouth = say(24.0, 1)
    _, other = say(24.0, 7)
    heard = loudness(spoken)[::2][: len(mouth)]
    tight, _ = observed(alive(len(mouth), 0.2 * heard / heard.max()), heard=spoken)
    assert tight["lip_match"].value > 0.75
    assert tight["lip_match"].sign > 0
    strange, _ = observed(alive(len(mouth), other), heard=spoken)
    assert strange["lip_match"].value < strange["lip_match"].low
    assert strange["lip_match"].sign > 0
    own, _ = observed(alive(len(mouth), mouth), heard=spoken)
    assert abs(own["lip_lag"].value) < 0.1
    assert strange["lip_match"].value < own["lip_match"].value < tight["lip_match"].value


def test_lips_in_pauses() -> None:
    """Lips that close in pauses are in range; those that stay open, or waver, are not."""
    spoken, mouth = say(16.0, 1)
    shut, _ = observed(alive(len(mouth), mouth), heard=spoken)
    assert (shut["lip_pause"].sign, shut["lip_rest"].sign) == (0.0, 0.0)
    gaping, _ = observed(alive(len(mouth), np.maximum(mouth, 0.2)), heard=spoken)
    assert gaping["lip_pause"].value > 0.8
    assert gaping["lip_pause"].sign > 0
    wavering = mouth + 0.1 * (1 + np.sin(2 * np.pi * 3 * np.arange(len(mouth)) / FPS))
    assert observed(alive(len(mouth), wavering), heard=spoken)[0]["lip_rest"].sign > 0


def test_a_neck() -> None:
    """How far the eyes travel for each radian of turning; a head that slides without turning has no neck."""
    x = 0.6 * SWAY / 8
    found, _ = observed(Head(len(TIME), yaw=SWAY, x=x))
    travel = found["head_travel"].value
    turning = np.radians(8 / 2**0.5)
    assert found["head_neck"].value == pytest.approx(travel / turning, rel=0.1)
    sliding, _ = observed(Head(len(TIME), yaw=0.25 * SWAY, x=2 * x))
    assert sliding["head_neck"].sign > 0


def test_a_body_that_does_not_move() -> None:
    """Under a moving head a still picture is told; one that sways is not; a plain wall tells nothing."""
    wall = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    still = np.kron(wall, np.ones((8, 8, 1))).astype(np.uint8)
    head = Head(len(TIME), yaw=SWAY, x=0.5 * SWAY / 8)

    def small(face: Face, k: int) -> Face:
        return replace(face, mesh=face.mesh * np.float32(0.5), box=(80.0, 60.0, 200.0, 200.0))

    frozen, _ = observed(head, small, picture=lambda k: still)
    assert frozen["body_still"].value == pytest.approx(1.0)
    assert frozen["body_still"].sign == 1
    moving, _ = observed(head, small, picture=lambda k: np.roll(still, round(6 * np.sin(k / 5)), axis=1))
    assert moving["body_still"].sign == 0
    nothing, notes = observed(head, small)
    assert "body_still" not in nothing
    assert any("under the chin" in note for note in notes)


@pytest.mark.parametrize(("every", "blinks", "moves"), [(2, False, True), (4, False, False)])
def test_too_few_frames_a_second(every: int, blinks: bool, moves: bool) -> None:
    """At 12 frames a second blinks are not counted, at 6 nothing of motion is judged; both are noted."""
    watch, head = MotionObserver(), alive(len(TIME), np.zeros(len(TIME)))
    for k in range(0, len(TIME), every):
        watch.see(View(k / FPS, np.zeros((64, 64, 3), np.uint8), head.face(k), k))
    page = watch.page(None)
    names = {finding.name for finding in page.findings}
    assert ("blink_rate" in names) is blinks
    assert ("head_speed" in names) is moves
    assert any("too few frames" in note or "fewer than 10 frames" in note for note in page.notes)


def test_every_finding_says_where_and_why() -> None:
    """A range's source, a plain sentence, a span and a box: for every cue that has a range."""
    found, _ = observed(
        alive(len(TIME), np.zeros(len(TIME))),
        looking(lambda k: -float(SWAY[k])),
        heard=_voice(1 + np.sin(TIME)),
    )
    assert {"blinks", "brows", "head", "gaze", "geometry"} <= {f.group for f in found.values()}
    for finding in found.values():
        assert finding.reason
        assert finding.source
        assert finding.unit
        assert (finding.start, finding.end) == (0.0, pytest.approx(SECONDS, abs=0.05))
        assert finding.box is not None
        left, top, right, bottom = finding.box
        assert 0 <= left <= right <= 1
        assert 0 <= top <= bottom <= 1
        assert 0 <= finding.sign <= 1
