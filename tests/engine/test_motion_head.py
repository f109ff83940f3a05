"""The head moves as much, and as slowly, as heads of people who talk."""

import numpy as np
from spoken import babble, spoken

from engine.motion import plan_from_phonemes
from engine.motion.accents import find_beats
from engine.motion.usual import Usual
from engine.state import Controls


def rotations(seed: int, seconds: float = 60.0) -> np.ndarray:
    """(T, 3) degrees at 25 fps."""
    motion = plan_from_phonemes(babble(seconds), Controls(seed=seed))
    return np.array([motion.frame(i).rotation for i in range(motion.frames)])


def test_head_moves_within_the_measured_bands() -> None:
    """Mean absolute change per frame and axis 0.30-0.45 degrees (people: 0.41), spread 2-5 degrees."""
    for seed in range(4):
        track = rotations(seed)
        assert 0.30 <= np.abs(np.diff(track, axis=0)).mean() <= 0.45
        assert ((track.std(0) > 2.0) & (track.std(0) < 5.5)).all()


def test_head_does_not_jitter() -> None:
    """At least 85 % of the angles' power is below 1 Hz and at most 1 % above 3 Hz."""
    for seed in range(4):
        track = rotations(seed)
        power = (
            np.abs(np.fft.rfft((track - track.mean(0)) * np.hanning(len(track))[:, None], axis=0)) ** 2
        ).sum(1)
        hertz = np.fft.rfftfreq(len(track), 1 / 25)
        total = power[1:].sum()
        assert power[(hertz > 0) & (hertz < 1)].sum() / total > 0.85
        assert power[hertz > 3].sum() / total < 0.01


def test_head_is_calmer_when_nobody_speaks() -> None:
    """In long silence the head moves less than half as fast as in speech, but it moves."""
    motion = plan_from_phonemes(spoken(("AH", 0.3), ("", 40.0)), Controls(seed=5))
    still = np.array([motion.frame(i).rotation for i in range(100, motion.frames)])
    pace = np.abs(np.diff(still, axis=0)).mean()
    assert 0.03 < pace < 0.2


def test_accents_carry_nods() -> None:
    """Where a syllable stands out in pitch and loudness, the head goes down on it more often than not."""
    words = spoken(*[("AA", 0.3), ("N", 0.7)] * 30)
    for i in range(30):
        accent = slice(i * 100 + 5, i * 100 + 25)
        words.prosody.pitch[accent] *= 1.3
        words.prosody.loudness[accent] += 6.0
    beats = find_beats(words.prosody, Usual.of(words.prosody))
    assert 25 <= len(beats.accents) <= 35
    lowered = []
    for seed in range(6):
        motion = plan_from_phonemes(words, Controls(seed=seed))
        lowered += [
            motion.state(a.at + 0.04).rotation[1]
            - (motion.state(a.at - 0.25).rotation[1] + motion.state(a.at + 0.45).rotation[1]) / 2
            for a in beats.accents
        ]
    assert np.mean(lowered) < -0.5


def test_head_drifts_nowhere() -> None:
    """Ten minutes on, the head still moves around the same middle."""
    track = rotations(1, 600.0)
    first, last = track[:3000].mean(0), track[-3000:].mean(0)
    assert np.abs(first - last).max() < 2.5
