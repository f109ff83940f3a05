"""Whole talking clips, filmed and made, with sound: `python -m training.detector.clips SOURCES FOLDER`.

Writes FOLDER/<person>_<generator>_<n>.mp4 and FOLDER/clips.csv (file, label, generator), which
`python -m bench detector --clips` reads. For the calibration; the network never learns from them.

A person who talks is the engine's rendering of a clean picture, on a body that breathes and sways. Filmed by
a simulated camera it stands for a recording; the engine's own clip is of a photograph and has met no camera.
"""

import argparse
import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from bench.measures.speakers import recordings
from engine.animate import animate
from engine.motion import plan_motion
from engine.state import Controls
from perception.audio import Speech
from perception.encoding import write_video
from perception.face import Face, FaceFinder
from safety.detector.view import CROP_BELOW, crop_region
from training.detector.augment import Journey, some_journey, through
from training.detector.camera import expose, film, sharpened, some_camera
from training.detector.fakes import GENERATORS, jpeg
from training.detector.scene import Grid, Motion, View, sample, tensor, wander
from training.detector.sources import HELD_OUT_THINGS, SIZE, THINGS, Source, read

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

FPS = 25
RENDERED = 512
SAID = (("welcome",), ("promise",), ("goodbye",), ("en_kal", "en_awb"), ("en_awb", "de"), ("de", "en_kal"))


class Talk:
    """One person who talks, as `training.detector.scene.Scene` offers it to cameras and generators."""

    def __init__(self, source: Source, speech: Speech, finder: FaceFinder, seed: int) -> None:
        rng = np.random.default_rng(seed)
        controls = Controls(size=RENDERED, fps=FPS, seed=seed)
        clip = animate(source.pixels, speech, controls, finder)
        self._frames = list(islice(clip, clip.frames))
        count = len(self._frames)
        face = finder.find(self._frames[0])[0]
        self.source = _found(source, self._frames[0], face)
        self.motion = _motion(speech, controls, count, rng)
        self._sway = 0.03 * np.stack([wander(rng, count, 0.7, FPS), wander(rng, count, 0.6, FPS)], 1)
        # Bodies breathe 12 to 18 times a minute.
        rhythm = rng.uniform(12, 18) / 60
        self._sway[:, 1] += 0.02 * np.sin(2 * np.pi * (rhythm * np.arange(count) / FPS + rng.uniform()))
        side = float(rng.uniform(0.75, 0.95))
        self.view = View(0.5, 0.5 + 0.4 * (1 - side) * float(rng.uniform(-1, 1)), side)

    def grid(self, size: int) -> Grid:
        """As of a scene."""
        side = self.view.side * SIZE
        line = (np.arange(size, dtype=np.float32) + 0.5) / size * side - side / 2
        x, y = np.meshgrid(line + self.view.x * SIZE, line + self.view.y * SIZE)
        far = self.source.eye_distance
        return (x - self.source.eyes[0]) / far, (y - self.source.eyes[1]) / far

    def face(self, index: int, size: int) -> tuple[tuple[float, float], float]:
        """As of a scene."""
        m, scale, far = self.motion, size / (self.view.side * SIZE), self.source.eye_distance
        left, top = (self.view.x - self.view.side / 2) * SIZE, (self.view.y - self.view.side / 2) * SIZE
        x = self.source.eyes[0] + far * (m.shift[index, 0] + m.camera[index, 0]) - left
        y = self.source.eyes[1] + far * (m.shift[index, 1] + m.camera[index, 1]) - top
        return (x * scale, y * scale), far * scale

    def render(self, index: int, size: int) -> Tensor:
        """As of a scene: (size, size, 3), 0..1."""
        x, y = self.grid(size)
        camera = self.motion.camera[index]
        person = 1 / (1 + np.exp((np.abs(x) - 2.2 - 0.5 * np.maximum(y - 1.8, 0)) * 3))
        u = x - camera[0] - person * self._sway[index, 0]
        v = y - camera[1] - person * self._sway[index, 1]
        far, to = self.source.eye_distance, RENDERED / SIZE
        held = tensor(self._frames[index])
        at = np.stack([(u * far + self.source.eyes[0]) * to, (v * far + self.source.eyes[1]) * to])
        return sample(held, at[0] / to, at[1] / to)


def _found(source: Source, frame: Pixels, face: Face) -> Source:
    """The engine's first frame as a source."""
    x, y, _, _ = crop_region(face)
    to = SIZE / RENDERED
    eyes = x * to, (y - CROP_BELOW * face.eye_distance) * to
    pixels = np.asarray(Image.fromarray(frame).resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    return Source(source.name, source.held_out, pixels, source.matte, eyes, face.eye_distance * to)


def _motion(speech: Speech, controls: Controls, count: int, rng: np.random.Generator) -> Motion:
    """What the generators have to know of the engine's motion, and the camera's."""
    plan = plan_motion(speech, controls)
    states = [plan.frame(index) for index in range(count)]

    def of(name: str) -> Floats:
        return np.array([state[name] for state in states])

    angle = np.radians([state.rotation for state in states])
    hand = float(rng.choice([0.0, 0.01, 0.02]))
    return Motion(
        np.array([state.translation[:2] for state in states]), angle[:, 2], angle[:, 0] * 0.5,
        np.zeros(count), of("jawOpen") * 0.35, of("eyeBlinkLeft"), of("browInnerUp") * 0.08,
        hand * np.stack([wander(rng, count, 0.25, FPS), wander(rng, count, 0.25, FPS)], 1),
    )  # fmt: skip


def made(talk: Talk, generator: str, size: int, rng: np.random.Generator) -> list[Floats]:
    """The frames of one clip; "camera" films it."""
    if generator == "camera":
        return film(talk, some_camera(rng), size, rng)
    return GENERATORS[generator](talk, size, rng)[0]


def of_engine(source: Source, speech: Speech, finder: FaceFinder, size: int, seed: int) -> list[Floats]:
    """The engine's clip of a photograph."""
    rng = np.random.default_rng(seed)
    camera = some_camera(rng)
    lit = torch.from_numpy(source.pixels.astype(np.float32) / 255)
    still = sharpened(expose(lit, camera, 1.0, rng), camera.sharpens)
    photo = (jpeg(torch.clamp(still, 0, 1).permute(1, 2, 0).numpy(), rng) * 255).astype(np.uint8)
    clip = animate(photo, speech, Controls(size=size, fps=FPS, seed=seed), finder)
    return [frame.astype(np.float32) / 255 for frame in islice(clip, clip.frames)]


def send(frames: list[Floats], way: Journey, speech: Speech, path: Path) -> None:
    """A file, after its way."""
    pixels = [np.clip((f * way.gain + way.offset) * 255 + 0.5, 0, 255).astype(np.uint8) for f in frames]
    pixels = through(pixels, way.first, "superfast")
    side = 2 * round(pixels[0].shape[0] * way.scale / 2)
    if side != pixels[0].shape[0]:
        pixels = [
            np.asarray(Image.fromarray(p).resize((side, side), Image.Resampling.BICUBIC)) for p in pixels
        ]
    write_video(path, pixels, fps=FPS, speech=speech, crf=way.crf, preset=way.preset)


def people(sources: Path, held_out: bool) -> list[Source]:
    """Sources that show a person."""
    return [s for s in read(sources, held_out) if s.name not in (*THINGS, *HELD_OUT_THINGS)]


def _clips(
    source: Source, number: int, seconds: float, finder: FaceFinder
) -> Iterator[tuple[str, list[Floats], Speech]]:
    """Two recordings, two fakes and the engine's clip of one person."""
    rng = np.random.default_rng((77, number))
    speech = recordings(*SAID[number % len(SAID)]).first(seconds).speech
    talk = Talk(source, speech, finder, number)
    kinds = list(GENERATORS)
    chosen = ["camera", "camera", kinds[number % len(kinds)], kinds[(number + 2) % len(kinds)]]
    for generator in chosen:
        yield generator, made(talk, generator, int(rng.choice([256, 288, 320])), rng), speech
    yield "engine", of_engine(source, speech, finder, int(rng.choice([256, 320, 384])), number), speech


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.detector.clips")
    parser.add_argument("sources", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0, help="number of the first person")
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.folder.mkdir(parents=True, exist_ok=True)
    finder = FaceFinder()
    with (options.folder / "clips.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "generator"])
        chosen = list(enumerate(people(options.sources, held_out=False)))[options.first :]
        for number, source in chosen[: options.people]:
            for k, (generator, frames, speech) in enumerate(_clips(source, number, options.seconds, finder)):
                name = f"{source.name}_{generator}_{k}.mp4"
                send(frames, some_journey(np.random.default_rng((number, k))), speech, options.folder / name)
                rows.writerow([name, "real" if generator == "camera" else "fake", generator])
                file.flush()
            print(source.name, flush=True)


if __name__ == "__main__":
    main()
