"""Biometrics at rest: every identity has a key of its own, and erasing the identity destroys that key.

Data is sealed with AES-256-GCM (NIST SP 800-38D) under the identity's 256-bit key, which is itself sealed
under the installation's master key; both bind the identity's id, so that no row can be passed off as
another's. Nonces are 96 random bits: far fewer than the 2**32 messages per key that SP 800-38D, 8.3, allows
for such nonces.

Destroying a key makes every copy of what it sealed unreadable (crypto-shredding). It holds for backups of the
records only as long as these are kept: a backup from before the erasure still has the wrapped key.
"""

import secrets
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safety.errors import IdentityErased, IdentityUnknown, Misconfigured, StoreUnavailable
from safety.stores.sqlite import Database, Reading, Transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS vault_keys (
    identity_id TEXT PRIMARY KEY,
    wrapped BLOB
) STRICT;
"""

KEY_BYTES = 32
NONCE_BYTES = 12


class Vault:
    """Keys per identity, wrapped.

    Args:
        db: where the wrapped keys are kept.
        master: 32 bytes, kept elsewhere: `KeyRing.derive("vault")` or a key from a key service.
        random: gives that many random bytes.

    Raises:
        Misconfigured: the master key has another size.
    """

    def __init__(
        self, db: Database, master: bytes, random: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        if len(master) != KEY_BYTES:
            raise Misconfigured(f"the vault's master key has {len(master)} bytes and needs {KEY_BYTES}")
        self._master = AESGCM(master)
        self._random = random
        db.create(SCHEMA)

    def create(self, identity_id: str, tx: Transaction) -> None:
        """Make the key of a new identity; it exists when `tx` commits.

        Raises:
            StoreUnavailable: it has or had a key; an erased identity never gets another one.
        """
        nonce = self._random(NONCE_BYTES)
        wrapped = nonce + self._master.encrypt(nonce, self._random(KEY_BYTES), _bound(identity_id, "key"))
        tx.execute("INSERT INTO vault_keys VALUES (?, ?)", (identity_id, wrapped))

    def seal(self, identity_id: str, name: str, data: bytes, rx: Reading) -> bytes:
        """Encrypt `data`; it opens only for the same identity and `name`. Raises as `open`."""
        nonce = self._random(NONCE_BYTES)
        return nonce + self._key(identity_id, rx).encrypt(nonce, data, _bound(identity_id, name))

    def open(self, identity_id: str, name: str, sealed: bytes, rx: Reading) -> bytes:
        """Decrypt what `seal` gave.

        Raises:
            IdentityUnknown: it has no key.
            IdentityErased: its key was destroyed.
            StoreUnavailable: the data or the key were changed, or belong to another identity or installation.
        """
        return _decrypted(self._key(identity_id, rx), sealed, _bound(identity_id, name))

    def erase(self, identity_id: str, tx: Transaction) -> None:
        """Destroy the key when `tx` commits; twice is harmless. Raises IdentityUnknown.

        The caller has to let the database forget the freed bytes: `Database.forget`.
        """
        found = tx.execute("UPDATE vault_keys SET wrapped = NULL WHERE identity_id = ?", (identity_id,))
        if found.rowcount == 0:
            raise IdentityUnknown("no such identity: check its id")

    def _key(self, identity_id: str, rx: Reading) -> AESGCM:
        row = rx.execute("SELECT wrapped FROM vault_keys WHERE identity_id = ?", (identity_id,)).fetchone()
        if row is None:
            raise IdentityUnknown("no such identity: check its id")
        if row["wrapped"] is None:
            raise IdentityErased("this identity was erased: enrol it again")
        return AESGCM(_decrypted(self._master, row["wrapped"], _bound(identity_id, "key")))


def _bound(identity_id: str, name: str) -> bytes:
    """What is authenticated with the data; the zero byte keeps id and name apart."""
    return b"sitter vault 1\0" + identity_id.encode() + b"\0" + name.encode()


def _decrypted(key: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    try:
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError) as error:
        raise StoreUnavailable(
            "the vault cannot be opened: its content was changed, or this is not the installation's key ring"
        ) from error
