"""Anchors: the checkpoint in places that the operator of the log cannot change afterwards.

- A file per size in a folder, never overwritten: on an object store with a lock (S3 Object Lock in compliance
  mode), on write-once media, or with another party.
- A time stamp (RFC 3161) over the checkpoint's bytes: a third party says that the log had this history then.
  Only its form is checked here; whose word it is: `openssl ts -verify` with the authority's certificate.
"""

import hashlib
from pathlib import Path

from safety.errors import EvidenceInvalid
from safety.log_view import LogView
from safety.stores.files import write_whole

_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # AlgorithmIdentifier, DER
_GRANTED = (0, 1)
"""PKIStatus granted and grantedWithMods (RFC 3161, 2.4.2)."""


def to_folder(log: LogView, folder: Path, note: str | None = None) -> Path:
    """Write a checkpoint, by default the newest, under its size; the same one again changes nothing.

    Raises:
        EvidenceInvalid: an anchor in the folder is not of this log's history.
        StoreUnavailable: it cannot be written.
        OSError: the folder cannot be made or read.
    """
    check_folder(log, folder)
    note = note or log.checkpoint()
    path = folder / f"{log.check_ours(note).size:020}.checkpoint"
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, note.encode(), replace=False)
    return path


def check_folder(log: LogView, folder: Path) -> int:
    """Compare every anchor in a folder with the log; returns how many there are.

    Raises:
        EvidenceInvalid: one of them is not of this log's history: it was forked, or cut.
        OSError: one cannot be read.
    """
    anchors = sorted(folder.glob("*.checkpoint"))
    for path in anchors:
        log.check_ours(path.read_bytes().decode("utf-8", "replace"))
    return len(anchors)


def stamp_request(note: str, nonce: int) -> bytes:
    """A TimeStampReq over the SHA-256 of the checkpoint, asking for the certificate (RFC 3161, 2.4.1).

    Args:
        nonce: a random number of 64 bits, so that no other part of an answer looks like it.
    """
    digest = hashlib.sha256(note.encode()).digest()
    imprint = _tlv(0x30, _SHA256 + _tlv(0x04, digest))
    return _tlv(0x30, _integer(1) + imprint + _integer(nonce) + b"\x01\x01\xff")


def check_stamp(note: str, nonce: int, response: bytes) -> None:
    """Check that a TimeStampResp grants a token that is about this checkpoint and this request.

    Raises:
        EvidenceInvalid: it does not.
    """
    whole, rest = _read(response, 0x30)
    status, token = _read(whole, 0x30)
    number, _ = _read(status, 0x02)
    if rest or int.from_bytes(number, "big") not in _GRANTED or not token:
        raise EvidenceInvalid("the time-stamping authority refused, or did not answer with a time stamp")
    digest = hashlib.sha256(note.encode()).digest()
    if _SHA256 + _tlv(0x04, digest) not in token or _integer(nonce) not in token:
        raise EvidenceInvalid("the time stamp is not about this checkpoint")


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def _integer(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _read(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the first DER element, which must have `tag`, and what follows it."""
    if len(data) < 2 or data[0] != tag:
        raise EvidenceInvalid("the answer is no time stamp")
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise EvidenceInvalid("the answer is cut")
    return data[start : start + length], data[start + length :]
