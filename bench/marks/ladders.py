"""Attacks of rising strength, each family until our mark is lost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.marks import attacks, chains, edits
from bench.marks.markers import Ours
from bench.marks.video import FPS, Attack, Codec, Video, each, h264, levels, through


@dataclass(frozen=True)
class Ladder:
    """One family; strengths from weak to strong, in `unit`."""

    name: str
    unit: str
    steps: Sequence[float]
    at: Callable[[float], Attack]
    needs: Codec | None = None


def _coded(name: str, make: Callable[[int], Codec], *steps: float) -> Ladder:
    return Ladder(name, "CRF", steps, lambda s: attacks.encoded(make(int(s))), make(int(steps[0])))


def _kept(seconds: float) -> Attack:
    return lambda v: through(v[attacks.piece(1.3, seconds)])


LADDERS = (
    _coded("H.264", h264, 28, 33, 36, 38, 40, 43, 46, 48, 51),
    _coded("HEVC", attacks.hevc, 28, 34, 38, 42, 46, 51),
    _coded("VP9", attacks.vp9, 36, 44, 50, 56, 60, 63),
    _coded("AV1", attacks.av1, 40, 48, 54, 58, 61, 63),
    Ladder(
        "H.264 at a rate",
        "kbit/s",
        (300, 200, 150, 100, 70, 50, 30),
        lambda s: attacks.encoded(Codec("libx264", {"b": f"{round(s)}000", "preset": "veryfast"})),
    ),
    Ladder("size", "%", (75, 50, 40, 33, 25, 20, 15), lambda s: attacks.scaled(s / 100)),
    Ladder("width alone", "%", (120, 150, 200, 300), lambda s: attacks.scaled(s / 100, 1.0)),
    Ladder(
        "crop, centre", "% of each side", (90, 75, 60, 50, 40, 30, 20), lambda s: attacks.cropped(s / 100)
    ),
    Ladder(
        "crop, corner", "% of each side", (90, 75, 60, 50, 40, 30, 20), lambda s: attacks.cropped(s / 100, 0)
    ),
    Ladder("rotation", "degrees", (1, 2, 5, 7, 10, 15, 20), attacks.turned),
    Ladder(
        "perspective",
        "% of a side",
        (2, 4, 6, 8, 12, 16),
        lambda s: each(edits.perspective(edits.seen_askew(s / 100))),
    ),
    Ladder(
        "picture in picture",
        "% of each side",
        (75, 60, 50, 40, 30, 20),
        lambda s: each(edits.inlaid(s / 100)),
    ),
    Ladder(
        "covered in the middle", "% of the area", (30, 50, 70, 80, 90), lambda s: each(edits.cut_out(s / 100))
    ),
    Ladder("noise", "grey levels", (5, 15, 25, 40, 60, 80, 120), lambda s: each(edits.noisy(s))),
    Ladder("blur", "pixels, sigma", (1, 2, 3, 4, 6, 8), lambda s: attacks.passed(("gblur", f"sigma={s}"))),
    Ladder(
        "median",
        "pixels, width",
        (3, 5, 7, 11, 15, 21),
        lambda s: attacks.passed(("median", f"radius={(s - 1) / 2:.0f}")),
    ),
    Ladder("brighter", "times", (1.2, 1.5, 2, 3, 4), lambda s: levels(lambda v: v * s)),
    Ladder("darker", "times", (0.7, 0.5, 0.3, 0.2, 0.1), lambda s: levels(lambda v: v * s)),
    Ladder(
        "less contrast", "times", (0.6, 0.4, 0.25, 0.15, 0.1), lambda s: levels(lambda v: (v - 0.5) * s + 0.5)
    ),
    Ladder("gamma", "exponent", (1.6, 2.2, 3, 4), lambda s: levels(lambda v: v**s)),
    Ladder(
        "frame rate", "per second", (15, 12, 10, 8, 5, 3, 2), lambda s: attacks.passed(("fps", f"{s}"), out=s)
    ),
    Ladder("a piece", "seconds kept", (4, 2, 1.5, 1, 0.6, 0.2), _kept),
    Ladder("frames lost", "%", (10, 30, 50, 70, 90), lambda s: partial(chains.dropped, s / 100)),
    Ladder("faster", "times", (1.1, 1.25, 1.5, 2, 3), lambda s: lambda v: through(v, out=FPS * s)),
    Ladder("slower", "times", (0.9, 0.8, 0.67, 0.5), lambda s: lambda v: through(v, out=FPS * s)),
    Ladder(
        "frames averaged", "frames", (3, 5, 9, 15, 25), lambda s: attacks.passed(("tmix", f"frames={s:.0f}"))
    ),
)


def climb(marked: Mapping[str, Video], families: Sequence[str] | None = None) -> dict[str, Any]:
    """By family: the unit, and by clip the last strength that was read and the first that was not.

    None as the first failing strength: every step was read.
    """
    ours = Ours()
    table: dict[str, Any] = {}
    for ladder in LADDERS:
        if families is not None and not any(part in ladder.name for part in families):
            continue
        if ladder.needs is not None and not ladder.needs.there:
            table[ladder.name] = {"status": f"no encoder {ladder.needs.name}"}
            continue
        ends = {name: first_failing(ladder, _reader(ours, ladder, video)) for name, video in marked.items()}
        print(f"{ladder.name}: " + ", ".join(f"{name} {end}" for name, end in ends.items()))
        table[ladder.name] = {"unit": ladder.unit, "steps": list(ladder.steps), "clips": ends}
    return table


def _reader(ours: Ours, ladder: Ladder, video: Video) -> Callable[[float], bool]:
    return lambda strength: ours.read(*ladder.at(strength)(video)).exact


def first_failing(ladder: Ladder, reads: Callable[[float], bool]) -> dict[str, float | None]:
    """Steps are climbed in order; what comes after the first failure is not tried."""
    last = None
    for step in ladder.steps:
        if not reads(step):
            return {"last_read": last, "first_failing": step}
        last = step
    return {"last_read": last, "first_failing": None}
