"""Open a sound or video file with one demuxer, one decoder per track, and no way to name another file."""

from fractions import Fraction
from typing import Any, BinaryIO

import av
import av.audio.stream
import av.subtitles.stream  # PyAV imports these late, and a file may hold any of them
import av.video.stream
from av.container import InputContainer

from perception.errors import MediaUnsupported

# What people's files are made of, decoded by FFmpeg's own or well-kept libraries; the other two hundred
# decoders of an FFmpeg build are old game and broadcast formats that nobody sends and everybody fuzzes.
_VIDEO = (
    "h264 hevc vp8 vp9 libdav1d av1 mpeg4 mjpeg gif prores mpeg1video mpeg2video msmpeg4v3 ffv1 png rawvideo"
)
_AUDIO = (
    "aac mp3float mp3 opus libopus vorbis flac alac ac3 eac3 mp2float mp2 adpcm_ms adpcm_ima_wav pcm_alaw "
    "pcm_mulaw pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be "
    "pcm_f64le"
)
VIDEO_CODECS = frozenset(_VIDEO.split(" "))
AUDIO_CODECS = frozenset(_AUDIO.split(" "))


def open_container(source: BinaryIO, reader: str) -> InputContainer:
    """The file as `reader` sees it; anything that it would open beside it is refused."""
    return av.open(
        source,
        "r",
        format=reader,
        options={
            "format_whitelist": reader,
            "protocol_whitelist": "none",
            "enable_drefs": "0",  # QuickTime data references: tracks kept in other files
            "use_absolute_path": "0",
            "max_streams": "32",
        },
        metadata_errors="ignore",
        io_open=_refuse,
    )


def _refuse(url: str, flags: int, options: dict[str, str]) -> Any:
    raise PermissionError("a media file may not open another file")


_EXPORT = {"sound": "AAC, MP3, Opus, FLAC or PCM", "picture": "H.264"}


def check_codec(stream: Any, accepted: frozenset[str], kind: str) -> None:
    """Raises MediaUnsupported for a track in a format that we do not decode."""
    context = stream.codec_context
    name = context.name if context is not None else "an unknown one"
    if name not in accepted:
        raise MediaUnsupported(
            f"the {kind} track's format ({name}) is not accepted: export it as {_EXPORT[kind]}"
        )
    context.thread_count = 1  # no more processor time than one core's, and bit-exact repeats


def seconds(ticks: int | None, base: Fraction | None) -> float:
    """A stream's time in seconds; 0 where the file does not say."""
    return float(ticks * base) if ticks and base and ticks > 0 else 0.0


# A file ends where its header says, or it was cut. Declared lengths are rounded by some writers and cover
# padding in others, so an end is missing only when more than this is.
_SLACK_SECONDS = 0.5
_SLACK_SHARE = 0.05


def is_cut(decoded_seconds: float, declared_seconds: float) -> bool:
    return decoded_seconds < declared_seconds - max(_SLACK_SECONDS, _SLACK_SHARE * declared_seconds)
