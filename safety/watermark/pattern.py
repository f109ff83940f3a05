"""The keyed tile: which waves carry what. Everything in it comes from the key.

The mark is a sum of plane waves that repeats with a period of one *tile*; the frame's short side is TILES
tiles. A wave is a pair of whole numbers f (cycles per tile in x and y), LOW <= |f| < HIGH. Two kinds of
waves share the ring: *pilots* are known and show where the tile lies, *data* waves carry two code bits each
in their phase.

Part of both stands still within a clip: codecs copy what stands still, and drop small changes (measured
at CRF 33: a mark of which nine tenths change every two seconds loses a fifth of its correlation, one of
which half changes a seventh). The still part holds every code bit once. The rest *turns*: every SEGMENT
seconds its signs change to the next of PHASES keyed sets, so that the average of a clip is not its mark.
The mark lies elsewhere in every clip, so that the average of many clips is not their mark either.

All choices are read from a ChaCha20 stream (RFC 8439) under HKDF-SHA-256 (RFC 5869) of the key, so that
without the key neither places nor signs are known and a forged mark is as likely as a lucky guess.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from safety.errors import Misconfigured
from safety.watermark.payload import MESSAGE_BITS, frame
from safety.watermark.polar import PolarCode

KEY_BYTES = 32
LOW, HIGH = 7.0, 28.0  # cycles per tile: what codecs and small sizes keep, without most of a face's shading
TILES = 1.5  # tiles along the short side of a frame
TILT = 0.3  # amplitude falls with |f|^-TILT: slow waves are seen less and kept longer
STILL_PILOTS, TURNING_PILOTS = 150, 60
PHASES, SEGMENT = 4, 2.0  # sign sets of the turning part, and seconds that each lasts
CODE = PolarCode(1024, MESSAGE_BITS, paths=256)
STILL_DATA = CODE.length // 2  # data waves that stand still: every code bit once

Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Waves:
    """Waves `f` (N, 2) in cycles per tile (x, y)."""

    f: NDArray[np.int64]

    def field(self, symbols: Complex, x: NDArray[np.float64], y: NDArray[np.float64]) -> Complex:
        """The complex sum of the waves (len(y), len(x)) at places x and y in tiles."""
        reach = int(HIGH)
        grid = np.zeros((2 * reach + 1, 2 * reach + 1), np.complex128)
        np.add.at(grid, (self.f[:, 1] + reach, self.f[:, 0] + reach), symbols)
        whole = np.arange(-reach, reach + 1)
        return _waves(y, whole) @ grid @ _waves(x, whole).T

    def measure(self, image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64]) -> Complex:
        """How much of each wave (..., N) is in images (..., len(y), len(x))."""
        reach = int(HIGH)
        across = _waves(x, np.arange(reach + 1)).conj()
        rows = image @ across.real.astype(np.float32) + 1j * (image @ across.imag.astype(np.float32))
        rows = np.concatenate([rows[..., :0:-1].conj(), rows], -1)  # an image is real: -f mirrors f
        grid = _waves(y, np.arange(-reach, reach + 1)).conj().astype(np.complex64).T @ rows
        picked: Complex = grid[..., self.f[:, 1] + reach, self.f[:, 0] + reach]
        return picked


def _waves(places: NDArray[np.float64], whole: NDArray[np.int64]) -> Complex:
    turns: Complex = np.exp(2j * np.pi * np.outer(places, whole))
    return turns


@dataclass(frozen=True)
class Pattern:
    """What one key fixes. Waves are unit vectors in `*_symbols`; data waves carry two code bits each."""

    key_id: str
    check: int  # the 4-bit key check inside the message
    secret: bytes = field(repr=False)  # from which the place of each record comes
    pilots: Waves  # that stand still
    pilot_symbols: Complex
    turning: Waves  # pilots of the turning part
    turning_symbols: Complex  # (PHASES, TURNING_PILOTS)
    data: Waves  # STILL_DATA still ones, then the turning ones
    order: NDArray[np.int64]  # which code bit each of 2 x N carriers takes
    signs: NDArray[np.float64]  # +-1 for each carrier
    turns: NDArray[np.float64]  # (PHASES, 2 N) +-1: how each phase turns each carrier; 1 for still ones

    def carriers(self, payload: bytes) -> NDArray[np.float64]:
        """The signs (2 N,) that say `payload`, before they turn: real, then imaginary part of each wave."""
        word = CODE.encode(frame(payload, self.check))
        signs: NDArray[np.float64] = (1.0 - 2.0 * word[self.order]) * self.signs
        return signs

    @cached_property
    def waves(self) -> Waves:
        """Pilots, turning pilots and data waves, one after the other."""
        return Waves(np.concatenate([self.pilots.f, self.turning.f, self.data.f]))

    def draw(
        self, payload: bytes, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> list[NDArray[np.float32]]:
        """The mark of `payload` in each phase, (len(y), len(x)), mean square one, at places in tiles."""
        carriers = self.carriers(payload) * self.turns
        symbols = (carriers[:, 0::2] + 1j * carriers[:, 1::2]) / np.sqrt(2)
        amplitude = np.hypot(*self.waves.f.T) ** -TILT
        amplitude *= math.sqrt(2 / np.sum(amplitude**2))
        marks = []
        for turning, data in zip(self.turning_symbols, symbols, strict=True):
            waves = np.concatenate([self.pilot_symbols, turning, data]) * amplitude
            marks.append(self.waves.field(waves, x, y).real.astype(np.float32))
        return marks

    def likelihoods(self, carriers: NDArray[np.float64]) -> NDArray[np.float32]:
        """LLRs (1024,) of the code bits from those of the carriers (2 N,)."""
        carriers = carriers * self.signs
        return np.bincount(self.order, carriers, CODE.length).astype(np.float32)

    def place(self, payload: bytes) -> tuple[float, float, int]:
        """Where this record's tile begins (x, y), 0..1 tile, and the phase that it starts with.

        It differs for each record, so that averaging clips of one key does not add their marks up.
        """
        raw = np.frombuffer(_derive(self.secret, b"place" + payload, 24), "<u8")
        return float(raw[0]) / 2.0**64, float(raw[1]) / 2.0**64, int(raw[2]) % PHASES


def derive(key: bytes) -> Pattern:
    """The pattern of a key of 32 bytes.

    Raises:
        Misconfigured: the key has another size.
    """
    if len(key) != KEY_BYTES:
        raise Misconfigured(f"a watermark key is {KEY_BYTES} bytes", key_bytes=KEY_BYTES)
    stream = _Stream(_derive(key, b"tile", 32))
    ring = _half_ring()
    ring = ring[stream.order(len(ring))] * stream.signs(len(ring)).astype(np.int64)[:, None]
    pilots, turning, data = np.split(ring, [STILL_PILOTS, STILL_PILOTS + TURNING_PILOTS])
    carriers = 2 * len(data)
    turns = stream.signs(PHASES * carriers).reshape(PHASES, carriers)
    turns[:, : 2 * STILL_DATA] = 1.0
    return Pattern(
        key_id=_derive(key, b"id", 8).hex(),
        check=_derive(key, b"check", 1)[0] & 15,
        secret=_derive(key, b"records", 32),
        pilots=Waves(pilots),
        pilot_symbols=stream.phases(STILL_PILOTS),
        turning=Waves(turning),
        turning_symbols=stream.phases(PHASES * TURNING_PILOTS).reshape(PHASES, TURNING_PILOTS),
        data=Waves(data),
        order=np.concatenate([stream.order(CODE.length) for _ in range(0, carriers, CODE.length)])[:carriers],
        signs=stream.signs(carriers),
        turns=turns,
    )


def _half_ring() -> NDArray[np.int64]:
    """One of each pair f, -f in the ring, in a fixed order."""
    reach = int(HIGH)
    fy, fx = np.mgrid[0 : reach + 1, -reach : reach + 1]
    radius = np.hypot(fx, fy)
    keep = (radius >= LOW) & (radius < HIGH) & ((fy > 0) | (fx > 0))
    return np.stack([fx[keep], fy[keep]], -1).astype(np.int64)


def _derive(key: bytes, purpose: bytes, size: int) -> bytes:
    return HKDF(SHA256(), size, salt=None, info=b"dev.sitter.watermark.v2 " + purpose).derive(key)


class _Stream:
    """Choices from a ChaCha20 key stream, made of raw words only: they never change with a library."""

    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor()

    def _words(self, count: int) -> NDArray[np.uint64]:
        return np.frombuffer(self._cipher.update(bytes(8 * count)), "<u8")

    def order(self, count: int) -> NDArray[np.int64]:
        return np.argsort(self._words(count), kind="stable")

    def signs(self, count: int) -> NDArray[np.float64]:
        return 1.0 - 2.0 * (self._words(count) >> np.uint64(63)).astype(float)

    def phases(self, count: int) -> Complex:
        phases: Complex = np.exp(2j * np.pi * (self._words(count) / 2.0**64))
        return phases
