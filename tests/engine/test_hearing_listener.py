"""The listener: the same however the sound comes, final when promised, and bounded in memory."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.hearing.listener import LOOKAHEAD, Listener
from engine.prosody import HOP, RATE
from engine.speech import Phonemes
from perception.audio import decode_speech
from perception.errors import SpeechNotFinite

MATERIAL = Path(__file__).parents[1] / "material"


@cache
def samples(name: str = "en_rms") -> NDArray[np.float32]:
    """A committed recording at 16 kHz."""
    return decode_speech((MATERIAL / f"{name}.flac").read_bytes()).at(RATE)


@cache
def at_once(name: str = "en_rms") -> Phonemes:
    """What is heard of it fed whole."""
    listener = Listener()
    listener.feed(samples(name))
    listener.finish()
    return listener.phonemes()


def assert_same(one: Phonemes, other: Phonemes) -> None:
    """To the last bit."""
    assert one.phones == other.phones
    assert one.seconds == other.seconds
    for track in ("loudness", "pitch", "speaking"):
        assert np.array_equal(getattr(one.prosody, track), getattr(other.prosody, track))


def test_lookahead_is_within_what_a_conversation_bears() -> None:
    """At most 120 ms in all."""
    assert 0 < LOOKAHEAD <= 0.12


@pytest.mark.parametrize("size", [37, 160, 320, 960, 1000, 20_000])
def test_pieces_of_any_size_give_the_same(size: int) -> None:
    """Fed in pieces of 2 ms to 1.25 s, some of them empty: the same phones and tracks."""
    listener = Listener()
    for a in range(0, len(samples()), size):
        listener.feed(samples()[a : a + size])
        listener.feed(np.zeros(0, np.float32))
    listener.finish()
    assert_same(listener.phonemes(), at_once())


def test_pieces_of_changing_size_give_the_same() -> None:
    """Random sizes, another recording."""
    rng, listener, a = np.random.default_rng(3), Listener(), 0
    while a < len(samples("es")):
        b = a + int(rng.integers(0, 3000))
        listener.feed(samples("es")[a:b])
        a = b
    listener.finish()
    assert_same(listener.phonemes(), at_once("es"))


def test_what_is_final_does_not_change_and_comes_in_time() -> None:
    """After every 20 ms: final reaches to LOOKAHEAD behind, and all up to it is as in the end."""
    listener, whole = Listener(), at_once()
    for a in range(0, len(samples()), 320):
        listener.feed(samples()[a : a + 320])
        fed = min(a + 320, len(samples())) / RATE
        assert listener.final >= fed - LOOKAHEAD - 1e-9
        now = listener.phonemes()
        count = len(now.prosody.loudness)
        assert count == round(listener.final / HOP)
        assert np.array_equal(now.prosody.speaking, whole.prosody.speaking[:count])
        assert np.array_equal(now.prosody.pitch, whole.prosody.pitch[:count])
        closed = now.phones[:-1]
        assert closed == whole.phones[: len(closed)]
        if now.phones:
            last = whole.phones[len(closed)]
            assert (now.phones[-1].symbol, now.phones[-1].start) == (last.symbol, last.start)


def test_what_comes_later_changes_nothing_before_the_lookahead() -> None:
    """Noise in place of the second half leaves all that was final before it untouched."""
    half = len(samples()) // 2
    noise = np.random.default_rng(0).uniform(-1, 1, half).astype(np.float32)
    listener = Listener()
    listener.feed(samples()[:half])
    listener.feed(noise)
    listener.finish()
    count = int((half / RATE - LOOKAHEAD) / HOP)
    assert np.array_equal(listener.phonemes().prosody.speaking[:count], at_once().prosody.speaking[:count])
    before = [phone for phone in at_once().phones if phone.end <= count * HOP]
    assert list(listener.phonemes().phones[: len(before)]) == before


@pytest.mark.parametrize("since", [0.0, 1.0, 1.987, 3.7, 99.0])
def test_a_later_part_is_part_of_the_whole(since: float) -> None:
    """`phonemes(since)`: the same phones and tracks from there on, on the same clock."""
    listener = Listener()
    listener.feed(samples())
    listener.finish()
    part, whole = listener.phonemes(since), at_once()
    first = part.prosody.first
    assert first == min(int(since / HOP + 1e-6), len(whole.prosody.loudness))
    assert np.array_equal(part.prosody.loudness, whole.prosody.loudness[first:])
    assert part.phones == tuple(phone for phone in whole.phones if phone.end > first * HOP + 1e-9)


def test_memory_of_a_long_stream_is_bounded() -> None:
    """Two minutes heard with 3 s to be remembered: what the listener holds does not grow."""
    listener, piece, held = Listener(keep=3.0), samples()[:RATE], []
    for _ in range(120):
        listener.feed(piece)
        held.append(sum(array.nbytes for array in _arrays(listener)))
    assert listener.final > 120 - 0.2
    assert max(held) == max(held[:20])
    recent = listener.phonemes(listener.final - 3.0)
    assert recent.prosody.loudness.shape == (300,)
    assert recent.phones[-1].end <= listener.final + 1e-9
    assert 300 <= len(listener.phonemes().prosody.loudness) <= 700


def _arrays(thing: object, depth: int = 4) -> list[np.ndarray]:
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, list):
        return [array for item in thing for array in _arrays(item, depth)]
    inside = vars(thing).values() if hasattr(thing, "__dict__") and depth else []
    return [array for value in inside for array in _arrays(value, depth - 1)]


def test_nothing_is_heard_of_nothing() -> None:
    """No samples, then the end: one silent frame, no phone. Silence before speech has none either."""
    listener = Listener()
    assert listener.final == 0
    assert listener.phonemes().phones == ()
    listener.finish()
    assert listener.phonemes().phones == ()
    assert not listener.phonemes().prosody.speaking.any()
    listener = Listener()
    listener.feed(np.zeros(3 * RATE, np.float32))
    assert listener.phonemes().phones == ()
    assert listener.final == pytest.approx(3 - LOOKAHEAD, abs=HOP)


def test_after_the_end_nothing_more_is_heard() -> None:
    """`finish` twice and sound after it change nothing."""
    listener = Listener()
    listener.feed(samples())
    listener.finish()
    listener.finish()
    listener.feed(samples())
    assert_same(listener.phonemes(), at_once())


def test_broken_sound_is_refused_and_not_heard() -> None:
    """NaN raises; the stream goes on as if it had not come."""
    listener = Listener()
    listener.feed(samples()[:20_000])
    with pytest.raises(SpeechNotFinite):
        listener.feed(np.full(160, np.nan, np.float32))
    listener.feed(samples()[20_000:])
    listener.finish()
    assert_same(listener.phonemes(), at_once())


@pytest.mark.parametrize("gain", [0.05, 0.3])
def test_quieter_speech_is_heard_alike(gain: float) -> None:
    """10 and 26 dB lower: three quarters of the time are taken for the same sounds."""
    listener = Listener()
    listener.feed(samples() * np.float32(gain))
    listener.finish()
    same = sum(
        max(0.0, min(a.end, b.end) - max(a.start, b.start))
        for a in listener.phonemes().phones
        for b in at_once().phones
        if a.symbol == b.symbol
    )
    assert same > 0.75 * sum(phone.seconds for phone in at_once().phones)
