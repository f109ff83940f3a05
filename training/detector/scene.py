"""A head that moves before a background, seen by a camera that may move, too: rendered at any resolution.

What moves is shared by the recordings and the fakes, so that motion itself tells nothing.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from torch import Tensor
from torch.nn import functional as F

from training.detector.sources import HELD_OUT_THINGS, SIZE, THINGS, Source

Floats = NDArray[np.floating[Any]]
Grid = tuple[Floats, Floats]


@dataclass(frozen=True)
class Motion:
    """A few seconds, frame by frame; lengths in eye distances, angles in radians.

    Attributes:
        shift: (T, 2) of the head. turn: (T,) in the picture. yaw: (T,) sideways. size: (T,) factor less one.
        jaw, lids, brows: (T,) how far the mouth is open, the lids are down (0..1), the brows are up.
        camera: (T, 2) of everything.
        body: share of the head's shift that the shoulders follow.
    """

    shift: Floats
    turn: Floats
    yaw: Floats
    size: Floats
    jaw: Floats
    lids: Floats
    brows: Floats
    camera: Floats
    body: float = 0.25

    def __len__(self) -> int:
        return len(self.turn)


def wander(rng: np.random.Generator, count: int, seconds: float, fps: float) -> Floats:
    """(count,) smooth noise of variance 1 that changes within `seconds`."""
    width = max(seconds * fps, 0.6)
    pad = int(4 * width) + 1
    line = gaussian_filter1d(rng.standard_normal(count + 2 * pad), width)[pad : pad + count]
    return np.asarray(line * np.sqrt(2 * np.sqrt(np.pi) * width))


def moving(rng: np.random.Generator, count: int, fps: float) -> Motion:
    """A talking head: lively or calm, before a camera on a stand or in a hand."""
    lively = float(np.exp(rng.uniform(np.log(0.3), np.log(2.0))))

    def line(sd: float, seconds: float) -> Floats:
        return sd * lively * wander(rng, count, seconds, fps)

    hand = 0.0 if rng.random() < 0.5 else float(rng.uniform(0.003, 0.03))
    talks = wander(rng, count, 0.06, fps)
    lids = np.zeros(count)
    if rng.random() < 0.4:
        lids += np.exp(-(((np.arange(count) - rng.integers(count)) / (0.07 * fps)) ** 2))
    return Motion(
        np.stack([line(0.08, 0.5), line(0.05, 0.5)], 1), line(0.04, 0.5), line(0.10, 0.4), line(0.02, 0.8),
        np.maximum(0.0, 0.12 + 0.1 * talks) * (rng.random() < 0.8), np.minimum(lids, 1.0), line(0.03, 0.3),
        hand * np.stack([wander(rng, count, 0.2, fps), wander(rng, count, 0.2, fps)], 1),
    )  # fmt: skip


@dataclass(frozen=True)
class View:
    """What part of the picture a frame shows: its middle and its side, as a share of the picture's."""

    x: float
    y: float
    side: float


class Filmed(Protocol):
    """What cameras and generators need of a scene.

    `grid` gives where the pixels of a frame lie in the source, in eye distances from the middle of the eyes;
    `face` the middle of the eyes in a frame, and the eye distance, in pixels; `render` (size, size, 3), 0..1.
    """

    source: Source
    view: View
    motion: Motion

    def grid(self, size: int) -> Grid: ...
    def face(self, index: int, size: int) -> tuple[tuple[float, float], float]: ...
    def render(self, index: int, size: int) -> Tensor: ...


class Scene:
    """One source before one background."""

    def __init__(self, source: Source, behind: Source, view: View, motion: Motion, rng: np.random.Generator):
        self.source, self.view, self.motion = source, view, motion
        self._front, self._matte = _pyramids(source)
        soft = int(rng.choice([0, 1, 2, 3, 4]))
        self._behind = _pyramids(behind)[0][min(soft, 4)]
        self._own = bool(rng.random() < 0.35)  # its own background: nothing is cut out
        self.parallax = float(rng.uniform(0.0, 0.9))

    def take(self, motion: Motion, *, own: bool) -> None:
        """Another motion; `own`: the picture's own background, which the head drags along."""
        self.motion, self._own = motion, own

    def face(self, index: int, size: int) -> tuple[tuple[float, float], float]:
        """The middle of the eyes in pixels of a frame of `size`, and the eye distance."""
        m, scale = self.motion, size / (self.view.side * SIZE)
        far = self.source.eye_distance
        x = self.source.eyes[0] + far * (m.shift[index, 0] + m.camera[index, 0])
        y = self.source.eyes[1] + far * (m.shift[index, 1] + m.camera[index, 1])
        left, top = (
            self.view.x * SIZE - self.view.side * SIZE / 2,
            self.view.y * SIZE - self.view.side * SIZE / 2,
        )
        return ((x - left) * scale, (y - top) * scale), far * scale

    def grid(self, size: int) -> Grid:
        """Where the pixels of a frame lie in the source, in eye distances from the middle of the eyes."""
        side = self.view.side * SIZE
        line = (np.arange(size, dtype=np.float32) + 0.5) / size * side - side / 2
        x, y = np.meshgrid(line + self.view.x * SIZE, line + self.view.y * SIZE)
        far = self.source.eye_distance
        return (x - self.source.eyes[0]) / far, (y - self.source.eyes[1]) / far

    def render(self, index: int, size: int) -> Tensor:
        m = self.motion
        x, y = self.grid(size)
        camera = m.camera[index].tolist()
        half_x, half_y = self.grid(size // 2)  # the field is smooth: half as fine will do
        half = np.stack(displaced(m, index, half_x - camera[0], half_y - camera[1]))
        whole = F.interpolate(torch.from_numpy(half)[None], size=(size, size), mode="bilinear")[0]
        u, v = whole.numpy()
        level = int(max(0, np.floor(np.log2(self.view.side * SIZE / size))))
        front = self._sample(self._front[min(level, 4)], u, v)
        if self._own:
            return front
        matte = self._sample(self._matte[min(level, 4)], u, v)
        near = float(1 - self.parallax)
        behind = self._sample(self._behind, x - camera[0] * near, y - camera[1] * near)
        return front * matte + behind * (1 - matte)

    def _sample(self, level: Tensor, u: Floats, v: Floats) -> Tensor:
        far = self.source.eye_distance
        return sample(level, u * far + self.source.eyes[0], v * far + self.source.eyes[1])


def displaced(m: Motion, index: int, x: Floats, y: Floats) -> Grid:
    """Where in the still picture a point of frame `index` comes from; eye distances, float32."""
    (across, down), turn, yaw, size = (
        m.shift[index].tolist(),
        float(m.turn[index]),
        float(m.yaw[index]),
        float(m.size[index]),
    )
    x, y = x.astype(np.float32), y.astype(np.float32)
    head = 1 / (1 + np.exp((np.hypot(x / 1.5, (y - 0.35) / 2.1) - 1.0) * 7))
    body = np.float32(m.body) * (y > 1.0)
    carried = np.maximum(head, body / (1 + np.exp(-(y - 2.2) * 4)))
    u, v = x - carried * across, y - carried * down
    c, s = math.cos(turn), math.sin(turn)
    zoomed = 1 / (1 + size)
    px, py = u, v - 2.2  # about the neck
    u = u + head * ((c * px + s * py) * zoomed - px)
    v = v + head * ((-s * px + c * py) * zoomed - py)
    bulge = np.exp(-(u**2 + (v - 0.5) ** 2) / 0.9)
    u = u - yaw * bulge * head
    lips = np.exp(-((u / 0.55) ** 2))
    below = v - 1.1
    v = v - float(m.jaw[index]) * lips * np.exp(-((below / 0.6) ** 2)) * np.tanh(below / 0.05) * 0.6
    for side in (-0.5, 0.5):
        lid = np.exp(-(((u - side) / 0.25) ** 2) - ((v + 0.05) / 0.12) ** 2)
        v = v - 0.12 * float(m.lids[index]) * lid
    v = v + float(m.brows[index]) * np.exp(-(((v + 0.38) / 0.2) ** 2)) * np.exp(-((u / 0.9) ** 2))
    return u.astype(np.float32), v.astype(np.float32)


def sample(level: Tensor, x: Floats, y: Floats, mode: str = "bilinear") -> Tensor:
    """(1, C, h, w) picture at source pixels x, y of (H, W): (H, W, C) float32."""
    at = np.stack([x, y], -1).astype(np.float32) / (SIZE / 2) - 1
    out = F.grid_sample(level, torch.from_numpy(at)[None], mode, "reflection", align_corners=False)
    return out[0].permute(1, 2, 0)


def tensor(pixels: NDArray[Any]) -> Tensor:
    """(H, W, C), 0..255, to (1, C, H, W), 0..1."""
    return torch.from_numpy(np.ascontiguousarray(pixels, np.float32) / 255).permute(2, 0, 1)[None]


@lru_cache(40)
def _pyramids(source: Source) -> tuple[list[Tensor], list[Tensor]]:
    """Of its pixels, and of its matte."""
    return _levels(source.pixels), _levels((source.matte * 255)[..., None])


def _levels(pixels: NDArray[Any]) -> list[Tensor]:
    levels = [tensor(pixels)]
    for _ in range(4):
        levels.append(F.avg_pool2d(levels[-1], 2))
    return levels


def composed(sources: list[Source], rng: np.random.Generator, count: int, fps: float, size: int) -> Scene:
    """A scene at random, whose face has 34 to 130 pixels between the eyes in a frame of `size`."""
    source = sources[int(rng.integers(len(sources)))]
    things = [s for s in sources if s.name in (*THINGS, *HELD_OUT_THINGS)]
    behind = things[int(rng.integers(len(things)))] if things and rng.random() < 0.7 else source
    eyes = float(np.exp(rng.uniform(np.log(34), np.log(min(130, size * 0.33)))))
    side = float(np.clip(source.eye_distance / SIZE * size / eyes, 0.35, 1.0))
    reach = (1 - side) / 2
    x = np.clip(source.eyes[0] / SIZE + rng.normal(0, 0.05) * side, 0.5 - reach, 0.5 + reach)
    y = np.clip(source.eyes[1] / SIZE + (0.06 + rng.normal(0, 0.04)) * side, 0.5 - reach, 0.5 + reach)
    return Scene(source, behind, View(float(x), float(y), side), moving(rng, count, fps), rng)
