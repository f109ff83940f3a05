"""The viseme network: a stack of dilated convolutions that is fed frame by frame or many at once.

Temporal convolutional network (Bai, Kolter, Koltun 2018), depthwise-separable blocks (Howard et al. 2017). In
numpy, one matrix-vector product a frame: however many frames come at once, each is computed by the same
operations, so a stream and a file hear the same to the last bit. `training/visemes` has it in torch.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.hearing.classes import CLASSES
from engine.hearing.features import BANDS

Array = NDArray[np.float32]
WEIGHTS = Path(__file__).with_name("visemes.npz")
TAPS = 5
_BLOCK = 1_000  # frames at once


@dataclass(frozen=True)
class Layer:
    """A convolution over time of `TAPS` taps, `dilation` frames apart, of which `ahead` frames lie ahead."""

    dilation: int
    ahead: int

    @property
    def behind(self) -> int:
        return (TAPS - 1) * self.dilation - self.ahead


INPUT = Layer(1, 2)
BLOCKS = (
    Layer(1, 2),
    Layer(2, 4),
    Layer(4, 0),
    Layer(8, 0),
    Layer(1, 0),
    Layer(2, 0),
    Layer(4, 0),
    Layer(8, 0),
)
AHEAD = INPUT.ahead + sum(block.ahead for block in BLOCKS)
"""Frames that must be known after one before the network says what it was: 8, 80 ms."""


@cache
def weights() -> dict[str, Array]:
    """The trained weights, read once: see training/visemes/README.md."""
    with np.load(WEIGHTS, allow_pickle=False) as file:
        return {name: file[name].astype(np.float32) for name in file.files}


class Network:
    """One stream's state. Not for use by two threads at once."""

    def __init__(self, trained: dict[str, Array] | None = None) -> None:
        self._weights = weights() if trained is None else trained
        width = self._weights["input.bias"].shape[0]
        sizes = [(INPUT, BANDS), *((block, width) for block in BLOCKS)]
        self._past = [np.zeros((layer.behind, size), np.float32) for layer, size in sizes]

    def feed(self, features: Array) -> Array:
        """(n, 40) features to (n', classes) log probabilities of the frames `AHEAD` behind.

        Of the first `AHEAD` frames none comes out yet; after the last, feed that many of silence.
        """
        parts = [self._feed(features[a : a + _BLOCK]) for a in range(0, len(features), _BLOCK)]
        return np.concatenate(parts) if parts else np.zeros((0, len(CLASSES)), np.float32)

    def _feed(self, features: Array) -> Array:
        w = self._weights
        taps, _ = self._taps(0, INPUT, features)
        x = np.maximum(_product(np.concatenate(taps, 1), w["input.weight"]) + w["input.bias"], 0)
        for i, layer in enumerate(BLOCKS):
            taps, middle = self._taps(i + 1, layer, x)
            y = taps[0] * w[f"{i}.depth"][0]
            for k in range(1, TAPS):
                y = y + taps[k] * w[f"{i}.depth"][k]
            y = np.maximum(_product(y, w[f"{i}.wide"]) + w[f"{i}.wide_bias"], 0)
            x = middle + _product(y, w[f"{i}.narrow"]) + w[f"{i}.narrow_bias"]
        x = _product(np.maximum(x, 0), w["output.weight"]) + w["output.bias"]
        x = x - x.max(1, keepdims=True)
        return np.asarray(x - np.log(np.exp(x).sum(1, keepdims=True)))

    def _taps(self, which: int, layer: Layer, x: Array) -> tuple[list[Array], Array]:
        """What each tap of the convolution sees, and its middle, for every frame now complete."""
        z = np.concatenate((self._past[which], x))
        context = (TAPS - 1) * layer.dilation
        count = max(0, len(z) - context)
        self._past[which] = z[count:].copy()
        taps = [z[k * layer.dilation : k * layer.dilation + count] for k in range(TAPS)]
        return taps, z[layer.behind : layer.behind + count]


def _product(x: Array, matrix: Array) -> Array:
    return np.asarray((x[:, None, :] @ matrix)[:, 0])
