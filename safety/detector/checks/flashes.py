"""Flashing that can start a seizure in people with photosensitive epilepsy (WCAG 2.2, criterion 2.3.1).

A *flash* is a pair of opposing changes of relative luminance of 10 % or more of the maximum where the darker
picture is below 0.80; a *red flash* is a pair of opposing changes to or from a saturated red, R / (R + G + B)
of 0.8 or more in linear light, that differ by more than 0.2 in the CIE 1976 UCS chromaticity diagram (ISO
9241-391). More than three of either within one second, together over more than a quarter of any 10 degrees of
view, are a hazard; ITU-R BT.1702-3 asks the same of television. A clip may be shown on a whole screen, where
10 degrees are a third of its width and of its height (WCAG: 341 of 1024 by 256 of 768 pixels).

The picture is judged in cells of a fifteenth of its width and height by their means: finer patterns that
change in balance, as noise does, are no flashes (the same criterion exempts them).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.float32]
Mask = NDArray[np.bool_]

CELLS = 15
WINDOW = 5  # cells: a third of the picture
AREA = 0.25
CHANGE, DARKER = 0.1, 0.8
SATURATED, CHROMATICITY = 0.8, 0.2
MOST_FLASHES = 3
SECOND = 1.0

# Flashing that goes on may be a risk although it keeps to the rule (Ofcom, guidance note on flashing images:
# sequences of more than five seconds).
SLOW_FLASHES, LONG_SECONDS = 2, 5.0

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear sRGB
_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float32
)  # IEC 61966-2-1
_WHITE = np.array([0.1978, 0.4683], np.float32)  # u', v' of D65: what black is taken for
_DARK = 0.02  # R + G + B below which a colour is not seen

_CODES = np.arange(256) / 255
LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""Linear light, 0..1, of an 8-bit sRGB code (IEC 61966-2-1)."""


@dataclass(frozen=True)
class Flashing:
    """The worst that was seen.

    Attributes:
        general, red: the largest share of a window that flashed more than `MOST_FLASHES` times in a second.
        at: seconds of the first and the last frame in which either was over `AREA`; None where never.
        long: seconds that flashing of `SLOW_FLASHES` a second went on for, at most.
    """

    general: float
    red: float
    at: tuple[float, float] | None
    long: float

    @property
    def hazard(self) -> bool:
        return max(self.general, self.red) > AREA


class Flashes:
    """Counts flashes frame by frame."""

    def __init__(self) -> None:
        self._bright, self._coloured = _Brightness(), _Redness()
        self._general, self._red = _Changes(), _Changes()
        self._worst = [0.0, 0.0]
        self._at: tuple[float, float] | None = None
        self._since: float | None = None
        self._long = 0.0

    def see(self, at: float, light: Cells) -> None:
        """The next frame: (CELLS, CELLS, 3) linear RGB, 0..1, means over the cells; `at` rises."""
        self._general.count(at, self._bright.changed(light @ _LUMINANCE))
        self._red.count(at, self._coloured.changed(light))
        for k, changes in enumerate((self._general, self._red)):
            share = _share(changes.faster_than(MOST_FLASHES, at))
            self._worst[k] = max(self._worst[k], share)
            if share > AREA:
                self._at = (at if self._at is None else self._at[0], at)
        if _share(self._general.at_least(SLOW_FLASHES, at)) > AREA:
            self._since = at - SECOND if self._since is None else self._since
            self._long = max(self._long, at - self._since)
        else:
            self._since = None

    def seen(self) -> Flashing:
        """The worst up to now."""
        return Flashing(self._worst[0], self._worst[1], self._at, self._long)


class _Brightness:
    """Finds the changes of luminance: turning points that lie `CHANGE` apart."""

    def __init__(self) -> None:
        self._low = self._high = np.zeros((0, 0), np.float32)
        self._way = np.zeros((CELLS, CELLS), np.int8)

    def changed(self, light: Cells) -> Mask:
        if not self._low.size:
            self._low, self._high = light.copy(), light.copy()
        np.minimum(self._low, light, out=self._low)
        np.maximum(self._high, light, out=self._high)
        down = (self._way >= 0) & (self._high - light >= CHANGE) & (light < DARKER)
        up = (self._way <= 0) & (light - self._low >= CHANGE) & (self._low < DARKER)
        self._way[down], self._way[up] = -1, 1
        self._low[down], self._high[up] = light[down], light[up]
        return np.asarray(down | up)


class _Redness:
    """Finds the changes to or from a saturated red: places that lie `CHROMATICITY` apart."""

    def __init__(self) -> None:
        self._from = self._far = np.zeros((0, 0, 0), np.float32)  # the turning point; the farthest since
        self._far_red = np.zeros((CELLS, CELLS), bool)

    def changed(self, light: Cells) -> Mask:
        total = light.sum(axis=2)
        red = (light[..., 0] >= SATURATED * total) & (total >= _DARK)
        if not self._from.size:
            self._from = self._far = _chromaticity(light, total)
            self._far_red = red
        if not (red.any() or self._far_red.any()):
            return np.zeros((CELLS, CELLS), bool)
        place = _chromaticity(light, total)
        changed = (_apart(place, self._far) > CHROMATICITY) & (red | self._far_red)
        farther = changed | (_apart(place, self._from) > _apart(self._far, self._from))
        self._from = np.where(changed[..., None], self._far, self._from)
        self._far = np.where(farther[..., None], place, self._far)
        self._far_red = np.where(farther, red, self._far_red)
        return np.asarray(changed)


class _Changes:
    """When each cell changed last: two changes are a flash."""

    def __init__(self) -> None:
        self._times = np.full((2 * MOST_FLASHES + 1, CELLS, CELLS), -np.inf)

    def count(self, at: float, changed: Mask) -> None:
        if changed.any():
            self._times[:, changed] = np.concatenate(
                (np.full((1, int(changed.sum())), at), self._times[:-1, changed])
            )

    def faster_than(self, flashes: int, at: float) -> Mask:
        return np.asarray(self._times[2 * flashes] > at - SECOND)

    def at_least(self, flashes: int, at: float) -> Mask:
        return np.asarray(self._times[2 * flashes - 1] > at - SECOND)


def _chromaticity(light: Cells, total: Cells) -> Cells:
    """(CELLS, CELLS, 2): u', v'; what is too dark to have a colour is white."""
    xyz = light @ _XYZ.T
    below = xyz @ np.array([1, 15, 3], np.float32)
    seen = total >= _DARK
    scale = np.where(seen, below, 1.0)[..., None]
    place = np.stack([4 * xyz[..., 0], 9 * xyz[..., 1]], axis=-1) / scale
    return np.asarray(np.where(seen[..., None], place, _WHITE), np.float32)


def _apart(one: Cells, other: Cells) -> Cells:
    return np.asarray(np.hypot(*np.moveaxis(one - other, -1, 0)), np.float32)


def _share(flashing: Mask) -> float:
    """The largest share of a window that is set."""
    if not flashing.any():
        return 0.0
    sums = np.pad(flashing, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    windows = (
        sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:] - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW]
    )
    return float(windows.max()) / WINDOW**2
