"""Edits whose truth is known: what was replaced, cut, moved, slowed or silenced, when and where."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.marks.video import Video
from bench.prints.copies import RATE, Sound, at_speed

FPS = 25
Box = tuple[float, float, float, float]
FACE: Box = (0.31, 0.20, 0.69, 0.66)  # 17 % of the picture: eyes to chin of the drawn portraits


@dataclass(frozen=True)
class Clip:
    """Frames at 25 a second and sound."""

    video: Video
    sound: Sound


@dataclass(frozen=True)
class Edit:
    """One edit.

    Attributes:
        truth: seconds of the copy that differ; for "missing" of the released clip.
        box: of the replaced region.
        other: whose second clip the material is taken from: the same portrait's or another's.
    """

    kind: str
    make: Callable[[Clip, Clip], Clip]
    truth: tuple[float, float]
    box: Box | None = None
    other: Literal["same", "other"] = "same"


def _cut(clip: Clip, start: float, end: float) -> Clip:
    return Clip(
        clip.video[round(start * FPS) : round(end * FPS)], clip.sound[round(start * RATE) : round(end * RATE)]
    )


def _joined(*pieces: Clip) -> Clip:
    return Clip(np.concatenate([p.video for p in pieces]), np.concatenate([p.sound for p in pieces]))


def _pictures(start: float, end: float, what: Callable[[Clip, Clip], Video]) -> Callable[[Clip, Clip], Clip]:
    def make(clip: Clip, other: Clip) -> Clip:
        video = clip.video.copy()
        video[round(start * FPS) : round(end * FPS)] = what(clip, other)
        return Clip(video, clip.sound)

    return make


def replaced(start: float, end: float, other: Literal["same", "other"]) -> Edit:
    """Other pictures, the sound goes on."""
    make = _pictures(start, end, lambda clip, second: _cut(second, start, end).video)
    return Edit("picture", make, (start, end), other=other)


def cut(start: float, end: float) -> Edit:
    return Edit("missing", lambda clip, _: _joined(_cut(clip, 0, start), _cut(clip, end, 99)), (start, end))


def inserted(at: float, seconds: float, other: Literal["same", "other"]) -> Edit:
    def make(clip: Clip, second: Clip) -> Clip:
        return _joined(_cut(clip, 0, at), _cut(second, 1, 1 + seconds), _cut(clip, at, 99))

    return Edit("inserted", make, (at, at + seconds), other=other)


def moved(start: float, end: float, after: float) -> Edit:
    """Seconds that come later, after another second of the clip."""

    def make(clip: Clip, _: Clip) -> Clip:
        pieces = ((0, start), (end, after), (start, end), (after, 99))
        return _joined(*(_cut(clip, a, b) for a, b in pieces))

    return Edit("reordered", make, (start + after - end, after))


def region(start: float, end: float, box: Box, other: Literal["same", "other"]) -> Edit:
    """A part of the picture is another clip's, its edge soft over 3 % of the picture."""

    def make(clip: Clip, second: Clip) -> Clip:
        height, width = clip.video.shape[1:3]
        x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
        across = np.minimum(x - box[0], box[2] - x)[None]
        down = np.minimum(y - box[1], box[3] - y)[:, None]
        mask = np.clip(np.minimum(across, down) / 0.03, 0, 1)[..., None]
        video = clip.video.copy()
        for k in range(round(start * FPS), min(len(video), round(end * FPS))):
            video[k] = clip.video[k] * (1 - mask) + second.video[k] * mask
        return Clip(video, clip.sound)

    return Edit("region", make, (start, end), box, other)


def sound(start: float, end: float, silent: bool) -> Edit:
    def make(clip: Clip, second: Clip) -> Clip:
        samples = clip.sound.copy()
        part = slice(round(start * RATE), round(end * RATE))
        samples[part] = 0.0 if silent else second.sound[part]
        return Clip(clip.video, samples)

    return Edit("sound", make, (start, end))


def slowed(start: float, end: float, speed: float) -> Edit:
    count = int((end - start) * FPS / speed)

    def make(clip: Clip, _: Clip) -> Clip:
        at = (round(start * FPS) + np.arange(count) * speed).astype(int)
        slow = Clip(clip.video[at], at_speed(_cut(clip, start, end).sound, speed, keep_pitch=True))
        return _joined(_cut(clip, 0, start), slow, _cut(clip, end, 99))

    return Edit("speed", make, (start, start + count / FPS))


EDITS: dict[str, Edit] = {
    "2 s of another portrait": replaced(3, 5, "other"),
    "1 s of another portrait": replaced(4.2, 5.2, "other"),
    "2 s of the same portrait": replaced(3, 5, "same"),
    "3 s black": Edit(
        "picture", _pictures(2.5, 5.5, lambda clip, _: np.zeros_like(clip.video[:75])), (2.5, 5.5)
    ),
    "1 s cut out": cut(3, 4),
    "2.5 s cut out": cut(2, 4.5),
    "first 1.48 s cut off": cut(0, 1.48),
    "1 s inserted": inserted(4, 1, "same"),
    "2 s of another portrait inserted": inserted(4, 2, "other"),
    "2 s moved": moved(2, 4, 6),
    "face of another portrait, 3 s": region(2, 5, FACE, "other"),
    "face saying something else, 3 s": region(2, 5, FACE, "same"),
    "quarter of the picture, 3 s": region(3, 6, (0.0, 0.45, 0.55, 1.0), "other"),
    "2 s of other sound": sound(5, 7, silent=False),
    "2 s muted": sound(1.5, 3.5, silent=True),
    "2 s slowed to 0.8": slowed(3, 5, 0.8),
}
QUICK_EDITS = (
    "2 s of another portrait",
    "1 s cut out",
    "face of another portrait, 3 s",
    "2 s of other sound",
)
