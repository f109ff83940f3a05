"""The tree agrees with published vectors and with a second implementation; no mutated proof passes.

The reference here is RFC 6962's recursive definition written down as it stands; it shares no code with
`safety.merkle`.
"""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import merkle
from safety.errors import EvidenceInvalid

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "merkle.json").read_text())
LEAVES = [f"entry {n}".encode() for n in range(200)]


def mth(entries):
    """MTH of RFC 6962, 2.1, from the entries themselves."""
    if len(entries) <= 1:
        return hashlib.sha256(b"\0" + entries[0] if entries else b"").digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\1" + mth(entries[:k]) + mth(entries[k:])).digest()


class Tree:
    """The stored subtrees of a list of entries."""

    def __init__(self, entries):
        self.nodes = {}
        for index, entry in enumerate(entries):
            for level, number, value in merkle.completed(index, merkle.leaf_hash(entry), self.fetch):
                assert (level, number) not in self.nodes
                self.nodes[level, number] = value

    def fetch(self, level, index):
        return self.nodes[level, index]


TREE = Tree(LEAVES)
ROOTS = {size: mth(LEAVES[:size]) for size in range(201)}
CT_LEAVES = [bytes.fromhex(leaf) for leaf in VECTORS["leaves"]]
CT = Tree(CT_LEAVES)


@pytest.mark.parametrize(("size", "root"), list(enumerate(VECTORS["roots"])))
def test_roots_of_certificate_transparency(size, root):
    """Every published root of the eight-leaf tree is ours, and the reference's."""
    assert merkle.root(size, CT.fetch).hex() == root
    assert mth(CT_LEAVES[:size]).hex() == root


@pytest.mark.parametrize("case", VECTORS["inclusion"])
def test_inclusion_of_certificate_transparency(case):
    """Every published audit path is the one we make, and verifies."""
    index, size = case["index"], case["size"]
    proof = merkle.inclusion_proof(index, size, CT.fetch)
    assert [value.hex() for value in proof] == case["proof"]
    merkle.verify_inclusion(
        merkle.leaf_hash(CT_LEAVES[index]), index, size, proof, bytes.fromhex(VECTORS["roots"][size])
    )


@pytest.mark.parametrize("case", VECTORS["consistency"])
def test_consistency_of_certificate_transparency(case):
    """Every published consistency proof is the one we make, and verifies."""
    old, new = case["old"], case["new"]
    proof = merkle.consistency_proof(old, new, CT.fetch)
    assert [value.hex() for value in proof] == case["proof"]
    roots = (bytes.fromhex(VECTORS["roots"][size]) for size in (old, new))
    merkle.verify_consistency(old, new, *roots, proof)


def test_every_root_agrees_with_the_reference():
    """Roots of all sizes up to 200 are those of the recursive definition."""
    assert {size: merkle.root(size, TREE.fetch) for size in ROOTS} == ROOTS


def test_every_proof_up_to_forty_leaves():
    """Each inclusion and consistency proof of each small tree verifies."""
    for size in range(1, 41):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, TREE.fetch)
            merkle.verify_inclusion(TREE.fetch(0, index), index, size, proof, ROOTS[size])
        for old in range(size + 1):
            proof = merkle.consistency_proof(old, size, TREE.fetch)
            merkle.verify_consistency(old, size, ROOTS[old], ROOTS[size], proof)


sizes = st.integers(1, 200)


@st.composite
def inclusions(draw):
    size = draw(sizes)
    return draw(st.integers(0, size - 1)), size


@st.composite
def growths(draw):
    new = draw(sizes)
    return draw(st.integers(0, new)), new


@given(inclusions())
def test_inclusion_round_trip(case):
    """A proof of any leaf of any size verifies, and is no longer than the tree is high."""
    index, size = case
    proof = merkle.inclusion_proof(index, size, TREE.fetch)
    merkle.verify_inclusion(merkle.leaf_hash(LEAVES[index]), index, size, proof, ROOTS[size])
    assert len(proof) <= (size - 1).bit_length()


@given(growths())
def test_consistency_round_trip(case):
    """A proof between any two sizes verifies."""
    old, new = case
    merkle.verify_consistency(
        old, new, ROOTS[old], ROOTS[new], merkle.consistency_proof(old, new, TREE.fetch)
    )


def mutations(proof, data):
    """The proof with a bit flipped, a hash left out, doubled, or put in, or two swapped."""
    changed = [[*proof, bytes(32)], [bytes(32), *proof]]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytearray(proof[at])
        flipped[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
        changed.append([*proof[:at], bytes(flipped), *proof[at + 1 :]])
        changed.append([*proof[:at], *proof[at + 1 :]])
        changed.append([*proof[: at + 1], *proof[at:]])
        changed.append([*proof[:at], proof[at][:31], *proof[at + 1 :]])
    if len(proof) > 1:
        changed.append([proof[1], proof[0], *proof[2:]])
    return changed


@given(inclusions(), st.data())
def test_mutated_inclusion_fails(case, data):
    """No changed proof, leaf, index, size or root verifies."""
    index, size = case
    proof, leaf = merkle.inclusion_proof(index, size, TREE.fetch), TREE.fetch(0, index)
    for changed in mutations(proof, data):
        with pytest.raises(EvidenceInvalid):
            merkle.verify_inclusion(leaf, index, size, changed, ROOTS[size])
    other = data.draw(st.integers(0, 199).filter(lambda value: value != index))
    wrong = [
        (merkle.leaf_hash(b"other"), index, size, ROOTS[size]),
        (leaf, index, size, ROOTS[size - 1]),
        (leaf, other, size, ROOTS[size]),
        (leaf, -1, size, ROOTS[size]),
        (leaf, size, size, ROOTS[size]),
    ]
    for leaf_value, at, of, tree in wrong:
        with pytest.raises(EvidenceInvalid):
            merkle.verify_inclusion(leaf_value, at, of, proof, tree)


@given(growths(), st.data())
def test_mutated_consistency_fails(case, data):
    """No changed proof or root verifies, and a tree cannot shrink."""
    old, new = case
    proof = merkle.consistency_proof(old, new, TREE.fetch)
    for changed in mutations(proof, data):
        with pytest.raises(EvidenceInvalid):
            merkle.verify_consistency(old, new, ROOTS[old], ROOTS[new], changed)
    other = hashlib.sha256(b"other").digest()
    with pytest.raises(EvidenceInvalid):
        merkle.verify_consistency(old, new, other, ROOTS[new], proof)
    if old:  # every tree extends the empty one
        with pytest.raises(EvidenceInvalid):
            merkle.verify_consistency(old, new, ROOTS[old], other, proof)
    if old < new:
        with pytest.raises(EvidenceInvalid):
            merkle.verify_consistency(new, old, ROOTS[new], ROOTS[old], proof)


@given(growths(), st.data())
def test_rewritten_history_has_no_proof(case, data):
    """A tree in which one old leaf was replaced has no proof of consistency with the old root."""
    old, new = case
    if old == 0:
        return
    at = data.draw(st.integers(0, old - 1))
    forged = Tree([*LEAVES[:at], b"forged", *LEAVES[at + 1 : new]])
    proof = merkle.consistency_proof(old, new, forged.fetch)
    with pytest.raises(EvidenceInvalid):
        merkle.verify_consistency(old, new, ROOTS[old], merkle.root(new, forged.fetch), proof)


@pytest.mark.parametrize("short", [b"", b"\0" * 31, b"\0" * 33])
def test_hashes_of_a_wrong_size(short):
    """A leaf, root or proof hash that is not 32 bytes is refused, also where all are empty alike."""
    for call in (
        lambda: merkle.verify_inclusion(short, 0, 1, [], short),
        lambda: merkle.verify_inclusion(ROOTS[1], 0, 2, [short], ROOTS[2]),
        lambda: merkle.verify_consistency(1, 1, short, short, []),
    ):
        with pytest.raises(EvidenceInvalid, match="32 bytes"):
            call()


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_proof_of_nothing(index, size):
    """A proof for an index outside the tree cannot be asked for."""
    with pytest.raises(ValueError, match="index"):
        merkle.inclusion_proof(index, size, TREE.fetch)


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_consistency_backwards(old, new):
    """Nor a proof from a larger tree to a smaller one."""
    with pytest.raises(ValueError, match="old"):
        merkle.consistency_proof(old, new, TREE.fetch)
