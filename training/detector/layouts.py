"""Layouts of motion with labels: `python -m training.detector.layouts SOURCES ENGINE TO COUNT SEED`.

A layout is `safety.detector.network.layout`: six small pictures of head and shoulders through a second.
Filmed: a head on shoulders that follow it, before a background that a camera sees move or stand still. Made:
our engine's clips (as `engines` wrote them), and stills that are pulled about. Writes TO/<seed>.npz:
`layouts` (N, C, S, S) float16, `labels`, `kinds` as of `one`, and `people`. With --held-out of other people.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from perception.warp import Pyramid
from safety.detector.network.layout import COUNT, SPACING, channels, small, within
from training.detector.augment import some_journey, travel
from training.detector.engines import FRAMES as PIECE
from training.detector.engines import PIECES
from training.detector.scene import composed, moving, sample, tensor, wander
from training.detector.sources import SIZE as SOURCE_SIZE
from training.detector.sources import Source, read

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

RATE = 1 / SPACING
_EVERY = 5  # of the engine's frames at 25 a second
_RENDERED = 192


@dataclass(frozen=True)
class Clip:
    """Five frames a second of the engine.

    Attributes:
        frames: (T, S, S, 3) uint8.
        shift: (T, 2) of the head since the first, eye distances.
        eyes, eye_distance: in the first, pixels.
    """

    person: str
    frames: Pixels
    shift: Floats
    eyes: Floats
    eye_distance: float


def engine_clips(folder: Path, held_out: bool) -> list[Clip]:
    """The pieces that `engines` wrote, which follow one another, put together again."""
    people = sorted({path.stem.rsplit("_", 1)[0] for path in folder.glob("*.npz")})
    clips = []
    for person in people:
        frames, eyes, far, of = [], [], 0.0, held_out
        for piece in range(PIECES):
            path = folder / f"{person}_{piece}.npz"
            if not path.is_file():
                break
            with np.load(path) as file:
                scale = _RENDERED / file["frames"].shape[1]
                frames += [_resized(frame) for frame in file["frames"]]
                eyes.append(file["eyes"] * scale)
                far, of = float(file["eye_distance"]) * scale, bool(file["held_out"])
        if len(eyes) == PIECES and of == held_out:
            at = np.arange(0, len(frames), _EVERY)
            moved = (np.stack(eyes) - eyes[0]) / far
            shift = np.stack([np.interp(at, PIECE * np.arange(PIECES), moved[:, k]) for k in (0, 1)], 1)
            clips.append(Clip(person, np.stack(frames)[at], shift, eyes[0] + moved[0] * far, far))
    return clips


def _resized(frame: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(frame).resize((_RENDERED, _RENDERED), Image.Resampling.BOX))


def carried(
    frames: Pixels, shift: Floats, eyes: Floats, eye_distance: float, rng: np.random.Generator
) -> list[Floats]:
    """The engine's frames on shoulders that follow the head, breathe and sway, before a camera."""
    count, size = len(frames), frames.shape[1]
    x, y = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    u, v = (x - eyes[0]) / eye_distance, (y - eyes[1]) / eye_distance
    person = 1 / (1 + np.exp((np.hypot(u / 1.8, (v - 0.3) / 2.3) - 1) * 6))
    person = np.maximum(person, 1 / (1 + np.exp(-(v - 1.9) * 4)) / (1 + np.exp((np.abs(u) - 2.8) * 4)))
    follows = float(rng.uniform(0.15, 0.8))
    lines = [wander(rng, count, float(rng.uniform(0.3, 0.9)), RATE) for _ in range(4)]
    own = float(np.exp(rng.uniform(np.log(0.01), np.log(0.06)))) * np.stack(lines[:2], 1)
    moved = follows * (shift - shift[0]) + own
    hand = float(rng.choice([0.0, 0.0, 0.01, 0.03])) * np.stack(lines[2:], 1)
    out = []
    for k, frame in enumerate(frames):
        at_x = x - eye_distance * (hand[k, 0] + person * moved[k, 0])
        at_y = y - eye_distance * (hand[k, 1] + person * moved[k, 1])
        to = SOURCE_SIZE / size
        out.append(sample(tensor(frame), at_x * to, at_y * to).numpy())
    return out


def layout(frames: list[Floats], eyes: Floats, eye_distance: float, rng: np.random.Generator) -> Floats:
    """After grain and a way, as the product sees it."""
    grain = float(rng.choice([0.0, 0.004, 0.01, 0.02]))
    fresh = rng.random() < 0.8
    height, width = frames[0].shape[:2]
    held = grain * rng.standard_normal((height, width, 1), np.float32)
    noisy = [f + (grain * rng.standard_normal(held.shape, np.float32) if fresh else held) for f in frames]
    seen = travel(noisy, some_journey(rng))
    scale = seen[0].shape[0] / frames[0].shape[0]
    jitter = rng.normal(0, 0.03, 3) * eye_distance
    at = float(eyes[0] + jitter[0]) * scale, float(eyes[1] + jitter[1]) * scale
    far = float(eye_distance + jitter[2]) * scale
    height, width = seen[0].shape[:2]
    return channels([small(Pyramid(frame), at, far) for frame in seen], within(width, height, at, far))


def cropped(frames: list[Floats], eyes: Floats, rng: np.random.Generator) -> tuple[list[Floats], Floats]:
    """Now and then nearer to the head."""
    size = frames[0].shape[0]
    side = 32 * (int(size * rng.uniform(0.7, 1.0)) // 32)
    left = int(np.clip(eyes[0] - side / 2 + rng.normal(0, 0.04) * size, 0, size - side))
    top = int(np.clip(eyes[1] - side * 0.42 + rng.normal(0, 0.04) * size, 0, size - side))
    return [f[top : top + side, left : left + side] for f in frames], eyes - np.array([left, top])


def one(
    kind: int, sources: list[Source], engine: list[Clip], rng: np.random.Generator
) -> tuple[Floats, int, str]:
    """A layout, its label, whom it shows. Kinds: 0 engine's head filmed, 1 scene filmed, 2 still pulled,
    3 engine."""
    if kind in (0, 3):
        clip = engine[int(rng.integers(len(engine)))]
        start = int(rng.integers(0, len(clip.frames) - COUNT + 1))
        frames, shift = clip.frames[start : start + COUNT], clip.shift[start : start + COUNT]
        eyes, far = clip.eyes + clip.shift[start] * clip.eye_distance, clip.eye_distance
        pictures = (
            carried(frames, shift, eyes, far, rng)
            if kind == 0
            else [f.astype(np.float32) / 255 for f in frames]
        )
        pictures, eyes = cropped(pictures, eyes, rng)
        return layout(pictures, eyes, far, rng), int(kind == 3), clip.person
    size = 160
    scene = composed(sources, rng, COUNT, RATE, size)
    motion = moving(rng, COUNT, RATE)
    own = bool(rng.random() < 0.7) if kind == 2 else False
    if kind == 2:
        motion = replace(motion, body=0.0, camera=np.zeros_like(motion.camera))
    else:
        motion = replace(motion, body=float(rng.uniform(0.15, 0.8)))
    scene.take(motion, own=own)
    pictures = [scene.render(k, size).numpy() for k in range(COUNT)]
    eyes, far = np.array(scene.face(0, size)[0]), scene.face(0, size)[1]
    return layout(pictures, eyes, far, rng), int(kind == 2), scene.source.name


def main() -> None:
    sources, pieces, folder = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    count, seed, held_out = int(sys.argv[4]), int(sys.argv[5]), "--held-out" in sys.argv
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    pictures, engine = read(sources, held_out), engine_clips(pieces, held_out)
    layouts, labels, kinds, names = [], [], [], []
    for k in range(count):
        made, label, name = one(k % 4, pictures, engine, np.random.default_rng((seed, k)))
        layouts.append(made.astype(np.float16))
        labels.append(label)
        kinds.append(k % 4)
        names.append(name)
    np.savez(
        folder / f"{seed}.npz", layouts=np.stack(layouts), labels=np.array(labels, np.int8),
        kinds=np.array(kinds, np.int8), people=np.array(names),
    )  # fmt: skip


if __name__ == "__main__":
    main()
