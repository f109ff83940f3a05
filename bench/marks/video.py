"""Clips as arrays, through ffmpeg's filters and encoders and back."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import av
import av.filter
import numpy as np
from numpy.typing import NDArray

from perception.encoding import same_priority

FPS = 25.0

Video = NDArray[np.uint8]  # (T, H, W, 3) RGB
Timed = tuple[Video, float]  # with frames per second
Attack = Callable[[Video], Timed]  # from a clip of FPS
Filter = tuple[str, str]  # of ffmpeg: name, arguments


@dataclass(frozen=True)
class Codec:
    """An encoder of ffmpeg and its options."""

    name: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def there(self) -> bool:
        """Whether this build of PyAV has it."""
        try:
            av.codec.Codec(self.name, "w")
        except av.codec.codec.UnknownCodecError:
            return False
        return True


def h264(crf: int) -> Codec:
    return Codec("libx264", {"crf": str(crf), "preset": "veryfast"})


EVEN: tuple[Filter, ...] = (("crop", "trunc(iw/2)*2:trunc(ih/2)*2:0:0"), ("format", "yuv420p"))


def through(
    video: Video, *filters: Filter, codec: Codec | None = None, fps: float = FPS, out: float | None = None
) -> Timed:
    """A clip after filters and an encoder (H.264 CRF 23 where none is named), decoded again.

    Args:
        fps: of the clip that goes in.
        out: of the one that comes out, where filters or a changed speed make it another.
    """
    rate = fps if out is None else out
    codec = codec or h264(23)
    buffer = io.BytesIO()
    with same_priority(), av.open(buffer, "w", format="matroska") as file:
        stream = file.add_stream(
            codec.name, rate=Fraction(rate).limit_denominator(1001), options=dict(codec.options)
        )
        stream.pix_fmt = "yuv420p"
        for number, frame in enumerate(filtered(video, (*filters, *EVEN), fps)):
            if number == 0:
                stream.width, stream.height = frame.width, frame.height
            frame.pts, frame.time_base = number, 1 / Fraction(rate).limit_denominator(1001)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer) as file:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]), rate


def filtered(video: Video, filters: Sequence[Filter], fps: float = FPS) -> Iterator[av.VideoFrame]:
    """The frames that ffmpeg's filters make of a clip, one chain."""
    graph = av.filter.Graph()
    height, width = video.shape[1:3]
    base = 1 / Fraction(fps).limit_denominator(1001)
    nodes = [graph.add_buffer(width=width, height=height, format="rgb24", time_base=base)]
    nodes += [graph.add(name, arguments) for name, arguments in filters]
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    for number, pixels in enumerate(video):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
        frame.pts, frame.time_base = number, base
        graph.push(frame)
        yield from _ready(graph)
    graph.push(None)
    yield from _ready(graph)


def _ready(graph: av.filter.Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (BlockingIOError, EOFError):
            return


def each(change: Callable[[Video], Video], codec: Codec | None = None) -> Attack:
    """An attack that changes the pictures, then encodes."""
    return lambda video: through(change(video), codec=codec)


def levels(
    change: Callable[[NDArray[np.float32]], NDArray[np.float32]], codec: Codec | None = None
) -> Attack:
    """An attack by a curve on values 0..1, the same for all pixels, then encoded."""
    curve = change(np.linspace(0, 1, 256, dtype=np.float32)).clip(0, 1)
    table = np.round(curve * 255).astype(np.uint8)
    return lambda video: through(table[video], codec=codec)
