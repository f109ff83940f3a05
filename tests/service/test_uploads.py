"""Uploads are what their header announced, or an error."""

from pathlib import Path

import pytest

from service.uploads import UploadBroken, collect, spool


def test_parts_are_cut_where_the_header_says() -> None:
    """Chunk borders do not matter."""
    assert collect([b"ab", b"cde", b"f"], [3, 2, 1], 10) == [b"abc", b"de", b"f"]
    assert collect([], [0, 0], 10) == [b"", b""]


@pytest.mark.parametrize("chunks", [[b"abc"], [], [b"abcdefg"], [b"abcdef", b"g"]])
def test_another_number_of_bytes_is_refused(chunks: list[bytes]) -> None:
    """Fewer or more bytes than announced raise, naming the number."""
    with pytest.raises(UploadBroken, match=r"6 bytes|of the 6"):
        collect(chunks, [4, 2], 10)


def test_too_much_is_noticed_before_it_is_kept() -> None:
    """An endless upload is cut at the first chunk over its size."""

    def endless() -> "list[bytes]":
        while True:
            yield b"x" * 1000

    with pytest.raises(UploadBroken, match="more than"):
        collect(endless(), [2500], 10)


def test_a_slow_upload_is_cut_off() -> None:
    """Past its time the next chunk ends it."""
    with pytest.raises(UploadBroken, match="longer than"):
        collect([b"a", b"b"], [2], -1.0)


def test_spooled_to_disk(tmp_path: Path) -> None:
    """The file has exactly the announced bytes; a name that is taken is not overwritten."""
    spool([b"ab", b"c"], 3, tmp_path / "v", 10)
    assert (tmp_path / "v").read_bytes() == b"abc"
    with pytest.raises(Exception, match="cannot be stored"):
        spool([b"x"], 1, tmp_path / "v", 10)
