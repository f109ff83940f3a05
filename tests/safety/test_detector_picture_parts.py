"""The measures behind the picture cues, on numbers with a known answer; and what cannot be judged."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, shift

from perception.face import Face
from safety.detector.picture.compression import Compression, blocking, resolution
from safety.detector.picture.cue import Bounds
from safety.detector.picture.patches import affine_between, alike, fine, sampled, unforeseen
from safety.detector.picture.pulse import RATE, Pulse, pos, strength_of
from safety.detector.picture.spectrum import lattice_peak, power_of
from safety.detector.view import View
from tests.safety.test_detector_picture import ROOM, cut, moved, open_mouth, path, sitter, watch

Pixels = NDArray[np.uint8]


def texture(seed: int, side: int = 60) -> NDArray[np.float32]:
    grain = np.random.default_rng(seed).normal(size=(side, side))
    return (128 + 60 * gaussian_filter(grain, 1.2)).astype(np.float32)


@pytest.mark.parametrize("by", [(0.0, 0.0), (0.5, -0.3), (1.4, 0.7)])
def test_what_only_moved_is_foreseen(by: tuple[float, float]) -> None:
    """Texture that moved by a part of a pixel, or more, and changed in contrast is foreseen; noise is not."""
    before = texture(1)
    after = 0.8 * shift(before, by, order=3, mode="nearest") + 20
    rng = np.random.default_rng(2)
    noisy = (after + rng.normal(0, 3, after.shape)).astype(np.float32)
    assert unforeseen(before[8:48, 8:48], after[8:48, 8:48])[1] < 0.02
    new, share = unforeseen(before[8:48, 8:48], noisy[8:48, 8:48])
    # Taking off the smooth copy leaves 3/4 of the pixel's own value: sqrt(1 - 2/4 + 36/256) of white noise.
    assert new == pytest.approx(3 * np.sqrt(1 - 0.5 + 36 / 256), rel=0.12)
    assert share > 0.3


def test_fresh_noise_is_never_foreseen() -> None:
    """Two pictures of nothing but noise share nothing; a flat one has nothing new."""
    rng = np.random.default_rng(3)
    one, other = (rng.normal(100, 4, (40, 40)).astype(np.float32) for _ in (0, 1))
    assert unforeseen(one, other)[1] > 0.9
    assert unforeseen(one, np.full((40, 40), 7, np.float32)) == (0.0, 0.0)


def test_squares_are_alike_where_they_are_the_same() -> None:
    """1 for the same, near 0 for another, 0 for a flat one."""
    assert alike(texture(4), texture(4)) == pytest.approx(1)
    assert abs(alike(texture(4), texture(5))) < 0.1
    assert alike(texture(4), np.full((60, 60), 9, np.float32)) == 0


def test_fine_leaves_out_what_is_smooth() -> None:
    """A ramp has no fine part; one pixel has."""
    ramp = np.add.outer(np.arange(20.0), np.arange(20.0)).astype(np.float32)
    assert np.abs(fine(ramp)).max() < 1e-4
    ramp[10, 10] += 16
    assert fine(ramp)[9, 9] == pytest.approx(12)


def test_places_between_pixels_are_read() -> None:
    """Bilinear on a ramp is exact; outside of the picture there is nothing."""
    ramp = np.repeat(np.add.outer(np.arange(30), 2 * np.arange(40))[..., None], 3, axis=2).astype(np.uint8)
    x, y = np.array([[3.25, 7.5]]), np.array([[4.5, 6.0]])
    read = sampled(ramp, x, y)
    assert read is not None
    np.testing.assert_allclose(read, [[4.5 + 6.5, 6.0 + 15.0]], rtol=1e-5)
    assert sampled(ramp, x + 40, y) is None
    assert sampled(ramp, x - 4, y) is None


def test_the_affine_map_between_points_is_found() -> None:
    """A turned, scaled and moved set of points."""
    points = np.random.default_rng(6).uniform(0, 100, (48, 2)).astype(np.float32)
    true = np.array([[1.1, 0.1], [-0.1, 1.1], [5, -3]])
    after = (np.column_stack([points, np.ones(48)]) @ true).astype(np.float32)
    np.testing.assert_allclose(affine_between(points, after), true, atol=1e-3)


def test_resolution_tells_a_picture_that_was_enlarged() -> None:
    """Half the size and back loses about half of the reach; a flat picture has none."""
    side = 128
    spectrum = np.fft.rfft2(np.random.default_rng(8).normal(size=(side, side)))
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    sharp = np.fft.irfft2(spectrum / np.maximum(radius, 1 / side))  # amplitude falls with frequency
    small = sharp.reshape(64, 2, 64, 2).mean(axis=(1, 3)).astype(np.float32)
    large = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))
    assert resolution(sharp.astype(np.float32)) > 0.4
    assert resolution(large) < 0.3
    assert np.isnan(resolution(np.full((side, side), 4, np.float32)))


def test_blocks_of_jpeg_are_seen() -> None:
    """Quality 8 leaves steps at every eighth pixel, quality 98 none."""
    picture = cut(sitter()[0])[64:192, 64:192]

    def steps(quality: int) -> float:
        file = io.BytesIO()
        Image.fromarray(picture).convert("L").save(file, "JPEG", quality=quality)
        return blocking(np.asarray(Image.open(file), np.float32))

    assert steps(8) > 1.5
    assert 0.8 < steps(98) < 1.2


def test_peaks_of_upsampling_are_seen() -> None:
    """A checkerboard of two levels over a texture has peaks; the texture alone has none."""
    plain = texture(9, 64)
    board = (np.indices((64, 64)).sum(axis=0) % 2) * 4
    fourth = np.repeat((np.arange(64)[None] % 4 == 0) * 6, 64, axis=0)
    usual = lattice_peak(power_of(plain))
    assert lattice_peak(power_of(plain + board.astype(np.float32))) > usual + 6
    assert lattice_peak(power_of(plain + fourth.astype(np.float32))) > usual + 6


def test_a_face_with_peaks_that_the_rest_has_not_is_told() -> None:
    """Every second column of the face is lighter: a sign. Of the whole picture: the codec's, none."""
    scene, face = sitter()
    face = moved(face, -ROOM, -ROOM)
    lines = np.zeros(scene.shape[:2])
    lines[:, ::2] = 4
    x0, y0, x1, y1 = (int(side) + ROOM for side in face.box)
    within = np.zeros_like(lines)
    within[y0:y1, x0:x1] = 1
    own = cut(scene + (lines * within)[..., None])
    whole = cut(scene + lines[..., None])
    assert watch([own] * 60, [face] * 60)[0]["upsampling_peaks"].sign > 0
    assert watch([whole] * 60, [face] * 60)[0]["upsampling_peaks"].sign == 0


def test_a_mouth_that_is_soft_only_while_it_moves_is_told() -> None:
    """Sharp at rest and soft in speech is a sign; equally sharp is none."""
    scene, face = sitter()
    face = moved(face, -ROOM, -ROOM)
    sharp = cut(scene)
    soft = sharp.copy()
    x0, y0, x1, y1 = (int(v) for v in (*face.mesh[[61, 291], :2].min(0), *face.mesh[[61, 291], :2].max(0)))
    area = slice(y0 - 30, y1 + 30), slice(x0 - 15, x1 + 15)
    soft[area] = gaussian_filter(sharp, (1.5, 1.5, 0))[area]
    # Three frames of every looked-at one: at rest for 60 frames, then a gap that jumps between looks.
    faces = [face] * 60 + [open_mouth(face, 0.15 * (k // 3 % 2)) for k in range(60)]
    assert watch([sharp] * 60 + [soft] * 60, faces)[0]["mouth_softens"].sign > 0
    assert watch([sharp] * 120, faces)[0]["mouth_softens"].sign == 0


def coloured(seconds: float, common: float, seed: int) -> list[Pixels]:
    """A sitter whose skin wavers: with one pulse of 72 a minute, and each place by itself."""
    scene = sitter()[0]
    nose = moved(sitter()[1], -ROOM, -ROOM).mesh[168]
    rng = np.random.default_rng(seed)
    still = cut(scene).astype(np.float32)
    dither = rng.random(still.shape, np.float32)
    x, y = round(float(nose[0])), round(float(nose[1]))
    places = ((slice(0, y), slice(None)), (slice(y, None), slice(0, x)), (slice(y, None), slice(x, None)))
    frames = []
    for k in range(round(seconds * RATE)):
        beat = np.float32(common * np.sin(2 * np.pi * 1.2 * k / RATE)) * np.array([0.3, 1.0, 0.5], np.float32)
        frame = still + beat
        for place in places:
            frame[place] += 0.25 * rng.normal(size=3)
        frames.append((frame + np.roll(dither, 37 * k, axis=0)).clip(0, 255).astype(np.uint8))
    return frames


def test_a_pulse_is_found_where_there_is_one() -> None:
    """Places with one pulse agree and it is strong; places that waver by themselves do neither."""
    face = moved(sitter()[1], -ROOM, -ROOM)
    found = {}
    for name, common in (("pulse", 1.5), ("none", 0.0)):
        cue = Pulse()
        for k, pixels in enumerate(coloured(8.5, common, 1)):
            cue.see(View(k / RATE, pixels, face, k))
        found[name] = {finding.name: finding for finding in cue.findings(None)}
        assert any("lost in compression" in note for note in cue.notes())
    assert found["pulse"]["pulse_agreement"].sign == 0
    assert found["none"]["pulse_agreement"].value < found["pulse"]["pulse_agreement"].value - 0.4
    assert found["pulse"]["pulse_strength"].value > found["none"]["pulse_strength"].value + 6


def test_pos_takes_brightness_off() -> None:
    """A light that wavers at 2 Hz, much stronger than the pulse at 1.2 Hz, does not hide it."""
    at = np.arange(250) / RATE
    light = 1 + 0.02 * np.sin(2 * np.pi * 2.0 * at)
    beat = 0.003 * np.sin(2 * np.pi * 1.2 * at)
    colours = np.stack(
        [150 * light * (1 + 0.3 * beat), 110 * light * (1 + beat), 90 * light * (1 + 0.5 * beat)]
    )
    pulse = pos(colours)
    power = np.abs(np.fft.rfft(pulse * np.hanning(250)))
    assert np.fft.rfftfreq(250, 1 / RATE)[power.argmax()] == pytest.approx(1.2, abs=0.1)
    assert strength_of(pulse) > 6


def test_signs_rise_from_the_bound_to_the_full() -> None:
    """0 at the bound, half way 0.5, 1 from `full` on; a range without ends has no sign."""
    bounds = Bounds(-1.0, 2.0, 0.5, "")
    assert [bounds.sign(value) for value in (-1.0, 2.0, 2.25, -1.25, 9.0)] == [0, 0, 0.5, 0.5, 1]
    assert Bounds(None, None, 1.0, "").sign(1e9) == 0


@pytest.mark.parametrize("kind", ["black", "grey", "white", "tiny", "at the edge", "none"])
def test_what_cannot_be_judged_gives_no_finding_but_a_note(kind: str) -> None:
    """Pictures without content, small, half hidden and missing faces: finite numbers, no sign, notes."""
    scene, face = sitter()
    pixels, seen = cut(scene), moved(face, -ROOM, -ROOM)
    levels = {"black": 0, "grey": 128, "white": 255}
    if kind in levels:
        pixels = np.full_like(pixels, levels[kind])
    if kind == "tiny":
        seen = Face((0, 0, 9, 9), 1.0, seen.mesh * 0.05, 1.0)
    if kind == "at the edge":
        seen = moved(seen, -170, 120)
    found, notes = watch([pixels] * 110, [None if kind == "none" else seen] * 110)
    assert all(np.isfinite(finding.value) for finding in found.values())
    assert {name for name, finding in found.items() if finding.sign > 0} == set()
    assert notes


def test_grey_pictures_have_no_pulse() -> None:
    """Without colour there is none to look for."""
    pixels = np.repeat(cut(sitter()[0])[..., :1], 3, axis=2)
    found, notes = watch([pixels] * 120, [moved(sitter()[1], -ROOM, -ROOM)] * 120)
    assert "pulse_agreement" not in found
    assert any("no colour" in note for note in notes)


def test_a_size_that_changes_in_mid_stream_is_survived() -> None:
    """Half the size from the middle on, then a face that is lost for a while: finite, and the rest judged."""
    scene, face = sitter()
    large = [cut(np.roll(scene, round(step), axis=1)) for step in path(30, 8, 2.0)[:, 0]]
    small = [pixels[::2, ::2].copy() for pixels in large]
    seen = moved(face, -ROOM, -ROOM)
    half = Face(seen.box, 1.0, seen.mesh / 2, 1.0)
    faces = [seen] * 30 + [half] * 30 + [None] * 10 + [half] * 20
    found, _ = watch([*large, *small, *small], faces)
    assert all(np.isfinite(finding.value) for finding in found.values())
    assert "effective_resolution" in found


def test_pictures_of_one_pixel_and_narrow_ones_are_survived() -> None:
    """1 x 1, 2000 x 3 and 5 x 700 pixels with a face that lies mostly outside."""
    face = sitter()[1]
    for shape in ((1, 1, 3), (3, 2000, 3), (700, 5, 3)):
        found, notes = watch([np.zeros(shape, np.uint8)] * 60, [face] * 60)
        assert all(np.isfinite(finding.value) for finding in found.values())
        assert notes


def test_quality_tells_a_sharp_picture_from_an_enlarged_one() -> None:
    """`Compression.quality` falls when the picture is blurred, and is unknown before anything was seen."""
    scene, face = sitter()
    seen, quality = moved(face, -ROOM, -ROOM), []
    for blur in (0.0, 2.0):
        cue = Compression()
        assert np.isnan(cue.quality)
        for k in range(60):
            cue.see(View(k / 25, cut(gaussian_filter(scene, (blur, blur, 0))), seen, k))
        quality.append(cue.quality)
    assert quality[0] > quality[1] + 0.2
