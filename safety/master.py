"""Master keys: what wraps the vault's key of each identity, picked by URL.

    file:          a key in the sealed file `vault.json` beside the key ring; made at the first rotation
    pkcs11:...     an AES key that never leaves a token (RFC 7512), through python-pkcs11
    anything else  a key service, by callback: an opener given by whoever calls, or one that an installed
                   package offers for the scheme as an entry point of the group `sitter.master_keys`

Before the first rotation the file does not exist: the key is derived from the key ring's own.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safety.errors import Misconfigured, StoreUnavailable
from safety.keys import KEY_BYTES, KeyRing, private_bytes
from safety.stores.files import write_whole

NONCE_BYTES = 12
FILE = "vault.json"
GROUP = "sitter.master_keys"
FIRST = "ring"
"""Id of the key that every key ring has: derived from its master secret."""


class MasterKey(Protocol):
    """Wraps and unwraps 32-byte keys, authenticated together with what they are for.

    `key_id`: stable name, kept beside each wrapped key, so that the right one unwraps it after a rotation.
    """

    @property
    def key_id(self) -> str: ...

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        """Raises StoreUnavailable when the key cannot be used now."""

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """Raises StoreUnavailable: changed, bound to something else, of another key, or unusable now."""


@dataclass(frozen=True)
class LocalKey:
    """A master key in this process: AES-256-GCM. Raises Misconfigured unless it has 32 bytes."""

    key: bytes = field(repr=False)
    key_id: str = FIRST

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise Misconfigured(f"the vault's master key has {len(self.key)} bytes and needs {KEY_BYTES}")

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, key, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        try:
            return AESGCM(self.key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
        except (InvalidTag, ValueError) as error:
            raise unopened() from error


@dataclass(frozen=True)
class CallbackKey:
    """A key of a key service: `wrap_with` and `unwrap_with` take the bytes and what they are bound to.

    Whatever they raise becomes StoreUnavailable: without the key service nothing opens.
    """

    key_id: str
    wrap_with: Callable[[bytes, bytes], bytes] = field(repr=False)
    unwrap_with: Callable[[bytes, bytes], bytes] = field(repr=False)

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        return _asked(lambda: self.wrap_with(key, bound))

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        return _asked(lambda: self.unwrap_with(wrapped, bound))


Opener = Callable[[str], MasterKey]


def open_masters(url: str, ring: KeyRing, services: Mapping[str, Opener] | None = None) -> list[MasterKey]:
    """The master keys of `url`, newest first: the first wraps, all unwrap.

    The key ring's own keys come last, so that what they wrapped opens until it was re-wrapped.

    Args:
        services: openers of key services by scheme, before installed ones; each is given the whole URL.

    Raises:
        Misconfigured: no such scheme, no such key, or a library that is not installed.
        StoreUnavailable: a key service or token does not answer.
    """
    scheme = url.partition(":")[0]
    if scheme == "file":
        return list(local_keys(ring))
    opener = (services or {}).get(scheme) or _installed(scheme)
    if opener is not None:
        return [opener(url), *local_keys(ring)]
    if scheme == "pkcs11":
        from safety.pkcs11 import open_token_key

        return [open_token_key(url), *local_keys(ring)]
    raise Misconfigured(
        f"no master key comes from {scheme!r}: use file:, pkcs11:, or install an opener for that scheme",
        scheme=scheme,
    )


def _installed(scheme: str) -> Opener | None:
    """The opener that a package on this machine offers."""
    for point in entry_points(group=GROUP, name=scheme):
        opener: Opener = point.load()
        return opener
    return None


def add_local_key(ring: KeyRing) -> None:
    """Put a new key first in the file; the older ones stay until `keep_newest`. Raises StoreUnavailable."""
    _store(ring, [LocalKey(secrets.token_bytes(KEY_BYTES), secrets.token_hex(8)), *local_keys(ring)])


def keep_newest(ring: KeyRing) -> None:
    """Forget all keys of the file but the first: nothing may be wrapped with them any more."""
    _store(ring, local_keys(ring)[:1])


def unopened() -> StoreUnavailable:
    return StoreUnavailable(
        "the vault cannot be opened: its content was changed, or this is not the installation's key ring"
    )


def local_keys(ring: KeyRing) -> list[LocalKey]:
    """The key ring's own, newest first. Raises Misconfigured when their file is damaged or open to others."""
    path = ring.folder / FILE
    if not path.exists():
        return [LocalKey(ring.derive("vault"))]
    try:
        listed = json.loads(ring.unseal(FILE, private_bytes(path)))
        keys = [LocalKey(bytes.fromhex(key), str(key_id)) for key_id, key in listed]
    except (ValueError, TypeError) as error:
        raise Misconfigured(f"the private file {FILE!r} is damaged: restore it from a backup") from error
    if not keys:
        raise Misconfigured(f"the private file {FILE!r} holds no key: restore it from a backup")
    return keys


def _store(ring: KeyRing, keys: Sequence[LocalKey]) -> None:
    content = json.dumps([[each.key_id, each.key.hex()] for each in keys])
    write_whole(ring.folder / FILE, ring.seal(FILE, content.encode()))


def _asked(ask: Callable[[], bytes]) -> bytes:
    try:
        return ask()
    except Exception as error:  # a client library of somebody else's
        raise StoreUnavailable("the key service does not answer: check it, then try again") from error
