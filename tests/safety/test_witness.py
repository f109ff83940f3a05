"""Cosignatures and policies: who must have seen a checkpoint before somebody believes it."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety.errors import EvidenceInvalid, Misconfigured
from safety.note import NoteSigner
from safety.tlog_policy import TlogPolicy
from safety.witness import Cosigner, WitnessKey, request, with_cosignatures

LOG = NoteSigner("example.com/sitter", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
ONE, TWO, THREE = (
    Cosigner(f"witness.example/w{n}", Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32))
    for n in (1, 2, 3)
)
NOTE = LOG.sign(7, bytes(32))
AT = 1_780_000_000


def policy(*lines):
    return "\n".join([f"log {LOG.key}", *lines]).encode() + b"\n"


THREE_WITNESSES = [f"witness {name} {each.key}" for name, each in (("a", ONE), ("b", TWO), ("c", THREE))]


def test_cosignature_round_trip():
    """A cosignature tells its time, leaves the log's signature valid, and is of its key alone."""
    note = NOTE + ONE.cosign(NOTE, AT)
    assert ONE.key.cosigned_at(note) == AT
    assert TWO.key.cosigned_at(note) is None
    assert LOG.key.open(note).size == 7
    assert WitnessKey.parse(str(ONE.key)) == ONE.key


def test_cosignature_is_of_these_bytes():
    """The signed text is that of tlog-cosignature: header, time and the checkpoint's own text."""
    raw = base64.b64decode(ONE.cosign(NOTE, AT).split(" ")[2])
    text = f"cosignature/v1\ntime {AT}\nexample.com/sitter\n7\n{base64.b64encode(bytes(32)).decode()}\n"
    ONE.private.public_key().verify(raw[12:], text.encode())
    assert int.from_bytes(raw[4:12], "big") == AT


@pytest.mark.parametrize("at", [10, 17, 25, 60, 100])
def test_changed_cosignature(at):
    """A changed time, key or signature in a witness's name is refused or not taken for its."""
    line = bytearray(base64.b64decode(ONE.cosign(NOTE, AT).split(" ")[2]))
    line[at * 76 // 128] ^= 1
    note = f"{NOTE}— {ONE.name} {base64.b64encode(bytes(line)).decode()}\n"
    with pytest.raises(EvidenceInvalid, match="wrong"):
        ONE.key.cosigned_at(note)


def test_a_log_key_is_no_witness_key():
    """Types are not mixed up: a log's key does not cosign."""
    for vkey in (str(LOG.key), "", "a+b", str(ONE.key)[:-4]):
        with pytest.raises(EvidenceInvalid):
            WitnessKey.parse(vkey)


def test_answers_are_verified_before_they_are_kept():
    """Lines of unknown keys are left out; without one of the witness's own, or with a wrong one: refused."""
    kept = with_cosignatures(NOTE, TWO.cosign(NOTE, AT) + ONE.cosign(NOTE, AT), [ONE.key])
    assert kept == NOTE + ONE.cosign(NOTE, AT)
    for answer in ("", TWO.cosign(NOTE, AT), ONE.cosign(LOG.sign(8, bytes(32)), AT), "hello\n"):
        with pytest.raises(EvidenceInvalid):
            with_cosignatures(NOTE, answer, [ONE.key])


def test_request_is_that_of_the_specification():
    """Old size, proof lines, an empty line, the checkpoint; no more hashes than a witness takes."""
    body = request(3, [bytes(32), b"\xff" * 32], NOTE).decode()
    proof = "\n".join(base64.b64encode(value).decode() for value in (bytes(32), b"\xff" * 32))
    assert body == f"old 3\n{proof}\n\n{NOTE}"
    assert request(0, [], NOTE).decode() == f"old 0\n\n{NOTE}"
    with pytest.raises(ValueError, match="63"):
        request(1, [bytes(32)] * 64, NOTE)


@pytest.mark.parametrize(
    ("lines", "cosigners", "holds"),
    [
        (["quorum none"], [], True),
        ([*THREE_WITNESSES, "quorum a"], [ONE], True),
        ([*THREE_WITNESSES, "quorum a"], [TWO, THREE], False),
        ([*THREE_WITNESSES, "group g 2 a b c", "quorum g"], [ONE, THREE], True),
        ([*THREE_WITNESSES, "group g 2 a b c", "quorum g"], [THREE], False),
        ([*THREE_WITNESSES, "group g any a b", "quorum g"], [TWO], True),
        ([*THREE_WITNESSES, "group g all a b", "quorum g"], [TWO], False),
        ([*THREE_WITNESSES, "group g any a b", "group h all g c", "quorum h"], [ONE, THREE], True),
        ([*THREE_WITNESSES, "group g any a b", "group h all g c", "quorum h"], [ONE, TWO], False),
        (["# words", "", f"\twitness  a\t{ONE.key}  https://w.example/ ", " quorum a"], [ONE], True),
    ],
)
def test_quorums(lines, cosigners, holds):
    """A checkpoint is accepted when the quorum has cosigned it, and not otherwise."""
    note = NOTE + "".join(each.cosign(NOTE, AT) for each in cosigners)
    reading = TlogPolicy.parse(policy(*lines))
    if holds:
        assert reading.open(note).size == 7
    else:
        with pytest.raises(EvidenceInvalid, match="quorum"):
            reading.open(note)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["quorum a"],
        ["quorum none", "quorum none"],
        [THREE_WITNESSES[0], THREE_WITNESSES[0], "quorum a"],
        [THREE_WITNESSES[0], f"witness z {ONE.key}", "quorum a"],
        [f"log {LOG.key}", "quorum none"],
        [f"witness none {ONE.key}", "quorum none"],
        [f"witness a {LOG.key}", "quorum a"],
        [THREE_WITNESSES[0], "group g 2 a", "quorum g"],
        [THREE_WITNESSES[0], "group g 0 a", "quorum g"],
        [THREE_WITNESSES[0], "group g some a", "quorum g"],
        [THREE_WITNESSES[0], "group g any", "quorum g"],
        [*THREE_WITNESSES, "group g any a a", "quorum g"],
        [*THREE_WITNESSES, "group g any a", "group h any a", "quorum h"],
        ["group g any h", f"witness h {ONE.key}", "quorum g"],
        ["quorum none", "hello"],
        ["quorum none\r"],
        ["witness a", "quorum none"],
    ],
)
def test_malformed_policies(lines):
    """What the specification does not allow is refused."""
    with pytest.raises(Misconfigured, match="policy"):
        TlogPolicy.parse(policy(*lines))


def test_a_policy_accepts_its_own_logs():
    """Another log's checkpoint is refused; a policy without logs takes the key that is given."""
    other = NoteSigner("other.example/log", Ed25519PrivateKey.generate())
    with pytest.raises(EvidenceInvalid):
        TlogPolicy.parse(policy("quorum none")).open(other.sign(7, bytes(32)))
    without = TlogPolicy.parse(b"quorum none\n")
    assert without.open(NOTE, LOG.key).size == 7
    with pytest.raises(EvidenceInvalid, match="no log"):
        without.open(NOTE)
