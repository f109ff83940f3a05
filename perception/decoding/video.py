"""The pictures of a video, one after another. Runs in the decoding process."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from perception.decoding.container import VIDEO_CODECS, check_codec, is_cut, open_container, seconds
from perception.decoding.wire import Pipe
from perception.errors import MediaTooLarge, MediaTrackMissing, MediaUnreadable

_STILL = 0x0400  # AV_DISPOSITION_ATTACHED_PIC: a cover picture, not a video track
_HD_LINES = 720  # untagged video is BT.709 from here on, BT.601 below, as players assume
_QUALITY = "BICUBIC"
_CLOCK = 1e-6  # seconds by which two times may differ and be the same


def decode(source: BinaryIO, job: dict[str, Any], pipe: Pipe) -> None:
    """Send `info`, then a `frame` with its time for each (H, W, 3) uint8 picture, upright."""
    with open_container(source, job["reader"]) as container:
        stream = _video_track(container)
        check_codec(stream, VIDEO_CODECS, "picture")
        declared = seconds(stream.duration, stream.time_base)
        info = _info(container, stream, declared)
        _check(info, job)
        pictures = _pictures(container, stream, job)
        first = next(pictures, None)
        if first is None:
            raise MediaUnreadable("there is no picture in this file that can be decoded")
        size = (first.frame.width, first.frame.height)
        _check(info | {"width": size[0], "height": size[1]}, job)
        turned = _upright(np.empty(size[::-1]), first.frame.rotation)
        pipe.send("info", **(info | {"width": turned.shape[1], "height": turned.shape[0]}))
        end = _send(itertools.chain([first], pictures), size, job["every"], pipe)
        if is_cut(end, declared):
            raise MediaUnreadable(
                "the pictures end before the header says: the file was cut off, send it whole"
            )


def _video_track(container: Any) -> Any:
    for stream in container.streams.video:
        if not int(stream.disposition) & _STILL:
            return stream
    raise MediaTrackMissing("there is no picture track in this file")


def _info(container: Any, stream: Any, declared: float) -> dict[str, Any]:
    rate = stream.average_rate or stream.guessed_rate
    fps = float(rate) if rate else 0.0
    length = declared or (container.duration or 0) / av.time_base
    return {
        "width": stream.codec_context.width,
        "height": stream.codec_context.height,
        "fps": fps,
        "seconds": max(length, 0.0),
        "frames": stream.frames or round(max(length, 0.0) * fps),
        "has_sound": bool(container.streams.audio),
        "codec": stream.codec_context.name,
    }


def _check(info: dict[str, Any], job: dict[str, Any]) -> None:
    """What the header declares, before a picture is decoded."""
    width, height = info["width"], info["height"]
    if max(width, height) > job["side"]:
        raise _too_large("video_side", f"the pictures have {width} x {height} pixels", job["side"], "a side")
    if width * height > job["pixels"]:
        raise _too_large(
            "video_pixels", f"the pictures have {width} x {height} pixels", job["pixels"], "in all"
        )
    if info["seconds"] > job["seconds"]:
        raise _too_large(
            "video_seconds", f"the video lasts {info['seconds']:.0f} seconds", job["seconds"], "seconds"
        )
    if info["frames"] > job["frames"]:
        raise _too_large(
            "video_frames", f"the video has {info['frames']} pictures", job["frames"], "pictures"
        )


def _too_large(limit: str, what: str, most: float, unit: str) -> MediaTooLarge:
    return MediaTooLarge(f"{what}; at most {most:g} {unit} are accepted", limit=limit, most=most)


@dataclass(frozen=True)
class _Picture:
    """A decoded frame; times in seconds since the first one was shown."""

    at: float
    end: float
    frame: av.VideoFrame


def _pictures(container: Any, stream: Any, job: dict[str, Any]) -> Iterator[_Picture]:
    """What the decoder gives, within the limits."""
    start = float(stream.start_time * stream.time_base) if stream.start_time else 0.0
    step = 1 / float(stream.average_rate or 25)
    end = 0.0
    for count, frame in enumerate(container.decode(stream)):
        # A picture without a time stamp is shown when the one before ends.
        at = end if frame.pts is None else float(frame.pts * frame.time_base) - start
        end = at + (float(frame.duration * frame.time_base) if frame.duration else step)
        if at > job["seconds"]:
            raise _too_large("video_seconds", "the video is too long", job["seconds"], "seconds")
        if count >= job["frames"]:
            raise _too_large("video_frames", "the video has too many pictures", job["frames"], "pictures")
        yield _Picture(at, end, frame)


def _send(pictures: Iterable[_Picture], size: tuple[int, int], every: float, pipe: Pipe) -> float:
    """Send the pictures, at most one per `every` seconds, all of one size; when the last one ends."""
    due: float | None = None
    end = 0.0
    for picture in pictures:
        end = max(end, picture.end)
        if due is not None and picture.at < due - _CLOCK:
            continue
        # Due times stay on a grid: frames 0.04 s apart sampled every 0.1 s come 2 or 3 apart, 10 a second.
        due = picture.at + every if due is None or picture.at >= due + every else due + every
        pipe.send("frame", _upright(_rgb(picture.frame, size), picture.frame.rotation), time=picture.at)
    return end


def _rgb(frame: av.VideoFrame, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Full-range RGB by the frame's own matrix, or the customary one where it is not tagged."""
    matrix = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M", 9: "BT2020"}.get(
        frame.colorspace
    )
    if matrix is None:
        matrix = "ITU709" if frame.height >= _HD_LINES else "ITU601"
    width, height = size
    # One thread: this process may start no other.
    rgb = frame.reformat(width, height, "rgb24", src_colorspace=matrix, interpolation=_QUALITY, threads=1)
    return np.asarray(rgb.to_ndarray(), np.uint8)


def _upright(pixels: NDArray[Any], degrees: int) -> NDArray[Any]:
    """Turn by the display matrix, in quarters; FFmpeg counts it counter-clockwise."""
    return np.rot90(pixels, round(degrees / 90) % 4)
