"""A speech recording from a stranger: decoded out of the way to 48 kHz mono."""

import io
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perception.errors import MediaTooLarge, SpeechSilent, SpeechTooShort
from perception.formats import HEAD_BYTES, demuxer, sniff
from perception.limits import LIMITS, Limits
from perception.sandbox import Decoder, Source

RATE = 48_000

# A recording is silent when nothing in it reaches -60 dB of full scale. Dither of 16-bit sound peaks near
# -90, a quiet room through an ordinary microphone near -65, the vowels of badly levelled speech above -40.
SILENT_PEAK = 10 ** (-60 / 20)


@dataclass(frozen=True)
class Speech:
    """Sound, mono.

    Attributes:
        samples: (N,) float32 in -1..1.
        rate: samples per second.
    """

    samples: NDArray[np.float32]
    rate: int = RATE

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def silent(self) -> bool:
        """Nothing in it reaches `SILENT_PEAK`."""
        return len(self.samples) == 0 or float(np.abs(self.samples).max()) < SILENT_PEAK

    def at(self, rate: int) -> NDArray[np.float32]:
        """The samples at another rate (polyphase filter): (ceil(N * rate / self.rate),) float32."""
        if rate == self.rate:
            return self.samples
        from scipy.signal import resample_poly

        shared = gcd(rate, self.rate)
        return np.asarray(resample_poly(self.samples, rate // shared, self.rate // shared), np.float32)


def decode_speech(data: bytes, limits: Limits = LIMITS) -> Speech:
    """Decode WAV, MP3, Ogg (Opus, Vorbis, FLAC), FLAC, AAC, M4A, or the sound of MP4, MOV, WebM, MKV or AVI.

    Any rate becomes 48 kHz; mono to 7.1 becomes mono: of surround mostly its centre, where films have their
    speech, of stereo the mean, or one side where the other is its inverse. Sound beyond full scale (floating
    point files) is scaled down to it. Lengths that a header claims are not believed: seconds are counted
    while decoding.

    Raises:
        MediaEmpty: no bytes.
        MediaTooLarge: over `audio_bytes`.
        MediaUnsupported: not one of these formats, told from the content (also: playlists); a codec that is
            not accepted; more than 8 channels.
        MediaTrackMissing: no sound track in it.
        MediaUnreadable: truncated or corrupt.
        MediaTooCostly: it needs more memory or time to decode than a recording may.
        SpeechTooLong, SpeechTooShort: over `audio_seconds`, under `audio_min_seconds`.
        SpeechSilent: nothing reaches -60 dB of full scale.
        SpeechNotFinite: NaN or infinity in it.
    """
    form = sniff(data[:HEAD_BYTES], "audio")
    if len(data) > limits.audio_bytes:
        raise MediaTooLarge(
            f"the recording has {len(data):,} bytes; at most {limits.audio_bytes:,} are accepted",
            limit="audio_bytes",
            most=limits.audio_bytes,
        )
    with Source(data) as source:
        speech = read_sound(source, demuxer(form), limits.audio_seconds, limits)
    if speech.seconds < limits.audio_min_seconds:
        raise SpeechTooShort(
            f"the sound lasts {speech.seconds:.3f} seconds; at least {limits.audio_min_seconds:g} are needed",
            limit="audio_min_seconds",
            least=limits.audio_min_seconds,
        )
    if speech.silent:
        raise SpeechSilent("the sound is silent (nothing above -60 dB of full scale): check the recording")
    return speech


def read_recording(path: Path, limits: Limits = LIMITS) -> Speech:
    """The sound of a file that may be as large and long as a video, silent or not.

    Raises: as `decode_speech`, by the limits of videos and without SpeechTooShort and SpeechSilent.
    """
    with Source(path) as source:
        form = sniff(source.head(HEAD_BYTES), "audio")
        if source.size > limits.video_bytes:
            raise MediaTooLarge(
                f"the recording has {source.size:,} bytes; at most {limits.video_bytes:,} are accepted",
                limit="video_bytes",
                most=limits.video_bytes,
            )
        return read_sound(source, demuxer(form), limits.video_seconds + 1.0, limits)


def read_sound(source: Source, reader: str, seconds: float, limits: Limits) -> Speech:
    """The sound of `source` by the demuxer `reader`, at most `seconds` of it, silent or not.

    Raises: as `decode_speech`, without SpeechTooShort and SpeechSilent.
    """
    job = {"task": "sound", "reader": reader, "seconds": seconds}
    pieces: list[NDArray[np.float32]] = []
    left = 4 * (int(seconds * RATE) + RATE)  # bytes: what the process may send, with a second to spare
    with Decoder(job, source, limits, cpu_seconds=limits.audio_cpu_seconds) as decoder:
        while (header := decoder.message())["kind"] != "end":
            pieces.append(decoder.array_of(header, left).astype(np.float32, copy=False).reshape(-1))
            left -= pieces[-1].nbytes
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    peak = float(np.abs(samples).max(initial=0.0))
    return Speech(samples / np.float32(peak) if peak > 1.0 else samples)


def encode_wav(speech: Speech) -> bytes:
    """16-bit PCM WAV. Deterministic."""
    import wave

    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(speech.rate)
        file.writeframes(np.round(np.clip(speech.samples, -1, 1) * 32767).astype("<i2").tobytes())
    return target.getvalue()
