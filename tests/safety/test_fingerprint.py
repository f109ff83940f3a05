"""The fingerprint of a clip: faithful copies agree, and edits are found where they are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perception.audio import Speech
from perception.video import open_video, write_video
from safety.errors import StoreUnavailable
from safety.fingerprint import Comparison, Fingerprint, Span, compare, fingerprint
from safety.fingerprint.compare import NOTHING as ANOTHER
from tests.talking import FPS, NOTHING, SECONDS, SIDE, Frames, speech, spliced, talking, timed, transcoded

WITHIN = 0.5  # seconds: the accuracy that is promised


def at_rate(frames: Frames, fps: int) -> Frames:
    """The frames that a converter to another rate shows."""
    return [frames[min(int(k * FPS / fps), len(frames) - 1)] for k in range(SECONDS * fps)]


@pytest.fixture(scope="module")
def released() -> Fingerprint:
    return fingerprint(timed(talking("mira", 21)), speech("welcome"))


def probe(frames: Frames, sound: Speech | None = None, **how: float) -> Fingerprint:
    return fingerprint(transcoded(frames, **how), sound or speech("welcome"))  # type: ignore[arg-type]


def only(comparison: Comparison, kind: str) -> Span:
    """The one span of a kind; the clip must have been recognised and nothing else of that kind listed."""
    assert comparison.same_clip
    (span,) = [span for span in comparison.altered if span.kind == kind]
    return span


def near(span: Span, start: float, end: float) -> bool:
    return abs(span.start - start) <= WITHIN and abs(span.end - end) <= WITHIN


def faithful(comparison: Comparison) -> bool:
    """The same clip, all of it, and nothing altered."""
    return comparison.same_clip and comparison.similarity > 0.97 and comparison.altered == ()


COPIES: dict[str, Callable[[], Fingerprint]] = {
    "CRF 28": lambda: probe(talking("mira", 21)),
    "CRF 33": lambda: probe(talking("mira", 21), crf=33),
    "half size": lambda: probe(talking("mira", 21), scale=0.5),
    "three quarters": lambda: probe(talking("mira", 21), scale=0.75),
    "15 frames per second": lambda: probe(at_rate(talking("mira", 21), 15), fps=15),
    "30 frames per second": lambda: probe(at_rate(talking("mira", 21), 30), fps=30),
    "brighter": lambda: probe([np.clip(f * 1.2 + 10, 0, 255).astype(np.uint8) for f in talking("mira", 21)]),
    "flatter": lambda: probe([(f * 0.7 + 30).astype(np.uint8) for f in talking("mira", 21)]),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_faithful_copy_is_the_same_clip_and_not_altered(released: Fingerprint, copy: str) -> None:
    """Coding, size, frame rate, brightness and contrast change nothing that counts."""
    comparison = compare(released, COPIES[copy]())
    assert faithful(comparison)
    assert (comparison.speed, comparison.covered) == (1.0, ())


def test_the_service_s_own_files_agree_through_a_second_coding(tmp_path: Path) -> None:
    """MP4 with AAC as released, read back, against its re-encoding at CRF 28: neither track is altered."""
    first, second = tmp_path / "released.mp4", tmp_path / "copy.mp4"
    write_video(first, iter(talking("mira", 21)), fps=FPS, speech=speech("welcome"))
    with open_video(first) as opened:
        sound = opened.speech()
        frames = list(opened.frames())
    write_video(second, (pixels for _, pixels in frames), fps=FPS, speech=sound, crf=28)
    with open_video(second) as opened:
        copy = fingerprint(opened.frames(), opened.speech())
    assert faithful(compare(fingerprint(frames, sound), copy))


def test_a_clip_equals_itself_through_its_bytes(released: Fingerprint) -> None:
    """What is stored is all that comparing needs, in less than 1.5 kilobytes per second."""
    data = released.to_bytes()
    assert len(data) < 1500 * SECONDS
    assert faithful(compare(released, Fingerprint.from_bytes(data)))
    assert Fingerprint.from_bytes(data).to_bytes() == data


def replaced(middle: Frames) -> Frames:
    """Seconds 3 to 5 of the clip replaced."""
    frames = talking("mira", 21)
    return [*frames[:75], *middle, *frames[125:]]


EDITS: dict[str, Callable[[], Frames]] = {
    "black": lambda: [np.zeros((SIDE, SIDE, 3), np.uint8)] * 50,
    "another portrait": lambda: talking("pip", 71)[75:125],
    "the same portrait saying something else": lambda: talking("mira", 71)[75:125],
    "a frozen frame": lambda: [talking("mira", 21)[75]] * 50,
    "other seconds of the same clip": lambda: talking("mira", 21)[137:187],
}


IN_PLACE = ("picture", "region")  # the wall behind the portrait stays as it was
KINDS = {
    "the same portrait saying something else": IN_PLACE,
    "a frozen frame": IN_PLACE,
    "other seconds of the same clip": ("reordered",),
}


@pytest.mark.parametrize("edit", EDITS)
def test_two_replaced_seconds_are_found(released: Fingerprint, edit: str) -> None:
    """The one altered span is where the pictures were replaced; the sound is as it was."""
    comparison = compare(released, probe(replaced(EDITS[edit]())))
    (span,) = comparison.altered
    assert span.kind in KINDS.get(edit, ("picture",))
    assert near(span, 3.0, 5.0)
    assert 0.55 < comparison.similarity < 0.9


def test_a_cut_out_second_is_missing(released: Fingerprint) -> None:
    """The span is in the released clip's time."""
    frames, sound = talking("mira", 21), speech("welcome")
    cut = probe([*frames[:75], *frames[100:]], spliced(NOTHING, (sound, 0, 3), (sound, 4, 8)))
    assert near(only(compare(released, cut), "missing"), 3.0, 4.0)


def test_an_added_second_is_inserted(released: Fingerprint) -> None:
    """The span is in the copy's time; what follows is recognised although it comes a second later."""
    frames, sound = talking("mira", 21), speech("welcome")
    longer = spliced(NOTHING, (sound, 0, 4), (speech("promise"), 0, 1), (sound, 4, 8))
    comparison = compare(released, probe([*frames[:100], *talking("pip", 71)[:25], *frames[100:]], longer))
    assert near(only(comparison, "inserted"), 4.0, 5.0)
    assert comparison.similarity > 0.7


@pytest.mark.parametrize("start", [0.52, 1.48, 3.0])
def test_a_trimmed_start_is_missing_and_the_rest_agrees(released: Fingerprint, start: float) -> None:
    """Times in the copy are shifted; nothing but the trimmed seconds is reported."""
    sound = spliced(NOTHING, (speech("welcome"), start, 8))
    comparison = compare(released, probe(talking("mira", 21)[round(start * FPS) :], sound))
    assert near(only(comparison, "missing"), 0.0, start)
    assert len(comparison.altered) == 1


def test_two_seconds_of_other_sound_are_found(released: Fingerprint) -> None:
    """The pictures are as they were."""
    one, other = speech("welcome"), speech("promise")
    comparison = compare(
        released, probe(talking("mira", 21), spliced(NOTHING, (one, 0, 5), (other, 5, 7), (one, 7, 8)))
    )
    assert near(only(comparison, "sound"), 5.0, 7.0)
    assert len(comparison.altered) == 1


def test_a_copy_without_sound_differs_in_sound(released: Fingerprint) -> None:
    """Muting is an alteration wherever something was said."""
    mute = fingerprint(transcoded(talking("mira", 21)), None)
    comparison = compare(released, mute)
    assert comparison.same_clip
    assert {span.kind for span in comparison.altered} == {"sound"}
    assert sum(span.end - span.start for span in comparison.altered) > 5.0


@pytest.mark.parametrize(("name", "seed"), [("pip", 71), ("mira", 71), ("mira", 72), ("osei", 21)])
def test_other_clips_are_not_the_same(released: Fingerprint, name: str, seed: int) -> None:
    """Neither another portrait nor the same portrait saying something else."""
    other = fingerprint(transcoded(talking(name, seed)), speech("promise"))
    assert compare(released, other) == ANOTHER


def test_black_is_no_clip(released: Fingerprint) -> None:
    """A picture without content agrees with nothing, least of all with itself."""
    black = fingerprint(timed([np.zeros((64, 64, 3), np.uint8)] * 100), None)
    assert not compare(released, black).same_clip
    assert not compare(black, black).same_clip


def test_nothing_compares_with_nothing() -> None:
    """A clip without frames has a fingerprint, which agrees with nothing."""
    empty = fingerprint([], None)
    assert empty.seconds == 0
    assert not compare(empty, Fingerprint.from_bytes(empty.to_bytes())).same_clip


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_raise_only_our_error(data: bytes) -> None:
    """Whatever the store hands back."""
    with pytest.raises(StoreUnavailable):
        Fingerprint.from_bytes(data)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damaged_bytes_raise_only_our_error_or_compare(data: st.DataObject) -> None:
    """A cut or a changed length is noticed; changed levels still compare without an error."""
    good = bytearray(fingerprint(timed(talking("pip", 71)[:20]), None).to_bytes())
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, 3))
    try:
        read_back = Fingerprint.from_bytes(bytes(good[: len(good) - cut]))
    except StoreUnavailable:
        return
    assert cut == 0
    compare(read_back, read_back)
