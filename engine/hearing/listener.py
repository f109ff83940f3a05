"""Hears speech as it comes: sound in, phones and prosody out, a fixed time behind."""

import numpy as np
from numpy.typing import NDArray

from engine.hearing.classes import CLASSES, SILENCE
from engine.hearing.decoder import LAG, STATES, Decoder
from engine.hearing.features import relative, spectra
from engine.hearing.memory import Memory
from engine.hearing.network import AHEAD, Network
from engine.hearing.phones import Phonemes
from engine.prosody import (
    BLOCK,
    FLOOR_KNOWN,
    HOP,
    HOP_SAMPLES,
    PITCH_SPAN,
    RATE,
    SPEAKING_AHEAD,
    WINDOW,
    Activity,
    Levels,
    Prosody,
    audible,
    loudness_of,
    pitch_of,
)
from perception.errors import SpeechNotFinite

Array = NDArray[np.float32]

LOOKAHEAD = WINDOW / 2 / RATE + max(AHEAD + LAG, SPEAKING_AHEAD) * HOP
"""Seconds: what is heard of time t is final once the samples up to t + LOOKAHEAD were fed. 112.5 ms: half a
window, 80 ms that the network looks ahead, 20 ms in which the decoder may change its mind."""

_VOICE_BELOW, _BREATH_BELOW = (
    12.0,
    15.0,
)  # dB under loud speech down to which a voice, a breath counts as loud
_CLEAR = 10.0  # dB between noise floor and loud speech from which on loud sound is not taken for noise
_LONGEST_CLOSURE = 25  # frames: p between pauses of speech; a doubled one lasts up to 200 ms
_SILENT, _CONTACT = STATES.index(SILENCE), STATES.index("P")


class Listener:
    """Hears one stream, the same whatever the sizes of its pieces. Not for two threads at once."""

    def __init__(self, keep: float = 600.0) -> None:
        """`keep`: seconds of phones and prosody remembered at least; bounds the memory of a stream."""
        # Before the first sample there is silence, as far back as the windows of the first frame reach.
        self._samples = np.zeros(PITCH_SPAN[0], np.float32)
        self._begin = -PITCH_SPAN[0]  # of the first sample kept
        self._fed = 0  # samples
        self._seen = 0  # frames whose spectrum was taken
        self._limit: int | None = None  # frames in all, once known
        self._levels, self._activity, self._decoder = Levels(), Activity(), Decoder()
        self._network = Network()
        self._memory = Memory(round(keep / HOP))
        # Of the frames that are not final yet, each as far as it is known:
        self._loudness, self._below, self._pitch = (np.zeros(0, np.float32) for _ in range(3))
        self._speaking = np.zeros(0, bool)
        self._likely = np.zeros((0, len(CLASSES)), np.float32)
        self._states: list[int] = []
        self._closed = _LONGEST_CLOSURE  # frames that p b m has lasted without sound

    def feed(self, samples: Array) -> None:
        """Hear (N,) more samples, 16 kHz mono, any N; nothing after `finish`.

        Raises:
            SpeechNotFinite: NaN or infinite samples; nothing of them is heard.
        """
        if not np.isfinite(samples).all():
            raise SpeechNotFinite("the sound holds values that are not numbers: export it again")
        if self._limit is None:
            self._fed += len(samples)
            self._hear(samples)

    def finish(self) -> None:
        """No more sound: everything becomes final."""
        if self._limit is None:
            self._limit = max(1, self._fed // HOP_SAMPLES)
            self._hear(np.zeros(round((LOOKAHEAD + 2 * HOP) * RATE), np.float32))

    @property
    def final(self) -> float:
        """Seconds up to which phones and prosody are final."""
        return self._memory.end * HOP

    def expected(self) -> tuple[str, ...]:
        """What the next `LAG` frames after `final` sound like so far, if anybody speaks there: names of
        `STATES`. Where sound is still missing it is shorter."""
        return tuple(STATES[state] for state in [*self._states, *self._decoder.finish()][:LAG])

    @property
    def loudness_ahead(self) -> Array:
        """(n,) dB of the frames after `final`, as far as they came in: about `LOOKAHEAD`."""
        return self._loudness.copy()

    def prosody(self, since: float = 0.0) -> Prosody:
        """What `phonemes` has, without the phones."""
        return self._memory.prosody(int(since / HOP + 1e-6))

    def phonemes(self, since: float = 0.0) -> Phonemes:
        """What was heard from `since` (seconds) to `final`, as far as remembered, on the stream's clock.

        A phone that `since` falls into comes whole; the last one may still be open: it then ends at `final`.
        `prosody.first` says which frame the tracks begin with. After `finish`, `seconds` is the length of all
        that was fed.
        """
        seconds = self.final if self._limit is None else self._fed / RATE
        return self._memory.phonemes(int(since / HOP + 1e-6), seconds)

    def _hear(self, samples: Array) -> None:
        """In pieces, so that memory does not grow with what comes at once."""
        step = BLOCK * HOP_SAMPLES
        for a in range(0, len(samples), step):
            self._samples = np.concatenate((self._samples, samples[a : a + step]), dtype=np.float32)
            end = self._begin + len(self._samples)
            count = (end - WINDOW // 2) // HOP_SAMPLES + 1 - self._seen
            if count > 0:
                self._take(count)

    def _take(self, count: int) -> None:
        """The next `count` frames, and what they decide about earlier ones."""
        sound = self._samples[self._seen * HOP_SAMPLES - WINDOW // 2 - self._begin :]
        loudness = loudness_of(sound, count)
        loud, floor = self._levels.follow(loudness)
        stands_out = audible(loudness, loud, floor)
        self._loudness = np.concatenate((self._loudness, loudness))
        # Over a background that is loud, only the network can tell sound from noise.
        below = np.where(stands_out & (loud - floor >= _CLEAR), loud - loudness, np.inf)
        self._below = np.concatenate((self._below, below))
        self._speaking = np.concatenate((self._speaking, self._activity.follow(stands_out)))
        self._seen += count
        self._understand(self._network.feed(relative(spectra(sound, count), loud)))
        # Of all that is to come, the pitch of the next frame looks back furthest.
        keep = (self._memory.end + len(self._likely)) * HOP_SAMPLES - PITCH_SPAN[0]
        self._samples, self._begin = self._samples[keep - self._begin :].copy(), keep
        self._conclude()

    def _understand(self, likely: Array) -> None:
        """Pitch and certain states from the network's (n, classes) next log probabilities."""
        count, known = len(likely), len(self._likely)
        frame = self._memory.end + known
        pitch = pitch_of(self._samples[frame * HOP_SAMPLES - PITCH_SPAN[0] - self._begin :], count)
        voiced = pitch > 0
        # Until the background is known, sound without a voice may be just that.
        breath = np.where(frame + np.arange(count) < FLOOR_KNOWN, -np.inf, _BREATH_BELOW)
        loud = self._below[known : known + count] < np.where(voiced, _VOICE_BELOW, breath)
        self._pitch = np.concatenate((self._pitch, pitch))
        self._likely = np.concatenate((self._likely, likely))
        self._states += self._decoder.follow(likely, voiced, loud)

    def _conclude(self) -> None:
        """Remember the frames of which everything is known."""
        count = min(len(self._states), len(self._speaking))
        kept = count if self._limit is None else min(count, self._limit - self._memory.end)
        states = self._sounding(self._states[:kept], self._speaking[:kept].tolist())
        heard = self._likely[np.arange(kept), np.minimum(states, len(CLASSES) - 1)]
        pitch = np.where(states != _SILENT, self._pitch[:kept], 0).astype(np.float32)
        self._memory.add(self._loudness[:kept], pitch, states, np.exp(heard))
        self._loudness, self._below = self._loudness[count:], self._below[count:]
        self._pitch, self._likely = self._pitch[count:], self._likely[count:]
        self._speaking, self._states = self._speaking[count:], self._states[count:]

    def _sounding(self, states: list[int], speaking: list[bool]) -> NDArray[np.intp]:
        """Energy has the last word on silence, save that lips once closed stay so while p b m is heard."""
        kept = np.full(len(states), _SILENT)
        for i, state in enumerate(states):
            if speaking[i]:
                self._closed = 0 if state != _SILENT else _LONGEST_CLOSURE
                kept[i] = state
            elif state == _CONTACT and self._closed < _LONGEST_CLOSURE:
                self._closed += 1
                kept[i] = state
            else:
                self._closed = _LONGEST_CLOSURE
        return kept
