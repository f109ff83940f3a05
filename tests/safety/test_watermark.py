"""The watermark end to end: marked clips, what happens to clips, and what must not be read."""

import io
import math
from collections.abc import Iterator
from functools import cache

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from perception.errors import MediaEmpty, MediaTooLarge, MediaUnsupported
from safety.errors import Misconfigured
from safety.watermark import Reading, Watermark, open_watermark
from safety.watermark.extract import FALSE_POSITIVE, FLOOR, bound
from safety.watermark.pattern import derive
from service.demo.characters import draw

FPS = 25.0
KEY, OTHER = b"k" * 32, b"o" * 32
RECORD, SECOND = bytes(range(12)), bytes(range(100, 112))
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)

Clip = NDArray[np.uint8]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Small pictures are slower on several threads, and tests share the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def textured(count: int, seed: int = 0, size: int = 512) -> Clip:
    """Soft noise of several sizes that drifts one pixel a frame."""
    rng = np.random.default_rng(seed)
    layers = [
        gaussian_filter(rng.normal(size=(size, size)), s, mode="wrap") * s * k for s, k in ((1, 10), (6, 70))
    ]
    picture = np.clip(128 + sum(layers)[..., None] + rng.uniform(-20, 20, 3), 0, 255).astype(np.uint8)
    return np.stack([np.roll(picture, i, axis=1) for i in range(count)])


@cache
def drawn(name: str) -> NDArray[np.uint8]:
    return draw(name, 512)


def still(name: str, count: int) -> Clip:
    """A drawn character that sways before a backdrop that stands still."""
    picture = drawn(name)
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    head = np.exp(-(((x / 0.6) ** 2 + (y / 0.7) ** 2) ** 4))[..., None]
    frames = []
    for i in range(count):
        moved = np.roll(picture, round(6 * math.sin(i / 6)), axis=1)
        frames.append((picture + head * (moved.astype(float) - picture) + 0.5).astype(np.uint8))
    return np.stack(frames)


def clip_of(kind: str, count: int) -> Clip:
    return textured(count) if kind == "texture" else still(kind, count)


def marked(clip: Clip, watermark: Watermark, payload: bytes = RECORD) -> Clip:
    embedder = watermark.embedder(payload, width=clip.shape[2], height=clip.shape[1], fps=FPS)
    return np.stack([embedder.embed(frame) for frame in clip])


def read(clip: Clip, watermark: Watermark, fps: float = FPS, *, thorough: bool = True) -> Reading:
    return watermark.extract(((i / fps, frame) for i, frame in enumerate(clip)), thorough=thorough)


def encoded(clip: Clip, crf: int) -> Clip:
    """Through H.264 and back."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=round(FPS), options={"crf": str(crf), "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = clip.shape[2], clip.shape[1], "yuv420p"
        for frame in clip:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")))
        out.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer) as file:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])


def resized(clip: Clip, part: float) -> Clip:
    size = (round(clip.shape[2] * part), round(clip.shape[1] * part))
    return np.stack([np.asarray(Image.fromarray(f).resize(size, Image.Resampling.BICUBIC)) for f in clip])


@pytest.fixture(scope="module")
def watermark() -> Watermark:
    return open_watermark([KEY])


@pytest.fixture(scope="module")
def cartoon(watermark: Watermark) -> Clip:
    """Two marked seconds of the flat cartoon: the hardest picture to hide a mark in."""
    return marked(still("pip", 50), watermark)


# --- what comes back -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["texture", "pip", "mira"])
def test_a_marked_clip_is_read(watermark: Watermark, kind: str) -> None:
    """The exact payload, its key, and a computed bound far under the promised one."""
    reading = read(marked(clip_of(kind, 25), watermark), watermark, thorough=False)
    assert (reading.payload, reading.key_id, reading.bits) == (RECORD, watermark.key_id, 96)
    assert reading.false_positive < FALSE_POSITIVE
    assert reading.confidence > 0.5
    assert [(s.start, s.end, s.payload) for s in reading.segments] == [
        (0.0, pytest.approx(1.0), RECORD.hex())
    ]
    assert reading.geometry == {"scale_x": 1.0, "scale_y": 1.0, "rotation": 0.0, "mirrored": False}


@pytest.mark.parametrize("part", [1.0, 0.75, 0.5])
def test_two_seconds_survive_compression_and_resizing(
    watermark: Watermark, cartoon: Clip, part: float
) -> None:
    """H.264 at CRF 28 after resizing: the promise for every segment of two seconds."""
    crf = 28 if part > 0.5 else 23
    assert read(encoded(resized(cartoon, part), crf), watermark, thorough=False).payload == RECORD


def test_a_painted_portrait_survives_hard_compression(watermark: Watermark) -> None:
    """A swaying painted portrait at CRF 33."""
    assert (
        read(encoded(marked(still("osei", 50), watermark), 33), watermark, thorough=False).payload == RECORD
    )


def test_a_crop_is_found_and_described(watermark: Watermark, cartoon: Clip) -> None:
    """Three quarters of the frame, from a corner, are enough; the geometry says how much is left."""
    reading = read(cartoon[:25, 100:484, 20:404], watermark)
    assert reading.payload == RECORD
    assert reading.geometry["scale_x"] == pytest.approx(4 / 3, abs=0.02)


def test_a_mirrored_clip_is_read(watermark: Watermark, cartoon: Clip) -> None:
    """A mirror image is one of the usual geometries."""
    reading = read(cartoon[:, :, ::-1], watermark, thorough=False)
    assert reading.payload == RECORD
    assert reading.geometry["mirrored"] is True


def test_a_rotated_clip_is_read(watermark: Watermark, cartoon: Clip) -> None:
    """Two degrees, with black corners."""
    turned = np.stack(
        [np.asarray(Image.fromarray(f).rotate(2, Image.Resampling.BICUBIC)) for f in cartoon[:25]]
    )
    reading = read(turned, watermark)
    assert reading.payload == RECORD
    assert abs(float(reading.geometry["rotation"])) == pytest.approx(2, abs=0.5)


@pytest.mark.parametrize(
    ("gain", "pivot", "offset"),
    [(0.8, 0, 0), (0.7, 128, 0), (1.1, 0, 5)],
    ids=["darker", "flatter", "brighter"],
)
def test_brightness_and_contrast_do_not_matter(
    watermark: Watermark, cartoon: Clip, gain: float, pivot: float, offset: float
) -> None:
    """Values scaled and shifted within range."""
    values = (cartoon[:25].astype(np.float32) - pivot) * gain + pivot + offset
    changed = np.clip(values + 0.5, 0, 255).astype(np.uint8)
    assert read(changed, watermark, thorough=False).payload == RECORD


def test_other_frame_rates_are_read(watermark: Watermark, cartoon: Clip) -> None:
    """Half the frames, at half the rate: the mark is in every frame."""
    reading = read(cartoon[::2], watermark, fps=FPS / 2, thorough=False)
    assert (reading.payload, reading.frames) == (RECORD, 25)


def test_one_frame_is_enough(watermark: Watermark, cartoon: Clip) -> None:
    """A screenshot of the marked clip carries the record."""
    reading = read(cartoon[7:8], watermark, thorough=False)
    assert (reading.payload, reading.frames) == (RECORD, 1)


@pytest.mark.parametrize(("width", "height"), [(480, 270), (270, 480), (333, 251), (128, 128)])
def test_other_sizes_are_marked_and_read(watermark: Watermark, width: int, height: int) -> None:
    """Landscape, portrait, odd and small frames."""
    picture = np.asarray(Image.fromarray(drawn("pip")).resize((width, height)))
    clip = np.stack([picture] * 3)
    assert read(marked(clip, watermark), watermark, thorough=False).payload == RECORD


def test_frames_that_must_not_be_written_are_taken(
    watermark: Watermark, recwarn: pytest.WarningsRecorder
) -> None:
    """A read-only frame is marked, and is itself unchanged."""
    frame = drawn("pip").copy()
    frame.setflags(write=False)
    before = frame.copy()
    assert not np.array_equal(watermark.embedder(RECORD, width=512, height=512, fps=FPS).embed(frame), before)
    assert np.array_equal(frame, before)
    assert not recwarn.list


# --- splices -------------------------------------------------------------------------------------


def test_a_spliced_clip_shows_both_payloads(watermark: Watermark) -> None:
    """Three seconds of one release, then three of another: each is named where it is."""
    first = marked(still("pip", 75), watermark)
    second = marked(still("mira", 75), watermark, SECOND)
    reading = read(np.concatenate([first, second]), watermark, thorough=False)
    assert [(round(s.start), round(s.end), s.payload) for s in reading.segments] == [
        (0, 3, RECORD.hex()),
        (3, 6, SECOND.hex()),
    ]


def test_foreign_seconds_are_a_gap(watermark: Watermark) -> None:
    """Two seconds put into a release carry no payload; the rest still does."""
    clip = marked(still("pip", 150), watermark)
    clip[50:100] = still("mira", 50)
    reading = read(clip, watermark, thorough=False)
    assert reading.payload == RECORD
    assert [(round(s.start), round(s.end), s.payload) for s in reading.segments] == [
        (0, 2, RECORD.hex()),
        (2, 4, None),
        (4, 6, RECORD.hex()),
    ]


def test_memory_and_pieces_beyond_those_kept(watermark: Watermark, cartoon: Clip) -> None:
    """More pieces than are kept (one frame a second for five minutes) are read in order and without gaps."""
    small = np.ascontiguousarray(resized(cartoon[:1], 0.5)[0])
    reading = watermark.extract(((float(i), small) for i in range(300)), thorough=False)
    assert (reading.frames, reading.payload) == (300, RECORD)
    assert [s.payload for s in reading.segments] == [RECORD.hex()]
    assert reading.segments[0].end == pytest.approx(300, abs=1.1)


def test_an_hour_is_not_read_to_its_end(watermark: Watermark, cartoon: Clip) -> None:
    """Once a payload was read, a quarter of an hour is enough; the reading says how far it goes."""
    small = np.ascontiguousarray(resized(cartoon[:1], 0.5)[0])
    reading = watermark.extract(((20.0 * i, small) for i in range(180)), thorough=False)
    assert reading.payload == RECORD
    assert 900 <= reading.segments[-1].end < 1200
    assert reading.frames < 60


# --- keys ----------------------------------------------------------------------------------------


def test_another_key_reads_nothing(cartoon: Clip) -> None:
    """Without the key there is no reading, even with the whole search."""
    reading = read(cartoon, open_watermark([OTHER]))
    assert (reading.payload, reading.key_id, reading.bits, reading.confidence) == (None, None, 0, 0.0)
    assert [s.payload for s in reading.segments] == [None]


def test_an_old_key_still_reads(watermark: Watermark, cartoon: Clip) -> None:
    """After a rotation the new key embeds, the old one is tried too and named."""
    rotated = open_watermark([OTHER, KEY])
    reading = read(cartoon, rotated, thorough=False)
    assert (reading.payload, reading.key_id) == (RECORD, watermark.key_id)
    assert rotated.key_id == open_watermark([OTHER]).key_id != watermark.key_id


def test_two_marks_in_one_picture(watermark: Watermark, cartoon: Clip) -> None:
    """Marking again under another key does not erase the first mark."""
    other = open_watermark([OTHER])
    twice = marked(cartoon[:25], other, SECOND)
    assert read(twice, watermark, thorough=False).payload == RECORD
    assert read(twice, other, thorough=False).payload == SECOND


def test_the_average_of_other_clips_does_not_erase(watermark: Watermark) -> None:
    """The mark lies elsewhere in every clip, so what ten clips have in common is not the mark."""
    grey = np.full((1, 512, 512, 3), 128, np.uint8)
    marks = [marked(grey, watermark, bytes([i]) * 12)[0].astype(float) - 128 for i in range(10)]
    clip = marked(textured(25), watermark)
    attacked = np.clip(clip - np.mean(marks, axis=0).round(), 0, 255).astype(np.uint8)
    assert read(attacked, watermark, thorough=False).payload == RECORD


def test_patterns_follow_from_the_key_alone() -> None:
    """The same key gives the same tile, another key shares next to nothing with it."""
    a = derive(KEY)
    again, b = derive(KEY), derive(OTHER)
    assert np.array_equal(a.pilots.f, again.pilots.f)
    assert np.array_equal(a.signs, again.signs)
    assert KEY.hex()[:16] not in a.key_id
    pilots = {tuple(f) for f in a.pilots.f} & {tuple(f) for f in b.pilots.f}
    assert len(pilots) < len(a.pilots.f) / 3
    assert abs(np.mean(a.signs * b.signs)) < 0.15


@pytest.mark.parametrize("keys", [[], [b"short"], [KEY, KEY[:31]], [KEY, KEY]])
def test_unusable_keys_are_refused(keys: list[bytes]) -> None:
    """No key, another size than 32 bytes, or one twice."""
    with pytest.raises(Misconfigured):
        open_watermark(keys)


# --- false positives -----------------------------------------------------------------------------


def test_the_bound_is_what_is_promised() -> None:
    """All attempts at their floors together stay under 1e-9, which is reached at the floor of the first."""
    assert bound(FLOOR, 1) == pytest.approx(FALSE_POSITIVE)
    assert bound(FLOOR - 1, 1) > FALSE_POSITIVE
    assert bound(0.0, 1) == 1.0
    per_attempt = [2.0**96 * math.exp(-(z_floor(n) ** 2) / 2) for n in range(1, 2000)]
    assert sum(per_attempt) <= FALSE_POSITIVE


def z_floor(attempt: int) -> float:
    """The least z that is accepted at an attempt, by bisection."""
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if bound(middle, attempt) <= FALSE_POSITIVE else (middle, high)
    return high


def test_random_carriers_obey_the_bound() -> None:
    """Hoeffding's inequality, on which the bound stands, holds for lopsided likelihoods."""
    rng = np.random.default_rng(2)
    weights = rng.pareto(1.5, 1400)
    signs = rng.choice([-1.0, 1.0], (20_000, 1400))
    z = signs @ weights / np.linalg.norm(weights)
    assert np.mean(z >= 3) <= math.exp(-4.5)


def test_unmarked_pictures_read_as_none(watermark: Watermark) -> None:
    """Twenty different unmarked pictures, all usual geometries, and one clip through the whole search."""
    for seed in range(20):
        picture = textured(1, seed, 128)
        assert read(picture, watermark, thorough=False).payload is None
    assert read(still("osei", 5), watermark).payload is None


@pytest.mark.parametrize("value", [0, 128, 255])
def test_blank_frames_read_as_none(watermark: Watermark, value: int) -> None:
    """One colour everywhere: there is nothing to divide by, and nothing to read."""
    blank = np.full((3, 128, 160, 3), value, np.uint8)
    assert read(blank, watermark, thorough=False).payload is None


# --- what is seen --------------------------------------------------------------------------------


def ssim(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Wang et al. 2004: Gaussian window of 1.5 pixels, K1 = 0.01, K2 = 0.03."""

    def smooth(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return gaussian_filter(x, 1.5, truncate=3.5)

    mean_a, mean_b = smooth(a), smooth(b)
    variances = smooth(a * a) - mean_a**2 + smooth(b * b) - mean_b**2
    covariance = smooth(a * b) - mean_a * mean_b
    return float(
        np.mean(
            (2 * mean_a * mean_b + 6.5025)
            * (2 * covariance + 58.5225)
            / ((mean_a**2 + mean_b**2 + 6.5025) * (variances + 58.5225))
        )
    )


@pytest.mark.parametrize("kind", ["texture", "pip", "mira"])
def test_the_mark_is_not_seen(watermark: Watermark, kind: str) -> None:
    """PSNR of luma at least 44 dB at the stronger opening and 46 dB after it, SSIM 0.985 and 0.99; hue
    untouched."""
    before = clip_of(kind, 40)
    after = marked(before, watermark)
    for i, (decibel, alike) in {0: (44, 0.985), 39: (46, 0.99)}.items():
        a, b = before[i] @ LUMA, after[i] @ LUMA
        assert 10 * math.log10(255**2 / np.mean((a - b) ** 2)) >= decibel
        assert ssim(a, b) >= alike
    change = after[39].astype(int) - before[39]
    inside = (before[39] > 10).all(-1) & (before[39] < 245).all(-1)
    assert (np.ptp(change[inside], axis=-1) == 0).all()


def test_flat_colour_changes_by_single_steps(watermark: Watermark) -> None:
    """Nothing hides a mark on flat grey: after the opening the mark has a root mean square under one step,
    of which a normal law moves at most 13 % of the pixels by more than one, and none by more than five."""
    change = np.abs(marked(np.full((40, 512, 512, 3), 150, np.uint8), watermark)[39].astype(int) - 150)
    assert np.mean(change > 1) < 0.15
    assert change.max() <= 5


def test_a_still_picture_does_not_flicker(watermark: Watermark) -> None:
    """The same frame again gets the same mark again, to the last bit, but for the opening and the turns,
    which are slow: from frame to frame luma moves by less than a fifth of a step on average."""
    clip = marked(np.stack([drawn("pip")] * 64), watermark)
    assert all(np.array_equal(clip[40], frame) for frame in clip[41:50])
    luma = clip.astype(np.float32) @ LUMA
    assert np.mean(np.abs(np.diff(luma, axis=0)), axis=(1, 2)).max() < 0.2


def test_the_average_of_a_clip_is_not_its_mark(watermark: Watermark) -> None:
    """Averaging 100 frames and subtracting what they have in common, fine detail of the picture along with
    it, leaves the part that turns, and what the estimate misses: the clip still reads."""
    clip = marked(still("mira", 125), watermark)
    mean = clip[:100].mean(0)
    estimate = mean - gaussian_filter(mean, (2, 2, 0))
    attacked = np.clip(clip - estimate + 0.5, 0, 255).astype(np.uint8)
    assert read(attacked, watermark, thorough=False).payload == RECORD


def test_segments_carry_different_marks(watermark: Watermark) -> None:
    """On flat grey a segment of two seconds shares the still part with the next one, not the turning part."""
    grey = np.full((100, 128, 128, 3), 128, np.uint8)
    marks = marked(grey, watermark)[[49, 99], ..., 0].astype(float).reshape(2, -1) - 128
    assert 0.4 < np.corrcoef(marks)[0, 1] < 0.8


# --- bad input -----------------------------------------------------------------------------------


def test_no_frames_are_an_error(watermark: Watermark) -> None:
    """An empty video is not an unmarked one."""
    with pytest.raises(MediaEmpty):
        watermark.extract(iter(()))


@pytest.mark.parametrize(("size", "error"), [((63, 64), MediaUnsupported), ((64, 4097), MediaTooLarge)])
def test_sizes_that_cannot_be_marked(
    watermark: Watermark, size: tuple[int, int], error: type[Exception]
) -> None:
    """Under 64 or over 4096 pixels a side."""
    with pytest.raises(error):
        watermark.embedder(RECORD, width=size[1], height=size[0], fps=FPS)


@pytest.mark.parametrize("size", [(16, 16), (63, 200), (1, 1)])
def test_frames_too_small_to_be_marked_read_as_none(watermark: Watermark, size: tuple[int, int]) -> None:
    """A thumbnail is no broken video: it is looked at, and carries nothing."""
    reading = watermark.extract([(0.0, np.full((*size, 3), 90, np.uint8))])
    assert (reading.payload, reading.frames) == (None, 1)


def test_frames_too_large_to_be_read(watermark: Watermark) -> None:
    """Over 4096 pixels a side."""
    with pytest.raises(MediaTooLarge):
        watermark.extract([(0.0, np.zeros((64, 4097, 3), np.uint8))])


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_frame_rates(watermark: Watermark, fps: float) -> None:
    """A frame rate is a positive number."""
    with pytest.raises(Misconfigured):
        watermark.embedder(RECORD, width=512, height=512, fps=fps)


def test_frames_of_another_kind(watermark: Watermark) -> None:
    """Another size or type than announced, or changing within a video."""
    embedder = watermark.embedder(RECORD, width=64, height=64, fps=FPS)
    for wrong in (
        np.zeros((64, 65, 3), np.uint8),
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 3), np.float32),
    ):
        with pytest.raises(MediaUnsupported):
            embedder.embed(wrong)  # type: ignore[arg-type]
    frames = [(0.0, np.zeros((64, 64, 3), np.uint8)), (0.04, np.zeros((64, 80, 3), np.uint8))]
    with pytest.raises(MediaUnsupported):
        watermark.extract(frames)
    with pytest.raises(MediaUnsupported):
        watermark.extract([(0.0, np.zeros((64, 64), np.uint8))])
