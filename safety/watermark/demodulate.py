"""From pictures and a geometry to soft bits.

Where the picture is quiet the mark is clear, where it is busy it is buried: every place is weighed by the
strength that the mark may have there over the power of the detail around it, and strong detail is clipped.
Then each wave is measured. The turning pilots tell which phase each picture shows, the pilots how much of
the mark is left at each frequency, all waves how much noise there is.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from safety.watermark.mask import box, strength
from safety.watermark.pattern import (
    HIGH,
    LOW,
    PHASES,
    SEGMENT,
    STILL_DATA,
    STILL_PILOTS,
    TURNING_PILOTS,
    Complex,
    Pattern,
)
from safety.watermark.sync import Geometry, fold

BANDS = 6  # rings in which the noise of waves is measured
DETAIL, ENERGY = 5, 5  # pixels: what counts as detail, and over which its power is taken: about one wave
LIMIT = 2.5  # local deviations at which detail is clipped: the strongest of it is picture, not mark
REGULAR = 3  # pictures from which on their phases are expected to follow one another

Pictures = NDArray[np.float32]
Carriers = NDArray[np.float64]


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


def demodulate(weighed: Sequence[Pictures], pattern: Pattern, geometry: Geometry) -> list[Carriers]:
    """Likelihood ratios (2 N,) of the carriers, from weighed pictures (h, w), each about a second, in order.

    Each picture may show another phase of the mark. There is one answer for each of the orders of phases
    that the turning pilots leave open, likeliest first.
    """
    waves = np.stack([_measure(picture, pattern, geometry) for picture in weighed])
    waves *= fold(pattern.waves.f, geometry)
    pilots, turning, data = np.split(waves, [STILL_PILOTS, STILL_PILOTS + TURNING_PILOTS], axis=1)
    still = (pilots.mean(0) * pattern.pilot_symbols.conj()).real
    sign = 1.0 if still.sum() >= 0 else -1.0
    seen = sign * (turning[:, None] * pattern.turning_symbols.conj()).real.sum(-1)  # (pictures, PHASES)
    carriers = np.stack([data.real, data.imag], -1).reshape(len(data), -1)
    answers = []
    for phases in orders(seen):
        left = seen[np.arange(len(seen)), phases].mean() / TURNING_PILOTS / max(abs(still.mean()), 1e-12)
        turned = (carriers * pattern.turns[phases]).mean(0)
        answers.append(_ratios(sign * still, sign * turned, min(max(float(left), 0.0), 1.0), pattern))
    return answers


def orders(seen: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Which phase (n,) each picture shows, from the evidence (n, PHASES) of the turning pilots.

    First what is seen most, for a codec may keep one phase for long. Then, since the picture itself disturbs
    all seconds alike, the regular order that explains best how the evidence *changes*.
    """
    count = len(seen)
    plain = seen.argmax(1)
    if count < REGULAR:
        return [plain]
    changes = seen - seen.mean(0) - seen.mean(1, keepdims=True)
    second = np.arange(count)
    regular = [
        ((second + late) / SEGMENT + first).astype(np.int64) % PHASES
        for first in range(PHASES)
        for late in range(round(SEGMENT))
    ]
    best = max(regular, key=lambda phases: float(changes[second, phases].sum()))
    return [plain] if np.array_equal(plain, best) else [plain, best]


def _measure(weighed: Pictures, pattern: Pattern, geometry: Geometry) -> Complex:
    """All waves of the pattern in one picture."""
    height, width = weighed.shape
    x = np.arange(width, dtype=float) - width // 2
    y = np.arange(height, dtype=float) - height // 2
    matrix = geometry.matrix
    skew = max(abs(matrix[0, 1]) * height, abs(matrix[1, 0]) * width) * HIGH / 2
    if skew > 0.1:
        weighed, x, y = _upright(weighed, matrix)
    else:
        x, y = x * matrix[0, 0], y * matrix[1, 1]
    return pattern.waves.measure(weighed, x, y)


def _ratios(
    pilots: NDArray[np.float64], carriers: NDArray[np.float64], share: float, pattern: Pattern
) -> NDArray[np.float64]:
    """Weigh carriers by what the pilots say of amplitude and they themselves of noise, by ring and part.

    `share`: how much of the turning part is left beside the still one.
    """
    pilot_band, band = _bands(pattern.pilots.f), np.repeat(_bands(pattern.data.f), 2)
    still = np.arange(len(carriers)) < 2 * STILL_DATA
    ratios = np.zeros(len(carriers))
    for b in range(BANDS):
        amplitude = pilots[pilot_band == b].mean() / np.sqrt(2)
        for part, left in ((still, 1.0), (~still, share)):
            these = part & (band == b)
            noise = np.mean(carriers[these] ** 2) + 1e-12
            ratios[these] = 2 * carriers[these] * left * max(amplitude, 0.05 * float(np.sqrt(noise))) / noise
    return ratios


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
