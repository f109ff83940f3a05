"""Laughter is told from speech by its rhythm, and looks like it."""

from pathlib import Path

import numpy as np
import pytest
from spoken import babble, spoken

from engine.hearing.listener import Listener
from engine.motion import plan_from_phonemes
from engine.motion.laughter import find_laughs, laughing, without_words
from engine.motion.live import LivePlanner
from engine.prosody import RATE
from engine.speech import Phonemes, recognise
from engine.state import Controls
from perception.audio import decode_speech

MATERIAL = Path(__file__).resolve().parents[1] / "material"
TALK = ["en_awb", "en_kal", "en_rms", "de", "es", "cmn", "song", "breath"]


def giggle(intervals: list[float], note: float = 0.08) -> Phonemes:
    """A breath heard as f and a short vowel, one after the other."""
    sounds = [("", 1.0)]
    for interval in intervals:
        sounds += [("AA", note), ("F", interval - note)]
    words = spoken(*sounds, ("", 1.5))
    for phone in words.phones:
        if phone.symbol == "F":
            words.prosody.pitch[round(phone.start * 100) : round(phone.end * 100)] = 0.0
    return words


def test_even_notes_are_a_laugh() -> None:
    """Five voiced notes of 80 ms, 210 ms apart, are one laugh from the first to the last."""
    (laugh,) = find_laughs(giggle([0.21] * 5).prosody)
    assert laugh.start == pytest.approx(1.0, abs=0.02)
    assert laugh.end == pytest.approx(1.0 + 4 * 0.21 + 0.08, abs=0.02)


@pytest.mark.parametrize(
    "intervals", [[0.21] * 3, [0.15, 0.27, 0.19, 0.31, 0.2], [0.6] * 6, [0.10] * 8], ids=str
)
def test_other_rhythms_are_not(intervals: list[float]) -> None:
    """Too few notes, uneven, slow or fast ones are no laugh."""
    assert find_laughs(giggle(intervals, 0.06).prosody) == ()


@pytest.mark.parametrize("name", TALK)
def test_nobody_laughs_who_talks_or_sings(name: str) -> None:
    """No laugh is found in speech of four languages, in a song, in breath."""
    listener = Listener()
    listener.feed(decode_speech((MATERIAL / f"{name}.flac").read_bytes()).at(RATE))
    listener.finish()
    assert find_laughs(listener.prosody()) == ()


def test_laughter_smiles_and_makes_no_words() -> None:
    """The corners of the mouth and the cheeks rise, the jaw opens, no lip goes to the teeth; a second and a
    half later the smile is gone."""
    words = giggle([0.21] * 6)
    motion = plan_from_phonemes(words, Controls())
    middle = [motion.state(at) for at in np.arange(1.4, 2.2, 0.02)]
    assert min(state["mouthSmileLeft"] for state in middle) > 0.35
    assert min(state["cheekSquintRight"] for state in middle) > 0.35
    assert max(state["jawOpen"] for state in middle) > 0.25
    assert max(state["mouthRollLower"] for state in middle) < 0.1
    for quiet in (0.3, words.seconds - 0.05):
        assert motion.state(quiet)["mouthSmileLeft"] < 0.2


def test_words_beside_a_laugh_stay_words() -> None:
    """Only what sounds like f or v within the laugh becomes a breath."""
    words = giggle([0.21] * 5)
    laughs = find_laughs(words.prosody)
    assert not any(phone.symbol == "F" for phone in without_words(words, laughs).phones[:-1])
    assert without_words(babble(4.0), laughs).phones[-3:] == babble(4.0).phones[-3:]
    assert without_words(words, ()) is words


def test_amount_is_smooth_and_bounded() -> None:
    """0 without laughs, 1 within one, eased on both sides."""
    times = np.arange(0.0, 5.0, 0.005)
    amount = laughing(find_laughs(giggle([0.21] * 6).prosody), times)
    assert amount[0] == amount[-1] == 0.0
    assert amount[(times > 1.3) & (times < 2.0)].min() == pytest.approx(1.0)
    assert np.abs(np.diff(amount)).max() < 0.03
    assert not laughing((), times).any()


def test_a_stream_laughs_too() -> None:
    """Heard live, the recorded laugh brings a smile before it ends."""
    speech = decode_speech((MATERIAL / "laughter.flac").read_bytes())
    end = find_laughs(recognise(speech).prosody)[-1].end
    samples, listener, planner = speech.at(RATE), Listener(keep=10), LivePlanner(Controls())
    smile = 0.0
    for begin in range(0, len(samples), 640):
        listener.feed(samples[begin : begin + 640])
        planner.extend(listener)
        if 0.5 < planner.ready <= end:
            smile = max(smile, planner.state(planner.ready)["mouthSmileLeft"])
    assert smile > 0.3
