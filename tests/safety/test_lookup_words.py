"""Words of sound and movement: the same in copies, others in other clips, and kept as bytes."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from perception.audio import Speech
from safety.errors import StoreUnavailable
from safety.lookup.motion import WEAK, amounts, words
from safety.lookup.search import LEAST_VOTES, SEEN
from safety.lookup.sound import landmarks, near_landmarks
from safety.lookup.words import SEARCHED, SOUND, WRAP, Words, read_words
from service.demo.characters import draw
from service.demo.make_speech import FOLDER, read

Frames = list[NDArray[np.uint8]]
FPS = 25
NEEDED = LEAST_VOTES // SEEN  # moments of movement that make a candidate


@cache
def moving(seed: int, seconds: float = 8.0) -> Frames:
    """A drawn portrait that is pushed about, and whose lower part stirs by itself."""
    rng, count = np.random.default_rng(seed), round(seconds * FPS)
    picture = draw("mira", 160)
    paths = gaussian_filter1d(rng.standard_normal((count, 3)), 4, axis=0)
    right, down, lips = (np.rint(paths / paths.std(0) * (5, 3, 4))).astype(int).T
    frames = []
    for k in range(count):
        frame = np.roll(picture, (down[k], right[k]), (0, 1))
        frame[100:130, 60:100] = np.roll(frame[100:130, 60:100], lips[k], 0)
        frames.append(frame)
    return frames


@cache
def talk(name: str) -> Speech:
    samples = read(FOLDER / f"{name}.flac")
    return Speech(samples.astype(np.float32), 16000)


def timed(frames: Frames) -> list[tuple[float, NDArray[np.uint8]]]:
    return [(k / FPS, frame) for k, frame in enumerate(frames)]


def agreeing(
    one: tuple[NDArray[np.uint32], NDArray[np.float64]], two: tuple[NDArray[np.uint32], NDArray[np.float64]]
) -> int:
    """Moments of the second at which a word of the first stands at the same time."""
    found = {(int(word), round(at / 0.08)) for word, at in zip(*one, strict=True)}
    return len({
        at for word, at in zip(*two, strict=True)
        if any((int(word), round(at / 0.08) + step) in found for step in (-1, 0, 1))
    })  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame[:, ::-1],
        lambda frame: frame[16:144, 16:144],
        lambda frame: frame[:128, :128],
        lambda frame: np.clip(frame * 0.8 + 20, 0, 255).astype(np.uint8),
        lambda frame: np.asarray(Image.fromarray(frame).resize((96, 96))),
    ],
    ids=["mirrored", "middle 80 %", "corner 80 %", "paler", "smaller"],
)
def test_movement_is_recognised(change: object) -> None:
    """A changed copy has more words of the original than a search needs; another clip has fewer."""
    ours, other = words(amounts(timed(moving(1)))), words(amounts(timed(moving(2))))
    copy = words(amounts(timed([change(frame) for frame in moving(1)])), WEAK)  # type: ignore[operator]
    assert len(ours[0]) >= 5
    assert agreeing(ours, copy) >= NEEDED
    assert agreeing(other, copy) < NEEDED


def test_movement_does_not_depend_on_the_frame_rate() -> None:
    """Every second frame still tells the same peaks."""
    ours = words(amounts(timed(moving(1))))
    assert agreeing(ours, words(amounts(timed(moving(1))[::2]), WEAK)) >= NEEDED


def test_a_still_picture_says_nothing() -> None:
    """No movement, no recording: no word of movement is made of a clip too short for one, or of none."""
    assert len(words(amounts(timed([draw("mira", 160)] * 30)))[0]) == 0
    assert len(read_words((), None).kept) == 0


def test_sound_is_recognised() -> None:
    """Through noise and another level; another recording has next to nothing in common."""
    speech = talk("welcome")
    noise = np.random.default_rng(3).standard_normal(len(speech.samples)) * speech.samples.std() * 0.1
    noisy = Speech((0.5 * (speech.samples + noise)).astype(np.float32), speech.rate)
    ours = landmarks(speech)
    same, other = agreeing(ours, near_landmarks(noisy)), agreeing(ours, near_landmarks(talk("goodbye")))
    assert same >= 20
    assert other <= same / 4


def test_silence_has_no_words() -> None:
    """Nor has a recording shorter than a window."""
    for samples in (np.zeros(48000, np.float32), np.zeros(10, np.float32)):
        assert len(landmarks(Speech(samples))[0]) == 0


def test_both_kinds_are_told_apart() -> None:
    """Words of sound carry their bit, words of movement do not; times rise; the sought hold the kept."""
    content = read_words(timed(moving(1)), talk("welcome"))
    kept = content.kept
    assert (kept.word >= SOUND).any()
    assert (kept.word < SOUND).any()
    assert (np.diff(kept.at.astype(int)) >= 0).all()
    sought = set(zip(content.sought.word.tolist(), content.sought.at.tolist(), strict=True))
    moved = kept.word < SOUND
    assert set(zip(kept.word[moved].tolist(), kept.at[moved].tolist(), strict=True)) <= sought


def test_a_long_recording_is_looked_for_in_parts() -> None:
    """Beginning, middle and end; all of it is kept."""
    samples = np.tile(talk("welcome").samples, 60)
    content = read_words((), Speech(samples[: 16000 * 300], 16000))
    at = content.sought.at * 0.08
    assert content.kept.at.max() * 0.08 > 290
    assert not ((at > SEARCHED + 1) & (at < 119)).any()
    assert ((at > 125) & (at < 175)).any()


@given(
    st.lists(st.tuples(st.integers(0, 2 * SOUND - 1), st.integers(0, WRAP - 1)), max_size=50),
    st.binary(max_size=40),
)
@settings(max_examples=50)
def test_bytes(pairs: list[tuple[int, int]], junk: bytes) -> None:
    """They come back as they were; anything else is refused with our error."""
    array = np.asarray(pairs, np.int64).reshape(-1, 2)
    kept = Words(array[:, 0].astype(np.uint32), array[:, 1].astype(np.uint16))
    data = kept.to_bytes()
    again = Words.from_bytes(data)
    assert (again.word == kept.word).all()
    assert (again.at == kept.at).all()
    for damaged in (junk, data[:-1], data + b"x", data[:4] + b"\xff\xff\xff\xff" + data[8:]):
        if damaged != data:
            with pytest.raises(StoreUnavailable):
                Words.from_bytes(damaged)
