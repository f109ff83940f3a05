"""Where things stand in a manifest store: JUMBF boxes (ISO/IEC 19566-5), and just enough CBOR (RFC 8949).

Used on stores that this installation signed a moment ago, so that what does not fit is an error of ours.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_TYPE_BYTES, _TOGGLE_BYTES = 16, 1


@dataclass(frozen=True)
class Box:
    """One box: its four-letter kind and where its content stands."""

    kind: bytes
    start: int
    end: int


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes of data[start:end], in order. Raises ValueError."""
    while start < end:
        size = int.from_bytes(data[start : start + 4], "big")
        if size < 8 or start + size > end:
            raise ValueError("a box of the manifest store is damaged")
        yield Box(data[start + 4 : start + 8], start + 8, start + size)
        start += size


def label_of(data: bytes, box: Box) -> str:
    """The label of a superbox (`jumb`), from its description box. Raises ValueError."""
    described = next(boxes(data, box.start, box.end))
    text = data[described.start + _TYPE_BYTES + _TOGGLE_BYTES : described.end]
    return text.partition(b"\0")[0].decode("utf-8", "replace")


def signature_of(store: bytes) -> Box:
    """The COSE signature of the active manifest, which is the store's last. Raises ValueError."""
    (outer,) = boxes(store, 0, len(store))
    active = [box for box in boxes(store, outer.start, outer.end) if box.kind == b"jumb"][-1]
    for part in boxes(store, active.start, active.end):
        if part.kind == b"jumb" and label_of(store, part) == "c2pa.signature":
            return next(box for box in boxes(store, part.start, part.end) if box.kind == b"cbor")
    raise ValueError("the active manifest has no signature")


def head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument and where the content begins of the CBOR item at `at`. Raises ValueError."""
    major, short = data[at] >> 5, data[at] & 31
    if short < 24:
        return major, short, at + 1
    if short > 27:
        raise ValueError("indefinite lengths are not used in signatures")
    width = 1 << (short - 24)
    return major, int.from_bytes(data[at + 1 : at + 1 + width], "big"), at + 1 + width


def after(data: bytes, at: int) -> int:
    """Where the CBOR item at `at` ends. Raises ValueError."""
    major, argument, at = head(data, at)
    match major:
        case 2 | 3:
            return at + argument
        case 4 | 5:
            for _ in range(argument * (major - 3)):
                at = after(data, at)
            return at
        case 6:
            return after(data, at)
        case _:
            return at


def written(major: int, argument: int) -> bytes:
    """The shortest head of a CBOR item."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for short, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * width:
            return bytes([major << 5 | short]) + argument.to_bytes(width, "big")
    raise ValueError("too long for CBOR")


def text(value: str) -> bytes:
    """A CBOR text."""
    return written(3, len(value.encode())) + value.encode()


def byte_string(value: bytes) -> bytes:
    """A CBOR byte string."""
    return written(2, len(value)) + value
