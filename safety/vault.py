"""Biometrics at rest: every identity has a key of its own, and erasing the identity destroys that key.

Data is sealed with AES-256-GCM (NIST SP 800-38D) under the identity's 256-bit key, which is itself wrapped
under the installation's master key (`safety.master`); both bind the identity's id, so that no row can be
passed off as another's. Nonces are 96 random bits: far fewer than the 2**32 messages per key that SP 800-38D,
8.3, allows for such nonces.

Destroying a key makes every copy of what it sealed unreadable (crypto-shredding). It holds for backups of the
records only as long as these are kept, or until the master key they were wrapped with is rotated away: a
backup from before the erasure still has the wrapped key.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from safety.errors import IdentityErased, IdentityUnknown, Misconfigured, StoreUnavailable
from safety.master import FIRST, NONCE_BYTES, MasterKey, unopened
from safety.stores.sqlite import Database, Reading, Transaction
from safety.upgrade import add_columns

SCHEMA = """
CREATE TABLE IF NOT EXISTS vault_keys (
    identity_id TEXT PRIMARY KEY,
    wrapped BLOB,
    master TEXT
) STRICT;
"""
# `master` is NULL for keys that were wrapped before master keys had ids: by the key ring's first.

KEY_BYTES = 32
BATCH = 500
OUTDATED = "wrapped IS NOT NULL AND coalesce(master, ?) <> ?"


class Vault:
    """Keys per identity, wrapped.

    Args:
        db: where the wrapped keys are kept.
        masters: newest first: the first wraps, all unwrap; kept elsewhere (`safety.master.open_masters`).
        random: gives that many random bytes.

    Raises:
        Misconfigured: no master key.
    """

    def __init__(
        self,
        db: Database,
        masters: Sequence[MasterKey],
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        if not masters:
            raise Misconfigured("the vault needs a master key")
        self._db = db
        self._newest = masters[0]
        self._masters = {each.key_id: each for each in masters}
        self._random = random
        db.create(SCHEMA)
        add_columns(db, "vault_keys", {"master": "TEXT"})

    def create(self, identity_id: str, tx: Transaction) -> None:
        """Make the key of a new identity; it exists when `tx` commits.

        Raises:
            StoreUnavailable: it has or had a key; an erased identity never gets another one.
        """
        wrapped = self._newest.wrap(self._random(KEY_BYTES), _bound(identity_id, "key"))
        tx.execute("INSERT INTO vault_keys VALUES (?, ?, ?)", (identity_id, wrapped, self._newest.key_id))

    def seal(self, identity_id: str, name: str, data: bytes, rx: Reading) -> bytes:
        """Encrypt `data`; it opens only for the same identity and `name`. Raises as `open`."""
        nonce = self._random(NONCE_BYTES)
        key = AESGCM(self._key(identity_id, rx))
        return nonce + key.encrypt(nonce, data, _bound(identity_id, name))

    def open(self, identity_id: str, name: str, sealed: bytes, rx: Reading) -> bytes:
        """Decrypt what `seal` gave.

        Raises:
            IdentityUnknown: it has no key.
            IdentityErased: its key was destroyed.
            StoreUnavailable: the data or the key were changed, or belong to another identity or installation.
        """
        key = AESGCM(self._key(identity_id, rx))
        try:
            return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(identity_id, name))
        except (InvalidTag, ValueError) as error:
            raise unopened() from error

    def fingerprint(self, identity_id: str, rx: Reading) -> str:
        """Which key it is, without telling anything of it: SHA-256 over 256 random bits. Raises as `open`."""
        return hashlib.sha256(b"sitter vault key\0" + self._key(identity_id, rx)).hexdigest()

    def derive(self, identity_id: str, purpose: str, rx: Reading) -> bytes:
        """A key of 32 bytes for another use, gone with the identity's (HKDF, RFC 5869). Raises as `open`."""
        info = b"sitter vault derived\0" + purpose.encode()
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=info).derive(self._key(identity_id, rx))

    def erase(self, identity_id: str, tx: Transaction) -> None:
        """Destroy the key when `tx` commits; twice is harmless. Raises IdentityUnknown.

        The caller has to let the database forget the freed bytes: `Database.forget`.
        """
        found = tx.execute("UPDATE vault_keys SET wrapped = NULL WHERE identity_id = ?", (identity_id,))
        if found.rowcount == 0:
            raise IdentityUnknown("no such identity: check its id")

    def outdated(self, rx: Reading) -> int:
        """How many keys are wrapped by another master key than the newest."""
        sql = f"SELECT count(*) FROM vault_keys WHERE {OUTDATED}"  # noqa: S608 our own text
        count: int = rx.execute(sql, (FIRST, self._newest.key_id)).fetchone()[0]
        return count

    def rewrap(self) -> int:
        """Wrap every key anew with the newest master key; returns how many.

        Batches of one transaction each: after a crash the rest is found by the master's id, and until then
        the older keys unwrap it. Raises StoreUnavailable.
        """
        done = 0
        sql = f"SELECT identity_id FROM vault_keys WHERE {OUTDATED} LIMIT ?"  # noqa: S608 our own text
        while True:
            with self._db.transaction() as tx:
                rows = tx.execute(sql, (FIRST, self._newest.key_id, BATCH)).fetchall()
                for (identity_id,) in rows:
                    key = self._key(identity_id, tx)
                    wrapped = self._newest.wrap(key, _bound(identity_id, "key"))
                    tx.execute(
                        "UPDATE vault_keys SET wrapped = ?, master = ? WHERE identity_id = ?",
                        (wrapped, self._newest.key_id, identity_id),
                    )
            done += len(rows)
            if not rows:
                return done

    def _key(self, identity_id: str, rx: Reading) -> bytes:
        sql = "SELECT wrapped, master FROM vault_keys WHERE identity_id = ?"
        row = rx.execute(sql, (identity_id,)).fetchone()
        if row is None:
            raise IdentityUnknown("no such identity: check its id")
        if row["wrapped"] is None:
            raise IdentityErased("this identity was erased: enrol it again")
        master = self._masters.get(row["master"] or FIRST)
        if master is None:
            raise StoreUnavailable(
                "a key of the vault was wrapped by a master key that is not here: restore the old one"
            )
        return master.unwrap(row["wrapped"], _bound(identity_id, "key"))


def _bound(identity_id: str, name: str) -> bytes:
    """What is authenticated with the data; the zero byte keeps id and name apart."""
    return b"sitter vault 1\0" + identity_id.encode() + b"\0" + name.encode()
