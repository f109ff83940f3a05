"""How much of anything we take in: every decoder reads its bounds here, and every error names them."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds on one input and on the process that decodes it.

    Attributes:
        image_bytes, image_pixels, image_min_side: of a still picture; pixels are counted from its header.
        audio_bytes, audio_seconds, audio_min_seconds: of a recording; seconds are counted while decoding.
        video_bytes, video_seconds, video_side, video_pixels, video_frames: of a video; the side is the longer
            one, the pixels are those of one frame, seconds and frames are counted as they are decoded.
        memory_bytes: address space of the decoding process (a 4096x4096 10-bit H.264 stream with 16
            reference frames needs about 1 GiB, the interpreter and the libraries 0.5 GiB).
        image_cpu_seconds, audio_cpu_seconds, video_cpu_seconds: processor time of the decoding process.
        stall_seconds: longest wait for the next piece from the decoding process (the time in which the
            reader itself is busy does not count).
    """

    image_bytes: int = 20 * MIB
    image_pixels: int = 50_000_000
    image_min_side: int = 64
    audio_bytes: int = 200 * MIB
    audio_seconds: float = 600.0
    audio_min_seconds: float = 0.2
    video_bytes: int = 512 * MIB
    video_seconds: float = 600.0
    video_side: int = 4096
    video_pixels: int = 4096 * 2304
    video_frames: int = 36_000
    memory_bytes: int = 2048 * MIB
    image_cpu_seconds: int = 20
    audio_cpu_seconds: int = 120
    video_cpu_seconds: int = 1800
    stall_seconds: float = 60.0


LIMITS = Limits()
