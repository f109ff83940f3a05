"""The mouth of a frame: each lip moved by its own field, what is behind them drawn between."""

from collections.abc import Sequence

import numpy as np
import torch

from engine.portrait import Portrait
from engine.portrait.depth import Grid
from engine.portrait.landmarks import LOWER_INNER, UPPER_INNER
from engine.render.field import Field, refinement
from engine.render.folds import Shading
from engine.render.interior import Interior
from engine.render.pictures import Pictures
from engine.render.pose import Camera, Motion
from engine.render.sitter import Sitter
from engine.render.window import Window, box, put
from engine.state import State

# Eye distances from the middle of the lips: to the sides, up, down.
WINDOW = (0.64, 0.44, 0.90)  # drawn; the jaw takes the lower lip down
REACH = (0.88, 0.72, 1.18)  # of the grid, so that nothing of the window comes from beyond it
STEP = 0.036  # between nodes: ten from the middle of the mouth to its corner
FEATHER = 1.3  # frame pixels over which a lip's edge ends
CLEAN_AT = 0.08  # eye distances between the lips at which their line is wholly replaced
CLEAN_REACH = 0.07  # eye distances from the edge; the line and its darker surroundings end there
LIP_SHADOW = (0.38, 0.035)  # strength, and reach in eye distances, of the upper lip's shadow on the teeth
LOWER_SHADOW = (0.20, 0.03)
OPEN = 0.004  # of a pixel that lips leave free: less is not seen


class Mouth:
    """Draws the mouth into frames.

    Args:
        field: over `mouth_grid`, in two variants: right above the line of the lips and right below it.
    """

    def __init__(self, portrait: Portrait, sitter: Sitter, field: Field, camera: Camera) -> None:
        head, device, grid = portrait.head, sitter.device, mouth_grid(portrait)
        self._sitter, self._camera, self._unit = sitter, camera, head.unit
        self._field, centre = field, _centre(portrait)
        self._depth = portrait.mouth.depth
        self._centre = torch.from_numpy(centre[None]).to(device), torch.tensor([self._depth], device=device)
        self._window = _window(centre, head.unit)
        self._seam = self._window.seam().to(device)
        lines = [at.astype(np.float32) + 0.5 for at in (self._window.columns(), self._window.rows())]
        self._fine_x, self._fine_y = (
            torch.from_numpy(np.matmul(*refinement(nodes, line))).to(device)
            for nodes, line in zip((grid.x, grid.y), lines, strict=True)
        )
        axes = (torch.from_numpy(line).to(device) for line in lines)
        self._pixels = torch.stack(torch.meshgrid(*axes, indexing="xy"))[:, None]  # (2, 1, h, w)
        self._lips = Pictures(
            torch.from_numpy(portrait.mouth.lips).to(device),
            portrait.framing,
            portrait.mouth.patch,
            sharp=False,
        )
        self._interior = Interior(portrait, device)

    def draw(
        self,
        frames: torch.Tensor,
        strength: torch.Tensor,
        motion: Motion,
        states: Sequence[State],
        shading: Shading | None,
    ) -> None:
        """Into `frames` (B, S, S, 3) of bytes."""
        offset = self._camera.travel(*self._centre, motion)[:, 0]  # (B, 2)
        back = self._field.sources(strength, motion, offset)
        fine = self._fine_y @ back @ self._fine_x.T  # (B, V, 2, h, w)
        sources = fine.permute(1, 2, 0, 3, 4) + self._pixels  # (V, 2, B, h, w)
        upper, lower = self._lips.seen(sources)
        is_lower = lower[3] > upper[3].clamp(max=0)
        shown = torch.where(is_lower, sources[1], sources[0])
        drawn = self._sitter.over_background(shown, self._window, offset)
        drawn = self._without_line(drawn, is_lower, upper, lower)
        cover_lower = (0.5 + lower[3] / FEATHER).clamp_(0, 1)
        cover_upper = (0.5 + upper[3] / FEATHER).clamp_(0, 1)
        free = (1 - cover_lower - cover_upper).clamp_(min=0)
        part = box(free > OPEN)
        if part is not None:
            light = self._shadow(upper[3][part], lower[3][part])
            inside = self._interior.draw(self._still(offset, motion, part), light, states)
            drawn[(slice(None), *part)].lerp_(inside, free[part])
        if shading is not None:
            drawn *= shading.at(torch.addcmul(shading.offset, shown, shading.factor))
        put(frames, drawn, self._window, offset, self._seam)

    def _without_line(
        self, colour: torch.Tensor, is_lower: torch.Tensor, upper: torch.Tensor, lower: torch.Tensor
    ) -> torch.Tensor:
        """`colour` (3, B, h, w) of the still's lips; where they have parted, they go on to their edges and
        the line between them is gone.

        Args:
            upper, lower: (4, B, h, w) the lips there, see `MouthLayers`.
        """
        gap = (-(upper[3] + lower[3]) / (CLEAN_AT * self._unit)).clamp_(0, 1)
        parted = gap * gap * (3 - 2 * gap)
        clean = torch.where(is_lower, lower, upper)
        # 1 at the edge of a lip, 0 from where the lip without its line is as in the still.
        near_edge = (2 - clean[3] / (CLEAN_REACH * self._unit)).clamp_(0, 1)
        return colour.lerp_(clean[:3], parted * near_edge)

    def _still(self, offset: torch.Tensor, motion: Motion, part: tuple[slice, slice, slice]) -> torch.Tensor:
        """(2, B, h, w) places of the still in the plane of the teeth, moved by the skull alone."""
        moved = self._pixels[(slice(None), slice(None), *part[1:])] + offset.T[..., None, None]
        still = self._camera.plane(moved.transpose(0, 1).flatten(2), self._depth, motion)
        return still.view(moved.shape[1], 2, *moved.shape[2:]).transpose(0, 1)

    def _shadow(self, upper: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
        """Light that comes past the lips: less near the edges, most of all under the upper one."""
        above = LIP_SHADOW[0] * torch.exp(upper.clamp(max=0) / (LIP_SHADOW[1] * self._unit))
        below = LOWER_SHADOW[0] * torch.exp(lower.clamp(max=0) / (LOWER_SHADOW[1] * self._unit))
        return (1 - above) * (1 - below)


def _centre(portrait: Portrait) -> np.ndarray:
    """(2,) frame pixels of the middle between the lips."""
    return np.asarray(portrait.mesh[[UPPER_INNER[5], LOWER_INNER[5]], :2].mean(axis=0))


def mouth_grid(portrait: Portrait) -> Grid:
    """Of the mouth's own field, finer than the portrait's."""
    centre, unit = _centre(portrait), portrait.head.unit
    side, up, down = (reach * unit for reach in REACH)
    return Grid(
        np.arange(centre[0] - side, centre[0] + side, STEP * unit, dtype=np.float32),
        np.arange(centre[1] - up, centre[1] + down, STEP * unit, dtype=np.float32),
    )


def _window(centre: np.ndarray, unit: float) -> Window:
    side, up, down = (reach * unit for reach in WINDOW)
    left, right = round(float(centre[0]) - side), round(float(centre[0]) + side)
    top, bottom = round(float(centre[1]) - up), round(float(centre[1]) + down)
    return Window(top, left, bottom - top, right - left)
