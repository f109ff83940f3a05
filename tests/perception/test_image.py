"""Pictures of every accepted kind come out as upright sRGB; hostile ones as typed errors."""

import io
import struct
import zipfile
import zlib
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms

from perception.errors import (
    MediaEmpty,
    MediaError,
    MediaTooLarge,
    MediaTooSmall,
    MediaUnreadable,
    MediaUnsupported,
)
from perception.image import decode_image
from perception.limits import LIMITS

WIDTH, HEIGHT = 120, 80


def scene() -> Pillow.Image:
    """Left dark to right bright, with a red corner at the top left and a blue one at the bottom right."""
    ramp = np.linspace(20, 235, WIDTH, dtype=np.float32)[None, :, None].repeat(HEIGHT, 0).repeat(3, 2)
    pixels = ramp.astype(np.uint8)
    pixels[:20, :20] = (220, 20, 20)
    pixels[-20:, -20:] = (20, 20, 220)
    return Pillow.fromarray(pixels)


def saved(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def one_bit_png(width: int, height: int) -> bytes:
    """A valid black PNG whose size in memory has nothing to do with its size on disk."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(width // 8 + 1)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "media_type", "tolerance"),
    [
        ("PNG", "image/png", 0),
        ("BMP", "image/bmp", 0),
        ("TIFF", "image/tiff", 0),
        ("WEBP", "image/webp", 12),
        ("JPEG", "image/jpeg", 12),
        ("GIF", "image/gif", 12),
        ("AVIF", "image/avif", 12),
    ],
)
def test_formats(kind: str, media_type: str, tolerance: int) -> None:
    """Every accepted format gives the same picture, and its type is told from the content."""
    options = {"quality": 95} if kind in ("JPEG", "WEBP", "AVIF") else {}
    image = decode_image(saved(scene(), kind, **options))
    assert image.media_type == media_type
    assert image.pixels.shape == (HEIGHT, WIDTH, 3)
    assert image.pixels.dtype == np.uint8
    error = np.abs(image.pixels.astype(int) - np.asarray(scene()).astype(int))
    assert error.mean() <= tolerance / 2
    assert error[5:15, 5:15].max() <= 3 * tolerance


@pytest.mark.parametrize(
    "data",
    [
        saved(scene().convert("L"), "PNG"),
        saved(Pillow.fromarray(np.asarray(scene().convert("L")).astype(np.uint16) * 257), "PNG"),
        saved(Pillow.fromarray(np.asarray(scene().convert("L")).astype(np.uint16) * 257), "TIFF"),
        saved(Pillow.fromarray(np.asarray(scene().convert("L")).astype(np.float32) / 255), "TIFF"),
        saved(scene().convert("L").convert("LA"), "PNG"),
    ],
    ids=["grey", "16-bit PNG", "16-bit TIFF", "float TIFF", "grey with alpha"],
)
def test_grey_of_any_depth(data: bytes) -> None:
    """8-bit, 16-bit and floating point grey give the same grey."""
    pixels = decode_image(data).pixels
    expected = np.asarray(scene().convert("L")).astype(int)
    assert np.abs(pixels.astype(int) - expected[:, :, None]).max() <= 1


@pytest.mark.parametrize("mode", ["CMYK", "P", "YCbCr", "RGBA"])
def test_other_modes_keep_their_colours(mode: str) -> None:
    """CMYK, palette, YCbCr and opaque RGBA pictures keep a red and a blue corner."""
    kind = {"CMYK": "TIFF", "YCbCr": "TIFF"}.get(mode, "PNG")
    pixels = decode_image(saved(scene().convert(mode), kind)).pixels
    assert pixels[10, 10, 0] > 2 * pixels.astype(int)[10, 10, 2]
    assert pixels[-10, -10, 2] > 2 * pixels.astype(int)[-10, -10, 0]


def test_transparency_is_laid_over_grey() -> None:
    """Clear pixels become mid grey, half clear ones a mix, whatever colour hides in them."""
    picture = scene().convert("RGBA")
    alpha = np.full((HEIGHT, WIDTH), 255, np.uint8)
    alpha[:20, :20], alpha[-20:, -20:] = 0, 128
    picture.putalpha(Pillow.fromarray(alpha))
    pixels = decode_image(saved(picture, "PNG")).pixels
    assert pixels[5, 5].tolist() == [128, 128, 128]
    assert pixels[-5, -5].tolist() == pytest.approx([74, 74, 174], abs=2)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_metadata_dropped(orientation: int, kind: str) -> None:
    """In every format that has an orientation the red corner comes out at the top left; GPS goes nowhere."""
    turns = {
        1: [],
        2: [Pillow.Transpose.FLIP_LEFT_RIGHT],
        3: [Pillow.Transpose.ROTATE_180],
        4: [Pillow.Transpose.FLIP_TOP_BOTTOM],
        5: [Pillow.Transpose.TRANSPOSE],
        6: [Pillow.Transpose.ROTATE_90],
        7: [Pillow.Transpose.TRANSVERSE],
        8: [Pillow.Transpose.ROTATE_270],
    }[orientation]
    stored = scene()
    for turn in turns:
        stored = stored.transpose(turn)
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)  # GPS latitude
    quality = {} if kind in ("PNG", "TIFF") else {"quality": 95}
    image = decode_image(saved(stored, kind, exif=exif, **quality))
    assert image.pixels.shape == (HEIGHT, WIDTH, 3)
    assert image.pixels[10, 10, 0] > 2 * image.pixels[10, 10, 2]
    assert set(vars(image)) == {"pixels", "media_type"}


def test_colour_profile_becomes_srgb() -> None:
    """A picture in linear light is brightened as its profile says; a broken profile is ignored."""
    grey = Pillow.new("RGB", (80, 80), (55, 55, 55))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Gamma 1: the tone curves of a matrix profile replaced by the identity, "curv" with count 0 (ICC.1 10.6).
    linear = linear_profile(srgb)
    assert decode_image(saved(grey, "PNG", icc_profile=srgb)).pixels[40, 40, 0] == pytest.approx(55, abs=1)
    assert decode_image(saved(grey, "PNG", icc_profile=linear)).pixels[40, 40, 0] == pytest.approx(128, abs=2)
    for useless in (lab, b"nonsense" * 30, srgb[:200]):
        assert decode_image(saved(grey, "PNG", icc_profile=useless)).pixels[40, 40, 0] == pytest.approx(
            55, abs=1
        )


def linear_profile(profile: bytes) -> bytes:
    """The same matrix profile with identity tone curves."""
    data = bytearray(profile)
    for i in range(int.from_bytes(data[128:132], "big")):
        entry = 132 + 12 * i
        if data[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            at = int.from_bytes(data[entry + 4 : entry + 8], "big")
            data[at : at + 12] = b"curv" + bytes(8)
            data[entry + 8 : entry + 12] = (12).to_bytes(4, "big")
    return bytes(data)


def png16(samples: np.ndarray, colour: int) -> bytes:
    """A PNG of 16-bit samples (H, W, C), which Pillow does not write in colour; `colour` is PNG's type."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_colour_of_16_bits() -> None:
    """16 bits a sample, with and without alpha, give the 8-bit picture."""
    deep = np.asarray(scene()).astype(np.uint16) * 257
    opaque = np.full((HEIGHT, WIDTH, 1), 65535, np.uint16)
    for data in (png16(deep, 2), png16(np.concatenate([deep, opaque], axis=2), 6)):
        assert np.abs(decode_image(data).pixels.astype(int) - np.asarray(scene())).max() <= 1


@pytest.mark.parametrize("peak", [1.0, 255.0, 65535.0])
def test_floating_point_in_any_range(peak: float) -> None:
    """Floating point TIFFs over 0..1, 0..255 and 0..65535 give the same grey."""
    grey = np.asarray(scene().convert("L")).astype(np.float32)
    image = decode_image(saved(Pillow.fromarray(grey / 255 * np.float32(peak)), "TIFF"))
    assert np.abs(image.pixels[..., 0].astype(int) - grey.astype(int)).max() <= 1


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_first_picture_of_many(kind: str) -> None:
    """Of animations (GIF, WebP, APNG, AVIF) and pages (TIFF) the first is taken."""
    others = [Pillow.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("lime", "magenta")]
    pixels = decode_image(saved(scene(), kind, save_all=True, append_images=others)).pixels
    assert np.abs(pixels.astype(int) - np.asarray(scene())).mean() < 6


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": 2}])
@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L"])
def test_kinds_of_jpeg(mode: str, options: dict[str, object]) -> None:
    """Progressive and subsampled, colour, ink and grey JPEGs give the picture (ink is not inverted)."""
    expected = np.asarray(scene().convert("L" if mode == "L" else "RGB").convert("RGB")).astype(int)
    pixels = decode_image(saved(scene().convert(mode), "JPEG", quality=95, **options)).pixels
    assert np.abs(pixels - expected).mean() < 3


def test_8000_pixels_a_side() -> None:
    """48 million pixels decode within the limits; 64 million are refused with the limit's name."""
    wide = Pillow.fromarray(np.tile(np.asarray(scene())[:60], (100, 1, 1))).resize((8000, 6000))
    assert decode_image(saved(wide, "JPEG", quality=60)).pixels.shape == (6000, 8000, 3)
    with pytest.raises(MediaTooLarge, match="8000 x 8000"):
        decode_image(one_bit_png(8000, 8000))


def test_first_frame_of_an_animation() -> None:
    """A GIF of many frames costs what its first frame costs."""
    frames = [Pillow.new("P", (100, 100), i % 200) for i in range(2000)]
    for i, frame in enumerate(frames):
        frame.putpalette([i % 256, 0, 0] * 256)
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], optimize=False)
    image = decode_image(data, replace(LIMITS, image_cpu_seconds=5))
    assert image.pixels.shape == (100, 100, 3)
    assert image.pixels[50, 50].tolist() == [0, 0, 0]


def test_what_follows_the_picture_is_dropped() -> None:
    """A zip archive behind a PNG stays behind."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("canary.txt", "canary")
    image = decode_image(saved(scene(), "PNG") + archive.getvalue())
    assert (image.pixels == np.asarray(scene())).all()


def test_empty() -> None:
    """No bytes: MediaEmpty."""
    with pytest.raises(MediaEmpty):
        decode_image(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(40),
        b"<!doctype html>",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"\0\0\0\x18ftypisom\0\0\0\0isommp41",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\xff\x0a" + bytes(100),
        b"8BPS\0\1" + bytes(100),
        bytes(1000),
    ],
)
def test_other_content_is_unsupported(data: bytes) -> None:
    """Playlists, drawings, documents, archives, sound and video are refused by their content."""
    with pytest.raises(MediaUnsupported, match="must be PNG"):
        decode_image(data)


def test_truncated() -> None:
    """Half a file of any format is MediaUnreadable, never half a picture."""
    noise = Pillow.fromarray(np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8))
    for kind in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"):
        data = saved(noise, kind)
        with pytest.raises(MediaUnreadable):
            decode_image(data[: len(data) // 2])


def test_bombs_are_refused_by_their_header() -> None:
    """60,000 x 60,000 pixels in a small file are counted, not decoded; the limit is named."""
    # All of a black 16,383 x 16,383 WebP, which libwebp would make two canvases of 1 GiB for.
    webp = bytes.fromhex("524946461a000000574542505650384c0e0000002ffebfff0f071011fd0f4444ff03")
    for data in (one_bit_png(60_000, 60_000), webp):
        assert len(data) < 2_000_000
        with pytest.raises(MediaTooLarge, match="50,000,000") as caught:
            decode_image(data)
        assert caught.value.metadata["limit"] == "image_pixels"


def test_too_many_bytes_and_too_few_pixels() -> None:
    """Each limit has its error, with its name and number."""
    data = saved(scene(), "PNG")
    with pytest.raises(MediaTooLarge) as large:
        decode_image(data, replace(LIMITS, image_bytes=100))
    assert large.value.metadata == {"limit": "image_bytes", "most": "100"}
    with pytest.raises(MediaTooSmall) as small:
        decode_image(saved(scene().resize((500, 63)), "PNG"))
    assert small.value.metadata == {"limit": "image_min_side", "least": "64"}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF", "BMP"])
@given(data=st.data())
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_raise_only_our_errors(kind: str, data: st.DataObject) -> None:
    """Bytes changed or cut anywhere: a picture or a MediaError, nothing else."""
    damaged = bytearray(saved(scene(), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    with suppress(MediaError):
        assert decode_image(bytes(damaged)).pixels.ndim == 3
