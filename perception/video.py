"""A video from a stranger: its frames streamed out of a decoding process, its sound as `Speech`."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech, read_sound
from perception.encoding import write_video
from perception.errors import MediaTooLarge, MediaTrackMissing, MediaUnreadable, MediaUnsupported
from perception.formats import HEAD_BYTES, Format, VideoInfo, demuxer, sniff
from perception.limits import LIMITS, Limits
from perception.sandbox import Decoder, Source

__all__ = ["VideoInfo", "VideoReader", "open_pictures", "open_video", "write_video"]


class VideoReader(AbstractContextManager["VideoReader"]):
    """An open video. Frames are decoded while they are read; memory does not grow with the length."""

    def __init__(self, source: Source, form: Format, limits: Limits) -> None:
        self._source = source
        self._form = form
        self._limits = limits
        self._decoders: list[Decoder] = []
        self._ready: Decoder | None = None  # it has sent `info` and waits with the first frame
        self._ready, self.info = self._open(0.0)

    def frames(self, every: float | None = None) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Times (seconds since the first picture was shown, rising) and pictures, (H, W, 3) uint8 RGB.

        Time stamps are the file's: steps vary where its rate does. Each call starts again from the first
        picture. Stop early by closing the iterator or leaving the reader's context.

        Args:
            every: seconds; at most one picture in each such step.

        Raises:
            MediaUnreadable: corrupt or cut off; the pictures before the break have been yielded.
            MediaTooLarge: over `video_seconds` or `video_frames`, counted while decoding.
            MediaTooCostly: over the decoding process's memory or time.
        """
        if every is None and self._ready is not None:
            decoder, self._ready = self._ready, None
        else:
            decoder, _ = self._open(every or 0.0)
        return self._stream(decoder)

    def speech(self) -> Speech | None:
        """The sound as 48 kHz mono, its sample 0 at the first picture's time; None without a sound track.

        A sound track with nothing in it gives a silent `Speech`: that a video has one is a fact.

        Raises: as `perception.audio.decode_speech`, without the errors for silent and short sound.
        """
        if not self.info.has_sound:
            return None
        try:
            return read_sound(
                self._source, demuxer(self._form), self._limits.video_seconds + 1.0, self._limits
            )
        except MediaTrackMissing:
            return None

    def close(self) -> None:
        """End every decoding process of this reader."""
        for decoder in self._decoders:
            decoder.close()
        self._source.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, every: float) -> tuple[Decoder, VideoInfo]:
        limits = self._limits
        job = {
            "task": "video",
            "reader": demuxer(self._form),
            "every": every,
            "side": limits.video_side,
            "pixels": limits.video_pixels,
            "seconds": limits.video_seconds,
            "frames": limits.video_frames,
        }
        decoder = Decoder(job, self._source, limits, cpu_seconds=limits.video_cpu_seconds)
        self._decoders.append(decoder)
        try:
            return decoder, self._parse(decoder.message())
        except BaseException:
            decoder.close()
            raise

    def _parse(self, header: dict[str, Any]) -> VideoInfo:
        """The process's word, as far as it can be true."""
        try:
            width, height = int(header["width"]), int(header["height"])
            fps, seconds, frames = float(header["fps"]), float(header["seconds"]), int(header["frames"])
            codec = "".join(c for c in str(header["codec"])[:32] if c.isalnum() or c in "_-")
        except (KeyError, TypeError, ValueError, OverflowError):
            raise MediaUnreadable("the file is corrupt: export it again") from None
        sizes_fit = width > 0 and height > 0 and width * height <= self._limits.video_pixels
        if not (
            sizes_fit and isfinite(fps) and fps >= 0 and isfinite(seconds) and seconds >= 0 and frames >= 0
        ):
            raise MediaUnreadable("the file is corrupt: export it again")
        return VideoInfo(
            width, height, fps, seconds, frames, header.get("has_sound") is True, codec, self._form.media_type
        )

    def _stream(self, decoder: Decoder) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        shape = (self.info.height, self.info.width, 3)
        with decoder:
            while (header := decoder.message())["kind"] != "end":
                pixels = decoder.array_of(header, shape[0] * shape[1] * 3)
                at = header.get("time")
                if pixels.shape != shape or pixels.dtype != np.uint8 or not isinstance(at, int | float):
                    raise MediaUnreadable("the file is corrupt: export it again")
                yield float(at), pixels


def open_pictures(path: Path, limits: Limits = LIMITS) -> VideoReader | None:
    """`open_video`, or None for a file that can only hold sound, or holds a sound track and no pictures.

    Raises: as `open_video`, without MediaTrackMissing.
    """
    try:
        return open_video(path, limits)
    except MediaTrackMissing:
        return None
    except MediaUnsupported:
        with suppress(MediaUnsupported), Source(path) as source:
            if "video" not in sniff(source.head(HEAD_BYTES), "audio").kinds:
                return None
        raise


def open_video(source: bytes | Path, limits: Limits = LIMITS) -> VideoReader:
    """Open MP4, MOV, WebM, MKV, AVI or GIF; use as a context manager.

    Display rotation is applied, 10-bit becomes 8-bit, any colour matrix RGB.

    Raises:
        MediaEmpty: no bytes.
        MediaTooLarge: over `video_bytes`, `video_side`, `video_pixels`, `video_seconds` or `video_frames`.
        MediaUnsupported: not one of these formats, told from the content (also: playlists), or a codec that
            is not accepted.
        MediaTrackMissing: no picture track.
        MediaUnreadable: truncated or corrupt before the first picture.
        MediaTooCostly: it needs more memory or time to decode than a video may.
    """
    opened = Source(source)
    try:
        if opened.size > limits.video_bytes:
            raise MediaTooLarge(
                f"the video has {opened.size:,} bytes; at most {limits.video_bytes:,} are accepted",
                limit="video_bytes",
                most=limits.video_bytes,
            )
        return VideoReader(opened, sniff(opened.head(HEAD_BYTES), "video"), limits)
    except BaseException:
        opened.close()
        raise
