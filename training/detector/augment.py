"""What happens to clips on their way: the same for recordings and fakes."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Journey:
    """One clip's way.

    Attributes:
        first: CRF of the file that the camera or the generator wrote.
        scale: resize in between.
        gain, offset: of brightness, values 0..1.
        crf, preset: of the file that is looked at.
    """

    first: int
    scale: float
    gain: float
    offset: float
    crf: int
    preset: str


def some_journey(rng: np.random.Generator) -> Journey:
    """CRF 18 to 40, half to full size, brightness changed a little."""
    return Journey(
        first=int(rng.choice([10, 16, 20, 23])),
        scale=float(rng.choice([1.0, 1.0, 1.0, 0.75, 0.6, 0.5])),
        gain=float(rng.uniform(0.9, 1.1)), offset=float(rng.uniform(-0.03, 0.03)),
        crf=int(rng.integers(18, 37) if rng.random() < 0.9 else rng.integers(36, 41)),
        preset=str(rng.choice(["superfast", "veryfast", "fast"])),
    )  # fmt: skip


def travel(frames: list[Floats], way: Journey) -> list[Pixels]:
    """Frames of (H, W, 3), 0..1, as a viewer decodes them."""
    pixels = [np.clip((f * way.gain + way.offset) * 255 + 0.5, 0, 255).astype(np.uint8) for f in frames]
    pixels = through(pixels, way.first, "superfast")
    if way.scale != 1.0:
        side = 32 * round(pixels[0].shape[0] * way.scale / 32)
        pixels = [
            np.asarray(Image.fromarray(p).resize((side, side), Image.Resampling.BICUBIC)) for p in pixels
        ]
    return through(pixels, way.crf, way.preset)


def through(frames: list[Pixels], crf: int, preset: str) -> list[Pixels]:
    """H.264 and back."""
    height, width = frames[0].shape[:2]
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.thread_count = Fraction(1, 25), 1
    encoder.options = {"crf": str(crf), "preset": preset}
    packets = []
    for index, frame in enumerate(frames):
        picture = VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24").reformat(format="yuv420p")
        picture.pts = index
        packets += encoder.encode(picture)
    packets += encoder.encode(None)
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    shown = [picture for packet in packets for picture in decoder.decode(packet)]
    shown += decoder.decode(None)
    return [np.asarray(picture.to_ndarray(format="rgb24"), np.uint8) for picture in shown]
