"""What is said and when, out of recordings that the project made."""

from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.motion.visemes import DIPHTHONGS, VISEMES
from engine.prosody import HOP, RATE, Prosody, measure
from engine.recogniser import UNDERSTOOD
from engine.speech import BREATH, VOCAL, Phone, Phonemes, fit_to_sound, recognise, stretches
from perception.audio import Speech, decode_speech
from perception.errors import SpeechNotFinite, SpeechSilent, SpeechTooLong, SpeechTooShort

ROOT = Path(__file__).parents[2]
RECORDINGS = {
    path.stem: path
    for folder in ("service/demo/speech", "tests/material")
    for path in sorted((ROOT / folder).glob("*.flac"))
}
PHONES = set(VISEMES) | set(DIPHTHONGS) | {"P", "B", "M", "F", "V"}


@cache
def heard(name: str) -> Phonemes:
    """Phonemes of a committed recording."""
    return recognise(decode_speech(RECORDINGS[name].read_bytes()))


def sound(*parts: tuple[float, float, float]) -> NDArray[np.float32]:
    """(N,) at 16 kHz: harmonics of (hertz, seconds, amplitude) in a row; 0 Hz is noise."""
    rng = np.random.default_rng(0)
    out = []
    for hertz, seconds, amplitude in parts:
        t = np.arange(round(seconds * RATE)) / RATE
        voiced = sum(np.sin(2 * np.pi * hertz * k * t) / k for k in range(1, 12)) / 2
        out.append(amplitude * (voiced if hertz else rng.standard_normal(len(t))))
    return np.concatenate(out).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "words", "least"),
    [
        # CMUdict 0.7b pronunciations of what the recording says
        ("goodbye", "M AY T AY M IH Z AH P TH AE NG K Y UW AE N D R IH M EH M B ER M AY N EY M", 0.85),
        (
            "en_rms",
            "M EY B IY DH AH B EY B IY B AO T AH P ER P AH L B AH M P ER P AE M M EY D AH M AE P",
            0.8,
        ),
        ("en_awb", "B AA B M AA P T AH P AH P AH D AH L B IH F AO R M EH N IY P IY P AH L K EY M B AY", 0.8),
        ("en_kal", "M AY N AH M B ER IH Z F AY V F AO R TH R IY T UW W AH N", 0.85),
    ],
)
def test_english_is_understood(name: str, words: str, least: float) -> None:
    """The phones of clear English are nearly those of its words, in several voices."""
    expected = words.split()
    found = [phone.symbol for phone in heard(name).phones][: len(expected) + 2]
    assert SequenceMatcher(None, expected, found, autojunk=False).ratio() > least


def test_bilabials_of_a_sentence_full_of_them_are_found() -> None:
    """Of the 16 p, b, m in "Maybe the baby bought a purple bumper. Pam made a map." at least 12 are heard."""
    assert sum(phone.symbol in ("P", "B", "M") for phone in heard("en_rms").phones) >= 12


@pytest.mark.parametrize("name", sorted(RECORDINGS))
def test_phones_are_in_order_and_never_in_silence(name: str) -> None:
    """Phones have known symbols, do not overlap, lie in the recording, and none lies in silence."""
    phonemes = heard(name)
    assert phonemes.phones
    reached = 0.0
    for phone in phonemes.phones:
        assert phone.symbol in PHONES
        assert reached - 1e-9 <= phone.start < phone.end <= phonemes.seconds + HOP
        assert 0 <= phone.confidence <= 1
        reached = phone.end
    for start, end in phonemes.silences():
        assert not any(min(p.end, end) - max(p.start, start) > 1e-6 for p in phonemes.phones)


@pytest.mark.parametrize("name", ["welcome", "promise", "goodbye"])
def test_pause_between_the_halves_is_found(name: str) -> None:
    """The demo's recordings hold a pause of 650 ms and silence at the end: found to 50 ms."""
    inner = [(a, b) for a, b in heard(name).silences(0.3) if a > 1.0 and b < heard(name).seconds - 1.0]
    assert len(inner) == 1
    assert inner[0][1] - inner[0][0] == pytest.approx(0.65, abs=0.05)


@pytest.mark.parametrize("name", ["de", "es", "cmn"])
def test_other_languages_fall_back_to_phones(name: str) -> None:
    """Where English words are not believed, phones are heard without words.

    Their confidence is below the threshold, and most of the sound is covered by phones of some kind.
    """
    phonemes = heard(name)
    assert max(phone.confidence for phone in phonemes.phones) < UNDERSTOOD
    covered = sum(phone.seconds for phone in phonemes.phones)
    assert covered > 0.6 * phonemes.prosody.speaking.sum() * HOP


def test_song_laughter_and_breath_degrade_gracefully() -> None:
    """Sung vowels are voiced sound through and through; laughter comes in bursts; breath has no voice."""
    song, laughter, breath = heard("song"), heard("laughter"), heard("breath")
    assert song.prosody.voiced.sum() > 0.8 * song.prosody.speaking.sum()
    assert len(laughter.phones) >= 9
    assert breath.prosody.voiced.sum() < 0.1 * breath.prosody.speaking.sum()
    assert any(phone.symbol == BREATH for phone in breath.phones)


def test_pitch_of_the_song_is_its_melody() -> None:
    """Six notes from A3 to D4 are measured within half a semitone (vibrato averages out)."""
    pitch = heard("song").prosody.pitch
    for i, hertz in enumerate((220.0, 246.9, 261.6, 293.7, 246.9, 220.0)):
        note = pitch[round((0.15 + i * 0.6 + 0.15) / HOP) : round((0.15 + i * 0.6 + 0.5) / HOP)]
        assert 12 * abs(np.log2(np.median(note[note > 0]) / hertz)) < 0.5


def test_recognition_is_deterministic() -> None:
    """The same recording gives the same phones to the last bit, whatever was recognised before."""
    again = recognise(decode_speech(RECORDINGS["en_awb"].read_bytes()))
    assert again.phones == heard("en_awb").phones
    assert np.array_equal(again.prosody.loudness, heard("en_awb").prosody.loudness)


def test_recogniser_keeps_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is written to standard output or error."""
    recognise(decode_speech(RECORDINGS["en_kal"].read_bytes()))
    assert capfd.readouterr() == ("", "")


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
    """0.2 s of a vowel give one sound with the vowel's pitch, not an error."""
    phonemes = recognise(Speech(sound((150, 0.2, 0.4)), RATE))
    assert phonemes.phones
    assert np.median(phonemes.prosody.pitch[phonemes.prosody.voiced]) == pytest.approx(150, rel=0.03)


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


def prosody_of(speaking: NDArray[np.bool_], voiced: NDArray[np.bool_] | None = None) -> Prosody:
    """Tracks with the given masks; loudness dips every five seconds."""
    dips = np.where(np.arange(len(speaking)) % 500 == 250, -40.0, -20.0)
    pitch = np.where(speaking if voiced is None else voiced, 120.0, 0.0)
    return Prosody(np.where(speaking, dips, -90).astype(np.float32), pitch.astype(np.float32), speaking)


def test_long_speech_is_cut_at_pauses() -> None:
    """Stretches cover all speech in order, end at pauses where there are any, and never exceed 20 s."""
    speaking = np.ones(30_000, bool)
    speaking[700:740] = speaking[1500:1540] = speaking[2300:2340] = False  # then 276 s without a pause
    pieces = stretches(prosody_of(speaking))
    assert pieces[0] == (0.0, pytest.approx(7.0))
    assert pieces[1] == (pytest.approx(7.4), pytest.approx(15.0))
    assert max(end - start for start, end in pieces) <= 20.0 + 1e-9
    assert pieces[-1][1] == pytest.approx(300.0)
    assert sum(end - start for start, end in pieces) == pytest.approx(speaking.sum() * HOP)
    cuts = [end for _, end in pieces[3:-1]]
    assert all(round(cut / HOP) % 500 == 250 for cut in cuts)  # at the quietest moments


def test_short_speech_is_one_stretch() -> None:
    """A few words with short pauses are recognised together."""
    speaking = np.ones(500, bool)
    speaking[200:230] = False
    assert stretches(prosody_of(speaking)) == [(0.0, 5.0)]
    assert stretches(prosody_of(np.zeros(100, bool))) == []


def test_sound_without_phones_gets_one_and_silence_loses_its() -> None:
    """Phones are cut at silence; voiced and unvoiced sound without any becomes VOCAL and BREATH."""
    speaking, voiced = np.zeros(300, bool), np.zeros(300, bool)
    speaking[50:250], voiced[50:150] = True, True
    fitted = fit_to_sound([Phone("AA", 0.2, 0.8), Phone("T", 2.7, 2.9)], prosody_of(speaking, voiced))
    assert [phone.symbol for phone in fitted] == ["AA", VOCAL, BREATH]
    assert fitted[0].start == pytest.approx(0.5)
    assert (fitted[1].start, fitted[1].end) == (pytest.approx(0.8), pytest.approx(1.5))
    assert (fitted[2].start, fitted[2].end) == (pytest.approx(1.5), pytest.approx(2.5))


def test_short_gaps_between_phones_stay_theirs() -> None:
    """A gap of 50 ms between two phones is left to them."""
    phones = [Phone("AA", 0.0, 0.5), Phone("IY", 0.55, 1.0)]
    assert fit_to_sound(phones, prosody_of(np.ones(100, bool))) == phones
