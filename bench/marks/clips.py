"""What is marked: talking portraits that the engine renders, or the videos of a folder."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from bench.marks.video import FPS, Video
from bench.measures.speakers import recordings
from engine.animate import animate
from engine.state import Controls
from perception.face import FaceFinder
from perception.video import open_video
from service.demo.characters import draw

SIZE = 512
SAID = {  # name, what it looks like -> what it says
    "mira (painted, light)": ("welcome", "promise"),
    "osei (painted, dark)": ("promise", "goodbye", "welcome"),
    "pip (flat)": ("goodbye", "welcome", "promise"),
}
FILES = (".mp4", ".mov", ".mkv", ".webm", ".avi")


def clips(folder: Path | None, seconds: float) -> Iterator[tuple[str, Video]]:
    """Names and the first seconds of the videos of a folder, or of the three characters speaking."""
    if folder is not None:
        for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in FILES):
            yield path.name, _film(path, seconds)
        return
    finder = FaceFinder()
    for seed, (name, said) in enumerate(SAID.items()):
        spoken = recordings(*said).first(seconds + 0.2)
        animation = animate(
            draw(name.split()[0], SIZE), spoken.speech, Controls(size=SIZE, fps=int(FPS), seed=seed), finder
        )
        yield name, np.stack(list(islice(animation, round(seconds * FPS))))


def _film(path: Path, seconds: float) -> Video:
    """At 25 frames a second whatever its own rate is: each frame shown until the next one's time."""
    frames: list[np.ndarray] = []
    with open_video(path) as video:
        shown = None
        for at, frame in video.frames():
            while shown is not None and (len(frames) + 0.5) / FPS <= at and len(frames) < seconds * FPS:
                frames.append(shown)
            shown = frame
            if len(frames) >= seconds * FPS:
                break
        if shown is not None and len(frames) < seconds * FPS:
            frames.append(shown)
    return np.stack(frames)
