"""Squares with labels: `python -m training.detector.corpus SOURCES ENGINE FOLDER PAIRS SEED [--held-out]`.

Each pair is one scene, once filmed and once made, sent the same two ways. Writes FOLDER/<seed>_<n>.npz:
`squares` (N, C, S, S) int8 (32 a unit), `labels` (N,), `kinds` (N,) index into `KINDS`, `ways` (N,) CRF,
`people` (N,) names. Split by person, never by frame.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from safety.detector.network.patches import FRAMES, PLACES, cut, stacked
from training.detector.augment import Journey, some_journey, travel
from training.detector.camera import film, some_camera
from training.detector.fakes import EVERYWHERE, GENERATORS, Made
from training.detector.scene import composed
from training.detector.sources import Source, read

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

KINDS = ("filmed", *GENERATORS, "engine")
COUNT = 11  # frames of a clip
STEP = 32.0  # of the int8 that squares are kept as
_SHARD = 50  # pairs
_ENGINE = 0.16  # share of pairs whose fake is the engine's
_STARTS, _PLACES = 2, 4  # of each clip, and of each start, that are kept


@dataclass
class Shard:
    """What is written to one file."""

    squares: list[NDArray[np.int8]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    ways: list[int] = field(default_factory=list)
    people: list[str] = field(default_factory=list)

    def add(self, stack: Floats, label: int, kind: str, way: Journey, person: str) -> None:
        self.squares.append(np.clip(np.round(stack * STEP), -127, 127).astype(np.int8))
        self.labels.append(label)
        self.kinds.append(KINDS.index(kind))
        self.ways.append(way.crf)
        self.people.append(person)

    def write(self, path: Path) -> None:
        np.savez(
            path, squares=np.stack(self.squares), labels=np.array(self.labels, np.int8),
            kinds=np.array(self.kinds, np.int8), ways=np.array(self.ways, np.int8),
            people=np.array(self.people),
        )  # fmt: skip


class Engine:
    """The engine's pieces, read when asked for."""

    def __init__(self, folder: Path, held_out: bool) -> None:
        self._paths = []
        for path in sorted(folder.glob("*.npz")):
            with np.load(path) as file:
                if bool(file["held_out"]) == held_out:
                    self._paths.append(path)

    def some(self, rng: np.random.Generator) -> tuple[list[Floats], tuple[float, float], float, str]:
        path = self._paths[int(rng.integers(len(self._paths)))]
        with np.load(path) as file:
            eyes = float(file["eyes"][0]), float(file["eyes"][1])
            frames = [frame.astype(np.float32) / 255 for frame in file["frames"][:COUNT]]
            return frames, eyes, float(file["eye_distance"]), path.stem.rsplit("~", 1)[0]


def squares(seen: list[Pixels], eyes: tuple[float, float], eye_distance: float, scale: float) -> Floats:
    """Squares of five frames of a clip that was resized by `scale` on its way; the face as before it."""
    at = (eyes[0] * scale, eyes[1] * scale), eye_distance * scale
    return stacked([cut(frame, *at) for frame in seen])


def pair(sources: list[Source], engine: Engine, rng: np.random.Generator, shard: Shard) -> None:
    """One scene, filmed and made."""
    size = int(rng.choice([256, 320, 384]))
    scene = composed(sources, rng, COUNT, float(rng.choice([15, 25, 25, 30])), size)
    real: Made = film(scene, some_camera(rng), size, rng), dict.fromkeys(PLACES, 0)
    ways = some_journey(rng), some_journey(rng)
    kind = str(rng.choice(list(GENERATORS))) if rng.random() > _ENGINE else "engine"
    name = scene.source.name
    at = [scene.face(index, size) for index in range(COUNT)]
    if kind == "engine":
        frames, eyes, eye_distance, person = engine.some(rng)
        fake: Made = frames, EVERYWHERE
        fake_at = [(eyes, eye_distance)] * COUNT
    else:
        fake, fake_at, person = GENERATORS[kind](scene, size, rng), at, name
    for way in ways:
        for (frames, labels), where, what, who in (
            (real, at, "filmed", name),
            (fake, fake_at, kind, person),
        ):
            seen = travel(frames, way)
            scale = seen[0].shape[0] / frames[0].shape[0]
            for start in rng.permutation(np.arange(1, COUNT - FRAMES + 1))[:_STARTS].tolist():
                eyes_at, far = where[start]
                stack = squares(seen[start : start + FRAMES], eyes_at, far, scale)
                keep(shard, stack, labels, what, way, who, rng)


def keep(
    shard: Shard, stack: Floats, made: dict[str, int], kind: str, way: Journey, person: str,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Add some of the squares of one look, with the labels of their places."""
    able = [k for k, place in enumerate(PLACES) if made[place] >= 0]
    for k in rng.permutation(able)[:_PLACES]:
        shard.add(stack[k], made[list(PLACES)[k]], kind, way, person)


def main() -> None:
    sources, engine, folder = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    pairs, seed, held_out = int(sys.argv[4]), int(sys.argv[5]), "--held-out" in sys.argv
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    pictures, clips = read(sources, held_out), Engine(engine, held_out)
    for number in range(0, pairs, _SHARD):
        shard = Shard()
        for k in range(number, min(number + _SHARD, pairs)):
            pair(pictures, clips, np.random.default_rng((seed, k)), shard)
        shard.write(folder / f"{seed}_{number:05d}.npz")
        print(f"{number + _SHARD} of {pairs}", flush=True)


if __name__ == "__main__":
    main()
