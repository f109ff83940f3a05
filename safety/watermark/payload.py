"""The message that the watermark carries: 96 bits of record id, framed so that a wrong reading is refused.

136 bits, most significant first: version (4), key check (4), payload (96), CRC-32 (32). The CRC is the one
of ISO/IEC 13239 (zlib's), over the version, the key check and the payload; its preset makes the all-zero
word invalid.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from safety.errors import Misconfigured

VERSION = 1
VERSION_BITS, KEY_BITS, PAYLOAD_BITS, CRC_BITS = 4, 4, 96, 32
PAYLOAD_BYTES = PAYLOAD_BITS // 8
MESSAGE_BITS = VERSION_BITS + KEY_BITS + PAYLOAD_BITS + CRC_BITS


def frame(payload: bytes, key_check: int) -> NDArray[np.uint8]:
    """The message bits (136,) of a payload of 12 bytes; `key_check` is 0..15, from the key.

    Raises:
        Misconfigured: the payload is not 12 bytes.
    """
    if len(payload) != PAYLOAD_BYTES:
        raise Misconfigured(f"a watermark payload is {PAYLOAD_BYTES} bytes", payload_bytes=PAYLOAD_BYTES)
    body = bytes([VERSION << KEY_BITS | key_check]) + payload
    return np.unpackbits(np.frombuffer(body + zlib.crc32(body).to_bytes(4, "big"), np.uint8))


def parse(message: NDArray[np.uint8], key_check: int) -> bytes | None:
    """The payload of message bits (136,), or None where version, key check or CRC disagree."""
    data = np.packbits(message).tobytes()
    body, crc = data[:-4], int.from_bytes(data[-4:], "big")
    if body[0] != VERSION << KEY_BITS | key_check or zlib.crc32(body) != crc:
        return None
    return body[1:]
