"""What is said and when, out of recordings that the project made."""

from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.hearing.classes import CLASSES
from engine.motion.visemes import BILABIAL, LABIODENTAL, VISEMES
from engine.prosody import HOP, RATE
from engine.speech import BREATH, UNDERSTOOD, VOCAL, Phonemes, recognise
from perception.audio import Speech, decode_speech
from perception.errors import SpeechNotFinite, SpeechSilent, SpeechTooLong, SpeechTooShort
from tests.engine.spoken import sound

ROOT = Path(__file__).parents[2]
RECORDINGS = {
    path.stem: path
    for folder in ("service/demo/speech", "tests/material")
    for path in sorted((ROOT / folder).glob("*.flac"))
}
SPOKEN = ("goodbye", "promise", "welcome", "en_awb", "en_kal", "en_rms", "de", "es", "cmn")


@cache
def heard(name: str) -> Phonemes:
    """Phonemes of a committed recording."""
    return recognise(decode_speech(RECORDINGS[name].read_bytes()))


def test_every_class_has_a_mouth() -> None:
    """Whatever can be heard is known to the lips: as an aim or as a contact."""
    assert {*CLASSES[1:], VOCAL, BREATH} <= set(VISEMES) | BILABIAL | LABIODENTAL


# Classes of the CMUdict 0.7b pronunciations, or of the letters, of what the recordings say.
SAID = {
    "en_awb": "P AA P P AA P T AH P AH P AH T AH L P IH F AO R P EH T IY P IY P AH L K EH IY P P AA IH",
    "en_kal": "P AA IH T AH P P ER IH S F AA IH F F AO R TH R IY T UW W AH T",
    "de": "P IH T AH P R IH K P IH R P AO R K AH T P AA IH P P IH T AA K EH S AH T AA IH T P AA R "
    "P F L AA UW P AH T P IH T",
    "es": "P W EH T AO S T IY AA S P IY AA P W EH L AA P R EH P AA R AA P AA T P AA R AA UW T AA P IY K AO "
    "T EH P IY L P AA AO",
}


@pytest.mark.parametrize(("name", "least"), [("en_awb", 0.6), ("en_kal", 0.6), ("de", 0.6), ("es", 0.6)])
def test_clear_speech_is_understood(name: str, least: float) -> None:
    """What is heard of clear speech resembles what is said, in several voices and languages."""
    expected = SAID[name].split()
    found = [phone.symbol for phone in heard(name).phones]
    assert SequenceMatcher(None, expected, found, autojunk=False).ratio() > least


@pytest.mark.parametrize(
    ("name", "least"),
    # Maybe the baby bought a purple bumper. Pam made a map. / Bitte bring mir morgen beim Mittagessen ein
    # paar Pflaumen mit. / Buenos días. Mi abuela prepara pan para un amigo de Bilbao.
    [("en_rms", 13), ("de", 7), ("es", 7)],
)
def test_bilabials_of_a_sentence_full_of_them_are_found(name: str, least: int) -> None:
    """Of the 15 (9, 9) runs of p, b, m in the sentence at least `least` are heard."""
    assert sum(phone.symbol == "P" for phone in heard(name).phones) >= least


@pytest.mark.parametrize("name", sorted(RECORDINGS))
def test_phones_are_in_order_and_never_in_silence(name: str) -> None:
    """Phones have known symbols, do not overlap, lie in the recording, and none lies in silence."""
    phonemes = heard(name)
    assert phonemes.phones
    reached = 0.0
    for phone in phonemes.phones:
        assert phone.symbol in {*CLASSES[1:], VOCAL, BREATH}
        assert reached - 1e-9 <= phone.start < phone.end <= phonemes.seconds + HOP
        assert 0 <= phone.confidence <= 1
        reached = phone.end
    for start, end in phonemes.silences():
        assert not any(min(p.end, end) - max(p.start, start) > 1e-6 for p in phonemes.phones)
    covered = sum(phone.seconds for phone in phonemes.phones)
    assert covered == pytest.approx(phonemes.prosody.speaking.sum() * HOP, abs=1e-6)


@pytest.mark.parametrize("name", SPOKEN)
def test_speech_is_heard_as_phones(name: str) -> None:
    """At least nine tenths of the sound of speech is phones, whatever the language; some are believed."""
    phones = heard(name).phones
    spoken = sum(phone.seconds for phone in phones if phone.symbol not in (VOCAL, BREATH))
    assert spoken > 0.9 * sum(phone.seconds for phone in phones)
    assert max(phone.confidence for phone in phones) > UNDERSTOOD


@pytest.mark.parametrize("name", ["welcome", "promise", "goodbye"])
def test_pause_between_the_halves_is_found(name: str) -> None:
    """The demo's recordings hold a pause of 650 ms and silence at the end: found to 60 ms."""
    inner = [(a, b) for a, b in heard(name).silences(0.4) if a > 1.0 and b < heard(name).seconds - 1.0]
    assert len(inner) == 1
    assert inner[0][1] - inner[0][0] == pytest.approx(0.65, abs=0.06)


def test_song_laughter_and_breath_degrade_gracefully() -> None:
    """Sung vowels are voiced sound through and through; laughter comes in bursts; breath has no voice."""
    song, laughter, breath = heard("song"), heard("laughter"), heard("breath")
    assert song.prosody.voiced.sum() > 0.8 * song.prosody.speaking.sum()
    assert len(laughter.phones) >= 9
    assert breath.prosody.voiced.sum() < 0.1 * breath.prosody.speaking.sum()
    assert any(phone.symbol == BREATH for phone in breath.phones)
    assert not any(phone.confidence > UNDERSTOOD for phone in breath.phones)


def test_pitch_of_the_song_is_its_melody() -> None:
    """Six notes from A3 to D4 are measured within half a semitone (vibrato averages out)."""
    pitch = heard("song").prosody.pitch
    for i, hertz in enumerate((220.0, 246.9, 261.6, 293.7, 246.9, 220.0)):
        note = pitch[round((0.15 + i * 0.6 + 0.15) / HOP) : round((0.15 + i * 0.6 + 0.5) / HOP)]
        assert 12 * abs(np.log2(np.median(note[note > 0]) / hertz)) < 0.5


def test_steady_noise_is_silence() -> None:
    """Two seconds into noise that does not change, no mouth moves."""
    noise = sound((0, 6.0, 0.02), (150, 0.4, 0.3))
    phonemes = recognise(Speech(noise, RATE))
    assert not phonemes.prosody.speaking[200:590].any()


def test_recognition_is_deterministic(capfd: pytest.CaptureFixture[str]) -> None:
    """The same recording gives the same phones to the last bit, whatever was recognised before; silently."""
    again = recognise(decode_speech(RECORDINGS["en_awb"].read_bytes()))
    assert again.phones == heard("en_awb").phones
    assert np.array_equal(again.prosody.loudness, heard("en_awb").prosody.loudness)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_other_rates_are_understood(rate: int) -> None:
    """Speech at another rate is heard much the same."""
    from math import gcd

    from scipy.signal import resample_poly

    samples = decode_speech(RECORDINGS["en_awb"].read_bytes()).at(RATE)
    shared = gcd(rate, RATE)
    other = resample_poly(samples, rate // shared, RATE // shared).astype(np.float32)
    found = [phone.symbol for phone in recognise(Speech(other, rate)).phones]
    known = [phone.symbol for phone in heard("en_awb").phones]
    assert SequenceMatcher(None, known, found, autojunk=False).ratio() > 0.7


@pytest.mark.parametrize(
    ("samples", "error"),
    [
        (np.zeros(0), SpeechTooShort),
        (np.ones(1), SpeechTooShort),
        (sound((150, 0.15, 0.4)), SpeechTooShort),
        (np.zeros(RATE), SpeechSilent),
        (sound((150, 1.0, 0.0005)), SpeechSilent),
        (np.concatenate([np.zeros(RATE), [1.0], np.zeros(RATE)]), SpeechSilent),  # a click
        (np.where(np.arange(RATE) == 500, np.nan, 0.1), SpeechNotFinite),
        (np.where(np.arange(RATE) == 500, np.inf, 0.1), SpeechNotFinite),
        (np.zeros(601 * 100), SpeechTooLong),
    ],
)
def test_unusable_sound_is_refused_by_name(samples: NDArray[np.float32], error: type[Exception]) -> None:
    """Empty, tiny, silent, broken and overlong sound each raise their own error."""
    rate = 100 if error is SpeechTooLong else RATE
    with pytest.raises(error):
        recognise(Speech(samples.astype(np.float32), rate))


def test_shortest_accepted_sound_is_recognised() -> None:
    """0.2 s of speech give phones, not an error."""
    piece = decode_speech(RECORDINGS["en_awb"].read_bytes()).at(RATE)[3200:6400]
    assert recognise(Speech(piece, RATE)).phones
