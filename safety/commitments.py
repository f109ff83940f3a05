"""Commitments that die with the identity they are about.

What an entry of the log or a manifest says of a portrait, a speech, a script or a consent is a keyed
commitment, and neither can be erased. So the key is the identity's own: derived from its key in the vault,
which erasing the identity destroys. Before, this installation can show that a file is the one that an entry
names; afterwards nobody can, not even with every key of the installation and the file at hand.

The identity's key is the salt of all its commitments and the vault is the table that forgets it: one secret
to destroy, wrapped under the master key, covered by its rotation and by what is said of backups there.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from safety.errors import IdentityErased, IdentityUnknown
from safety.keys import framed
from safety.stores.sqlite import Database, Reading
from safety.vault import KEY_BYTES, Vault

PURPOSE = "commitments"


class Commitment:
    """Commits to data under one identity's key. Equal data of one domain gives equal commitments."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, domain: str, data: bytes) -> str:
        """HMAC-SHA256 as 64 hex digits. Raises ValueError for a domain of none or over 255 bytes."""
        return hmac.new(self._key, framed(domain, data), hashlib.sha256).hexdigest()


class Commitments:
    """The commitments of each identity.

    Args:
        db: the vault's.
        random: gives that many random bytes.
    """

    def __init__(
        self, db: Database, vault: Vault, random: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._db, self._vault, self._random = db, vault, random

    def of(self, identity_id: str, rx: Reading | None = None) -> Commitment:
        """Commitments about `identity_id`.

        Of an identity that is unknown here, or erased, the key is a random one that nobody keeps: the entry
        of the refusal that follows then tells nothing of what was handed in, ever.

        Args:
            rx: the transaction that may have just made the identity; otherwise what is committed is read.

        Raises:
            StoreUnavailable: the vault cannot be read.
        """
        try:
            if rx is not None:
                return Commitment(self._vault.derive(identity_id, PURPOSE, rx))
            with self._db.reading() as reading:
                return Commitment(self._vault.derive(identity_id, PURPOSE, reading))
        except (IdentityUnknown, IdentityErased):
            return Commitment(self._random(KEY_BYTES))
