"""What the timeline and the audit ask of a track: how fast the head turns, and where no face was seen."""

import numpy as np

from safety.detector.lips import runs
from safety.detector.track import Floats, Track


def head_speed(track: Track) -> Floats:
    """(T,) degrees per second and axis at each frame; NaN where unknown."""
    steps = np.diff(track.at, prepend=np.nan)
    turned = np.abs(np.diff(track.pose, axis=0, prepend=np.full((1, 3), np.nan))).mean(axis=1)
    return np.asarray(turned / np.where(steps > 0, steps, np.nan))


def unseen(track: Track) -> list[tuple[float, float]]:
    """Spans of seconds without a face."""
    return [(float(track.at[a]), float(track.at[b - 1]) + track.step) for a, b in runs(~track.seen)]
