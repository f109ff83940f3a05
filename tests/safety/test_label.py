"""The visible label: large enough, readable over anything, beside the face, and no harm to the watermark."""

import numpy as np
import pytest

from safety.errors import Misconfigured
from safety.label import BANNER_SECONDS, FADE_SECONDS, INK, KINDS, WORDS, Label, Labeller
from safety.watermark import open_watermark

SIDE = 256


def frame(level=128, side=SIDE):
    return np.full((side, side, 3), level, np.uint8)


def luminance(grey):
    """Relative luminance of a grey level, WCAG 2.2."""
    part = grey / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def contrast(light, dark):
    return (luminance(light) + 0.05) / (luminance(dark) + 0.05)


def changed(label, side=SIDE, **given):
    """Where the first frame's pixels changed, and the labelled frame."""
    before = frame(side=side)
    after = Labeller(label, width=side, height=side, fps=25, **given).draw(before)
    return (before != after).any(2), after


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [0, 96, 160, 255])
def test_letters_are_read_over_anything(kind, level):
    """White on dark at 7 to 1 or more (WCAG 2.2, 1.4.6), whatever is behind."""
    drawn = Labeller(Label(kind), width=SIDE, height=SIDE, fps=25)
    x0, y0, x1, y1 = map(int, drawn.boxes[-1])
    part = drawn.draw(frame(level))[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3]
    assert contrast(part.max(), np.median(part)) >= 7


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("side", [256, 512, 1080])
def test_words_are_large_enough(language, side):
    """From top to tail at least 5 % of the short side (GB 45438-2025), in the picture, in every language."""
    _, after = changed(Label("corner", language), side)
    ink = np.flatnonzero((after > 220).any((1, 2)))
    across = np.flatnonzero((after > 220).any((0, 2)))
    assert ink[-1] - ink[0] + 1 >= INK * side - 1
    assert across[0] > 0
    assert across[-1] < side - 1


@pytest.mark.parametrize("language", WORDS)
def test_every_letter_is_in_the_font(language):
    """Pillow's font shows letters that it lacks as crossed boxes: no word has one."""
    assert all(text.isascii() and text.isprintable() for text in WORDS[language])


def test_icon_and_corner_stand_all_along():
    """The same pixels are covered in the first and in a late frame."""
    for kind in ("icon", "corner"):
        drawn = Labeller(Label(kind), width=SIDE, height=SIDE, fps=25)
        shown = [drawn.draw(frame()) for _ in range(200)]
        assert np.array_equal(shown[0], shown[-1])
        assert (shown[0] != frame()).any()


def test_banner_makes_room_for_the_sign():
    """Over the whole width for at least two seconds, then gone; the sign stays."""
    drawn = Labeller(Label("banner"), width=SIDE, height=SIDE, fps=25)
    shown = [drawn.draw(frame()) for _ in range(round(25 * (BANNER_SECONDS + FADE_SECONDS)) + 25)]
    strip = [(each[-2] != 128).any(1).mean() for each in shown]
    assert min(strip[: round(25 * BANNER_SECONDS)]) == 1.0
    assert BANNER_SECONDS >= 2
    sign = Labeller(Label("icon"), width=SIDE, height=SIDE, fps=25).draw(frame())
    assert np.array_equal(shown[-1], sign)


def test_the_face_is_left_free():
    """A face bottom right moves the label left, one over the whole bottom moves it up; the banner, too."""
    for faces, left, top in (
        ([(150, 120, 256, 256)], True, False),
        ([(0, 100, 256, 256)], False, True),
        ([], False, False),
    ):
        where, _ = changed(Label("icon"), faces=faces)
        rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
        assert (columns.mean() < SIDE / 2, rows.mean() < SIDE / 2) == (left, top)
        for x0, y0, x1, y1 in faces:
            assert not where[y0:y1, x0:x1].any()
    where, _ = changed(Label("banner"), faces=[(0, 100, 256, 256)])
    assert np.flatnonzero(where.any(1)).mean() < SIDE / 2


def test_all_taken_is_the_least_evil():
    """A face that fills the picture is covered as little as can be, and the label is still there."""
    where, _ = changed(Label("corner"), faces=[(0, 0, 256, 256)])
    assert where.any()


def test_the_frame_given_is_not_changed():
    """A copy is drawn into."""
    given = frame()
    Labeller(Label("icon"), width=SIDE, height=SIDE, fps=25).draw(given)
    assert np.array_equal(given, frame())


def test_the_watermark_is_read_through_it():
    """Labelled, then marked: the mark is read, and moves no pixel of the label by more than five levels."""
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 3, (SIDE, SIDE, 1))
    pixels = np.clip(frame(110) + noise, 0, 255).astype(np.uint8)
    watermark, payload = open_watermark([b"k" * 32]), bytes(range(12))
    embedder = watermark.embedder(payload, width=SIDE, height=SIDE, fps=25)
    drawn = Labeller(Label("banner"), width=SIDE, height=SIDE, fps=25)
    plain = [drawn.draw(pixels) for _ in range(50)]
    marked = [embedder.embed(each) for each in plain]
    x0, y0, x1, y1 = map(int, drawn.boxes[-1])
    apart = marked[20][y0:y1, x0:x1].astype(int) - plain[20][y0:y1, x0:x1]
    assert abs(apart).max() <= 5
    assert watermark.extract([(k / 25, each) for k, each in enumerate(marked)]).payload == payload


def test_unknown_kinds_and_languages_are_refused():
    """A typed error names what there is."""
    with pytest.raises(Misconfigured, match="corner, icon, banner"):
        Label("ribbon")
    with pytest.raises(Misconfigured, match="de, en"):
        Label("icon", "tlh")
