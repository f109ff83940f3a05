"""The log as files that any web server or bucket can serve: C2SP tlog-tiles.

    checkpoint                the signed checkpoint, written last
    tile/<L>/<N>[.p/<W>]      256 hashes of tree level 8 L, or the first W of them
    tile/entries/<N>[.p/<W>]  256 entries, each behind its length in 16 bits

Entries hold ids and commitments: publish them only where those may be seen. Publishing `checkpoint` and
`tile/<L>` alone lets others prove that the log only grows, and shows no entry.
"""

from collections.abc import Iterator
from pathlib import Path

from safety.errors import EvidenceInvalid, StoreUnavailable
from safety.log_view import LogView, head_note
from safety.note import NoteKey
from safety.stores.files import write_whole
from safety.stores.sqlite import Reading

WIDTH = 256
_LEVELS = 8
"""Tree levels that one tile spans."""


def export_tiles(log: LogView, folder: Path, *, entries: bool = True) -> tuple[int, int]:
    """Write or continue an export of the newest checkpoint; an interrupted one is continued by the next.

    Args:
        folder: made if missing. It may hold an earlier export of this log.
        entries: with the entries themselves.

    Returns:
        Entries under the checkpoint, and files written now.

    Raises:
        EvidenceInvalid: the log lacks a hash, or `folder` holds an export of another history.
        StoreUnavailable: a file cannot be written.
    """
    written = 0
    with log.db.reading() as rx:
        note = head_note(rx)
        size = log.key.open(note).size
        _check_grows(folder, log.key, size)
        for name, data in _files(rx, size, entries):
            written += _put(folder / name, data)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "checkpoint", note.encode())
    return size, written


def tile_name(number: int, width: int = WIDTH) -> str:
    """Path of tile `number`: groups of three digits, all but the last with an x (tlog-tiles)."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups) + ("" if width == WIDTH else f".p/{width}")


def _files(rx: Reading, size: int, entries: bool) -> Iterator[tuple[str, bytes]]:
    level, count = 0, size
    while count:
        for number, width in _tiles(count):
            yield f"tile/{level}/{tile_name(number, width)}", _hashes(rx, level, number, width)
        level, count = level + 1, count >> _LEVELS
    if entries:
        for number, width in _tiles(size):
            yield f"tile/entries/{tile_name(number, width)}", _bundle(rx, number, width)


def _tiles(count: int) -> Iterator[tuple[int, int]]:
    for number in range(count // WIDTH):
        yield number, WIDTH
    if count % WIDTH:
        yield count // WIDTH, count % WIDTH


def _hashes(rx: Reading, level: int, number: int, width: int) -> bytes:
    sql = "SELECT hash FROM log_nodes WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx"
    start = number * WIDTH
    rows = rx.execute(sql, (level * _LEVELS, start, start + width)).fetchall()
    if len(rows) != width:
        raise EvidenceInvalid(f"the log lacks hashes of level {level * _LEVELS}", level=level)
    return b"".join(row[0] for row in rows)


def _bundle(rx: Reading, number: int, width: int) -> bytes:
    sql = "SELECT bytes FROM log_entries WHERE idx >= ? AND idx < ? ORDER BY idx"
    start = number * WIDTH
    rows = rx.execute(sql, (start, start + width)).fetchall()
    if len(rows) != width:
        raise EvidenceInvalid(f"the log lacks entries from {start} on", index=start)
    return b"".join(len(row[0]).to_bytes(2, "big") + row[0] for row in rows)


def _check_grows(folder: Path, key: NoteKey, size: int) -> None:
    try:
        earlier = key.open((folder / "checkpoint").read_text("utf-8"))
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise StoreUnavailable("the folder's checkpoint cannot be read: use another folder") from error
    if earlier.size > size:
        raise EvidenceInvalid("the folder holds an export of a longer log", size=size, exported=earlier.size)


def _put(path: Path, data: bytes) -> bool:
    """Write a file unless it is there. A half-written one is neither named nor taken for it."""
    try:
        if path.exists():
            if path.read_bytes() != data:
                raise EvidenceInvalid(f"the folder holds another {path.parent.name}/{path.name}: another log")
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable("the folder for tiles cannot be used: check its permissions") from error
    write_whole(path, data, replace=False)
    return True
