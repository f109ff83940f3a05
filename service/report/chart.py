"""The two charts of the report as plain shapes, so that HTML and PDF draw the same: what happened when, and
where the score lies. Origin at the top left, y down, in points; nothing here knows SVG or PDF."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from service.report.words import clock, length

Anchor = Literal["start", "middle", "end"]

WIDTH = 640.0
LEFT = 96.0  # room for the names of the rows
ROW, GAP = 26.0, 8.0
MOST_COLUMNS = 240  # longer videos share columns
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200)


@dataclass(frozen=True)
class Box:
    """A filled rectangle; `tone` is its meaning, `strength` 0..1 its weight; `title` is told on pointing."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    strength: float = 1.0
    title: str = ""


@dataclass(frozen=True)
class Label:
    """A line of text, its baseline at y."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    tone: str = "ink"


@dataclass(frozen=True)
class Chart:
    """Shapes in the order in which they are drawn, and what they show in a sentence."""

    width: float
    height: float
    shapes: tuple[Box | Label, ...]
    summary: str


def timeline(answer: Mapping[str, Any]) -> Chart:
    """Face, speech, changes and signs over time.

    Args:
        answer: Detect's answer as JSON values, `timeline`, `altered` and `seconds` of it.
    """
    seconds = max([float(answer["seconds"]), *(span["end"] for span in _shown(answer)), 1.0])
    scale = (WIDTH - LEFT) / seconds
    shapes: list[Box | Label] = []
    rows = (("Face seen", _faces), ("Speech", _speech), ("Changed", _changes), ("Signs", _signs))
    for k, (name, draw) in enumerate(rows):
        top = k * (ROW + GAP)
        shapes.append(Box(LEFT, top, WIDTH - LEFT, ROW, "track"))
        shapes.append(Label(0.0, top + ROW / 2 + 4, name))
        shapes += [_placed(box, top, scale) for box in draw(answer)]
    bottom = len(rows) * (ROW + GAP)
    step = next((each for each in _TICKS if each * 8 >= seconds), ceil(seconds / 8))
    for k in range(int(seconds // step) + 1):
        x = LEFT + k * step * scale
        shapes.append(Box(x - 0.25, 0.0, 0.5, bottom, "tick"))
        if x <= WIDTH - 14 or k == 0:
            shapes.append(Label(x, bottom + 10, clock(k * step)[:-2], "middle" if k else "start", "muted"))
    return Chart(WIDTH, bottom + 14, tuple(shapes), _summary(answer, seconds))


def gauge(answer: Mapping[str, Any]) -> Chart:
    """Where the score lies between 0 and 1, and between which scores nothing is claimed."""
    band = answer.get("band")
    shapes: list[Box | Label] = [Box(0, 14, WIDTH, 16, "track")]
    if band:
        shapes.append(Box(band["low"] * WIDTH, 14, (band["high"] - band["low"]) * WIDTH, 16, "band"))
        shapes.append(
            Label((band["low"] + band["high"]) / 2 * WIDTH, 46, "nothing is claimed here", "middle", "muted")
        )
    score = float(answer["score"])
    x = min(max(score * WIDTH, 2.0), WIDTH - 2.0)
    anchor: Anchor = "start" if score < 0.1 else "end" if score > 0.9 else "middle"
    shapes.append(Box(x - 2, 8, 4, 28, "mark"))
    shapes.append(Label(x, 5, f"{score:.2f}", anchor))
    shapes += [Label(0, 46, "0: nothing found", "start", "muted"), Label(WIDTH, 46, "1", "end", "muted")]
    return Chart(WIDTH, 50, tuple(shapes), f"The score is {score:.2f} on a scale from 0 to 1.")


def _placed(box: Box, top: float, scale: float) -> Box:
    """From seconds and shares of the row to points."""
    height = ROW * box.height
    return Box(
        LEFT + box.x * scale, top + ROW - height, max(box.width * scale, 1.0), height,
        box.tone, box.strength, box.title,
    )  # fmt: skip


def _columns(answer: Mapping[str, Any]) -> Iterator[tuple[float, float, Sequence[Mapping[str, Any]]]]:
    """(start, width, seconds of the timeline) of every column."""
    rows = answer["timeline"]
    each = max(1, ceil(len(rows) / MOST_COLUMNS))
    for k in range(0, len(rows), each):
        part = rows[k : k + each]
        end = min(part[-1]["start"] + 1.0, max(float(answer["seconds"]), part[-1]["start"]))
        yield part[0]["start"], end - part[0]["start"], part


def _faces(answer: Mapping[str, Any]) -> Iterator[Box]:
    for start, width, part in _columns(answer):
        share = sum(row["seen"] for row in part) / len(part)
        if share > 0:
            yield Box(start, 0, width, 0.9 * share, "face", title=f"{clock(start)}: face in {share:.0%}")


def _speech(answer: Mapping[str, Any]) -> Iterator[Box]:
    for start, width, part in _columns(answer):
        share = sum(row.get("speaking") or 0.0 for row in part) / len(part)
        if share > 0:
            yield Box(start, 0, width, 0.9 * share, "speech", title=f"{clock(start)}: speech in {share:.0%}")


def _changes(answer: Mapping[str, Any]) -> Iterator[Box]:
    for span in _shown(answer):
        title = f"{span['kind']}, {clock(span['start'])} to {clock(span['end'])}"
        yield Box(span["start"], 0, span["end"] - span["start"], 1.0, "changed", title=title)


def _signs(answer: Mapping[str, Any]) -> Iterator[Box]:
    most = max((len(row["signs"]) for row in answer["timeline"]), default=0)
    for start, width, part in _columns(answer):
        names = sorted({name for row in part for name in row["signs"]})
        if names:
            height = 0.15 + 0.75 * min(1.0, len(names) / max(most, 4))
            yield Box(start, 0, width, height, "sign", title=f"{clock(start)}: {', '.join(names)}")


def _shown(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Changes that have a place in this file: what is missing has none."""
    return [span for span in answer["altered"] if span["kind"] != "missing"]


def _summary(answer: Mapping[str, Any], seconds: float) -> str:
    signs = sum(bool(row["signs"]) for row in answer["timeline"])
    return (
        f"{length(seconds)}; {len(answer['altered'])} changed parts; signs of a machine-made face cover "
        f"{signs} of {len(answer['timeline'])} seconds."
    )
