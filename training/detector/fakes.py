"""Self-made fakes: six ways in which a face's pixels come about other than by a camera in front of it.

Each takes a scene, whose motion it shares with a recording of it, and gives its frames and, of each place of
`safety.detector.network.patches.PLACES`, whether its pixels are made: 1, filmed: 0, or neither clearly: -1.
Self-blending is the idea of Shiohara and Yamasaki (CVPR 2022); the code is the project's own.
"""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn import functional as F

from training.detector.camera import Camera, blurred, expose, film, reduced, sharpened, some_camera
from training.detector.scene import Filmed, displaced, sample, wander
from training.detector.sources import SIZE

Floats = NDArray[np.floating[Any]]
Made = tuple[list[Floats], dict[str, int]]
EVERYWHERE = dict.fromkeys(("mouth", "eyes", "right", "left", "chin"), 1)


def photograph(scene: Filmed, size: int, rng: np.random.Generator) -> Floats:
    """The still: one exposure of the first frame, kept as JPEG: (side, side, 3) float32, 0..1."""
    camera = some_camera(rng)
    side = 2 * round(size * float(rng.uniform(1.0, 2.0)) / 2)
    picture = sharpened(expose(scene.render(0, side), camera, 1.0, rng), camera.sharpens)
    return jpeg(torch.clamp(picture, 0, 1).permute(1, 2, 0).numpy(), rng)


def jpeg(picture: Floats, rng: np.random.Generator) -> Floats:
    """(H, W, 3), 0..1, through a JPEG of some quality."""
    held = io.BytesIO()
    pixels = Image.fromarray((picture * 255).astype(np.uint8))
    pixels.save(held, "JPEG", quality=int(rng.integers(70, 97)))
    return np.asarray(Image.open(held), np.float32) / 255


def warped_still(scene: Filmed, size: int, rng: np.random.Generator) -> Made:
    """A still that is pulled about by a smooth field; a painted hole opens in the mouth."""
    return _warped(scene, photograph(scene, size, rng), size, rng), EVERYWHERE


def _warped(scene: Filmed, still: Floats, size: int, rng: np.random.Generator) -> list[Floats]:
    held = torch.from_numpy(np.ascontiguousarray(still)).permute(2, 0, 1)[None]
    x, y = scene.grid(size)
    far, view, m = scene.source.eye_distance, scene.view, scene.motion
    mode = str(rng.choice(["bilinear", "bicubic"]))
    left, top = (view.x - view.side / 2) * SIZE, (view.y - view.side / 2) * SIZE
    held_u, held_v = displaced(m, 0, x, y)
    paints = bool(rng.random() < 0.6)
    frames = []
    for index in range(len(m)):
        u, v = displaced(m, index, x, y)
        at_x = x + (u - held_u) + m.camera[0, 0]
        at_y = y + (v - held_v) + m.camera[0, 1]
        to = 1 / view.side
        frame = sample(
            held, (at_x * far + scene.source.eyes[0] - left) * to,
            (at_y * far + scene.source.eyes[1] - top) * to, mode,
        ).numpy()  # fmt: skip
        if paints:
            hole = np.exp(-((u / 0.33) ** 4)) * np.exp(-(((v - 1.1) / (0.02 + 0.5 * m.jaw[index])) ** 4))
            hole = (hole * min(1.0, 12 * m.jaw[index]))[..., None]
            frame = frame * (1 - hole) + hole * np.array([0.25, 0.1, 0.1])
        frames.append(np.clip(frame, 0, 1).astype(np.float32))
    return frames


def decoded(scene: Filmed, size: int, rng: np.random.Generator) -> Made:
    """Every frame comes out of a decoder: few numbers for each block, enlarged by a learnt-like kernel."""
    step = int(rng.choice([2, 4, 4, 8]))
    side = step * (size // step)
    kernel = _random_kernel(step, rng)
    wobble = float(rng.uniform(0.0, 0.05))
    coarse = float(rng.uniform(0.0, 0.02))
    own = _bottleneck(step, rng)
    frames = []
    for index in range(len(scene.motion)):
        picture = scene.render(index, side).permute(2, 0, 1)
        picture = own(blurred(picture, 0.4 * step**0.5), wobble, coarse, rng)
        picture = F.conv2d(F.pad(picture[:, None], (2, 2, 2, 2), mode="reflect"), kernel)[:, 0]
        frames.append(reduced(sharpened(picture, 0.5), size))
    return _behind(scene, frames, size, rng), EVERYWHERE


def _random_kernel(step: int, rng: np.random.Generator) -> Tensor:
    """A last layer that is nearly, not quite, the identity."""
    kernel = 0.03 * rng.standard_normal((5, 5))
    kernel[2, 2] += 1
    return torch.from_numpy((kernel / kernel.sum()).astype(np.float32))[None, None]


def _bottleneck(step: int, rng: np.random.Generator) -> Callable[..., Tensor]:
    """Blocks of `step` pixels through their lowest cosines, of which each lattice phase gets its own gain."""
    lattice = torch.from_numpy((1 + rng.normal(0, 0.012, (step, step))).astype(np.float32))
    keep = int(rng.integers(1, 3)) if step < 8 else int(rng.integers(2, 5))

    def through(picture: Tensor, wobble: float, coarse: float, chance: np.random.Generator) -> Tensor:
        side = picture.shape[-1]
        low = F.interpolate(picture[None], scale_factor=keep / step, mode="area")
        grain = torch.from_numpy(chance.standard_normal(tuple(low.shape), np.float32))
        low = low + wobble * (low - F.avg_pool2d(low, 3, 1, 1)) * grain + coarse * grain
        mode = "bilinear" if step > 2 else "nearest"
        up = F.interpolate(low, size=(side, side), mode=mode)[0]
        detail = picture - F.interpolate(low, size=(side, side), mode="bilinear")[0]
        up = up + 0.6 * blurred(detail, 0.7)
        tiles = side // step
        return up * lattice.repeat(tiles, tiles)

    return through


def regrained(scene: Filmed, size: int, rng: np.random.Generator) -> Made:
    """Smooth frames whose detail swims, with grain laid over: what a denoising model followed by a filter
    leaves."""
    smooth, grain = float(rng.uniform(0.6, 1.6)), float(rng.choice([0.0, 0.004, 0.01]))
    stuck = bool(rng.random() < 0.4)
    field = gaussian_filter(rng.standard_normal((size, size)), 2.0).astype(np.float32)
    field /= field.std()
    swim = float(rng.uniform(0.0, 0.02))
    frames = []
    for index in range(len(scene.motion)):
        picture = blurred(scene.render(index, size).permute(2, 0, 1), smooth)
        picture = sharpened(picture, float(rng.uniform(0.5, 0.6)) + 0.5 * smooth)
        detail = np.roll(field, (index, 2 * index), (0, 1))
        texture = (
            gaussian_filter(rng.standard_normal((size, size)).astype(np.float32), 1.0)
            if not stuck
            else detail
        )
        frame = picture.permute(1, 2, 0).numpy() * (1 + swim * detail[..., None]) + grain * texture[..., None]
        frames.append(np.clip(frame, 0, 1).astype(np.float32))
    return _behind(scene, frames, size, rng), EVERYWHERE


def _behind(scene: Filmed, frames: list[Floats], size: int, rng: np.random.Generator) -> list[Floats]:
    """Now and then only the head is made, and laid over a still or a filmed background."""
    if rng.random() < 0.5:
        return frames
    real = film(scene, some_camera(rng), size, rng)
    if rng.random() < 0.5:
        real = [real[0]] * len(real)
    x, y = scene.grid(size)
    m = scene.motion
    out = []
    for index, (frame, there) in enumerate(zip(frames, real, strict=True)):
        u, v = x - m.camera[index, 0] - m.shift[index, 0], y - m.camera[index, 1] - m.shift[index, 1]
        head = np.clip((1.05 - np.hypot(u / 1.7, (v - 0.35) / 2.2)) / 0.1, 0, 1)[..., None]
        out.append((frame * head + there * (1 - head)).astype(np.float32))
    return out


def self_blended(scene: Filmed, size: int, rng: np.random.Generator) -> Made:
    """A recording whose face is blended with a changed copy of itself: a swapped face without another one."""
    frames = film(scene, some_camera(rng), size, rng)
    tint, gain = rng.normal(0, 0.03, 3), rng.normal(1, 0.06, 3)
    small = int(size * rng.uniform(0.3, 0.9))
    other = film(scene, some_camera(rng), size, rng) if rng.random() < 0.5 else frames
    reach, soft = rng.uniform(0.75, 1.0), float(rng.uniform(0.05, 0.35))
    share = float(rng.choice([0.5, 0.75, 1.0, 1.0]))
    shake = float(rng.uniform(0.0, 0.03))
    jitter = shake * rng.standard_normal((len(frames), 3))
    out = []
    for index, (frame, donor) in enumerate(zip(frames, other, strict=True)):
        made = _again(donor, small) * gain + tint
        made = (
            np.roll(made, tuple(np.round(rng.normal(0, 0.7, 2)).astype(int)), (0, 1))
            if shake > 0.015
            else made
        )
        mask = _oval(scene, index, size, reach + jitter[index, 2], soft, jitter[index, :2])
        out.append(np.clip(frame + share * mask * (made - frame), 0, 1).astype(np.float32))
    return out, {"mouth": 1, "eyes": 1, "right": 1, "left": 1, "chin": -1}


def new_mouth(scene: Filmed, size: int, rng: np.random.Generator) -> Made:
    """A recording whose mouth is rendered anew at a low resolution and pasted in."""
    frames = film(scene, some_camera(rng), size, rng)
    small = max(12, int(scene.face(0, size)[1] * rng.uniform(0.25, 0.8)) * size // 96)
    soft = float(rng.uniform(0.05, 0.3))
    quiet = some_camera(rng)
    quiet = Camera(1.0, 0.0, 0.0, 0.0, 0.0, quiet.sharpens, 0.0, 0.0)
    clean = film(scene, quiet, size, rng)
    flicker = rng.uniform(0, 0.02) * wander(rng, len(frames), 0.02, 25.0)
    out = []
    for index, (frame, anew) in enumerate(zip(frames, clean, strict=True)):
        made = _again(anew, min(small, size)) * (1 + float(flicker[index]))
        x, y = scene.grid(size)
        m = scene.motion
        u = x - m.camera[index, 0] - m.shift[index, 0]
        v = y - m.camera[index, 1] - m.shift[index, 1]
        mask = np.clip((1 - np.hypot(u / 0.8, (v - 1.1) / 0.7)) / soft, 0, 1)[..., None]
        out.append((frame * (1 - mask) + made * mask).astype(np.float32))
    return out, {"mouth": 1, "eyes": 0, "right": -1, "left": -1, "chin": -1}


def _again(frame: Floats, small: int) -> Floats:
    """Reduced and enlarged."""
    x = torch.from_numpy(np.ascontiguousarray(frame, np.float32)).permute(2, 0, 1)[None]
    low = F.interpolate(x, size=(small, small), mode="bilinear", antialias=True)
    return np.asarray(F.interpolate(low, size=x.shape[-2:], mode="bicubic")[0].permute(1, 2, 0).numpy())


def _oval(scene: Filmed, index: int, size: int, reach: float, soft: float, off: Floats) -> Floats:
    x, y = scene.grid(size)
    m = scene.motion
    u = x - m.camera[index, 0] - m.shift[index, 0] - off[0]
    v = y - m.camera[index, 1] - m.shift[index, 1] - off[1]
    far = np.hypot(u / 1.05, (v - 0.6) / 1.25) / reach
    return np.asarray(np.clip((1 - far) / soft, 0, 1)[..., None], np.float32)


GENERATORS: dict[str, Callable[[Filmed, int, np.random.Generator], Made]] = {
    "warped_still": warped_still,
    "decoded": decoded,
    "regrained": regrained,
    "self_blended": self_blended,
    "new_mouth": new_mouth,
}
