"""From a still to the renderer of its sitter: the start that clips, streams and edited stills share."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import RenderFailed
from engine.portrait import build_portrait
from engine.render import Renderer
from engine.state import Controls
from perception.face import Face, sole_face

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

SURROUNDINGS = 3.2  # heights of the face: what a frame can show of the picture, with its margin
WORTH_CROPPING = 0.7  # of the picture: closer crops get a matte of their own, at a finer scale


class Finder(Protocol):
    """What the engine needs of `perception.face.FaceFinder`."""

    def find(self, pixels: Pixels) -> list[Face]:
        """Every face, largest first."""

    def matte(self, pixels: Pixels) -> Floats:
        """(H, W) 0..1 where a person is."""


def prepare(pixels: Pixels, controls: Controls, finder: Finder, device: str = "cpu") -> Renderer:
    """Find the sitter of a still, take the picture apart, and get it ready to be rendered.

    Args:
        pixels: (H, W, 3) RGB.
        controls: size, distance and framing are used.
        device: of torch: "cpu", "cuda".

    Raises:
        FaceNotFound, SeveralFaces, FaceTooSmall, FaceTurnedAway: see `perception.face.sole_face`.
        PortraitUnusable: see `build_portrait`.
        ControlOutOfRange: the framing leaves no room for the face.
        RenderFailed: there is no such device.
    """
    face = sole_face(finder.find(pixels), pixels.shape)
    portrait = build_portrait(pixels, face, sitter_matte(pixels, face, finder), controls)
    try:
        return Renderer(portrait, controls, device)
    except (RuntimeError, AssertionError) as error:  # torch raises either for a device that is not there
        raise RenderFailed(
            f"no renderer on {device!r}: use a device that torch finds on this machine"
        ) from error


def sitter_matte(pixels: Pixels, face: Face, finder: Finder) -> Floats:
    """(H, W) 0..1 where the sitter is; where the picture shows more than a frame can, from a closer look."""
    whole = finder.matte(pixels)
    height, width = whole.shape
    low, high = face.mesh[:, :2].min(axis=0), face.mesh[:, :2].max(axis=0)
    x, y = (low + high) / 2
    reach = SURROUNDINGS / 2 * float(high[1] - low[1])
    if 2 * reach > WORTH_CROPPING * min(height, width):
        return whole
    rows = slice(max(0, int(y - reach)), min(height, int(y + reach)))
    columns = slice(max(0, int(x - reach)), min(width, int(x + reach)))
    close = whole.copy()
    close[rows, columns] = finder.matte(np.ascontiguousarray(pixels[rows, columns]))
    return close
