"""The visible label: words or a sign in the picture that say a machine made it.

The law asks whoever shows such a clip to say so where people see it: Regulation (EU) 2024/1689, Article
50(4), whose Code of Practice (2026-06-10) has a sign, the two letters that stand for artificial intelligence
in the language of the audience, and for a film words at its beginning; California Business and Professions
Code 22757.3(a); and GB 45438-2025, 5.4: at least two seconds at the beginning, characters of at least 5 %
of the short side. The drawing is our own, not the official artwork of any of these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from safety.errors import Misconfigured

Kind = Literal["corner", "icon", "banner"]
Box = tuple[float, float, float, float]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""corner: words in a corner, all along; icon: the sign in a corner, all along; banner: words over the whole
width in the first seconds, then the sign."""

WORDS: Mapping[str, tuple[str, str]] = {
    "de": ("KI", "KI-generiert"),
    "en": ("AI", "AI-generated"),
    "es": ("IA", "Generado con IA"),
    "fr": ("IA", "Produit par IA"),
    "it": ("IA", "Generato con IA"),
    "nl": ("AI", "Gemaakt met AI"),
    "pl": ("AI", "Wygenerowane przez AI"),
    "pt": ("IA", "Gerado por IA"),
}
"""The sign's letters and the words, by language; in letters that Pillow's font has."""

BANNER_SECONDS, FADE_SECONDS = 4.0, 0.4
"""How long the banner stands, and how long it takes to make room for the sign."""
INK = 0.05
"""Height of the words from top to tail, of the short side, at least (GB 45438-2025)."""
SIGN = 0.10
"""Side of the sign, of the short side."""
BANNER_INK = 0.065
MARGIN = 0.035
ROOM = 0.12
"""Room left to a face on each side, of its size: it moves."""
PLATE, PLATE_OPACITY = 12, 0.84
"""White letters on it have a contrast of 12 to 1 over white and more over all else (WCAG 2.2, 1.4.3: 4.5)."""
FINE = 4  # drawn this many times as large: edges come out smooth


@dataclass(frozen=True)
class Label:
    """Which label, in which language. Raises Misconfigured."""

    kind: Kind
    language: str = "en"

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.language not in WORDS:
            raise Misconfigured(
                f"a visible label is {', '.join(KINDS)}, its language {', '.join(WORDS)}",
                limit="visible_label",
            )

    @property
    def words(self) -> str:
        """What it says in full."""
        return WORDS[self.language][1]


@dataclass(frozen=True, eq=False)
class _Patch:
    """Grey levels, multiplied by opacities, and those, (h, w) float32 each; and where its corner goes."""

    light: NDArray[np.float32]
    opacity: NDArray[np.float32]
    left: int = 0
    top: int = 0

    def over(self, frame: NDArray[np.uint8], share: float) -> None:
        """Draw it into `frame`, at `share` (0 to 1) of its opacity."""
        height, width = self.light.shape
        part = frame[self.top : self.top + height, self.left : self.left + width]
        part[:] = np.rint(part * (1 - share * self.opacity[:, :, None]) + share * self.light[:, :, None])

    def at(self, left: int, top: int) -> "_Patch":
        return _Patch(self.light, self.opacity, left, top)


class Labeller:
    """Draws the label into the frames of one clip, in order: before the watermark, so that it is marked too.

    Args:
        label: which one.
        width, height: of every frame.
        fps: frames per second.
        faces: boxes (x0, y0, x1, y1), pixels, of the faces in the first frame: of the places for a label the
            one is taken that covers least of them.
    """

    def __init__(
        self, label: Label, *, width: int, height: int, fps: float, faces: Sequence[Box] = ()
    ) -> None:
        sign, words = WORDS[label.language]
        short = min(width, height)
        margin = round(MARGIN * short)
        self._fps, self._count = fps, 0
        self._opening: _Patch | None = None
        if label.kind == "corner":
            self._standing = _corner(
                _words(words, INK * short, width - 2 * margin), width, height, faces, margin
            )
        else:
            self._standing = _corner(_sign(sign, round(SIGN * short)), width, height, faces, margin)
        if label.kind == "banner":
            self._opening = _strip(_banner(words, BANNER_INK * short, width), height, faces)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Where it is drawn, (x0, y0, x1, y1) in pixels: the standing part first."""
        return tuple(_box(each) for each in (self._standing, self._opening) if each is not None)

    def draw(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy of the next frame, (H, W, 3) uint8 RGB, with the label in it."""
        drawn, share = frame.copy(), self._opening_share(self._count / self._fps)
        self._count += 1
        if self._opening is not None and share > 0:
            self._opening.over(drawn, share)
        if share < 1:
            self._standing.over(drawn, 1 - share)
        return drawn

    def _opening_share(self, seconds: float) -> float:
        if self._opening is None:
            return 0.0
        return min(1.0, max(0.0, (BANNER_SECONDS + FADE_SECONDS - seconds) / FADE_SECONDS))


def _corner(patch: _Patch, width: int, height: int, faces: Sequence[Box], margin: int) -> _Patch:
    """The patch in the corner, bottom right first, where it covers least of the faces."""
    high, wide = patch.light.shape
    rights, bottoms = (width - wide - margin, margin), (height - high - margin, margin)
    places = [patch.at(max(left, 0), max(top, 0)) for top in bottoms for left in rights]
    return min(places, key=lambda place: _covered(_box(place), faces))


def _strip(patch: _Patch, height: int, faces: Sequence[Box]) -> _Patch:
    """The patch at the bottom, or at the top where it covers less of the faces."""
    places = [patch.at(0, height - patch.light.shape[0]), patch.at(0, 0)]
    return min(places, key=lambda place: _covered(_box(place), faces))


def _box(patch: _Patch) -> Box:
    height, width = patch.light.shape
    return (patch.left, patch.top, patch.left + width, patch.top + height)


def _covered(place: Box, faces: Sequence[Box]) -> float:
    """Square pixels of the faces, with their room, under `place`."""
    total = 0.0
    for x0, y0, x1, y1 in faces:
        aside, above = ROOM * (x1 - x0), ROOM * (y1 - y0)
        wide = min(place[2], x1 + aside) - max(place[0], x0 - aside)
        high = min(place[3], y1 + above) - max(place[1], y0 - above)
        total += max(0.0, wide) * max(0.0, high)
    return total


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font (Aileron, CC0)."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise Misconfigured("Pillow was built without FreeType: install its wheel")
    return font


def _written(text: str, ink: float, most: float) -> Image.Image:
    """White letters on black, FINE times as large, cut to their ink: `ink` pixels high, less if over `most`
    wide."""
    font = _font(64)
    left, top, right, bottom = font.getbbox(text)
    size = 64 * min(ink / (bottom - top), most / (right - left)) * FINE
    font, weight = _font(max(4, round(size))), max(1, round(size / 32))
    left, top, right, bottom = font.getbbox(text, stroke_width=weight)
    picture = Image.new("L", (round(right - left), round(bottom - top)))
    ImageDraw.Draw(picture).text((-left, -top), text, 255, font, stroke_width=weight, stroke_fill=255)
    return picture


def _plated(letters: Image.Image, width: int, height: int, radius: float, ring: float = 0.0) -> _Patch:
    """Letters in the middle of a dark plate of width x height pixels; `ring`: pixels of a white border."""
    size = (width * FINE, height * FINE)
    plate, white = Image.new("L", size), Image.new("L", size)
    box = (0, 0, size[0] - 1, size[1] - 1)
    ImageDraw.Draw(plate).rounded_rectangle(box, radius * FINE, 255)
    if ring:
        inset = ring * FINE
        inner = (inset, inset, box[2] - inset, box[3] - inset)
        line = max(1, round(ring * FINE))
        ImageDraw.Draw(white).rounded_rectangle(inner, (radius - ring) * FINE, None, 255, line)
    white.paste(letters, ((size[0] - letters.width) // 2, (size[1] - letters.height) // 2), letters)
    shape, ink = (
        np.asarray(each.resize((width, height), Image.Resampling.BOX), np.float32) / 255
        for each in (plate, white)
    )
    clear = (1 - ink) * (1 - PLATE_OPACITY * shape)
    light = (1 - ink) * PLATE_OPACITY * shape * PLATE + 255 * ink
    return _Patch(light.astype(np.float32), (1 - clear).astype(np.float32))


def _words(text: str, ink: float, most: float) -> _Patch:
    pad = ink * 0.55
    letters = _written(text, ink, most - 2 * pad)
    width, height = letters.width / FINE + 2 * pad, letters.height / FINE + 1.2 * pad
    return _plated(letters, round(width), round(height), ink * 0.35)


def _sign(letters: str, side: int) -> _Patch:
    """A square with round corners, a white border, and two letters."""
    ring = max(1.0, side / 18)
    written = _written(letters, side * 0.44, side * 0.62)
    return _plated(written, side, side, side * 0.24, ring)


def _banner(text: str, ink: float, width: int) -> _Patch:
    return _plated(_written(text, ink, width * 0.9), width, round(ink * 2.0), 0)
