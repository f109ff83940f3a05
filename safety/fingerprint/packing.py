"""Small signed levels to bytes and back."""

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.int8]


def packed(levels: Levels, bits: int) -> bytes:
    """Signed levels, `bits` each (two's complement), most significant first."""
    codes = (levels.ravel().astype(np.uint8) & (2**bits - 1))[:, None]
    return np.packbits((codes >> np.arange(bits - 1, -1, -1, dtype=np.uint8)) & 1).tobytes()


def unpacked(data: bytes, bits: int) -> Levels:
    """What `packed` was given, flat."""
    digits = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(-1, bits).astype(np.int16)
    codes = digits @ (1 << np.arange(bits - 1, -1, -1)).astype(np.int16)
    return np.where(codes >= 2 ** (bits - 1), codes - 2**bits, codes).astype(np.int8)
