"""The content index: finds one clip among many, is made again from the records, believes no damaged file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from safety.errors import StoreUnavailable
from safety.lookup import index as module
from safety.lookup.index import ContentIndex
from safety.lookup.search import LEAST_VOTES, search
from safety.lookup.segment import MOST_CLIPS, SUFFIX, merged, postings_of, read_segment, write_segment
from safety.lookup.words import SOUND, WRAP, Words


class Shelf:
    """Records in memory: number -> (record id, words); numbers as the store gives them."""

    def __init__(self, count: int = 0) -> None:
        self.rows: dict[int, tuple[str, bytes]] = {}
        for seed in range(count):
            self.add(clip(seed))

    def add(self, words: Words) -> str:
        number = max(self.rows, default=0) + 1
        self.rows[number] = (f"{number:024x}", words.to_bytes())
        return self.rows[number][0]

    def contents(self, after: int, most: int) -> Sequence[tuple[int, str, bytes]]:
        numbers = sorted(number for number in self.rows if number > after)[:most]
        return [(number, *self.rows[number]) for number in numbers]

    def numbered(self, numbers: Sequence[int]) -> dict[int, str]:
        return {number: self.rows[number][0] for number in numbers if number in self.rows}


def clip(seed: int, count: int = 60) -> Words:
    """Random words of both kinds over ten seconds."""
    rng = np.random.default_rng(seed)
    word = rng.integers(0, 2 * SOUND, count).astype(np.uint32)
    return Words(word, np.sort(rng.integers(0, 125, count)).astype(np.uint16))


def part(words: Words, start: int, end: int) -> Words:
    """As a copy that begins at `start` steps has them."""
    inside = (words.at >= start) & (words.at < end)
    return Words(words.word[inside], (words.at[inside] - start).astype(np.uint16))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of a few clips, so that a few clips make several."""
    monkeypatch.setattr(module, "FLUSH", 300)
    monkeypatch.setattr(module, "ROWS", 7)


def test_one_of_many_is_found(tmp_path: Path) -> None:
    """By a part of it, with the shift of that part; what is not there finds nothing."""
    index = ContentIndex(tmp_path / "lookup", Shelf(200))
    (best, *others) = index.search(part(clip(150), 40, 90))
    assert best.record_id == f"{151:024x}"
    assert best.shift == 40
    assert not others
    assert index.search(clip(9999)) == []


def test_what_is_released_later_is_found_at_once(tmp_path: Path) -> None:
    """And still after the next start, from the files."""
    shelf = Shelf(20)
    index = ContentIndex(tmp_path / "lookup", shelf)
    name = shelf.add(clip(777))
    assert [each.record_id for each in index.search(clip(777))] == [name]
    again = ContentIndex(tmp_path / "lookup", shelf)
    assert [each.record_id for each in again.search(clip(777))] == [name]
    assert again.last == 21


def test_times_may_wrap(tmp_path: Path) -> None:
    """A clip longer than the counter of times is found across its end."""
    shelf = Shelf(3)
    whole = clip(5)
    name = shelf.add(Words(whole.word, ((whole.at.astype(int) + WRAP - 60) % WRAP).astype(np.uint16)))
    assert ContentIndex(tmp_path / "l", shelf).search(whole)[0].record_id == name


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone", "foreign"])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: str) -> None:
    """Whatever happened to a segment, the clips in it are found after the next start."""
    folder, shelf = tmp_path / "lookup", Shelf(40)
    ContentIndex(folder, shelf)
    path = sorted(folder.glob(f"*{SUFFIX}"))[0]
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    done = {"flip": bytes(data), "cut": path.read_bytes()[:-8], "empty": b"", "foreign": b"x" * 4000}
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(done[damage])
    if damage != "gone":
        with pytest.raises(StoreUnavailable):
            read_segment(path)
    index = ContentIndex(folder, shelf)
    for seed in (0, 20, 39):
        assert [each.record_id for each in index.search(clip(seed))] == [f"{seed + 1:024x}"]


def test_files_of_other_records_are_not_believed(tmp_path: Path) -> None:
    """After an older copy of the database was restored and others were released: their words count."""
    folder = tmp_path / "lookup"
    ContentIndex(folder, Shelf(40))
    restored = Shelf()
    for seed in range(1000, 1040):
        restored.add(clip(seed))
        restored.rows[seed - 999] = (f"{seed:024x}", restored.rows[seed - 999][1])
    index = ContentIndex(folder, restored)
    assert index.search(clip(3)) == []
    assert [each.record_id for each in index.search(clip(1003))] == [f"{1003:024x}"]


def test_a_deleted_record_is_not_found(tmp_path: Path) -> None:
    """Though its postings are still in a file."""
    shelf = Shelf(40)
    index = ContentIndex(tmp_path / "lookup", shelf)
    assert index.search(clip(7))
    del shelf.rows[8]
    assert index.search(clip(7)) == []


def test_unreadable_words_hide_one_clip_only(tmp_path: Path) -> None:
    """That clip is not found by its content; the others are."""
    shelf = Shelf(5)
    shelf.rows[3] = (shelf.rows[3][0], b"damaged")
    index = ContentIndex(tmp_path / "lookup", shelf)
    assert index.search(clip(2)) == []
    assert [each.record_id for each in index.search(clip(4))] == [f"{5:024x}"]


def test_segments_are_merged(tmp_path: Path) -> None:
    """Many clips make few files, which hold all of them in order and cover each number once."""
    folder = tmp_path / "lookup"
    index = ContentIndex(folder, Shelf(400))
    segments = [read_segment(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    assert len(segments) < 20
    assert [one.last for one in segments[:-1]] == [two.after for two in segments[1:]]
    assert all((np.diff(each.postings.astype(np.int64)) > 0).all() for each in segments)
    assert index.search(clip(0))[0].record_id == f"{1:024x}"


def test_a_kill_between_merge_and_removal_is_harmless(tmp_path: Path) -> None:
    """The merged file and its parts together: each clip is counted once."""
    folder = tmp_path / "lookup"
    folder.mkdir()
    shelf = Shelf(4)
    each = [postings_of(number, clip(number - 1)) for number in range(1, 5)]
    for number in range(1, 5):
        write_segment(folder, number - 1, number, f"{number:024x}", each[number - 1])
    write_segment(folder, 0, 4, f"{4:024x}", merged(each))
    index = ContentIndex(folder, shelf)
    assert len(list(folder.glob(f"*{SUFFIX}"))) == 1
    found = index.search(clip(2))
    assert found[0].votes <= 2 * len(clip(2))


def test_chance_is_no_candidate() -> None:
    """Fewer moments than `LEAST_VOTES` find nothing, however many words stand at one moment."""
    words = Words(np.arange(30, dtype=np.uint32) + SOUND, np.full(30, 7, np.uint16))
    assert search([postings_of(1, words)], words, 5) == []
    spread = Words(words.word[:LEAST_VOTES], np.arange(LEAST_VOTES, dtype=np.uint16) * 9)
    assert [vote.votes for vote in search([postings_of(1, spread)], spread, 5)] == [LEAST_VOTES]


def test_numbers_end(tmp_path: Path) -> None:
    """A number that a posting cannot hold is refused and never mixed with another clip's."""
    for number in (0, MOST_CLIPS + 1):
        with pytest.raises(StoreUnavailable):
            postings_of(number, clip(0))
