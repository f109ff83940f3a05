"""What the decoding process writes: framed JSON headers, each followed by the array that it announces.

    4 bytes big-endian length | JSON header | raw array bytes, little-endian, C order

The reader (`perception.sandbox`) takes nothing else: no pickles, no types, no sizes beyond what it asked for.
"""

import json
import os
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 65_536  # longest header either side accepts
DTYPES = {"uint8": np.uint8, "float32": np.float32}

Array: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]


class Pipe:
    """The writing end, in the decoding process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, kind: str, array: Array | None = None, **fields: object) -> None:
        """Write one message; waits while the reader is busy."""
        header: dict[str, object] = {"kind": kind, **fields}
        if array is not None:
            header |= {"shape": array.shape, "dtype": array.dtype.name}
        text = json.dumps(header).encode()
        self._write(memoryview(len(text).to_bytes(4, "big") + text))
        if array is not None:
            self._write(np.ascontiguousarray(array).reshape(-1).data.cast("B"))

    def _write(self, data: memoryview) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]


def parse_header(text: bytes) -> dict[str, Any]:
    """The header as a dict with a string `kind`. Raises ValueError for anything else."""
    header = json.loads(text)
    if not isinstance(header, dict) or not isinstance(header.get("kind"), str):
        raise ValueError("not a header")
    return header


def array_size(header: dict[str, Any], most_bytes: int) -> tuple[tuple[int, ...], Any, int]:
    """Shape, dtype and bytes of the array that a header announces. Raises ValueError over `most_bytes`."""
    shape, dtype = header.get("shape"), DTYPES.get(str(header.get("dtype")))
    if not isinstance(shape, list) or dtype is None or not 1 <= len(shape) <= 3:
        raise ValueError("not an array")
    size = np.dtype(dtype).itemsize
    for side in shape:
        if type(side) is not int or side < 0:
            raise ValueError("not a shape")
        size *= side
    if size > most_bytes:
        raise ValueError("a larger array than was asked for")
    return tuple(shape), dtype, size
