"""The Merkle tree of RFC 6962 section 2.1 and RFC 9162 section 2.1, without storage.

A tree of `size` leaves is described by the hashes of its complete subtrees: `(level, index)` covers the
leaves `index << level` up to `(index + 1) << level`. They never change once complete, so a log stores each as
it is completed and makes every root and every proof of every size from them (`Fetch`).

Verifiers raise instead of returning a boolean that could be ignored.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from safety.errors import EvidenceInvalid

HASH_BYTES = 32
MAX_SIZE = 1 << 62
"""Leaves at most: above it a size is a mistake or an attack."""
EMPTY_ROOT = hashlib.sha256(b"").digest()

Fetch = Callable[[int, int], bytes]
"""(level, index) -> the 32-byte hash of that complete subtree."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of one entry (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash over two subtrees (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed(index: int, leaf: bytes, fetch: Fetch) -> Iterator[tuple[int, int, bytes]]:
    """The subtrees that leaf number `index` completes, itself first: (level, index, hash)."""
    level, value = 0, leaf
    yield level, index, value
    while index % 2:
        value = node_hash(fetch(level, index - 1), value)
        level, index = level + 1, index // 2
        yield level, index, value


def root(size: int, fetch: Fetch) -> bytes:
    """Root of the first `size` leaves."""
    return _range(0, size, fetch) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, fetch: Fetch) -> list[bytes]:
    """Audit path of leaf `index` in the tree of `size` leaves, from the leaf up (RFC 9162, 2.1.3.1).

    Raises:
        ValueError: not 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError("an inclusion proof needs 0 <= index < size")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(middle, end, fetch))
            end = middle
        else:
            path.append(_range(start, middle, fetch))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, fetch: Fetch) -> list[bytes]:
    """Proof that the tree of `new` leaves begins with the tree of `old` (RFC 9162, 2.1.4.1).

    Empty for old == 0, which every tree begins with, and for old == new.

    Raises:
        ValueError: not 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise ValueError("a consistency proof needs 0 <= old <= new")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end, whole = (
        0,
        new,
        True,
    )  # whole: the old tree's root is the subtree itself, known to the verifier
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range(middle, end, fetch))
            end = middle
        else:
            path.append(_range(start, middle, fetch))
            start, whole = middle, False
    if not whole:
        path.append(_range(start, end, fetch))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree: bytes) -> None:
    """Check that `leaf` (its hash) is number `index` of the `size` leaves under root `tree` (RFC 9162,
    2.1.3.2).

    Raises:
        EvidenceInvalid: it is not, or a hash or number is malformed.
    """
    _check_hashes(leaf, tree, *proof)
    if not 0 <= index < size <= MAX_SIZE:
        raise EvidenceInvalid("inclusion proof: the index is not in the tree")
    node, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise EvidenceInvalid("inclusion proof: too long")
        if node % 2 or node == last:
            value = node_hash(sibling, value)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            value = node_hash(value, sibling)
        node, last = node // 2, last // 2
    if last or value != tree:
        raise EvidenceInvalid("inclusion proof: it does not lead to the root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree `new` extends the tree `old` (RFC 9162, 2.1.4.2).

    The empty tree (old == 0) has the root `EMPTY_ROOT` and an empty proof; the RFC leaves this case open.

    Raises:
        EvidenceInvalid: it does not, or a hash or number is malformed.
    """
    _check_hashes(old_root, new_root, *proof)
    if not 0 <= old <= new <= MAX_SIZE:
        raise EvidenceInvalid("consistency proof: the tree shrank")
    if old in (0, new):
        if proof or old_root != (new_root if old else EMPTY_ROOT):
            raise EvidenceInvalid("consistency proof: the roots differ or the proof should be empty")
        return
    node, last = old - 1, new - 1
    while node % 2:
        node, last = node // 2, last // 2
    path = list(proof)
    # An old tree of a power of two is one complete subtree, and the verifier has its hash already.
    first = path.pop(0) if node and path else old_root
    old_value = new_value = first
    for sibling in path:
        if last == 0:
            raise EvidenceInvalid("consistency proof: too long")
        if node % 2 or node == last:
            old_value, new_value = node_hash(sibling, old_value), node_hash(sibling, new_value)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            new_value = node_hash(new_value, sibling)
        node, last = node // 2, last // 2
    if last or old_value != old_root or new_value != new_root:
        raise EvidenceInvalid("consistency proof: it does not lead to both roots")


def _range(start: int, end: int, fetch: Fetch) -> bytes:
    """Hash over the leaves start up to end, as the RFC splits them: `start` is aligned to the first part."""
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return fetch(level, start >> level)
    middle = start + _split(count)
    return node_hash(_range(start, middle, fetch), _range(middle, end, fetch))


def _split(count: int) -> int:
    """The largest power of two below `count`, which is 2 or more."""
    return 1 << ((count - 1).bit_length() - 1)


def _check_hashes(*values: bytes) -> None:
    # Without this an empty leaf under an empty root would pass: an inclusion of nothing in nothing.
    if any(len(value) != HASH_BYTES for value in values):
        raise EvidenceInvalid("a hash of a proof is not 32 bytes")
