"""The dense smooth displacement of a grid, and its inverse, which the warp samples with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import grid_sample

from engine.portrait import Portrait
from engine.portrait.depth import Grid
from engine.render.pose import Camera
from engine.state import State

Floats = NDArray[np.floating[Any]]

PRESSED_SHUT = (
    0.3  # mouthPress of lips that touch (the motion planner's), from which on an open mouth is shut
)
# Newton's method for the inversion: rounds (after four, 0.08 pixels are missing at 15 degrees of turn, 0.001
# usually), the least area that a step takes a pixel to have (folds have less), and the longest step, of half
# the grid.
ROUNDS = 4
LEAST_AREA = 0.4
LONGEST_STEP = 0.25


@dataclass(frozen=True)
class Motion:
    """Points in space move to `matrix` @ points + `shift`, (3, 3) and (3, 1)."""

    matrix: torch.Tensor
    shift: torch.Tensor


def strengths(state: State, names: list[str]) -> list[float]:
    """How strong each shape of `engine.render.shapes` is."""
    values = {name: state[name] for name in names if name != "closeAtRest"}
    # Whatever closes beyond what the jaw opens, shuts a mouth that is open in the picture.
    surplus = max(0.0, state["mouthClose"] - state["jawOpen"])
    pressed = (state["mouthPressLeft"] + state["mouthPressRight"]) / 2
    rolled = max(state["mouthRollLower"], state["mouthRollUpper"])
    values["mouthClose"] = min(state["mouthClose"], state["jawOpen"])
    values["closeAtRest"] = min(1.0, max(surplus, pressed / PRESSED_SHUT, rolled))
    return [values[name] for name in names]


class Field:
    """Where each place of the frame comes from in the still.

    Blendshapes are a linear basis over the nodes of a grid; the nodes are lifted to their depth, moved in
    space with the
    head as far as each follows it, seen by the camera, and the displacement that results is inverted.

    Args:
        basis: (B, K, 3 M) frame pixels, B variants of the field.
    """

    def __init__(
        self, portrait: Portrait, grid: Grid, basis: Floats, camera: Camera, device: torch.device
    ) -> None:
        self._shape = (len(grid.y), len(grid.x))
        self._camera = camera
        self._basis = torch.from_numpy(basis).to(device)
        self._xy = torch.from_numpy(grid.points).to(device)
        depth, follows = (
            _resampled(values, portrait.grid, grid) for values in (portrait.depth, portrait.following)
        )
        self._space = camera.lift(self._xy, torch.from_numpy(depth).to(device))
        self._weight = torch.from_numpy(follows).to(device)
        half = [(grid.x[-1] - grid.x[0]) / 2, (grid.y[-1] - grid.y[0]) / 2]
        self._half = torch.tensor(half, dtype=torch.float32, device=device)[:, None]
        lines = [torch.linspace(-1, 1, n, device=device) for n in self._shape]
        self._nodes = torch.stack(torch.meshgrid(lines[1], lines[0], indexing="xy"), dim=-1)[None]

    def sources(
        self, strength: torch.Tensor, motion: Motion, offset: tuple[int, int] = (0, 0)
    ) -> torch.Tensor:
        """(B, 2, H, W) displacement in frame pixels from node + `offset` in the frame to its source in the
        still.

        The source of a place q of the frame is q - offset plus this.
        """
        expression = torch.einsum("k,bkm->bm", strength, self._basis).view(len(self._basis), 3, -1)
        space = torch.matmul(motion.matrix, self._space + expression) + motion.shift
        flow = (self._camera.see(space) - self._xy.T) * self._weight
        if offset != (0, 0):
            flow = flow - torch.tensor(offset, dtype=flow.dtype, device=flow.device)[:, None]
        back = self._inverted((flow / self._half).view(-1, 2, *self._shape))
        return back * self._half[..., None]

    def _inverted(self, flow: torch.Tensor) -> torch.Tensor:
        """g with g(q) = -flow(q + g(q)), by Newton's method."""
        spacing = [2 / (n - 1) for n in self._shape]
        along_y, along_x = torch.gradient(flow, spacing=spacing, dim=(2, 3))
        xx, xy, yx, yy = 1 + along_x[:, 0], along_y[:, 0], along_x[:, 1], 1 + along_y[:, 1]
        area = (xx * yy - xy * yx).clamp(min=LEAST_AREA)
        inverse = torch.stack([yy, -xy, -yx, xx], dim=1) / area[:, None]
        known = torch.cat([flow, inverse], dim=1)
        back = -flow
        for _ in range(ROUNDS):
            at = self._nodes + back.permute(0, 2, 3, 1)
            there = grid_sample(known, at, padding_mode="border", align_corners=True)
            miss = back + there[:, :2]
            step = torch.stack([(there[:, 2:4] * miss).sum(dim=1), (there[:, 4:] * miss).sum(dim=1)], dim=1)
            back = back - step.clamp(-LONGEST_STEP, LONGEST_STEP)
        return back


def _resampled(values: Floats, of: Grid, at: Grid) -> Floats:
    """Values (M,) of one grid at the nodes of another, by cubic splines."""
    from scipy.ndimage import map_coordinates

    columns, rows = of.places(at.points).T
    field = values.reshape(len(of.y), len(of.x))
    result: Floats = map_coordinates(field, [rows, columns], order=3, mode="nearest").astype(np.float32)
    return result


def refinement(nodes: Floats, places: Floats) -> Floats:
    """(P, N) matrix of the cubic spline through values at equal steps `nodes` (N,), read at `places` (P,)."""
    from scipy.interpolate import make_interp_spline

    read = make_interp_spline(nodes.astype(np.float64), np.eye(len(nodes)), k=3)
    return read(places).astype(np.float32)  # type: ignore[no-any-return]
