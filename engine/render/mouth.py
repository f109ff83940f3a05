"""The mouth of a frame: each lip moved by its own field, what is behind them drawn in layers between."""

import torch
from torch.nn.functional import grid_sample

from engine.portrait import Portrait
from engine.portrait.landmarks import LOWER_INNER
from engine.portrait.patches import Patch
from engine.render.shapes import shapes
from engine.state import State

FEATHER = 1.3  # frame pixels over which a lip's edge ends
CLEAN_AT = 0.08  # eye distances between the lips at which their line is wholly replaced
CLEAN_REACH = 0.07  # eye distances from the edge; the line and its darker surroundings end there
LIP_SHADOW = (0.38, 0.035)  # strength, and reach in eye distances, of the upper lip's shadow on the teeth
LOWER_SHADOW = (0.20, 0.03)
TONGUE_FOLLOWS_JAW = 0.85
TONGUE_OUT = 0.14  # eye distances that the tip rises
PICTURE_GONE = 0.12  # of jawOpen: then an open mouth of the still has given way to the drawn one
JAW_SHAPES = ("jawOpen", "jawLeft", "jawRight")


class Mouth:
    """Draws the mouth into frames."""

    def __init__(self, portrait: Portrait, device: torch.device) -> None:
        layers = portrait.mouth
        head, self._unit = portrait.head, portrait.head.unit
        self._device = device
        self._lips = torch.from_numpy(layers.lips).to(device)[:, None]  # (2, 1, 4, h, w)
        picture = layers.picture
        self._picture = None if picture is None else torch.from_numpy(picture).to(device)[:, None]
        self._black = torch.from_numpy(portrait.style.darkest).to(device)[:, None, None]
        inside = layers.interior
        self._cavity, self._tongue, self._lower, self._upper = (
            torch.from_numpy(layer).to(device)[None]
            for layer in (inside.cavity, inside.tongue, inside.lower, inside.upper)
        )
        made = shapes(head.into(portrait.mesh))
        self._jaw = {name: head.turn(made[name][LOWER_INNER[5]])[:2] for name in JAW_SHAPES}
        self._down = torch.from_numpy(head.axes[1, :2] * head.unit).to(device)
        # Canvas coordinates per frame pixel.
        self._per_pixel = 2 * portrait.framing.oversample / portrait.framing.canvas
        self._to_patch = _patch_scaling(layers.patch, device)

    def draw(
        self,
        above: torch.Tensor,
        below: torch.Tensor,
        upper_at: torch.Tensor,
        lower_at: torch.Tensor,
        still: torch.Tensor,
        state: State,
    ) -> torch.Tensor:
        """(3, h, w) of the window.

        Args:
            above, below: (3, h, w) the frame warped by the upper and by the lower field.
            upper_at, lower_at: (1, h, w, 2) places of the still that these show, canvas coordinates of
            grid_sample.
            still: (1, h, w, 2) places of the still in the plane of the teeth, moved by the skull alone.
        """
        at = (upper_at, lower_at)
        upper, lower = (
            grid_sample(
                lip, place * self._to_patch[0] + self._to_patch[1], padding_mode="border", align_corners=False
            )[0]
            for lip, place in zip(self._lips, at, strict=True)
        )
        cover_lower = (0.5 + lower[3] / FEATHER).clamp_(0, 1)
        cover_upper = torch.minimum((0.5 + upper[3] / FEATHER).clamp_(0, 1), 1 - cover_lower)
        gap = (-(upper[3] + lower[3]) / (CLEAN_AT * self._unit)).clamp_(0, 1)
        parted = gap * gap * (3 - 2 * gap)
        below = torch.lerp(below, lower[:3], parted * self._near_edge(lower[3]))
        above = torch.lerp(above, upper[:3], parted * self._near_edge(upper[3]))
        shown = cover_lower * below + cover_upper * above
        seen = 1 - cover_lower - cover_upper
        rows, columns = _extent(seen > 0, 1), _extent(seen > 0, 0)
        if rows and columns:
            behind = still[:, rows, columns]
            inside = self._interior(behind, state) * self._shadow(
                upper[3][rows, columns], lower[3][rows, columns]
            )
            inside = torch.maximum(inside, self._black)
            shown[:, rows, columns] += seen[rows, columns] * self._of_the_still(inside, behind, state)
        return shown

    def _of_the_still(self, inside: torch.Tensor, still: torch.Tensor, state: State) -> torch.Tensor:
        """What the still shows between its lips over `inside`; an opening jaw leaves only its upper teeth."""
        if self._picture is None:
            return inside
        kept = max(0.0, 1 - state["jawOpen"] / PICTURE_GONE)
        if kept > 0:
            inside = torch.lerp(inside, self._over(inside, self._picture[0], still), kept)
        return self._over(inside, self._picture[1], still)

    def _interior(self, still: torch.Tensor, state: State) -> torch.Tensor:
        """(3, h, w) cavity, tongue, lower and upper teeth."""
        jaw = sum(torch.from_numpy(self._jaw[name]) * state[name] for name in JAW_SHAPES)
        jaw = torch.as_tensor(jaw, device=self._device)
        out = state["tongueOut"]
        place = still * self._to_patch[0] + self._to_patch[1]
        colour = grid_sample(self._cavity, place, padding_mode="border", align_corners=False)[0]
        tongue = still - (jaw * TONGUE_FOLLOWS_JAW - self._down * TONGUE_OUT * out) * self._per_pixel
        colour = self._over(colour, self._tongue, tongue)
        colour = self._over(colour, self._lower, still - jaw * self._per_pixel)
        if out > 0:
            colour = torch.lerp(colour, self._over(colour, self._tongue, tongue), min(1.0, 2 * out))
        return self._over(colour, self._upper, still)

    def _near_edge(self, inward: torch.Tensor) -> torch.Tensor:
        """1 at the edge of a lip, 0 from where the lip without its line is as in the still."""
        return (2 - inward / (CLEAN_REACH * self._unit)).clamp_(0, 1)

    def _over(self, colour: torch.Tensor, layer: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        """`layer` (1, 4, h, w), sampled at places of the still, over `colour`."""
        place = at * self._to_patch[0] + self._to_patch[1]
        sampled = grid_sample(layer, place, padding_mode="zeros", align_corners=False)[0]
        return torch.lerp(colour, sampled[:3], sampled[3:])

    def _shadow(self, upper: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
        """Light that comes past the lips: less near the edges, most of all under the upper one."""
        above = LIP_SHADOW[0] * torch.exp(upper.clamp(max=0) / (LIP_SHADOW[1] * self._unit))
        below = LOWER_SHADOW[0] * torch.exp(lower.clamp(max=0) / (LOWER_SHADOW[1] * self._unit))
        return (1 - above) * (1 - below)


def _extent(mask: torch.Tensor, over: int) -> slice | None:
    """From the first to the last line of (h, w) `mask` with anything true; None when there is none."""
    lines = mask.any(dim=over).nonzero()
    return slice(int(lines[0]), int(lines[-1]) + 1) if len(lines) else None


def _patch_scaling(patch: Patch, device: torch.device) -> torch.Tensor:
    """(2, 2): factor and offset that carry canvas coordinates to coordinates of the patch."""
    canvas = patch.framing.canvas
    width, height = patch.right - patch.left, patch.bottom - patch.top
    factor = [canvas / width, canvas / height]
    offset = [(canvas - 2 * patch.left) / width - 1, (canvas - 2 * patch.top) / height - 1]
    return torch.tensor([factor, offset], device=device)
