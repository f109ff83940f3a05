"""The message that the watermark carries: 96 bits of record id, framed so that a wrong reading is refused.

132 bits, most significant first: version (4), payload (96), CRC-32 (32). The CRC is the one of ISO/IEC 13239
(zlib's), over the version, a 4-bit check of the key and the payload; its preset makes the all-zero word
invalid. The key check is not sent: who reads with a key knows it, and another key's CRC does not agree.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from safety.errors import Misconfigured

VERSION = 2
VERSION_BITS, KEY_BITS, PAYLOAD_BITS, CRC_BITS = 4, 4, 96, 32
PAYLOAD_BYTES = PAYLOAD_BITS // 8
MESSAGE_BITS = VERSION_BITS + PAYLOAD_BITS + CRC_BITS


def frame(payload: bytes, key_check: int) -> NDArray[np.uint8]:
    """The message bits (132,) of a payload of 12 bytes; `key_check` is 0..15, from the key.

    Raises:
        Misconfigured: the payload is not 12 bytes.
    """
    if len(payload) != PAYLOAD_BYTES:
        raise Misconfigured(f"a watermark payload is {PAYLOAD_BYTES} bytes", payload_bytes=PAYLOAD_BYTES)
    body = bytes([VERSION << KEY_BITS | key_check]) + payload
    bits = np.unpackbits(np.frombuffer(body + zlib.crc32(body).to_bytes(4, "big"), np.uint8))
    return np.delete(bits, slice(VERSION_BITS, VERSION_BITS + KEY_BITS))


def parse(message: NDArray[np.uint8], key_check: int) -> bytes | None:
    """The payload of message bits (132,), or None where the version or the CRC disagree."""
    check = np.unpackbits(np.array([key_check << KEY_BITS], np.uint8))[:KEY_BITS]
    data = np.packbits(np.insert(message, VERSION_BITS, check)).tobytes()
    body, crc = data[:-4], int.from_bytes(data[-4:], "big")
    if body[0] != VERSION << KEY_BITS | key_check or zlib.crc32(body) != crc:
        return None
    return body[1:]
