"""Folds that an expression makes in the skin: shading that comes and goes with the blendshapes.

An expression's ratio image (Liu, Shan and Zhang 2001) says how much lighter or darker each place of a face grows.
Ours is made from lines where faces fold, as low relief in the light of the picture; its depth follows the
skin's own contrast. Flat art has none: its skin has no shading that could change.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import grid_sample

from engine.portrait import Portrait
from engine.portrait.creases import Creases, creases
from engine.state import State

Floats = NDArray[np.floating[Any]]

FAINT = 0.02  # strength of the strongest fold below which nothing is drawn
MARGIN = 2  # nodes of the grid around those that show the face


class Folds:
    """Shades frames."""

    def __init__(self, portrait: Portrait, device: torch.device) -> None:
        made = creases(portrait)
        self._none = made is None
        if made is None:
            return
        self._names = made.names
        self._maps = torch.from_numpy(made.maps).to(device)
        self._grid = portrait.grid
        self._nodes = torch.from_numpy(portrait.grid.points).to(device).T.view(2, len(portrait.grid.y), -1)
        self._low, self._size = _box(made, device)

    def shade(self, frame: torch.Tensor, back: torch.Tensor, fine: torch.Tensor, part: tuple[slice, ...],
              state: State) -> None:  # fmt: skip
        """Multiply the part (channels, rows, columns) of the frame (3, S, S) by the folds of the state.

        Args:
            back: (2, H, W) displacement of the grid's nodes to their sources, frame pixels.
            fine: (2, h, w) sources of the part's pixels in the still, frame pixels.
        """
        if self._none:
            return
        strength = [_strength(name, state) for name in self._names]
        if max(strength) < FAINT:
            return
        shown = self._seen(back, part, fine.shape[1:])
        if shown is None:
            return
        weights = torch.tensor(strength, dtype=fine.dtype, device=fine.device)
        ratio = torch.tensordot(weights, self._maps, dims=1)
        at = (fine[:, shown[0], shown[1]].permute(1, 2, 0) - self._low) * (2 / self._size) - 1
        seen = grid_sample(ratio[None, None], at[None], padding_mode="zeros", align_corners=False)[0]
        frame[part][:, shown[0], shown[1]] *= seen.add_(1.0)

    def _seen(
        self, back: torch.Tensor, part: tuple[slice, ...], shape: torch.Size
    ) -> tuple[slice, slice] | None:
        """Rows and columns, within the part, of what shows the maps."""
        inside = (self._nodes + back - self._low.view(2, 1, 1)) / self._size.view(2, 1, 1)
        within = ((inside > 0) & (inside < 1)).all(dim=0)
        spans = []
        for axis, line, cut, length in ((1, self._grid.y, part[1], shape[0]), (0, self._grid.x, part[2], shape[1])):
            hit = within.any(dim=axis).nonzero()
            if not len(hit):
                return None
            first, last = int(hit[0]) - MARGIN, int(hit[-1]) + MARGIN
            start, stop = (float(line[min(max(i, 0), len(line) - 1)]) - cut.start for i in (first, last))
            spans.append(slice(int(np.clip(start, 0, length)), int(np.clip(stop, 0, length))))
        return spans[0], spans[1]


def _strength(name: str, state: State) -> float:
    """0..1 how deep a fold is, by the muscles that make it (Ekman and Friesen, FACS)."""
    kind, side = (name[: -len(s)], s) if (s := _side(name)) else (name, "")
    match kind:
        case "nasolabial":  # action units 12, 10, 9, 6
            value = 0.9 * state["mouthSmile" + side] + 0.6 * state["mouthUpperUp" + side]
            value += 0.7 * state["noseSneer" + side] + 0.3 * state["cheekSquint" + side]
        case "crow":  # 6, 7
            value = 0.8 * state["cheekSquint" + side] + 0.4 * state["eyeSquint" + side]
        case "pouch":  # 6, 7
            value = 0.8 * state["cheekSquint" + side] + 0.7 * state["eyeSquint" + side]
        case "cheek":  # 12, 6
            value = 0.8 * state["mouthSmile" + side] + 0.4 * state["cheekSquint" + side]
        case "forehead":  # 1 + 2
            value = 0.5 * state["browInnerUp"] + 0.25 * (state["browOuterUpLeft"] + state["browOuterUpRight"])
        case "brow":  # 1 without 2
            outer = (state["browOuterUpLeft"] + state["browOuterUpRight"]) / 2
            value = max(0.0, state["browInnerUp"] - outer)
        case "glabella":  # 4
            value = 0.5 * (state["browDownLeft"] + state["browDownRight"])
        case _:  # nose: 9
            value = 0.5 * (state["noseSneerLeft"] + state["noseSneerRight"])
    return min(1.0, value)


def _side(name: str) -> str:
    return next((side for side in ("Left", "Right") if name.endswith(side)), "")


def _box(made: Creases, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """(2,) each: first place and extent of the maps, frame pixels."""
    height, width = made.maps.shape[1:]
    low = torch.tensor([made.left, made.top], dtype=torch.float32, device=device)
    return low, torch.tensor([width, height], dtype=torch.float32, device=device)
