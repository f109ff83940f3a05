"""The pulse: with each beat skin absorbs a little more green light, everywhere in the face at once.

POS (Wang, den Brinker, Stuijk and de Haan 2017, "Algorithmic principles of remote PPG", IEEE TBME
64(7)): from the mean colour of skin, per 1.6 s, projected onto a plane in which brightness does not count.
The signal is a thousandth of the colour: codecs take it away first, and generators that work from a filmed
person keep that person's. So its lack says little, and its bound is wide.
"""

from array import array

import numpy as np
from numpy.typing import NDArray

from safety.detector.picture.cue import Bounds, PictureCue
from safety.detector.picture.patches import ANCHORS
from safety.detector.report import Finding
from safety.detector.view import View

Floats = NDArray[np.float64]

AGREEMENT = Bounds(
    0.15,
    None,
    0.5,
    "reckoned: places that waver by themselves agree by 0 +- 0.1 in 8 s; one heart makes it more",
)
STRENGTH = Bounds(None, None, 1.0, "no range: in compressed video real pulses are lost as often as not")
LEAST_FACE, LEAST_SECONDS = 100.0, 8.0  # pixels of the face's width; seconds
RATE = 25.0  # samples a second of the even grid
BAND = (0.7, 3.0)  # hertz: 42 to 180 beats a minute
_WINDOW = 40  # samples: 1.6 s
_SIDE = 0.4  # eye distances of a square of skin
_PEAK = 0.12  # hertz to either side of the peak and its double that belong to it
_SEEN = 0.9  # share of frames with the face
_POINTS = tuple(ANCHORS.values())
_AREAS = ((0,), (1, 3), (2, 4))  # forehead, right, left: places in `ANCHORS`


class Pulse(PictureCue):
    """Strength of the pulse, and whether cheeks and forehead have the same one."""

    group = "pulse"
    every = 1

    def __init__(self) -> None:
        super().__init__()
        self._at = array("d")
        self._colours = array("f")
        self._width = array("f")
        self._frames = 0

    def look(self, view: View) -> None:
        self._frames += 1
        if view.face is None:
            return
        self._at.append(view.at)
        self._width.append(view.face.box[2] - view.face.box[0])
        half = max(_SIDE * view.face.eye_distance / 2, 1.0)
        step = max(1, int(half / 8))
        height, width = view.pixels.shape[:2]
        for point in _POINTS:
            x, y = view.face.mesh[point, :2]
            top, bottom = (int(np.clip(y + side, 0, height)) for side in (-half, half))
            left, right = (int(np.clip(x + side, 0, width)) for side in (-half, half))
            skin = view.pixels[top:bottom:step, left:right:step]
            self._colours.extend(skin.mean(axis=(0, 1)).tolist() if skin.size else [np.nan] * 3)

    def lost(self, view: View) -> None:
        self._frames += 1

    def judge(self) -> tuple[list[Finding], list[str]]:
        if self.seconds < LEAST_SECONDS or len(self._at) < _SEEN * self._frames:
            return [], [
                f"A pulse cannot be looked for: the face is not in sight for {LEAST_SECONDS:g} seconds."
            ]
        if float(np.median(self._width)) < LEAST_FACE:
            return [], [f"A pulse cannot be looked for: the face is under {LEAST_FACE:g} pixels wide."]
        pulses = self._pulses()
        if pulses is None:
            return [], ["A pulse cannot be looked for: the picture has no colour, or skin is out of sight."]
        strength = strength_of(pulses.mean(axis=0))
        agreement = float(np.mean([pulses[a] @ pulses[b] for a, b in ((0, 1), (0, 2), (1, 2))]))
        return [
            self.finding(
                "pulse_strength", strength, "decibels, pulse over the rest of its band", STRENGTH,
                f"the strongest rhythm of the skin's colour is {strength:+.1f} dB against everything else",
            ),
            self.finding(
                "pulse_agreement", agreement, "correlation", AGREEMENT,
                f"the colour of forehead and cheeks wavers alike by {agreement:.2f}",
            ),
        ], ["A pulse is often lost in compression: that none is found says little."]  # fmt: skip

    def _pulses(self) -> Floats | None:
        """(3, N) at `RATE`: forehead, right, left, each of length 1 as a vector; None where one is flat."""
        from scipy.signal import butter, sosfiltfilt

        at = np.array(self._at)
        colours = np.array(self._colours, np.float64).reshape(len(at), len(_POINTS), 3)
        grid = np.arange(at[0], at[-1], 1 / RATE)
        band = butter(2, BAND, "bandpass", fs=RATE, output="sos")
        pulses = []
        for area in _AREAS:
            mean = colours[:, list(area)].mean(axis=1)
            if not np.isfinite(mean).all():
                return None
            even = np.stack([np.interp(grid, at, channel) for channel in mean.T])
            wave = sosfiltfilt(band, pos(even))
            size = float(np.linalg.norm(wave))
            if size < 1e-6:
                return None
            pulses.append(wave / size)
        return np.array(pulses)


def pos(colours: Floats) -> Floats:
    """(N,) pulse signal of (3, N) mean colours at `RATE`, N at least `_WINDOW`: algorithm 1 of the paper."""
    count = colours.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(colours, _WINDOW, axis=1)
    red, green, blue = windows / np.maximum(windows.mean(axis=2, keepdims=True), 1e-6)
    one, two = green - blue, green + blue - 2 * red
    spread = two.std(axis=1, keepdims=True)
    share = np.where(spread > 1e-12, one.std(axis=1, keepdims=True) / np.maximum(spread, 1e-12), 0.0)
    waves = one + share * two
    waves -= waves.mean(axis=1, keepdims=True)
    pulse = np.zeros(count)
    for place in range(_WINDOW):
        pulse[place : place + len(waves)] += waves[:, place]
    return pulse


def strength_of(pulse: Floats) -> float:
    """Decibels of the strongest rhythm and its double over the rest of `BAND` (de Haan and Jeanne 2013)."""
    size = 1 << max(10, (len(pulse) - 1).bit_length())
    power = np.square(np.abs(np.fft.rfft(pulse * np.hanning(len(pulse)), size)))
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    within = (hertz >= BAND[0]) & (hertz <= BAND[1])
    peak = float(hertz[within][power[within].argmax()])
    near = within & ((np.abs(hertz - peak) <= _PEAK) | (np.abs(hertz - 2 * peak) <= _PEAK))
    rest = float(power[within & ~near].sum())
    return 10 * float(np.log10((float(power[near].sum()) + 1e-12) / (rest + 1e-12)))
