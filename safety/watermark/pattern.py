"""The keyed tile: which waves carry what. Everything in it comes from the key.

The mark is a sum of plane waves that repeats with a period of one *tile*; the frame's short side is two
tiles. A wave is a pair of whole numbers f (cycles per tile in x and y), LOW <= |f| < HIGH. Two kinds of
waves share the ring: *pilots* are known and show where the tile lies, *data* waves carry two code bits each
in their phase. The mark stands still within a clip: codecs copy what stands still, and drop small changes
(measured: a mark that turns its phase every 8 seconds is lost on flat colour at CRF 33, one that stands
still is read). It lies elsewhere in every clip.

All choices are read from a ChaCha20 stream (RFC 8439) under HKDF-SHA-256 (RFC 5869) of the key, so that
without the key neither places nor signs are known and a forged mark is as likely as a lucky guess.
"""

from dataclasses import dataclass, field

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from safety.errors import Misconfigured
from safety.watermark.payload import MESSAGE_BITS, frame
from safety.watermark.polar import PolarCode

KEY_BYTES = 32
LOW, HIGH = (
    10.0,
    26.0,
)  # cycles per tile: above most picture content, below what codecs and small sizes remove
PILOTS = 180
TILES = 2.0  # tiles along the short side of a frame
CODE = PolarCode(1024, MESSAGE_BITS, paths=64)

Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Waves:
    """Waves `f` (N, 2) in cycles per tile (x, y)."""

    f: NDArray[np.int64]

    def field(self, symbols: Complex, x: NDArray[np.float64], y: NDArray[np.float64]) -> Complex:
        """The complex sum of the waves (len(y), len(x)) at places x and y in tiles."""
        reach = int(HIGH)
        grid = np.zeros((2 * reach + 1, 2 * reach + 1), complex)
        np.add.at(grid, (self.f[:, 1] + reach, self.f[:, 0] + reach), symbols)
        whole = np.arange(-reach, reach + 1)
        return _waves(y, whole) @ grid @ _waves(x, whole).T

    def measure(self, image: NDArray[np.floating], x: NDArray[np.float64], y: NDArray[np.float64]) -> Complex:
        """How much of each wave (..., N) is in images (..., len(y), len(x))."""
        reach = int(HIGH)
        whole = np.arange(-reach, reach + 1)
        across = image @ _waves(x, whole).conj().astype(np.complex64)
        grid = np.swapaxes(np.swapaxes(across, -1, -2) @ _waves(y, whole).conj().astype(np.complex64), -1, -2)
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
    pilots: Waves
    pilot_symbols: Complex
    data: Waves
    order: NDArray[np.int64]  # which code bit each of 2 x N carriers takes
    signs: NDArray[np.float64]  # +-1 for each carrier

    def carriers(self, payload: bytes) -> NDArray[np.float64]:
        """The signs (2 N,) that say `payload`: real and imaginary part of each data wave."""
        word = CODE.encode(frame(payload, self.check))
        signs: NDArray[np.float64] = (1.0 - 2.0 * word[self.order]) * self.signs
        return signs

    def data_symbols(self, payload: bytes) -> Complex:
        """The unit symbols (N,) of the data waves that say `payload`."""
        carriers = self.carriers(payload)
        symbols: Complex = (carriers[0::2] + 1j * carriers[1::2]) / np.sqrt(2)
        return symbols

    def likelihoods(self, carriers: NDArray[np.float64]) -> NDArray[np.float32]:
        """LLRs (1024,) of the code bits from those of the carriers (2 N,)."""
        carriers = carriers * self.signs
        return np.bincount(self.order, carriers, CODE.length).astype(np.float32)

    def place(self, payload: bytes) -> tuple[float, float]:
        """Where this record's tile begins (x, y), 0..1 tile.

        It differs for each record, so that averaging clips of one key does not add their marks up.
        """
        raw = np.frombuffer(_derive(self.secret, b"place" + payload, 16), "<u8") / 2.0**64
        return float(raw[0]), float(raw[1])


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
    pilots, data = np.split(ring, [PILOTS])
    carriers = 2 * len(data)
    return Pattern(
        key_id=_derive(key, b"id", 8).hex(),
        check=_derive(key, b"check", 1)[0] & 15,
        secret=_derive(key, b"records", 32),
        pilots=Waves(pilots),
        pilot_symbols=stream.phases(PILOTS),
        data=Waves(data),
        order=np.concatenate([stream.order(CODE.length), stream.order(CODE.length)])[:carriers],
        signs=stream.signs(carriers),
    )


def _half_ring() -> NDArray[np.int64]:
    """One of each pair f, -f in the ring, in a fixed order."""
    reach = int(HIGH)
    fy, fx = np.mgrid[0 : reach + 1, -reach : reach + 1]
    radius = np.hypot(fx, fy)
    keep = (radius >= LOW) & (radius < HIGH) & ((fy > 0) | (fx > 0))
    return np.stack([fx[keep], fy[keep]], -1).astype(np.int64)


def _derive(key: bytes, purpose: bytes, size: int) -> bytes:
    return HKDF(SHA256(), size, salt=None, info=b"dev.sitter.watermark.v1 " + purpose).derive(key)


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
