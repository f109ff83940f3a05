"""Speech and controls to the state of the face at any time."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ControlOutOfRange
from engine.motion.blinks import Blink, lids, lids_following
from engine.motion.brows import SHAPES as BROWS
from engine.motion.curves import RATE, Track, weights
from engine.motion.emotion import PARTING
from engine.motion.gaze import EYE_LIMIT, Gaze, eye_in_head
from engine.motion.lips import Lips
from engine.motion.planner import POSE, Planner
from engine.motion.visemes import SHAPES as LIPS
from engine.prosody import HOP
from engine.speech import UNDERSTOOD, Phonemes, recognise
from engine.state import BLENDSHAPES, INDEX, Controls, State
from perception.audio import Speech
from perception.errors import SpeechSilent

_BEFORE, _AFTER = (
    0.25,
    0.5,
)  # seconds planned beyond the recording's ends, so that the spline has its neighbours
_PIECE = 20 * RATE  # control points planned at once
_PRESS = 0.3  # mouthPress of a full contact: lips that touch are pressed a little
_SMILE_UNDER_ROUNDING = 0.6  # of a smile gives way to fully rounded lips
_PARTING_COLUMNS = [INDEX[name] for name in sorted(PARTING)]
_SPREADING_COLUMNS = [
    INDEX[name] for name in BLENDSHAPES if name.startswith(("mouthSmile", "mouthStretch", "mouthFrown"))
]


@dataclass(frozen=True)
class Motion:
    """Everything that moves, as a function of time that holds no state: ask for any moment in any order.

    Attributes:
        frames: of the clip at `fps`, at least 1.
        fps: frames per second.
        seconds: length of the speech.
    """

    frames: int
    fps: int
    seconds: float
    _columns: NDArray[np.intp]  # which blendshapes the curves hold
    _curves: NDArray[np.float32]  # (control points at RATE, columns + 6)
    _gaze: Gaze
    _blinks: tuple[Blink, ...]
    _onsets: Track  # of the blinks

    def state(self, seconds: float) -> State:
        """The face at `seconds`; once differentiable in time; before and after the speech it holds still.

        Raises:
            ControlOutOfRange: not a number.
        """
        if not math.isfinite(seconds):
            raise ControlOutOfRange("the time asked for is not a number", control="seconds")
        at = min(max(seconds, 0.0), self.seconds)
        values = self._curve(at)
        blendshapes = np.zeros(len(BLENDSHAPES))
        blendshapes[self._columns] = values[:-POSE]
        closure = lids(self._blinks, self._onsets, at)
        return compose(blendshapes, values[-POSE:], self._gaze.at(at), closure)

    def frame(self, index: int) -> State:
        """The face of frame `index`, at index / fps seconds."""
        return self.state(index / self.fps)

    def track(self) -> NDArray[np.float32]:
        """(frames, 60): 52 blendshapes with the eyeLook ones set from gaze, then yaw, pitch, roll (degrees),
        x, y, z (inter-ocular distances), gaze yaw and pitch (degrees): for avatars and other renderers."""
        rows = np.empty((self.frames, len(BLENDSHAPES) + 8), np.float32)
        for i in range(self.frames):
            state = self.frame(i)
            rows[i] = (*with_eye_look(state), *state.rotation, *state.translation, *state.gaze)
        return rows

    def _curve(self, seconds: float) -> Track:
        x = (seconds + _BEFORE) * RATE
        base = int(x)
        return np.asarray(weights(np.asarray(x - base)) @ self._curves[base - 1 : base + 3])


LEAST_VOICE = 0.05
"""Seconds of voiced sound, about one short vowel: less is no voice."""


def plan_motion(speech: Speech, controls: Controls) -> Motion:
    """Plan lips, head, eyes and brows for `speech`.

    Raises:
        SpeechTooShort, SpeechTooLong, SpeechNotFinite: see `recognise`.
        SpeechSilent: see there; also when there is sound, but no voice in it.
    """
    phonemes = recognise(speech)
    # A whisper has no voiced sound but understood phones; breath, wind and noise have neither.
    understood = any(phone.confidence >= UNDERSTOOD for phone in phonemes.phones)
    if not understood and int(phonemes.prosody.voiced.sum()) * HOP < LEAST_VOICE:
        raise SpeechSilent(
            "there is no voice in the recording: record speech, louder than the noise around it"
        )
    return plan_from_phonemes(phonemes, controls)


def plan_from_phonemes(phonemes: Phonemes, controls: Controls) -> Motion:
    """The same from phones that are known already."""
    seconds = phonemes.seconds
    planner = Planner(controls, -_BEFORE)
    points = round((seconds + _AFTER) * RATE)
    pieces = []
    for begin in range(round(-_BEFORE * RATE), points, _PIECE):  # so that memory does not grow with length
        end = min(begin + _PIECE, points)
        brows, emotion, pose = planner.rest(phonemes.prosody, end)
        face = face_of(planner.lips(phonemes, end), brows, emotion)
        pieces.append(np.concatenate((face, pose), 1).astype(np.float32))
    used = np.flatnonzero(np.any([piece[:, :-POSE].any(0) for piece in pieces], axis=0))
    kept = [*used, *range(len(BLENDSHAPES), len(BLENDSHAPES) + POSE)]
    blinks = tuple(planner.idle.blinks.blinks)
    return Motion(
        max(1, round(seconds * controls.fps)),
        controls.fps,
        seconds,
        used,
        np.concatenate([piece[:, kept] for piece in pieces]),
        planner.idle.gaze.gaze(),
        blinks,
        np.array([blink.start for blink in blinks]),
    )


def compose(blendshapes: Track, pose: Track, look: Track, closure: tuple[float, float]) -> State:
    """One instant from its parts.

    Args:
        blendshapes: (52,), changed in place: blinks and lids that follow the eyes come on top.
        pose: (6,) yaw, pitch, roll, x, y, z.
        look: (2,) direction looked in, relative to the camera; the eyes do what the head has not done
            (vestibulo-ocular reflex).
        closure: of the left and the right eye by blinking.
    """
    yaw, pitch, roll, x, y, z = (float(value) for value in pose)
    gaze = eye_in_head(look, (yaw, pitch, roll))
    _set_lids(blendshapes, closure, gaze[1])
    return State(np.clip(blendshapes, 0.0, 1.0).astype(np.float32), (yaw, pitch, roll), (x, y, z), gaze)


def face_of(lips: Lips, brows: Track, emotion: Track) -> Track:
    """(T, 52): lips, brows and the emotion's weights (T, 52) together; nothing here parts lips that touch."""
    face = np.zeros((len(emotion), len(BLENDSHAPES)))
    for i, name in enumerate(LIPS):
        for column in _sides(name):
            face[:, column] += lips.shapes[:, i]
    for i, name in enumerate(BROWS):
        face[:, INDEX[name]] += brows[:, i]
    rounded = lips.shapes[:, LIPS.index("mouthPucker")] + lips.shapes[:, LIPS.index("mouthFunnel")]
    shown = emotion.copy()
    shown[:, _PARTING_COLUMNS] *= lips.free[:, None]
    shown[:, _SPREADING_COLUMNS] *= (1.0 - _SMILE_UNDER_ROUNDING * np.clip(rounded, 0.0, 1.0))[:, None]
    face += shown
    # ARKit: mouthClose as large as jawOpen means sealed lips over an open jaw.
    face[:, INDEX["mouthClose"]] = lips.contact * face[:, INDEX["jawOpen"]]
    for column in _sides("mouthPress"):
        face[:, column] += _PRESS * lips.contact
    return np.clip(face, 0.0, 1.0)


def _sides(name: str) -> list[int]:
    """Columns of a shape: one, or left and right."""
    return [INDEX[name]] if name in INDEX else [INDEX[name + "Left"], INDEX[name + "Right"]]


def _set_lids(blendshapes: Track, closure: tuple[float, float], pitch: float) -> None:
    """Blinks over lids that follow the eyes' height."""
    lowered, raised = lids_following(pitch)
    for side, shut in zip(("Left", "Right"), closure, strict=True):
        blink, wide = INDEX["eyeBlink" + side], INDEX["eyeWide" + side]
        resting = min(blendshapes[blink] + lowered, 1.0)
        blendshapes[blink] = resting + (1.0 - resting) * shut
        blendshapes[wide] = (blendshapes[wide] + raised) * (1.0 - shut)


def with_eye_look(state: State) -> NDArray[np.float32]:
    """ARKit's eyeLook weights from the gaze: 1 at the eyes' limit. Image right is the sitter's left."""
    shapes = state.blendshapes.copy()
    yaw, pitch = state.gaze[0] / EYE_LIMIT[0], state.gaze[1] / EYE_LIMIT[1]
    for name, value in (
        ("eyeLookOutLeft", yaw), ("eyeLookInRight", yaw), ("eyeLookInLeft", -yaw), ("eyeLookOutRight", -yaw),
        ("eyeLookUpLeft", pitch), ("eyeLookUpRight", pitch),
        ("eyeLookDownLeft", -pitch), ("eyeLookDownRight", -pitch),
    ):  # fmt: skip
        shapes[INDEX[name]] = min(max(value, 0.0), 1.0)
    return shapes
