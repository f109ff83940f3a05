"""Lids and irises of a frame, drawn where it shows the eye's part of the still."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
import torch

from engine.portrait import Portrait
from engine.portrait.eyes import EyeLayers
from engine.render.folds import Shading
from engine.render.pictures import Pictures
from engine.render.pose import Camera, Motion
from engine.render.sitter import Sitter
from engine.render.window import Window, box, put
from engine.state import State

LID_EDGE = 1.0  # frame pixels over which a lid's edge ends
LOWER_SHARE = 0.14  # of the opening that the lower lid rises in a blink (10-20 %)
SQUINT = (0.14, 0.26)  # shares of the opening: upper lid down, lower lid up
# A shut upper lid lies over the lower one's edge, which hides what tracing left of the eye below it: share of
# the widest opening, wherever it opens by more than another.
OVERLAP, OVERLAP_FROM = 0.08, 0.12
WIDE = 0.17  # share of the opening that the upper lid rises
# The upper lid a sinking and a rising iris, the lower lid both; most of it is in the state's eyeBlink and
# eyeWide.
LID_FOLLOWS = (0.30, 0.20, 0.35)
LOWER_REACH = 0.9  # openings of the eye below the lower lid's edge, over which its skin moves with it
CAST = (0.35, 0.10)  # shadow of a lowered lid: strength, reach in openings of the eye
# The catch-light is the lamp mirrored in the cornea, whose centre lies 4.2 mm before the eye's, the iris 12.
GLINT = 0.35
MOST_GAZE = (35.0, 25.0)  # degrees, yaw and pitch
MOVED = 0.7  # frame pixels that lid or iris have moved when nothing of the still is left
RIM_COUNTS = 20  # the iris's rim hides what it covers by one over this
SEEN = 0.002  # of a pixel of the eyeball: less is not seen
MARGIN = 0.12  # of the window's sides, for turns


@dataclass(frozen=True)
class EyeState:
    """What one eye does in a frame.

    Attributes:
        right, down: frame pixels that the iris has moved.
        fall: share of the opening by which the upper lid has come down.
        rise: the same of the lower lid, up.
        with_upper, with_lower: frame pixels by which the lids follow the iris, down.
        over_edge: share of the opening by which the upper lid's edge lies over the lower lid's.
    """

    right: float
    down: float
    fall: float
    rise: float
    with_upper: float
    with_lower: float
    over_edge: float

    @classmethod
    def of(cls, state: State, layers: EyeLayers) -> "EyeState":
        """Of the eye that was taken apart into `layers`."""
        yaw, pitch = (max(-most, min(most, angle)) for angle, most in zip(state.gaze, MOST_GAZE, strict=True))
        right, down = (layers.globe * math.sin(math.radians(angle)) for angle in (yaw, -pitch))
        blink, squint, wide = (state[name + layers.side] for name in ("eyeBlink", "eyeSquint", "eyeWide"))
        awake = 1 - blink
        return cls(
            right,
            down,
            fall=blink * (1 - LOWER_SHARE) + awake * (SQUINT[0] * squint - WIDE * wide),
            rise=LOWER_SHARE * blink + SQUINT[1] * squint * awake,
            with_upper=awake * down * (LID_FOLLOWS[0] if down > 0 else LID_FOLLOWS[1]),
            with_lower=awake * down * LID_FOLLOWS[2],
            over_edge=OVERLAP * blink**3,
        )


class Eye:
    """Draws one eye into frames."""

    def __init__(
        self, layers: EyeLayers, portrait: Portrait, sitter: Sitter, camera: Camera, device: torch.device
    ) -> None:
        self._layers, self._sitter, self._camera, self._device = layers, sitter, camera, device
        framing, patch = portrait.framing, layers.patch
        self._window = _window(layers)
        middle = [self._window.left + self._window.width / 2, self._window.top + self._window.height / 2]
        nearest = np.hypot(*(portrait.grid.points - np.asarray(middle)).T).argmin()
        depth = float(portrait.depth[nearest])
        self._middle = torch.tensor([middle], device=device), torch.tensor([depth], device=device)
        self._seam = self._window.seam().to(device)
        opening = layers.lower - layers.upper
        self._widest = max(float(opening.max()), 1.0)
        maps = np.stack([layers.height, layers.upper, opening, layers.top])[None]
        self._maps = Pictures(torch.from_numpy(maps).to(device), framing, patch, sharp=False)
        self._lids = Pictures(torch.from_numpy(layers.lids).to(device), framing, patch)
        with_iris = np.concatenate([layers.sclera, layers.iris[3:]])
        ball = np.stack([with_iris, layers.iris, np.concatenate([layers.light, layers.iris[3:]])])
        self._ball = Pictures(torch.from_numpy(ball).to(device), framing, patch)
        self._across, self._down = (
            torch.from_numpy(np.asarray(axis, np.float32)[:, None, None, None]).to(device)
            for axis in (layers.across, layers.down)
        )

    def draw(
        self,
        frames: torch.Tensor,
        smooth: torch.Tensor,
        motion: Motion,
        states: Sequence[State],
        shading: Shading | None,
    ) -> None:
        """Into `frames` (B, S, S, 3) of bytes; `smooth` is `Sitter.smoothed`'s."""
        offset = self._camera.travel(*self._middle, motion)[:, 0]  # (B, 2)
        sources = self._sitter.sources(smooth, self._window, offset)
        now = [EyeState.of(state, self._layers) for state in states]
        values = torch.tensor([astuple(each) for each in now], device=self._device)
        drawn, changed = self._drawn(sources, values.T[..., None, None])
        if shading is not None:
            drawn *= shading.at(torch.addcmul(shading.offset, sources, shading.factor))
        put(frames, drawn, self._window, offset, changed * self._seam)

    def _drawn(self, sources: torch.Tensor, now: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(3, B, h, w) seen at the places `sources` (2, B, h, w) of the still; and (B, h, w) 0 where that is
        as in the still, 1 where a lid or the iris has moved. `now` (7, B, 1, 1) has the fields of `EyeState`.
        """
        right, down, fall, rise, with_upper, with_lower, over_edge = now
        height, at_rest, opening, top = self._maps.seen(sources[None])[0]
        arch = opening / self._widest
        lower = at_rest + opening * (1 - rise) + arch * with_lower
        upper = torch.minimum(at_rest + opening * fall + arch * with_upper, lower)
        upper += over_edge * self._widest * (opening / (OVERLAP_FROM * self._widest)).clamp_(0, 1)
        bottom = at_rest + opening + LOWER_REACH * self._widest
        moved = (upper - at_rest) * _share(height, top, upper)
        raised = (lower - at_rest - opening) * _share(height, bottom, lower)
        lid, lid_below = self._lids.seen(
            torch.stack([sources - moved * self._down, sources - raised * self._down])
        )
        over = (0.5 + (upper - height) / LID_EDGE).clamp_(0, 1)
        under = torch.minimum((0.5 + (height - lower) / LID_EDGE).clamp_(0, 1), 1 - over)
        drawn: torch.Tensor = over * lid + under * lid_below
        open_part = 1 - over - under
        changed = ((upper - at_rest).abs() + (lower - at_rest - opening).abs()).div_(MOVED).clamp_(max=1)
        part = box(open_part > SEEN)
        if part is not None:
            light = open_part[part] * self._shade(height[part], upper[part], at_rest[part])
            iris = right * self._across + down * self._down  # (2, B, 1, 1)
            ball, turned = self._eyeball(sources[(slice(None), *part)], iris)
            drawn[(slice(None), *part)] += light * ball
            changed[part] = torch.maximum(changed[part], turned * (open_part[part] > SEEN))
        return drawn, changed

    def _eyeball(self, sources: torch.Tensor, moved: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(3, B, h, w) with the iris `moved` (2, B, 1, 1) frame pixels, the catch-light less; and (B, h, w) 1
        where an iris is or was, when it has moved."""
        places = torch.stack([sources - moved * share for share in (0, 1, GLINT)])
        sclera, disc, light = self._ball.seen(places)
        cover = disc[3:].clamp(0, 1)
        far = moved.abs().sum(dim=0).div(MOVED).clamp_(max=1)
        turned = (torch.maximum(cover[0], sclera[3]) * RIM_COUNTS).clamp_(0, 1) * far
        return torch.lerp(sclera[:3], disc[:3], cover).addcmul_(light[:3], cover), turned

    def _shade(self, height: torch.Tensor, upper: torch.Tensor, at_rest: torch.Tensor) -> torch.Tensor:
        """The shadow that a lid casts where it has come down."""
        lowered = ((upper - at_rest) / self._widest).clamp_(0, 1)
        below = (height - upper).clamp_(min=0)
        return 1 - CAST[0] * lowered * torch.exp(-below / (CAST[1] * self._widest))


def _share(height: torch.Tensor, end: torch.Tensor, edge: torch.Tensor) -> torch.Tensor:
    """How far each pixel of a lid goes with its edge: wholly at the edge and beyond it, at the `end` not."""
    length = edge - end
    length = torch.where(length > 0, length.clamp(min=1.0), length.clamp(max=-1.0))
    t = ((height - end) / length).clamp_(0, 1)
    return t * t * (3 - 2 * t)


def _window(layers: EyeLayers) -> Window:
    """Where in the frame a lid or the eyeball can move, and a margin."""
    opening = layers.lower - layers.upper
    widest = max(float(opening.max()), 1.0)
    bottom = layers.lower + LOWER_REACH * widest
    moving = (opening > 0.02 * widest) & (layers.height > layers.top) & (layers.height < bottom)
    points = layers.patch.points()[moving]
    low, high = points.min(axis=0), points.max(axis=0)
    margin = MARGIN * (high - low) + 1
    left, top = (int(v) for v in np.floor(low - margin))
    right, end = (int(v) for v in np.ceil(high + margin))
    return Window(top, left, end - top, right - left)
