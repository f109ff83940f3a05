"""Talking portraits and their sound for the fingerprint's tests: drawn, moved by noise, coded."""

import io
from collections.abc import Iterator
from functools import cache

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter1d, map_coordinates

from perception.audio import Speech
from service.demo.characters import draw
from service.demo.make_speech import FOLDER, read

Frames = list[NDArray[np.uint8]]
Timed = list[tuple[float, NDArray[np.uint8]]]
FPS, SECONDS, SIDE = 25, 8, 192


@cache
def talking(name: str, seed: int) -> Frames:
    """Eight seconds of a drawn portrait whose head drifts and whose mouth moves."""
    rng, count = np.random.default_rng(seed), SECONDS * FPS
    picture = draw(name, SIDE).astype(np.float32)
    unit, cx, cy = 0.172 * SIDE, 0.5 * SIDE, 0.425 * SIDE

    def drift(seconds: float, size: float) -> NDArray[np.float64]:
        walk = gaussian_filter1d(rng.standard_normal(count + 100), seconds * FPS)[50:-50]
        return np.asarray(walk / walk.std() * size)

    right, down, roll = drift(0.4, 0.10) * unit, drift(0.4, 0.06) * unit, drift(0.5, 0.03)
    mouth = np.abs(drift(0.07, 0.10)) * unit * (drift(0.5, 1.0) > -0.5)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    away = ((x - cx) / (1.5 * unit)) ** 2 + ((y - cy - 0.2 * unit) / (2.2 * unit)) ** 2
    head = np.exp(-1.5 * np.maximum(away - 0.5, 0))
    lips = np.exp(-(((x - cx) / (0.45 * unit)) ** 2) - ((y - cy - 1.25 * unit) / (0.35 * unit)) ** 2)
    frames = []
    for k in range(count):
        sx = x - head * (right[k] - roll[k] * (y - cy))
        sy = y - head * (down[k] + roll[k] * (x - cx)) - lips * mouth[k] * np.sign(y - cy - 1.15 * unit) * 0.5
        layers = [map_coordinates(picture[..., c], [sy, sx], order=1, mode="nearest") for c in range(3)]
        frames.append(np.stack(layers, -1).astype(np.uint8))
    return frames


@cache
def speech(name: str) -> Speech:
    samples = read(FOLDER / f"{name}.flac")
    return Speech(
        np.interp(np.arange(SECONDS * 48000) / 3, np.arange(len(samples)), samples).astype(np.float32)
    )


def timed(frames: Frames, fps: float = FPS) -> Timed:
    return [(k / fps, pixels) for k, pixels in enumerate(frames)]


def transcoded(
    frames: Frames, *, crf: int = 28, fps: int = FPS, scale: float = 1.0
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """The frames after H.264."""
    side = int(SIDE * scale) // 2 * 2
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": str(crf), "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        for pixels in frames:
            small = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(small, format="rgb24")))
        container.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer) as container:
        for frame in container.decode(video=0):
            yield float(frame.time), frame.to_ndarray(format="rgb24")


def spliced(samples: NDArray[np.float32], *pieces: tuple[Speech, float, float]) -> Speech:
    """Sound put together from (speech, start, end) pieces; `samples` come first."""
    cut = [one.samples[round(a * 48000) : round(b * 48000)] for one, a, b in pieces]
    return Speech(np.concatenate([samples, *cut]))


NOTHING = np.zeros(0, np.float32)
