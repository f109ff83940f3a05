"""Pictures before the engine: the project's characters, or a folder's, made to speak under given controls."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.measures.speakers import Spoken
from bench.measures.watch import Watched, Watcher
from engine.animate import Animation, animate
from engine.state import Controls
from perception.face import Face, FaceFinder, sole_face
from perception.image import decode_image
from service.demo.characters import draw

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

DRAWN = {"mira": "painted, light", "osei": "painted, dark", "pip": "flat"}
PICTURE = 1024
FILES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tiff", ".gif", ".bmp")


class Remembering:
    """A face finder that looks at each picture once."""

    def __init__(self) -> None:
        self.finder = FaceFinder()
        self._faces: dict[int, list[Face]] = {}
        self._mattes: dict[int, Floats] = {}

    def find(self, pixels: Pixels) -> list[Face]:
        key = zlib.crc32(pixels.tobytes())
        if key not in self._faces:
            self._faces[key] = self.finder.find(pixels)
        return self._faces[key]

    def matte(self, pixels: Pixels) -> Floats:
        key = zlib.crc32(pixels.tobytes())
        if key not in self._mattes:
            self._mattes[key] = self.finder.matte(pixels)
        return self._mattes[key]


class Stage:
    """One portrait.

    Raises:
        FaceError: it does not show one face as the engine wants it, see `perception.face.sole_face`.
    """

    def __init__(self, name: str, pixels: Pixels) -> None:
        self.name, self.pixels = name, pixels
        self._finder = Remembering()
        self.watcher = Watcher(self._finder.finder)
        face = sole_face(self._finder.find(pixels), pixels.shape)
        self.still = self.watcher.still(pixels, face)

    def scaled(self, factor: float) -> "Stage":
        """The same picture in another size."""
        picture = Image.fromarray(self.pixels)
        size = (round(picture.width * factor), round(picture.height * factor))
        return Stage(self.name, np.asarray(picture.resize(size, Image.Resampling.LANCZOS)))

    def animation(self, spoken: Spoken, controls: Controls) -> Animation:
        return animate(self.pixels, spoken.speech, controls, self._finder)

    def watch(self, spoken: Spoken, controls: Controls, every: int = 1) -> Watched:
        """Every n-th frame of a clip, measured."""
        animation = self.animation(spoken, controls)
        return self.watcher(frame for i, frame in enumerate(animation) if i % every == 0)


def portraits(folder: Path | None) -> Iterator[tuple[str, Pixels]]:
    """Names and pictures: the characters, then those of a folder."""
    for name, kind in DRAWN.items():
        yield f"{name} ({kind})", draw(name, PICTURE)
    for path in sorted(folder.iterdir()) if folder is not None else ():
        if path.suffix.lower() in FILES:
            yield path.stem, decode_image(path.read_bytes()).pixels
