"""Cues of the sound alone, on voices that are made of pulses, noise and rooms whose numbers are known."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from perception.audio import RATE, Speech, decode_speech
from safety.detector.report import Finding
from safety.detector.sound_cues import judged
from safety.detector.sound_cues.bandwidth import cliff
from safety.detector.sound_cues.breath import breaths
from safety.detector.sound_cues.levels import Sound
from safety.detector.sound_cues.voice import listen

Floats = NDArray[np.float64]

BREATH = Path(__file__).parents[1] / "material" / "breath.flac"


def vowel(seconds: float, rng: np.random.Generator, *, jitter: float = 0.01, shimmer: float = 0.04) -> Floats:
    """Pulses about 130 Hz whose lengths and sizes waver by those shares, through three formants."""
    from scipy.signal import lfilter

    drift = 12 * np.sin(2 * np.pi * np.arange(400) / 130 * rng.uniform(0.5, 1.5) + rng.uniform(0, 6))
    pulses, at = np.zeros(int(seconds * RATE)), 0.0
    for k in range(400):
        if at >= len(pulses) - 1:
            break
        part = at - int(at)
        size = 1 + shimmer * rng.normal()
        pulses[int(at)] += size * (1 - part)
        pulses[int(at) + 1] += size * part
        at += RATE / (130 + drift[k]) * (1 + jitter * rng.normal())
    for hertz, width in ((650, 90), (1200, 120), (2600, 200)):
        r = np.exp(-np.pi * width / RATE)
        pulses = lfilter([1 - r], [1, -2 * r * np.cos(2 * np.pi * hertz / RATE), r * r], pulses)
    fade = np.minimum(1, np.minimum(np.arange(len(pulses)), np.arange(len(pulses))[::-1]) / (0.02 * RATE))
    return np.asarray(0.3 * pulses / np.abs(pulses).max() * fade)


def talk(
    phrases: int = 9,
    *,
    room: float = 1e-3,
    pauses: tuple[float, float] = (0.35, 1.2),
    seed: int = 0,
    **voice: float,
) -> Speech:
    """Phrases of vowels with pauses of lengths between those, in a room of that loudness."""
    rng = np.random.default_rng(seed)
    parts: list[Floats] = []
    for _ in range(phrases):
        parts += [vowel(rng.uniform(0.15, 0.4), rng, **voice) for _ in range(6)]
        parts.append(np.zeros(int(rng.uniform(*pauses) * RATE)))
    parts.append(vowel(0.3, rng, **voice))
    samples = np.concatenate(parts)
    samples = samples + room * rng.normal(size=len(samples))
    return Speech(samples.astype(np.float32))


def found(speech: Speech) -> dict[str, Finding]:
    return {finding.name: finding for finding in judged(speech)[0]}


def filtered(speech: Speech, hertz: float) -> Speech:
    """As if it had been made at twice that rate."""
    from scipy.signal import butter, sosfiltfilt

    sos = butter(12, hertz, "low", fs=speech.rate, output="sos")
    return Speech(sosfiltfilt(sos, speech.samples).astype(np.float32), speech.rate)


def test_a_voice_in_a_room_has_no_sign() -> None:
    """Room, pauses and a voice that wavers: everything is judged, nothing is outside its range."""
    heard = found(talk())
    assert {
        "noise_floor",
        "room_step",
        "pause_spread",
        "bandwidth",
        "pitch_range",
        "jitter",
        "shimmer",
    } <= set(heard)
    assert {name: finding.value for name, finding in heard.items() if finding.sign > 0} == {}
    assert all(finding.group == "sound" for finding in heard.values())


def test_silence_between_words_is_told_from_a_room() -> None:
    """Pauses of nothing are a sign; a room 50 dB under the voice is none."""
    assert found(talk(room=0.0))["noise_floor"].sign > 0
    room = found(talk(room=4e-4))["noise_floor"]
    assert room.sign == 0
    assert -65 < room.value < -40


def test_two_rooms_in_one_recording_are_told_with_their_place() -> None:
    """A step of 26 dB half way is a sign there; one room is none."""
    samples = talk(phrases=10).samples.copy()
    half = len(samples) // 2
    samples[half:] += np.random.default_rng(1).normal(0, 0.005, len(samples) - half).astype(np.float32)
    stepped = found(Speech(samples))["room_step"]
    assert stepped.sign > 0
    assert stepped.start - 2 < half / RATE < stepped.end + 2
    assert found(talk(phrases=10))["room_step"].sign == 0


def test_pauses_of_one_length_are_told() -> None:
    """Nine pauses of 0.6 s are a sign; pauses of 0.35 to 1.2 s are none."""
    assert found(talk(pauses=(0.6, 0.61)))["pause_spread"].sign > 0
    assert found(talk())["pause_spread"].sign == 0


@pytest.mark.parametrize("hertz", [8_000.0, 11_025.0])
def test_a_voice_made_at_a_lower_rate_is_told(hertz: float) -> None:
    """The cliff at half of the lower rate is found to within 1 kHz; noise up to the top has none."""
    narrow = found(filtered(talk(room=3e-3), hertz))["bandwidth"]
    assert narrow.sign > 0
    assert narrow.value == pytest.approx(hertz, abs=1000)
    assert found(talk(room=3e-3))["bandwidth"].value == RATE / 2


def test_a_slope_is_no_cliff() -> None:
    """Noise that falls by 12 dB an octave ends nowhere."""
    from scipy.signal import butter, sosfilt

    noise = np.random.default_rng(2).normal(size=3 * RATE)
    assert cliff(sosfilt(butter(2, 1000, "low", fs=RATE, output="sos"), noise), RATE) == RATE / 2


def test_breath_in_pauses_is_heard() -> None:
    """Breaths that are put into long pauses are found where they are; a voice without gets a sign."""
    air = decode_speech(BREATH.read_bytes()).samples[int(0.2 * RATE) : int(0.6 * RATE)]
    speech = talk(phrases=18, pauses=(0.9, 1.3), room=3e-4, seed=3)
    samples = speech.samples.copy()
    places = [(pause.start * 0.02 + 0.2) for pause in Sound(speech).pauses[::3]]
    for place in places:
        at = int(place * RATE)
        samples[at : at + len(air)] += air * np.float32(0.02 / np.abs(air).max())
    heard = breaths(Sound(Speech(samples)))
    assert len(heard) == len(places)
    for (start, end), place in zip(heard, places, strict=True):
        assert start < place + 0.3
        assert end > place
    assert found(Speech(samples))["breaths"].sign == 0
    assert found(speech)["breaths"].sign > 0


def test_hum_is_no_breath() -> None:
    """A tone in the pauses has a pitch: nobody breathes so."""
    speech = talk(phrases=6, pauses=(0.9, 1.3), room=3e-4, seed=4)
    samples = speech.samples.copy()
    for pause in Sound(speech).pauses:
        at = int((pause.start * 0.02 + 0.2) * RATE)
        samples[at : at + RATE // 3] += (0.01 * np.sin(2 * np.pi * 180 * np.arange(RATE // 3) / RATE)).astype(
            np.float32
        )
    assert breaths(Sound(Speech(samples))) == []


def test_a_voice_of_equal_cycles_is_told_from_one_that_wavers() -> None:
    """Pulses at even steps have less jitter and shimmer than any throat; jitter is measured to a half."""
    even = found(talk(jitter=0.0, shimmer=0.0))
    assert even["jitter"].sign > 0
    assert even["shimmer"].sign > 0
    wavering = found(talk(jitter=0.012))["jitter"]
    # Neighbours differ by sqrt(2) of what each wavers, and the median of that is 0.67 of its deviation.
    assert wavering.value == pytest.approx(100 * 0.012 * np.sqrt(2) * 0.67, rel=0.5)


def test_pitch_is_found() -> None:
    """Frames of a voice about 130 Hz are heard as such, not an octave away."""
    pitch = listen(Sound(talk(phrases=3))).pitch
    assert len(pitch) > 40
    assert np.mean((pitch > 105) & (pitch < 155)) > 0.95


def test_what_is_too_short_gives_no_finding_but_a_note() -> None:
    """A second of voice: each cue says why it is silent."""
    short = talk(phrases=1)
    part = Speech(short.samples[:RATE])
    assert {finding.name for finding in judged(part)[0]} <= {
        "bandwidth",
        "pitch_range",
        "jitter",
        "shimmer",
    }
    assert len(judged(part)[1]) >= 4


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0), np.zeros(RATE), np.full(5, 0.5), np.full(RATE * 4, 0.5),
        np.random.default_rng(5).normal(0, 0.2, RATE * 4),
        np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE),
        np.where(np.arange(4 * RATE) % 9973 == 0, np.nan, 0.1),
    ],
    ids=["nothing", "silence", "five samples", "direct current", "noise", "a tone", "not numbers"],
)  # fmt: skip
def test_sound_that_is_no_voice_is_survived(samples: Floats) -> None:
    """Every number is finite; notes tell what could not be judged."""
    speech = Speech(samples.astype(np.float32))
    assert all(np.isfinite(finding.value) for finding in judged(speech)[0])
    assert judged(speech)[1]


def test_the_same_sound_gives_the_same_findings_at_any_rate_it_came_at() -> None:
    """Twice the same to the last digit; and a long recording says how much of it was listened to."""
    speech = talk()
    assert judged(speech)[0] == judged(speech)[0]
    long = Speech(np.tile(talk(phrases=3).samples, 30)[: 130 * RATE])
    assert any("first 120 seconds" in note for note in judged(long)[1])
    assert all(finding.end <= 120.1 for finding in judged(long)[0])
