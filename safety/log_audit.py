"""The audit of a whole log: every entry hashed again, everything stored compared with it."""

import json
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from safety import merkle
from safety.entry import COLUMNS
from safety.entry_schema import KNOWN, strangers
from safety.errors import EvidenceInvalid
from safety.note import Checkpoint
from safety.stores.sqlite import Database, Reading

BLOCK_LEVEL = 10
BLOCK = 1 << BLOCK_LEVEL
"""Entries that an audit reads and hashes at a time."""


@dataclass(frozen=True)
class Audited:
    """A log that holds: its checkpoint, and the kinds and "kind.field"s that this version does not know."""

    head: Checkpoint
    strangers: tuple[str, ...] = ()


def check_indexes(db: Database) -> None:
    """An index that lacks a row would hide an entry from whoever looks it up. Raises EvidenceInvalid."""
    with db.reading() as rx:
        for table in ("log_entries", "log_nodes", "log_head"):
            found = [str(row[0]) for row in rx.execute(f"PRAGMA integrity_check({table})").fetchall()]
            if found != ["ok"]:
                raise EvidenceInvalid(f"the table {table} and its indexes do not agree", table=table)


def rehash(rx: Reading, head: Checkpoint, stored: merkle.Fetch) -> Audited:
    """Hash every entry of the log and compare columns, stored hashes and checkpoint.

    Args:
        stored: the hashes on record.

    Raises:
        EvidenceInvalid: something is not as it was; it says what.
    """
    unknown: set[str] = set()
    blocks: dict[tuple[int, int], bytes] = {}
    for start in range(0, head.size, BLOCK):
        rows = _block_rows(rx, start, min(start + BLOCK, head.size))
        unknown |= _check_columns(rows, start)
        blocks |= _check_block(rx, start, [merkle.leaf_hash(row["bytes"]) for row in rows])
        if len(rows) == BLOCK:
            _check_above(stored, start // BLOCK, blocks)
    if merkle.root(head.size, lambda level, index: blocks[level, index]) != head.root:
        raise EvidenceInvalid("the log's entries do not fit its checkpoint")
    _check_counts(rx, head.size)
    return Audited(head, tuple(sorted(unknown)))


def _block_rows(rx: Reading, start: int, end: int) -> list[Any]:
    """The entries `start` up to `end`, none missing."""
    rows = rx.execute(
        "SELECT * FROM log_entries WHERE idx >= ? AND idx < ? ORDER BY idx", (start, end)
    ).fetchall()
    for index, row in enumerate(rows, start):
        if row["idx"] != index:
            raise EvidenceInvalid(f"log entry {index} is missing", index=index)
    if len(rows) != end - start:
        raise EvidenceInvalid(f"log entry {start + len(rows)} is missing", index=start + len(rows))
    return rows


def _check_block(rx: Reading, start: int, hashes: list[bytes]) -> dict[tuple[int, int], bytes]:
    """Compare the stored hashes of a block with those made from its leaves.

    Returns:
        The block's subtrees that a root or the levels above may need.
    """
    last: dict[tuple[int, int], bytes] = {}
    level, first = 0, start
    while hashes:
        stored = rx.execute(
            "SELECT hash FROM log_nodes WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx",
            (level, first, first + len(hashes)),
        ).fetchall()
        if [row[0] for row in stored] != hashes:
            raise EvidenceInvalid(_damaged(level, first, hashes, stored), level=level)
        last[level, first + len(hashes) - 1] = hashes[-1]
        level, first = level + 1, first // 2
        if level > BLOCK_LEVEL:
            break
        pairs = zip(hashes[::2], hashes[1::2], strict=False)  # an odd last one completes no subtree
        hashes = [merkle.node_hash(left, right) for left, right in pairs]
    return last


def _damaged(level: int, first: int, hashes: list[bytes], stored: list[Any]) -> str:
    held = [row[0] for row in stored]
    at = next((n for n, value in enumerate(hashes) if n >= len(held) or held[n] != value), 0)
    return f"log entry {(first + at) << level} or a hash above it was changed"


def _check_above(stored: merkle.Fetch, block: int, blocks: dict[tuple[int, int], bytes]) -> None:
    """The subtrees of several blocks that this whole block completes."""
    for level, index, value in merkle.completed(
        block, blocks[BLOCK_LEVEL, block], lambda level, index: blocks[BLOCK_LEVEL + level, index]
    ):
        if stored(BLOCK_LEVEL + level, index) != value:
            raise EvidenceInvalid(f"the hash of subtree {BLOCK_LEVEL + level}/{index} was changed")
        blocks[BLOCK_LEVEL + level, index] = value


def _check_counts(rx: Reading, size: int) -> None:
    """Nothing is stored beyond the entries and their complete subtrees."""
    if rx.execute("SELECT 1 FROM log_entries WHERE idx < 0 OR idx >= ?", (size,)).fetchone():
        raise EvidenceInvalid(f"the log has entries that its checkpoint over {size} does not cover")
    levels = rx.execute("SELECT level, count(*) FROM log_nodes GROUP BY level").fetchall()
    expected = {level: size >> level for level in range(size.bit_length())}
    if {row[0]: row[1] for row in levels} != expected:
        raise EvidenceInvalid("the log stores hashes of entries that it does not have")


def _check_columns(rows: list[Any], start: int) -> set[str]:
    """The columns that queries use must say what the hashed bytes say; returns what is unknown of them."""
    unknown: set[str] = set()
    if not rows:
        return unknown
    names = [name for name in ("kind", "at", *COLUMNS) if name in rows[0].keys()]  # noqa: SIM118 (a Row)
    columns = itemgetter(*names)
    for index, row in enumerate(rows, start):
        try:
            text = str(row["bytes"], "utf-8")
            body, end = _read_json(text)
            same = (
                end == len(text)
                and columns(row) == tuple(map(body.get, names))
                and isinstance(row["kind"], str)
            )
        except (ValueError, AttributeError, TypeError):
            same = False
        if not same:
            raise EvidenceInvalid(f"log entry {index}: its columns differ from its bytes", index=index)
        if not body.keys() <= KNOWN.get(row["kind"], _NOTHING):
            unknown.update(strangers(body))
    return unknown


_NOTHING: frozenset[str] = frozenset()
_read_json = json.JSONDecoder().raw_decode  # without the look at the encoding: it is the larger part
