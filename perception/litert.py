"""A TFLite network on one thread."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@contextmanager
def _hushed() -> Iterator[None]:
    """Without standard error: loading tells of its delegate there, once, and has no setting against it.

    What goes wrong while loading is raised, not written.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class Network:
    """One .tflite file; not for use by two threads at once.

    Args:
        low: what the network wants for black; white is 1.
    """

    def __init__(self, path: Path, low: float) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._low = np.float32(low)
        self._step = np.float32((1 - low) / 255)
        with _hushed():
            self._interpreter = Interpreter(model_path=str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def __call__(self, view: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Run on one (H, W, 3) view; every output, without the batch dimension."""
        self._interpreter.set_tensor(self._input, view[np.newaxis] * self._step + self._low)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]
