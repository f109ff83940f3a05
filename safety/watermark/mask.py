"""How strong the mark may be at each place of a frame before it is seen.

Texture hides the mark; flat colour, shading and the quiet side of an edge do not; shadows hide a little
more than mid-tones: contrast masking and luminance adaptation of just-noticeable-difference models (Chou
and Li 1995; Yang et al., IEEE Trans. CSVT 15, 2005), reduced to what a box filter can measure at 100 frames
a second.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

# Pixels of a frame brought to 256 on its short side. The last window undoes the reach of the others, so that
# the strong texture of an edge is not taken for texture beside it.
DETAIL, WINDOW, REACH = 3, 5, 9


@dataclass(frozen=True)
class Visibility:
    """Strengths in grey levels (root mean square) of 255."""

    flat: float = 0.75  # where nothing hides the mark: mostly single steps, 0.5 % contrast
    per_texture: float = 0.20  # added per grey level of local deviation
    ceiling: float = 2.2


VISIBILITY = Visibility()


def strength(luma: Tensor, visibility: Visibility = VISIBILITY) -> Tensor:
    """The strength (1, 1, H, W) allowed on luma (1, 1, H, W), 0..255, of about 256 on the short side."""
    texture = quiet_texture(luma)
    allowed = (visibility.flat + visibility.per_texture * texture).clamp(max=visibility.ceiling)
    return box(allowed * adaptation(box(luma, 5)), 5)


def quiet_texture(luma: Tensor) -> Tensor:
    """Local deviation of detail in grey levels, the least over a window: high only where all around is busy.

    Detail excludes shading, which hides nothing: a cheek is as smooth as a wall.
    """
    detail = luma - box(box(luma, DETAIL), DETAIL)
    deviation = box(detail.square(), WINDOW).sqrt()
    return least(least(deviation, REACH, 2), REACH, 3)


def adaptation(luma: Tensor) -> Tensor:
    """1 in mid-tones, 1.3 in deep shadow (Chou and Li 1995), less where steps would clip."""
    shadow = 1.0 + 0.3 * ((70.0 - luma) / 40.0).clamp(0, 1)
    room = ((luma + 4.0) / 16.0).clamp(0.25, 1.0) * ((263.0 - luma) / 24.0).clamp(0.33, 1.0)
    return shadow * room


def box(image: Tensor, size: int) -> Tensor:
    """Mean over size x size (odd), fewer at the border."""
    return _mean(_mean(image, size, 2), size, 3)


def _mean(image: Tensor, size: int, axis: int) -> Tensor:
    # Sums of shifted views: on a CPU six times as fast as avg_pool2d.
    length, reach = image.shape[axis], size // 2
    total = image.clone()
    for shift in range(1, min(reach, length - 1) + 1):
        rest = length - shift
        total.narrow(axis, shift, rest).add_(image.narrow(axis, 0, rest))
        total.narrow(axis, 0, rest).add_(image.narrow(axis, shift, rest))
    place = torch.arange(length, device=image.device)
    count = (place + reach).clamp(max=length - 1) - (place - reach).clamp(min=0) + 1
    return total.div_(count.view([-1 if i == axis else 1 for i in range(image.ndim)]))


def least(image: Tensor, size: int, axis: int) -> Tensor:
    """Least along `axis` over `size` (odd), fewer at the border."""
    length, reach = image.shape[axis], size // 2
    result = image.clone()
    for shift in range(1, min(reach, length - 1) + 1):
        rest = length - shift
        for here, there in ((shift, 0), (0, shift)):
            part = result.narrow(axis, here, rest)
            torch.minimum(part, image.narrow(axis, there, rest), out=part)
    return result
