"""What a file is, told from its first bytes alone: names and declared types are never believed.

FFmpeg, asked to find out by itself, would also take playlists and scripts (HLS, DASH, concat, SDP) that name
other files and addresses for it to open. So nothing is ever opened that this table does not name, and what it
names is opened with that one reader.
"""

from dataclasses import dataclass

from perception.errors import MediaEmpty, MediaUnsupported

HEAD_BYTES = (
    4096  # what `sniff` needs to see; an EBML header, an ID3v1-less MP3 frame pair and `ftyp` lie within
)


@dataclass(frozen=True)
class Format:
    """One accepted file format.

    Attributes:
        name: short, as people say it.
        kinds: what it may hold: any of "image", "audio", "video"; nothing where it is known and not accepted.
        media_type: RFC 6838 type that the file is served with; empty where it is not accepted.
        reader: Pillow's format name for pictures, FFmpeg's demuxer name for sound and video.
    """

    name: str
    kinds: frozenset[str]
    media_type: str
    reader: str


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says of itself; the size is that of its first picture, upright.

    Attributes:
        width, height: pixels.
        fps: average pictures per second; 0 where unknown.
        seconds: declared length; 0 where unknown.
        frames_estimate: declared number of pictures, or seconds x fps.
        has_sound: there is a sound track.
        codec: FFmpeg's name of the picture decoder.
        media_type: of the file, told from its content.
    """

    width: int
    height: int
    fps: float
    seconds: float
    frames_estimate: int
    has_sound: bool
    codec: str
    media_type: str


def _format(name: str, kinds: str, media_type: str = "", reader: str = "") -> Format:
    return Format(name, frozenset(kinds.split()), media_type, reader)


PNG = _format("PNG", "image", "image/png", "PNG")
JPEG = _format("JPEG", "image", "image/jpeg", "JPEG")
WEBP = _format("WebP", "image", "image/webp", "WEBP")
BMP = _format("BMP", "image", "image/bmp", "BMP")
TIFF = _format("TIFF", "image", "image/tiff", "TIFF")
AVIF = _format("AVIF", "image", "image/avif", "AVIF")
GIF = _format("GIF", "image video", "image/gif", "GIF")  # as a video: FFmpeg's "gif", see `demuxer`
WAV = _format("WAV", "audio", "audio/wav", "wav")
MP3 = _format("MP3", "audio", "audio/mpeg", "mp3")
AAC = _format("AAC", "audio", "audio/aac", "aac")
FLAC = _format("FLAC", "audio", "audio/flac", "flac")
OGG = _format("Ogg", "audio", "audio/ogg", "ogg")
MP4 = _format("MP4", "audio video", "video/mp4", "mov")
QUICKTIME = _format("QuickTime", "audio video", "video/quicktime", "mov")
MATROSKA = _format("WebM or Matroska", "audio video", "video/webm", "matroska")
AVI = _format("AVI", "audio video", "video/x-msvideo", "avi")

# Known so that the refusal can name them; they hold nothing that we take.
HEIC = _format("HEIC", "")
_REFUSED = {
    b"%PDF": "a PDF document", b"8BPS": "a Photoshop document",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL", b"\xff\x0a": "JPEG XL", b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
    b"FORM": "AIFF", b".snd": "Sun audio", b"caff": "Core Audio Format", b"#!AMR": "AMR",
    b"0&\xb2u\x8ef\xcf\x11": "Windows Media", b"FLV\x01": "Flash video",
    b"\x00\x00\x01\xba": "an MPEG program stream",
}  # fmt: skip

ACCEPTED = {
    "image": "PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF",
    "audio": "WAV, MP3, Ogg, FLAC, AAC, M4A, MP4, QuickTime, WebM, Matroska or AVI",
    "video": "MP4, QuickTime, WebM, Matroska, AVI or GIF",
}

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"BM", BMP),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"fLaC", FLAC),
    (b"OggS", OGG),
    (b"ID3", MP3),
    (b"\x1aE\xdf\xa3", MATROSKA),
)
_RIFF = {b"WAVE": WAV, b"AVI ": AVI, b"WEBP": WEBP}
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")  # ISO/IEC 23008-12
_QUICKTIME_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def sniff(head: bytes, kind: str) -> Format:
    """The format of a file that starts with `head`, as `kind`: "image", "audio" or "video".

    Args:
        head: the first `HEAD_BYTES` of it, or all of a shorter one.

    Raises:
        MediaEmpty: nothing there.
        MediaUnsupported: not an accepted format, or not one that holds this kind.
    """
    if not head:
        raise MediaEmpty(f"the {kind} is empty: give a file that holds {ACCEPTED[kind]}")
    found = _recognise(head)
    if found is None or kind not in found.kinds:
        what = f"this is {found.name}" if found else "this is none of them"
        raise MediaUnsupported(f"the {kind} must be {ACCEPTED[kind]}; {what}", kind=kind)
    return found


def demuxer(form: Format) -> str:
    """FFmpeg's name of the one reader that may open this format."""
    return "gif" if form is GIF else form.reader


def _recognise(head: bytes) -> Format | None:
    for start, form in _STARTS:
        if head.startswith(start):
            return form
    for start, name in _REFUSED.items():
        if head.startswith(start):
            return _format(name, "")
    if head[:4] in (b"RIFF", b"RF64") and len(head) >= 12:
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _brand(head)
    if head[4:8] in _QUICKTIME_ATOMS:
        return QUICKTIME
    return _raw_stream(head)


def _brand(head: bytes) -> Format:
    """ISO/IEC 14496-12 section 4.3: the major brand, then the compatible ones, up to the box's length."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    if major in (b"avif", b"avis") or (major == b"mif1" and b"avif" in head[16:length]):
        return AVIF
    if major in _HEIC_BRANDS:
        return HEIC
    return QUICKTIME if major == b"qt  " else MP4


def _raw_stream(head: bytes) -> Format | None:
    """MPEG audio without a container: two frame headers in a row (ISO/IEC 11172-3 2.4.1.3, 13818-7 6.2)."""
    if len(head) < 7 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:  # ADTS: layer bits are zero
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        return AAC if length >= 7 and _sync_at(head, length, 0xF6, 0xF0) else None
    if head[1] & 0xE6 == 0xE2:  # layer III
        length = _mp3_frame_length(head)
        return MP3 if length and _sync_at(head, length, 0xE6, 0xE2) else None
    return None


def _sync_at(head: bytes, at: int, mask: int, sync: int) -> bool:
    """Another frame follows, or the file (or what we see of it) ends there."""
    if at + 1 >= len(head):
        return True
    return head[at] == 0xFF and head[at + 1] & mask == sync


def _mp3_frame_length(head: bytes) -> int:
    """Bytes of a layer III frame; 0 for values that the standard reserves."""
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    mpeg1 = version == 3
    kbits = (
        (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
        if mpeg1
        else (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
    )[bitrate]
    hertz = (44100, 48000, 32000)[rate] >> {3: 0, 2: 1, 0: 2}[version]
    return (144 if mpeg1 else 72) * kbits * 1000 // hertz + (head[2] >> 1 & 1)
