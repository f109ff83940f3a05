"""The part of a frame that shows the mouth, and its sources, finer than the frame's grid tells."""

from dataclasses import dataclass

import numpy as np
import torch

from engine.portrait import Portrait
from engine.portrait.depth import Grid
from engine.portrait.landmarks import LOWER_INNER, UPPER_INNER
from engine.render.bases import bases
from engine.render.field import Field, Motion, refinement
from engine.render.pose import Camera

# Eye distances from the middle of the lips: to the sides, up, down.
WINDOW = (0.75, 0.55, 1.05)  # drawn; the jaw takes the lower lip down
REACH = (1.0, 0.85, 1.35)  # of the grid, so that nothing of the window comes from beyond it
STEP = 0.036  # between nodes: ten from the middle of the mouth to its corner
SEAM = 6  # frame pixels over which the window passes into the frame


@dataclass(frozen=True)
class Window:
    """Rows and columns of the frame."""

    rows: slice
    columns: slice


@dataclass(frozen=True)
class Places:
    """For every pixel of a window, frame pixels.

    Attributes:
        window: where in the frame.
        upper, lower: (h, w, 2) sources in the still of what moves with the upper and with the lower lip.
        still: (h, w, 2) sources of the plane of the teeth, moved by the skull alone.
        seam: (h, w) 1 inside, 0 at the window's edge.
    """

    window: Window
    upper: torch.Tensor
    lower: torch.Tensor
    still: torch.Tensor
    seam: torch.Tensor


class MouthWindow:
    """Finds the window and its sources for every state."""

    def __init__(self, portrait: Portrait, camera: Camera, device: torch.device) -> None:
        head, size = portrait.head, portrait.framing.size
        self._camera, self._size = camera, size
        self._depth = portrait.mouth.depth
        centre = portrait.mesh[[UPPER_INNER[5], LOWER_INNER[5]], :2].mean(axis=0)
        self._centre = torch.from_numpy(centre[None]).to(device)
        side, up, down = (r * head.unit for r in REACH)
        step = STEP * head.unit
        grid = Grid(
            np.arange(centre[0] - side, centre[0] + side, step, dtype=np.float32),
            np.arange(centre[1] - up, centre[1] + down, step, dtype=np.float32),
        )
        _, upper, lower = bases(portrait, grid)
        self._field = Field(portrait, grid, np.stack([upper, lower]), camera, device)
        side, up, down = (r * head.unit for r in WINDOW)
        self._rows = (round(float(centre[1]) - up), round(float(centre[1]) + down))
        self._columns = (round(float(centre[0]) - side), round(float(centre[0]) + side))
        x, y = (np.arange(*span, dtype=np.float32) + 0.5 for span in (self._columns, self._rows))
        self._fine_x = torch.from_numpy(refinement(grid.x, x)).to(device)
        self._fine_y = torch.from_numpy(refinement(grid.y, y)).to(device)
        axes = torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)
        self._pixels = torch.stack(torch.meshgrid(*axes, indexing="xy"))
        edge = [np.clip(np.minimum(np.arange(len(a)), np.arange(len(a))[::-1]) / SEAM, 0, 1) for a in (y, x)]
        self._seam = torch.from_numpy((edge[0][:, None] * edge[1]).astype(np.float32)).to(device)

    def places(self, strength: torch.Tensor, motion: Motion) -> Places:
        """Where the window is and what it shows."""
        depth = torch.full((1,), self._depth, device=self._centre.device)
        middle = motion.matrix @ self._camera.lift(self._centre, depth) + motion.shift
        right, down = (self._camera.see(middle)[:, 0] - self._centre[0]).round().int().tolist()
        rows, inner_rows = _clipped(self._rows, down, self._size)
        columns, inner_columns = _clipped(self._columns, right, self._size)
        back = self._field.sources(strength, motion, (right, down))
        fine = self._fine_y[inner_rows] @ back @ self._fine_x[inner_columns].T  # (2, 2, h, w)
        pixels = self._pixels[:, inner_rows, inner_columns]
        upper, lower = (pixels + fine).permute(0, 2, 3, 1)
        offset = torch.tensor([right, down], device=pixels.device)
        moved = (pixels.permute(1, 2, 0) + offset).reshape(-1, 2)
        still = self._camera.plane(moved, self._depth, motion.matrix, motion.shift).view(upper.shape)
        return Places(Window(rows, columns), upper, lower, still, self._seam[inner_rows, inner_columns])


def _clipped(span: tuple[int, int], by: int, size: int) -> tuple[slice, slice]:
    """The span moved `by` pixels, cut to the frame; and the part of the span that is left."""
    start, stop = (min(max(edge + by, 0), size) for edge in span)
    first = start - span[0] - by
    return slice(start, stop), slice(first, first + max(stop - start, 0))
