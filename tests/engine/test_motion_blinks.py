"""Eyes blink as often, as fast and as unevenly as people's."""

import numpy as np
from spoken import babble, spoken

from engine.motion import plan_from_phonemes
from engine.motion.accents import Beats, find_beats
from engine.motion.blinks import Blink, BlinkClock, lids
from engine.motion.idle import Idle
from engine.motion.usual import Usual
from engine.speech import Phonemes
from engine.state import INDEX, Controls


def beats_of(phonemes: Phonemes) -> Beats:
    return find_beats(phonemes.prosody, Usual.of(phonemes.prosody))


def minutes(phonemes: Phonemes, seeds: int = 60) -> list[list[Blink]]:
    """Blinks of the whole recording for each seed."""
    beats, plans = beats_of(phonemes), []
    for seed in range(seeds):
        idle = Idle(Controls(seed=seed))
        idle.follow(beats, phonemes.seconds)
        plans.append(idle.blinks.blinks)
    return plans


def test_rate_is_that_of_conversation_and_of_rest() -> None:
    """20-28 blinks a minute while speaking (Bentivoglio: 26), 13-21 at rest (17), on average over seeds."""
    talk = [len(blinks) for blinks in minutes(babble(60.0))]
    rest = [len(blinks) for blinks in minutes(spoken(("AH", 0.3), ("", 60.0)))]
    assert 20 <= np.mean(talk) <= 28
    assert 13 <= np.mean(rest) <= 21
    assert np.percentile(talk, 2) >= 12


def test_intervals_are_irregular() -> None:
    """Intervals vary with a coefficient of 0.5-0.8, and never fall below half a second."""
    gaps = np.concatenate([np.diff([b.start for b in blinks]) for blinks in minutes(babble(60.0))])
    assert 0.5 < gaps.std() / gaps.mean() < 0.8
    assert gaps.min() > 0.5


def test_blinks_last_as_long_as_blinks_do() -> None:
    """Every blink lasts 230-300 ms and falls faster than it rises; some close only partly, most fully."""
    blinks = [blink for plan in minutes(babble(60.0), 20) for blink in plan]
    lengths = np.array([b.end - b.start for b in blinks])
    assert lengths.min() >= 0.23
    assert lengths.max() <= 0.30
    assert all(b.falling < 0.75 * b.rising for b in blinks)
    full = np.mean([b.closure > 0.9 for b in blinks])
    assert 0.5 < full < 0.9


def test_blinks_gather_at_phrase_ends() -> None:
    """More blinks begin within 0.3 s after a phrase end than chance would put there."""
    words = babble(60.0)
    ends = np.array(beats_of(words).phrase_ends)
    onsets = np.array([b.start for plan in minutes(words) for b in plan])
    after = onsets[:, None] - ends[None, :]
    share = ((after > -0.1) & (after < 0.3)).any(1).mean()
    assert share > 1.5 * 0.4 * len(ends) / words.seconds


def test_gaze_shifts_can_carry_a_blink() -> None:
    """A carried blink begins with its gaze shift unless one has just been."""
    for seed in range(20):
        clock = BlinkClock(seed)
        for step in range(500):
            now = step * 0.04
            clock.follow(now, now + 0.04, 1.0, False, [7.01] if step == 175 else [])
        assert min(abs(blink.start - 7.01) for blink in clock.blinks) < 0.6


def test_lids_close_and_open_again() -> None:
    """Lids are open before and after a blink and closed in it; one eye lags the other by at most 20 ms."""
    blinks = (Blink(1.0, 0.09, 0.02, 0.16, 1.0, 0.01), Blink(3.0, 0.09, 0.02, 0.16, 0.7, -0.01))
    starts = np.array([b.start for b in blinks])
    assert lids(blinks, starts, 0.9) == (0.0, 0.0)
    assert min(lids(blinks, starts, 1.105)) > 0.95
    assert max(lids(blinks, starts, 1.3)) == 0.0
    left, right = lids(blinks, starts, 1.04)
    assert left < right
    assert 0.65 < max(lids(blinks, starts, 3.1)) <= 0.7
    assert lids((), np.zeros(0), 1.0) == (0.0, 0.0)


def test_frames_show_the_blinks() -> None:
    """At 25 fps most of the planned blinks are seen more than 80 % closed."""
    motion = plan_from_phonemes(babble(60.0), Controls(seed=9))
    lid = np.array([motion.frame(i).blendshapes[INDEX["eyeBlinkLeft"]] for i in range(motion.frames)])
    peaks = ((lid[1:-1] > 0.8) & (lid[1:-1] >= lid[:-2]) & (lid[1:-1] > lid[2:])).sum()
    assert 10 <= peaks <= 33
