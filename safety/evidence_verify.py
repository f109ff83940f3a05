"""Verify an evidence pack of a Sitter log without Sitter: Python 3.9 or later and its standard library alone.

    python verify.py PACK.zip|FOLDER [VKEY [WITNESS_VKEY...]]

Give VKEY, the log's key, as the operator published it. Without it the pack's own key is used, which shows
that the pack is whole, not whose it is. Exit status 0: everything below holds.

1. `checkpoint` is signed by the log's Ed25519 key (C2SP signed-note, tlog-checkpoint), and cosigned by each
   witness that you name (C2SP tlog-cosignature).
2. Each line of `entries.jsonl` is an entry under that checkpoint: its proof in `proofs/` leads from its very
   bytes to the checkpoint's root (C2SP tlog-proof, RFC 9162 2.1.3.2). `decisions.csv` says the same.
3. Each folder of `policies/` holds the policy whose digest is its name. Nothing else is there or missing.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import sys
import zipfile
import zlib
from pathlib import Path

FIXED = ("VERIFY.md", "checkpoint", "decisions.csv", "entries.jsonl", "log.vkey", "verify.py")
FREE = ("summary.pdf", "tlog-policy")  # for the reader; may be missing
COLUMNS = ("index", "at", "kind", "gate", "outcome", "reason", "caller", "record_id", "consent_id", "rules")


class Failed(Exception):
    """A check failed; the text begins with the file that it is about."""


def check(files: dict[str, bytes], vkey: str | None = None, *witnesses: str) -> tuple[str, int, list[int]]:
    """Check the files (name -> bytes) of a pack; returns (origin, tree size, indices of the entries)."""
    for name in FIXED:
        need(name in files, name, "it is missing")
    own, end, more = files["log.vkey"].decode("utf-8", "replace").partition("\n")
    need(end and not more, "log.vkey", "it is not one line")
    need(vkey is None or own == vkey.strip(), "log.vkey", "it is not the key that was given")
    note = files["checkpoint"].decode("utf-8", "replace")
    for key in (own, *witnesses):
        signed(note, key.strip())
    lines = note.split("\n\n")[0].split("\n")
    need(len(lines) >= 3 and lines[0] == own.split("+")[0], "checkpoint", "it is of another log")
    need(re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]), "checkpoint", "its size is malformed")
    size, root, indices = int(lines[1]), decode(lines[2], "checkpoint", 32), []
    entries = files["entries.jsonl"].split(b"\n")
    need(entries.pop() == b"", "entries.jsonl", "its last line is cut")
    proofs = sorted(name for name in files if name not in FIXED + FREE and not name.startswith("policies/"))
    need(len(proofs) == len(entries), "proofs", f"{len(proofs)} proofs for {len(entries)} entries")
    for name, entry in zip(proofs, entries):  # noqa: B905
        index, path = proof(files[name].decode("utf-8", "replace"), note, name)
        need(name == f"proofs/{index:012}.tlog-proof", name, "its name is not that of its index")
        need(index < size, name, "its index is outside the tree")
        value = climb(hashlib.sha256(b"\0" + entry).digest(), index, size, path)
        need(value == root, name, "the entry and its path do not lead to the checkpoint's root")
        indices.append(index)
    need(files["decisions.csv"] == decisions(indices, entries), "decisions.csv", "it tells other entries")
    for digest in {name.split("/")[1] for name in files if name.startswith("policies/")}:
        need(policy_digest(files, digest) == digest, f"policies/{digest}", "it has another digest")
    return lines[0], size, indices


def need(condition: object, name: str, problem: str) -> None:
    if not condition:
        raise Failed(f"{name}: {problem}")


def decode(value: str, name: str, length: int) -> bytes:
    need(re.fullmatch("([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}([A-Za-z0-9+/]=|==))?", value), name, "no base64")
    raw = base64.b64decode(value)
    need(base64.b64encode(raw).decode() == value and len(raw) == length, name, "no base64 of its length")
    return raw


def signed(note: str, vkey: str) -> None:  # by a key of type 1, or cosigned by one of type 4
    name, key_id, key = [*vkey.split("+", 2), "", "", ""][:3]  # base64 has pluses of its own
    public = decode(key, "log.vkey", 33)
    expected = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    need(public[0] in (1, 4) and expected.hex() == key_id, "log.vkey", "it is no Ed25519 key with its key id")
    body, blank, signatures = note.partition("\n\n")
    need(blank and note.endswith("\n"), "checkpoint", "it is malformed")
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        need(len(parts) == 3 and parts[0] == "\u2014", "checkpoint", "it has a malformed signature line")
        time = 8 if public[0] == 4 else 0  # bytes
        if parts[1] == name and parts[2][:5] == base64.b64encode(expected).decode()[:5]:
            raw = decode(parts[2], "checkpoint", 68 + time)
            head = f"cosignature/v1\ntime {int.from_bytes(raw[4:12], 'big')}\n" if time else ""
            good = raw[:4] == expected and ed25519(public[1:], f"{head}{body}\n".encode(), raw[4 + time :])
            return need(good, "checkpoint", "its signature is wrong")
    raise Failed(f"checkpoint: it is not signed by {name}")


def proof(content: str, note: str, name: str) -> tuple[int, list[bytes]]:
    head, blank, under = content.partition("\n\n")
    lines = head.split("\n")
    need(blank and under == note, name, "it is not under this pack's checkpoint")
    need(lines[0] == "c2sp.org/tlog-proof@v1" and 2 <= len(lines) < 70, name, "it is not a tlog-proof")
    need(re.fullmatch("index (0|[1-9][0-9]{0,18})", lines[1]), name, "its index is malformed")
    return int(lines[1][6:]), [decode(value, name, 32) for value in lines[2:]]


def climb(value: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:  # RFC 9162, 2.1.3.2
    inner = (index ^ (size - 1)).bit_length()  # levels below which the tree is complete around the leaf
    if len(path) != inner + bin(index >> inner).count("1"):
        return None
    for level, sibling in enumerate(path):
        left = level >= inner or index >> level & 1
        value = hashlib.sha256(b"\1" + (sibling + value if left else value + sibling)).digest()
    return value


def decisions(indices: list[int], entries: list[bytes]) -> bytes:
    """The entries as a table; what a spreadsheet would take for a formula gets an apostrophe."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for index, entry in zip(indices, entries):  # noqa: B905
        cells = {"index": index, **json.loads(entry)}
        row = [cells.get(name, "") for name in COLUMNS]
        row = [" ".join(map(str, cell)) if isinstance(cell, list) else str(cell) for cell in row]
        writer.writerow("'" + cell if cell.startswith(tuple("=+-@\t\r\n")) else cell for cell in row)
    return table.getvalue().encode()


def policy_digest(files: dict[str, bytes], digest: str) -> str:
    start = f"policies/{digest}/"
    parts = [(n[len(start) :].encode(), files[n]) for n in sorted(files) if n.startswith(start)]
    return hashlib.sha256(b"".join(len(p).to_bytes(8, "big") + p for pair in parts for p in pair)).hexdigest()


# Ed25519 (RFC 8032, 5.1), verification only: no secrets here, so no constant time.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE = BASE_X, 4 * pow(5, P - 2, P) % P, 1


def add(p: tuple[int, ...], q: tuple[int, ...]) -> tuple[int, ...]:  # in projective coordinates X, Y, Z
    a, c, d = p[2] * q[2] % P, p[0] * q[0] % P, p[1] * q[1] % P
    e, b, h = D * c * d % P, a * a % P, (p[0] + p[1]) * (q[0] + q[1]) - c - d
    return a * (b - e) * h % P, a * (b + e) * (c + d) % P, (b - e) * (b + e) % P


def times(scalar: int, p: tuple[int, ...]) -> tuple[int, ...]:
    result: tuple[int, ...] = (0, 1, 1)
    while scalar:
        result, p, scalar = add(result, p) if scalar & 1 else result, add(p, p), scalar >> 1
    return result


def point(encoded: bytes) -> tuple[int, ...] | None:
    sign, y = encoded[31] >> 7, int.from_bytes(encoded, "little") & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    bad = y >= P or (x * x - square) % P or (x == 0 and sign)
    return None if bad else (x if x & 1 == sign else P - x, y, 1)


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    p, q = times(s, BASE), add(r, times(h, a))
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def load(path: str | Path) -> dict[str, bytes]:  # a zip or the folder it was unpacked into
    path, files = Path(path), {}
    if path.is_dir():
        found = [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
        return {file.relative_to(path).as_posix(): file.read_bytes() for file in found}
    try:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as pack:
            for info in pack.infolist():
                need(info.filename not in files, info.filename, "it is there twice")
                need(info.file_size <= 256 << 20, info.filename, "it is too large")
                files[info.filename] = pack.read(info)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError, OSError) as error:
        raise Failed(f"pack: it is not a whole zip archive ({type(error).__name__})") from None
    return files


if __name__ == "__main__":
    try:
        origin, size, indices = check(load(sys.argv[1]), *sys.argv[2:])
    except Failed as failure:
        sys.exit(f"FAILED {failure}")
    hint = (
        "" if sys.argv[2:] else "\nThe log's key was taken from the pack: compare it with the one published."
    )
    print(f"OK {len(indices)} entries of {origin} under a signed checkpoint over {size} entries{hint}")
