"""The fingerprint of a clip, and its bytes."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.errors import StoreUnavailable
from safety.fingerprint.picture import STEP, WAVES, motion, sampled
from safety.fingerprint.sound import BANDS, changes

Levels = NDArray[np.int8]

VERSION = 1
MAGIC = b"SFP"
HEADER = struct.Struct(">3sBIB")  # magic, version, samples, 1 if there is sound
MOST = 20_000_000  # bytes: a day of video
EVERY = 3  # the layout is kept for every third sample

# Resolution: what H.264 does to a coefficient, and AAC to the sound's slopes (natural logarithm), is less.
# Measured on a still drawn portrait: root mean square 0.06 at CRF 28 and 0.08 at CRF 33.
LAYOUT_STEP, MOTION_ZONE, SOUND_ZONE = 0.2, 0.05, 0.5


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """A clip in a few levels per sample; sample k covers the time k * STEP (0.08 s).

    Attributes:
        motion: (N, 48) -7..7, signed square root of the change of the lowest spatial frequencies.
        layout: (ceil(N / 3), 48) -31..31, the lowest spatial frequencies themselves, clipped.
        sound: (N, 16) -1, 0, 1: signs of the change between bands; None without sound.
    """

    motion: Levels
    layout: Levels
    sound: Levels | None

    @property
    def seconds(self) -> float:
        return len(self.motion) * STEP

    def to_bytes(self) -> bytes:
        """About 500 bytes a second."""
        parts = [HEADER.pack(MAGIC, VERSION, len(self.motion), self.sound is not None)]
        parts += [_pack(self.motion, 4), _pack(self.layout, 6)]
        if self.sound is not None:
            parts.append(_pack(self.sound, 2))
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Fingerprint":
        """Read what `to_bytes` wrote.

        Raises:
            StoreUnavailable: the stored bytes are damaged or of another version.
        """
        if len(data) < HEADER.size or len(data) > MOST:
            raise _damaged()
        magic, version, count, sounding = HEADER.unpack_from(data)
        rows = -(-count // EVERY)
        sizes = [count * WAVES // 2, rows * WAVES * 3 // 4, count * BANDS // 4 * sounding]
        if (magic, version) != (MAGIC, VERSION) or sounding > 1 or len(data) != HEADER.size + sum(sizes):
            raise _damaged()
        first, second = HEADER.size + sizes[0], HEADER.size + sizes[0] + sizes[1]
        moves = _unpack(data[HEADER.size : first], 4).reshape(count, WAVES)
        layout = _unpack(data[first:second], 6).reshape(rows, WAVES)
        sound = _unpack(data[second:], 2).reshape(count, BANDS) if sounding else None
        return cls(moves, layout, sound)


def fingerprint(frames: Iterable[tuple[float, NDArray[np.uint8]]], speech: Speech | None) -> Fingerprint:
    """The fingerprint of a clip, read once and streamed.

    Args:
        frames: times in seconds, rising from 0, and pictures (H, W, 3) uint8 RGB of any size.
        speech: its sound, or None.
    """
    waves = sampled(frames)
    moves = motion(waves)
    levels = np.sign(moves) * np.minimum(np.rint(np.sqrt(np.abs(moves) / MOTION_ZONE) - 0.5), 7)
    sound = None
    if speech is not None:
        heard = _signs(changes(speech), SOUND_ZONE)[: len(waves)]
        sound = np.zeros((len(waves), BANDS), np.int8)
        sound[: len(heard)] = heard
    layout = np.clip(np.rint(waves[::EVERY] / LAYOUT_STEP), -31, 31)
    return Fingerprint(levels.astype(np.int8), layout.astype(np.int8), sound)


def _signs(values: NDArray[np.float32], zone: float) -> Levels:
    return (np.sign(values) * (np.abs(values) > zone)).astype(np.int8)


def _pack(levels: Levels, bits: int) -> bytes:
    """Signed levels, `bits` each (two's complement), most significant first."""
    codes = (levels.ravel().astype(np.uint8) & (2**bits - 1))[:, None]
    return np.packbits((codes >> np.arange(bits - 1, -1, -1, dtype=np.uint8)) & 1).tobytes()


def _unpack(data: bytes, bits: int) -> Levels:
    digits = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(-1, bits).astype(np.int16)
    codes = digits @ (1 << np.arange(bits - 1, -1, -1)).astype(np.int16)
    return np.where(codes >= 2 ** (bits - 1), codes - 2**bits, codes).astype(np.int8)


def _damaged() -> StoreUnavailable:
    return StoreUnavailable("a stored fingerprint is damaged or of another version: restore the records")
