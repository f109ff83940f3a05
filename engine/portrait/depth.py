"""Smooth fields over the canvas: how deep head, hair and neck lie, and how each place follows the head."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.portrait.framing import Framing
from engine.portrait.landmarks import HeadAxes
from perception.mesh import CHIN, OVAL

Floats = NDArray[np.floating[Any]]

NODES = 96  # grid points across the canvas; a 512 pixel frame has 6.7 pixels between two
NECK = (
    1.3  # eye distances from the jaw to where nothing follows the head: adult neck, about 8 cm of 6.3 cm each
)
NECK_LEAST = 0.7  # the same where the picture ends sooner
BACK = 0.9  # eye distances from the eyes back to ears and hair, drawn together like all depth
EVERY = 2  # one in so many mesh points tells the depth; the blur hides the rest
DEPTH_BLUR = 0.1  # eye distances, standard deviation
SMOOTHING = 1e-3  # of the spline, against points that lie on one another


@dataclass(frozen=True)
class Grid:
    """Equally spaced points in frame pixels.

    Attributes:
        x, y: (W,) and (H,) positions of columns and rows.
    """

    x: Floats
    y: Floats

    @property
    def points(self) -> Floats:
        """(H * W, 2), row by row."""
        return np.stack(np.meshgrid(self.x, self.y), axis=-1).reshape(-1, 2)

    @property
    def step(self) -> float:
        """Frame pixels between two columns."""
        return float(self.x[1] - self.x[0])

    def places(self, points: Floats) -> Floats:
        """(..., 2) frame pixels -> column and row as real numbers."""
        origin = np.asarray([self.x[0], self.y[0]])
        return np.asarray((points - origin) / np.asarray([self.step, self.y[1] - self.y[0]]), np.float32)


def canvas_grid(framing: Framing) -> Grid:
    """The grid whose outer points lie on the edge of the canvas."""
    line = np.linspace(-framing.border, framing.size + framing.border, NODES, dtype=np.float32)
    return Grid(line, line)


def spline(at: Floats, controls: Floats, values: Floats, smoothing: float = SMOOTHING) -> Floats:
    """(M, ...) values (N, ...) at N control points, carried to M places by a thin-plate spline (Duchon 1977).

    Coordinates should be of the order of one.
    """
    n = len(controls)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = _kernel(controls, controls) + smoothing * np.eye(n)
    system[:n, n] = system[n, :n] = 1
    system[:n, n + 1 :] = controls
    system[n + 1 :, :n] = controls.T
    known = np.concatenate([values.reshape(n, -1), np.zeros((3, values.reshape(n, -1).shape[1]))])
    # By torch, which keeps to as many threads as its caller wants.
    weights = torch.linalg.solve(torch.from_numpy(system), torch.from_numpy(known)).numpy().astype(np.float32)
    bent = _kernel(at, controls) @ weights[:n]
    result = bent + weights[n] + at.astype(np.float32) @ weights[n + 1 :]
    return np.asarray(result.reshape(len(at), *values.shape[1:]), np.float32)


def _kernel(a: Floats, b: Floats) -> NDArray[np.float32]:
    """(M, N) r^2 log r of the distances."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)
    squared = np.maximum(lengths - 2 * (a @ b.T), 0).astype(np.float32)
    result: NDArray[np.float32] = np.log(squared + np.float32(1e-12))
    result *= 0.5 * squared
    return result


def ring(head: HeadAxes, mesh: Floats, factor: float) -> Floats:
    """(36, 3) head coordinates of the face's oval, enlarged by `factor` about the middle of the face."""
    oval = head.into(mesh[list(OVAL)])
    centre = np.asarray([0.0, 0.5], np.float32)
    grown = oval.copy()
    grown[:, :2] = centre + (oval[:, :2] - centre) * factor
    return grown


def depth_field(grid: Grid, head: HeadAxes, mesh: Floats) -> Floats:
    """(M,) depth in frame pixels, away from the camera, zero between the eyes.

    The mesh where there is one; round it an ellipsoid: a head is about as deep as it is high (Farkas, head
    length 197 mm,
    face 121 mm against 63 mm between the eyes), so ears and hair lie an eye distance behind the eyes. The
    steep side of
    the jaw is made gentler than it is, since one picture has no skin to show there when the head turns.
    """
    from scipy.ndimage import gaussian_filter, zoom

    near, far = ring(head, mesh, 1.3), ring(head, mesh, 1.8)
    near[:, 2] = far[:, 2] = BACK
    known = np.concatenate([mesh[_in_view(mesh, head.unit)][::EVERY], head.out(near), head.out(far)])
    coarse = Grid(*(np.linspace(axis[0], axis[-1], NODES // 2) for axis in (grid.x, grid.y)))
    at = (coarse.points - head.origin[:2]) / head.unit
    controls = (known[:, :2] - head.origin[:2]) / head.unit
    depth = spline(at, controls, _gentle((known[:, 2] - head.origin[2]) / head.unit), smoothing=0.02)
    # Far from the head the spline runs away; there it is level.
    distance = np.hypot(*(at - np.asarray([0.0, 0.5])).T) / 2.4
    fade = np.clip(distance * 2 - 1, 0, 1) ** 2
    level = np.clip(depth, -0.9, BACK) * (1 - fade) + BACK * fade
    whole = zoom(level.reshape(NODES // 2, NODES // 2), 2, order=3, mode="nearest", grid_mode=False)
    smooth = gaussian_filter(whole, DEPTH_BLUR * head.unit / grid.step, mode="nearest")
    return np.asarray(smooth.ravel() * head.unit, np.float32)


def _gentle(depth: Floats) -> Floats:
    """Depths in head units, the far ones drawn together: 0.9, the ears' front, becomes 0.6."""
    return np.where(depth > 0.15, 0.15 + 0.6 * (depth - 0.15), depth).astype(np.float32)


def _in_view(mesh: Floats, unit: float) -> NDArray[np.bool_]:
    """(468,) False for points that lie behind others, on the far side of a turned head."""
    apart = np.hypot(*(mesh[:, None, :2] - mesh[None, :, :2]).transpose(2, 0, 1))
    before = mesh[None, :, 2] < mesh[:, None, 2] - 0.25 * unit
    hidden: NDArray[np.bool_] = ((apart < 0.12 * unit) & before).any(axis=1)
    return ~hidden


def following(grid: Grid, head: HeadAxes, mesh: Floats, bottom: float) -> Floats:
    """(M,) 0..1: 1 on the head, about a half on the middle of the neck, 0 on the shoulders.

    Args:
        bottom: frame pixels at which the picture ends; nothing there moves, where the neck is long enough.
    """
    upright = head.plane(grid.points)
    chin = float(head.into(mesh[CHIN])[1])
    x, y = upright[:, 0], upright[:, 1]
    jaw = chin - 0.5 + 0.6 * np.exp(-((x / 0.9) ** 2))
    end = jaw + NECK
    ends_at = float(head.plane(np.asarray([head.origin[0], bottom], np.float32))[1])
    end = np.minimum(end, np.maximum(ends_at, jaw + NECK_LEAST))
    t = np.clip((y - jaw) / (end - jaw), 0, 1)
    return np.asarray(1 - t * t * (3 - 2 * t), np.float32)
