"""The sound of a recording or a video as 48 kHz mono. Runs in the decoding process."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from perception.decoding.container import AUDIO_CODECS, check_codec, is_cut, open_container, seconds
from perception.decoding.wire import Pipe
from perception.errors import (
    MediaTrackMissing,
    MediaUnreadable,
    MediaUnsupported,
    SpeechNotFinite,
    SpeechTooLong,
)

RATE = 48_000
_PIECE = 1 << 20  # samples per message: 4 MiB
_BLOCK = 2048 * 6  # samples: the longest block of an accepted codec, HE-AAC at 8 kHz, is this long at 48 kHz
_GAP_SECONDS = 0.1  # a hole in the time stamps above this is filled with silence, as players do
_CHUNK_BYTES = 1 << 20  # longest chunk that may come before the sound in a WAV file
_PCM_TAGS = (1, 3, 6, 7, 0xFFFE)  # RFC 2361: PCM, IEEE float, A-law, mu-law, "see later"
_MOST_CHANNELS = 8
_CANCELLED = 0.01  # of the sides' power left in their mean: 20 dB less
_UNKNOWN_BYTES = 0x7FFFF000  # WAV writers on a pipe claim 2 or 4 GiB because they cannot know


def decode(source: BinaryIO, job: dict[str, Any], pipe: Pipe) -> None:
    """Send the sound in pieces, (N,) float32 each; time 0 is the first picture's where there is one."""
    with open_container(source, job["reader"]) as container:
        if not container.streams.audio:
            raise MediaTrackMissing("there is no sound in this file")
        stream = container.streams.audio[0]
        check_codec(stream, AUDIO_CODECS, "sound")
        _check_channels(stream.codec_context.layout.nb_channels)
        start = _start(container, stream)
        most = int(job["seconds"] * RATE)
        count = 0
        pieces = []
        for samples in _aligned(_samples(container, stream), start):
            if not np.isfinite(samples).all():
                raise SpeechNotFinite(
                    "the sound holds values that are not numbers: export it again as 16-bit WAV"
                )
            count += len(samples)
            if count > most:
                raise SpeechTooLong(
                    f"the sound is longer than {job['seconds']:g} seconds",
                    limit="audio_seconds",
                    most=job["seconds"],
                )
            pieces.append(samples)
        declared = _declared(source, stream, job["reader"])
        if is_cut(count / RATE, declared):
            raise MediaUnreadable(
                "the sound ends before its header says: the file was cut off, send it whole"
            )
    _send(pieces, count, round(declared * RATE), pipe)


def _check_channels(count: int) -> None:
    if count > _MOST_CHANNELS:
        raise MediaUnsupported(
            f"the sound has {count} channels and at most {_MOST_CHANNELS} (7.1) are accepted: export it as "
            "stereo or mono",
            limit="channels",
            most=_MOST_CHANNELS,
        )


def _send(pieces: list[NDArray[np.float32]], count: int, declared: int, pipe: Pipe) -> None:
    """All but what fills up the last block of a codec that has blocks."""
    if 0 < count - declared <= _BLOCK and declared > 0:
        count = declared
    if pieces:
        sound = _mixed(pieces)
        for at in range(0, count, _PIECE):
            pipe.send("sound", sound[at : min(at + _PIECE, count)])


def _mixed(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(N,) of pieces (n, 2), the mean of the sides and half their difference.

    Sides of opposite sign (a plug wired wrongly) cancel in the mean: then one side is taken.
    """
    powers = sum(np.square(piece, dtype=np.float64).sum(axis=0) for piece in pieces)
    mean, difference = (float(power) for power in powers)
    if mean < difference * _CANCELLED:
        return np.concatenate([piece[:, 0] + piece[:, 1] for piece in pieces])
    return np.concatenate([piece[:, 0] for piece in pieces])


def _start(container: Any, stream: Any) -> float:
    """Seconds, on the file's clock, of our sample 0."""
    lead = container.streams.video[0] if container.streams.video else stream
    if lead.start_time is None or lead.time_base is None:
        return 0.0
    return float(lead.start_time * lead.time_base)


def _declared(source: BinaryIO, stream: Any, reader: str) -> float:
    """Seconds that the header claims; 0 where it makes no honest claim."""
    if reader == "wav":
        return _wav_claim(source)
    return seconds(stream.duration, stream.time_base) if reader in ("flac", "mov") else 0.0


def _wav_claim(source: BinaryIO) -> float:
    """Seconds by the `fmt ` and `data` chunks (FFmpeg corrects what they say); 0 if they are not there, or if
    the bytes per second are only an average (ADPCM)."""
    source.seek(12)
    bytes_per_second = 0
    while len(head := source.read(8)) == 8:
        size = int.from_bytes(head[4:], "little")
        if head[:4] == b"data":
            honest = bytes_per_second and size < _UNKNOWN_BYTES
            return size / bytes_per_second if honest else 0.0
        body = source.read(min(size + size % 2, _CHUNK_BYTES))
        if head[:4] == b"fmt " and int.from_bytes(body[:2], "little") in _PCM_TAGS:
            bytes_per_second = int.from_bytes(body[8:12], "little")
    return 0.0


def _samples(container: Any, stream: Any) -> Iterator[tuple[float | None, NDArray[np.float32]]]:
    """(time on the file's clock, (n, 2) mean of the sides and half their difference) as they are decoded."""
    resampler: AudioResampler | None = None
    shape = None
    for frame in container.decode(stream):
        # Some streams change their rate or channels on the way.
        if resampler is None or (frame.rate, frame.layout.name, frame.format.name) != shape:
            if resampler is not None:
                yield from ((None, _sides(out)) for out in resampler.resample(None))
            shape = (frame.rate, frame.layout.name, frame.format.name)
            # Of stereo we take the mean (see `_mixed`); FFmpeg mixes what has more channels, centre first.
            resampler = AudioResampler("fltp", "mono" if frame.layout.nb_channels != 2 else "stereo", RATE)
        at = None if frame.pts is None else float(frame.pts * frame.time_base)
        for out in resampler.resample(frame):
            yield at, _sides(out)
            at = None
    if resampler is not None:
        yield from ((None, _sides(out)) for out in resampler.resample(None))


def _sides(frame: av.AudioFrame) -> NDArray[np.float32]:
    sides = frame.to_ndarray()
    left, right = sides[0], sides[-1]
    return np.stack([(left + right) * np.float32(0.5), (left - right) * np.float32(0.5)], axis=1)


def _aligned(
    pieces: Iterator[tuple[float | None, NDArray[np.float32]]], start: float
) -> Iterator[NDArray[np.float32]]:
    """Silence where the time stamps leave a hole; nothing from before time 0."""
    position = 0
    for at, samples in pieces:
        ahead = 0 if at is None else round((at - start) * RATE) - position
        if ahead > (_GAP_SECONDS * RATE if position else 0):
            for first in range(0, ahead, _PIECE):
                yield np.zeros((min(_PIECE, ahead - first), 2), np.float32)
            position += ahead
        early = -ahead if ahead < 0 and position == 0 else 0
        if early < len(samples):
            yield samples[early:]
            position += len(samples) - early
