"""The head turned and moved in space, seen by a camera."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.portrait.landmarks import HeadAxes
from engine.state import State

Floats = NDArray[np.floating[Any]]

# Camera to eyes at rest, in eye distances: 14 x 63 mm is 0.9 m, a usual distance for portraits (Bryan,
# Perona and
# Adolphs 2012 compare 0.45 m with 1.35 m).
CAMERA = 14.0
# The head turns about the upper neck: the atlas lies at the height of the mouth, a little behind the ears'
# canals.
PIVOT = (0.0, 0.9, 1.1)
# Beyond these a warp of one picture shows stretched cheeks; VASA-1's own clips span 15 degrees of yaw and 12
# of pitch
# in all. Larger turns bend towards the limit and never pass it.
FREE_TURN = (12.0, 9.0, 14.0)
LARGEST_TURN = (18.0, 14.0, 22.0)


def bounded(rotation: tuple[float, float, float]) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees, bent smoothly so that none exceeds `LARGEST_TURN`."""
    return (
        _bent(rotation[0], FREE_TURN[0], LARGEST_TURN[0]),
        _bent(rotation[1], FREE_TURN[1], LARGEST_TURN[1]),
        _bent(rotation[2], FREE_TURN[2], LARGEST_TURN[2]),
    )


def _bent(angle: float, free: float, largest: float) -> float:
    over = abs(angle) - free
    if over <= 0:
        return angle
    room = largest - free
    return math.copysign(free + room * math.tanh(over / room), angle)


def rotation_matrix(rotation: tuple[float, float, float]) -> torch.Tensor:
    """(3, 3): first roll, then pitch, then yaw, as `perception.pose.head_pose` takes them apart."""
    yaw, pitch, roll = (math.radians(a) for a in rotation)
    c, s = math.cos(yaw), math.sin(yaw)
    about_y = torch.tensor([[c, 0.0, -s], [0.0, 1.0, 0.0], [s, 0.0, c]])
    c, s = math.cos(pitch), math.sin(pitch)
    about_x = torch.tensor([[1.0, 0.0, 0.0], [0.0, c, s], [0.0, -s, c]])
    c, s = math.cos(roll), math.sin(roll)
    about_z = torch.tensor([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return about_y @ about_x @ about_z


@dataclass(frozen=True)
class Motion:
    """Of B states: points in space move to `matrix` @ points + `shift`, (B, 3, 3) and (B, 3, 1)."""

    matrix: torch.Tensor
    shift: torch.Tensor


class Camera:
    """Carries points of the still (frame pixels and depth) to where they are seen after the head has moved.

    Args:
        head: its axes in frame pixels.
        distance: `Controls.distance`: perspective grows as the camera comes nearer; the plane of the eyes
        keeps its
            size, which the framing has already changed.
    """

    def __init__(self, head: HeadAxes, distance: float, device: torch.device) -> None:
        self._unit = head.unit
        self._rest = CAMERA * head.unit
        self._range = self._rest * distance
        self._origin = torch.tensor(head.origin[:2], device=device)
        self._pivot = torch.tensor(head.turn(torch.tensor(PIVOT).numpy()), device=device)
        self._device = device

    def lift(self, xy: torch.Tensor, depth: torch.Tensor) -> torch.Tensor:
        """(M, 2) frame pixels and (M,) depths -> (3, M) points in space about the eyes, in frame pixels."""
        scale = 1 + depth / self._rest
        return torch.cat([((xy - self._origin) * scale[:, None]).T, depth[None]]).contiguous()

    def motion(self, states: Sequence[State]) -> Motion:
        """How the heads of B states have moved."""
        matrix = torch.stack([rotation_matrix(bounded(state.rotation)) for state in states]).to(self._device)
        moved = torch.tensor([state.translation for state in states], device=self._device) * self._unit
        return Motion(matrix, (self._pivot + moved)[..., None] - matrix @ self._pivot[:, None])

    def see(self, points: torch.Tensor) -> torch.Tensor:
        """(..., 3, M) points in space -> (..., 2, M) frame pixels."""
        nearness = self._range / (self._range + points[..., 2:, :])
        return points[..., :2, :] * nearness + self._origin[:, None]

    def plane(self, xy: torch.Tensor, depth: float, motion: Motion) -> torch.Tensor:
        """Frame pixels (B, 2, M) -> (B, 2, M) where in the still is what they show of the level plane at
        `depth`.

        The inverse of `see` after `motion`, exact for a plane that faces the camera in the still.
        """
        scale = 1 + depth / self._rest
        carry = motion.matrix * torch.tensor([scale, scale, 1.0], device=self._device)
        carry = torch.cat([carry[..., :2], carry[..., 2:] * depth + motion.shift], dim=2)
        lens = torch.tensor([self._range, self._range, 1.0], device=self._device)
        seen = lens[:, None] * carry
        seen[:, 2, 2] += self._range
        back = torch.linalg.inv(seen)
        from_axis = xy - self._origin[:, None]
        ahead = torch.baddbmm(back[:, :, 2:], back[:, :, :2], from_axis)
        return torch.addcdiv(self._origin[:, None], ahead[:, :2], ahead[:, 2:])

    def travel(self, xy: torch.Tensor, depth: torch.Tensor, motion: Motion) -> torch.Tensor:
        """(B, E, 2) whole frame pixels that E points of the still, (E, 2) and (E,), move with the head."""
        there = self.see(motion.matrix @ self.lift(xy, depth) + motion.shift)
        return (there.transpose(1, 2) - xy).round().long()
