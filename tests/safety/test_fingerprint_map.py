"""The fingerprint through crops, mirrors, turns, bars, captions and speed; the map of replaced regions."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from perception.audio import Speech
from perception.face import FaceFinder
from safety.fingerprint import Box, Comparison, Fingerprint, Geometry, compare, fingerprint
from safety.fingerprint.heard import same_sound
from service.demo.characters import draw
from tests.talking import FPS, SIDE, Frames, speech, talking, timed, transcoded

WITHIN = 0.5  # seconds: the accuracy that is promised
FACE: Box = (0.30, 0.20, 0.70, 0.66)


@pytest.fixture(scope="module")
def released() -> Fingerprint:
    return fingerprint(timed(talking("mira", 21)), speech("welcome"))


def clip() -> Frames:
    return talking("mira", 21)


def probe(frames: Frames, crf: int = 28) -> Fingerprint:
    return fingerprint(transcoded(frames, crf=crf), speech("welcome"))


def each(change: Callable[[Image.Image], Image.Image]) -> Frames:
    return [np.asarray(change(Image.fromarray(frame))) for frame in clip()]


def cropped(left: float, top: float) -> Frames:
    """Four fifths of the width and height, from there."""
    x, y, size = round(left * SIDE), round(top * SIDE), round(0.8 * SIDE)
    return [np.ascontiguousarray(frame[y : y + size, x : x + size]) for frame in clip()]


def barred() -> Frames:
    """In the middle of a black page of 16:9."""
    page = SIDE * 16 // 9 // 2 * 2
    side = (page - SIDE) // 2
    return [np.pad(frame, ((0, 0), (side, page - SIDE - side), (0, 0))) for frame in clip()]


def captioned() -> Frames:
    """White text at the bottom that changes, and a red logo."""
    out = []
    for k, frame in enumerate(clip()):
        image = Image.fromarray(frame)
        pen = ImageDraw.Draw(image)
        pen.text(
            (SIDE * 0.1, SIDE * 0.88), ("so it was", "and nobody knew")[k // 50 % 2], fill=(255, 255, 255)
        )
        pen.ellipse((SIDE * 0.84, SIDE * 0.03, SIDE * 0.97, SIDE * 0.16), fill=(220, 40, 40))
        out.append(np.asarray(image))
    return out


def unaltered(comparison: Comparison) -> Geometry:
    """How a copy shows the released picture; it must be the whole clip, and nothing altered."""
    assert comparison.same_clip
    assert comparison.similarity > 0.97
    assert comparison.altered == ()
    return comparison.geometry


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    wide, high = (max(0.0, min(one[k + 2], other[k + 2]) - max(one[k], other[k])) for k in (0, 1))
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return wide * high / (both - wide * high)


@pytest.mark.parametrize(("left", "top"), [(0.1, 0.1), (0.0, 0.0), (0.2, 0.2)])
def test_a_cropped_copy_is_the_clip_and_the_crop_is_told(
    released: Fingerprint, left: float, top: float
) -> None:
    """Four fifths each way, from the middle or a corner: no alteration, and the part that is left is told."""
    told = unaltered(compare(released, probe(cropped(left, top), crf=30)))
    assert told.crop == pytest.approx((left, top, left + 0.8, top + 0.8), abs=0.06)
    assert told.scale == pytest.approx(1.25, abs=0.1)
    assert not told.mirrored


def test_a_mirrored_copy_is_the_clip(released: Fingerprint) -> None:
    """The mirror is told; nothing counts as altered."""
    told = unaltered(compare(released, probe([np.ascontiguousarray(frame[:, ::-1]) for frame in clip()])))
    assert told.mirrored
    assert told.crop == pytest.approx((0, 0, 1, 1), abs=0.05)


@pytest.mark.parametrize("degrees", [4, -5])
def test_a_turned_copy_is_the_clip(released: Fingerprint, degrees: int) -> None:
    """Clockwise is positive; the black corners are no alteration."""
    told = unaltered(
        compare(released, probe(each(lambda image: image.rotate(-degrees, Image.Resampling.BILINEAR))))
    )
    assert told.rotation_degrees == pytest.approx(degrees, abs=2.0)


def test_bars_and_captions_are_no_alteration(released: Fingerprint) -> None:
    """Bars are told as where the picture is shown."""
    told = unaltered(compare(released, fingerprint(timed(barred()), speech("welcome"))))
    assert told.shown == pytest.approx((0.22, 0.0, 0.78, 1.0), abs=0.05)
    unaltered(compare(released, probe(captioned())))


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_another_speed_is_told_and_no_alteration(released: Fingerprint, speed: float) -> None:
    """Pictures and sound faster or slower, the sound's pitch with them."""
    samples = speech("welcome").samples
    sound = np.interp(np.arange(int(len(samples) / speed)) * speed, np.arange(len(samples)), samples)
    faster = fingerprint(timed(clip(), FPS * speed), Speech(sound.astype(np.float32)))
    comparison = compare(released, faster)
    unaltered(comparison)
    assert comparison.speed == pytest.approx(speed, abs=0.02)
    assert same_sound(released, faster)


def with_region(other: Frames, box: Box, start: int, end: int) -> Frames:
    """The box of the frames start..end comes from another clip."""
    left, top, right, bottom = (round(edge * SIDE) for edge in box)
    out = [frame.copy() for frame in clip()]
    for k in range(start, end):
        out[k][top:bottom, left:right] = other[k][top:bottom, left:right]
    return out


@pytest.mark.parametrize("name", ["osei", "pip"])
def test_a_replaced_face_is_a_region_in_its_place_and_time(released: Fingerprint, name: str) -> None:
    """Three seconds of another face, 18 % of the picture: one span, its box and its times."""
    comparison = compare(released, probe(with_region(talking(name, 71), FACE, 75, 150)))
    assert comparison.same_clip
    (span,) = comparison.altered
    assert span.kind == "region"
    assert span.box is not None
    assert overlap(span.box, FACE) >= 0.5
    assert (span.start, span.end) == pytest.approx((3.0, 6.0), abs=WITHIN)
    assert (span.released_start, span.released_end) == pytest.approx((3.0, 6.0), abs=WITHIN)
    assert 0.0 < span.confidence <= 1.0


def test_a_replaced_face_is_found_in_a_cropped_copy(released: Fingerprint) -> None:
    """The box is in fractions of the copy."""
    size, corner = round(0.8 * SIDE), round(0.1 * SIDE)
    frames = with_region(talking("osei", 71), FACE, 75, 150)
    cut = [np.ascontiguousarray(f[corner : corner + size, corner : corner + size]) for f in frames]
    comparison = compare(released, probe(cut))
    (span,) = comparison.altered
    assert span.kind == "region"
    assert span.box is not None
    left, top, right, bottom = ((edge - 0.1) / 0.8 for edge in FACE)
    assert overlap(span.box, (left, top, right, bottom)) >= 0.5


def test_moved_seconds_are_reordered(released: Fingerprint) -> None:
    """Two seconds that come two seconds later, or those they changed places with; nothing is missing."""
    frames, samples = clip(), speech("welcome").samples
    order = ((0, 2), (4, 6), (2, 4), (6, 8))
    sound = np.concatenate([samples[a * 48000 : b * 48000] for a, b in order])
    moved = [frame for a, b in order for frame in frames[a * FPS : b * FPS]]
    comparison = compare(released, fingerprint(transcoded(moved), Speech(sound)))
    assert comparison.same_clip
    assert {span.kind for span in comparison.altered} == {"reordered"}
    (span,) = comparison.altered
    assert span.released_start is not None
    assert abs(abs(span.released_start - span.start) - 2.0) < 0.2


def test_a_clip_inside_a_longer_film_is_found(released: Fingerprint) -> None:
    """Twenty seconds of others around it: recognised, and the rest is inserted."""
    film = [*talking("pip", 71), *talking("osei", 71), *clip(), *talking("pip", 71)[:100]]
    comparison = compare(released, fingerprint(timed(film), None))
    assert comparison.same_clip
    inserted = [span for span in comparison.altered if span.kind == "inserted"]
    assert [(span.start, span.end) for span in inserted] == [
        pytest.approx((0.0, 16.0), abs=WITHIN), pytest.approx((24.0, 28.0), abs=WITHIN)
    ]  # fmt: skip


def test_nobody_can_be_recognised_in_what_is_stored(released: Fingerprint) -> None:
    """No face is found in the layout, as large as it may be shown, where one is found in the portrait."""
    values = released.layout[0].astype(float).reshape(3, 8, 8) * np.array([4.0, 6.0, 6.0])[:, None, None]
    luma = values[0] + 128.0
    red, blue = values[1] + luma, values[2] + luma
    green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152
    picture = np.clip(np.stack([red, green, blue], -1), 0, 255).astype(np.uint8)
    finder = FaceFinder()
    for way in (Image.Resampling.BICUBIC, Image.Resampling.NEAREST):
        assert finder.find(np.asarray(Image.fromarray(picture).resize((512, 512), way))) == []
    assert len(finder.find(draw("mira", 512))) == 1
