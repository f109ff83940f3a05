"""`python -m bench watermark [--videos DIR] [--quick] [--seconds S]`: attacks x watermarkers.

Every watermarker marks the same clips and reads its payload back after each attack; only the exact
payload counts. Peers are `invisible-watermark` (dwtDct and dwtDctSvd, 64 bits, majority over frames) and
`blind-watermark` (64 bits, one frame in ten); those that are not installed in this interpreter are listed
as such. Pixel attacks are followed by H.264 CRF 23, since no attacked clip travels raw.
"""

import argparse
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib import metadata, util
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from perception.video import open_video
from safety.watermark import open_watermark
from service.demo.characters import CHARACTERS, draw

SIZE, FPS = 512, 25.0
RECORD = bytes.fromhex("00112233445566778899aabb")
KEY = bytes(range(32))

Video = NDArray[np.uint8]  # (T, H, W, 3) RGB
Timed = tuple[Video, float]  # with frames per second
Attack = Callable[[Video], Timed]


class Marker(Protocol):
    """A watermarker: marks a clip, and says whether it reads that mark in another."""

    def mark(self, video: Video) -> Video: ...

    def reads(self, video: Video, fps: float) -> bool: ...


# --- clips ---------------------------------------------------------------------------------------


def clips(folder: Path | None, seconds: float) -> Iterator[tuple[str, Video]]:
    """The first seconds of the videos in a folder, or drawn characters that sway, nod and speak."""
    count = round(seconds * FPS)
    if folder is not None:
        for path in sorted(
            p for p in folder.iterdir() if p.suffix in (".mp4", ".mov", ".mkv", ".webm", ".avi")
        ):
            with open_video(path) as video:
                yield (
                    path.name,
                    np.stack([frame for _, (_, frame) in zip(range(count), video.frames(), strict=False)]),
                )
        return
    for number, name in enumerate(CHARACTERS):
        yield name, sway(draw(name, SIZE), count, seed=number)


def sway(picture: NDArray[np.uint8], count: int, seed: int) -> Video:
    """A still that moves like a talking portrait: head and mouth move, the backdrop stands."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, 4)
    y, x = torch.meshgrid(torch.linspace(-1, 1, SIZE), torch.linspace(-1, 1, SIZE), indexing="ij")
    head = torch.exp(-(((x / 0.55) ** 2 + (y / 0.65) ** 2) ** 2))
    mouth = torch.exp(-((x / 0.18) ** 2 + ((y - 0.3) / 0.12) ** 2)) * torch.sign(y - 0.3)
    source = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float()
    frames = np.empty((count, SIZE, SIZE, 3), np.uint8)
    for i in range(count):
        t = i / FPS
        turn, dx, dy = (
            a * np.sin(w * t + p) for a, w, p in zip((0.05, 0.03, 0.02), (1.3, 0.9, 1.1), phase, strict=False)
        )
        opened = 0.03 * max(0.0, float(np.sin(14 * t + phase[3])))
        grid = torch.stack([x + head * (dx - turn * y), y + head * (dy + turn * x) - opened * mouth], -1)
        moved = torch.nn.functional.grid_sample(
            source, grid[None].float(), mode="bicubic", padding_mode="border", align_corners=False
        )
        frames[i] = moved[0].clamp(0, 255).round().byte().permute(1, 2, 0).numpy()
    return frames


# --- attacks -------------------------------------------------------------------------------------


def codec(video: Video, fps: float = FPS, name: str = "libx264", **options: str) -> Timed:
    """Through an encoder and back."""
    buffer = io.BytesIO()
    height, width = (side // 2 * 2 for side in video.shape[1:3])
    with av.open(buffer, "w", format="matroska") as out:
        stream = out.add_stream(name, rate=Fraction(fps).limit_denominator(1001), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in video:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:height, :width]), "rgb24")
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer) as file:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]), fps


def h264(video: Video, crf: int, fps: float = FPS) -> Timed:
    return codec(video, fps, crf=str(crf), preset="veryfast")


def each(change: Callable[[Image.Image], Image.Image], crf: int = 23) -> Attack:
    """An attack on pictures, followed by H.264."""
    return lambda video: h264(np.stack([np.asarray(change(Image.fromarray(f))) for f in video]), crf)


def levels(change: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Attack:
    """An attack on values 0..1, followed by H.264."""

    def attack(video: Video) -> Timed:
        changed = [
            np.clip(change(f.astype(np.float32) / 255) * 255 + 0.5, 0, 255).astype(np.uint8) for f in video
        ]
        return h264(np.stack(changed), 23)

    return attack


def scaled(part_x: float, part_y: float, crf: int = 23) -> Attack:
    return each(
        lambda f: f.resize((round(f.width * part_x), round(f.height * part_y)), Image.Resampling.BICUBIC), crf
    )


def cropped(part: float, crf: int = 23) -> Attack:
    def cut(frame: Image.Image) -> Image.Image:
        w, h = round(frame.width * part), round(frame.height * part)
        left, top = (frame.width - w) // 2, (frame.height - h) // 2
        return frame.crop((left, top, left + w, top + h))

    return each(cut, crf)


def letterboxed(frame: Image.Image) -> Image.Image:
    page = Image.new("RGB", (round(frame.width * 16 / 9), frame.height))
    page.paste(frame, ((page.width - frame.width) // 2, 0))
    return page


def captioned(frame: Image.Image) -> Image.Image:
    frame = frame.copy()
    frame.paste((240, 240, 240), (0, round(frame.height * 0.82), frame.width, round(frame.height * 0.94)))
    frame.paste((220, 40, 40), (8, 8, 88, 56))
    return frame


def inlaid(frame: Image.Image) -> Image.Image:
    page = Image.linear_gradient("L").resize(frame.size).convert("RGB")
    small = frame.resize((round(frame.width * 0.6), round(frame.height * 0.6)), Image.Resampling.BICUBIC)
    page.paste(small, (frame.width // 5, frame.height // 4))
    return page


def turned(degrees: float) -> Attack:
    return each(lambda f: f.rotate(degrees, Image.Resampling.BICUBIC))


def noisy(sigma: float) -> Attack:
    rng = np.random.default_rng(7)
    return levels(lambda f: f + rng.normal(0, sigma / 255, f.shape).astype(np.float32))


def chain(video: Video) -> Timed:
    """What a social network does: 480 lines, 30 frames a second, hard compression."""
    times = np.arange(0, len(video) / FPS, 1 / 30)
    again = video[np.minimum((times * FPS).astype(int), len(video) - 1)]
    small = [np.asarray(Image.fromarray(f).resize((480, 480), Image.Resampling.BICUBIC)) for f in again]
    return h264(np.stack(small), 30, 30.0)


HEVC = {"crf": "28", "preset": "fast", "x265-params": "log-level=none"}
VP9 = {"crf": "36", "b": "0", "deadline": "realtime", "cpu-used": "6"}
ATTACKS: dict[str, Attack] = {
    "identity": lambda v: (v, FPS),
    "h264 crf 18": lambda v: h264(v, 18),
    "h264 crf 23": lambda v: h264(v, 23),
    "h264 crf 28": lambda v: h264(v, 28),
    "h264 crf 33": lambda v: h264(v, 33),
    "h264 crf 38": lambda v: h264(v, 38),
    "h264 150 kbit/s": lambda v: codec(v, b="150000"),
    "h264 twice": lambda v: h264(h264(v, 26)[0], 28),
    "hevc crf 28": lambda v: codec(v, name="libx265", **HEVC),
    "vp9 crf 36": lambda v: codec(v, name="libvpx-vp9", **VP9),
    "av1 crf 40": lambda v: codec(v, name="libsvtav1", crf="40", preset="10"),
    "mpeg4 q10": lambda v: codec(v, name="mpeg4", qmin="10", qmax="10"),
    "resize 75 % + crf 28": scaled(0.75, 0.75, 28),
    "resize 50 %": scaled(0.5, 0.5),
    "resize 33 %": scaled(1 / 3, 1 / 3),
    "resize 150 %": scaled(1.5, 1.5),
    "stretched 120 x 100 %": scaled(1.2, 1.0),
    "crop 90 %": cropped(0.9),
    "crop 75 %": cropped(0.75),
    "crop 75 % + crf 28": cropped(0.75, 28),
    "crop 50 %": cropped(0.5),
    "letterbox 16:9": each(letterboxed),
    "picture in picture 60 %": each(inlaid),
    "rotate 1": turned(1),
    "rotate 2": turned(2),
    "rotate 5": turned(5),
    "mirror": each(lambda f: f.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "caption and logo": each(captioned),
    "brightness +15 %": levels(lambda f: f * 1.15),
    "brightness -15 %": levels(lambda f: f * 0.85),
    "contrast 0.6": levels(lambda f: (f - 0.5) * 0.6 + 0.5),
    "contrast 1.5": levels(lambda f: (f - 0.5) * 1.5 + 0.5),
    "gamma 0.6": levels(lambda f: f**0.6),
    "gamma 1.6": levels(lambda f: f**1.6),
    "saturation 0": each(lambda f: f.convert("L").convert("RGB")),
    "hue turned": each(lambda f: Image.merge("RGB", f.split()[1:] + f.split()[:1])),
    "inverted": levels(lambda f: 1 - f),
    "blur 1": each(lambda f: f.filter(ImageFilter.GaussianBlur(1))),
    "blur 2": each(lambda f: f.filter(ImageFilter.GaussianBlur(2))),
    "sharpened": each(lambda f: f.filter(ImageFilter.UnsharpMask(2, 150, 2))),
    "noise 5": noisy(5),
    "noise 15": noisy(15),
    "median 3": each(lambda f: f.filter(ImageFilter.MedianFilter(3))),
    "25 to 12.5 fps": lambda v: h264(v[::2], 23, 12.5),
    "25 to 15 fps": lambda v: h264(v[(np.arange(0, len(v) / FPS, 1 / 15) * FPS).astype(int)], 23, 15.0),
    "25 to 30 fps": lambda v: h264(v[(np.arange(0, len(v) / FPS, 1 / 30) * FPS).astype(int)], 23, 30.0),
    "10 % of frames dropped": lambda v: h264(v[np.random.default_rng(3).random(len(v)) > 0.1], 23),
    "1 s cut out": lambda v: h264(np.concatenate([v[: len(v) // 3], v[len(v) // 3 + 25 :]]), 23),
    "first 2 s": lambda v: h264(v[:50], 23),
    "first 2 s, 75 %, crf 28": lambda v: scaled(0.75, 0.75, 28)(v[:50]),
    "speed 1.1": lambda v: h264(v, 23, FPS * 1.1),
    "reversed": lambda v: h264(v[::-1], 23),
    "mean of 5 frames": lambda v: h264(ndimage.uniform_filter1d(v, 5, axis=0), 23),
    "social network": chain,
    "social network twice": lambda v: chain(chain(v)[0]),
}  # fmt: skip
QUICK = (
    "identity",
    "h264 crf 28",
    "resize 75 % + crf 28",
    "crop 75 %",
    "rotate 2",
    "mirror",
    "social network",
)


# --- watermarkers --------------------------------------------------------------------------------


class Ours:
    """safety.watermark: 96 bits."""

    def __init__(self) -> None:
        self._watermark = open_watermark([KEY])

    def mark(self, video: Video) -> Video:
        height, width = video.shape[1:3]
        embedder = self._watermark.embedder(RECORD, width=width, height=height, fps=FPS)
        return np.stack([embedder.embed(frame) for frame in video])

    def reads(self, video: Video, fps: float) -> bool:
        return self._watermark.extract((i / fps, frame) for i, frame in enumerate(video)).payload == RECORD


class InvisibleWatermark:
    """invisible-watermark, 64 bits in every frame, read by majority."""

    def __init__(self, method: str) -> None:
        self._method = method

    def mark(self, video: Video) -> Video:
        from imwatermark import WatermarkEncoder

        encoder = WatermarkEncoder()
        encoder.set_watermark("bytes", RECORD[:8])
        return np.stack([encoder.encode(frame[..., ::-1], self._method)[..., ::-1] for frame in video])

    def reads(self, video: Video, fps: float) -> bool:
        from imwatermark import WatermarkDecoder

        decoder = WatermarkDecoder("bits", 64)
        votes = np.mean([decoder.decode(frame[..., ::-1], self._method) for frame in video], axis=0)
        return np.packbits(votes > 0.5).tobytes() == RECORD[:8]


class BlindWatermark:
    """blind-watermark, 64 bits, one frame in ten (it takes a second for each)."""

    def mark(self, video: Video) -> Video:
        from blind_watermark import WaterMark

        marked = video.copy()
        for i in range(0, len(video), 10):
            tool = WaterMark(password_img=1, password_wm=1)
            tool.read_img(img=video[i][..., ::-1].astype(np.float32))
            tool.read_wm(list(np.unpackbits(np.frombuffer(RECORD[:8], np.uint8)).astype(bool)), mode="bit")
            marked[i] = np.clip(tool.embed()[..., ::-1], 0, 255).astype(np.uint8)
        return marked

    def reads(self, video: Video, fps: float) -> bool:
        from blind_watermark import WaterMark

        votes = []
        for frame in video[::10]:
            tool = WaterMark(password_img=1, password_wm=1)
            votes.append(tool.extract(embed_img=frame[..., ::-1].astype(np.float32), wm_shape=64, mode="bit"))
        return np.packbits(np.mean(votes, axis=0) > 0.5).tobytes() == RECORD[:8]


@dataclass(frozen=True)
class Entrant:
    distribution: str
    module: str
    make: Callable[[], Marker]


ENTRANTS = {
    "ours (96 bits)": Entrant("sitter", "safety", Ours),
    "invisible-watermark dwtDct (64 bits)": Entrant(
        "invisible-watermark", "imwatermark", lambda: InvisibleWatermark("dwtDct")
    ),
    "invisible-watermark dwtDctSvd (64 bits)": Entrant(
        "invisible-watermark", "imwatermark", lambda: InvisibleWatermark("dwtDctSvd")
    ),
    "blind-watermark (64 bits)": Entrant("blind-watermark", "blind_watermark", BlindWatermark),
}  # fmt: skip


# --- the table -----------------------------------------------------------------------------------


def run(argv: list[str]) -> dict[str, Any]:
    """The table: for each watermarker quality, speed and, by attack, the share of clips read."""
    parser = argparse.ArgumentParser(prog="python -m bench watermark")
    parser.add_argument("--videos", type=Path, help="a folder of clips; without it drawn characters are used")
    parser.add_argument("--quick", action="store_true", help="a few attacks and one clip")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each clip")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    attacks = {name: ATTACKS[name] for name in (QUICK if options.quick else ATTACKS)}
    videos = list(clips(options.videos, options.seconds))[: 1 if options.quick else None]
    rows = {name: _measure(entrant, videos, attacks) for name, entrant in ENTRANTS.items()}
    ours = rows.pop("ours (96 bits)")
    best = max((row["recovered"] for row in rows.values() if "recovered" in row), default=None)
    return {
        "clips": [name for name, _ in videos],
        "attacks": list(attacks),
        "ours": ours,
        "peers": rows,
        "ratio": None if not best else ours["recovered"] / best,
    }


def _measure(entrant: Entrant, videos: list[tuple[str, Video]], attacks: dict[str, Attack]) -> dict[str, Any]:
    if util.find_spec(entrant.module) is None:
        return {"status": "not installed"}
    marker, read, quality, marking, reading = entrant.make(), dict.fromkeys(attacks, 0), [], [], []
    for _, video in videos:
        started = time.perf_counter()
        marked = marker.mark(video)
        marking.append(len(video) / (time.perf_counter() - started))
        quality.append(compare(video, marked))
        for name, attack in attacks.items():
            attacked, fps = attack(marked)
            started = time.perf_counter()
            read[name] += marker.reads(attacked, fps)
            reading.append(len(attacked) / (time.perf_counter() - started))
    return {
        "version": metadata.version(entrant.distribution),
        "psnr_luma_db": [round(psnr, 2) for psnr, _, _ in quality],
        "ssim_luma": [round(ssim, 4) for _, ssim, _ in quality],
        "flicker": [round(flicker, 4) for _, _, flicker in quality],
        "mark_fps": round(float(np.median(marking)), 1),
        "read_fps": {"median": round(float(np.median(reading)), 1), "slowest": round(min(reading), 1)},
        "recovered": sum(read.values()) / (len(attacks) * len(videos)),
        "by_attack": {name: count / len(videos) for name, count in read.items()},
    }


def compare(video: Video, marked: Video) -> tuple[float, float, float]:
    """PSNR and SSIM of luma, and flicker: deviation of the mark's change between frames, in grey levels."""
    weights = np.array([0.2126, 0.7152, 0.0722], np.float32)
    error, similar, change, before = [], [], [], None
    for i in range(0, len(video), 5):
        a, b = video[i] @ weights, marked[i] @ weights
        error.append(float(np.mean((a - b) ** 2)))
        similar.append(ssim(a, b))
        if i + 1 < len(video):
            before = b - a
            change.append(float(np.std(marked[i + 1] @ weights - video[i + 1] @ weights - before)))
    return (
        10 * np.log10(255**2 / max(np.mean(error), 1e-9)),
        float(np.mean(similar)),
        float(np.mean(change or [0])),
    )


def ssim(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Wang et al. 2004: Gaussian window of 1.5 pixels, K1 = 0.01, K2 = 0.03."""

    def smooth(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return ndimage.gaussian_filter(x, 1.5, truncate=3.5)

    mean_a, mean_b = smooth(a), smooth(b)
    spread = smooth(a * a) - mean_a**2 + smooth(b * b) - mean_b**2
    together = smooth(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(
        np.mean(
            (2 * mean_a * mean_b + c1) * (2 * together + c2) / ((mean_a**2 + mean_b**2 + c1) * (spread + c2))
        )
    )
