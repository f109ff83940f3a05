"""Loudness, pitch and activity of sounds with known ones."""

import numpy as np
import pytest

from engine.prosody import RATE, Activity, Levels, Prosody, audible, measure
from tests.engine.spoken import sound


def test_pitch_follows_tones_and_ignores_noise() -> None:
    """80 to 380 Hz within 3 %; noise and silence have none."""
    for hertz in (80, 120, 220, 380):
        prosody = measure(sound((hertz, 0.5, 0.3)))
        assert np.median(prosody.pitch[5:-5]) == pytest.approx(hertz, rel=0.03)
    noisy = measure(sound((0, 1.0, 0.1), (150, 0.3, 0.0)))
    assert noisy.voiced.mean() < 0.05


def test_loudness_is_in_decibels_of_full_scale() -> None:
    """A full-scale sine has -3 dB; halving the amplitude takes 6 dB; silence is at the floor."""
    sine = np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE).astype(np.float32)
    full, half, none = (measure(gain * sine).loudness[50] for gain in (1.0, 0.5, 0.0))
    assert full == pytest.approx(-3.0, abs=0.1)
    assert full - half == pytest.approx(6.02, abs=0.05)
    assert none == -120


def test_speech_and_silence_are_told_apart() -> None:
    """Bursts are found to 30 ms, over hiss as over digital silence; a stop closure of 80 ms is no pause."""
    parts = (
        (150, 0.5, 0.3),
        (150, 0.4, 0.0),
        (150, 0.3, 0.3),
        (150, 0.08, 0.0),
        (150, 0.3, 0.3),
        (150, 0.5, 0.0),
    )
    clean = sound(*parts)
    hiss = clean + 0.003 * np.random.default_rng(1).standard_normal(len(clean)).astype(np.float32)
    for samples in (clean, hiss):
        runs = measure(samples).runs(speaking=True)
        assert np.abs(np.array(runs) - [(0.0, 0.5), (0.9, 1.58)]).max() < 0.03


def test_a_word_in_minutes_of_silence_is_found() -> None:
    """Speech that fills a hundredth of the recording is still speech."""
    prosody = measure(sound((150, 40.0, 0.0), (150, 0.4, 0.3), (150, 20.0, 0.0)))
    assert len(prosody.runs(speaking=True)) == 1


def test_clicks_are_not_speech_and_closures_are_no_pauses() -> None:
    """Three loud frames in silence are dropped; ten silent frames in speech are bridged, twelve are not."""
    stands_out = np.zeros(120, bool)
    stands_out[10:13] = stands_out[30:40] = stands_out[50:60] = stands_out[72:82] = True
    speaking = Activity().follow(stands_out)
    assert len(speaking) == 110
    expected = np.zeros(110, bool)
    expected[30:60] = expected[72:82] = True
    assert np.array_equal(speaking, expected)


@pytest.mark.parametrize("size", [1, 3, 17])
def test_levels_and_activity_do_not_depend_on_the_pieces(size: int) -> None:
    """Followed in pieces or at once: the same levels, the same decisions."""
    loudness = (-30 + 25 * np.sin(np.arange(600) / 15)).astype(np.float32)
    loud, floor = Levels().follow(loudness)
    whole = Activity().follow(audible(loudness, loud, floor))
    levels, activity, parts = Levels(), Activity(), []
    for a in range(0, 600, size):
        piece = loudness[a : a + size]
        parts.append(activity.follow(audible(piece, *levels.follow(piece))))
    assert np.array_equal(np.concatenate(parts), whole)
    assert whole.any()
    assert not whole.all()


def test_loud_and_quiet_are_learnt_from_the_sound() -> None:
    """After some seconds of speech at -20 over noise at -55 dB, both are known within 6 dB."""
    loudness = np.where(np.arange(1500) % 100 < 60, -20.0, -55.0).astype(np.float32)
    loud, floor = Levels().follow(loudness)
    assert loud[-1] == pytest.approx(-20.0, abs=6.0)
    assert floor[-1] == pytest.approx(-55.0, abs=6.0)


def test_a_later_piece_of_a_stream_keeps_the_clock() -> None:
    """Runs of tracks that begin at frame 500 are told in the stream's seconds."""
    speaking = np.array([False] * 10 + [True] * 20)
    prosody = Prosody(np.zeros(30, np.float32), np.zeros(30, np.float32), speaking, first=500)
    assert prosody.runs(speaking=True) == [(pytest.approx(5.1), pytest.approx(5.3))]
