"""Faithful copies: name -> how it is made. Everything travels as H.264 CRF 28 where nothing else is said."""

from collections.abc import Callable

import av
import av.filter
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.marks import edits
from bench.marks.video import FPS, Filter, Timed, Video, h264, through

Sound = NDArray[np.float32]  # mono
RATE = 48_000
Copy = Callable[[Video, Sound], tuple[Timed, Sound]]


def passed(*filters: Filter, crf: int = 28, out: float | None = None) -> Copy:
    """Through ffmpeg's filters."""
    return lambda video, sound: (through(video, *filters, codec=h264(crf), out=out), sound)


def drawn(change: Callable[[Video], Video]) -> Copy:
    """Through a change of the pictures."""
    return lambda video, sound: (through(change(video), codec=h264(28)), sound)


def levels(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Copy:
    """Through a curve on grey levels, the same for all channels."""
    curve = np.clip(change(np.arange(256.0)), 0, 255).astype(np.uint8)
    return drawn(lambda video: curve[video])


def cropped(part: float, x: float, y: float) -> Filter:
    """That part of the width and height; x, y: 0 left or top, 1 right or bottom."""
    return ("crop", f"trunc(iw*{part}/2)*2:trunc(ih*{part}/2)*2:(iw-ow)*{x}:(ih-oh)*{y}")


def sped(speed: float, keep_pitch: bool) -> Copy:
    """Faster or slower, sound and all."""

    def change(video: Video, sound: Sound) -> tuple[Timed, Sound]:
        return through(video, codec=h264(28), out=FPS * speed), at_speed(sound, speed, keep_pitch)

    return change


def at_speed(sound: Sound, speed: float, keep_pitch: bool) -> Sound:
    """Sound played faster, with or without its pitch (ffmpeg's atempo)."""
    if not keep_pitch:
        at = np.arange(int(len(sound) / speed)) * speed
        return np.asarray(np.interp(at, np.arange(len(sound)), sound), np.float32)
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="flt", layout="mono")
    graph.link_nodes(source, graph.add("atempo", str(speed)), graph.add("abuffersink")).configure()
    out: list[NDArray[np.float32]] = []
    for start in range(0, len(sound), RATE // 10):
        frame = av.AudioFrame.from_ndarray(
            sound[None, start : start + RATE // 10], format="flt", layout="mono"
        )
        frame.sample_rate, frame.pts = RATE, start
        graph.push(frame)
        out += _pulled(graph)
    graph.push(None)
    return np.concatenate([*out, *_pulled(graph)])


def _pulled(graph: av.filter.Graph) -> list[NDArray[np.float32]]:
    out: list[NDArray[np.float32]] = []
    while True:
        try:
            out.append(np.asarray(graph.pull().to_ndarray().ravel(), np.float32))
        except (BlockingIOError, EOFError):
            return out


def subtitled(video: Video) -> Video:
    """White text with a black rim, another every second and a half."""
    texts = ("and so it was said", "nobody knew about it", "the harbour was closed", "we will see")
    out = video.copy()
    height, width = video.shape[1:3]
    for k, frame in enumerate(out):
        image = Image.fromarray(frame)
        ImageDraw.Draw(image).text(
            (width * 0.12, height * 0.84), texts[(k // 37) % len(texts)], fill=(255, 255, 255),
            font_size=height * 0.07, stroke_width=2, stroke_fill=(0, 0, 0),
        )  # fmt: skip
        out[k] = np.asarray(image)
    return out


def covered(left: float, top: float, right: float, bottom: float) -> Callable[[Video], Video]:
    """A board of one colour over that part of the picture."""

    def change(video: Video) -> Video:
        out = video.copy()
        height, width = video.shape[1:3]
        out[:, int(top * height) : int(bottom * height), int(left * width) : int(right * width)] = (
            30,
            90,
            160,
        )
        return out

    return change


def turned(degrees: float) -> Filter:
    return ("rotate", f"{degrees}*PI/180")


MIRROR: Filter = ("hflip", "")
HALF: Filter = ("scale", "iw/2:ih/2")
COPIES: dict[str, Copy] = {
    "H.264 CRF 28": passed(),
    "CRF 33": passed(crf=33),
    "CRF 38": passed(crf=38),
    "resize 50 %": passed(HALF),
    "resize 25 %": passed(("scale", "iw/4:ih/4")),
    "resize 50 %, CRF 33": passed(HALF, crf=33),
    "crop 90 %": passed(cropped(0.9, 0.5, 0.5)),
    "crop 80 %": passed(cropped(0.8, 0.5, 0.5)),
    "crop 80 % left top": passed(cropped(0.8, 0, 0)),
    "crop 80 % right top": passed(cropped(0.8, 1, 0)),
    "crop 80 % left bottom": passed(cropped(0.8, 0, 1)),
    "crop 80 % right bottom": passed(cropped(0.8, 1, 1)),
    "crop 80 %, resize 50 %, CRF 33": passed(cropped(0.8, 0.5, 0.5), HALF, crf=33),
    "bars to 16:9": drawn(edits.letterboxed),
    "logo and caption": drawn(edits.captioned),
    "subtitles": drawn(subtitled),
    "board over 15 % at a corner": drawn(covered(0.0, 0.0, 0.39, 0.39)),
    "board over 15 % below": drawn(covered(0.0, 0.85, 1.0, 1.0)),
    "mirrored": passed(MIRROR),
    "mirrored, crop 80 %": passed(MIRROR, cropped(0.8, 0.3, 0.6)),
    "rotated 2": passed(turned(2)),
    "rotated -5": passed(turned(-5)),
    "rotated 4, crop 85 %": passed(turned(4), cropped(0.85, 0.5, 0.5)),
    "speed 0.8": sped(0.8, keep_pitch=False),
    "speed 0.8, pitch kept": sped(0.8, keep_pitch=True),
    "speed 0.9, pitch kept": sped(0.9, keep_pitch=True),
    "speed 1.1": sped(1.1, keep_pitch=False),
    "speed 1.25": sped(1.25, keep_pitch=False),
    "speed 1.25, pitch kept": sped(1.25, keep_pitch=True),
    "12 fps": passed(("fps", "12"), out=12.0),
    "15 fps": passed(("fps", "15"), out=15.0),
    "30 fps": passed(("fps", "30"), out=30.0),
    "60 fps": passed(("fps", "60"), out=60.0),
    "brighter": levels(lambda v: v * 1.2 + 10),
    "darker": levels(lambda v: v * 0.7),
    "flatter": levels(lambda v: v * 0.6 + 40),
    "contrast 1.5": levels(lambda v: (v - 128) * 1.5 + 128),
    "gamma 0.6": levels(lambda v: 255 * (v / 255) ** 0.6),
    "grey": passed(("hue", "s=0")),
    "hue 30": passed(("hue", "h=30")),
    "picture in picture 60 %": drawn(edits.inlaid(0.6)),
}
QUICK_COPIES = (
    "CRF 33",
    "crop 80 % left top",
    "mirrored",
    "rotated -5",
    "speed 1.25, pitch kept",
    "subtitles",
)
