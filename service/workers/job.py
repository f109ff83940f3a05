"""One clip: portrait, speech and track in, a marked and encoded file out, frame by frame.

Runs inside a worker process. No frame exists without its mark in it and no unmarked file is ever written:
frames go from the renderer through the watermark into the encoder one at a time, the sound is marked before
any of it is encoded.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.animate import Animation, animate
from engine.state import Controls, Mode
from engine.track import Track
from perception.audio import Speech
from perception.face import FaceFinder
from perception.video import write_video
from safety.errors import InspectionRefused
from safety.label import Label, Labeller
from safety.watermark import open_watermark
from safety.watermark.embed import Embedder
from safety.watermark.sound import open_sound_watermark
from service.fan import ahead


@dataclass(frozen=True)
class Job:
    """What a worker needs.

    Attributes:
        portrait: (H, W, 3) uint8 RGB.
        speech: what is said; None for a clip without sound.
        controls: what the caller steers.
        payload: 12 bytes, the record id.
        watermark_keys: 32 bytes each, newest first.
        target: MP4 file to write, in the staging folder.
        track, mode: what moves the face instead of the speech, or on top of it.
        label: drawn into every frame before its mark.
        tags: the file's metadata.
    """

    portrait: NDArray[np.uint8]
    speech: Speech | None
    controls: Controls
    payload: bytes
    watermark_keys: tuple[bytes, ...]
    target: Path
    track: Track | None = None
    mode: Mode = "instead"
    label: Label | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """A finished clip that no gate has inspected yet.

    Attributes:
        marked, payload: how many frames were marked with what.
        labelled: how many frames the visible label was drawn into.
        sound: capacity of the sound for its mark (`SoundWatermark.capacity`); None for a clip without sound.
        render_seconds, mark_seconds, encode_seconds: of work; rendering runs beside the other two.
    """

    path: Path
    frames: int
    fps: int
    marked: int
    payload: bytes
    sound: float | None
    render_seconds: float
    mark_seconds: float
    encode_seconds: float
    labelled: int = 0

    def confirm_marked(self, job: Job) -> None:
        """Raises InspectionRefused unless every frame, and any sound, was marked with the job's payload."""
        unmarked = self.marked != self.frames or (self.sound is None) != (job.speech is None)
        if self.payload != job.payload or unmarked:
            raise InspectionRefused(
                "not every frame and sound was marked with this clip's record: it is discarded",
                rules="mark.payload",
            )
        if job.label is not None and self.labelled != self.frames:
            raise InspectionRefused(
                "not every frame carries the visible label: it is discarded", rules="mark.label"
            )


class Labelling:
    """Draws a job's label, where it has one, away from the faces that its first frame shows."""

    def __init__(self, job: Job, finder: FaceFinder) -> None:
        self._job, self._finder = job, finder
        self._labeller: Labeller | None = None
        self.frames = 0

    def draw(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._job.label is None:
            return frame
        if self._labeller is None:
            height, width = frame.shape[:2]
            self._labeller = Labeller(
                self._job.label, width=width, height=height, fps=self._job.controls.fps,
                faces=[face.box for face in self._finder.find(frame)],
            )  # fmt: skip
        self.frames += 1
        return self._labeller.draw(frame)


class _Meter:
    """Seconds of work in each of the interleaved steps."""

    def __init__(self) -> None:
        self.render = self.mark = self.waited = 0.0
        self.frames = 0

    def rendered(self, animation: Animation) -> Iterator[NDArray[np.uint8]]:
        frames = iter(animation)
        for _ in range(animation.frames):
            start = time.perf_counter()
            frame = next(frames)
            self.render += time.perf_counter() - start
            yield frame

    def marked(
        self, frames: Iterator[NDArray[np.uint8]], label: Labelling, embedder: Embedder
    ) -> Iterator[NDArray[np.uint8]]:
        asked = time.perf_counter()
        for frame in frames:
            given = time.perf_counter()
            marked = embedder.embed(label.draw(frame))
            self.mark += time.perf_counter() - given
            self.waited += given - asked
            self.frames += 1
            yield marked
            asked = time.perf_counter()


def mark_sound(job: Job, seconds: float) -> tuple[Speech | None, float | None]:
    """The job's speech, cut to the clip's length, with its mark, and its capacity for one; None without."""
    if job.speech is None:
        return None, None
    watermark = open_sound_watermark(job.watermark_keys)
    rate = job.speech.rate
    heard = job.speech.samples[: round(seconds * rate)]
    return Speech(watermark.embed(heard, rate, job.payload), rate), watermark.capacity(heard, rate)


def run(job: Job, finder: FaceFinder, progress: Callable[[int, int], None]) -> Draft:
    """Make the clip. `progress` gets (frames done, frames in all) and may raise to stop.

    Raises:
        EngineError, PerceptionError: as `engine.animate.animate`.
    """
    meter, start = _Meter(), time.perf_counter()
    animation = animate(job.portrait, job.speech, job.controls, finder, track=job.track, mode=job.mode)
    prepared = time.perf_counter()
    meter.render = prepared - start
    size, fps = job.controls.size, job.controls.fps
    speech, capacity = mark_sound(job, animation.frames / fps)
    meter.mark = time.perf_counter() - prepared
    embedder = open_watermark(job.watermark_keys).embedder(job.payload, width=size, height=size, fps=fps)

    label = Labelling(job, finder)

    def finished() -> Iterator[NDArray[np.uint8]]:
        with ahead(meter.rendered(animation)) as frames:
            for done, frame in enumerate(meter.marked(frames, label, embedder), 1):
                progress(done, animation.frames)
                yield frame

    write_video(job.target, finished(), fps=fps, speech=speech, tags=job.tags)
    busy = time.perf_counter() - prepared - meter.waited
    return Draft(
        path=job.target,
        frames=animation.frames,
        fps=fps,
        marked=meter.frames,
        payload=job.payload,
        sound=capacity,
        render_seconds=meter.render,
        mark_seconds=meter.mark,
        encode_seconds=busy - meter.mark,
        labelled=label.frames,
    )
