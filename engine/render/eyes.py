"""Lids and irises of one frame, drawn into the still before it is warped."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import grid_sample

from engine.portrait.eyes import EyeLayers
from engine.state import State

LID_EDGE = 1.0  # frame pixels over which a lid's edge ends
LOWER_SHARE = 0.14  # of the opening that the lower lid rises in a blink (10-20 %)
SQUINT = (0.14, 0.26)  # shares of the opening: upper lid down, lower lid up
WIDE = 0.17  # share of the opening that the upper lid rises
# The upper lid a sinking and a rising iris, the lower lid both; most of it is in the state's eyeBlink and
# eyeWide.
LID_FOLLOWS = (0.30, 0.20, 0.35)
LOWER_REACH = 0.9  # openings of the eye below the lower lid's edge, over which its skin moves with it
CAST = (0.35, 0.10)  # shadow of a lowered lid: strength, reach in openings of the eye
# The catch-light is the lamp mirrored in the cornea, whose centre lies 4.2 mm before the eye's, the iris 12
# mm.
GLINT = 0.35
MOST_GAZE = (35.0, 25.0)  # degrees, yaw and pitch


@dataclass(frozen=True)
class EyeState:
    """What one eye does: blink, squint and wide 0..1; gaze in degrees."""

    blink: float
    squint: float
    wide: float
    yaw: float
    pitch: float

    @classmethod
    def of(cls, state: State, side: str) -> "EyeState":
        """`side` is "Left" or "Right", the sitter's own."""
        yaw, pitch = (max(-most, min(most, angle)) for angle, most in zip(state.gaze, MOST_GAZE, strict=True))
        return cls(state["eyeBlink" + side], state["eyeSquint" + side], state["eyeWide" + side], yaw, pitch)


Box = tuple[slice, slice]


class Eye:
    """Draws one eye into the canvas: where something can move, each layer where it can be seen."""

    def __init__(self, layers: EyeLayers, device: torch.device) -> None:
        self.side, patch = layers.side, layers.patch
        boxes = _boxes(layers)
        self._lid_boxes, self._ball_box = boxes[1:3], boxes[3]
        rows, columns = boxes[0]
        # Of a (1, C, N, N) canvas.
        self.part = (
            0,
            slice(0, 3),
            slice(patch.top + rows.start, patch.top + rows.stop),
            slice(patch.left + columns.start, patch.left + columns.stop),
        )

        def on_device(array: object) -> torch.Tensor:
            return torch.as_tensor(array, dtype=torch.float32, device=device)

        self._height, self._upper, self._top = (
            on_device(values[rows, columns]) for values in (layers.height, layers.upper, layers.top)
        )
        self._opening = on_device(layers.lower[rows, columns]) - self._upper
        self._widest = max(float(self._opening.max()), 1.0)
        self._arch = self._opening / self._widest
        self._bottom = self._upper + self._opening + LOWER_REACH * self._widest
        self._lids, self._light = on_device(layers.lids), on_device(layers.light)[None]
        self._glints = bool(layers.light.any())
        self._iris = on_device(layers.iris)[None]
        self._sclera = on_device(layers.sclera[:, rows, columns])[(slice(None), *self._ball_box)]
        self._globe = layers.globe
        height, width = layers.height.shape
        # Patch coordinates of grid_sample per frame pixel.
        per_pixel = torch.tensor([2 / width, 2 / height]) * patch.framing.oversample
        self._down = on_device(layers.down) * per_pixel.to(device)
        self._across = on_device(layers.across) * per_pixel.to(device)
        x, y = ((torch.arange(n, device=device) + 0.5) * 2 / n - 1 for n in (width, height))
        self._places = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[rows, columns]

    def draw(self, eye: EyeState) -> torch.Tensor:
        """(3, h, w) of `part`, 0..255."""
        right, down = (self._globe * math.sin(math.radians(angle)) for angle in (eye.yaw, -eye.pitch))
        upper, lower = self._edges(eye, down)
        over = (0.5 + (upper - self._height) / LID_EDGE).clamp_(0, 1)
        under = torch.minimum((0.5 + (self._height - lower) / LID_EDGE).clamp_(0, 1), 1 - over)
        moved = self._fall(upper - self._upper, self._top, upper)
        raised = self._fall(lower - self._upper - self._opening, self._bottom, lower)
        drawn = torch.zeros((3, *self._height.shape), device=self._height.device)
        for which, (cover, way) in enumerate(((over, moved), (under, raised))):
            box = self._lid_boxes[which]
            drawn[(slice(None), *box)] += cover[box] * self._lid(which, way[box], self._places[box])
        box = self._ball_box
        seen = (1 - over[box] - under[box]) * self._shade(upper[box], box)
        drawn[(slice(None), *box)] += seen * self._eyeball(right, down, self._places[box])
        return drawn

    def _edges(self, eye: EyeState, iris_down: float) -> tuple[torch.Tensor, torch.Tensor]:
        """(h, w) height of the lids' edges in every column."""
        awake = 1 - eye.blink
        rise = LOWER_SHARE * eye.blink + SQUINT[1] * eye.squint * awake
        fall = eye.blink * (1 - LOWER_SHARE) + awake * (SQUINT[0] * eye.squint - WIDE * eye.wide)
        follow = awake * iris_down * (LID_FOLLOWS[0] if iris_down > 0 else LID_FOLLOWS[1])
        lower = self._upper + self._opening * (1 - rise) + self._arch * awake * iris_down * LID_FOLLOWS[2]
        upper = self._upper + self._opening * fall + self._arch * follow
        return torch.minimum(upper, lower), lower

    def _fall(self, moved: torch.Tensor, end: torch.Tensor, edge: torch.Tensor) -> torch.Tensor:
        """How far each pixel of a lid has moved: at the edge and beyond as far as that, at the `end` not."""
        length = torch.where(end < edge, (edge - end).clamp(min=1.0), (edge - end).clamp(max=-1.0))
        t = ((self._height - end) / length).clamp(0, 1)
        return moved * t * t * (3 - 2 * t)

    def _lid(self, which: int, moved: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """(3, h, w) skin at `places` that has moved down by `moved` frame pixels."""
        # Skin is soft and the layer twice as fine as the frame: bilinear sampling loses nothing to be seen.
        return self._sampled(
            self._lids[which : which + 1], places - moved[..., None] * self._down, mode="bilinear"
        )

    def _eyeball(self, right: float, down: float, places: torch.Tensor) -> torch.Tensor:
        """(3, h, w) the iris moved under the lids; the catch-light stays almost where it is."""
        shift = right * self._across + down * self._down
        iris = self._sampled(self._iris, places - shift)
        cover = iris[3:].clamp(0, 1)
        ball = torch.lerp(self._sclera, iris[:3], cover)
        if not self._glints:
            return ball
        return ball + self._sampled(self._light, places - GLINT * shift) * cover

    def _sampled(self, layer: torch.Tensor, at: torch.Tensor, mode: str = "bicubic") -> torch.Tensor:
        return grid_sample(layer, at[None], mode=mode, padding_mode="border", align_corners=False)[0]

    def _shade(self, upper: torch.Tensor, box: Box) -> torch.Tensor:
        """The shadow that a lid casts where it has come down."""
        lowered = ((upper - self._upper[box]) / self._widest).clamp(0, 1)
        below = (self._height[box] - upper).clamp(min=0)
        return 1 - CAST[0] * lowered * torch.exp(-below / (CAST[1] * self._widest))


def _boxes(layers: EyeLayers) -> tuple[Box, Box, Box, Box]:
    """Of the patch, what can change; of that, where upper lid, lower lid and eyeball can be seen."""
    opening = layers.lower - layers.upper
    widest = max(float(opening.max()), 1.0)
    whole = opening > 0.02 * widest
    bottom = layers.lower + LOWER_REACH * widest
    changing = _box(whole & (layers.height > layers.top) & (layers.height < bottom), 3)
    rows, columns = changing
    height, upper, lower = (values[rows, columns] for values in (layers.height, layers.upper, layers.lower))
    room = 0.35 * widest  # lids rise and sink by less, out of a blink
    skin_over = _box(height < lower + room, 0)
    skin_under = _box(height > lower - SQUINT[1] * (lower - upper) - room, 0)
    ball = _box((height > upper - room) & (height < lower + room) & whole[rows, columns], 3)
    return changing, skin_over, skin_under, ball


def _box(mask: NDArray[np.bool_], margin: int) -> Box:
    """The smallest box around a mask that is true somewhere, and `margin` more."""
    spans = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
    lengths = mask.shape
    rows, columns = (
        slice(max(int(span[0]) - margin, 0), min(int(span[-1]) + 1 + margin, length))
        for span, length in zip(spans, lengths, strict=True)
    )
    return rows, columns
