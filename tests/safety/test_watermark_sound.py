"""The mark in the sound: what happens to sound, what must not be read, what must not be heard."""

import io
from collections.abc import Callable
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.signal import lfilter, resample_poly

from perception.audio import Speech, decode_speech
from perception.errors import MediaUnsupported, SpeechNotFinite
from safety.errors import Misconfigured
from safety.watermark.sound import READABLE, SoundWatermark, open_sound_watermark
from safety.watermark.sound.embed import resampled
from safety.watermark.sound.extract import FALSE_POSITIVE, FLOOR, bound

Sound = NDArray[np.float32]

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
RECORD, SECOND = bytes.fromhex("00112233445566778899aabb"), bytes.fromhex("ffeeddccbbaa998877665544")
RATE = 48_000
ROOT = Path(__file__).resolve().parents[2]


def spoken(name: str) -> Sound:
    return decode_speech((ROOT / name).read_bytes()).samples


@pytest.fixture(scope="module")
def watermark() -> SoundWatermark:
    return open_sound_watermark([KEY])


@pytest.fixture(scope="module")
def speech() -> Sound:
    """The demo's recording, about 8 seconds."""
    return spoken("service/demo/speech/welcome.flac")


@pytest.fixture(scope="module")
def marked(watermark: SoundWatermark, speech: Sound) -> Sound:
    return watermark.embed(speech, RATE, RECORD)


def coded(sound: Sound, codec: str, container: str, bits: int) -> Sound:
    """Encoded and decoded by FFmpeg."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=RATE, layout="mono")
        stream.bit_rate = bits
        resampler = av.AudioResampler(
            format=stream.codec_context.format.name if stream.codec_context.format else "fltp",
            layout="mono", rate=RATE, frame_size=stream.codec_context.frame_size or 1024,
        )  # fmt: skip
        frame = av.AudioFrame.from_ndarray(sound[None].copy(), "flt", "mono")
        frame.rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return decode_speech(file.getvalue()).samples


def noisy(sound: Sound) -> Sound:
    """White noise 20 dB under the sound."""
    noise = np.random.default_rng(5).standard_normal(len(sound)) * np.sqrt(np.mean(sound**2)) / 10
    return np.asarray(sound + noise, np.float32)


def through(rate: int) -> Callable[[Sound], Sound]:
    """Resampled to another rate and back."""
    return lambda sound: resampled(resampled(sound, RATE, rate), rate, RATE)


def middle(sound: Sound) -> Sound:
    """The middle 5 seconds."""
    start = (len(sound) - 5 * RATE) // 2
    return sound[start : start + 5 * RATE]


COPIES: dict[str, Callable[[Sound], Sound]] = {
    "AAC 64k": lambda sound: coded(sound, "aac", "adts", 64_000),
    "MP3 64k": lambda sound: coded(sound, "libmp3lame", "mp3", 64_000),
    "Opus 32k": lambda sound: coded(sound, "libopus", "ogg", 32_000),
    "16 kHz": through(16_000),
    "telephone, 8 kHz": through(8_000),
    "noise 20 dB": noisy,
    "quiet": lambda sound: 0.05 * sound,
    "overdriven": lambda sound: np.clip(3 * sound, -0.8, 0.8).astype(np.float32),
    "turned over": lambda sound: -sound,
    "less treble": lambda sound: lfilter([0.4, 0.3, 0.2, 0.1], 1, sound).astype(np.float32),
    "echo": lambda sound: (sound + 0.3 * np.roll(sound, 4111)).astype(np.float32),
    "16 bit": lambda sound: (np.round(sound * 32767) / 32767).astype(np.float32),
    "cut": lambda sound: sound[1234:],
}


@pytest.mark.parametrize("copy", COPIES)
def test_copies_are_read(watermark: SoundWatermark, marked: Sound, copy: str) -> None:
    """Five seconds out of a copy are enough, with a bound under 1e-9."""
    reading = watermark.extract(COPIES[copy](middle(marked)), RATE, thorough=False)
    assert (reading.payload, reading.key_id, reading.bits) == (RECORD, watermark.key_id, 96)
    assert 0 < reading.false_positive < FALSE_POSITIVE
    assert reading.confidence >= 0.5


@pytest.mark.parametrize("name", ["de", "cmn", "en_awb"])
def test_other_voices_are_read_after_aac(watermark: SoundWatermark, name: str) -> None:
    """Three seconds of each, in three languages, after AAC at 64 kbit/s and 20 dB of noise."""
    marked = watermark.embed(spoken(f"tests/material/{name}.flac"), RATE, RECORD)
    assert watermark.extract(COPIES["AAC 64k"](marked), RATE).payload == RECORD
    assert watermark.extract(noisy(marked), RATE).payload == RECORD


@pytest.mark.parametrize(("up", "down"), [(10, 11), (11, 10), (20, 21), (24, 25)])
def test_speeds_are_found(watermark: SoundWatermark, marked: Sound, up: int, down: int) -> None:
    """Played faster or slower by a speed of the list, with the pitch: read, and the speed is told."""
    reading = watermark.extract(resample_poly(marked, up, down).astype(np.float32), RATE)
    assert reading.payload == RECORD
    assert reading.speed == pytest.approx(down / up)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000])
def test_rates(watermark: SoundWatermark, speech: Sound, rate: int) -> None:
    """Marked at one rate, read at it and at 48 kHz."""
    given = resample_poly(speech, rate // 50, RATE // 50).astype(np.float32)
    marked = watermark.embed(given, rate, RECORD)
    assert marked.shape == given.shape
    assert watermark.extract(marked, rate, thorough=False).payload == RECORD
    again = resample_poly(marked, RATE // 50, rate // 50).astype(np.float32)
    assert watermark.extract(again, RATE, thorough=False).payload == RECORD


def test_blocks_read_as_one(watermark: SoundWatermark, marked: Sound) -> None:
    """Sound that comes in pieces gives the same reading."""
    blocks = np.array_split(marked, 37)
    assert watermark.extract(iter(blocks), RATE) == watermark.extract(marked, RATE)


def test_a_splice_shows_both_records(watermark: SoundWatermark, speech: Sound, marked: Sound) -> None:
    """Two marked recordings and an unmarked one in a row: each stretch names its own, within a piece."""
    plain = spoken("service/demo/speech/goodbye.flac")
    other = watermark.embed(spoken("service/demo/speech/promise.flac"), RATE, SECOND)
    reading = watermark.extract(np.concatenate([marked, plain, other]), RATE)
    said = [stretch.payload for stretch in reading.stretches if stretch.end - stretch.start > 2.5]
    assert said == [RECORD.hex(), None, SECOND.hex()]
    assert reading.stretches[0].start == 0
    first, last = len(marked) / RATE, (len(marked) + len(plain)) / RATE
    assert abs(next(s.end for s in reading.stretches if s.payload == RECORD.hex()) - first) < 2.1
    assert abs(next(s.start for s in reading.stretches if s.payload == SECOND.hex()) - last) < 2.1


def test_long_recordings_in_bounded_memory(watermark: SoundWatermark, speech: Sound) -> None:
    """A mark in the third minute of a recording that comes block by block is found, and where."""
    marked = watermark.embed(speech, RATE, RECORD)
    silence = np.zeros(10 * RATE, np.float32)
    blocks = [silence] * 15 + [marked] + [silence] * 3
    reading = watermark.extract(iter(blocks), RATE, thorough=False)
    assert reading.payload == RECORD
    assert reading.seconds == pytest.approx(180 + len(marked) / RATE)
    at = next(stretch for stretch in reading.stretches if stretch.payload)
    assert 147 < at.start < 153 < at.end < 162


def test_reading_stops_when_sure(
    watermark: SoundWatermark, marked: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endless marked recording is not read to its end."""
    monkeypatch.setattr("safety.watermark.sound.extract.SURE_SECONDS", 60.0)
    reading = watermark.extract(repeat(marked), RATE, thorough=False)
    assert reading.payload == RECORD
    assert 60 <= reading.seconds < 90


def test_key_rotation(marked: Sound) -> None:
    """A new first key still reads what an older one marked; a foreign key alone reads nothing."""
    assert open_sound_watermark([OTHER, KEY]).extract(marked, RATE).payload == RECORD
    foreign = open_sound_watermark([OTHER]).extract(marked, RATE)
    assert (foreign.payload, foreign.confidence, foreign.false_positive) == (None, 0.0, FALSE_POSITIVE)


def test_marked_again_by_another_key(watermark: SoundWatermark, marked: Sound) -> None:
    """Another deployment's mark on top destroys nothing: both are read."""
    twice = open_sound_watermark([OTHER]).embed(marked, RATE, SECOND)
    assert watermark.extract(twice, RATE).payload == RECORD
    assert open_sound_watermark([OTHER]).extract(twice, RATE).payload == SECOND


def test_unmarked_sound_reads_as_nothing(watermark: SoundWatermark) -> None:
    """Speech, song, noise, tones, clicks: no payload from any."""
    rng, time = np.random.default_rng(3), np.arange(6 * RATE) / RATE
    sounds = [
        spoken("service/demo/speech/promise.flac"),
        spoken("tests/material/song.flac"),
        0.1 * rng.standard_normal(len(time)),
        0.3 * np.sin(2 * np.pi * 440 * time),
        0.9 * (np.arange(len(time)) % 4800 == 0),
    ]
    for sound in sounds:
        assert watermark.extract(np.asarray(sound, np.float32), RATE, thorough=False).payload is None


def test_the_bound_adds_up() -> None:
    """At the floor the first attempt spends its share; all attempts together spend FALSE_POSITIVE."""
    assert bound(FLOOR, 1) == pytest.approx(FALSE_POSITIVE, rel=1e-6)
    shares = [6 / np.pi**2 / n**2 for n in range(1, 10_000)]
    assert sum(shares) <= 1
    for attempt in (2, 10, 1000):
        z = np.sqrt(FLOOR**2 + 4 * np.log(attempt))
        assert bound(float(z), attempt) == pytest.approx(FALSE_POSITIVE, rel=1e-6)
    assert bound(5.0, 1) == 1.0


def test_signs_of_the_data_are_fair_and_never_reused(watermark: SoundWatermark, speech: Sound) -> None:
    """What a wrong key correlates to is standard normal: mean 0, deviation 1 over 40 keys."""
    from safety.watermark.sound.pattern import derive
    from safety.watermark.sound.sync import Shift, by_frame, readings, weigh

    weighed = weigh(resampled(watermark.embed(speech, RATE, RECORD), RATE, 16_000))
    values, frames, _ = readings(weighed, Shift(0.0, 0.0, 1.0))
    held = by_frame(values, frames)
    scores = []
    for seed in range(40):
        pattern = derive(bytes([seed + 100]) * 32)
        norm = np.sqrt(np.square(held[~pattern.pilots]).sum())
        scores.append(float((pattern.carriers(RECORD) * held).sum() / norm))
    assert abs(np.mean(scores)) < 0.6
    assert 0.6 < np.std(scores) < 1.5
    assert max(map(abs, scores)) < 5


def test_it_stays_under_the_sound(watermark: SoundWatermark, speech: Sound, marked: Sound) -> None:
    """Over 20 dB under the sound, in its band alone, nothing before it begins, nothing in silence."""
    added = marked - speech
    assert 10 * np.log10(np.square(speech).sum() / np.square(added).sum()) > 24
    power = np.square(np.abs(np.fft.rfft(added)))
    hertz = np.fft.rfftfreq(len(added), 1 / RATE)
    assert power[(hertz < 200) | (hertz > 7_100)].sum() < 1e-3 * power.sum()
    gap = np.concatenate([speech, np.zeros(RATE, np.float32), speech])
    quiet = (watermark.embed(gap, RATE, RECORD) - gap)[len(speech) + 4800 : len(speech) + RATE - 4800]
    assert np.abs(quiet).max() < 1e-6
    silence = np.zeros(5 * RATE, np.float32)
    assert not watermark.embed(silence, RATE, RECORD).any()


def test_it_never_beats_the_masked_level(speech: Sound, marked: Sound) -> None:
    """In every eighth of a second and third of an octave with sound: 9 dB under it, or its neighbour."""

    def levels(sound: Sound) -> NDArray[np.float64]:
        frames = sound[: len(sound) // 6000 * 6000].reshape(-1, 6000) * np.hanning(6000)
        power = np.square(np.abs(np.fft.rfft(frames)))
        edges = np.round(110 * 2 ** (np.arange(19) / 3) / 8).astype(int)
        return np.add.reduceat(power, edges, axis=1)[:, :-1]

    sound, added = levels(speech), levels(marked - speech)
    heard = sound > 1e-4 * sound.max()
    beside = maximum_filter1d(sound, 3, axis=1, mode="nearest")
    assert (10 * np.log10(beside[heard] / (added[heard] + 1e-12))).min() > 9


def test_capacity_tells_what_carries(watermark: SoundWatermark, speech: Sound) -> None:
    """Speech of three seconds carries; half a second, clicks and silence do not; more sound carries more."""
    assert watermark.capacity(speech[: 3 * RATE], RATE) > READABLE
    assert watermark.capacity(speech, RATE) > watermark.capacity(speech[: 3 * RATE], RATE)
    assert watermark.capacity(speech[: RATE // 2], RATE) < READABLE
    clicks = 0.9 * (np.arange(6 * RATE) % 12_000 == 0).astype(np.float32)
    assert watermark.capacity(clicks, RATE) < READABLE
    assert watermark.capacity(np.zeros(5 * RATE, np.float32), RATE) == 0


def test_marking_is_deterministic_and_differs_by_record(
    watermark: SoundWatermark, speech: Sound, marked: Sound
) -> None:
    """The same again gives the same samples; two records' marks are strangers to each other."""
    assert np.array_equal(open_sound_watermark([KEY]).embed(speech, RATE, RECORD), marked)
    one, two = marked - speech, watermark.embed(speech, RATE, SECOND) - speech
    assert abs(float((one * two).sum())) < 0.05 * float(np.square(one).sum())


@pytest.mark.parametrize("count", [0, 1, 100, 4_000, 12_000])
def test_short_sound_is_no_error(watermark: SoundWatermark, count: int) -> None:
    """From nothing to a quarter of a second: marked without a change of length; no other record is read."""
    sound = (0.1 * np.sin(np.arange(count))).astype(np.float32)
    marked = watermark.embed(sound, RATE, RECORD)
    assert marked.shape == sound.shape
    assert marked.dtype == np.float32
    assert watermark.extract(marked, RATE).payload in (None, RECORD)
    assert watermark.extract(sound, RATE).payload is None


@pytest.mark.parametrize(
    ("sound", "rate", "error"),
    [
        (np.array([0.0, np.nan]), RATE, SpeechNotFinite),
        (np.array([0.0, np.inf]), RATE, SpeechNotFinite),
        (np.array([0.0, -1e30]), RATE, SpeechNotFinite),
        (np.zeros((2, 100)), RATE, MediaUnsupported),
        (np.zeros(100, np.int16), RATE, MediaUnsupported),
        (np.zeros(100), 7_999, MediaUnsupported),
        (np.zeros(100), 192_001, MediaUnsupported),
    ],
)
def test_bad_sound(
    watermark: SoundWatermark, sound: NDArray[np.floating], rate: int, error: type[Exception]
) -> None:
    """A typed error from both directions."""
    with pytest.raises(error):
        watermark.embed(sound, rate, RECORD)
    with pytest.raises(error):
        watermark.extract(sound, rate)


def test_bad_keys_and_payloads(watermark: SoundWatermark, speech: Sound) -> None:
    """Typed errors."""
    for keys in ([], [KEY, KEY], [b"short"]):
        with pytest.raises(Misconfigured):
            open_sound_watermark(keys)
    with pytest.raises(Misconfigured):
        watermark.embed(speech, RATE, b"short")


def test_a_sweeping_tone_is_marked_and_read(watermark: SoundWatermark) -> None:
    """Sound with hardly any power but at one place: every sample stays a number, and the mark is read."""
    time = np.arange(8 * RATE) / RATE
    sweep = (0.3 * np.sin(2 * np.pi * (200 + 400 * time) * time)).astype(np.float32)
    marked = watermark.embed(sweep, RATE, RECORD)
    assert np.isfinite(marked).all()
    assert watermark.extract(marked, RATE, thorough=False).payload == RECORD


def test_full_scale_is_not_exceeded(watermark: SoundWatermark) -> None:
    """Loud sound stays within -1..1."""
    loud = Speech(np.sign(np.sin(np.arange(3 * RATE) / 40)).astype(np.float32))
    assert np.abs(watermark.embed(loud.samples, loud.rate, RECORD)).max() <= 1.0
