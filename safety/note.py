"""Signed notes and checkpoints of a log: C2SP signed-note and tlog-checkpoint, with Ed25519.

A checkpoint is a text anyone can keep, mail or print:

    <origin>
    <size>
    <base64 of the root>

    — <origin> <base64 of key id and signature>

Further signature lines (witnesses: `safety.witness`; other algorithms) are allowed and ignored here.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from safety.errors import EvidenceInvalid, Misconfigured
from safety.merkle import HASH_BYTES, MAX_SIZE

_ED25519 = b"\x01"
ORIGIN = re.compile(r"[!-*,-~]{1,200}")  # printable ASCII but space and plus, which would split a key line
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """What a log commits to: its first `size` entries and no others have this root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class NoteKey:
    """The public key of a log, written `<origin>+<key id>+<base64>`: the vkey of C2SP signed-note."""

    origin: str
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> "NoteKey":
        """Read a vkey.

        Raises:
            EvidenceInvalid: it is malformed, not Ed25519, or its key id is not that of its key.
        """
        parts = vkey.strip().split("+", 2)  # twice only: base64 has pluses of its own
        if len(parts) != 3:
            raise EvidenceInvalid("the log's key is not <origin>+<key id>+<base64>")
        raw = decode(parts[2])
        key = cls(parts[0], raw[1:])
        if (
            raw[:1] != _ED25519
            or len(raw) != 33
            or key.key_id.hex() != parts[1]
            or not ORIGIN.fullmatch(parts[0])
        ):
            raise EvidenceInvalid("the log's key is not an Ed25519 key with its own key id")
        return key

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.origin.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.origin}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def open(self, note: str) -> Checkpoint:
        """Read a signed checkpoint and check this key's signature.

        Raises:
            EvidenceInvalid: malformed, of another log, or not signed by this key.
        """
        text, signatures = split(note)
        for name, raw in signatures:
            if name == self.origin and raw[:4] == self.key_id:
                try:
                    Ed25519PublicKey.from_public_bytes(self.public).verify(raw[4:], text.encode())
                except InvalidSignature as error:
                    raise EvidenceInvalid("the checkpoint's signature is wrong") from error
                return _parse(text, self.origin)
        raise EvidenceInvalid("the checkpoint is not signed by this log's key")


@dataclass(frozen=True)
class NoteSigner:
    """Signs the checkpoints of the log called `origin`.

    Raises:
        Misconfigured: the origin is empty, long, or has spaces, pluses or other than printable ASCII.
    """

    origin: str
    private: Ed25519PrivateKey

    def __post_init__(self) -> None:
        if not ORIGIN.fullmatch(self.origin):
            raise Misconfigured(
                "a log's origin is 1 to 200 printable ASCII characters without space and plus"
            )

    @property
    def key(self) -> NoteKey:
        return NoteKey(self.origin, self.private.public_key().public_bytes_raw())

    def sign(self, size: int, root: bytes) -> str:
        """The signed checkpoint over the first `size` entries."""
        text = Checkpoint(self.origin, size, root).text
        signature = base64.b64encode(self.key.key_id + self.private.sign(text.encode())).decode()
        return f"{text}\n— {self.origin} {signature}\n"


def split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a signed note, and (name, key id and signature) of each line below it.

    Raises:
        EvidenceInvalid: it is not a signed note.
    """
    text, blank, signatures = note.partition("\n\n")
    if not blank or not note.endswith("\n"):
        raise EvidenceInvalid("the checkpoint has no signature")
    found = []
    for line in signatures.removesuffix("\n").split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        if dash != "—" or not value:
            raise EvidenceInvalid("the checkpoint has a malformed signature line")
        found.append((name, decode(value)))
    return f"{text}\n", found


def proof_text(index: int, proof: list[bytes], checkpoint: str) -> str:
    """An inclusion proof with its checkpoint, in the form of C2SP tlog-proof (`.tlog-proof`)."""
    path = "".join(base64.b64encode(value).decode() + "\n" for value in proof)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{path}\n{checkpoint}"


def _parse(text: str, origin: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 4 or lines[0] != origin or not _NUMBER.fullmatch(lines[1]) or int(lines[1]) > MAX_SIZE:
        raise EvidenceInvalid("the checkpoint is malformed or of another log")
    root = decode(lines[2])
    if len(root) != HASH_BYTES:
        raise EvidenceInvalid("the checkpoint's root is not 32 bytes")
    return Checkpoint(origin, int(lines[1]), root)


def decode(text: str) -> bytes:
    """Canonical base64. Raises EvidenceInvalid."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EvidenceInvalid("the checkpoint or key is not base64") from error
    if base64.b64encode(raw).decode() != text:  # one spelling each: unused bits must be zero
        raise EvidenceInvalid("the checkpoint or key is not canonical base64")
    return raw
