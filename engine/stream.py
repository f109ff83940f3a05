"""A still and sound as it comes in, frames out."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import ControlOutOfRange, RenderFailed, StreamClosed
from engine.hearing.listener import LOOKAHEAD as HEARD_AFTER
from engine.hearing.listener import Listener
from engine.motion.curves import RATE as CONTROL_RATE
from engine.motion.live import MEMORY, LivePlanner
from engine.prepare import Finder, prepare
from engine.prosody import HOP_SAMPLES, RATE
from engine.render import Renderer
from engine.render.pose import CAMERA
from engine.state import Controls, State
from perception.errors import MediaTooLarge
from perception.limits import LIMITS
from perception.resample import Resampler

Pixels = NDArray[np.uint8]
Samples = NDArray[np.float32]

LOOKAHEAD = HEARD_AFTER + 1 / CONTROL_RATE
"""Seconds of sound after a frame's own time that must have been fed before the frame is made: what hearing
needs, and the next control point; 117.5 ms. Resampling from another rate adds under 2 ms."""
LEAN = 0.15
"""Of the distance a stream began with, how far it may change while it runs: the head leans, the picture
keeps its framing."""
_PIECE = HOP_SAMPLES  # heard at once: what is known of the future then does not depend on the caller's pieces
_LEAN_SECONDS = 0.35  # of the time constant with which it does


class Stream:
    """Frames of a sitter who is heard as they speak. Feed sound and take frames in turn, from one thread.

    A frame is made once the sound `LOOKAHEAD` seconds past its time was fed, and shows the moment
    index / fps of the sound fed so far. Where no sound comes, no time passes; feed silence to let the sitter
    listen: eyes, lids, head and breath go on.

    Args:
        renderer: of the portrait that `controls` made.
        controls: at the beginning.
        rate: of the samples that are fed, 8000..96000 per second.

    Raises:
        MediaUnsupported: another rate.
    """

    def __init__(self, renderer: Renderer, controls: Controls, rate: int = RATE) -> None:
        self._renderer = renderer
        self._resampler = Resampler(rate, RATE)
        self._listener = Listener(keep=MEMORY + 2.0)
        self._planner = LivePlanner(controls)
        self._began, self._controls = controls, controls
        self._distance = self._speed = 0.0  # of the head, in inter-ocular distances, from where it began
        self._rate, self._fed = rate, 0
        self._made = 0
        self._last: int | None = None  # frames in all, once known
        self._waiting: deque[Samples] = deque()
        self._held = 0  # samples in it

    @property
    def controls(self) -> Controls:
        """What steers it now."""
        return self._controls

    def feed(self, samples: Samples) -> None:
        """Take (N,) more mono samples in -1..1, any N; they are heard as frames are taken.

        What is refused is not heard, and the stream goes on without it.

        Raises:
            MediaTooLarge: more than `LIMITS.audio_seconds` would wait for their frames to be taken.
            MediaUnsupported: not a one-dimensional array of floats.
            SpeechNotFinite: NaN or infinite samples.
            StreamClosed: after `finish`.
        """
        if self._last is not None:
            raise StreamClosed("the stream is finished: begin another to go on speaking")
        if self._held / RATE + np.size(samples) / self._rate > LIMITS.audio_seconds:
            raise MediaTooLarge(
                f"over {LIMITS.audio_seconds:.0f} s of sound would wait: take the frames as you feed",
                limit="audio_seconds", most=LIMITS.audio_seconds,
            )  # fmt: skip
        self._wait(self._resampler.resample(samples))
        self._fed += len(samples)

    def finish(self) -> None:
        """No more sound: the frames that were waiting for it can be made."""
        if self._last is None:
            self._last = round(self._fed / self._rate * self._controls.fps)
            self._wait(self._resampler.flush())
            # The last frame's control points lie past the end of the sound: silence stands in for it.
            self._wait(np.zeros(round(LOOKAHEAD * RATE) + RATE // self._controls.fps, np.float32))

    def steer(
        self,
        *,
        gaze: tuple[float, float] | None = None,
        distance: float | None = None,
        emotion: tuple[tuple[str, float], ...] | None = None,
    ) -> None:
        """Change what is given, from the next frame that is planned on, without a jump.

        Raises:
            ControlOutOfRange: as `Controls`; a distance more than `LEAN` from the one at the beginning.
        """
        now = self._controls
        wanted = replace(
            now,
            gaze=now.gaze if gaze is None else gaze,
            distance=now.distance if distance is None else distance,
            emotion=now.emotion if emotion is None else emotion,
        )
        low, high = (self._began.distance * (1 + side * LEAN) for side in (-1, 1))
        if not low - 1e-9 <= wanted.distance <= high + 1e-9:
            raise ControlOutOfRange(
                f"distance {wanted.distance:g} is outside {low:.3g} to {high:.3g}, what this stream's "
                "framing allows: begin another stream for it",
                control="distance", low=low, high=high,
            )  # fmt: skip
        self._controls = wanted
        self._planner.steer(wanted)

    def frames(self) -> Iterator[Pixels]:
        """(S, S, 3) uint8 RGB each: all that can be made of the sound fed so far and were not taken yet.

        Raises:
            RenderFailed: the device gave up.
        """
        yield from self._ready()
        while self._waiting:
            piece = self._waiting.popleft()
            self._held -= len(piece)
            self._listener.feed(piece)
            self._planner.extend(self._listener)
            yield from self._ready()

    def _wait(self, samples: Samples) -> None:
        self._waiting.extend(samples[i : i + _PIECE] for i in range(0, len(samples), _PIECE))
        self._held += len(samples)

    def _ready(self) -> Iterator[Pixels]:
        while self._made != self._last and self._made / self._controls.fps <= self._planner.ready:
            state = self._leaning(self._planner.state(self._made / self._controls.fps))
            self._made += 1
            try:
                frame = self._renderer.render(state)
            except RuntimeError as error:
                raise RenderFailed(
                    f"frame {self._made - 1} could not be rendered on this device", frame=self._made - 1
                ) from error
            yield frame

    def _leaning(self, state: State) -> State:
        """Nearer or farther: a critically damped way to the distance that is wanted."""
        wanted = (self._controls.distance - self._began.distance) * CAMERA
        step = 1 / (self._controls.fps * _LEAN_SECONDS)
        decay = float(np.exp(-step))
        gap = self._distance - wanted
        pull = self._speed + gap  # in units of the time constant
        self._distance = wanted + (gap + pull * step) * decay
        self._speed = (self._speed - pull * step) * decay
        x, y, z = state.translation
        return replace(state, translation=(x, y, z + self._distance))


def open_stream(
    pixels: Pixels, controls: Controls, finder: Finder, rate: int = RATE, device: str = "cpu"
) -> Stream:
    """Get the sitter of a still ready to speak.

    Args:
        pixels: (H, W, 3) RGB.
        rate: of the samples that will be fed.
        device: of torch: "cpu", "cuda".

    Raises:
        FaceError, PortraitUnusable, ControlOutOfRange, RenderFailed: see `prepare`.
        MediaUnsupported: see `Stream`.
    """
    return Stream(prepare(pixels, controls, finder, device), controls, rate)


def animate_stream(stream: Stream, chunks: Iterable[Samples]) -> Iterator[Pixels]:
    """Frames as the chunks come in; the last ones when they end. Errors as of `Stream`."""
    for chunk in chunks:
        stream.feed(chunk)
        yield from stream.frames()
    stream.finish()
    yield from stream.frames()
