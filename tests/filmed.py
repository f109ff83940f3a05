"""Films of a drawn character that does what a consent session asks, and of attacks on it.

The engine turns the head and moves the lips to a recorded code: a machine-made film, which a session in
service cannot tell from a camera's unless it carries our mark. These carry none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.animate import animate
from engine.state import Controls
from engine.track import CHANNELS, Track
from perception.audio import Speech, decode_speech
from perception.face import FaceFinder
from perception.video import write_video
from safety.session.challenge import Challenge, Turn
from service.demo.characters import draw
from tests.material.make_session import CODE

Pixels = NDArray[np.uint8]

FPS, SIZE = 24, 256
TURNS = (Turn.LEFT, Turn.NOD, Turn.RIGHT, Turn.UP)
ASKED = Challenge(CODE, TURNS)
RECORDED = Path(__file__).parent / "material" / "session_code.flac"
REACH = {Turn.LEFT: (22.0, 0.0), Turn.RIGHT: (-22.0, 0.0), Turn.UP: (0.0, 16.0), Turn.NOD: (0.0, -16.0)}
PHASES = (
    (0.35, 1.0),
    (0.35, 1.0),
    (0.35, 0.0),
    (0.3, 0.0),
)  # seconds, share of the turn: go, hold, back, rest


@dataclass(frozen=True)
class Film:
    """Pictures, `FPS` a second, and their sound; None for a camera without a microphone."""

    frames: list[Pixels]
    speech: Speech | None

    def timed(self) -> list[tuple[float, Pixels]]:
        return [(index / FPS, frame) for index, frame in enumerate(self.frames)]

    def written(self, path: Path) -> Path:
        write_video(path, iter(self.frames), fps=FPS, speech=self.speech)
        return path

    def showing(self, frames: list[Pixels]) -> "Film":
        return replace(self, frames=frames)


def right_film(finder: FaceFinder, who: str = "mira", turns: Sequence[Turn] = TURNS) -> Film:
    """The character says the code, then turns its head as asked."""
    spoken = decode_speech(RECORDED.read_bytes())
    track = _track(turns, spoken.seconds)
    missing = round(track.seconds * spoken.rate) - len(spoken.samples)
    speech = Speech(np.pad(spoken.samples, (0, max(0, missing))), spoken.rate)
    controls = Controls(size=SIZE, fps=FPS, seed=3)
    return Film(list(animate(draw(who, 512), speech, controls, finder, track=track, mode="on-top")), speech)


def printed(still: Pixels, frames: int, degrees: float = 32.0) -> list[Pixels]:
    """A print of `still` that a hand turns to all sides before a camera: as the challenge asks, but flat."""
    sides = [(0.0, 0.0), *(x for turn in TURNS for x in (_lean(turn, degrees), (0.0, 0.0)))]
    moments = np.linspace(0, len(sides) - 1, frames)
    yaw = np.interp(moments, range(len(sides)), [side[0] for side in sides])
    pitch = np.interp(moments, range(len(sides)), [side[1] for side in sides])
    return [leaning(still, a, b) for a, b in zip(yaw, pitch, strict=True)]


def leaning(still: Pixels, yaw: float, pitch: float, share: float = 0.85, focus: float = 1.6) -> Pixels:
    """A flat picture turned by degrees before a pinhole camera, filling `share` of its view."""
    from scipy.ndimage import map_coordinates

    height, width = still.shape[:2]
    y, p = np.radians([yaw, pitch])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    turned = about_y @ about_x
    plane = np.stack([turned[:, 0], turned[:, 1], np.array([0, 0, focus / share])], axis=1)
    seen_from = np.linalg.inv(np.diag([focus, focus, 1.0]) @ plane)
    rows, columns = np.mgrid[0:height, 0:width]
    rays = np.stack(
        [(columns + 0.5) / width - 0.5, (rows + 0.5) / height - 0.5, np.ones(rows.shape)], axis=-1
    )
    found = rays @ seen_from.T
    at = (found[..., :2] / found[..., 2:] + 0.5) * (width, height) - 0.5
    parts = [
        map_coordinates(still[..., k].astype(np.float32), [at[..., 1], at[..., 0]], order=1, cval=90)
        for k in range(3)
    ]
    return np.clip(np.stack(parts, axis=-1), 0, 255).astype(np.uint8)


def beside(frames: list[Pixels], other: Pixels, first: int, last: int) -> list[Pixels]:
    """The frames made twice as wide; `other` looks over the shoulder from `first` to `last`."""
    empty = np.full_like(other, 120)
    return [
        np.hstack([frame, other if first <= index < last else empty]) for index, frame in enumerate(frames)
    ]


def _lean(turn: Turn, degrees: float) -> tuple[float, float]:
    yaw, pitch = REACH[turn]
    return float(np.sign(yaw)) * degrees, float(np.sign(pitch)) * degrees


def _track(turns: Sequence[Turn], start: float) -> Track:
    times, rows, now = [0.0], [np.zeros(len(CHANNELS), np.float32)], start
    for turn in turns:
        for seconds, share in ((0.0, 0.0), *PHASES):
            now += seconds
            if now <= times[-1]:
                continue
            row = np.zeros(len(CHANNELS), np.float32)
            row[CHANNELS.index("headYaw")], row[CHANNELS.index("headPitch")] = np.array(REACH[turn]) * share
            times.append(now)
            rows.append(row)
    return Track(np.array([*times, now + 0.4]), np.stack([*rows, np.zeros(len(CHANNELS), np.float32)]))
