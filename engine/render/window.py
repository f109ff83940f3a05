"""Parts of the frame that are drawn apart and go with the head: the mouth and the eyes."""

from dataclasses import dataclass

import numpy as np
import torch

SEAM = 4  # frame pixels over which a window passes into the frame


@dataclass(frozen=True)
class Window:
    """Rows and columns of the frame at rest; may leave it.

    Attributes:
        top, left, height, width: frame pixels.
    """

    top: int
    left: int
    height: int
    width: int

    def rows(self) -> np.ndarray:
        """(height,) indices."""
        return np.arange(self.top, self.top + self.height)

    def columns(self) -> np.ndarray:
        """(width,) indices."""
        return np.arange(self.left, self.left + self.width)

    def seam(self) -> torch.Tensor:
        """(height, width) 1 inside, 0 at the edge."""
        ramps = [
            (torch.minimum(torch.arange(n), torch.arange(n - 1, -1, -1)) / SEAM).clamp(0, 1)
            for n in (self.height, self.width)
        ]
        return ramps[0][:, None] * ramps[1]


def put(
    frames: torch.Tensor, drawn: torch.Tensor, window: Window, offset: torch.Tensor, seam: torch.Tensor
) -> None:
    """Blend `drawn` (3, B, h, w) into `frames` (B, S, S, 3) of bytes where the window is after it has moved.

    Args:
        offset: (B, 2) whole frame pixels, right and down.
        seam: (h, w) or (B, h, w): how much of it is shown, as `Window.seam`.
    """
    size = frames.shape[1]
    shown = seam.expand(len(frames), -1, -1)
    for frame, colour, part_shown, (right, down) in zip(
        frames, drawn.unbind(1), shown, offset.tolist(), strict=True
    ):
        rows, inner_rows = _clipped(window.top + down, window.height, size)
        columns, inner_columns = _clipped(window.left + right, window.width, size)
        part = frame[rows, columns].permute(2, 0, 1).float()
        new = torch.lerp(part, colour[:, inner_rows, inner_columns], part_shown[inner_rows, inner_columns])
        frame[rows, columns] = to_bytes(new)


def box(mask: torch.Tensor) -> tuple[slice, slice, slice] | None:
    """The smallest box around a mask (B, h, w), over all of the batch; None if the mask is empty."""
    seen = mask.any(dim=0)
    spans = [torch.nonzero(seen.any(dim=axis)).flatten().tolist() for axis in (1, 0)]
    if not spans[0]:
        return None
    return slice(None), slice(spans[0][0], spans[0][-1] + 1), slice(spans[1][0], spans[1][-1] + 1)


def to_bytes(colour: torch.Tensor) -> torch.Tensor:
    """(3, ..., h, w) colours -> (..., h, w, 3) of bytes; `colour` is used up."""
    return colour.add_(0.5).clamp_(0, 255).to(torch.uint8).movedim(0, -1)


def _clipped(start: int, length: int, size: int) -> tuple[slice, slice]:
    """The span cut to the frame; and the part of the span that is left."""
    first, last = min(max(start, 0), size), min(max(start + length, 0), size)
    return slice(first, last), slice(first - start, last - start)
