"""Fingerprints of version 1, as the first releases stored them, are read and compared."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from perception.audio import Speech
from safety.errors import StoreUnavailable
from safety.fingerprint import Fingerprint, compare, fingerprint
from safety.fingerprint.heard import same_sound
from safety.fingerprint.sound import changes
from tests.talking import FPS, Frames, speech, talking, timed, transcoded

HEADER = struct.Struct(">3sBIB")
STEP, REACH, LAG, SIDE, WAVES = 0.08, 0.12, 3, 32, 48
LUMA = np.array([0.2126, 0.7152, 0.0722])


def waves(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The 48 lowest frequencies of one picture, brightness and contrast taken out."""
    row, column = np.mgrid[0:SIDE, 0:SIDE]
    order = np.lexsort((row.ravel(), (row**2 + column**2).ravel()))[1 : WAVES + 1]
    luma = np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX), float) @ LUMA
    return np.asarray(dctn((luma - luma.mean()) / luma.std(), norm="ortho").ravel()[order])


def packed(levels: NDArray[np.float64], bits: int) -> bytes:
    codes = levels.ravel().astype(np.int8).astype(np.uint8) & (2**bits - 1)
    return np.packbits((codes[:, None] >> np.arange(bits - 1, -1, -1, dtype=np.uint8)) & 1).tobytes()


def version1(frames: Frames, sound: Speech) -> bytes:
    """What the first releases stored of frames at 25 a second."""
    seen = np.stack([waves(frame) for frame in frames])
    at = np.arange(len(frames)) / FPS
    count = int(np.floor((at[-1] + REACH) / STEP)) + 1
    away = np.abs(np.arange(count)[:, None] * STEP - at) / REACH
    near = np.where(away < 1 + 1e-6, np.maximum(1 - away, 1e-3), 0)
    samples = near @ seen / near.sum(1, keepdims=True)
    moved = np.zeros_like(samples)
    moved[LAG - 1 : -1] = samples[LAG:] - samples[:-LAG]
    levels = np.sign(moved) * np.minimum(np.rint(np.sqrt(np.abs(moved) / 0.05) - 0.5), 7)
    values = changes(sound)[:count]
    heard = np.zeros((count, 16))
    heard[: len(values)] = np.sign(values) * (np.abs(values) > 0.5)
    return b"".join([
        HEADER.pack(b"SFP", 1, count, 1), packed(levels, 4),
        packed(np.clip(np.rint(samples[::3] / 0.2), -31, 31), 6), packed(heard, 2),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def stored() -> bytes:
    return version1(talking("mira", 21), speech("welcome"))


def test_a_copy_of_an_old_release_is_recognised(stored: bytes) -> None:
    """Read without an error; the same clip, and nothing altered."""
    old = Fingerprint.from_bytes(stored)
    assert old.seconds == pytest.approx(8.1, abs=0.2)
    copy = fingerprint(transcoded(talking("mira", 21)), speech("welcome"))
    comparison = compare(old, copy)
    assert comparison.same_clip
    assert comparison.altered == ()
    assert same_sound(old, copy)


def test_replaced_seconds_of_an_old_release_are_found(stored: bytes) -> None:
    """Two seconds of another portrait."""
    frames = [*talking("mira", 21)[:75], *talking("pip", 71)[75:125], *talking("mira", 21)[125:]]
    comparison = compare(Fingerprint.from_bytes(stored), fingerprint(timed(frames), speech("welcome")))
    assert comparison.same_clip
    (span,) = comparison.altered
    assert (span.start, span.end) == pytest.approx((3.0, 5.0), abs=0.5)


def test_another_clip_is_not_an_old_release(stored: bytes) -> None:
    """The same portrait saying something else."""
    other = fingerprint(timed(talking("mira", 72)), speech("promise"))
    assert not compare(Fingerprint.from_bytes(stored), other).same_clip


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, 40), value=st.integers(0, 255))
def test_damaged_old_bytes_raise_our_error(stored: bytes, cut: int, value: int) -> None:
    """A cut, more bytes than there should be, or another count of samples."""
    for data in (stored[:-cut], stored + bytes([value]), stored[:4] + bytes(4) + stored[8:]):
        with pytest.raises(StoreUnavailable):
            Fingerprint.from_bytes(data)
