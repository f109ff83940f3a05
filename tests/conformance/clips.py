"""One signed, time-stamped clip with both marks, and each way to break it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safety.certificates import to_pem
from safety.credentials import Credentials
from safety.label import Label
from safety.selftest import tiny_clip
from safety.trust_lists import TrustLists
from tests.ocsp_responder import Responder
from tests.safety.test_credentials import Installation, Permit, facts, install
from tests.safety.test_stapling import installed
from tests.time_stamper import TimeStamper

SOUND = "dev.sitter.watermark.sound.v1"


@dataclass
class Site:
    """An installation and what it signed."""

    made: Installation
    clip: bytes
    lists: TrustLists


def sign(folder: Path, stamper: TimeStamper) -> Site:
    """Install in `folder`, list the time-stamper, sign and stamp a clip."""
    made = install(folder)
    made.credentials.close()
    made.credentials._authority.update("time-stampers", stamper.root.encode())
    made.credentials = Credentials.open(made.trust, made.ring, time_stamper=stamper.url)
    target = folder / "released.mp4"
    done = made.credentials.sign(
        made.clip(), target, facts(sound_watermark=SOUND, label=Label("corner")), Permit()
    )
    assert done.time_stamped
    return Site(made, target.read_bytes(), made.credentials._authority.lists())


def sign_stapled(folder: Path, stamper: TimeStamper) -> Site:
    """The same under an authority that has a responder: its answer is stapled."""
    answers = folder / "ocsp"
    answers.mkdir()
    authority = Responder(answers)
    made = installed(folder, authority, None)
    made.credentials.close()
    made.credentials._authority.update("time-stampers", stamper.root.encode())
    made.credentials = Credentials.open(made.trust, made.ring, time_stamper=stamper.url, ocsp=authority.ask)
    time.sleep(1.1)  # both clocks count seconds, and the answer must be older than the time-stamp
    target, _ = made.sign(facts(sound_watermark=SOUND))
    made.credentials.close()
    return Site(made, target.read_bytes(), TrustLists(to_pem(authority.root), stamper.root, ""))


def _after(needle: bytes, data: bytes, skip: int = 4) -> bytes:
    """One bit changed `skip` bytes after the first `needle`."""
    return _flipped(data, data.index(needle) + len(needle) + skip)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _manifest_end(data: bytes) -> int:
    """Where the manifest's box ends: its last 64 bytes are the signature."""
    box = data.index(b"uuid") - 4
    return box + int.from_bytes(data[box : box + 4], "big")


def _grafted(data: bytes) -> bytes:
    """The manifest in front of other frames."""
    box, end = data.index(b"uuid") - 4, _manifest_end(data)
    plain = bytearray(tiny_clip())
    plain[plain.index(b"mdat") + 12] ^= 1
    head = int.from_bytes(plain[:4], "big")
    return bytes(plain[:head]) + data[box:end] + bytes(plain[head:])


def _doubled(data: bytes) -> bytes:
    """Its manifest box twice."""
    return data[: _manifest_end(data)] + data[data.index(b"uuid") - 4 :]


def forged_time(data: bytes) -> bytes:
    """One bit of the time-stamp changed, which the claim's signature does not cover."""
    return _after(b"sigTst2", data, 600)


TAMPERED: dict[str, Callable[[bytes], bytes]] = {
    "frames": lambda data: _after(b"mdat", data, 8),
    "tables": lambda data: _after(b"mvhd", data, 12),
    "source type": lambda data: data.replace(b"compositeWithTrained", b"compositeWithoutAny!", 1),
    "payload": lambda data: data.replace(b"0123456789abcdef01234567", b"0123456789abcdef01234568", 1),
    "consent": lambda data: _after(b"dev.sitter.consent", data),
    "claim": lambda data: _after(b"claim_generator_info", data, 8),
    "signature": lambda data: _flipped(data, _manifest_end(data) - 20),
    "cut": lambda data: data[: len(data) - 40],
    "another's frames": _grafted,
    "two manifests": _doubled,
}
