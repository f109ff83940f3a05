"""Is the finest grain of the picture new in every frame, and on the face as beside it?

A sensor's noise is fresh in every frame and everywhere (Poisson and Gaussian: Foi et al. 2008). A still that
is bent carries the grain of the still along: a linear filter of one frame foresees the next. A codec takes
fine grain away first and puts its own in: what is left of it after strong compression tells nothing, and then
nothing is said.
"""

import numpy as np

from safety.detector.picture.cue import Bounds, PictureCue, middle
from safety.detector.picture.pairs import LEAST_NEW, Pairs
from safety.detector.report import Finding
from safety.detector.view import View

_SOURCE = "measured: drawn, painted and pictured faces through a simulated camera, H.264 CRF 12 to 23: "
FRESH = Bounds(0.15, None, 0.1, _SOURCE + "0.24 to 0.98; bent stills 0.12 to 0.26")
EVEN = Bounds(-2.5, 1.4, 0.7, _SOURCE + "-1.9 to 1.3; bent stills 2.1 to 2.6")
_FLOOR = 0.1  # levels: a square without noise has this much


class Noise(PictureCue):
    """Fresh grain: on skin, and on skin against the background."""

    group = "noise"
    every = 1

    def __init__(self, pairs: Pairs) -> None:
        super().__init__()
        self._pairs = pairs

    def look(self, view: View) -> None:
        self._pairs.of(view)

    def restart(self) -> None:
        self._pairs.forget()

    def lost(self, view: View) -> None:
        self._pairs.of(view)

    def judge(self) -> tuple[list[Finding], list[str]]:
        pairs = self._pairs
        if not pairs.enough:
            return [], ["The picture's noise cannot be judged: the face is too small or seen too briefly."]
        if not pairs.clear:
            return [], ["The picture's noise cannot be judged: compression left too little fine grain."]
        share = middle(pairs.share)
        found = []
        if middle(pairs.new) >= LEAST_NEW:
            found.append(
                self.finding(
                    "noise_fresh", share, "share of the grain", FRESH,
                    f"{share:.0%} of the skin's fine grain is new from one frame to the next",
                )
            )  # fmt: skip
        even = middle(
            np.log2(max(skin, _FLOOR) / max(rest, _FLOOR))
            for skin, rest in zip(pairs.new, pairs.rest, strict=True)
            if np.isfinite(rest)
        )
        if not np.isfinite(even):
            return found, ["There is no background to compare the face's noise with."]
        found.append(
            self.finding(
                "noise_even", even, "octaves, face over background", EVEN,
                f"the face has {2**even:.1f} times the fresh grain of the background",
            )
        )  # fmt: skip
        return found, []
