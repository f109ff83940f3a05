"""Embedding: one multiply and one add per pixel, frame by frame."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from perception.errors import MediaTooLarge, MediaUnsupported
from safety.errors import Misconfigured
from safety.watermark.mask import VISIBILITY, strength
from safety.watermark.pattern import PHASES, SEGMENT, TILES, Pattern

MIN_SIDE, MAX_SIDE = 64, 4096
MASK_SIDE = 256  # the short side on which visibility is judged
FIELD_SIDE = 1024  # larger frames get the mark drawn at this short side and enlarged
ENERGY = 1.5  # mean square error, grey levels squared, that a frame's mark is held under: PSNR 46.4 dB
EASE = 0.2  # seconds in which strength follows the picture upwards: faster would flicker
TURN = 0.5  # seconds in which one phase goes over into the next
OPENING, HOLD, FADE = 1.3, 0.2, 1.2  # stronger at the start, for seconds, and seconds in which that fades

LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709


class Embedder:
    """Marks the frames of one clip, in order, with one payload.

    Args:
        pattern: of the key.
        payload: 12 bytes.
        width, height: of every frame, 64..4096 pixels.
        fps: frames per second of the clip; strength eases over time, not over frames.
        device: where to work, "cpu" or a torch device.

    Raises:
        MediaTooLarge, MediaUnsupported: a side is over or under the limits.
        Misconfigured: the payload has the wrong size, or fps is not positive.
    """

    def __init__(
        self, pattern: Pattern, payload: bytes, *, width: int, height: int, fps: float, device: str = "cpu"
    ) -> None:
        check_sides(width, height)
        if not (math.isfinite(fps) and fps > 0):
            raise Misconfigured("fps must be a positive number")
        self.width, self.height, self._device = width, height, device
        shift_x, shift_y, self._first = pattern.place(payload)
        short = min(width, height)
        scale = min(1.0, FIELD_SIDE / short)
        x = TILES * (np.arange(round(width * scale)) + 0.5) / scale / short + shift_x
        y = TILES * (np.arange(round(height * scale)) + 0.5) / scale / short + shift_y
        self._marks = [torch.from_numpy(m).to(device)[None, None] for m in pattern.draw(payload, x, y)]
        self._step, self._count = 1 / fps, 0
        self._ease = 1 - math.exp(-1 / (fps * EASE))
        self._luma = torch.tensor(LUMA, device=device)
        self._strength: Tensor | None = None
        self._gain = 1.0

    def embed(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The marked copy of the next frame, (H, W, 3) uint8 RGB.

        Raises:
            MediaUnsupported: the frame has another size or type than announced.
        """
        if frame.shape != (self.height, self.width, 3) or frame.dtype != np.uint8:
            raise MediaUnsupported(f"frames must be uint8 RGB of {self.width} x {self.height}")
        pixels = torch.from_numpy(np.require(frame, requirements=("C", "W"))).to(self._device)
        mark = self._mark(self._count * self._step)
        self._count += 1
        delta = interpolate(self._allowed(pixels), mark.shape[2:], mode="bilinear") * mark
        if delta.shape[2:] != (self.height, self.width):
            delta = interpolate(delta, (self.height, self.width), mode="bicubic")
        grey = delta[0, 0].round_().to(torch.int16)
        marked = pixels.to(torch.int16).add_(grey[:, :, None]).clamp_(0, 255).to(torch.uint8)
        return marked.cpu().numpy()

    def _mark(self, seconds: float) -> Tensor:
        """The mark at a time: it stands within a segment and eases into the next one."""
        segment, since = divmod(seconds + 1e-6, SEGMENT)
        phase = (self._first + int(segment)) % PHASES
        if segment == 0:
            return self._marks[phase] * opening(seconds) if since < HOLD + FADE else self._marks[phase]
        if since >= TURN:
            return self._marks[phase]
        return torch.lerp(
            self._marks[phase - 1], self._marks[phase], 0.5 - 0.5 * math.cos(math.pi * since / TURN)
        )

    def _allowed(self, pixels: Tensor) -> Tensor:
        """Strength (1, 1, h, w), following the picture slowly upwards and at once downwards."""
        now = strength(self._small_luma(pixels), VISIBILITY)
        gain = min(1.0, math.sqrt(ENERGY / float(now.square().mean())))
        if self._strength is None:
            self._strength, self._gain = now, gain
        self._strength = torch.minimum(now, self._strength + self._ease * (now - self._strength))
        self._gain += self._ease * (gain - self._gain)
        return self._strength * self._gain

    def _small_luma(self, pixels: Tensor) -> Tensor:
        """Luma (1, 1, h, w) with MASK_SIDE on the short side."""
        factor = min(self.width, self.height) / MASK_SIDE
        step = max(1, int(factor))
        height, width = self.height // step, self.width // step
        blocks = pixels[: height * step, : width * step].reshape(height * step, width, 3 * step).float()
        luma = (blocks @ self._luma.repeat(step)).reshape(height, step, width).sum(1) / step**2
        size = (round(self.height / factor), round(self.width / factor))
        small = luma[None, None]
        return small if small.shape[2:] == size else interpolate(small, size, mode="bilinear", antialias=True)


def opening(seconds: float) -> float:
    """How much stronger the mark is at the start of a clip.

    Whoever encodes the clip again begins with a key picture, and copies from it what stands still: at CRF 38
    a third of what is read later comes from there (measured). The clip as a whole loses 0.3 dB for it.
    """
    gone = min(max((seconds - HOLD) / FADE, 0.0), 1.0)
    return 1.0 + (OPENING - 1.0) * (0.5 + 0.5 * math.cos(math.pi * gone))


def check_sides(width: int, height: int) -> None:
    """Raise unless both sides are within 64..4096 pixels."""
    if min(width, height) < MIN_SIDE:
        raise MediaUnsupported(
            f"the watermark needs frames of at least {MIN_SIDE} pixels a side", min_side=MIN_SIDE
        )
    if max(width, height) > MAX_SIDE:
        raise MediaTooLarge(
            f"the watermark takes frames of at most {MAX_SIDE} pixels a side", max_side=MAX_SIDE
        )
