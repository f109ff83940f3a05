"""A manifest store taken apart byte by byte: JUMBF (ISO/IEC 19566-5) and CBOR (RFC 8949), by our own code."""

import struct
from typing import Any


def store_of(clip: bytes) -> bytes:
    """The JUMBF of the one C2PA box of an MP4 (C2PA 2.4, A.5.1)."""
    found, at = [], 0
    while at < len(clip):
        size, kind = struct.unpack(">I4s", clip[at : at + 8])
        if kind == b"uuid" and clip[at + 8 : at + 24].hex() == "d8fec3d61b0e483c92975828877ec481":
            purpose, _, rest = clip[at + 28 : at + size].partition(b"\0")
            assert purpose == b"manifest"
            found.append(rest[8:])
        at += size
    (store,) = found
    return store


def tree(data: bytes) -> list[tuple[str, Any]]:
    """(label, content) of each superbox: a list of the same for nested ones, else its CBOR, decoded."""
    found: list[tuple[str, Any]] = []
    for kind, body in _boxes(data):
        if kind != b"jumb":
            continue
        (_, description), *parts = _boxes(body)
        label = description[17:].partition(b"\0")[0].decode()
        contents = [part for kind, part in parts if kind == b"cbor"]
        found.append((label, cbor(contents[0]) if contents else tree(body)))
    return found


def assertions(store: bytes) -> dict[str, bytes]:
    """The content of each assertion's superbox in the last manifest, by label: what is hashed (8.4.2.3)."""
    ((_, outer),) = _boxes(store)
    manifest = [body for kind, body in _boxes(outer) if kind == b"jumb"][-1]
    within = next(body for kind, body in _boxes(manifest) if b"c2pa.assertions\0" in body[:64])
    return {
        _boxes(body)[0][1][17:].partition(b"\0")[0].decode(): body
        for kind, body in _boxes(within)
        if kind == b"jumb"
    }


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        assert size >= 8
        found.append((kind, data[at + 8 : at + size]))
        at += size
    return found


def cbor(data: bytes) -> Any:
    """One item, and nothing behind it."""
    value, end = _item(data, 0)
    assert end == len(data)
    return value


def _item(data: bytes, at: int) -> tuple[Any, int]:  # noqa: PLR0911 (a case for each major type)
    major, short = data[at] >> 5, data[at] & 31
    at += 1
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(short, 0)
    argument = int.from_bytes(data[at : at + size], "big") if size else short
    raw, at = data[at : at + size], at + size
    match major:
        case 0:
            return argument, at
        case 1:
            return -1 - argument, at
        case 2:
            return data[at : at + argument], at + argument
        case 3:
            return data[at : at + argument].decode(), at + argument
        case 4:
            items = []
            for _ in range(argument):
                value, at = _item(data, at)
                items.append(value)
            return items, at
        case 5:
            pairs = {}
            for _ in range(argument):
                key, at = _item(data, at)
                pairs[key], at = _item(data, at)
            return pairs, at
        case 6:
            return _item(data, at)
        case _:
            floats = {25: ">e", 26: ">f", 27: ">d"}
            simple = {20: False, 21: True, 22: None}
            return (struct.unpack(floats[short], raw)[0] if short in floats else simple[short]), at
