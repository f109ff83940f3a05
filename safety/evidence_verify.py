"""Verify an evidence pack of a Sitter log without Sitter: Python 3.9 or later and its standard library alone.

    python verify.py PACK.zip|FOLDER [VKEY]

Give VKEY, the log's key, as you got it from the operator by another way. Without it the pack's own key is
used, which shows that the pack is whole, not whose it is. Exit status 0: everything below holds.

1. `checkpoint` is signed by the log's Ed25519 key (C2SP signed-note, tlog-checkpoint).
2. Each line of `entries.jsonl` is an entry under that checkpoint: its proof in `proofs/` leads from its very
   bytes to the checkpoint's root (C2SP tlog-proof, RFC 9162 2.1.3.2).
3. There is nothing else in the pack, and nothing is missing.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys
import zipfile
import zlib
from pathlib import Path

FIXED = ("VERIFY.md", "checkpoint", "entries.jsonl", "log.vkey", "verify.py")
MAX_BYTES = 256 << 20  # of one file in the pack


class Failed(Exception):
    """A check failed; the text begins with the file that it is about."""


def check(files: dict[str, bytes], vkey: str | None = None) -> tuple[str, int, list[int]]:
    """Check the files (name -> bytes) of a pack; returns (origin, tree size, indices of the entries)."""
    for name in FIXED:
        need(name in files, name, "it is missing")
    own, end, more = text(files, "log.vkey").partition("\n")
    need(end and not more, "log.vkey", "it is not one line")
    need(vkey is None or own == vkey.strip(), "log.vkey", "it is not the key that was given")
    origin, size, root = checkpoint(text(files, "checkpoint"), own)
    lines = files["entries.jsonl"].split(b"\n")
    need(lines.pop() == b"", "entries.jsonl", "its last line is cut")
    proofs = sorted(name for name in files if name not in FIXED)
    need(len(proofs) == len(lines), "proofs", f"{len(proofs)} proofs for {len(lines)} entries")
    indices = []
    for name, line in zip(proofs, lines):  # noqa: B905
        index, path = proof(text(files, name), text(files, "checkpoint"), name)
        need(name == f"proofs/{index:012}.tlog-proof", name, "its name is not that of its index")
        need(index < size, name, "its index is outside the tree")
        value = climb(hashlib.sha256(b"\0" + line).digest(), index, size, path)
        need(value == root, name, "the entry and its path do not lead to the checkpoint's root")
        indices.append(index)
    return origin, size, indices


def need(condition: object, name: str, problem: str) -> None:
    if not condition:
        raise Failed(f"{name}: {problem}")


def text(files: dict[str, bytes], name: str) -> str:
    try:
        return files[name].decode("utf-8")
    except UnicodeDecodeError:
        raise Failed(f"{name}: it is not UTF-8") from None


def decode(value: str, name: str, length: int) -> bytes:
    try:
        raw = base64.b64decode(value, validate=True)
    except ValueError:
        raise Failed(f"{name}: it has malformed base64") from None
    need(base64.b64encode(raw).decode() == value and len(raw) == length, name, "it has malformed base64")
    return raw


def checkpoint(note: str, vkey: str) -> tuple[str, int, bytes]:
    name, key_id, key = [*vkey.split("+", 2), "", "", ""][:3]  # base64 has pluses of its own
    public = decode(key, "log.vkey", 33)
    expected = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    need(public[0] == 1 and expected.hex() == key_id, "log.vkey", "its key id is not that of an Ed25519 key")
    body, blank, signatures = note.partition("\n\n")
    lines = body.split("\n")
    need(blank and len(lines) >= 3 and note.endswith("\n"), "checkpoint", "it is malformed")
    need(lines[0] == name, "checkpoint", "it is of another log")
    need(re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]), "checkpoint", "its size is malformed")
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        need(len(parts) == 3 and parts[0] == "\u2014", "checkpoint", "it has a malformed signature line")
        if parts[1] == name:
            raw = decode(parts[2], "checkpoint", 68)
            good = raw[:4] == expected and ed25519(public[1:], (body + "\n").encode(), raw[4:])
            need(good, "checkpoint", "its signature is wrong")
            return name, int(lines[1]), decode(lines[2], "checkpoint", 32)
    raise Failed("checkpoint: it is not signed by the log's key")


def proof(content: str, note: str, name: str) -> tuple[int, list[bytes]]:
    head, blank, under = content.partition("\n\n")
    lines = head.split("\n")
    need(blank and under == note, name, "it is not under this pack's checkpoint")
    need(lines[0] == "c2sp.org/tlog-proof@v1" and 2 <= len(lines) < 70, name, "it is not a tlog-proof")
    need(re.fullmatch("index (0|[1-9][0-9]{0,18})", lines[1]), name, "its index is malformed")
    return int(lines[1][6:]), [decode(value, name, 32) for value in lines[2:]]


def climb(value: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that a leaf and its path lead to (RFC 9162, 2.1.3.2); None where the path's length is
    wrong.
    """
    node, last = index, size - 1
    for sibling in path:
        if last == 0:
            return None
        if node % 2 or node == last:
            value = hashlib.sha256(b"\1" + sibling + value).digest()
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            value = hashlib.sha256(b"\1" + value + sibling).digest()
        node, last = node // 2, last // 2
    return None if last else value


# Ed25519 (RFC 8032, 5.1), verification only: no secrets here, so no constant time.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, p: Point) -> Point:
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, p)
        p, scalar = add(p, p), scalar >> 1
    return result


def point(encoded: bytes) -> Point | None:
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    if a is None or r is None or base is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    p, q = times(s, base), add(r, times(h, a))
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def load(path: str | Path) -> dict[str, bytes]:
    """The files of a pack, from its zip or its folder."""
    path = Path(path)
    if path.is_dir():
        found = [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
        return {file.relative_to(path).as_posix(): file.read_bytes() for file in found}
    files = {}
    try:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as pack:
            for info in pack.infolist():
                need(info.filename not in files, info.filename, "it is there twice")
                need(info.file_size <= MAX_BYTES, info.filename, "it is too large")
                files[info.filename] = pack.read(info)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError, OSError) as error:
        raise Failed(f"pack: it is not a whole zip archive ({type(error).__name__})") from None
    return files


if __name__ == "__main__":
    try:
        origin, size, indices = check(load(sys.argv[1]), *sys.argv[2:3])
    except Failed as failure:
        sys.exit(f"FAILED {failure}")
    print(f"OK {len(indices)} entries of {origin} under a signed checkpoint over {size} entries")
    if len(sys.argv) < 3:
        print("The log's key was taken from the pack: compare log.vkey with the operator's published key.")
