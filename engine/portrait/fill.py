"""Filling what the picture hides: the background behind the sitter, the sclera behind the iris."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

SMALLEST = 4  # pixels: the pyramid ends there


def fill(picture: Floats, known: Floats) -> Floats:
    """`picture` (H, W, C) with what is not `known` (H, W in 0..1) diffused in from around it.

    Push-pull over an image pyramid (Gortler, Grzeszczuk, Szeliski and Cohen, The Lumigraph, 1996, section
    3.3): smooth
    everywhere, exact where `known` is 1.
    """
    weight = known.astype(np.float32)[..., None]
    picture = picture.astype(np.float32)
    behind = _doubled(_pull(_halved(picture * weight), _halved(weight)), picture.shape[:2])
    behind -= picture
    behind *= 1 - weight
    return np.asarray(picture + behind, np.float32)


def _pull(colour: Floats, weight: Floats) -> Floats:
    """Weighted colours and weights -> colours everywhere."""
    if min(colour.shape[:2]) <= SMALLEST:
        total = max(float(weight.sum()), 1e-6)
        mean = colour.sum(axis=(0, 1)) / total
        return _over(colour, weight, np.broadcast_to(mean, colour.shape).astype(np.float32))
    coarser = _pull(_halved(colour), _halved(weight))
    return _over(colour, weight, _doubled(coarser, colour.shape[:2]))


def _over(colour: Floats, weight: Floats, behind: Floats) -> Floats:
    """Known colours over what lies behind; weights below one let the rest through."""
    sure = np.clip(weight, 0, 1)
    return (colour / np.maximum(weight, 1e-6) * sure + (1 - sure) * behind).astype(np.float32)


def _halved(array: Floats) -> Floats:
    """Sums of 2x2 blocks: one known pixel among four counts fully on the next level."""
    height, width = array.shape[:2]
    even = np.pad(array, ((0, height % 2), (0, width % 2), (0, 0)))
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]).astype(np.float32)


def _doubled(array: Floats, shape: tuple[int, ...]) -> Floats:
    """Bilinear enlargement by two, cut to `shape`."""
    for axis in (0, 1):
        array = _doubled_along(array, axis)
    return array[: shape[0], : shape[1]]


def _doubled_along(array: Floats, axis: int) -> Floats:
    lines = np.moveaxis(array, axis, 0)
    padded = np.concatenate([lines[:1], lines, lines[-1:]]) * np.float32(0.25)
    doubled = np.empty((2 * len(lines), *lines.shape[1:]), np.float32)
    near = 3 * padded[1:-1]
    np.add(near, padded[:-2], out=doubled[::2])
    np.add(near, padded[2:], out=doubled[1::2])
    return np.moveaxis(doubled, 0, axis)
