"""Clips of our own engine, of photographs: `python -m training.detector.engines SOURCES TO [TAKES]`.

Writes TO/<source>~<take>_<k>.npz: 12 neighbouring frames, where the face is, how large.
"""

import sys
from itertools import islice, product
from pathlib import Path

import numpy as np
import torch

from bench.measures.speakers import recordings
from engine.animate import animate
from engine.errors import EngineError
from engine.state import Amplitude, Controls
from perception.errors import PerceptionError
from perception.face import FaceFinder
from safety.detector.view import CROP_BELOW, crop_region
from training.detector.camera import expose, sharpened, some_camera
from training.detector.fakes import jpeg
from training.detector.sources import HELD_OUT_THINGS, THINGS, Source, read

FRAMES, PIECES = 12, 5
SAID = ("welcome", "promise", "goodbye")


def make(source: Source, finder: FaceFinder, folder: Path, seed: int, take: int) -> None:
    """A few pieces of one clip; from the second take on smaller, with another motion."""
    rng = np.random.default_rng((seed, take))
    camera = some_camera(rng)
    lit = torch.from_numpy(source.pixels.astype(np.float32) / 255)
    still = sharpened(expose(lit, camera, 1.0, rng), camera.sharpens)
    pixels = (jpeg(torch.clamp(still, 0, 1).permute(1, 2, 0).numpy(), rng) * 255).astype(np.uint8)
    size = 256 if take else int(rng.choice([256, 384, 512]))
    controls = Controls(
        size=size, fps=25, seed=1000 * take + seed,
        pose=(float(rng.uniform(-6, 6)), float(rng.uniform(-4, 4)), float(rng.uniform(-3, 3))),
        amplitude=Amplitude(head=float(rng.uniform(0.6, 1.5))),
    )  # fmt: skip
    speech = recordings(SAID[(seed + take) % 3]).first(3.0).speech
    clip = animate(pixels, speech, controls, finder)
    frames = list(islice(clip, 75))
    for piece in range(PIECES):
        start = 2 + piece * (len(frames) - FRAMES - 2) // PIECES
        part = frames[start : start + FRAMES]
        face = finder.find(part[0])[0]
        x, y, _, _ = crop_region(face)
        eyes = x, y - CROP_BELOW * face.eye_distance
        np.savez_compressed(
            folder / f"{source.name}~{take}_{piece}.npz", frames=np.stack(part), eyes=np.array(eyes),
            eye_distance=face.eye_distance, held_out=source.held_out,
        )  # fmt: skip


def main() -> None:
    sources, folder = Path(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    finder = FaceFinder()
    people = [s for s in read(sources) if s.name not in (*THINGS, *HELD_OUT_THINGS)]
    takes = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for take, (seed, source) in product(range(takes), enumerate(people)):
        if (folder / f"{source.name}~{take}_{PIECES - 1}.npz").is_file():
            continue
        try:
            make(source, finder, folder, seed, take)
        except (EngineError, PerceptionError, IndexError) as error:
            print(f"{source.name}: {error}", flush=True)


if __name__ == "__main__":
    main()
