"""The fingerprint of a clip, and its bytes."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.fingerprint import version1
from safety.fingerprint.grid import CELLS, COARSE
from safety.fingerprint.packing import packed, unpacked
from safety.fingerprint.picture import EVERY, STEP, change, layout, sampled
from safety.fingerprint.sound import BANDS, changes

Levels = NDArray[np.int8]

VERSION = 2
MAGIC = b"SFP"
HEADER = struct.Struct(">3sBIBf")  # magic, version, samples, 1 if there is sound, width / height
MOST = 120_000_000  # bytes: a day of video

# Resolution: what H.264 at CRF 33 does to a cell's change in half a megapixel (0.4 grey levels root mean
# square), and AAC to the sound's slopes (natural logarithm), is less.
CHANGE_ZONE, SOUND_ZONE = 0.5, 0.5
TOP = 7  # highest level of change
LUMA_STEP, COLOUR_STEP = 4.0, 6.0  # grey levels of 255 to a level of the layout


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """A clip in a few levels per sample; sample k covers the time k * STEP (0.08 s).

    Attributes:
        change: (N, 144) -7..7, signed square root of how much each of 12 x 12 cells brightened.
        layout: (ceil(N / 6), 3, 64) 8 x 8 cells themselves: luma -32..31, R - luma and B - luma -16..15.
        sound: (N, 16) -1, 0, 1: signs of the change between bands; None without sound.
        aspect: width / height of the picture.
        version: of the bytes that it was read from: 1 knows no colours and finds no regions.
    """

    change: Levels
    layout: Levels
    sound: Levels | None
    aspect: float = 1.0
    version: int = VERSION

    @property
    def seconds(self) -> float:
        return len(self.change) * STEP

    def to_bytes(self) -> bytes:
        """About 1.25 kB a second."""
        parts = [HEADER.pack(MAGIC, VERSION, len(self.change), self.sound is not None, self.aspect)]
        parts += [packed(self.change, 4), packed(self.layout[:, 0], 6), packed(self.layout[:, 1:], 5)]
        if self.sound is not None:
            parts.append(packed(self.sound, 2))
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Fingerprint":
        """Read what `to_bytes` wrote, or an earlier release's.

        Raises:
            StoreUnavailable: the stored bytes are damaged or of an unknown version.
        """
        if data[:4] == MAGIC + bytes([1]):
            brightened, seen, old = version1.read(data)
            return cls(levels(brightened), _laid(seen), old, version=1)
        if len(data) < HEADER.size or len(data) > MOST:
            raise version1.damaged()
        magic, version, count, sounding, aspect = HEADER.unpack_from(data)
        rows = -(-count // EVERY)
        cells = COARSE * COARSE
        sizes = [
            count * CELLS * CELLS // 2, rows * cells * 6 // 8, rows * cells * 2 * 5 // 8,
            count * BANDS // 4 * sounding,
        ]  # fmt: skip
        sound_fits = sounding <= 1 and len(data) == HEADER.size + sum(sizes)
        if (magic, version) != (MAGIC, VERSION) or not sound_fits or not 0.05 <= aspect <= 20.0:
            raise version1.damaged()
        ends = HEADER.size + np.cumsum([0, *sizes])
        moves, luma, colour, sound = (
            unpacked(data[a:b], bits) for a, b, bits in zip(ends[:-1], ends[1:], (4, 6, 5, 2), strict=True)
        )
        both = np.concatenate([luma.reshape(rows, 1, cells), colour.reshape(rows, 2, cells)], 1)
        heard = sound.reshape(count, BANDS) if sounding else None
        return cls(moves.reshape(count, CELLS * CELLS), both, heard, aspect)


def fingerprint(frames: Iterable[tuple[float, NDArray[np.uint8]]], speech: Speech | None) -> Fingerprint:
    """The fingerprint of a clip, read once and streamed.

    Args:
        frames: times in seconds, rising from 0, and pictures (H, W, 3) uint8 RGB of any size.
        speech: its sound, or None.
    """
    samples, aspect = sampled(frames)
    sound = None
    if speech is not None:
        values = changes(speech)
        heard = (np.sign(values) * (np.abs(values) > SOUND_ZONE)).astype(np.int8)[: len(samples)]
        sound = np.zeros((len(samples), BANDS), np.int8)
        sound[: len(heard)] = heard
    return Fingerprint(levels(change(samples)), _laid(layout(samples)), sound, float(np.float32(aspect)))


def levels(values: NDArray[np.float32]) -> Levels:
    """Change in grey levels to -7..7."""
    size = np.floor(np.sqrt(np.abs(values) / CHANGE_ZONE))
    return np.asarray(np.sign(values) * np.minimum(size, TOP)).astype(np.int8)


def _laid(values: NDArray[np.float32]) -> Levels:
    out = np.empty(values.shape, np.int8)
    out[:, 0] = np.clip(np.rint((values[:, 0] - 128.0) / LUMA_STEP), -32, 31)
    out[:, 1:] = np.clip(np.rint(values[:, 1:] / COLOUR_STEP), -16, 15)
    return out
