"""The message and its polar code."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.errors import Misconfigured
from safety.watermark import payload as messages
from safety.watermark.demodulate import orders
from safety.watermark.pattern import CODE, PHASES

BYTES = st.binary(min_size=12, max_size=12)


def received(word: np.ndarray, z: float, seed: int) -> np.ndarray:
    """Log-likelihood ratios of a code word under Gaussian noise, at correlation z over the whole word."""
    amplitude = z / np.sqrt(len(word))
    values = amplitude * (1 - 2.0 * word) + np.random.default_rng(seed).normal(size=len(word))
    return (2 * amplitude * values).astype(np.float32)


def decode(llr: np.ndarray, check: int) -> bytes | None:
    readings = (messages.parse(message, check) for message in CODE.decode(llr[None])[0])
    return next((reading for reading in readings if reading is not None), None)


@given(BYTES, st.integers(0, 15))
def test_a_message_gives_its_payload_back(payload: bytes, check: int) -> None:
    """What is framed is parsed, under the same key check only."""
    bits = messages.frame(payload, check)
    assert bits.shape == (messages.MESSAGE_BITS,)
    assert messages.parse(bits, check) == payload
    assert messages.parse(bits, check ^ 1) is None


@given(BYTES, st.sets(st.integers(0, messages.MESSAGE_BITS - 1), min_size=1, max_size=3))
def test_flipped_bits_are_refused(payload: bytes, flips: set[int]) -> None:
    """A CRC-32 finds every error of up to three bits in a message this short."""
    bits = messages.frame(payload, 5)
    bits[list(flips)] ^= 1
    assert messages.parse(bits, 5) is None


def test_nothing_is_not_a_message() -> None:
    """All zeros, the word that an empty picture favours, does not parse under any key check."""
    zeros = np.zeros(messages.MESSAGE_BITS, np.uint8)
    assert all(messages.parse(zeros, check) is None for check in range(16))


@pytest.mark.parametrize("size", [0, 11, 13])
def test_other_sizes_are_refused(size: int) -> None:
    """A payload is exactly 12 bytes."""
    with pytest.raises(Misconfigured, match="12 bytes"):
        messages.frame(bytes(size), 0)


@settings(max_examples=20, deadline=None)
@given(BYTES, st.integers(0, 2**32 - 1))
def test_the_code_corrects_noise(payload: bytes, seed: int) -> None:
    """At z = 19, 1.5 dB over what list decoding needs, every word comes back, 10 % of its bits wrong."""
    word = CODE.encode(messages.frame(payload, 3))
    llr = received(word, 19.0, seed)
    assert np.mean((llr < 0) != word) > 0.1
    assert decode(llr, 3) == payload


@settings(max_examples=20, deadline=None)
@given(BYTES, st.integers(0, 2**32 - 1), st.floats(0.0, 11.0))
def test_beyond_capacity_there_is_no_reading(payload: bytes, seed: int, z: float) -> None:
    """Under Shannon's limit (z = 13.3 for 128 bits) the decoder says nothing rather than something else."""
    word = CODE.encode(messages.frame(payload, 3))
    assert decode(received(word, z, seed), 3) in (None, payload)


def test_the_code_is_linear_and_fills_the_word() -> None:
    """The sum of two words is the word of the sum, and any two words differ in at least 32 places."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 2, (2, 200, messages.MESSAGE_BITS)).astype(np.uint8)
    assert np.array_equal(CODE.encode(a) ^ CODE.encode(b), CODE.encode(a ^ b))
    assert CODE.encode(np.eye(messages.MESSAGE_BITS, dtype=np.uint8)).sum(-1).min() >= 32


def test_a_batch_decodes_as_its_parts() -> None:
    """Words decoded side by side give what each gives alone."""
    words = [CODE.encode(messages.frame(bytes([i]) * 12, 3)) for i in range(3)]
    llr = np.stack([received(word, 20.0, i) for i, word in enumerate(words)])
    together = CODE.decode(llr)
    for i in range(3):
        assert np.array_equal(together[i, 0], CODE.decode(llr[i : i + 1])[0, 0])


def test_phases_are_followed_through_a_disturbance_that_stays() -> None:
    """The picture favours one phase all the time: what is seen most is wrong, what changes is right."""
    true = np.array([2, 2, 3, 3, 0, 0])
    seen = np.eye(PHASES)[true] * 5 + np.array([0.0, 9.0, 0.0, 0.0])
    found = [phases.tolist() for phases in orders(seen)]
    assert found == [[1] * 6, true.tolist()]


def test_a_phase_that_a_codec_keeps_is_one_answer() -> None:
    """Where nothing changes, the phase that all pictures show comes first."""
    seen = np.tile(np.array([0.0, 0.0, 3.0, 0.0]), (4, 1))
    assert orders(seen)[0].tolist() == [2] * 4
    assert [phases.tolist() for phases in orders(seen[:1])] == [[2]]
