"""The cases: what is done to a marked clip, and to which of the targets it counts.

Changed pictures are encoded as H.264 CRF 23 where nothing else is said: no attacked clip travels raw.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.marks import chains, edits
from bench.marks.video import FPS, Attack, Codec, Filter, each, h264, levels, through

TARGETS = {  # share of the cases of a group that must be read
    "floor": 1.0,
    "hard": 0.8,
    "segment": 0.95,  # single pieces of two seconds
    "security": 1.0,  # what somebody does who wants it gone; see bench.marks.security
    "more": None,  # no target
}


@dataclass(frozen=True)
class Case:
    """One attack of one strength.

    Attributes:
        group: of `TARGETS`.
        needs: the encoder without which it cannot be run.
        least: seconds that a clip must have for it.
    """

    name: str
    group: str
    attack: Attack
    needs: Codec | None = None
    least: float = 0.0


def encoded(codec: Codec) -> Attack:
    return lambda video: through(video, codec=codec)


def passed(*filters: Filter, crf: int = 23, out: float | None = None) -> Attack:
    """Filters of ffmpeg, then H.264."""
    return lambda video: through(video, *filters, codec=h264(crf), out=out)


def scaled(x: float, y: float | None = None, crf: int = 23) -> Attack:
    return passed(("scale", f"iw*{x:.4f}:ih*{x if y is None else y:.4f}:flags=bicubic"), crf=crf)


def cropped(part: float, at: float = 0.5, back: bool = False, crf: int = 23) -> Attack:
    """That part of each side; `at` 0 keeps the corner above left; `back` zooms it to the old size."""
    cut = ("crop", f"iw*{part}:ih*{part}:(iw-ow)*{at}:(ih-oh)*{at}")
    zoom = (("scale", f"iw/{part}:ih/{part}:flags=bicubic"),) if back else ()
    return passed(cut, *zoom, crf=crf)


def turned(degrees: float) -> Attack:
    return passed(("rotate", f"{degrees}*PI/180:c=black"))


def turned_and_cut(degrees: float) -> Attack:
    """Without the black corners."""
    a = np.radians(abs(degrees))
    part = 1 / (np.cos(a) + np.sin(a))
    return passed(("rotate", f"{degrees}*PI/180:c=black"), ("crop", f"iw*{part:.4f}:ih*{part:.4f}"))


def piece(start: float, seconds: float) -> slice:
    return slice(round(start * FPS), round((start + seconds) * FPS))


def hevc(crf: int) -> Codec:
    return Codec("libx265", {"crf": str(crf), "preset": "fast", "x265-params": "log-level=none"})


def vp9(crf: int) -> Codec:
    return Codec("libvpx-vp9", {"crf": str(crf), "b": "0", "deadline": "realtime", "cpu-used": "6"})


def av1(crf: int) -> Codec:
    return Codec("libsvtav1", {"crf": str(crf), "preset": "10", "svtav1-params": "lp=1"})


def _by(name: str, group: str, codec: Codec) -> Case:
    return Case(name, group, encoded(codec), codec)


def _alone(start: float) -> Case:
    """Two seconds from there, whatever lies before and after."""
    attack = scaled(0.75, crf=28)
    cut = piece(start, 2.0)
    return Case(f"2 s from {start}, 75 %, crf 28", "segment", lambda v: attack(v[cut]), least=start + 2.0)


CODECS = (
    Case("identity", "floor", lambda v: (v, FPS)),
    *(_by(f"h264 crf {crf}", "floor", h264(crf)) for crf in (18, 23, 28, 33)),
    *(_by(f"h264 crf {crf}", "hard", h264(crf)) for crf in (38, 43)),
    _by("h264 150 kbit/s", "more", Codec("libx264", {"b": "150000", "preset": "veryfast"})),
    Case("h264 twice", "more", lambda v: through(through(v, codec=h264(26))[0], codec=h264(28))),
    _by("hevc crf 28", "floor", hevc(28)),
    _by("hevc crf 36", "more", hevc(36)),
    _by("vp9 crf 36", "floor", vp9(36)),
    _by("vp9 crf 48", "floor", vp9(48)),
    _by("av1 crf 40", "floor", av1(40)),
    _by("av1 crf 52", "floor", av1(52)),
    _by("mpeg4 q10", "more", Codec("mpeg4", {"qmin": "10", "qmax": "10"})),
)
GEOMETRY = (
    Case("resize 75 %", "floor", scaled(0.75)),
    Case("resize 50 %", "floor", scaled(0.5)),
    Case("resize 33 %", "hard", scaled(1 / 3)),
    Case("resize 150 %", "floor", scaled(1.5)),
    Case("stretched 120 x 100 %", "more", scaled(1.2, 1.0)),
    Case("crop 90 %", "floor", cropped(0.9)),
    Case("crop 75 %", "floor", cropped(0.75)),
    Case("crop 75 % at a corner", "floor", cropped(0.75, at=0)),
    Case("crop 75 %, zoomed back", "floor", cropped(0.75, back=True)),
    Case("crop 50 %", "hard", cropped(0.5)),
    Case("crop 50 % at a corner", "hard", cropped(0.5, at=1)),
    Case("crop 50 %, zoomed back", "hard", cropped(0.5, back=True)),
    Case("letterbox 16:9", "hard", each(edits.letterboxed)),
    Case("blurred pad 16:9", "more", each(edits.on_its_blur(910, 512))),
    Case("rotate 1", "floor", turned(1)),
    Case("rotate 2", "floor", turned(2)),
    Case("rotate -3", "more", turned(-3)),
    Case("rotate 5", "hard", turned(5)),
    Case("rotate 5, cropped", "hard", turned_and_cut(5)),
    Case("mirror", "floor", passed(("hflip", ""))),
    Case("perspective 4 %", "more", each(edits.perspective(edits.seen_askew(0.04)))),
    Case("picture in picture 60 %", "hard", each(edits.inlaid(0.6))),
)
TIME = (
    Case("15 fps", "floor", passed(("fps", "15"), out=15.0)),
    Case("12 fps", "floor", passed(("fps", "12"), out=12.0)),
    Case("30 fps", "floor", passed(("fps", "30"), out=30.0)),
    Case("30 fps blended", "floor", passed(("framerate", "fps=30"), out=30.0)),
    Case("1 s cut out", "floor", lambda v: through(np.delete(v, piece(1.2, 1.0), axis=0)), least=3.0),
    Case("2 s kept", "more", lambda v: through(v[piece(1.4, 2.0)]), least=3.4),
    Case("10 % of frames dropped", "floor", partial(chains.dropped, 0.1)),
    Case("speed 1.1", "hard", lambda v: through(v, out=FPS * 1.1)),
    Case("reversed", "more", lambda v: through(v[::-1])),
    Case("mean of 5 frames", "more", passed(("tmix", "frames=5"))),
)
COLOUR = (
    Case("brightness +20 %", "floor", levels(lambda v: v * 1.2)),
    Case("brightness -20 %", "floor", levels(lambda v: v * 0.8)),
    Case("contrast 0.6", "floor", levels(lambda v: (v - 0.5) * 0.6 + 0.5)),
    Case("contrast 1.5", "floor", levels(lambda v: (v - 0.5) * 1.5 + 0.5)),
    Case("saturation 0", "floor", passed(("hue", "s=0"))),
    Case("saturation 2", "floor", passed(("hue", "s=2"))),
    Case("gamma 0.6", "floor", levels(lambda v: v**0.6)),
    Case("gamma 1.6", "floor", levels(lambda v: v**1.6)),
    Case("hue 30", "floor", passed(("hue", "h=30"))),
    Case("inverted", "more", levels(lambda v: 1 - v)),
)
PIXELS = (
    Case("blur 1", "floor", passed(("gblur", "sigma=1"))),
    Case("blur 2", "floor", passed(("gblur", "sigma=2"))),
    Case("blur 3", "floor", passed(("gblur", "sigma=3"))),
    Case("sharpened", "floor", passed(("unsharp", "5:5:1.5"))),
    Case("noise 5", "floor", each(edits.noisy(5))),
    Case("noise 15", "floor", each(edits.noisy(15))),
    Case("median 3", "floor", passed(("median", "radius=1"))),
    Case("median 5", "floor", passed(("median", "radius=2"))),
    Case("denoised", "more", passed(("atadenoise", "s=9"), ("bilateral", "sigmaS=3:sigmaR=0.08"))),
    Case("caption and logo", "floor", each(edits.captioned)),
    Case("cut-out 30 %", "more", each(edits.cut_out(0.3))),
)
CHAINS = (
    Case("gif", "hard", chains.as_gif),
    Case("social network", "more", chains.social),
    Case("social network twice", "hard", chains.social_twice),
    Case("messenger", "more", chains.messenger),
    Case("vertical repost", "more", chains.reposted),
    Case("screen recording", "hard", chains.recaptured),
)
SEGMENTS = tuple(_alone(start) for start in (0.0, 1.3, 2.0, 2.7, 4.0))
CASES = {case.name: case for case in (*CODECS, *GEOMETRY, *TIME, *COLOUR, *PIXELS, *CHAINS, *SEGMENTS)}
QUICK = (
    "identity",
    "h264 crf 28",
    "h264 crf 38",
    "resize 50 %",
    "crop 75 %",
    "rotate 5",
    "mirror",
    "30 fps blended",
    "social network",
    "2 s from 1.3, 75 %, crf 28",
)
