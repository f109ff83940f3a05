"""One still picture to upright sRGB pixels. Runs in the decoding process."""

import copy  # GifImagePlugin imports it late
import io
import warnings
from typing import Any, BinaryIO

import numpy as np

# Everything that Pillow would import late is imported here: nothing can be opened once the door is closed.
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageColor,
    ImageFilter,
    ImageOps,
    ImagePalette,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from perception.decoding.wire import Pipe
from perception.errors import MediaTooLarge, MediaTooSmall, MediaUnreadable

PRELOADED = (
    AvifImagePlugin, BmpImagePlugin, GifImagePlugin, JpegImagePlugin, MpoImagePlugin, PngImagePlugin,
    TiffImagePlugin, WebPImagePlugin, ImageColor, ImageFilter, ImagePalette, copy,
)  # fmt: skip
Image.preinit()

_ORIENTATION = 0x0112  # EXIF 2.32 table 4
_GREY = (128, 128, 128)  # under transparent pixels


def decode(source: BinaryIO, job: dict[str, Any], pipe: Pipe) -> None:
    """Send the picture as one (H, W, 3) uint8 array."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # `check` below counts, and says what the limit is
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    data = source.read()
    if job["reader"] == "WEBP":  # libwebp makes its canvas while it opens
        check(*_webp_size(data), job)
    with Image.open(io.BytesIO(data), formats=[job["reader"]]) as picture:
        check(picture.width, picture.height, job)
        picture.load()
        orientation = _orientation(picture)  # after loading: Pillow turns TIFFs by itself, and drops the tag
        pixels = _upright(_on_grey(_to_srgb(_to_eight_bits(picture))), orientation)
    pipe.send("picture", np.asarray(pixels))


def check(width: int, height: int, job: dict[str, Any]) -> None:
    """The size that the header declares, before a pixel is decoded."""
    if width * height > job["image_pixels"]:
        raise MediaTooLarge(
            f"the picture has {width} x {height} pixels; at most {job['image_pixels']:,} are accepted",
            limit="image_pixels",
            most=job["image_pixels"],
        )
    if min(width, height) < job["image_min_side"]:
        raise MediaTooSmall(
            f"the picture has {width} x {height} pixels; each side needs at least {job['image_min_side']}",
            limit="image_min_side",
            least=job["image_min_side"],
        )


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height from the first chunk: RFC 9649 sections 2.5 to 2.7, RFC 6386 section 9.1."""
    bits = int.from_bytes(data[20:30], "little")
    match data[12:16]:
        case b"VP8X":
            return (bits >> 32 & 0xFFFFFF) + 1, (bits >> 56 & 0xFFFFFF) + 1
        case b"VP8L":
            return (bits >> 8 & 0x3FFF) + 1, (bits >> 22 & 0x3FFF) + 1
        case _:
            return bits >> 48 & 0x3FFF, bits >> 64 & 0x3FFF


def _orientation(picture: Image.Image) -> int:
    """EXIF orientation 1..8; 1 where the metadata is missing or broken."""
    try:
        value = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # metadata is hostile too, and worth nothing without the picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """Modes of more than 8 bits a channel to grey of 8; others as they are."""
    if picture.mode not in ("I", "F") and not picture.mode.startswith("I;16"):
        return picture
    values = np.asarray(picture).astype(np.float32)
    if not np.isfinite(values).all():
        raise MediaUnreadable("the picture holds values that are not numbers: save it again as 8-bit PNG")
    # Whole numbers range over 16 bits (Pillow widens 16-bit PNG to "I"); floating point ones by custom over
    # 0..1, in scanners' and scientists' files over 8 or 16 bits.
    peak = 65535.0 if picture.mode != "F" else next((p for p in (1.0, 255.0) if values.max() <= p), 65535.0)
    scale = 255.0 / peak
    return _keep_profile(Image.fromarray(np.clip(values * scale + 0.5, 0, 255).astype(np.uint8)), picture)


def _to_srgb(picture: Image.Image) -> Image.Image:
    """RGB or RGBA with sRGB primaries; a profile that does not fit or cannot be read counts as sRGB."""
    if picture.mode in ("P", "PA") or "transparency" in picture.info:
        picture = _keep_profile(picture.convert("RGBA"), picture)
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    flat = {"LA": "L", "RGBA": "RGB", "RGBa": "RGBA", "1": "L"}.get(picture.mode, picture.mode)
    colour = _keep_profile(picture.convert(flat), picture) if flat != picture.mode else picture
    profile = colour.info.get("icc_profile")
    rgb = _through_profile(colour, profile) if profile else None
    if rgb is None:
        rgb = colour.convert("RGB")
    if alpha is not None:
        rgb.putalpha(alpha)
    return rgb


def _through_profile(picture: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, source, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _keep_profile(picture: Image.Image, source: Image.Image) -> Image.Image:
    if "icc_profile" in source.info:
        picture.info["icc_profile"] = source.info["icc_profile"]
    return picture


def _on_grey(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    ground = Image.new("RGB", picture.size, _GREY)
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    picture.getexif()[_ORIENTATION] = orientation
    return ImageOps.exif_transpose(picture) if orientation != 1 else picture
