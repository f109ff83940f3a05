"""Pictures that everything is made from: drawn people, photographed things, portraits that are free.

`python -m training.detector.sources FOLDER [PORTRAITS]` writes FOLDER/<name>.npz. Nobody who lives is among
them: scikit-image's astronaut is left out.
"""

import colorsys
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

from perception.face import FaceFinder
from safety.detector.view import CROP_BELOW, crop_region
from service.demo.characters import CHARACTERS, draw
from service.demo.drawing.body import Backdrop, Clothes
from service.demo.drawing.eyes import Look
from service.demo.drawing.hair import Hair
from service.demo.drawing.painting import Person, paint
from service.demo.drawing.shape import Colour, Face
from service.demo.drawing.skin import Skin

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]

SIZE = 768
INVENTED, HELD_OUT_INVENTED = 20, 4
THINGS = ("coffee", "motorcycle_left", "rocket", "brick", "grass", "gravel")
HELD_OUT_THINGS = ("chelsea", "ihc")
_OUTLINE = ((0, -1.66), (0.55, -1.54), (0.93, -1.10), (1.06, -0.50), (1.05, 0.05), (1.00, 0.50), (0.89, 0.92),
            (0.68, 1.34), (0.40, 1.68), (0.20, 1.79), (0, 1.82))  # fmt: skip


@dataclass(frozen=True, eq=False)
class Source:
    """One picture.

    Attributes:
        held_out: never trained on.
        pixels: (SIZE, SIZE, 3) uint8 RGB.
        matte: (SIZE, SIZE) float32, 1 where the person is.
        eyes: x, y of the middle of the eyes, pixels.
        eye_distance: pixels.
    """

    name: str
    held_out: bool
    pixels: Pixels
    matte: Floats
    eyes: tuple[float, float]
    eye_distance: float


def invented(seed: int) -> Person:
    """A person whom the project's drawing code makes up."""
    rng = np.random.default_rng(seed)

    def vary(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    wide, long_ = vary(0.93, 1.08), vary(0.95, 1.05)
    outline = tuple((x * wide, y * long_) for x, y in _OUTLINE)
    face = Face(
        outline=outline, neck=vary(0.55, 0.85), eye_width=vary(0.24, 0.29), eye_upper=vary(0.10, 0.14),
        eye_lower=vary(0.07, 0.09), eye_tilt=vary(0.01, 0.08), brow_y=vary(-0.42, -0.31),
        brow_thick=vary(0.04, 0.075), nose_length=vary(0.60, 0.72), nose_width=vary(0.22, 0.35),
        mouth_y=vary(1.08, 1.16), mouth_width=vary(0.36, 0.44), lip_upper=vary(0.08, 0.11),
        lip_lower=vary(0.11, 0.15), cheek=vary(0.08, 0.13), age=vary(0.0, 0.8),
    )  # fmt: skip
    tone = vary(0.35, 0.95)
    skin = Skin(
        base=_colour(vary(0.045, 0.08), 0.62 - 0.35 * tone, tone),
        warm=_colour(0.03, 0.65 - 0.3 * tone, tone * 0.95),
        deep=_colour(0.045, 0.6 - 0.2 * tone, tone * 0.75),
        lip_upper=_colour(0.0, 0.55, tone * 0.75), lip_lower=_colour(0.01, 0.5, tone * 0.87),
        blush=vary(0.3, 0.6), freckles=vary(0.0, 0.9), gloss=vary(0.05, 0.2), beard=vary(0.0, 0.6),
    )  # fmt: skip
    hue, dark = vary(0.03, 0.11), vary(0.06, 0.3)
    hair = Hair(
        deep=_colour(hue, 0.5, dark * 0.5), tone=_colour(hue, 0.5, dark * 1.8),
        shine=_colour(hue, 0.3, min(dark * 3, 0.95)), grey=vary(0.0, 0.5),
    )  # fmt: skip
    look = Look(
        iris=_colour(vary(0.05, 0.6), 0.4, vary(0.2, 0.5)), iris_inner=_colour(0.1, 0.5, 0.55),
        lash=(30, 22, 20), brow=_colour(hue, 0.4, dark),
    )  # fmt: skip
    clothes = Clothes(cloth=_any(rng), trim=_any(rng), neckline=vary(0.4, 0.6))
    backdrop = Backdrop(top=_any(rng), bottom=_any(rng), glow=_any(rng), discs=vary(0.0, 0.12), seed=seed)
    return Person(face, skin, look, hair, clothes, backdrop, str(rng.choice(["long", "crop"])))


def _colour(hue: float, saturation: float, value: float) -> Colour:
    r, g, b = colorsys.hsv_to_rgb(hue, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
    return int(r * 255), int(g * 255), int(b * 255)


def _any(rng: np.random.Generator) -> Colour:
    return _colour(float(rng.uniform()), float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.15, 0.8)))


def grained(pixels: Pixels, detail: Floats, strength: float) -> Pixels:
    """With the fine detail of a photographed surface: drawings are smoother than skin and cloth."""
    fine = detail - gaussian_filter(detail, 6.0)
    return np.asarray(
        np.clip(pixels + strength * fine[: pixels.shape[0], : pixels.shape[1], None], 0, 255), np.uint8
    )


def make(folder: Path, portraits: Path | None) -> None:
    """Write every source."""
    finder = FaceFinder()
    details = [_square(_thing(name)).mean(axis=2) for name in ("gravel", "grass", "brick")]
    for seed in range(INVENTED + HELD_OUT_INVENTED):
        light = tuple(np.random.default_rng(seed + 500).uniform(-0.7, 0.7, 2))
        pixels = paint(invented(seed), SIZE, "neutral", 0.0, (float(light[0]), float(light[1])))
        pixels = grained(pixels, details[seed % 3], 0.08 * (seed % 4))
        _write(folder, faced(f"invented{seed}", seed >= INVENTED, pixels, finder))
    for name in CHARACTERS:
        _write(folder, faced(name, True, draw(name, SIZE), finder))
    for path in sorted(portraits.iterdir()) if portraits else ():
        if path.suffix in (".jpg", ".png"):
            pixels = _square(np.asarray(Image.open(path).convert("RGB")))
            _write(folder, faced(path.stem, path.stem in HELD_OUT_PORTRAITS, pixels, finder))
    for name in (*THINGS, *HELD_OUT_THINGS):
        pixels = _square(_thing(name))
        centre, eye_distance = (SIZE * 0.5, SIZE * 0.42), SIZE * 0.17
        y, x = np.mgrid[:SIZE, :SIZE]
        far = np.hypot((x - centre[0]) / 1.4, (y - centre[1] - 0.4 * eye_distance) / 1.8) / eye_distance
        matte = np.clip((1.05 - far) / 0.1, 0, 1).astype(np.float32)
        _write(folder, Source(name, name in HELD_OUT_THINGS, pixels, matte, centre, eye_distance))


HELD_OUT_PORTRAITS = frozenset(("photo_echo_c", "painting_la_velata", "cartoon3d_boy"))


def _thing(name: str) -> Pixels:
    from skimage import data

    path = next(Path(data.__file__).parent.glob(f"{name}.*g"))
    return np.asarray(Image.open(path).convert("RGB"))


def _square(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    image = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def faced(name: str, held_out: bool, pixels: Pixels, finder: FaceFinder) -> Source | None:
    """A picture of a person as a source; None where no face is found in it."""
    faces = finder.find(pixels)
    if not faces:
        print(f"{name}: no face was found", flush=True)
        return None
    face = faces[0]
    matte = zoom(finder.matte(pixels[::2, ::2].copy()), 2, order=1)[:SIZE, :SIZE]
    x, y, _, _ = crop_region(face)
    size = face.eye_distance
    return Source(name, held_out, pixels, matte.astype(np.float32), (x, y - CROP_BELOW * size), size)


def _write(folder: Path, source: Source | None) -> None:
    if source is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / f"{source.name}.npz", pixels=source.pixels, matte=source.matte.astype(np.float16),
        eyes=np.array(source.eyes), eye_distance=source.eye_distance, held_out=source.held_out,
    )  # fmt: skip


def read(folder: Path, held_out: bool | None = None) -> list[Source]:
    """What `make` wrote: the training part, the held-out part, or with None all."""
    sources = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            source = Source(
                path.stem, bool(file["held_out"]), file["pixels"], file["matte"].astype(np.float32),
                (float(file["eyes"][0]), float(file["eyes"][1])), float(file["eye_distance"]),
            )  # fmt: skip
        if held_out is None or source.held_out == held_out:
            sources.append(source)
    return sources


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
