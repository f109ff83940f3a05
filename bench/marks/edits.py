"""What editing programs and phones do to pictures: (T, H, W, 3) in, (T, H, W, 3) out."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.marks.video import Video

Pictures = Callable[[Video], Video]


def by_picture(change: Callable[[Image.Image], Image.Image]) -> Pictures:
    return lambda video: np.stack([np.asarray(change(Image.fromarray(f))) for f in video])


def letterboxed(video: Video) -> Video:
    """In the middle of a black page of 16:9."""
    count, height, width = video.shape[:3]
    page = np.zeros((count, height, round(max(height, width) * 16 / 9 / 2) * 2, 3), np.uint8)
    left = (page.shape[2] - width) // 2
    page[:, :, left : left + width] = video
    return page


def on_its_blur(width: int, height: int) -> Pictures:
    """As wide as the page, above and beneath (or at the sides) the blurred clip itself."""

    def change(frame: Image.Image) -> Image.Image:
        small = frame.resize((16, 16), Image.Resampling.BOX)
        page = small.resize((width, height), Image.Resampling.BICUBIC)
        part = min(width / frame.width, height / frame.height)
        shown = (round(frame.width * part), round(frame.height * part))
        fitted = frame if shown == frame.size else frame.resize(shown, Image.Resampling.BICUBIC)
        page.paste(fitted, ((width - shown[0]) // 2, (height - shown[1]) // 2))
        return page

    return by_picture(change)


def inlaid(part: float) -> Pictures:
    """Picture in picture: smaller, off the centre, on a moving gradient."""

    def change(video: Video) -> Video:
        count, height, width = video.shape[:3]
        small = (round(width * part), round(height * part))
        top, left = round((height - small[1]) * 0.6), round((width - small[0]) * 0.5)
        ramp = np.asarray(Image.linear_gradient("L").resize((width, height)).convert("RGB"))
        page = np.stack([np.roll(ramp, 2 * i, axis=0) for i in range(count)])
        for i, frame in enumerate(video):
            resized = Image.fromarray(frame).resize(small, Image.Resampling.BICUBIC)
            page[i, top : top + small[1], left : left + small[0]] = np.asarray(resized)
        return page

    return change


def captioned(video: Video) -> Video:
    """Two lines of text on a dark bar that lets a quarter through, and a logo in a corner."""
    height, width = video.shape[1:3]
    layer = Image.new("RGBA", (width, height))
    pen = ImageDraw.Draw(layer)
    pen.rectangle((0, height * 0.8, width, height * 0.94), fill=(10, 10, 10, 190))
    for line, text in enumerate(("and this is what was said about it", "in the harbour museum yesterday")):
        pen.text(
            (width * 0.1, height * (0.81 + 0.06 * line)),
            text,
            fill=(255, 255, 255, 255),
            font_size=height * 0.045,
        )
    pen.ellipse((width * 0.84, width * 0.03, width * 0.97, width * 0.16), fill=(220, 40, 40, 255))
    drawn = np.asarray(layer, np.float32)
    alpha, colour = drawn[..., 3:] / 255, drawn[..., :3]
    shown = [frame * (1 - alpha) + colour * alpha for frame in video]
    return np.stack([np.round(f).astype(np.uint8) for f in shown])


def cut_out(part: float) -> Pictures:
    """A grey board over that part of the area, in the middle."""

    def change(video: Video) -> Video:
        covered = video.copy()
        height, width = video.shape[1:3]
        high, wide = round(height * part**0.5), round(width * part**0.5)
        top, left = (height - high) // 2, (width - wide) // 2
        covered[:, top : top + high, left : left + wide] = 128
        return covered

    return change


def noisy(sigma: float) -> Pictures:
    """Gaussian noise in grey levels, another for each frame and channel."""

    def change(video: Video) -> Video:
        rng = np.random.default_rng(7)
        pool = rng.normal(0, sigma, (2, *video.shape[1:])).astype(np.float32)
        noisy_ = np.empty_like(video)
        for i, frame in enumerate(video):  # two fields laid at random on another are new ones
            one, two = (
                np.roll(field, tuple(rng.integers(0, field.shape[0], 2)), axis=(0, 1)) for field in pool
            )
            noisy_[i] = np.clip(np.round(frame + (one + two) / np.sqrt(2)), 0, 255)
        return noisy_

    return change


def gif(video: Video) -> Video:
    """Three quarters of the size, 255 colours chosen for each frame, dithered."""

    def change(frame: Image.Image) -> Image.Image:
        small = frame.resize((frame.width * 3 // 4, frame.height * 3 // 4), Image.Resampling.BICUBIC)
        return small.quantize(255, Image.Quantize.FASTOCTREE, dither=Image.Dither.FLOYDSTEINBERG).convert(
            "RGB"
        )

    return by_picture(change)(video)


Corners = Sequence[tuple[float, float]]


def seen_askew(shift: float) -> Corners:
    """Where a camera that stands a little aside sees the corners; parts of the frame, from the left above."""
    return (
        (shift, 0.6 * shift),
        (1 - 0.4 * shift, -0.3 * shift),
        (1 - shift, 1 - 0.5 * shift),
        (0.3 * shift, 1 + 0.4 * shift),
    )


def perspective(corners: Corners) -> Pictures:
    """The picture's corners come to lie at `corners`; black beyond it."""

    def change(video: Video) -> Video:
        height, width = video.shape[1:3]
        target = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
        back = _homography(np.array(corners, float), target)
        y, x = np.meshgrid(
            (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij"
        )
        at = np.stack([x, y, np.ones_like(x)], axis=-1) @ back.T
        grid = torch.from_numpy((at[..., :2] / at[..., 2:] * 2 - 1).astype(np.float32))[None]
        warped = np.empty_like(video)
        for i, frame in enumerate(video):
            source = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
            moved = torch.nn.functional.grid_sample(source, grid, mode="bilinear", align_corners=False)
            warped[i] = moved[0].round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
        return warped

    return change


def moire(video: Video) -> Video:
    """What a camera's grid makes of a screen's: fine stripes, slanted, that beat and crawl."""
    height, width = video.shape[1:3]
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    striped = np.empty_like(video)
    for i, frame in enumerate(video):
        beat = np.sin(2 * np.pi * (x * 0.31 + y * 0.02) + 0.2 * i) + np.sin(2 * np.pi * y * 0.29 - 0.3 * i)
        gain = (1 + 0.02 * beat).astype(np.float32)[..., None]
        striped[i] = np.clip(np.round(frame * gain), 0, 255)
    return striped


def _homography(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) that takes four points to four others."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1.0).reshape(3, 3)
