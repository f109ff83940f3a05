"""Copies of a video as the world makes them: re-encoded, resized, re-timed, without metadata, altered."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perception.encoding import VideoWriter
from perception.formats import VideoInfo
from perception.limits import LIMITS, Limits
from perception.video import open_video

_FASTEST = {
    "libx264": {"preset": "veryfast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=2"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "b": "0"},
    "libsvtav1": {"preset": "10"},
}


def transcode(
    source: Path,
    target: Path,
    *,
    crf: int = 28,
    codec: str = "libx264",
    size: tuple[int, int] | None = None,
    fps: Fraction | int | None = None,
    keep_sound: bool = True,
    alter: Callable[[float, NDArray[np.uint8]], NDArray[np.uint8]] | None = None,
    window: tuple[float, float] | None = None,
    limits: Limits = LIMITS,
) -> VideoInfo:
    """Decode `source` and encode it again as `target`. Nothing but pictures and sound is carried over.

    Args:
        crf: constant rate factor of the encoder.
        codec: libx264, libx265, libvpx-vp9 (for .webm), libsvtav1 or mpeg4.
        size: (width, height) to scale to, bicubic.
        fps: frame rate to re-time to, by the nearest earlier frame; the source's average where not given.
        keep_sound: with the sound, re-encoded.
        alter: gets (seconds, frame) of every frame within `window`, gives the frame to write instead.
        window: (first, last) seconds that `alter` is for; the whole video where not given.

    Raises: as `open_video` and `VideoReader.frames`.
    """
    options = {"crf": str(crf), **_FASTEST.get(codec, {})}
    if codec == "mpeg4":  # it has no rate factor: a fixed quantiser, 118 being FFmpeg's unit of it
        options = {"flags": "+qscale", "global_quality": str(118 * max(2, crf // 3))}
    with open_video(source, limits) as video:
        rate = Fraction(fps or Fraction(video.info.fps or 25).limit_denominator(1001))
        sound = video.speech() if keep_sound else None
        with VideoWriter(target, fps=rate, speech=sound, codec=codec, options=options) as writer:
            for at, pixels in _retimed(video.frames(), rate):
                inside = alter is not None and (window is None or window[0] <= at < window[1])
                frame = alter(at, pixels) if alter is not None and inside else pixels
                writer.add(frame if size is None else _scaled(frame, size))
            return writer.finish()


def _retimed(
    frames: Iterator[tuple[float, NDArray[np.uint8]]], rate: Fraction
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """One frame per tick: the one that is shown at that time."""
    tick = 0
    shown: NDArray[np.uint8] | None = None
    for at, pixels in frames:
        # Half a tick of tolerance: time stamps are rounded to the container's clock.
        while shown is not None and float((tick + Fraction(1, 2)) / rate) < at:
            yield float(tick / rate), shown
            tick += 1
        shown = pixels
    if shown is not None:
        yield float(tick / rate), shown


def _scaled(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
