"""Is the film in one piece?

Four things give a cut away: time stamps with a hole, sound that ends before the pictures, a face that is
elsewhere or turned otherwise from one frame to the next, and a scene behind it that changes at once. A cut
between two moments at which the same head is in the same place in the same room looks like neither; the code
and the turns, which such a film has to show as well, are not older than ten minutes.
"""

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.detector.track import Track
from safety.errors import SessionCut
from safety.session.observe import Observation

Floats = NDArray[np.float64]

HOLE = 0.7  # seconds: recorders of busy phones leave out frames for up to about half a second
TAIL = 0.7  # seconds of sound that recorders lose at the end
SPEED = 400.0  # degrees a second: quick shifts of gaze turn heads at up to about 350
JUMP = 15.0  # degrees from one frame to the next, at least: the mesh wavers by up to 5
MOVED = 0.6  # eye distances from one frame to the next that a face does not travel in 0.1 s
SCENE = 14.0  # mean change of luma, 0..255, of the scene outside the face
SCENE_TIMES = 6.0  # and as many times the usual change
LEAST_SCENE = 40  # cells of 576 that must be seen in both frames


def check_times(track: Track, speech: Speech | None) -> None:
    """Raises SessionCut; metadata `at` in seconds and `part`: time or sound."""
    steps = np.diff(track.at)
    if len(steps) and steps.max() > HOLE:
        _cut("time", float(track.at[int(steps.argmax())]))
    if speech is not None and speech.seconds < track.seconds - TAIL:
        _cut("sound", speech.seconds)


def check_no_jump(seen: Observation) -> None:
    """Raises SessionCut; metadata `at` in seconds and `part`: face or scene."""
    at = seen.track.at
    if (row := _face_jump(seen)) is not None:
        _cut("face", float(at[row]))
    if (row := _scene_jump(seen)) is not None:
        _cut("scene", float(at[row]))


def _cut(part: str, at: float) -> None:
    raise SessionCut(
        f"the film is not in one piece: its {part} breaks off after {at:.1f} s; record it in one go and hand "
        "it in as it is",
        part=part, at=round(at, 1),
    )  # fmt: skip


def _face_jump(seen: Observation) -> int | None:
    """The frame at which the face is suddenly elsewhere or turned otherwise."""
    track = seen.track
    steps = np.maximum(np.diff(track.at), 1e-3)
    turned = np.abs(np.diff(track.pose, axis=0)).max(axis=1)
    moved = np.where(steps <= 0.1, track.moved[1:], np.nan)
    jumped = (turned > JUMP) & (turned / steps > SPEED) | (moved > MOVED)
    rows = np.flatnonzero(jumped)
    return int(rows[0]) + 1 if len(rows) else None


def _scene_jump(seen: Observation) -> int | None:
    """The frame at which the scene outside the face changes at once."""
    scene = seen.scene
    both = np.isfinite(scene[1:]) & np.isfinite(scene[:-1])
    change = np.where(both, np.abs(np.nan_to_num(scene[1:]) - np.nan_to_num(scene[:-1])), 0.0)
    cells = both.sum(axis=(1, 2))
    mean = change.sum(axis=(1, 2)) / np.maximum(cells, 1)
    usual = float(np.median(mean)) if len(mean) else 0.0
    rows = np.flatnonzero((cells >= LEAST_SCENE) & (mean > SCENE) & (mean > SCENE_TIMES * usual))
    return int(rows[0]) + 1 if len(rows) else None
