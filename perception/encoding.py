"""Frames and speech to a video file: streaming, atomic, the same bytes every time."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from numpy.typing import NDArray

from perception.audio import RATE, Speech
from perception.errors import MediaEmpty
from perception.formats import VideoInfo

# The number of encoder threads is part of the result: x264 splits its rate control and look-ahead by it.
_THREADS = 2
_AUDIO_BITS = 128_000
_BT709 = 1  # ITU-T H.273: matrix, primaries and transfer alike
_LIMITED_RANGE = 1  # FFmpeg's AVCOL_RANGE_MPEG
_SOUND_BLOCK = 1024  # samples: one AAC frame
_BITEXACT = 1 << 23  # AV_CODEC_FLAG_BITEXACT

_CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".webm": "webm", ".mkv": "matroska", ".avi": "avi"}
_SOUND_CODECS = {"webm": "libopus", "avi": "libmp3lame"}
_MEDIA_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "matroska": "video/webm",
    "avi": "video/x-msvideo",
}


def write_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    fps: int,
    speech: Speech | None,
    crf: int = 18,
    preset: str = "veryfast",
    tags: Mapping[str, str] = MappingProxyType({}),
) -> VideoInfo:
    """Write an H.264 (yuv420p, BT.709) and AAC (128 kbit/s, mono, 48 kHz) MP4 that starts playing at once.

    Streams: memory does not grow with the length. Nothing appears under `path` before the file is whole and
    on disk; on an error nothing is left. The same frames and speech give the same bytes with the same
    libraries. The file names neither its encoder nor a time.

    Args:
        frames: (H, W, 3) uint8 RGB, all of one size. An odd side is made even by repeating its last line.
        fps: frames per second.
        speech: cut, or padded with silence, to the length of the frames; None for a video without sound.
        crf: x264's constant rate factor, 0 (lossless) to 51.
        tags: written into the file's own metadata (QuickTime's keys, below `moov`); none but these.

    Raises:
        MediaEmpty: no frames.
    """
    options = {"crf": str(crf), "preset": preset}
    coded: dict[str, Any] = {"codec": "libx264", "options": options, "tags": tags}
    with VideoWriter(path, fps=Fraction(fps), speech=speech, **coded) as writer:
        for frame in frames:
            writer.add(frame)
        return writer.finish()


class VideoWriter:
    """Write a video frame by frame; use as a context manager, end with `finish`.

    The container follows the path's ending: .mp4, .mov, .webm, .mkv or .avi. Left without `finish`, or by an
    error, it leaves nothing behind.

    Args:
        fps: frames per second.
        speech: the sound, cut or padded to the frames; None for none.
        codec: FFmpeg's encoder name.
        options: its private options; `crf` and `preset` among them.
        tags: as `write_video`'s; of .mp4 and .mov.
    """

    def __init__(
        self,
        path: Path,
        *,
        fps: Fraction,
        speech: Speech | None,
        codec: str,
        options: dict[str, str],
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        if path.suffix not in _CONTAINERS:
            raise ValueError(f"no container for {path.suffix!r}: use one of {', '.join(_CONTAINERS)}")
        self._path = path
        self._container_name = _CONTAINERS[path.suffix]
        self._fps = fps
        self._speech = None if speech is None else speech.at(RATE)
        self._codec = codec
        self._options = options
        self._count = 0
        self._sample = 0
        self._shape: tuple[int, ...] | None = None
        self._picture: Any = None
        self._sound: Any = None
        self._cleaner: BitStreamFilterContext | None = None
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(descriptor)
        self._part = Path(name)
        try:
            muxing = {"fflags": "+bitexact"}
            if self._container_name in ("mp4", "mov"):
                muxing["movflags"] = "+faststart" + ("+use_metadata_tags" if tags else "")
            self._container = av.open(name, "w", format=self._container_name, container_options=muxing)
            self._container.metadata.update(tags)
        except BaseException:
            self._part.unlink()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop what is not finished."""
        if self._part.exists():
            self._part.unlink()
            with suppress(av.FFmpegError):  # it is thrown away: that it is incomplete is the point
                self._container.close()

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """The next frame, (H, W, 3) uint8 RGB, of the first one's size, and the sound up to its end."""
        if self._shape is None:
            with same_priority():
                self._open_tracks(pixels)
        if pixels.shape != self._shape or pixels.dtype != np.uint8:
            raise ValueError(
                f"frame {self._count} is {pixels.shape} {pixels.dtype}, the first was {self._shape}"
            )
        rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(_even(pixels)), "rgb24")
        frame = rgb.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range=_LIMITED_RANGE)
        frame.pts, frame.time_base = self._count, 1 / self._fps
        self._count += 1
        self._mux(self._picture.encode(frame))
        self._add_sound(round(self._count * RATE / self._fps), whole_blocks=True)

    def finish(self) -> VideoInfo:
        """Close the file, put it on disk and give it its name.

        Raises:
            MediaEmpty: no frame was added.
        """
        if self._shape is None:
            raise MediaEmpty("there is no frame to write")
        self._add_sound(round(self._count * RATE / self._fps), whole_blocks=False)
        self._mux(self._picture.encode(None))
        if self._cleaner is not None:
            self._container.mux(self._cleaner.filter(None))
        if self._sound is not None:
            self._container.mux(self._sound.encode(None))
        self._container.close()
        _publish(self._part, self._path)
        return VideoInfo(
            width=self._picture.codec_context.width,
            height=self._picture.codec_context.height,
            fps=float(self._fps),
            seconds=float(self._count / self._fps),
            frames_estimate=self._count,
            has_sound=self._sound is not None,
            codec=self._codec,
            media_type=_MEDIA_TYPES[self._container_name],
        )

    def _open_tracks(self, pixels: NDArray[np.uint8]) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(f"a frame is (H, W, 3), not {pixels.shape}")
        self._shape = pixels.shape
        height, width = _even(pixels).shape[:2]
        self._picture = self._container.add_stream(self._codec, rate=self._fps, options=self._options)
        context = self._picture.codec_context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.thread_count = _THREADS
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        if self._speech is not None:
            codec = _SOUND_CODECS.get(self._container_name, "aac")
            self._sound = self._container.add_stream(codec, rate=RATE, layout="mono")
            self._sound.bit_rate = _AUDIO_BITS
            self._sound.codec_context.flags |= _BITEXACT  # else the encoder signs its work
        self._container.start_encoding()
        if self._codec == "libx264":
            # Type 6 (H.264 table 7-1): supplemental information, in which x264 writes its version and
            # settings. The filter reads the stream's parameters: they must be final.
            self._cleaner = BitStreamFilterContext("filter_units=remove_types=6", self._picture)

    def _add_sound(self, until: int, *, whole_blocks: bool) -> None:
        """Encode the sound up to sample `until`, so that it lies beside its pictures in the file."""
        if self._speech is None:
            return
        while self._sample < until:
            size = min(_SOUND_BLOCK, until - self._sample)
            if size < _SOUND_BLOCK and whole_blocks:
                return
            block = np.zeros((1, size), np.float32)
            part = self._speech[self._sample : self._sample + size]
            block[0, : len(part)] = part
            frame = av.AudioFrame.from_ndarray(block, "flt", "mono")
            frame.rate, frame.pts, frame.time_base = RATE, self._sample, Fraction(1, RATE)
            self._container.mux(self._sound.encode(frame))
            self._sample += size

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            if self._cleaner is None:
                self._container.mux(packet)
            else:
                self._container.mux(self._cleaner.filter(packet))


@contextmanager
def same_priority() -> Iterator[None]:
    """Give this thread back the scheduling that it had: SVT-AV1, run as root, raises the calling thread
    to a real-time priority, and what that thread starts later would starve the machine."""
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        if os.sched_getscheduler(0) != policy:
            os.sched_setscheduler(0, policy, parameters)


def _even(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """4:2:0 halves both sides of the colour planes: an odd side gets its last line twice."""
    height, width = pixels.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return pixels
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _publish(part: Path, path: Path) -> None:
    """Whole and durable before it has its name."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.chmod(0o600)
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
