"""A still and a recording in, frames out."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.errors import RenderFailed, TrackUnusable
from engine.motion import plan_motion
from engine.prepare import Finder, prepare
from engine.render import Renderer
from engine.state import Controls, Mode
from engine.track import Moving, Track
from engine.tracked import track_alone, track_on_top
from perception.audio import Speech

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Animation:
    """Frames that are rendered as they are asked for, one at a time; iterating again renders them again.

    Attributes:
        motion: what moves, as a function of time.
    """

    motion: Moving
    _renderer: Renderer = field(repr=False)

    @property
    def frames(self) -> int:
        """How many there are."""
        return self.motion.frames

    def __iter__(self) -> Iterator[Pixels]:
        """(S, S, 3) uint8 RGB each.

        Raises:
            RenderFailed: the device gave up.
        """
        for index in range(self.frames):
            state = self.motion.frame(index)
            try:
                frame = self._renderer.render(state)
            except RuntimeError as error:
                raise RenderFailed(
                    f"frame {index} could not be rendered on this device", frame=index
                ) from error
            yield frame


def animate(
    pixels: Pixels,
    speech: Speech | None,
    controls: Controls,
    finder: Finder,
    device: str = "cpu",
    *,
    track: Track | None = None,
    mode: Mode = "instead",
) -> Animation:
    """Make the sitter of a still speak. Everything that can be refused is refused here, before there is a
    frame.

    Args:
        pixels: (H, W, 3) RGB.
        speech: None where a track alone moves the face, without sound.
        device: of torch: "cpu", "cuda".
        track, mode: a blendshape track, and whether it moves the face "instead" of the speech or "on-top" of
            what the speech makes it do.

    Raises:
        FaceError, PortraitUnusable, ControlOutOfRange, RenderFailed: see `prepare`.
        SpeechTooShort, SpeechTooLong, SpeechNotFinite, SpeechSilent: see `plan_motion`.
        TrackUnusable: see `move`.
    """
    renderer = prepare(pixels, controls, finder, device)
    return Animation(move(speech, controls, track, mode), renderer)


def move(
    speech: Speech | None, controls: Controls, track: Track | None = None, mode: Mode = "instead"
) -> Moving:
    """What the face does, from speech, a track, or both.

    Raises:
        SpeechTooShort, SpeechTooLong, SpeechNotFinite, SpeechSilent: see `plan_motion`; not of speech that is
            only heard while a track moves the face.
        TrackUnusable: too short for the speech; or neither speech nor a track that stands alone.
    """
    if track is not None and mode == "instead":
        return track_alone(track, controls, None if speech is None else speech.seconds)
    if speech is None:
        raise TrackUnusable("without speech a track must move the face instead of it: give one of the two")
    planned = plan_motion(speech, controls)
    return planned if track is None else track_on_top(track, planned, controls)
