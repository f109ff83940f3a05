"""Pictures of more than a frame's resolution, read at real places."""

import torch
from torch.nn.functional import grid_sample, pad

from engine.portrait.framing import Framing
from engine.portrait.patches import Patch

# Reading between two pixels averages them, which takes cos(pi f) of detail at f cycles per pixel. With two
# pixels to one of the frame, sharpened beforehand by one over its root, detail stays within 19 % at the
# finest that a frame can show and within 4 % at half of that, wherever it is read, for a third of the time of
# bicubic interpolation. The taps solve for 1, 1.04 and 1.19 at f = 0, 1/8 and 1/4.
SHARPEN = (0.019, -0.133, 1.228, -0.133, 0.019)
REACH = 3  # pixels around a place that may weigh in


class Pictures:
    """N pictures of the same part of the canvas; beyond their edges lie their outermost pixels.

    Args:
        pictures: (N, C, h, w).
        patch: where they lie; None if they are the whole canvas.
        sharp: keep detail; without, smooth values are read faster.
    """

    def __init__(
        self, pictures: torch.Tensor, framing: Framing, patch: Patch | None = None, sharp: bool = True
    ) -> None:
        fine = framing.oversample > 1
        self._pictures = (sharpened(pictures) if sharp and fine else pictures).contiguous()
        self._mode = "bicubic" if sharp and not fine else "bilinear"
        left, top = (0, 0) if patch is None else (patch.left, patch.top)
        self._scale, start = framing.oversample, (framing.border - framing.phase) * framing.oversample
        self._start = start - left, start - top
        self._room = torch.empty(0)

    def seen(self, points: torch.Tensor) -> torch.Tensor:
        """(N, C, B, h, w) what the pictures show at `points` (N, 2, B, h, w), frame pixels of the still."""
        crop = self.crop(points.amin(dim=(0, 2, 3, 4)), points.amax(dim=(0, 2, 3, 4)))
        return crop.seen(torch.addcmul(crop.offset, points, crop.factor))

    def crop(self, low: torch.Tensor, high: torch.Tensor) -> "Crop":
        """A copy of what points from `low` (2,) to `high`, frame pixels, need; good until the next one.

        Reading it in order into a processor's cache takes a fraction of the time of fetching pixels from
        memory as they are asked for. Other devices get a view of everything.
        """
        height, width = self._pictures.shape[2:]
        if low.device.type != "cpu":
            return Crop(self._pictures, self._start, self._scale, self._mode)
        spans = []
        for least, most, start, length in zip(
            low.tolist(), high.tolist(), self._start, (width, height), strict=True
        ):
            first = int(min(max(least * self._scale + start - REACH, 0), length - 1))
            spans.append((first, int(min(max(most * self._scale + start + REACH, first + 1), length))))
        (left, right), (top, bottom) = spans
        part = self._pictures[:, :, top:bottom, left:right]
        if part.numel() > len(self._room):  # memory that is used again need not be mapped again
            self._room = torch.empty(part.numel())
        copy = self._room[: part.numel()].view(part.shape).copy_(part)
        return Crop(copy, (self._start[0] - left, self._start[1] - top), self._scale, self._mode)


class Crop:
    """A part of `Pictures`. `factor` and `offset` (2, 1, 1, 1) carry frame pixels of the still to its own
    coordinates, -1..1."""

    def __init__(self, pictures: torch.Tensor, start: tuple[float, float], scale: int, mode: str) -> None:
        self._pictures, self._mode = pictures, mode
        lengths = pictures.shape[:1:-1]
        factor = [2 * scale / length for length in lengths]
        offset = [2 * first / length - 1 for first, length in zip(start, lengths, strict=True)]
        affine = torch.tensor([factor, offset], device=pictures.device)[..., None, None, None]
        self.factor, self.offset = affine

    def seen(self, places: torch.Tensor) -> torch.Tensor:
        """(N, C, B, h, w) what is shown at `places` (N, 2, B, h, w) of the crop."""
        count, _, batch, height, width = places.shape
        at = places.permute(0, 2, 3, 4, 1).reshape(count, batch * height, width, 2)
        seen = grid_sample(self._pictures, at, mode=self._mode, padding_mode="border", align_corners=False)
        return seen.view(count, -1, batch, height, width)


def sharpened(pictures: torch.Tensor) -> torch.Tensor:
    """(N, C, h, w) with `SHARPEN` along rows and columns."""
    reach = len(SHARPEN) // 2
    for axis in (2, 3):
        length = pictures.shape[axis]
        padding = (0, 0, reach, reach) if axis == 2 else (reach, reach, 0, 0)
        padded = pad(pictures, padding, mode="replicate")
        pictures = SHARPEN[reach] * pictures
        for tap, weight in enumerate(SHARPEN):
            if tap != reach:
                pictures.add_(padded.narrow(axis, tap, length), alpha=weight)
    return pictures
