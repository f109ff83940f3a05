"""What is seen between parted lips: cavity, tongue and teeth, each where skull or jaw has taken it."""

from collections.abc import Sequence

import numpy as np
import torch

from engine.portrait import Portrait
from engine.portrait.landmarks import LOWER_INNER
from engine.render.pictures import Pictures
from engine.render.shapes import shapes
from engine.state import State

TONGUE_FOLLOWS_JAW = 0.85
TONGUE_OUT = 0.14  # eye distances that the tip rises
PICTURE_GONE = 0.12  # of jawOpen: then an open mouth of the still has given way to the drawn one
JAW_SHAPES = ("jawOpen", "jawLeft", "jawRight")


class Interior:
    """Draws what is behind the lips."""

    def __init__(self, portrait: Portrait, device: torch.device) -> None:
        layers, head = portrait.mouth, portrait.head
        inside = layers.interior
        covered = np.concatenate([inside.cavity, np.ones_like(inside.cavity[:1])])
        picture = [] if layers.picture is None else list(layers.picture)
        self._parted = bool(picture)
        parts = [covered, *(_ending(part) for part in (inside.tongue, inside.lower, inside.upper, *picture))]
        stack = torch.from_numpy(np.stack(parts)).to(device)
        self._layers = Pictures(stack, portrait.framing, layers.patch, sharp=False)
        self._black = torch.from_numpy(portrait.style.darkest).to(device)[:, None, None, None]
        made = shapes(head.into(portrait.mesh))
        moves = [head.turn(made[name][LOWER_INNER[5]])[:2] for name in JAW_SHAPES]
        self._jaw = np.stack(moves).astype(np.float32)  # (3, 2) frame pixels
        self._out = (head.axes[1, :2] * head.unit * -TONGUE_OUT).astype(np.float32)
        self._device = device

    def draw(self, still: torch.Tensor, light: torch.Tensor, states: Sequence[State]) -> torch.Tensor:
        """(3, B, h, w) colours.

        Args:
            still: (2, B, h, w) places of the still in the plane of the teeth, moved by the skull alone.
            light: (B, h, w) 0..1 that comes past the lips.
        """
        seen = self._layers.seen(still - self._moved(states))
        cavity, tongue, lower, upper = seen[:4]
        colour = _over(_over(cavity[:3], tongue), lower)
        out = self._per_state([min(1.0, 2 * state["tongueOut"]) for state in states])
        colour = torch.lerp(colour, tongue[:3], tongue[3:] * out)
        inside = torch.maximum(_over(colour, upper) * light, self._black)
        if not self._parted:
            return inside
        # What the still shows between its lips; an opening jaw leaves only its upper teeth.
        kept = self._per_state([max(0.0, 1 - state["jawOpen"] / PICTURE_GONE) for state in states])
        inside = torch.lerp(inside, seen[4, :3], seen[4, 3:] * kept)
        return _over(inside, seen[5])

    def _moved(self, states: Sequence[State]) -> torch.Tensor:
        """(layers, 2, B, 1, 1) frame pixels that each layer has moved with the jaw."""
        jaw = np.asarray([[state[name] for name in JAW_SHAPES] for state in states], np.float32) @ self._jaw
        out = np.asarray([[state["tongueOut"]] for state in states], np.float32)
        zero = np.zeros_like(jaw)
        moved = [zero, TONGUE_FOLLOWS_JAW * jaw + out * self._out, jaw, zero]
        moved += [zero, zero] if self._parted else []
        return torch.from_numpy(np.stack(moved).transpose(0, 2, 1)[..., None, None].copy()).to(self._device)

    def _per_state(self, values: list[float]) -> torch.Tensor:
        return torch.tensor(values, device=self._device)[:, None, None]


def _over(colour: torch.Tensor, layer: torch.Tensor) -> torch.Tensor:
    """`layer` (4, ...) over `colour` (3, ...)."""
    return torch.lerp(colour, layer[:3], layer[3:])


def _ending(layer: np.ndarray) -> np.ndarray:
    """A layer (4, h, w) that covers nothing beyond its edges."""
    ended = layer.copy()
    ended[3, [0, -1]] = 0
    ended[3, :, [0, -1]] = 0
    return ended
