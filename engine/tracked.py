"""A face moved by a track: instead of by speech, or on top of what speech makes it do."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.errors import ControlOutOfRange, TrackUnusable
from engine.motion.blinks import lids_following
from engine.motion.brows import SHAPES as BROWS
from engine.motion.curves import ease
from engine.motion.emotion import PARTING, blend
from engine.motion.gaze import eye_in_head, look_of
from engine.state import BLENDSHAPES, INDEX, Controls, State
from engine.track import Moving, Track, state_of
from perception.limits import LIMITS

Values = NDArray[np.float64]

MISFIT = 0.5  # seconds by which a track may be shorter than the speech that is heard with it
_FADE = 0.4  # seconds in which what lies on top goes when the track ends before the speech
_SEALED = 0.03  # jawOpen from which on a closed mouth is a closure of speech and not a mouth at rest
_WEIGHTS = len(BLENDSHAPES)
_MOUTH = np.array([name.startswith(("jaw", "mouth", "tongue")) for name in BLENDSHAPES])
_BLINKS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]
_BROWS = [INDEX[name] for name in BROWS]


@dataclass(frozen=True)
class Tracked:
    """A track as a motion of `frames` frames; with `planned`, added to it.

    Alone: weights, head and gaze are the track's. The controls act on them: gaze and pose are added, the
    look staying where it is when the pose turns the head; emotion is added but parts no lips; amplitude
    scales the head's turns, the brows and the depth of blinks.
    On top: what the track shows is added to the planned motion, which the controls have shaped; closures that
    the speech makes hold, and after the track's end only the speech moves the face.
    """

    frames: int
    fps: int
    seconds: float
    _track: Track = field(repr=False)
    _controls: Controls
    _planned: Moving | None = None

    def frame(self, index: int) -> State:
        """The face of frame `index`, at index / fps seconds."""
        if not 0 <= index < self.frames:
            raise ControlOutOfRange(f"there is no frame {index}: 0 to {self.frames - 1}", control="frame")
        values = self._track.at(index / self.fps)
        if self._planned is None:
            return _steered(values, self._controls)
        return _added(self._planned.frame(index), self._faded(values, index / self.fps))

    def _faded(self, values: Values, seconds: float) -> Values:
        over = (seconds - float(self._track.times[-1])) / _FADE
        return values * (1.0 - float(ease(np.asarray(over))))


def track_alone(track: Track, controls: Controls, seconds: float | None = None) -> Tracked:
    """The track as the whole motion, for `seconds` of sound, or for its own length.

    Raises:
        TrackUnusable: shorter than the sound by more than `MISFIT`: the face would stand still; or shorter
            than the shortest speech.
    """
    length = track.seconds if seconds is None else seconds
    if length < LIMITS.audio_min_seconds:
        raise TrackUnusable(
            f"the track lasts {length:.2f} s: at least {LIMITS.audio_min_seconds} s are needed",
            limit="track_min_seconds", least=LIMITS.audio_min_seconds,
        )  # fmt: skip
    if track.seconds < length - MISFIT:
        raise TrackUnusable(
            f"the track lasts {track.seconds:.2f} s, the speech {length:.2f} s: a track that replaces the "
            f"speech's motion may end {MISFIT} s before it; use it on top, or a longer one",
            limit="track_misfit", most=MISFIT,
        )  # fmt: skip
    return Tracked(max(1, round(length * controls.fps)), controls.fps, length, track, controls)


def track_on_top(track: Track, planned: Moving, controls: Controls) -> Tracked:
    """The track added to a planned motion, with as many frames as that."""
    return Tracked(planned.frames, planned.fps, planned.seconds, track, controls, planned)


def _steered(values: Values, controls: Controls) -> State:
    """A track's moment as the controls would have it."""
    amplitude, attitude = controls.amplitude, blend(controls.emotion)
    given = state_of(values)
    shapes = given.blendshapes.astype(float)
    shapes[_BROWS] *= amplitude.brows
    shapes[_BLINKS] *= amplitude.blinks
    for name, weight in attitude.shapes.items():
        if name not in PARTING:
            shapes[INDEX[name]] += weight
    turned = amplitude.head * np.array(given.rotation) + attitude.head + controls.pose
    rotation = (float(turned[0]), float(turned[1]), float(turned[2]))
    gaze = given.gaze
    if any((*attitude.head, *controls.pose, *controls.gaze, amplitude.head - 1.0)):
        gaze = eye_in_head(look_of(given.gaze, given.rotation) + controls.gaze, rotation)
        _follow(shapes, given.gaze[1], gaze[1])
    x, y, z = (amplitude.head * each for each in given.translation)
    return State(np.clip(shapes, 0.0, 1.0).astype(np.float32), rotation, (x, y, z), gaze)


def _follow(shapes: Values, before: float, after: float) -> None:
    """Lids that went with one height of the eyes go with another."""
    for name, was, becomes in zip(
        ("eyeBlink", "eyeWide"), lids_following(before), lids_following(after), strict=True
    ):
        for side in ("Left", "Right"):
            column = INDEX[name + side]
            shapes[column] = max(shapes[column] + becomes - was, 0.0)


def _added(planned: State, values: Values) -> State:
    """A track's moment on top of a planned one."""
    base, more = planned.blendshapes.astype(float), np.clip(values[:_WEIGHTS], 0.0, 1.0)
    jaw, shut = base[INDEX["jawOpen"]], base[INDEX["mouthClose"]]
    closure = min(shut / max(jaw, 1e-6), 1.0) * float(ease(np.asarray(jaw / _SEALED)))
    shapes = base + np.where(_MOUTH, 1.0 - closure, 1.0) * more
    shapes[_BLINKS] = 1.0 - (1.0 - base[_BLINKS]) * (1.0 - more[_BLINKS])
    extra = state_of(values)
    turned = np.array(planned.rotation) + extra.rotation
    rotation = (float(turned[0]), float(turned[1]), float(turned[2]))
    look = look_of(planned.gaze, planned.rotation) + look_of(extra.gaze, extra.rotation)
    x, y, z = (a + b for a, b in zip(planned.translation, extra.translation, strict=True))
    gaze = eye_in_head(look, rotation)
    return State(np.clip(shapes, 0.0, 1.0).astype(np.float32), rotation, (x, y, z), gaze)
