"""The dense smooth displacement of a grid, and its inverse, which the warp samples with."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import grid_sample

from engine.portrait import Portrait
from engine.portrait.depth import Grid
from engine.render.pose import Camera, Motion
from engine.state import State

Floats = NDArray[np.floating[Any]]

PRESSED_SHUT = (
    0.3  # mouthPress of lips that touch (the motion planner's); more shuts a mouth open in the still
)
AT_REST = 0.01  # frame pixels that no shape moves a node by
# Newton's method for the inversion: rounds, the least area that a step takes a pixel to have (folds have
# less), and the longest step, of half the grid.
ROUNDS = 4
LEAST_AREA = 0.4
LONGEST_STEP = 0.25


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
    space with the head as far as each follows it, seen by the camera, and the displacement that results is
    inverted.

    Args:
        bases: V of (K, 3 M), frame pixels: variants of the field.
    """

    def __init__(
        self, portrait: Portrait, grid: Grid, bases: list[Floats], camera: Camera, device: torch.device
    ) -> None:
        self._camera, self._shape = camera, (len(grid.y), len(grid.x))
        moving = np.stack(bases, axis=1).reshape(
            len(bases[0]), len(bases), 3, *self._shape
        )  # (K, V, 3, H, W)
        self._part = (..., *_box(np.abs(moving).max(axis=(0, 1, 2)) > AT_REST))
        moving = np.ascontiguousarray(moving[self._part])
        self._parts = moving.shape[1:]
        self._basis = torch.from_numpy(moving.reshape(len(moving), -1)).to(device)
        self._xy = torch.from_numpy(np.ascontiguousarray(grid.points.T)).to(device)  # (2, M)
        depth, follows = (
            _resampled(values, portrait.grid, grid) for values in (portrait.depth, portrait.following)
        )
        self._space = camera.lift(self._xy.T, torch.from_numpy(depth).to(device))
        self._weight = torch.from_numpy(follows).to(device)
        half = [(grid.x[-1] - grid.x[0]) / 2, (grid.y[-1] - grid.y[0]) / 2]
        self._half = torch.tensor(half, dtype=torch.float32, device=device)[:, None]
        lines = [torch.linspace(-1, 1, n, device=device) for n in self._shape]
        self._nodes = torch.stack(torch.meshgrid(lines[1], lines[0], indexing="xy"))[None]

    def sources(
        self, strength: torch.Tensor, motion: Motion, offset: torch.Tensor | None = None
    ) -> torch.Tensor:
        """(B, V, 2, H, W) displacement in frame pixels from node + `offset` in the frame to its source in the
        still: the source of a place q of the frame is q - offset plus this.

        Args:
            strength: (B, K).
            offset: (B, 2).
        """
        batch, variants = len(strength), self._parts[0]
        space = self._space.view(3, *self._shape).repeat(batch, variants, 1, 1, 1)
        space[self._part] += (strength @ self._basis).view(batch, *self._parts)
        moved = motion.matrix[:, None] @ space.flatten(3) + motion.shift[:, None]
        flow = (self._camera.see(moved) - self._xy) * self._weight
        if offset is not None:
            flow = flow - offset[:, None, :, None]
        back = self._inverted((flow / self._half).view(-1, 2, *self._shape))
        return (back * self._half[..., None]).view(batch, variants, 2, *self._shape)

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
            at = (self._nodes + back).permute(0, 2, 3, 1)
            there = grid_sample(known, at, padding_mode="border", align_corners=True)
            miss = back + there[:, :2]
            step = there[:, 2::2] * miss[:, :1] + there[:, 3::2] * miss[:, 1:]
            back = back - step.clamp_(-LONGEST_STEP, LONGEST_STEP)
        return back


def _box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest box around a mask (H, W); all of it if the mask is empty."""
    if not mask.any():
        return slice(None), slice(None)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _resampled(values: Floats, of: Grid, at: Grid) -> Floats:
    """Values (M,) of one grid at the nodes of another, by cubic splines."""
    from scipy.ndimage import map_coordinates

    if at is of:
        return values
    columns, rows = of.places(at.points).T
    field = values.reshape(len(of.y), len(of.x))
    result: Floats = map_coordinates(field, [rows, columns], order=3, mode="nearest").astype(np.float32)
    return result


def refinement(nodes: Floats, places: Floats) -> tuple[Floats, Floats]:
    """(P, N) and (N, N): the cubic spline through values at equal steps `nodes` (N,), read at `places` (P,),
    is the first matrix times what the second makes of the values.

    The first has four weights in a row, none below 0, of sum 1 (B-splines): what it yields lies between the
    least and the largest of what it is applied to.
    """
    from scipy.interpolate import BSpline, make_interp_spline

    spline = make_interp_spline(nodes.astype(np.float64), np.eye(len(nodes)), k=3)
    inside = np.clip(places, nodes[0], nodes[-1]).astype(np.float64)
    local = BSpline.design_matrix(inside, spline.t, 3).toarray()
    return local.astype(np.float32), spline.c.astype(np.float32)
