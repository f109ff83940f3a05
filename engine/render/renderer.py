"""Frames from states."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from engine.portrait import Portrait
from engine.render.bases import bases, names
from engine.render.eyes import Eye
from engine.render.field import Field, strengths
from engine.render.folds import Folds
from engine.render.mouth import Mouth, mouth_grid
from engine.render.pose import Camera
from engine.render.sitter import Sitter
from engine.state import Controls, State


class Renderer:
    """Renders frames of one portrait. A frame depends on its state alone. Not for use by two threads at once.

    Args:
        portrait: of `build_portrait`, with the same controls.
        device: of torch: "cpu", "cuda".
    """

    @torch.inference_mode()
    def __init__(self, portrait: Portrait, controls: Controls, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._names = names(portrait)
        self._camera = Camera(portrait.head, controls.distance, self._device)
        near = mouth_grid(portrait)
        (whole, _, _), (_, upper, lower) = bases(portrait, [portrait.grid, near])
        self._field = Field(portrait, portrait.grid, [whole], self._camera, self._device)
        lips = Field(portrait, near, [upper, lower], self._camera, self._device)
        self._folds = Folds(portrait, self._device)
        self._sitter = Sitter(portrait, self._device)
        self._mouth = Mouth(portrait, self._sitter, lips, self._camera)
        self._eyes = [
            Eye(layers, portrait, self._sitter, self._camera, self._device) for layers in portrait.eyes
        ]

    def render(self, state: State) -> NDArray[np.uint8]:
        """(S, S, 3) RGB."""
        frame: NDArray[np.uint8] = self.render_batch([state])[0].cpu().numpy()
        return frame

    @torch.inference_mode()
    def render_batch(self, states: Sequence[State]) -> torch.Tensor:
        """(B, S, S, 3) RGB bytes on the renderer's device: at once what `render` does one by one, from which
        it differs by rounding."""
        values = [strengths(state, self._names) for state in states]
        strength = torch.tensor(values, device=self._device)
        motion = self._camera.motion(states)
        back = self._field.sources(strength, motion)[:, 0]
        smooth = self._sitter.smoothed(back)
        shading = self._folds.shading(states)
        frames = self._sitter.frames(back, smooth, shading)
        for eye in self._eyes:
            eye.draw(frames, smooth, motion, states, shading)
        self._mouth.draw(frames, strength, motion, states, shading)
        return frames
