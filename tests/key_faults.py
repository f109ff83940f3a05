"""Signing keys that fail in each way; named as callback:tests.key_faults:NAME."""

import os
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

KEY = ec.derive_private_key(0x5177E12025, ec.SECP256R1())
"""Of tests alone: anybody can compute it."""


def dead(data: bytes) -> bytes:
    raise ConnectionError("no token")


def wrong(data: bytes) -> bytes:
    return b"\1" * 64


def hanging(data: bytes) -> bytes:
    time.sleep(600)
    return wrong(data)


def dying(data: bytes) -> bytes:
    os._exit(3)


def good(data: bytes) -> bytes:
    """Signs as a key service does, in DER, with a key that is the same in every process."""
    return KEY.sign(data, ec.ECDSA(hashes.SHA256()))
