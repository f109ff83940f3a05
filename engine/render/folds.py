"""Folds that an expression makes in the skin: shading that comes and goes with the blendshapes.

An expression's ratio image (Liu, Shan and Zhang 2001) says how much lighter or darker each place of a face
grows. Ours is made from lines where faces fold, as low relief in the light of the picture; its depth follows
the skin's own contrast. Flat art has none: its skin has no shading that could change.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import grid_sample

from engine.portrait import Portrait
from engine.portrait.creases import creases
from engine.state import State

Floats = NDArray[np.floating[Any]]

FAINT = 0.02  # strength of the strongest fold below which nothing is drawn


class Folds:
    """Finds the shading of the states' expressions."""

    def __init__(self, portrait: Portrait, device: torch.device) -> None:
        made = creases(portrait)
        self._names = () if made is None else made.names
        if made is None:
            return
        self._device, self._shape = device, made.maps.shape[1:]
        self._maps = [_cut_out(each, device) for each in made.maps]
        self._corner = made.left, made.top

    def shading(self, states: Sequence[State]) -> "Shading | None":
        """Of B states; None if none of them folds anything."""
        strength = [[_strength(name, state) for name in self._names] for state in states]
        if max((max(each, default=0.0) for each in strength), default=0.0) < FAINT:
            return None
        ratio = torch.zeros(len(states), 1, *self._shape, device=self._device)
        for of_states, (box, relief) in zip(zip(*strength, strict=True), self._maps, strict=True):
            if max(of_states) > 0:
                weights = torch.tensor(of_states, device=self._device)
                ratio[(..., *box)] += weights[:, None, None, None] * relief
        return Shading(ratio, self._corner)


class Shading:
    """How much lighter or darker the places of B stills grow: `ratio` (B, 1, h, w), from `corner` on."""

    def __init__(self, ratio: torch.Tensor, corner: tuple[float, float]) -> None:
        self._ratio = ratio
        size = torch.tensor(ratio.shape[:1:-1], dtype=torch.float32, device=ratio.device)
        self.low = torch.tensor(corner, device=ratio.device)
        self.high = self.low + size
        self.factor = (2 / size)[:, None, None, None]
        self.offset = -self.low[:, None, None, None] * self.factor - 1

    def reaches(self, low: torch.Tensor, high: torch.Tensor) -> bool:
        """Whether anything is shaded from `low` (2,) to `high`, frame pixels of the still."""
        return bool(((low < self.high) & (high > self.low)).all())

    def at(self, places: torch.Tensor) -> torch.Tensor:
        """(B, h, w) factors of the light at `places` (2, B, h, w), -1..1 over the shaded part."""
        seen = grid_sample(self._ratio, places.permute(1, 2, 3, 0), padding_mode="zeros", align_corners=False)
        return seen[:, 0].add_(1.0)


def _cut_out(relief: Floats, device: torch.device) -> tuple[tuple[slice, slice], torch.Tensor]:
    """Rows and columns of a map (h, w) that are not 0, and what it has there."""
    lines = [np.flatnonzero((np.abs(relief) > 1e-4).any(axis=axis)) for axis in (1, 0)]
    rows, columns = (slice(int(at[0]), int(at[-1]) + 1) if at.size else slice(0, 0) for at in lines)
    return (rows, columns), torch.from_numpy(np.ascontiguousarray(relief[rows, columns])).to(device)


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
