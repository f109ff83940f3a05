"""How sharp the face of a moving frame is, against the still laid in the same place."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from perception.mesh import LEFT_EYE, LIPS_OUTER, OVAL, RIGHT_EYE
from perception.pose import INDICES

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

LUMA = np.array([0.2126, 0.7152, 0.0722])  # ITU-R BT.709
INSET = 0.9  # of the oval's size: its border is half background
AROUND = 1.5  # of lips' and eyes' own outline: they move by themselves and are left out


class Sharpness:
    """Compares frames with one still.

    Args:
        still: (H, W, 3) the picture at its own scale.
        mesh: (468, 3) of its face.
    """

    def __init__(self, still: Pixels, mesh: Floats) -> None:
        self._still = Image.fromarray(still)
        self._mesh = mesh[:, :2].astype(np.float64)
        self._reduced: dict[float, Image.Image] = {}

    def ratio(self, frame: Pixels, mesh: Floats) -> tuple[float, float, float]:
        """Laplacian energy of the frame's face over that of the still laid in the same place; what laying it
        there costs by itself; and pixels of the still for one of the frame.

        The still is brought to the frame's scale by Lanczos, then turned and shifted by bicubic resampling,
        which alone costs what the second number says: its energy before and after.
        """
        flat = mesh[:, :2].astype(np.float64)
        scale = float(np.hypot(*similarity(flat[INDICES], self._mesh[INDICES])[:, 0]))
        picture, points = self._at(round(scale, 2))
        placed = similarity(flat[INDICES], points[INDICES])
        size = frame.shape[0]
        laid = picture.transform(
            (size, size), Image.Transform.AFFINE, tuple(placed.ravel()), Image.Resampling.BICUBIC
        )
        mask = face_mask(flat, (size, size))
        there = energy(np.asarray(laid), mask)
        before = energy(np.asarray(picture), face_mask(points, picture.size))
        return energy(frame, mask) / max(there, 1e-9), there / max(before, 1e-9), scale

    def _at(self, scale: float) -> tuple[Image.Image, Floats]:
        """The still, and its mesh, `scale` times smaller."""
        if scale not in self._reduced:
            size = (max(1, round(self._still.width / scale)), max(1, round(self._still.height / scale)))
            self._reduced[scale] = self._still.resize(size, Image.Resampling.LANCZOS)
        picture = self._reduced[scale]
        return picture, self._mesh * (np.array(picture.size) / np.array(self._still.size))


def similarity(source: Floats, target: Floats) -> Floats:
    """(2, 3): turn, scale and shift that carry points (N, 2) best onto others (Umeyama 1991)."""
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    squares = (a**2).sum()
    c = (a * b).sum() / squares
    s = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / squares
    linear = np.array([[c, -s], [s, c]])
    return np.column_stack([linear, target.mean(axis=0) - linear @ source.mean(axis=0)])


def face_mask(mesh: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W) of `size`, which is (W, H): in the face's oval, not in eyes or mouth; `mesh` (468, 2) pixels."""
    page = Image.new("1", size)
    draw = ImageDraw.Draw(page)
    draw.polygon(_outline(mesh, OVAL, INSET), fill=1)
    for ring in (RIGHT_EYE, LEFT_EYE, LIPS_OUTER):
        draw.polygon(_outline(mesh, ring, AROUND), fill=0)
    return np.asarray(page)


def _outline(mesh: Floats, ring: tuple[int, ...], scale: float) -> list[tuple[float, float]]:
    points = mesh[list(ring)]
    middle = points.mean(axis=0)
    return [(float(x), float(y)) for x, y in (points - middle) * scale + middle]


def energy(pixels: Pixels, mask: NDArray[np.bool_]) -> float:
    """Mean square of the four-neighbour Laplacian of luma."""
    luma = pixels @ LUMA
    laplacian = 4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    inside = mask[1:-1, 1:-1]
    return float((laplacian[inside] ** 2).mean()) if inside.any() else 0.0
