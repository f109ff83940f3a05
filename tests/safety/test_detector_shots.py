"""Cuts are found, and nothing else is one."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from safety.detector.shots import Cuts

Luma = NDArray[np.float32]


def room(seed: int, light: float = 1.0, left: int = 0) -> Luma:
    """A picture of patches, 128 x 96, seen `left` pixels farther to a side."""
    patches = np.random.default_rng(seed).uniform(20, 230, (12, 48))
    wide = np.kron(patches, np.ones((8, 8)))[:, left : left + 128]
    return np.asarray(np.clip(wide * light, 0, 255), np.float32)


def cuts(pictures: Iterable[Luma]) -> list[int]:
    watch = Cuts()
    return [k for k, picture in enumerate(pictures) if watch.is_cut(picture)]


def test_a_cut() -> None:
    """Another room is another shot, once."""
    assert cuts([room(0)] * 10 + [room(1)] * 10 + [room(2)] * 10) == [10, 20]


def test_to_black_and_back() -> None:
    """Black between two shots is a shot of its own."""
    assert cuts([room(0)] * 8 + [np.zeros((96, 128), np.float32)] * 8 + [room(0)] * 8) == [8, 16]


def test_another_size() -> None:
    """A stream that changes its size begins anew."""
    assert cuts([room(0)] * 5 + [room(0)[:40, :40]] * 5) == [5]


@pytest.mark.parametrize(
    "picture",
    [
        lambda k: room(0, light=1.6 if k == 10 else 1.0),
        lambda k: room(0, light=1 - 0.03 * k),
        lambda k: room(0, left=2 * k),
        lambda k: np.full((96, 128), 10.0 + k % 3, np.float32),
        lambda k: room(100 + k),
    ],
    ids=["flash", "fade", "pan", "flat with noise", "flicker throughout"],
)
def test_no_cuts(picture: Callable[[int], Luma]) -> None:
    """What changes slowly, keeps its pattern or is restless throughout is one shot."""
    assert cuts(picture(k) for k in range(30)) == []
