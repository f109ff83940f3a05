"""Gaze, distance and emotion as asked for, against what the frames show."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measures import emotions, eyes, head
from bench.measures.lips import eye_distance
from bench.measures.speakers import Spoken
from bench.measures.stage import Stage
from bench.measures.watch import Watched
from engine.state import EMOTIONS, Controls

Floats = NDArray[np.float64]

GAZES = ((-20, 0), (-10, 0), (10, 0), (20, 0), (0, -12), (0, -6), (0, 6), (0, 12), (15, 8), (-15, -8))
DISTANCES = (0.8, 0.9, 1.1, 1.25)
EVERY = 2  # frames: every second one is looked at
OPEN_EYES = 0.75  # of the median gap between the lids; below, the iris is half hidden


def gaze(stage: Stage, spoken: Spoken, directions: tuple[tuple[float, float], ...] = GAZES) -> dict[str, Any]:
    """Main gaze against the camera: head's turn plus eye in head, median over the clip, both against those
    of a clip of the same speech and seed that looks into the camera.

    Error: the angle between what is asked and what is seen, in degrees.
    """
    ahead = stage.watch(spoken, Controls(), EVERY)
    rows = []
    for yaw, pitch in directions:
        seen = _looked(stage.watch(spoken, Controls(gaze=(yaw, pitch)), EVERY), ahead)
        rows.append(
            {
                "asked": [yaw, pitch],
                "seen": seen.round(1).tolist(),
                "error": round(float(np.hypot(*(seen - (yaw, pitch)))), 1),
            }
        )
    errors = [row["error"] for row in rows]
    return {
        "mean_error_degrees": round(float(np.mean(errors)), 2),
        "largest_error_degrees": max(errors),
        "rows": rows,
    }


def _looked(clip: Watched, ahead: Watched) -> Floats:
    """(2,) yaw and pitch in degrees."""
    rest = np.nanmedian(ahead.iris[_open(ahead)], axis=0)
    in_head = eyes.directions(clip.iris, rest, _open(clip))
    both = head.filled(np.concatenate([ahead.mesh, clip.mesh]).reshape(-1, 468 * 3)).reshape(-1, 468, 3)
    turned = head.angles(both)[:, :2]
    count = len(ahead.mesh)
    return np.asarray(np.nanmedian(in_head + turned[count:], axis=0) - np.nanmedian(turned[:count], axis=0))


def _open(clip: Watched) -> NDArray[np.bool_]:
    gap = clip.lids.mean(axis=1)
    return np.asarray(gap > OPEN_EYES * np.nanmedian(gap))


def distance(stage: Stage, spoken: Spoken, distances: tuple[float, ...] = DISTANCES) -> dict[str, Any]:
    """Distance of the head: the eyes' distance in pixels at 1 over that at d, against d. The same speech and
    seed move the head alike, so that each frame has its counterpart. Error: relative."""
    one = _sizes(stage.watch(spoken, Controls(), EVERY))
    rows = []
    for asked in distances:
        seen = float(np.nanmedian(one / _sizes(stage.watch(spoken, Controls(distance=asked), EVERY))))
        rows.append({"asked": asked, "seen": round(seen, 4), "error": round(abs(seen / asked - 1), 4)})
    errors = [row["error"] for row in rows]
    return {"mean_error": round(float(np.mean(errors)), 4), "largest_error": max(errors), "rows": rows}


def _sizes(clip: Watched) -> Floats:
    return np.array([eye_distance(mesh) for mesh in clip.mesh])


def expressions(stage: Stage, spoken: Spoken, names: tuple[str, ...] = EMOTIONS[1:]) -> dict[str, Any]:
    """Each emotion at full strength against the same clip without: median change of each feature."""
    still = stage.still.mesh.astype(np.float64)
    plain = _features(stage.watch(spoken, Controls(), EVERY), still)
    result = {}
    for name in names:
        felt = _features(stage.watch(spoken, Controls(emotion=((name, 1.0),)), EVERY), still)
        changed = {key: float(np.nanmedian(felt[key] - plain[key])) for key in plain}
        result[name] = emotions.judge(name, changed)
    return result


def _features(clip: Watched, still: Floats) -> dict[str, Floats]:
    rows = [emotions.features(mesh, lids, still) for mesh, lids in zip(clip.mesh, clip.lids, strict=True)]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}
