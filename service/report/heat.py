"""Where in the picture: warm spots over a grey figure. Drawn from numbers alone, so that no picture of the
video and of no face is ever in a report."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.report.words import KINDS, clock, plain

SIDE = 240  # pixels of the longer side
MOST = 6
PAPER, FIGURE, HEAT = (236, 236, 236), (204, 204, 204), (203, 62, 20)


@dataclass(frozen=True)
class HeatMap:
    """A small picture and its caption."""

    png: bytes
    caption: str
    width: int
    height: int


def heat_maps(answer: Mapping[str, Any]) -> list[HeatMap]:
    """At most `MOST`: the faces with the strongest signs, then the changed regions.

    Args:
        answer: Detect's answer as JSON values.
    """
    faces = {track["face"]: track for track in answer.get("tracks", ())}
    drawn = [*_of_faces(answer, faces), *_of_regions(answer)]
    aspect = answer.get("aspect") or 1.0
    return [_map(aspect, figure, spots, caption) for figure, spots, caption in drawn[:MOST]]


_Spots = Sequence[tuple[Mapping[str, float], float]]
_Drawn = tuple[Mapping[str, float] | None, _Spots, str]


def _of_faces(answer: Mapping[str, Any], faces: Mapping[int, Mapping[str, Any]]) -> list[_Drawn]:
    by_face: dict[int, list[Mapping[str, Any]]] = {}
    for finding in answer["findings"]:
        if finding.get("box") and finding["sign"] > 0:
            by_face.setdefault(finding["face"], []).append(finding)
    drawn: list[tuple[float, _Drawn]] = []
    for face, found in by_face.items():
        spots = [(finding["box"], finding["sign"]) for finding in found]
        figure = faces[face]["box"] if face in faces else _around([box for box, _ in spots])
        start, end = min(f["start"] for f in found), max(f["end"] for f in found)
        cues = ", ".join(dict.fromkeys(plain(f["cue"]) for f in sorted(found, key=lambda f: -f["sign"])))
        caption = f"Face {face + 1}, {clock(start)} to {clock(end)}: {cues}"
        drawn.append((sum(sign for _, sign in spots), (figure, spots, caption)))
    return [each for _, each in sorted(drawn, key=lambda pair: -pair[0])]


def _of_regions(answer: Mapping[str, Any]) -> Iterator[_Drawn]:
    figure = next((track["box"] for track in answer.get("tracks", ()) if track.get("box")), None)
    for span in answer["altered"]:
        if span.get("box"):
            caption = (
                f"{clock(span['start'])} to {clock(span['end'])}: {KINDS.get(span['kind'], span['kind'])}"
            )
            yield figure, [(span["box"], 1.0)], caption


def _map(aspect: float, figure: Mapping[str, float] | None, spots: _Spots, caption: str) -> HeatMap:
    width = round(SIDE * min(1.0, aspect))
    height = round(SIDE * min(1.0, 1 / aspect))
    width, height = max(width, 8), max(height, 8)
    image = Image.new("RGB", (width, height), PAPER)
    if figure is not None:
        _draw_figure(ImageDraw.Draw(image), figure, width, height)
    heat = np.zeros((height, width))
    for box, sign in spots:
        heat = np.maximum(heat, sign * _spot(box, width, height))
    alpha = (0.85 * np.clip(heat, 0, 1))[..., None]
    pixels = np.asarray(image) * (1 - alpha) + np.array(HEAT) * alpha
    file = io.BytesIO()
    Image.fromarray(pixels.round().astype(np.uint8)).quantize(64).save(file, "PNG", optimize=True)
    return HeatMap(file.getvalue(), caption, width, height)


def _draw_figure(draw: ImageDraw.ImageDraw, face: Mapping[str, float], width: int, height: int) -> None:
    """A head that fills the face's box, a neck and shoulders: anybody's."""
    left, right = face["left"] * width, face["right"] * width
    top, bottom = face["top"] * height, face["bottom"] * height
    across, tall, middle = right - left, bottom - top, (left + right) / 2
    draw.ellipse(
        (middle - 1.35 * across, bottom + 0.28 * tall, middle + 1.35 * across, bottom + 2.2 * tall),
        fill=FIGURE,
    )
    draw.rectangle(
        (middle - 0.3 * across, bottom - 0.2 * tall, middle + 0.3 * across, bottom + 0.5 * tall), FIGURE
    )
    draw.ellipse(
        (left - 0.04 * across, top - 0.3 * tall, right + 0.04 * across, bottom + 0.02 * tall), fill=FIGURE
    )


def _spot(box: Mapping[str, float], width: int, height: int) -> NDArray[np.float64]:
    """(height, width) 0..1: 1 in the middle of the box, about a third at its edges."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    wide = max((box["right"] - box["left"]) * width / 2, 4.0)
    tall = max((box["bottom"] - box["top"]) * height / 2, 4.0)
    across = (x - (box["left"] + box["right"]) / 2 * width) / wide
    down = (y - (box["top"] + box["bottom"]) / 2 * height) / tall
    return np.asarray(np.exp(-((across**2 + down**2) ** 1.5)))


def _around(boxes: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    return {
        "left": min(box["left"] for box in boxes), "top": min(box["top"] for box in boxes),
        "right": max(box["right"] for box in boxes), "bottom": max(box["bottom"] for box in boxes),
    }  # fmt: skip
