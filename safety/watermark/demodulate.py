"""From a picture and a geometry to soft bits.

Where the picture is quiet the mark is clear, where it is busy it is buried: every place is weighed by the
strength that the mark may have there over the power of the detail around it, and strong detail is clipped.
Then each wave is measured; the pilots tell how much of the mark is left at each frequency, all waves how
much noise there is.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from safety.watermark.mask import box, strength
from safety.watermark.pattern import HIGH, LOW, Complex, Pattern
from safety.watermark.sync import Geometry, fold

BANDS = 6  # rings in which the noise of waves is measured
LOADING = 0.05  # of the mean power, added to the beamformer's covariance against self-nulling
DETAIL, ENERGY = 5, 5  # pixels: what counts as detail, and over which its power is taken: about one wave
LIMIT = 1.2  # local deviations at which detail is clipped: the strongest of it is picture, not mark

Pictures = NDArray[np.float32]


def weigh(pictures: Pictures) -> Pictures:
    """Windows (W, h, w) to one picture: detail, weighed everywhere by allowed strength over disturbance."""
    stack = torch.from_numpy(pictures)[:, None]
    detail = _detail(stack)
    power = box(box(detail.square(), ENERGY), ENERGY) + 0.5
    limit = LIMIT * power.sqrt()
    weighed: Pictures = (torch.clamp(detail, -limit, limit) * strength(stack) / power).mean((0, 1)).numpy()
    return weighed


def _detail(stack: Tensor) -> Tensor:
    return stack - box(box(stack, DETAIL), DETAIL)


def demodulate(weighed: Pictures, pattern: Pattern, geometry: Geometry) -> NDArray[np.float64]:
    """Likelihood ratios (2 N,) of the carriers, from one weighed picture (h, w) under a geometry."""
    height, width = weighed.shape
    x = np.arange(width, dtype=float) - width // 2
    y = np.arange(height, dtype=float) - height // 2
    matrix = geometry.matrix
    skew = max(abs(matrix[0, 1]) * height, abs(matrix[1, 0]) * width) * HIGH / 2
    if skew > 0.1:
        weighed, x, y = _upright(weighed, matrix)
    else:
        x, y = x * matrix[0, 0], y * matrix[1, 1]
    pilots = pattern.pilots.measure(weighed, x, y) * fold(pattern.pilots.f, geometry)
    data = pattern.data.measure(weighed, x, y) * fold(pattern.data.f, geometry)
    return _ratios(pilots * pattern.pilot_symbols.conj(), pattern.pilots.f, data, pattern.data.f)


def _ratios(
    pilots: Complex, pilot_f: NDArray[np.int64], data: Complex, data_f: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Weigh data readings by what the pilots say of amplitude and all waves of noise, by ring."""
    pilot_band, band = _bands(pilot_f), _bands(data_f)
    sign = np.sign(pilots.real.sum())
    waves = np.zeros(len(data))
    for b in range(BANDS):
        noise = np.mean(np.abs(data[band == b]) ** 2) + 1e-12
        amplitude = sign * pilots.real[pilot_band == b].mean()
        waves[band == b] = sign * max(amplitude, 0.05 * float(np.sqrt(noise))) / noise
    ratios = 2 * np.sqrt(2) * waves * data
    return np.stack([ratios.real, ratios.imag], -1).reshape(-1)


def _upright(
    weighed: Pictures, matrix: NDArray[np.float64]
) -> tuple[Pictures, NDArray[np.float64], NDArray[np.float64]]:
    """The picture drawn anew along the tile's axes, with the places of its columns and rows in tiles."""
    height, width = weighed.shape
    corners = np.array([(i * width / 2, j * height / 2) for i in (-1, 1) for j in (-1, 1)]) @ matrix.T
    reach_x, reach_y = np.abs(corners).max(0)
    step = float(np.sqrt(abs(np.linalg.det(matrix))))
    x, y = np.arange(-reach_x, reach_x, step), np.arange(-reach_y, reach_y, step)
    pixels = np.stack(np.meshgrid(x, y), -1) @ np.linalg.inv(matrix).T
    centre = np.array([width // 2 + 0.5, height // 2 + 0.5])
    unit = (pixels + centre) * (2 / width, 2 / height) - 1
    where = torch.from_numpy(unit.astype(np.float32))[None]
    drawn = grid_sample(torch.from_numpy(weighed)[None, None], where, mode="bicubic", align_corners=False)
    picture: Pictures = drawn[0, 0].numpy()
    return picture, x, y


def _bands(waves: NDArray[np.int64]) -> NDArray[np.int64]:
    radius = np.hypot(waves[:, 0], waves[:, 1])
    return np.clip((radius - LOW) / (HIGH - LOW) * BANDS, 0, BANDS - 1).astype(np.int64)
