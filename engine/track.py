"""Blendshape tracks: a face's motion as samples in time, made here, by a performer or by another program."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import TrackUnusable
from engine.motion.plan import with_eye_look
from engine.state import BLENDSHAPES, INDEX, State

Floats = NDArray[np.floating[Any]]

POSE = ("headYaw", "headPitch", "headRoll", "headX", "headY", "headZ", "gazeYaw", "gazePitch")
CHANNELS = (*BLENDSHAPES, *POSE)
"""Columns of a track's values: ARKit weights 0..1, then `State.rotation` in degrees, `State.translation` in
inter-ocular distances and `State.gaze` in degrees, signs as there."""

SECONDS = 600.0
"""The longest track."""

_WEIGHTS = len(BLENDSHAPES)
_LARGEST_ANGLE = 90.0  # degrees, of head and eyes


class Moving(Protocol):
    """A face in motion: `engine.motion.Motion`, `engine.tracked.Tracked`."""

    @property
    def frames(self) -> int: ...
    @property
    def fps(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    def frame(self, index: int) -> State:
        """The face of frame `index`, at index / fps seconds."""


@dataclass(frozen=True)
class Track:
    """Samples of a face in time. Raises TrackUnusable where they cannot be one.

    Between the samples each channel is a monotone cubic (Fritsch & Butland 1984): once differentiable, and
    never beyond its neighbours, so that weights stay in 0..1 and lips that are closed at two samples are
    closed in between. Before the first and after the last sample it holds still.

    Attributes:
        times: (N,) seconds, the first 0, rising.
        values: (N, 60) float32, columns `CHANNELS`.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float32]
    _slopes: NDArray[np.float32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self.times, self.values)
        object.__setattr__(self, "_slopes", _slopes(self.times, self.values))

    @classmethod
    def of(cls, motion: Moving) -> "Track":
        """The frames of a motion."""
        rows = np.empty((motion.frames, len(CHANNELS)), np.float32)
        for i in range(motion.frames):
            state = motion.frame(i)
            rows[i] = (*with_eye_look(state), *state.rotation, *state.translation, *state.gaze)
        return cls(np.arange(motion.frames) / motion.fps, rows)

    @property
    def seconds(self) -> float:
        """How long it lasts: to the end of its last sample."""
        return float(self.times[-1] + np.median(np.diff(self.times)))

    def at(self, seconds: float) -> NDArray[np.float64]:
        """(60,) the channels at a time."""
        moment = min(max(seconds, 0.0), float(self.times[-1]))
        i = min(int(np.searchsorted(self.times, moment, side="right")) - 1, len(self.times) - 2)
        step = float(self.times[i + 1] - self.times[i])
        u = (moment - float(self.times[i])) / step
        v = 1.0 - u
        before, after = self.values[i].astype(float), self.values[i + 1].astype(float)
        rise, fall = step * self._slopes[i].astype(float), step * self._slopes[i + 1].astype(float)
        return np.asarray(
            v * v * (1 + 2 * u) * before + u * u * (1 + 2 * v) * after + u * v * (v * rise - u * fall)
        )

    def state(self, seconds: float) -> State:
        """The face at a time."""
        return state_of(self.at(seconds))

    def openings(self, frames: int, fps: float) -> NDArray[np.float64]:
        """(frames,) how far the lips part at each frame, as a weight: the jaw less what seals the lips, and
        what lifts them off each other."""
        rows = np.stack([self.at(i / fps) for i in range(frames)])
        jaw, sealed = rows[:, INDEX["jawOpen"]], rows[:, INDEX["mouthClose"]]
        lips = sum(rows[:, INDEX[f"mouth{name}{side}"]] for name in _PARTED for side in ("Left", "Right"))
        return np.asarray(np.maximum(jaw - sealed, 0.0) + 0.15 * lips)


_PARTED = ("LowerDown", "UpperUp")


def state_of(values: Floats) -> State:
    """The face that (60,) channels describe; weights are held in 0..1."""
    numbers = [float(value) for value in values[_WEIGHTS:]]
    return State(
        np.clip(values[:_WEIGHTS], 0.0, 1.0).astype(np.float32),
        (numbers[0], numbers[1], numbers[2]),
        (numbers[3], numbers[4], numbers[5]),
        (numbers[6], numbers[7]),
    )


def _check(times: NDArray[np.float64], values: NDArray[np.float32]) -> None:
    if len(times) < 2 or values.shape != (len(times), len(CHANNELS)):
        raise TrackUnusable("the track has fewer than two rows: record at least two moments", least=2)
    if not (np.isfinite(times).all() and np.isfinite(values).all()):
        raise TrackUnusable("the track holds values that are not numbers: export it again")
    steps = np.diff(times)
    if times[0] != 0.0 or (steps <= 0).any():
        row = int(np.flatnonzero(steps <= 0)[0]) + 2 if (steps <= 0).any() else 1
        raise TrackUnusable(f"the track's times do not rise (row {row}): sort it, each time once", row=row)
    if times[-1] > SECONDS:
        raise TrackUnusable(
            f"the track lasts {times[-1]:.1f} s: at most {SECONDS:.0f} s", limit="track_seconds", most=SECONDS
        )
    _bounded(values[:, :_WEIGHTS], 0.0, 1.0, 0)
    angles = np.r_[_WEIGHTS : _WEIGHTS + 3, _WEIGHTS + 6 : _WEIGHTS + 8]
    for column in angles:
        _bounded(values[:, column : column + 1], -_LARGEST_ANGLE, _LARGEST_ANGLE, int(column))
    _bounded(values[:, _WEIGHTS + 3 : _WEIGHTS + 6], -1.0, 1.0, _WEIGHTS + 3)


def _bounded(values: NDArray[np.float32], low: float, high: float, first: int) -> None:
    outside = (values < low) | (values > high)
    if outside.any():
        row, column = (int(i) for i in np.argwhere(outside)[0])
        raise TrackUnusable(
            f"{CHANNELS[first + column]} is {values[row, column]:g} in row {row + 1}, "
            f"outside {low:g} to {high:g}",
            channel=CHANNELS[first + column], row=row + 1, low=low, high=high,
        )  # fmt: skip


def _slopes(times: NDArray[np.float64], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 60) per second: weighted harmonic mean of the slopes to either side; 0 at peaks and at the ends."""
    steps = np.diff(times)[:, None]
    rise = np.diff(values, axis=0) / steps
    before, after = rise[:-1], rise[1:]
    heavy, light = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
    slopes = np.zeros_like(values)
    along = before * after > 0
    safe = np.where(along, before * after, 1.0)
    mean = (heavy + light) * safe / np.where(along, heavy * after + light * before, 1.0)
    slopes[1:-1] = np.where(along, mean, 0.0)
    return slopes
