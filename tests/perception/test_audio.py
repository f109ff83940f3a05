"""Recordings of every accepted kind come out as 48 kHz mono; hostile ones as typed errors."""

import io
import struct
import wave
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from perception.audio import RATE, Speech, decode_speech, encode_wav
from perception.errors import (
    MediaEmpty,
    MediaTooLarge,
    MediaTrackMissing,
    MediaUnreadable,
    MediaUnsupported,
    PerceptionError,
    SpeechNotFinite,
    SpeechSilent,
    SpeechTooLong,
    SpeechTooShort,
)
from perception.limits import LIMITS


def tone(seconds: float, rate: int = RATE, hertz: float = 440.0) -> NDArray[np.float32]:
    """A sine at half scale."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def pcm(samples: NDArray[np.float32], rate: int, channels: int = 1) -> bytes:
    """16-bit WAV with the same sound in every channel."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(samples * 32767).astype("<i2").repeat(channels).tobytes())
    return target.getvalue()


def float_wav(samples: NDArray[np.float32], claimed: int | None = None) -> bytes:
    """32-bit floating point WAV; `claimed` is the length that its header gives."""
    data = samples.astype("<f4").tobytes()
    size = len(data) if claimed is None else claimed
    form = struct.pack("<HHIIHH", 3, 1, RATE, RATE * 4, 4, 32)
    riff = min(size + 36, 0xFFFFFFFF)
    head = b"RIFF" + struct.pack("<I", riff) + b"WAVEfmt " + struct.pack("<I", 16) + form
    return head + b"data" + struct.pack("<I", size) + data


def encoded(container: str, codec: str, samples: NDArray[np.float32], layout: str = "mono") -> bytes:
    """`samples` through an encoder of PyAV's."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as file:
        strict = {"strict": "-2"} if codec == "vorbis" else {}  # FFmpeg calls its own encoder experimental
        stream = file.add_stream(codec, rate=RATE, layout=layout, options=strict)
        channels = stream.codec_context.layout.nb_channels
        for at in range(0, len(samples), 960):
            block = np.ascontiguousarray(samples[at : at + 960].repeat(channels)[None])
            frame = av.AudioFrame.from_ndarray(block, "flt", layout)
            frame.rate, frame.pts = RATE, at
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return target.getvalue()


def loudness(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(samples[RATE // 10 : -RATE // 10] ** 2)))


def pitch(samples: NDArray[np.float32]) -> float:
    """Frequency of the strongest line, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("wav", "pcm_s16le"),
        ("wav", "pcm_s24le"),
        ("wav", "pcm_u8"),
        ("wav", "pcm_s32le"),
        ("wav", "pcm_f32le"),
        ("wav", "pcm_mulaw"),
        ("wav", "adpcm_ima_wav"),
        ("mp3", "libmp3lame"),
        ("ogg", "libopus"),
        ("ogg", "vorbis"),
        ("ogg", "flac"),
        ("flac", "flac"),
        ("adts", "aac"),
        ("ipod", "aac"),
        ("ipod", "alac"),
        ("mp4", "aac"),
        ("mov", "pcm_s16be"),
        ("webm", "libopus"),
        ("matroska", "ac3"),
        ("matroska", "pcm_f32le"),
        ("avi", "libmp3lame"),
    ],
)
def test_formats(container: str, codec: str) -> None:
    """Every accepted format gives the same second of 440 Hz, as loud as it was."""
    layout = "stereo" if codec == "vorbis" else "mono"  # which that encoder wants
    speech = decode_speech(encoded(container, codec, tone(1.0), layout))
    assert speech.rate == RATE
    assert speech.samples.dtype == np.float32
    # Codecs without edit lists give their delay and padding back as silence: at most 0.1 s.
    assert 1.0 <= speech.seconds + 0.001 < 1.1
    assert pitch(speech.samples) == pytest.approx(440, abs=2)
    assert loudness(speech.samples) == pytest.approx(0.5 / 2**0.5, rel=0.06)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 88200, 96000])
def test_rates(rate: int) -> None:
    """Any rate becomes 48 kHz with the same length and pitch."""
    speech = decode_speech(pcm(tone(1.0, rate), rate))
    assert len(speech.samples) == pytest.approx(RATE, abs=RATE * 2 / rate + 2)
    assert pitch(speech.samples) == pytest.approx(440, abs=1)


def test_stereo_is_averaged() -> None:
    """The same sound on both sides is as loud as on one."""
    speech = decode_speech(pcm(tone(0.5), RATE, 2))
    assert loudness(speech.samples) == pytest.approx(0.5 / 2**0.5, rel=0.01)


@pytest.mark.parametrize("channels", [3, 5, 6, 7, 8])
def test_channels_without_a_layout(channels: int) -> None:
    """WAV files that do not say which channel is which become mono too."""
    speech = decode_speech(pcm(tone(0.5), RATE, channels))
    assert speech.seconds == pytest.approx(0.5, abs=0.001)
    assert pitch(speech.samples) == pytest.approx(440, abs=2)
    assert float(np.abs(speech.samples).max()) <= 1.0


def test_surround_becomes_mono() -> None:
    """5.1 sound keeps its pitch and does not clip."""
    speech = decode_speech(encoded("flac", "flac", tone(0.5), "5.1"))
    assert pitch(speech.samples) == pytest.approx(440, abs=2)
    assert float(np.abs(speech.samples).max()) <= 1.0


def surround(layout: str, sounding: str) -> bytes:
    """WAV in a layout whose one channel has the tone."""
    target = io.BytesIO()
    with av.open(target, "w", format="wav") as file:
        stream = file.add_stream("pcm_s16le", rate=RATE, layout=layout)
        names = [channel.name for channel in stream.codec_context.layout.channels]
        block = np.zeros((1, RATE // 2 * len(names)), np.int16)
        block[0, names.index(sounding) :: len(names)] = np.round(tone(0.5) * 32767)
        frame = av.AudioFrame.from_ndarray(block, "s16", layout)
        frame.rate, frame.pts = RATE, 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return target.getvalue()


@pytest.mark.parametrize("layout", ["3.0", "5.0", "5.1", "5.1(side)", "6.1", "7.1", "7.1(wide)"])
def test_the_centre_of_surround_is_kept(layout: str) -> None:
    """Films have their speech in the centre: it comes out as loud as it was."""
    speech = decode_speech(surround(layout, "FC"))
    assert pitch(speech.samples) == pytest.approx(440, abs=2)
    assert loudness(speech.samples) > 0.25 / 2**0.5


def test_opposite_sides_do_not_cancel() -> None:
    """A stereo recording with one side inverted is as loud as that side, not silent."""
    stereo = np.stack([tone(0.5), -tone(0.5)], axis=1)
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.round(stereo * 32767).astype("<i2").tobytes())
    assert loudness(decode_speech(target.getvalue()).samples) == pytest.approx(0.5 / 2**0.5, rel=0.01)


def test_one_side_alone() -> None:
    """Speech on one side of a stereo recording is half as loud and whole."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        sides = np.stack([tone(0.5), 0 * tone(0.5)], axis=1)
        file.writeframes(np.round(sides * 32767).astype("<i2").tobytes())
    assert loudness(decode_speech(target.getvalue()).samples) == pytest.approx(0.25 / 2**0.5, rel=0.02)


def test_sound_of_a_video() -> None:
    """The sound track of a video with pictures is taken; a video without sound is MediaTrackMissing."""
    for with_sound in (True, False):
        target = io.BytesIO()
        with av.open(target, "w", format="mp4") as file:
            video = file.add_stream("libx264", rate=25)
            sound = file.add_stream("aac", rate=RATE, layout="mono") if with_sound else None
            for i in range(25):
                frame = av.VideoFrame.from_ndarray(np.full((480, 640, 3), i * 9, np.uint8))
                frame.pts = i
                file.mux(video.encode(frame))
            if sound is not None:
                block = av.AudioFrame.from_ndarray(tone(1.0)[None], "flt", "mono")
                block.rate, block.pts = RATE, 0
                file.mux(sound.encode(block))
                file.mux(sound.encode(None))
            file.mux(video.encode(None))
        if with_sound:
            assert decode_speech(target.getvalue()).seconds == pytest.approx(1.0, abs=0.03)
        else:
            with pytest.raises(MediaTrackMissing, match="no sound"):
                decode_speech(target.getvalue())


def test_overload_is_scaled_down() -> None:
    """Floating point sound beyond full scale keeps its shape."""
    speech = decode_speech(float_wav(4 * tone(0.5)))
    assert float(np.abs(speech.samples).max()) == pytest.approx(1.0)
    assert np.allclose(speech.samples, 2 * tone(0.5), atol=1e-3)


def test_empty_and_other_content() -> None:
    """No bytes and no sound format: MediaEmpty and MediaUnsupported."""
    with pytest.raises(MediaEmpty):
        decode_speech(b"")
    for data in (b"hello", b"\x89PNG\r\n\x1a\n" + bytes(40), b"\xff\xfb" + b"not mpeg" * 20, bytes(4096)):
        with pytest.raises(MediaUnsupported, match="must be WAV"):
            decode_speech(data)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"FORM\0\0\0\0AIFF", "AIFF"),
        (b"0&\xb2u\x8ef\xcf\x11", "Windows Media"),
        (b"#!AMR\n", "AMR"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
    ],
)
def test_known_formats_are_named_when_refused(start: bytes, name: str) -> None:
    """What we know and do not take, the refusal calls by its name, and says what we take."""
    with pytest.raises(MediaUnsupported, match=rf"must be WAV.*{name}"):
        decode_speech(start + bytes(200))


@pytest.mark.parametrize("channels", [9, 16, 64])
def test_more_channels_than_surround_are_refused(channels: int) -> None:
    """What no layout of a film has is refused with the number of channels and the limit."""
    with pytest.raises(MediaUnsupported, match=f"{channels} channels") as refused:
        decode_speech(pcm(tone(0.5), RATE, channels))
    assert refused.value.metadata == {"limit": "channels", "most": "8"}


def test_a_codec_that_is_not_accepted_is_named() -> None:
    """An accepted container around another codec: the refusal names it and what to export."""
    with pytest.raises(MediaUnsupported, match=r"wavpack.*AAC, MP3, Opus"):
        decode_speech(encoded("matroska", "wavpack", tone(0.5)))


@pytest.mark.parametrize("name", ["hls", "concat", "sdp", "dash", "concat protocol", "smil"])
def test_playlists_are_not_followed(tmp_path: Path, name: str) -> None:
    """A playlist that names a real recording is refused, and the recording is never opened."""
    canary = tmp_path / "canary.wav"
    canary.write_bytes(pcm(tone(1.0), RATE))
    playlist = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{canary}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{canary}'\n",
        "sdp": "v=0\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        "dash": f"<?xml version='1.0'?><MPD><BaseURL>file://{canary}</BaseURL></MPD>",
        "concat protocol": f"concat:{canary}",
        "smil": f"<smil><audio src='file://{canary}'/></smil>",
    }[name]
    before = canary.stat().st_atime_ns
    with pytest.raises(MediaUnsupported):
        decode_speech(playlist.encode())
    assert canary.stat().st_atime_ns == before


def test_length_limits() -> None:
    """Too long, too short, one sample and none: each its error with the limit and its number."""
    with pytest.raises(SpeechTooLong, match="2 seconds") as long:
        decode_speech(pcm(tone(3.0, 8000), 8000), replace(LIMITS, audio_seconds=2))
    assert long.value.metadata["most"] == "2"
    for samples in (tone(0.19), tone(1 / RATE), tone(0)):
        with pytest.raises(SpeechTooShort, match=r"0\.2") as short:
            decode_speech(pcm(samples, RATE))
        assert short.value.metadata["least"] == "0.2"
    with pytest.raises(MediaTooLarge, match="1,000"):
        decode_speech(pcm(tone(1.0), RATE), replace(LIMITS, audio_bytes=1000))


def test_one_hour() -> None:
    """An hour of sound stops at the limit of 600 seconds."""
    hour = io.BytesIO()
    with wave.open(hour, "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes(8000 * 3600))
    with pytest.raises(SpeechTooLong, match="600"):
        decode_speech(hour.getvalue())


@pytest.mark.parametrize("claimed", [0xFFFFFFFF, 0xFFFFFFF0, 0x80000000])
def test_wav_that_claims_gigabytes(claimed: int) -> None:
    """A header that claims 2 or 4 GiB is what writers to a pipe leave: what is there counts, nothing else."""
    assert decode_speech(float_wav(tone(0.5), claimed)).seconds == pytest.approx(0.5, abs=0.001)


def test_cut_recordings() -> None:
    """A recording much shorter than its header says was cut off."""
    with pytest.raises(MediaUnreadable, match="cut off"):
        decode_speech(float_wav(tone(1.0), claimed=RATE * 4 * 60))
    mp4 = encoded("mp4", "aac", tone(4.0))
    with pytest.raises(MediaUnreadable):
        decode_speech(mp4[: len(mp4) // 2])


def test_silence() -> None:
    """Digital silence and noise below -60 dB are SpeechSilent; a whisper at -50 dB is not."""
    noise = np.random.default_rng(1).uniform(-1, 1, RATE).astype(np.float32)
    for level in (0.0, 0.0005):
        with pytest.raises(SpeechSilent):
            decode_speech(float_wav(noise * level))
    assert not decode_speech(float_wav(noise * 0.003)).silent


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(value: float) -> None:
    """One NaN or infinity anywhere is SpeechNotFinite."""
    samples = tone(1.0)
    samples[777] = value
    with pytest.raises(SpeechNotFinite):
        decode_speech(float_wav(samples))


def test_speech_at_other_rates() -> None:
    """`at` keeps pitch and length, and gives the samples themselves at their own rate."""
    speech = Speech(tone(1.0))
    assert speech.at(RATE) is speech.samples
    low = speech.at(16_000)
    assert low.dtype == np.float32
    assert len(low) == 16_000
    assert np.allclose(low[500:-500], tone(1.0, 16_000)[500:-500], atol=2e-3)


def test_encode_wav_round_trip() -> None:
    """What `encode_wav` writes, `decode_speech` reads, to 16 bits."""
    speech = Speech(tone(0.5))
    again = decode_speech(encode_wav(speech))
    assert np.abs(again.samples - speech.samples).max() < 2 / 32768


@pytest.mark.parametrize(
    "kind", [("wav", "pcm_s16le"), ("ogg", "libopus"), ("mp4", "aac"), ("mp3", "libmp3lame")]
)
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_damaged_files_raise_only_our_errors(kind: tuple[str, str], data: st.DataObject) -> None:
    """Bytes changed or cut anywhere: sound or a PerceptionError, nothing else."""
    damaged = bytearray(encoded(*kind, tone(0.3)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    with suppress(PerceptionError):
        assert decode_speech(bytes(damaged)).samples.ndim == 1
