"""A simulated camera: sensor noise that is fresh in every frame, a Bayer mosaic, and what a phone does after.

Poisson-Gaussian noise in linear light (Foi et al. 2008), bilinear demosaicking, white point, gamma, noise
reduction in space and time, sharpening, drifting exposure. Values are drawn wide: cameras differ more than
simulations of them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from training.detector.scene import Filmed, wander

Floats = NDArray[np.floating[Any]]

_CROSS = torch.tensor([[0, 1, 0], [1, 4, 1], [0, 1, 0]], dtype=torch.float32) / 4
_FULL = torch.tensor([[1, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=torch.float32) / 4


@dataclass(frozen=True)
class Camera:
    """How one camera sees.

    Attributes:
        finer: sensor pixels for one of the frame.
        shot, read: variance of the noise for light 1, and without light, in linear light 0..1.
        smooth: deviation in sensor pixels of what its noise reduction smooths by.
        remembers: share of the frame before that noise reduction in time keeps where nothing moved.
        sharpens: strength of its unsharp mask.
        drift: deviation of its exposure.
        exposure: share of a frame's time in which it gathers light: motion blur.
    """

    finer: float
    shot: float
    read: float
    smooth: float
    remembers: float
    sharpens: float
    drift: float
    exposure: float


def some_camera(rng: np.random.Generator) -> Camera:
    """Phones, webcams and better ones, in good and in poor light."""
    iso = float(np.exp(rng.uniform(np.log(1.5e-4), np.log(6e-3))))
    return Camera(
        finer=float(rng.choice([1.0, 1.0, 1.5, 2.0])), shot=iso, read=iso * iso * 2,
        smooth=float(rng.choice([0.0, 0.0, 0.5, 0.8])), remembers=float(rng.choice([0.0, 0.0, 0.3, 0.6])),
        sharpens=float(rng.choice([0.0, 0.3, 0.6, 1.2])), drift=float(rng.choice([0.0, 0.003, 0.012])),
        exposure=float(rng.choice([0.0, 0.0, 0.4, 0.8])),
    )  # fmt: skip


def film(scene: Filmed, camera: Camera, size: int, rng: np.random.Generator) -> list[Floats]:
    """Every frame of a scene: (size, size, 3) float32, 0..1."""
    sensor = 2 * round(size * camera.finer / 2)
    light = 1 + camera.drift * wander(rng, len(scene.motion), 0.5, 25.0)
    frames: list[Floats] = []
    kept: Tensor | None = None
    for index in range(len(scene.motion)):
        seen = scene.render(index, sensor)
        if camera.exposure and index:
            between = camera.exposure * 0.5
            seen = (1 - between) * seen + between * scene.render(index - 1, sensor)
        picture = expose(seen, camera, float(light[index]), rng)
        if kept is not None and camera.remembers:
            still = torch.exp(-(((picture - kept).abs().mean(0, keepdim=True) / 0.06) ** 2))
            picture = picture + camera.remembers * still * (kept - picture)
        kept = picture
        frames.append(reduced(sharpened(picture, camera.sharpens), size))
    return frames


def expose(seen: Tensor, camera: Camera, light: float, rng: np.random.Generator) -> Tensor:
    """One picture: (H, W, 3) to (3, H, W), 0..1."""
    linear = torch.clamp(seen.permute(2, 0, 1), 0, 1) ** 2.2 * light
    _, height, width = linear.shape
    pattern = bayer(height, width)
    raw = (linear * pattern).sum(0)
    noise = torch.from_numpy(rng.standard_normal((height, width), np.float32))
    raw = raw + noise * torch.sqrt(camera.shot * raw + camera.read)
    mosaic = (raw * pattern)[None]
    kernels = torch.stack([_FULL, _CROSS, _FULL])[:, None]
    colour = F.conv2d(F.pad(mosaic, (1, 1, 1, 1), mode="reflect"), kernels, groups=3)[0]
    picture = torch.clamp(colour, 1e-6, 1) ** (1 / 2.2)
    return blurred(picture, camera.smooth) if camera.smooth else picture


def bayer(height: int, width: int) -> Tensor:
    """(3, H, W): which colour each pixel sees, RGGB."""
    pattern = torch.zeros(3, height, width)
    pattern[0, ::2, ::2] = 1
    pattern[1, ::2, 1::2] = 1
    pattern[1, 1::2, ::2] = 1
    pattern[2, 1::2, 1::2] = 1
    return pattern


def blurred(picture: Tensor, deviation: float) -> Tensor:
    """(3, H, W) smoothed by a Gaussian."""
    reach = max(1, round(2.5 * deviation))
    line = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / deviation) ** 2)
    line = line / line.sum()
    x = F.pad(picture[:, None], (reach, reach, reach, reach), mode="reflect")
    return F.conv2d(F.conv2d(x, line.view(1, 1, 1, -1)), line.view(1, 1, -1, 1))[:, 0]


def sharpened(picture: Tensor, strength: float) -> Tensor:
    """Unsharp mask."""
    return picture if not strength else picture + strength * (picture - blurred(picture, 1.0))


def reduced(picture: Tensor, size: int) -> Floats:
    """(3, H, W) to (size, size, 3), 0..1."""
    if picture.shape[-1] != size:
        picture = F.interpolate(
            picture[None], size=(size, size), mode="bicubic", antialias=True, align_corners=False
        )[0]
    return torch.clamp(picture, 0, 1).permute(1, 2, 0).numpy()
