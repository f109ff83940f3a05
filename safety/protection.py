"""Keyed protection of templates: what is stored and searched is a secret rotation of the embedding.

Every template and every probe of one encoder is turned by the same orthogonal matrix, made from a key of this
installation. Distances stay exactly what they were, so nothing is lost in matching; templates of another
installation, or embeddings made from photographs, match nothing here and nothing there (unlinkability and
renewability of ISO/IEC 24745, for as long as the key is secret). It stands behind the encryption, not in its
place: whoever has the key turns everything back, and whoever has as many pairs of embedding and stored
template as the embedding has components can work the matrix out.
"""

import hashlib
import threading

import numpy as np
from numpy.typing import NDArray

from safety.errors import Misconfigured

Floats = NDArray[np.float32]

KEY_BYTES = 32
SCHEME = "rotation-1"
"""Written beside each template, so that a later scheme can tell what it finds."""


class Protection:
    """The rotations of one installation, one for each encoder.

    Args:
        key: 32 bytes: `KeyRing.derive("templates")`.

    Raises:
        Misconfigured: the key has another size.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise Misconfigured(f"the key that protects templates has {len(key)} bytes and needs {KEY_BYTES}")
        self._key = key
        self._made: dict[tuple[str, int], Floats] = {}
        self._lock = threading.Lock()

    def apply(self, embedding: Floats, encoder_sha256: str) -> Floats:
        """(D,) or (N, D) unit vectors, turned; float32."""
        return np.asarray(embedding @ self._rotation(encoder_sha256, embedding.shape[-1]), np.float32)

    def _rotation(self, encoder_sha256: str, size: int) -> Floats:
        with self._lock:
            made = self._made.get((encoder_sha256, size))
            if made is None:
                made = _orthonormal(_noise(self._key + encoder_sha256.encode(), size)).astype(np.float32)
                self._made[encoder_sha256, size] = made
            return made


def _noise(secret: bytes, size: int) -> NDArray[np.float64]:
    """(size, size) normal numbers from SHAKE-256 by Box and Muller: the same in every version of numpy."""
    data = hashlib.shake_256(b"sitter templates 1\0" + secret).digest(size * size * 16)
    uniform = (np.frombuffer(data, "<u8").astype(np.float64) + 0.5) / 2.0**64
    radius, angle = uniform[0::2], uniform[1::2]
    normal = np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * angle)
    return np.asarray(normal, np.float64).reshape(size, size)


def _orthonormal(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gram and Schmidt, twice over for rounding. Not LAPACK's QR, whose signs are not promised to stay."""
    made = np.empty_like(rows)
    for i, row in enumerate(rows):
        vector = row
        for _ in range(2):
            vector = vector - made[:i].T @ (made[:i] @ vector)
        made[i] = vector / np.linalg.norm(vector)
    return made
