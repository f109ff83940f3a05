"""Witnesses of the log: C2SP tlog-witness requests and Ed25519 cosignatures of tlog-cosignature, no network.

A witness says: "as of this time, the largest consistent tree that I saw of this log is that one". Somebody
who trusts the witnesses need not trust that the operator shows everybody the same log. A checkpoint carries
a size and a hash, no personal data.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from safety.errors import EvidenceInvalid
from safety.note import ORIGIN, decode, split

_COSIGNATURE = b"\x04"
_SIGNATURE_BYTES = 4 + 8 + 64
PROOF_LINES = 63
"""Hashes of a consistency proof in one request at most."""


@dataclass(frozen=True)
class WitnessKey:
    """A witness's public key, written as a vkey `<name>+<key id>+<base64>` of type 0x04."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> "WitnessKey":
        """Read a vkey.

        Raises:
            EvidenceInvalid: it is malformed, of another type, or its key id is not that of its key.
        """
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3:
            raise EvidenceInvalid("a witness's key is not <name>+<key id>+<base64>")
        raw = decode(parts[2])
        key = cls(parts[0], raw[1:])
        known = raw[:1] == _COSIGNATURE and len(raw) == 33 and ORIGIN.fullmatch(parts[0])
        if not known or key.key_id.hex() != parts[1]:
            raise EvidenceInvalid("a witness's key is not an Ed25519 cosignature key with its own key id")
        return key

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_COSIGNATURE + self.public).decode()}"

    def cosigned_at(self, note: str) -> int | None:
        """When this witness cosigned a checkpoint, in seconds since 1970; None if it did not.

        Raises:
            EvidenceInvalid: malformed, or a line in this key's name does not verify.
        """
        text, signatures = split(note)
        times = [
            _verified(self.public, text, raw)
            for name, raw in signatures
            if name == self.name and raw[:4] == self.key_id
        ]
        return max(times, default=None)


@dataclass(frozen=True)
class Cosigner:
    """Makes cosignatures: a witness in a test or of a second deployment that watches the first."""

    name: str
    private: Ed25519PrivateKey

    @property
    def key(self) -> WitnessKey:
        return WitnessKey(self.name, self.private.public_key().public_bytes_raw())

    def cosign(self, note: str, at: int) -> str:
        """The signature line over a checkpoint, at a time in seconds since 1970."""
        signature = self.private.sign(_message(split(note)[0], at))
        raw = self.key.key_id + at.to_bytes(8, "big") + signature
        return f"— {self.name} {base64.b64encode(raw).decode()}\n"


def request(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The body of `add-checkpoint`: the tree grew from `old` entries to the checkpoint, and here is why.

    Raises:
        ValueError: more than `PROOF_LINES` hashes.
    """
    if len(proof) > PROOF_LINES:
        raise ValueError(f"a witness takes proofs of up to {PROOF_LINES} hashes")
    lines = "".join(f"{base64.b64encode(value).decode()}\n" for value in proof)
    return f"old {old}\n{lines}\n{note}".encode()


def with_cosignatures(note: str, answer: str, witnesses: Sequence[WitnessKey]) -> str:
    """The checkpoint with those lines of a witness's answer that its keys made; others are left out.

    Raises:
        EvidenceInvalid: the answer has no cosignature of these witnesses, or a wrong one.
    """
    kept = note
    for line in answer.splitlines(keepends=True):
        name, raw = split(f"{split(note)[0]}\n{line}")[1][0]
        for key in witnesses:
            if name == key.name and raw[:4] == key.key_id and line not in kept:
                _verified(key.public, split(note)[0], raw)
                kept += line
    if kept == note:
        raise EvidenceInvalid("the witness answered without a cosignature of its key")
    return kept


def _verified(public: bytes, text: str, raw: bytes) -> int:
    at = int.from_bytes(raw[4:12], "big")
    if len(raw) != _SIGNATURE_BYTES or at >= 1 << 63:
        raise EvidenceInvalid("a witness's cosignature is malformed")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(raw[12:], _message(text, at))
    except InvalidSignature as error:
        raise EvidenceInvalid("a witness's cosignature is wrong") from error
    return at


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()
