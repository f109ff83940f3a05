"""One frame from one state."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import grid_sample, pad

from engine.portrait import Portrait
from engine.render.bases import bases, names
from engine.render.eyes import Eye, EyeState
from engine.render.field import Field, Motion, refinement, strengths
from engine.render.folds import Folds
from engine.render.mouth import Mouth
from engine.render.pose import Camera
from engine.render.window import MouthWindow
from engine.state import Controls, State

# Sampling between two pixels averages them, which takes cos(pi f) of detail at f cycles per canvas pixel. Two
# canvas pixels to a frame pixel, sharpened beforehand by one over its root, leave detail within 19 % at the
# finest that a frame can show and within 4 % at half of that, wherever the source lies, in a quarter of
# the time of bicubic sampling. Taps solve for 1, 1.04 and 1.19 at f = 0, 1/8 and 1/4.
SHARPEN = (0.019, -0.133, 1.228, -0.133, 0.019)
BANDS = 2  # a frame is warped in so many pieces at once
WORTH_BANDS = 200  # rows
STILL = 0.006  # of the head's motion, seen through the matte: about a tenth of a pixel
TRAVEL = 0.9  # eye distances that hair can move in the frame


class Renderer:
    """Renders frames of one portrait. A frame depends on its state alone. Not for use by two threads at once.

    Args:
        portrait: of `build_portrait`, with the same controls.
        device: of torch: "cpu", "cuda".
    """

    def __init__(self, portrait: Portrait, controls: Controls, device: str = "cpu") -> None:
        self._device = torch.device(device)
        framing = portrait.framing
        self._size, self._border = framing.size, framing.border
        self._across = framing.size + 2 * framing.border
        self._names = names(portrait)
        self._camera = Camera(portrait.head, controls.distance, self._device)
        whole = bases(portrait, portrait.grid)[0][None]
        self._field = Field(portrait, portrait.grid, whole, self._camera, self._device)
        pixels = np.arange(framing.size, dtype=np.float32) + 0.5
        self._fine = torch.from_numpy(refinement(portrait.grid.x, pixels)).to(self._device)
        line = torch.from_numpy(pixels).to(self._device)
        self._pixels = torch.stack(torch.meshgrid(line, line, indexing="xy"))
        # With one canvas pixel to a frame pixel, pixels between two need their wider neighbourhood.
        self._fine_canvas = framing.oversample > 1
        self._canvas = self._prepared(_sitter(portrait).to(self._device))
        self._background = _background(portrait).to(self._device)
        self._window = MouthWindow(portrait, self._camera, self._device)
        self._mouth = Mouth(portrait, self._device)
        self._folds = Folds(portrait, self._device)
        self._moving = _moving(portrait)
        with torch.inference_mode():
            self._still = self._warped(self._pixels)
        behind = torch.from_numpy(_behind(portrait)).to(self._device)
        eyes = [Eye(layers, self._device) for layers in portrait.eyes]
        self._eyes = [(eye, behind[eye.part].clone()) for eye in eyes]

    @torch.inference_mode()
    def render(self, state: State) -> NDArray[np.uint8]:
        """(S, S, 3) RGB."""
        strength = torch.tensor(strengths(state, self._names), device=self._device)
        motion = Motion(*self._camera.motion(state.rotation, state.translation))
        for eye, behind in self._eyes:
            self._show(eye.part, eye.draw(EyeState.of(state, eye.side)) - behind)
        back = self._field.sources(strength, motion)[0]
        frame = self._still.clone()
        rows, columns = self._moving[1:]
        fine = self._fine[rows] @ back @ self._fine[columns].T
        sources = self._pixels[self._moving] + fine
        frame[self._moving] = self._warped(sources, self._moving)
        places = self._window.places(strength, motion)
        part = (slice(None), places.window.rows, places.window.columns)
        above, below = (self._warped(p.permute(2, 0, 1), part) for p in (places.upper, places.lower))
        at = [self._coordinates(p) for p in (places.upper, places.lower, places.still)]
        frame[part] = torch.lerp(
            frame[part], self._mouth.draw(above, below, at[0], at[1], at[2], state), places.seam
        )
        self._folds.shade(frame, back, sources, self._moving, state)
        return frame.add_(0.5).clamp_(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous().cpu().numpy()

    def _show(self, part: tuple[int, slice, slice, slice], drawn: torch.Tensor) -> None:
        """Put `drawn` (3, h, w) into the canvas; its outermost pixels serve as neighbours of the others."""
        if not self._fine_canvas:
            self._canvas[part] = drawn
            return
        edge = slice(len(SHARPEN) // 2, -(len(SHARPEN) // 2))
        self._canvas[part][:, edge, edge] = sharpened(drawn[None])[0, :, edge, edge]

    def _prepared(self, canvas: torch.Tensor) -> torch.Tensor:
        return sharpened(canvas) if self._fine_canvas else canvas

    def _coordinates(self, places: torch.Tensor) -> torch.Tensor:
        """(h, w, 2) frame pixels of the still -> (1, h, w, 2) of grid_sample on the canvas."""
        return ((places + self._border) * (2 / self._across) - 1)[None]

    def _warped(self, sources: torch.Tensor, part: tuple[slice, ...] = (slice(None),)) -> torch.Tensor:
        """(3, h, w) the still seen at `sources` (2, h, w), over the background."""
        at = self._coordinates(sources.permute(1, 2, 0))
        background = self._background[part]
        frame = torch.empty_like(background)
        # On a CPU grid_sample spreads over cores by its batch alone.
        bands = BANDS if at.shape[1] >= WORTH_BANDS and at.shape[1] % BANDS == 0 else 1
        seen = self._sampled(at.view(bands, -1, *at.shape[2:]))
        for band, behind, out in zip(seen, background.chunk(bands, 1), frame.chunk(bands, 1), strict=True):
            torch.addcmul(band[:3], 1 - band[3:], behind, out=out)
        return frame

    def _sampled(self, at: torch.Tensor) -> torch.Tensor:
        canvas = self._canvas.expand(len(at), -1, -1, -1)
        mode = "bilinear" if self._fine_canvas else "bicubic"
        return grid_sample(canvas, at, mode=mode, padding_mode="border", align_corners=False)


def sharpened(picture: torch.Tensor) -> torch.Tensor:
    """(1, C, H, W) with `SHARPEN` along rows and columns; beyond the edges lie their outermost pixels."""
    reach = len(SHARPEN) // 2
    for axis in (2, 3):
        length = picture.shape[axis]
        padding = (0, 0, reach, reach) if axis == 2 else (reach, reach, 0, 0)
        padded = pad(picture, padding, mode="replicate")
        picture = SHARPEN[reach] * picture
        for tap, weight in enumerate(SHARPEN):
            if tap != reach:
                picture.add_(padded.narrow(axis, tap, length), alpha=weight)
    return picture


def _moving(portrait: Portrait) -> tuple[slice, slice, slice]:
    """(channels, rows, columns) of the frame outside of which no motion can be seen."""
    framing, grid = portrait.framing, portrait.grid
    at = ((grid.points + framing.border) * framing.oversample).astype(int).clip(0, framing.canvas - 1)
    visible = portrait.following * portrait.alpha[at[:, 1], at[:, 0]] > STILL
    places = grid.points[visible] if visible.any() else grid.points
    side = up = TRAVEL * portrait.head.unit
    down = grid.step  # nothing moves far there
    start = np.floor(places.min(axis=0) - np.asarray([side, up])).astype(int).clip(0, framing.size)
    stop = np.ceil(places.max(axis=0) + np.asarray([side, down])).astype(int).clip(0, framing.size)
    even = start[1] + (stop[1] - start[1]) // BANDS * BANDS  # what is cut off lies under `down`
    return slice(None), slice(int(start[1]), int(even)), slice(int(start[0]), int(stop[0]))


def _behind(portrait: Portrait) -> NDArray[np.float32]:
    """(1, 3, N, N) the background where it shines through the sitter."""
    through = (1 - portrait.alpha[..., None]) * portrait.background
    return np.ascontiguousarray(through.transpose(2, 0, 1)[None], np.float32)


def _sitter(portrait: Portrait) -> torch.Tensor:
    """(1, 4, N, N) what the still adds to the background, and alpha: over that background it is the still."""
    colour = portrait.canvas.transpose(2, 0, 1)[None] - _behind(portrait)
    return torch.from_numpy(np.concatenate([colour, portrait.alpha[None, None]], axis=1).astype(np.float32))


def _background(portrait: Portrait) -> torch.Tensor:
    """(3, S, S) in frame pixels."""
    framing = portrait.framing
    k, start = framing.oversample, framing.border * framing.oversample
    inner = portrait.background[start : start + framing.size * k, start : start + framing.size * k]
    shrunk = inner.reshape(framing.size, k, framing.size, k, 3).mean(axis=(1, 3))
    return torch.from_numpy(np.ascontiguousarray(shrunk.transpose(2, 0, 1), np.float32))
