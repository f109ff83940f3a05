"""Where the faces are: BlazeFace, full range and short range (Google, MediaPipe), on several scales.

The full-range model looks at the whole picture and at tiles of it; the short-range model, made for a face
that fills its view, has to confirm each find. Their mistakes differ: the short-range family fires on dogs,
the full-range model on patterns. Anchors and decoding follow MediaPipe's `face_detection_*.pbtxt`
(SsdAnchorsCalculator, TensorsToDetectionsCalculator), with fixed anchor size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perception.litert import Network
from perception.models import model_path
from perception.warp import Pyramid, turned_view

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Square = tuple[float, float, float]  # x, y of the top left corner and side, pixels of the picture

# MediaPipe's min_score_thresh is 0.5 for the short-range and 0.6 for the full-range model.
SHORT_SCORE = 0.5
FULL_SCORE = 0.6
OVERLAP = 0.3  # min_suppression_threshold of both
WHOLE_VIEWS = (1.0, 1.5)  # the padded view finds faces that fill the picture
TILE = 640  # pixels; a face of 40 px, eyes 20 px apart, still has 12 px in such a tile of the 192 px network
TILES_ACROSS = 6


@dataclass(frozen=True)
class Detection:
    """A face candidate: box x0, y0, x1, y1, score 0..1 and 6 points, all in pixels of the picture.

    Points: the sitter's right eye, left eye, nose tip, mouth, right ear, left ear.
    """

    box: tuple[float, float, float, float]
    points: Floats  # (6, 2)
    score: float

    @property
    def side(self) -> float:
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

    @property
    def centre(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


class Blaze:
    """One BlazeFace network with its anchors.

    Args:
        size: side of its input in pixels.
        layers: (stride, anchors per cell) for each output layer.
    """

    def __init__(self, model: str, size: int, layers: Sequence[tuple[int, int]]) -> None:
        self.size = size
        self._network = Network(model_path(model), low=-1)
        self._anchors = np.concatenate([_anchors(size // stride, count) for stride, count in layers])

    def __call__(self, view: Pixels, threshold: float) -> tuple[Floats, Floats]:
        """What is in the square `view`, in 0..1 of it: (N, 16) x0, y0, x1, y1, six points; (N,) scores."""
        first, second = self._network(view)
        raw, flags = (first, second) if first.shape[-1] == 16 else (second, first)
        scores = 1 / (1 + np.exp(-np.clip(flags.reshape(-1), -80, 80)))
        keep = scores >= threshold
        raw = raw.reshape(-1, 16)[keep] / np.float32(self.size)
        anchors = self._anchors[keep]
        centre, extent = raw[:, :2] + anchors, raw[:, 2:4]
        points = raw[:, 4:] + np.tile(anchors, 6)
        found = np.concatenate([centre - extent / 2, centre + extent / 2, points], axis=1)
        return found.astype(np.float32), scores[keep].astype(np.float32)


def _anchors(cells: int, count: int) -> Floats:
    """Cell centres in 0..1, row by row, each repeated `count` times: (cells² · count, 2) as x, y."""
    y, x = np.mgrid[:cells, :cells].reshape(2, -1)
    return np.repeat((np.stack([x, y], axis=1) + 0.5) / cells, count, axis=0).astype(np.float32)


def short_range() -> Blaze:
    return Blaze("face_detection_short_range", 128, [(8, 2), (16, 6)])


def full_range() -> Blaze:
    return Blaze("face_detection_full_range", 192, [(4, 1)])


def look(blaze: Blaze, pyramid: Pyramid, square: Square, threshold: float) -> list[Detection]:
    """What `blaze` sees in a square of the picture."""
    x, y, side = square
    view = turned_view(pyramid, (x + side / 2, y + side / 2, side, 0.0), blaze.size)
    found, scores = blaze(view, threshold)
    placed = found * side + np.tile(np.asarray([x, y], np.float32), 8)
    return [_detection(row, float(score)) for row, score in zip(placed, scores, strict=True)]


def views(width: int, height: int) -> list[Square]:
    """Squares to look at: the whole picture, with and without a border, then ever smaller tiles."""
    longest = max(width, height)
    squares = [((width - longest * k) / 2, (height - longest * k) / 2, longest * k) for k in WHOLE_VIEWS]
    across = 1
    while longest / across > TILE and across < TILES_ACROSS:
        across = min(across * 2, TILES_ACROSS)
        side = longest / across
        squares += [(x, y, side) for y in _starts(height, side) for x in _starts(width, side)]
    return squares


def _starts(length: int, side: float) -> NDArray[np.float64]:
    """Where tiles of `side` begin so that they cover `length` and overlap by at least a third."""
    if length <= side:
        return np.asarray([(length - side) / 2])
    return np.linspace(0, length - side, int(np.ceil((length - side) / (side * 2 / 3))) + 1)


def merge(detections: Sequence[Detection]) -> list[Detection]:
    """Non-maximum suppression, best score first; each kept face is the score-weighted mean of its cluster."""
    left = sorted(detections, key=lambda d: d.score, reverse=True)
    kept = []
    while left:
        cluster = [d for d in left if overlap(d.box, left[0].box) >= OVERLAP]
        left = [d for d in left if not any(d is c for c in cluster)]
        weights = np.asarray([d.score for d in cluster], np.float32)
        rows = np.stack([np.concatenate([np.asarray(d.box, np.float32), d.points.ravel()]) for d in cluster])
        kept.append(_detection(np.average(rows, axis=0, weights=weights), cluster[0].score))
    return kept


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def _detection(row: NDArray[np.float32], score: float) -> Detection:
    x0, y0, x1, y1 = (float(v) for v in row[:4])
    return Detection((x0, y0, x1, y1), row[4:].reshape(6, 2).astype(np.float32), score)
