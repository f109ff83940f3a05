"""In-memory parts for the flows: they complain when misused and fail on request."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from perception.face import FaceFinder
from perception.video import write_video
from safety.watermark import open_watermark
from service.workers.job import Draft, Job, Labelling, mark_sound

Frames = list[NDArray[np.uint8]]


@dataclass
class FilmWorkers:
    """Plays a film that was rendered before, instead of rendering: marks and encodes it as the real job does.

    Attributes:
        film: frames in the size that jobs ask for.
        speech: what is heard in them, in jobs with sound.
        payload: marked instead of the job's, where set; b"" leaves frames and sound unmarked.
        mute_mark: leave the sound alone unmarked.
        unlabelled: leave frames without the label that a job asks for.
        on_start, on_frame, on_end: called during the job; what they raise, the job raises.
        jobs: what was asked for.
    """

    film: Frames
    speech: Speech
    payload: bytes | None = None
    mute_mark: bool = False
    unlabelled: bool = False
    on_start: Callable[[Job], None] = lambda job: None
    on_frame: Callable[[int], None] = lambda index: None
    on_end: Callable[[Job], None] = lambda job: None
    jobs: list[Job] = field(default_factory=list)

    def make(
        self, job: Job, progress: Callable[[int, int], None], stopped: Callable[[], str | None]
    ) -> Draft:
        from engine.errors import RenderCancelled

        self.jobs.append(job)
        self.on_start(job)
        payload = job.payload if self.payload is None else self.payload
        height, width = self.film[0].shape[:2]
        embedder = (
            open_watermark(job.watermark_keys).embedder(
                payload, width=width, height=height, fps=job.controls.fps
            )
            if payload
            else None
        )

        label = Labelling(replace(job, label=None if self.unlabelled else job.label), FaceFinder())

        def frames() -> Iterator[NDArray[np.uint8]]:
            for index, frame in enumerate(self.film):
                if why := stopped():
                    raise RenderCancelled(why)
                self.on_frame(index)
                progress(index + 1, len(self.film))
                shown = label.draw(frame)
                yield embedder.embed(shown) if embedder else shown

        sounding = replace(job, payload=payload or job.payload, speech=job.speech and self.speech)
        speech, capacity = mark_sound(sounding, len(self.film) / job.controls.fps)
        if self.mute_mark or not payload:
            speech = sounding.speech
        write_video(job.target, frames(), fps=job.controls.fps, speech=speech, tags=job.tags)
        self.on_end(job)
        frames = len(self.film)
        spent = (0.1, 0.1, 0.1)
        return Draft(
            job.target, frames, job.controls.fps, frames, job.payload, capacity, *spent, labelled=label.frames
        )

    def warm(self) -> None:
        """Nothing to start."""

    def close(self) -> None:
        """Nothing runs."""
