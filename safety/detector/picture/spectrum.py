"""What the spectrum of the face says: how it falls, how it compares with the rest, and peaks of upsampling.

Networks that draw pictures end in layers that double the size; without care these leave peaks at a half and a
quarter of the sampling rate (Zhang et al. 2019, "Detecting and simulating artifacts in GAN fake images";
Durall et al. 2020 for the slope). Codecs leave peaks at the same places (blocks of 4, 8 and 16 pixels): only
what the face has more of than the rest of the same picture counts.
"""

from array import array
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.face import Face
from safety.detector.picture.cue import Bounds, PictureCue, middle
from safety.detector.picture.patches import luma_at
from safety.detector.report import Finding
from safety.detector.view import View

Floats = NDArray[np.floating[Any]]

SIDE = 64
"""Pixels of a square that is transformed; frequencies are multiples of 1/64 per pixel."""
PEAKS = Bounds(
    None, 7.5, 5.0, "measured: -1.9 to 6.7 dB in faces through a simulated camera, H.264 CRF 18 to 33"
)
SLOPE = Bounds(None, None, 1.0, "no range: -5.3 to -2.8 with the codec and with what is shown")
LEAST_LOOKS = 6
LEAST_EYES = 40.0
_LATTICE = ((32, 0), (0, 32), (32, 32), (16, 0), (0, 16), (16, 16), (16, 32), (32, 16), (16, 48))
"""Bins, down and across, of a quarter and a half per pixel."""
_BESIDE = (-6, -5, -4, 4, 5, 6)
_STRONGEST = 2


class Spectrum(PictureCue):
    """Power of luma over frequency, on the face and beside it."""

    group = "spectrum"
    every = 9

    def __init__(self) -> None:
        super().__init__()
        self._face = array("f")
        self._rest = array("f")
        self._slope = array("f")
        self._small = 0

    def look(self, view: View) -> None:
        face = view.face
        if face is None or face.eye_distance < LEAST_EYES:
            self._small += 1
            return
        own = _squares_on(view, face)
        if not len(own):
            return
        power = np.mean([power_of(square) for square in own], axis=0)
        self._face.append(lattice_peak(power))
        self._slope.append(slope_of(power))
        rest = _squares_beside(view, face)
        if len(rest):
            power = np.mean([power_of(square) for square in rest], axis=0)
            self._rest.append(lattice_peak(power))

    def judge(self) -> tuple[list[Finding], list[str]]:
        if len(self._face) < LEAST_LOOKS:
            why = "is too small" if self._small else "is seen too briefly, or at the picture's edge"
            return [], [f"The face's spectrum cannot be judged: it {why}."]
        slope = middle(self._slope)
        found = [
            self.finding(
                "spectrum_slope", slope, "exponent of power over frequency", SLOPE,
                f"the power of the face falls with frequency to the power of {slope:.1f}",
            )
        ]  # fmt: skip
        if len(self._rest) < LEAST_LOOKS:
            return found, [
                "Peaks of upsampling cannot be told from the codec's: nothing is to be seen beside the face."
            ]
        more = middle(self._face) - middle(self._rest)
        found.append(
            self.finding(
                "upsampling_peaks", more, "decibels over the rest of the picture", PEAKS,
                f"at a half and a quarter of the sampling rate the face has {more:+.1f} dB against the rest",
            )
        )  # fmt: skip
        return found, []


def power_of(square: NDArray[np.float32]) -> Floats:
    """(SIDE, SIDE) power of a square under a Hann window, its mean taken off."""
    spectrum = np.fft.fft2((square - square.mean()) * _window())
    return np.asarray(np.square(np.abs(spectrum)))


def slope_of(power: Floats) -> float:
    """Exponent of a power law through the radial mean from 1/16 to 3/8 per pixel."""
    rings, counts = _rings()
    radial = np.bincount(rings.ravel(), power.ravel().astype(np.float64), len(counts)) / counts
    bins = np.arange(4, 25)
    return float(np.polyfit(np.log(bins), np.log(radial[4:25] + 1e-3), 1)[0])


def lattice_peak(power: Floats) -> float:
    """Decibels of the strongest `_STRONGEST` of the places where a lattice of two or four pixels shows, over
    what lies four to six bins away: along the axis where they lie on one, else to all four sides.
    """
    decibels = 10 * np.log10(power + 1.0)
    peaks = []
    for down, across in _LATTICE:
        top = decibels[[down - 1, down, (down + 1) % SIDE], across].max()
        beside = [decibels[(down + step) % SIDE, across] for step in _BESIDE if down] + [
            decibels[down, (across + step) % SIDE] for step in _BESIDE if across
        ]
        top = max(top, decibels[down, (across + 1) % SIDE], decibels[down, across - 1])
        peaks.append(float(top - np.mean(beside)))
    return float(np.mean(sorted(peaks)[-_STRONGEST:]))


def _squares_on(view: View, face: Face) -> list[NDArray[np.float32]]:
    """One square at the middle of the face, four where there is room."""
    x, y = face.mesh[:, :2].mean(axis=0)
    half = SIDE // 2
    spread = half if face.eye_distance >= 2 * LEAST_EYES else 0
    offsets = {(-spread, -spread), (-spread, spread), (spread, -spread), (spread, spread)}
    corners = sorted((int(y) - half + down, int(x) - half + across) for down, across in offsets)
    found = [luma_at(view.pixels, top, left, SIDE) for top, left in corners]
    return [square for square in found if square is not None]


def _squares_beside(view: View, face: Face) -> list[NDArray[np.float32]]:
    """Up to four squares in the picture's corners that do not touch the face."""
    height, width = view.pixels.shape[:2]
    x0, y0, x1, y1 = face.box
    corners = [
        (top, left) for top in (4, height - SIDE - 4) for left in (4, width - SIDE - 4)
        if left + SIDE < x0 or left > x1 or top + SIDE < y0 or top > y1
    ]  # fmt: skip
    found = [luma_at(view.pixels, top, left, SIDE) for top, left in corners]
    return [square for square in found if square is not None]


@cache
def _window() -> NDArray[np.float32]:
    line = np.hanning(SIDE + 1)[:-1]
    return np.outer(line, line).astype(np.float32)


@cache
def _rings() -> tuple[NDArray[np.intp], Floats]:
    """Ring of each place of `power_of`, and places per ring."""
    line = np.minimum(np.arange(SIDE), SIDE - np.arange(SIDE))
    rings = np.round(np.hypot(line[:, None], line[None])).astype(np.intp)
    return rings, np.bincount(rings.ravel()).astype(np.float64)
