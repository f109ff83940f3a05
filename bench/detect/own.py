"""The self-made held-out set: people, voices and generators that neither network nor calibration has met.

Two recordings by simulated cameras (none of a flat drawing), a clip of our own engine and two of held-out
generators for each person.
The engine itself was trained on, with other people; "recordings" are simulated: docs/detector.md says what
that is worth.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from bench.detect.clips import LabelledClip
from bench.measures.speakers import recordings
from perception.face import FaceFinder
from service.demo.characters import CHARACTERS, draw
from service.demo.drawing.painting import paint
from training.detector.augment import Journey
from training.detector.camera import blurred, film, sharpened, some_camera
from training.detector.clips import Talk, of_engine, send
from training.detector.fakes import Floats, photograph
from training.detector.sources import INVENTED, SIZE, Source, faced, invented

SAID = (("en_rms", "es"), ("es", "cmn"), ("cmn", "en_rms"))
HELD_OUT_PEOPLE = 3
FLAT = frozenset({"pip"})
"""Flat drawings: one that speaks is no recording of a person, whatever camera films it."""
SECONDS = 5.0
_CRF = (20, 26, 32)


def cut_out(talk: Talk, size: int, rng: np.random.Generator) -> list[Floats]:
    """The head of a still glides over the still, cut out by a soft oval; a dark mouth opens."""
    still = photograph(talk, size, rng)
    held = torch.from_numpy(np.ascontiguousarray(still)).permute(2, 0, 1)[None]
    x, y = talk.grid(size)
    far, view, m = talk.source.eye_distance, talk.view, talk.motion
    left, top = (view.x - view.side / 2) * SIZE, (view.y - view.side / 2) * SIZE

    def seen(u: Floats, v: Floats) -> Floats:
        at = (
            (u * far + talk.source.eyes[0] - left) / view.side,
            (v * far + talk.source.eyes[1] - top) / view.side,
        )
        grid = np.stack(at, -1).astype(np.float32) / (SIZE / 2) - 1
        out = torch.nn.functional.grid_sample(
            held, torch.from_numpy(grid)[None], "bilinear", "reflection", align_corners=False
        )
        return out[0].permute(1, 2, 0).numpy()

    frames = []
    below = seen(x, y)
    for index in range(len(m)):
        c, s = float(np.cos(m.turn[index])), float(np.sin(m.turn[index]))
        u, v = x - float(m.shift[index, 0]), y - float(m.shift[index, 1])
        u, v = c * u + s * (v - 2.0), -s * u + c * (v - 2.0) + 2.0
        head = np.clip((1.05 - np.hypot(u / 1.5, (v - 0.3) / 2.0)) / 0.12, 0, 1)[..., None]
        hole = np.exp(-((u / 0.3) ** 4) - ((v - 1.12) / (0.02 + 0.4 * float(m.jaw[index]))) ** 4)
        hole = (hole * min(1.0, 12 * float(m.jaw[index])))[..., None]
        top_layer = seen(u, v) * (1 - hole) + hole * np.array([0.2, 0.08, 0.08])
        frames.append((top_layer * head + below * (1 - head)).astype(np.float32))
    return frames


def eigenframes(talk: Talk, size: int, rng: np.random.Generator) -> list[Floats]:
    """Every frame is a mixture of a few pictures (principal components in time) under one still's detail."""
    small = 96
    clean = [talk.render(k, small).numpy() for k in range(len(talk.motion))]
    stack = np.stack(clean).reshape(len(clean), -1)
    mean = stack.mean(axis=0)
    u, s, vt = np.linalg.svd(stack - mean, full_matrices=False)
    rank = int(rng.integers(6, 14))
    low = (u[:, :rank] * s[:rank]) @ vt[:rank] + mean
    sharp = talk.render(0, size).permute(2, 0, 1)
    detail = sharp - blurred(sharp, size / small)
    frames = []
    for row in low:
        coarse = torch.from_numpy(row.reshape(small, small, 3).astype(np.float32)).permute(2, 0, 1)
        large = torch.nn.functional.interpolate(coarse[None], size=(size, size), mode="bicubic")[0]
        frame = torch.clamp(large + 0.8 * detail, 0, 1)
        frames.append(frame.permute(1, 2, 0).numpy())
    return frames


def slow_fade(talk: Talk, size: int, rng: np.random.Generator) -> list[Floats]:
    """Every third frame is rendered, smooth and sharpened; those between are faded from one to the next."""
    step, smooth = 3, float(rng.uniform(0.5, 0.9))
    count = len(talk.motion)
    keys = {}
    for k in [*range(0, count, step), count - 1]:
        picture = sharpened(blurred(talk.render(k, size).permute(2, 0, 1), smooth), 0.6)
        keys[k] = torch.clamp(picture, 0, 1).permute(1, 2, 0).numpy()
    frames = []
    for k in range(count):
        before, after = k - k % step, min(k - k % step + step, count - 1)
        share = 0.0 if after == before else (k - before) / (after - before)
        frames.append(((1 - share) * keys[before] + share * keys[after]).astype(np.float32))
    return frames


GENERATORS: dict[str, Callable[[Talk, int, np.random.Generator], list[Floats]]] = {
    "cut_out": cut_out,
    "eigenframes": eigenframes,
    "slow_fade": slow_fade,
}


def people(finder: FaceFinder) -> Iterator[Source]:
    """The demo's characters, and invented people, none of whom was trained on; drawn when asked for."""
    drawn = [(name, partial(draw, name, SIZE)) for name in CHARACTERS]
    for seed in range(INVENTED, INVENTED + HELD_OUT_PEOPLE):
        light = (-0.4, -0.5)
        drawn.append((f"invented{seed}", partial(paint, invented(seed), SIZE, "neutral", 0.0, light)))
    for name, drawing in drawn:
        source = faced(name, True, drawing(), finder)
        if source is not None:
            yield source


def make(folder: Path, finder: FaceFinder, seconds: float, most: int | None = None) -> Iterator[LabelledClip]:
    """Write the clips of at most `most` people, one after another."""
    torch.set_num_threads(1)
    for number, source in enumerate(islice(people(finder), most)):
        rng = np.random.default_rng((4321, number))
        speech = recordings(*SAID[number % len(SAID)]).first(seconds).speech
        talk = Talk(source, speech, finder, 900 + number)
        names = list(GENERATORS)
        for k, generator in enumerate(
            ["camera", "camera", names[number % 3], names[(number + 1) % 3], "engine"]
        ):
            size = int(rng.choice([256, 320, 384]))
            if generator == "camera" and source.name in FLAT:
                continue
            if generator == "camera":
                frames = film(talk, some_camera(rng), size, rng)
            elif generator == "engine":
                frames = of_engine(source, speech, finder, size, 900 + number)
            else:
                frames = GENERATORS[generator](talk, size, rng)
            path = folder / f"{source.name}_{generator}_{k}.mp4"
            send(frames, Journey(16, 1.0, 1.0, 0.0, _CRF[(number + k) % 3], "veryfast"), speech, path)
            yield LabelledClip(path, generator != "camera", generator)
