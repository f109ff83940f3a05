"""Control points of the face, planned in order from what has been heard: for a recording and for a stream.

What goes on of itself (looks, blinks, postures, drift) asks nothing of the future and is the same in both.
Lips, nods and brows are better where it is known: lips set out before a sound, a nod falls on its accent. A
stream can only answer: its lips follow what is aimed at with a short delay, its nods come after the accent.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.motion.accents import APART, Accent, Beats, find_beats
from engine.motion.brows import plan_brows
from engine.motion.curves import RATE, Track
from engine.motion.emotion import blend, presence
from engine.motion.gaze import head_follows
from engine.motion.head import limited, melody, plan_head
from engine.motion.idle import STEP, Idle
from engine.motion.laughter import SMILE, THROWN_BACK, Laugh, find_laughs, laughing, without_words
from engine.motion.lips import Lips, plan_lips
from engine.motion.stir import SHAPES as STIRRED
from engine.motion.stir import plan_stir
from engine.motion.usual import Usual
from engine.motion.visemes import SHAPES as LIPS
from engine.prosody import HOP, Prosody
from engine.speech import Phonemes
from engine.state import BLENDSHAPES, INDEX, Controls

POSE = 6
"""Columns of a pose: yaw, pitch, roll, x, y, z."""

_ANSWER = 0.22  # seconds from the moment that an accent is known to the middle of its nod
_SETTLED = 0.15  # seconds after an accent from which on it is known to be one
_KEPT = 1.5  # seconds after its answer that an accent can still be seen

# Time constants of a stream's delays (two in a row, critically damped), seconds. Lips that close are the
# quickest: a missed contact is seen more than a late vowel.
_QUICK, _LIPS, _HEAD, _MOOD = 0.005, 0.007, 0.06, 0.25
_EARLY = 0.03  # seconds: makes up for that delay, and for sounds that are known only as they begin
_STIRRED = [INDEX[name] for name in STIRRED]
_ROLLED = LIPS.index("mouthRollLower")


class Planner:
    """Motion of one face, one control point after the other, each planned once.

    Args:
        controls: at the beginning.
        begin: seconds of the first control point.
        live: what is heard comes as it is spoken.
    """

    def __init__(self, controls: Controls, begin: float = 0.0, *, live: bool = False) -> None:
        self.idle = Idle(controls)
        self._controls, self._attitude = controls, blend(controls.emotion)
        self._live = live
        self._next_lips = self._next_rest = round(begin * RATE)
        self._usual, self._jaw = Usual(), self._attitude.jaw
        self._accents: tuple[Accent, ...] = ()
        self._laughs: tuple[Laugh, ...] = ()
        self._heard: Prosody | None = None
        self._beats = Beats((), (), np.zeros(1))
        quick = [i == _ROLLED or i >= len(LIPS) for i in range(len(LIPS) + 2)]
        self._lips = _Delay(np.where(quick, _QUICK, _LIPS))
        self._voice = _Delay(np.full(1, _HEAD))
        self._mood = _Delay(np.full(len(BLENDSHAPES) + 6, _MOOD))

    def steer(self, controls: Controls) -> None:
        """Go on with other controls from the next step on: gaze by a saccade, emotion in a second."""
        if controls.gaze != self._controls.gaze:
            self.idle.gaze.turn_to(controls.gaze, self.idle.until)
        self._controls, self._attitude = controls, blend(controls.emotion)

    def lips(self, heard: Phonemes, until: int) -> Lips:
        """Lips at the control points before `until` that are not planned yet."""
        times = np.arange(self._next_lips, until) / RATE
        self._next_lips = until
        heard = without_words(heard, self._laughs)
        lips = plan_lips(heard, times, self._jaw, self._usual, _EARLY if self._live else 0.0)
        if not self._live:
            return lips
        aims = np.concatenate((lips.shapes, lips.contact[:, None], lips.shut[:, None]), 1)
        followed = self._lips.follow(aims)
        return Lips(followed[:, : len(LIPS)], followed[:, -2], followed[:, -1])

    def rest(self, heard: Prosody, until: int) -> tuple[Track, Track, Track]:
        """All but the lips at the control points before `until`: brows (T, 5) as `brows.SHAPES`, emotion
        (T, 52) and pose (T, 6). `heard` must be known to `STEP` before them."""
        times = np.arange(self._next_rest, until) / RATE
        self._next_rest = until
        seed = self._controls.seed
        beats = self._understood(heard)
        self._answer(beats, float(times[0]))
        self.idle.follow(beats, float(times[-1]) + 1.0 / RATE)
        mood = self._moods(times)
        self._jaw = float(mood[-1, -1])
        brows = self._controls.amplitude.brows * plan_brows(self._accents, seed, times)
        active = beats.active(times - STEP - HOP)
        emotion = presence(seed, times)[:, None] * mood[:, : len(BLENDSHAPES)]
        emotion[:, _STIRRED] += plan_stir(active, seed, times)
        return brows, emotion, self._pose(active, self._melody(heard, times), mood, times)

    def _understood(self, heard: Prosody) -> Beats:
        """What is to be known of the sound, found out once for each."""
        if heard is not self._heard:
            self._heard, self._usual = heard, Usual.of(heard)
            self._beats, self._laughs = find_beats(heard, self._usual), find_laughs(heard)
        return self._beats

    def _pose(self, active: Track, voice: Track, mood: Track, times: Track) -> Track:
        amount, seed = self._controls.amplitude.head, self._controls.seed
        attitude = self.idle.postures.track(times)
        rotation, translation = plan_head(active, attitude, self._accents, voice, seed, times)
        rotation, translation = amount * rotation, amount * translation
        rotation[:, :2] += head_follows(self.idle.gaze.gaze(), mood[:, -6:-4], seed, times, amount)
        attained = limited(rotation + mood[:, -4:-1]) + np.array(self._controls.pose)
        return np.concatenate((attained, translation), 1)

    def _melody(self, heard: Prosody, times: Track) -> Track:
        voice = melody(heard, self._usual, times)
        return self._voice.follow(voice[:, None])[:, 0] if self._live else voice

    def _moods(self, times: Track) -> Track:
        """(T, 52 + 6): the emotion's weights, main gaze, attitude of the head and width of the jaw."""
        attitude = self._attitude
        wanted = np.array([*attitude.weights, *self._controls.gaze, *attitude.head, attitude.jaw])
        mood = np.tile(wanted, (len(times), 1))
        if self._laughs:
            amount = laughing(self._laughs, times)[:, None]
            shapes = mood[:, : len(BLENDSHAPES)]
            shapes += amount * SMILE * (1.0 - shapes)
            mood[:, -4:-1] += self._controls.amplitude.head * amount * THROWN_BACK
        return self._mood.follow(mood) if self._live else mood

    def _answer(self, beats: Beats, now: float) -> None:
        """Accents on which head and brows move: of a recording all, of a stream those that became known."""
        if not self._live:
            self._accents = beats.accents
            return
        kept = tuple(each for each in self._accents if each.answered > now - _KEPT)
        last = self._accents[-1].at if self._accents else -APART
        for accent in beats.accents:
            if last + APART <= accent.at <= now - _SETTLED:
                kept, last = (*kept, replace(accent, late=now + _ANSWER - accent.at)), accent.at
        self._accents = kept or self._accents[-1:]


class _Delay:
    """Follows targets: two first-order lags in a row for each column, (C,) time constants in seconds."""

    def __init__(self, constants: NDArray[np.float64]) -> None:
        self._share = 1.0 - np.exp(-1.0 / (RATE * constants))
        self._state: NDArray[np.float64] | None = None  # (2, C)

    def follow(self, targets: Track) -> Track:
        """(T, C) for targets (T, C); at the first the target itself."""
        if self._state is None:
            self._state = np.stack((targets[0], targets[0]))
        out = np.empty_like(targets)
        first, second = self._state
        for i, target in enumerate(targets):
            first += self._share * (target - first)
            second += self._share * (first - second)
            out[i] = second
        return out
