"""A still and a recording in, frames out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import RenderFailed, TrackUnusable
from engine.motion import plan_motion
from engine.portrait import build_portrait
from engine.render import Renderer
from engine.state import Controls, Mode
from engine.track import Moving, Track
from engine.tracked import track_alone, track_on_top
from perception.audio import Speech
from perception.face import Face, sole_face

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

SURROUNDINGS = 3.2  # heights of the face: what a frame can show of the picture, with its margin
WORTH_CROPPING = 0.7  # of the picture: closer crops get a matte of their own, at a finer scale


class Finder(Protocol):
    """What `animate` needs of `perception.face.FaceFinder`."""

    def find(self, pixels: Pixels) -> list[Face]:
        """Every face, largest first."""

    def matte(self, pixels: Pixels) -> Floats:
        """(H, W) 0..1 where a person is."""


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
        FaceNotFound, SeveralFaces, FaceTooSmall, FaceTurnedAway: see `perception.face.sole_face`.
        PortraitUnusable: see `build_portrait`.
        ControlOutOfRange: the framing leaves no room for the face.
        SpeechTooShort, SpeechTooLong, SpeechNotFinite, SpeechSilent: see `plan_motion`.
        TrackUnusable: see `move`.
        RenderFailed: there is no such device.
    """
    face = sole_face(finder.find(pixels), pixels.shape)
    portrait = build_portrait(pixels, face, sitter_matte(pixels, face, finder), controls)
    motion = move(speech, controls, track, mode)
    try:
        renderer = Renderer(portrait, controls, device)
    except (RuntimeError, AssertionError) as error:  # torch raises either for a device that is not there
        raise RenderFailed(
            f"no renderer on {device!r}: use a device that torch finds on this machine"
        ) from error
    return Animation(motion, renderer)


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


def sitter_matte(pixels: Pixels, face: Face, finder: Finder) -> Floats:
    """(H, W) 0..1 where the sitter is; where the picture shows more than a frame can, from a closer look."""
    whole = finder.matte(pixels)
    height, width = whole.shape
    low, high = face.mesh[:, :2].min(axis=0), face.mesh[:, :2].max(axis=0)
    x, y = (low + high) / 2
    reach = SURROUNDINGS / 2 * float(high[1] - low[1])
    if 2 * reach > WORTH_CROPPING * min(height, width):
        return whole
    rows = slice(max(0, int(y - reach)), min(height, int(y + reach)))
    columns = slice(max(0, int(x - reach)), min(width, int(x + reach)))
    close = whole.copy()
    close[rows, columns] = finder.matte(np.ascontiguousarray(pixels[rows, columns]))
    return close
