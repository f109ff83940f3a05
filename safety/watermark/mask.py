"""How strong the mark is at each place of a frame.

Flat colour and shading show it first and set its level; shadows get less, for there a step is a larger
share of the light. Models of just noticeable differences (Chou and Li 1995; Yang et al., IEEE Trans. CSVT 15,
2005) would let texture carry more. Here it carries less: the reader weighs every place by how clear the mark
is there, so that strength in texture buys next to nothing, while fidelity measures of natural scenes (VMAF's
VIF) count it in full. All of it is reduced to what a box filter can measure at 100 frames a second.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

# Pixels of a frame brought to 256 on its short side. The last window undoes the reach of the others, so that
# the strong texture of an edge is not taken for texture beside it.
DETAIL, WINDOW, REACH = 3, 5, 9
SHADE = 0.25  # share that the mark loses in deep shadow


@dataclass(frozen=True)
class Visibility:
    """Strengths in grey levels (root mean square) of 255."""

    flat: float = 1.0  # where nothing hides the mark: mostly single steps, 0.7 % contrast
    # Taken off per grey level of local deviation, down to `least`. Texture would hide more, but what it hides
    # is lost on the reader too, and VMAF counts it: 3 points more for the same reading (measured).
    per_texture: float = 0.06
    least: float = 0.4


VISIBILITY = Visibility()


def strength(luma: Tensor, visibility: Visibility = VISIBILITY) -> Tensor:
    """The strength (1, 1, H, W) allowed on luma (1, 1, H, W), 0..255, of about 256 on the short side."""
    texture = quiet_texture(luma)
    allowed = (visibility.flat - visibility.per_texture * texture).clamp(min=visibility.least)
    return box(allowed * adaptation(box(luma, 5)), 5)


def quiet_texture(luma: Tensor) -> Tensor:
    """Local deviation of detail in grey levels, the least over a window: high only where all around is busy.

    Detail excludes shading, which hides nothing: a cheek is as smooth as a wall.
    """
    detail = luma - box(box(luma, DETAIL), DETAIL)
    deviation = box(detail.square(), WINDOW).sqrt()
    return least(least(deviation, REACH, 2), REACH, 3)


def adaptation(luma: Tensor) -> Tensor:
    """1 in mid-tones, less in shadow, where a step of a display's gamma is a larger share of the light and
    flat dark colour shows it first, and less where steps would clip."""
    shadow = 1.0 - SHADE * ((110.0 - luma) / 80.0).clamp(0, 1)
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
