"""The fingerprint of a clip: faithful copies agree, and edits are found where they are."""

import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter1d, map_coordinates

from perception.audio import Speech
from perception.video import open_video, write_video
from safety.errors import StoreUnavailable
from safety.fingerprint import Comparison, Fingerprint, Span, compare, fingerprint
from service.demo.characters import draw
from service.demo.make_speech import FOLDER, read

Frames = list[NDArray[np.uint8]]
Timed = list[tuple[float, NDArray[np.uint8]]]
FPS, SECONDS, SIDE = 25, 8, 192
WITHIN = 0.5  # seconds: the accuracy that is promised


@cache
def talking(name: str, seed: int) -> Frames:
    """Eight seconds of a drawn portrait whose head drifts and whose mouth moves."""
    rng, count = np.random.default_rng(seed), SECONDS * FPS
    picture = draw(name, SIDE).astype(np.float32)
    unit, cx, cy = 0.172 * SIDE, 0.5 * SIDE, 0.425 * SIDE

    def drift(seconds: float, size: float) -> NDArray[np.float64]:
        walk = gaussian_filter1d(rng.standard_normal(count + 100), seconds * FPS)[50:-50]
        return np.asarray(walk / walk.std() * size)

    right, down, roll = drift(0.4, 0.10) * unit, drift(0.4, 0.06) * unit, drift(0.5, 0.03)
    mouth = np.abs(drift(0.07, 0.10)) * unit * (drift(0.5, 1.0) > -0.5)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    away = ((x - cx) / (1.5 * unit)) ** 2 + ((y - cy - 0.2 * unit) / (2.2 * unit)) ** 2
    head = np.exp(-1.5 * np.maximum(away - 0.5, 0))
    lips = np.exp(-(((x - cx) / (0.45 * unit)) ** 2) - ((y - cy - 1.25 * unit) / (0.35 * unit)) ** 2)
    frames = []
    for k in range(count):
        sx = x - head * (right[k] - roll[k] * (y - cy))
        sy = y - head * (down[k] + roll[k] * (x - cx)) - lips * mouth[k] * np.sign(y - cy - 1.15 * unit) * 0.5
        layers = [map_coordinates(picture[..., c], [sy, sx], order=1, mode="nearest") for c in range(3)]
        frames.append(np.stack(layers, -1).astype(np.uint8))
    return frames


@cache
def speech(name: str) -> Speech:
    samples = read(FOLDER / f"{name}.flac")
    return Speech(
        np.interp(np.arange(SECONDS * 48000) / 3, np.arange(len(samples)), samples).astype(np.float32)
    )


def timed(frames: Frames, fps: float = FPS) -> Timed:
    return [(k / fps, pixels) for k, pixels in enumerate(frames)]


def transcoded(
    frames: Frames, *, crf: int = 28, fps: int = FPS, scale: float = 1.0
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """The frames after H.264."""
    side = int(SIDE * scale) // 2 * 2
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": str(crf), "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        for pixels in frames:
            small = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(small, format="rgb24")))
        container.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer) as container:
        for frame in container.decode(video=0):
            yield float(frame.time), frame.to_ndarray(format="rgb24")


def at_rate(frames: Frames, fps: int) -> Frames:
    """The frames that a converter to another rate shows."""
    return [frames[min(int(k * FPS / fps), len(frames) - 1)] for k in range(SECONDS * fps)]


def spliced(samples: NDArray[np.float32], *pieces: tuple[Speech, float, float]) -> Speech:
    """Sound put together from (speech, start, end) pieces; `samples` come first."""
    cut = [one.samples[round(a * 48000) : round(b * 48000)] for one, a, b in pieces]
    return Speech(np.concatenate([samples, *cut]))


NOTHING = np.zeros(0, np.float32)


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
    assert comparison == Comparison(same_clip=True, similarity=1.0, altered=())


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
    comparison = compare(fingerprint(frames, sound), copy)
    assert comparison == Comparison(same_clip=True, similarity=1.0, altered=())


def test_a_clip_equals_itself_through_its_bytes(released: Fingerprint) -> None:
    """What is stored is all that comparing needs, in about half a kilobyte per second."""
    data = released.to_bytes()
    assert len(data) < 600 * SECONDS
    assert compare(released, Fingerprint.from_bytes(data)).altered == ()
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


@pytest.mark.parametrize("edit", EDITS)
def test_two_replaced_seconds_are_found(released: Fingerprint, edit: str) -> None:
    """The one altered span is where the pictures were replaced; the sound is as it was."""
    comparison = compare(released, probe(replaced(EDITS[edit]())))
    assert near(only(comparison, "picture"), 3.0, 5.0)
    assert len(comparison.altered) == 1
    assert 0.6 < comparison.similarity < 0.85


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
    assert comparison.similarity > 0.8


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
    assert compare(released, other) == Comparison(same_clip=False, similarity=0.0, altered=())


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
