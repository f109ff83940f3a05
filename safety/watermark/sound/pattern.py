"""What the key fixes: 32.8 seconds of carriers that repeat.

Every coefficient of `lapped` has a sign by the key. Some, chosen by the key, are *pilots*: they are known
and show where in the pattern a recording lies. The others each carry one of the 1,024 code bits, in an order
by the key in which every run of 1,024 carriers (a tenth of a second) holds each code bit once: any stretch
carries the whole message. Every record begins at another place of the pattern, so that averaging recordings
of one key does not add their marks up.

All choices are read from a ChaCha20 stream (RFC 8439) under HKDF-SHA-256 (RFC 5869) of the key, with
purposes of their own: knowing the picture's pattern tells nothing about the sound's.
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
from safety.watermark.sound.lapped import BINS, HOP, Samples, synthesize

KEY_BYTES = 32
FRAMES = 2048
PERIOD = FRAMES * HOP  # samples: 32.768 s
PILOTS = 0.18  # share of the carriers
CODE = PolarCode(1024, MESSAGE_BITS, paths=64)

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SoundPattern:
    """One key's carriers.

    Attributes:
        key_id: 16 hex digits that do not reveal the key.
        check: the 4-bit key check inside the message.
        secret: from which the place of each record comes.
        signs: (FRAMES, BINS) +-1.
        pilots: (FRAMES, BINS) which carriers are pilots.
        order: (data carriers,) the code bit of each, in the order of `~pilots`.
        spectrum: (PERIOD / 2 + 1,) of one period of the pilots' sound.
    """

    key_id: str
    check: int
    secret: bytes = field(repr=False)
    signs: Floats
    pilots: NDArray[np.bool_]
    order: NDArray[np.int64]
    spectrum: NDArray[np.complex64]

    def carriers(self, payload: bytes) -> Floats:
        """(FRAMES, BINS) signs that say `payload`; 0 at the pilots."""
        word = CODE.encode(frame(payload, self.check))
        signs = np.zeros((FRAMES, BINS), np.float32)
        signs[~self.pilots] = self.signs[~self.pilots] * (1.0 - 2.0 * word[self.order])
        return signs

    def wave(self, payload: bytes) -> Samples:
        """(PERIOD,) one period of the mark of `payload`, unshaped, from its place on."""
        wave = circular(self.carriers(payload) + self.signs * self.pilots)
        return np.roll(wave, -self.place(payload))

    def place(self, payload: bytes) -> int:
        """Where in the period a recording of `payload` begins, in samples."""
        raw = int.from_bytes(_derive(self.secret, b"place" + payload, 8), "little")
        return raw % PERIOD

    def likelihoods(self, readings: Floats) -> Floats:
        """(1024,) for the code bits from readings (FRAMES, BINS) of the carriers."""
        data = (readings * self.signs)[~self.pilots]
        return np.bincount(self.order, data, CODE.length).astype(np.float32)


def circular(coefficients: Floats) -> Samples:
    """(PERIOD,) samples of (FRAMES, BINS) coefficients that repeat."""
    samples = synthesize(coefficients)
    samples[:HOP] += samples[PERIOD:]
    return samples[:PERIOD]


def derive(key: bytes) -> SoundPattern:
    """The pattern of a key of 32 bytes.

    Raises:
        Misconfigured: the key has another size.
    """
    if len(key) != KEY_BYTES:
        raise Misconfigured(f"a watermark key is {KEY_BYTES} bytes", key_bytes=KEY_BYTES)
    stream = Cipher(algorithms.ChaCha20(_derive(key, b"carriers", 32), bytes(16)), mode=None).encryptor()

    def words(*shape: int) -> NDArray[np.uint64]:
        return np.frombuffer(stream.update(bytes(8 * int(np.prod(shape)))), "<u8").reshape(shape)

    signs = 1.0 - 2.0 * (words(FRAMES, BINS) >> np.uint64(63)).astype(np.float32)
    pilots = words(FRAMES, BINS) < np.uint64(int(PILOTS * 2**64))
    count = int((~pilots).sum())
    order = np.argsort(words(-(-count // CODE.length), CODE.length), axis=1, kind="stable")
    return SoundPattern(
        key_id=_derive(key, b"id", 8).hex(),
        check=_derive(key, b"check", 1)[0] & 15,
        secret=_derive(key, b"records", 32),
        signs=signs,
        pilots=pilots,
        order=order.reshape(-1)[:count],
        spectrum=np.fft.rfft(circular(signs * pilots)).astype(np.complex64),
    )


def _derive(key: bytes, purpose: bytes, size: int) -> bytes:
    return HKDF(SHA256(), size, salt=None, info=b"dev.sitter.watermark.sound.v1 " + purpose).derive(key)
