"""The table of targets: what is refused, what is aimed at, and where each figure stands."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """One row.

    Attributes:
        floor, aim: (least, most) of what is accepted and of what is wanted; None where there is no bound.
    """

    name: str
    unit: str
    floor: tuple[float | None, float | None]
    aim: tuple[float | None, float | None]


TARGETS = {
    "engine": Target("engine alone, 512 x 512, one thread", "frames/s", (45, None), (100, None)),
    "generate": Target("whole Generate, 512 x 512", "frames/s", (25, None), (45, None)),
    "first frame": Target("streaming: first frame", "ms", (None, 250), (None, 170)),
    "sustained": Target("streaming: sustained", "frames/s", (30, None), (45, None)),
    "batch": Target("batch on one data-centre GPU", "frames/s", (None, None), (2000, None)),
    "memory": Target("peak memory of a long clip over a 10-second one", "ratio", (0.9, 1.1), (0.9, 1.1)),
    "agreement": Target("mouth against sound, canonical correlation", "r", (0.35, None), (0.45, None)),
    "offset": Target("mouth against sound, best offset", "frames", (-1, 1), (0, 0)),
    "swapped": Target("the same with another's sound", "r", (-0.12, 0.12), (-0.05, 0.05)),
    "closures": Target("p b m closed at their time", "share", (0.95, None), (1, None)),
    "pauses": Target("lips closed in pauses over 300 ms", "share of frames", (0.95, None), (1, None)),
    "silent lips": Target("lip gap in pauses, median deviation", "eye distances", (None, 0.02), (None, 0.01)),
    "delta p": Target("head, mean absolute change", "degrees/frame", (0.25, 0.60), (0.30, 0.45)),
    "fast power": Target("head, power over 3 Hz", "share", (None, 0.03), (None, 0.01)),
    "blinks": Target("blinks in speech", "per minute", (10, 33), (20, 28)),
    "blink length": Target("length of a blink", "ms", (200, 400), (230, 330)),
    "blink asymmetry": Target("opening over closing", "ratio", (1, None), (1.5, None)),
    "gaze": Target("gaze control error", "degrees", (None, 8), (None, 5)),
    "distance": Target("distance control error", "of the distance", (None, 0.02), (None, 0.005)),
    "emotions": Target("emotions that move what the literature says", "share", (1, None), (1, None)),
    "sharpness": Target("sharpness of the face in motion", "of the still", (0.8, None), (0.95, None)),
    "same pixels": Target("same pose, same pixels after the long clip", "share", (1, None), (1, None)),
}  # fmt: skip


def row(key: str, value: float | None, note: str = "") -> dict[str, Any]:
    """A figure beside its target: "aim", "floor" (accepted), "below" (refused) or "not measured"."""
    target = TARGETS[key]
    if value is None:
        stands = "not measured"
    elif _within(value, target.aim):
        stands = "aim"
    else:
        stands = "floor" if _within(value, target.floor) else "below"
    result = {
        "row": target.name, "value": value, "unit": target.unit, "floor": _told(target.floor),
        "aim": _told(target.aim), "stands": stands,
    }  # fmt: skip
    return result | ({"note": note} if note else {})


def _within(value: float, bounds: tuple[float | None, float | None]) -> bool:
    least, most = bounds
    return (least is None or value >= least) and (most is None or value <= most)


def _told(bounds: tuple[float | None, float | None]) -> str:
    least, most = bounds
    if least is None and most is None:
        return "-"
    if least is None:
        return f"at most {most:g}"
    if most is None:
        return f"at least {least:g}"
    return f"{least:g}" if least == most else f"{least:g} to {most:g}"
