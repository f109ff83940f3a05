"""A polar code with successive-cancellation list decoding.

Arikan, "Channel polarization", IEEE Trans. Inf. Theory 55 (2009); list decoding with an outer CRC: Tal and
Vardy, IEEE Trans. Inf. Theory 61 (2015). Bit channels are ranked by polarization weight with beta = 2^(1/4)
(He et al., GLOBECOM 2017), which needs no design SNR. Frozen and repetition subtrees are decoded at once
(Hashemi et al., 2017).
"""

from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]
Floats = NDArray[np.float32]
_Node = tuple[Bits, NDArray[np.intp]]
T = TypeVar("T", bound=np.generic)


class PolarCode:
    """`bits` information bits in a word of `length` (a power of two); decoding keeps `paths` candidates."""

    def __init__(self, length: int, bits: int, paths: int) -> None:
        self.length, self.bits, self.paths = length, bits, paths

    @cached_property
    def information(self) -> NDArray[np.intp]:
        """The (bits,) positions that carry information, ascending."""
        index = np.arange(self.length)
        digits = index[:, None] >> np.arange(self.length.bit_length() - 1) & 1
        weight = digits @ 2 ** (np.arange(digits.shape[1]) / 4)
        return np.sort(np.lexsort((index, weight))[-self.bits :])

    def encode(self, message: Bits) -> Bits:
        """Code words (..., length) of messages (..., bits)."""
        word = np.zeros((*message.shape[:-1], self.length), np.uint8)
        word[..., self.information] = message
        return _transform(word)

    def decode(self, llr: Floats) -> Bits:
        """Candidates (B, paths, bits), likeliest first, of likelihood ratios (B, length), positive for 0."""
        mask = np.zeros(self.length, bool)
        mask[self.information] = True
        decoder = _ListDecoder(mask, self.paths, len(llr))
        words, _ = decoder.node(llr[:, None, :].astype(np.float32), 0)
        best = np.argsort(decoder.metric, axis=1)
        return _transform(np.take_along_axis(words, best[:, :, None], 1))[..., self.information]


def _transform(word: Bits) -> Bits:
    """Multiply by the Kronecker power of [[1, 0], [1, 1]], its own inverse over GF(2)."""
    shape, half = word.shape, 1
    while half < shape[-1]:
        pairs = word.reshape(*shape[:-1], -1, 2, half).copy()
        pairs[..., 0, :] ^= pairs[..., 1, :]
        word, half = pairs.reshape(shape), half * 2
    return word


class _ListDecoder:
    """One decoding of B words side by side; paths grow from one to the limit.

    A node takes the LLRs (B, paths now, n) of its subtree and gives the decided bits and, for each path alive
    after it, which path it descends from, so that its parent can reorder what it holds.
    """

    def __init__(self, information: NDArray[np.bool_], paths: int, batch: int) -> None:
        self.information, self.paths = information, paths
        self.metric = np.zeros((batch, 1), np.float32)

    def node(self, llr: Floats, start: int) -> _Node:
        n = llr.shape[-1]
        info = self.information[start : start + n]
        if not info.any():
            self.metric = self.metric + np.logaddexp(0, -llr).sum(-1)
            return np.zeros(llr.shape, np.uint8), _identity(self.metric)
        if not info[:-1].any():
            return self._repetition(llr)
        left, right = llr[..., : n // 2], llr[..., n // 2 :]
        first, origin = self.node(np.logaddexp(0, left + right) - np.logaddexp(left, right), start)
        left, right = _pick(left, origin), _pick(right, origin)
        second, later = self.node(right + np.where(first, -left, left), start + n // 2)
        first = _pick(first, later)
        return np.concatenate([first ^ second, second], -1), np.take_along_axis(origin, later, 1)

    def _repetition(self, llr: Floats) -> _Node:
        """Fork every path on one repeated bit and keep the likeliest."""
        zero = self.metric + np.logaddexp(0, -llr).sum(-1)
        one = self.metric + np.logaddexp(0, llr).sum(-1)
        forks, alive = np.concatenate([zero, one], 1), self.metric.shape[1]
        if 2 * alive > self.paths:
            keep = np.argpartition(forks, self.paths - 1, axis=1)[:, : self.paths]
        else:
            keep = np.broadcast_to(np.arange(2 * alive), forks.shape)
        self.metric = np.take_along_axis(forks, keep, 1)
        bit = (keep >= alive).astype(np.uint8)
        return np.repeat(bit[:, :, None], llr.shape[-1], 2), keep % alive


def _identity(metric: Floats) -> NDArray[np.intp]:
    return np.broadcast_to(np.arange(metric.shape[1]), metric.shape)


def _pick(values: NDArray[T], paths: NDArray[np.intp]) -> NDArray[T]:
    return np.take_along_axis(values, paths[:, :, None], 1)
