"""The audit's checks: a sound clip passes, each fault fails its own check, what cannot be decided fails."""

from dataclasses import replace

import numpy as np
import pytest

from perception.audio import RATE, Speech
from safety.detector import Expectations, inspect, inspection
from safety.detector.lips import loudness, measure
from tests.safety.test_detector import FPS, Finder, Head, alive, look, pictures, say

EXPECT = Expectations(seconds=20.0)


@pytest.fixture(autouse=True)
def nobody_else_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks are asked of the frames and of the face's motion: other observers only take time here."""
    monkeypatch.setattr(inspection, "observers", list)


def test_a_sound_clip_passes() -> None:
    """Every check is there and met."""
    report = look(expect=EXPECT)
    assert (report.failed, report.flagged) == ((), ())
    assert {check.name for check in report.checks} == {
        "one_face", "face_followed", "same_face", "pictures", "motion", "length",
        "lips_move", "lips_in_time", "lips_shut",
        "flashes", "flicker", "steady_light", "brightness", "whole_frames", "sharpness", "even_timing",
        "fresh_frames",
    }  # fmt: skip


def test_no_expectations_no_checks() -> None:
    """A stranger's video is not held to what a clip of ours must show."""
    assert look(5.0).checks == ()


@pytest.mark.parametrize("seed", range(8))
def test_lips_of_this_speech_pass(seed: int) -> None:
    """Six seconds of any made-up speech with its own lips are in time."""
    speech, mouth = say(6.0, seed)
    lips = measure(np.arange(150) / FPS, mouth, speech)
    assert lips is not None
    assert lips.in_time
    assert abs(lips.lag) <= 0.08
    assert lips.pause_gap < 0.3


@pytest.mark.parametrize("seed", range(8))
def test_shifted_sound_fails(seed: int) -> None:
    """Sound a fifth of a second early, or a quarter late, does not belong to the lips."""
    speech, mouth = say(6.0, seed)
    for shift in (-0.8, -0.4, -0.2, 0.25, 0.4, 0.8):
        moved = Speech(np.roll(speech.samples, round(shift * RATE)))
        lips = measure(np.arange(150) / FPS, mouth, moved)
        assert lips is not None
        assert not lips.in_time


def test_swapped_sound_fails() -> None:
    """The sound of another clip does not belong to the lips: at most one pair in ten passes by chance."""
    clips = [say(10.0, seed) for seed in range(8)]
    at = np.arange(250) / FPS
    passed = 0
    for i, (_, mouth) in enumerate(clips):
        for j, (speech, _) in enumerate(clips):
            lips = measure(at, mouth, speech)
            assert lips is not None
            passed += i != j and lips.in_time
    assert passed <= 5


def test_frozen_mouth_fails() -> None:
    """Lips that do not move, but for the noise of the mesh, fail; so do lips that tremble at random."""
    speech, mouth = say(20.0, 1)
    noise = np.random.default_rng(5)
    for still in (np.full(500, 0.05), np.abs(noise.normal(0.05, 0.004, 500))):
        report = look(head=alive(500, still), speech=speech, expect=EXPECT)
        assert {"lips_move", "lips_in_time"} <= set(report.failed)
    trembling = np.abs(noise.normal(0.1, 0.05, 500))
    assert "lips_in_time" in look(head=alive(500, trembling), speech=speech, expect=EXPECT).failed
    assert "lips_move" not in look(head=alive(500, mouth), speech=speech, expect=EXPECT).failed


def test_open_mouth_in_pauses_fails() -> None:
    """Lips that follow the sound but never close in pauses fail that check alone."""
    speech, mouth = say(20.0, 1)
    report = look(head=alive(500, 0.25 + 0.5 * mouth), speech=speech, expect=EXPECT)
    assert report.failed == ("lips_shut",)


def test_short_clips_are_checked_by_what_can_be_decided() -> None:
    """Two seconds are too short for a lag: lips must still move, and close in pauses."""
    speech, mouth = say(2.0, 3)
    short = Expectations(seconds=2.0)
    report = look(2.0, head=alive(50, mouth), speech=speech, expect=short)
    assert report.failed == ()
    assert "lips_in_time" not in {check.name for check in report.checks}
    assert "lips_move" in look(2.0, head=Head(50), speech=speech, expect=short).failed


def test_faces() -> None:
    """No face, two faces, a face that is lost, and one that jumps: each fails by name, with a span."""
    assert {"one_face", "face_followed", "lips"} <= set(look(expect=EXPECT, gone=range(500)).failed)
    assert "one_face" in look(expect=EXPECT, count=2).failed
    lost = look(expect=EXPECT, gone=range(100, 150))
    assert {"one_face", "face_followed"} <= set(lost.failed)
    span = next(check for check in lost.checks if check.name == "face_followed")
    assert (span.start, span.end) == pytest.approx((4.0, 6.0), abs=0.21)
    _, mouth = say(20.0, 1)
    head = alive(500, mouth)
    head.x[250:] += 1.0
    jumped = look(head=head, expect=EXPECT)
    assert jumped.failed == ("same_face",)
    assert next(check for check in jumped.checks if check.name == "same_face").start == pytest.approx(10.0)


def test_pictures() -> None:
    """Black frames and a picture that stands still while the sound goes on fail, and are located."""
    black = look(expect=EXPECT, black=range(40, 43))
    assert set(black.failed) == {"pictures", "steady_light", "whole_frames", "sharpness"}
    assert next(check for check in black.checks if check.name == "pictures").start == pytest.approx(1.6)
    still = look(expect=EXPECT, still=range(100, 130))
    assert still.failed == ("motion",)
    assert look(expect=EXPECT, still=range(100, 108)).failed == ()


def test_length() -> None:
    """A clip that is two frames short is not what was asked for; one frame is rounding."""
    assert look(expect=replace(EXPECT, seconds=20.08)).failed == ("length",)
    assert look(expect=replace(EXPECT, seconds=20.04)).failed == ()


def test_no_sound_cannot_be_decided() -> None:
    """A clip that should speak and has no sound, or a silent one, fails; one that need not speak passes."""
    _, mouth = say(20.0, 1)
    finder = Finder(alive(500, mouth))
    assert inspect(pictures(500), None, FPS, finder=finder, expect=EXPECT).failed == ("lips",)
    silent = Speech(np.zeros(20 * RATE, np.float32))
    assert look(speech=silent, expect=EXPECT).failed == ("lips",)
    mute = replace(EXPECT, speaks=False)
    assert inspect(pictures(500), None, FPS, finder=finder, expect=mute).failed == ()


def test_loudness_follows_vowels_not_hiss() -> None:
    """The curve is high in a vowel's band, low for hiss above it, and zero for silence."""
    time = np.arange(RATE) / RATE
    vowel = Speech((0.3 * np.sin(2 * np.pi * 600 * time)).astype(np.float32))
    hiss = Speech((0.3 * np.sin(2 * np.pi * 5000 * time)).astype(np.float32))
    assert loudness(vowel)[10:-10].min() > 5 * loudness(hiss)[10:-10].max()
    assert loudness(Speech(np.zeros(RATE, np.float32))).max() == 0
    assert measure(np.arange(25) / FPS, np.zeros(25), Speech(np.zeros(RATE, np.float32))) is None


def test_lips_that_a_track_moves_are_compared_with_it() -> None:
    """With openings told, the sound is not asked, and the face may stand still; the gap must rise and fall
    with what was told, frame by frame."""
    _, mouth = say(6.0, 1)
    report = look(6.0, expect=Expectations(openings=3 * mouth))
    (check,) = [check for check in report.checks if check.name == "lips_as_told"]
    assert check.passed
    assert check.value > 0.8
    assert not any(check.name.startswith(("lips_in", "lips_move", "lips_shut")) for check in report.checks)
    for other in (mouth[::-1].copy(), np.roll(mouth, 12), say(6.0, 2)[1]):
        report = look(6.0, expect=Expectations(openings=3 * other))
        assert "lips_as_told" in report.failed


def test_a_track_that_keeps_the_lips_still_is_not_judged_by_them() -> None:
    """There is nothing to compare; the report says so."""
    report = look(6.0, expect=Expectations(openings=np.full(150, 0.2)))
    (check,) = [check for check in report.checks if check.name == "lips_as_told"]
    assert check.passed
    assert "not judged" in check.reason


def test_a_head_that_is_held_still_may_stand_still() -> None:
    """A second without any change is a fault of a head that moves, and none of one that was asked not to."""
    stands = look(6.0, still=range(60, 90), expect=Expectations())
    assert stands.failed == ("motion",)
    assert look(6.0, still=range(60, 90), expect=Expectations(moves=False)).failed == ()
