"""Is the face drawn: flat colours are told from shaded faces, through a codec; the dark is not judged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from perception.encoding import write_video
from perception.face import FaceFinder
from perception.video import open_video
from safety.detector.fusion import Quality, judge
from safety.detector.picture.drawn import Drawn
from safety.detector.report import Finding
from safety.detector.view import View
from service.demo import characters
from service.demo.drawing.flat import paint_flat

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


def shown(finder: FaceFinder, picture: Pixels, size: int, folder: Path) -> tuple[list[Finding], list[str]]:
    """What the cue says of a picture that sways through H.264 at CRF 33."""
    small = np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC))
    write_video(folder / "x.mp4", [np.roll(small, k % 3, 1) for k in range(40)], fps=25, speech=None, crf=33)
    cue = Drawn()
    with open_video(folder / "x.mp4") as video:
        frames = list(video.frames())
    face = finder.find(frames[0][1])[0]
    for index, (at, pixels) in enumerate(frames):
        cue.see(View(at, pixels, face, index))
    return cue.judge()


def other_cartoon() -> Pixels:
    """A flat drawing of other colours than those the bounds were measured on."""
    looks = replace(
        characters._PIP, skin=(236, 200, 190), shadow=(206, 160, 150), blush=(236, 170, 160),
        hair=(200, 120, 40), wall=(90, 90, 140), iris=(40, 90, 140),
    )  # fmt: skip
    return paint_flat(looks, 512, "smile", 6.0, (0.4, -0.5))


@pytest.mark.parametrize("size", [512, 256])
def test_flat_drawings_are_told(finder: FaceFinder, size: int, tmp_path: Path) -> None:
    """A flat drawing is far outside the range at either size, and that alone is enough for the verdict."""
    (found,), notes = shown(finder, other_cartoon(), size, tmp_path)
    assert found.sign >= 0.8
    assert any("drawn" in note for note in notes)
    said = judge((found,), Quality(10.0, 60.0))
    assert said.verdict == "machine_made"


@pytest.mark.parametrize("name", ["mira", "osei", "astronaut"])
def test_shaded_faces_are_not(finder: FaceFinder, name: str, tmp_path: Path) -> None:
    """A photograph and shaded drawings lie inside the range, and that says nothing for or against them."""
    picture = skimage.data.astronaut() if name == "astronaut" else characters.draw(name, 512)
    (found,), notes = shown(finder, picture, 512, tmp_path)
    assert (found.sign, notes) == (0.0, [])
    assert judge((found,), Quality(10.0, 60.0)).score == pytest.approx(judge((), Quality(10.0, 60.0)).score)


@pytest.mark.parametrize("light", [0.25, 3.0])
def test_too_dark_and_too_bright_are_not_judged(finder: FaceFinder, light: float, tmp_path: Path) -> None:
    """A face with few levels left is not called flat: no finding, and a note that says why."""
    bright = characters.draw("mira", 512).astype(np.float64)
    cue = Drawn()
    face = finder.find(characters.draw("mira", 512))[0]
    for index in range(40):
        cue.see(View(index / 25, np.clip(bright * light, 0, 255).astype(np.uint8), face, index))
    found, notes = cue.judge()
    assert found == []
    assert "too dark or too bright" in notes[0]
