"""How identities lie in the records: what may be read there is plain, what tells of a person is sealed."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from safety.errors import IdentityUnknown
from safety.gallery import Template
from safety.stores.sqlite import Database, Reading, Transaction
from safety.vault import Vault

SCHEMA = """
CREATE TABLE IF NOT EXISTS identities (
    identity_id TEXT PRIMARY KEY,
    basis TEXT NOT NULL,
    protected INTEGER NOT NULL,
    adult INTEGER NOT NULL,
    pictures INTEGER NOT NULL,
    encoder TEXT NOT NULL,
    encoder_sha256 TEXT NOT NULL,
    words BLOB,
    template BLOB,
    enrolled_at TEXT NOT NULL,
    enrolled_by TEXT NOT NULL,
    erased_at TEXT,
    erased_by TEXT
) STRICT;
"""

_WORDS = "words"


@dataclass(frozen=True)
class Identity:
    """An enrolled sitter, without the face.

    Attributes:
        identity_id: given at enrolment; a random UUID in hex unless made otherwise.
        basis: `consent` (a living person), `character` or `artwork`.
        protected: somebody who must never be animated.
        adult: the enrolment had evidence that a living person is of age.
        pictures: how many made the template.
        encoder, encoder_sha256: what made it; embeddings of other models are never compared with it.
        enrolled_by: the caller's name.
        label, declaration: as given at enrolment; empty once erased.
        erased_at, erased_by: when and by whom its key was destroyed; None while it is live.
    """

    identity_id: str
    basis: str
    protected: bool
    pictures: int
    encoder: str
    encoder_sha256: str
    enrolled_at: datetime
    enrolled_by: str
    label: str = field(repr=False)
    declaration: str = field(repr=False)
    adult: bool = False
    erased_at: datetime | None = None
    erased_by: str | None = None

    @property
    def state(self) -> str:
        """`live` or `erased`."""
        return "live" if self.erased_at is None else "erased"


class IdentityRows:
    """The table of identities, read and written through the vault over the same database."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._vault = vault
        db.create(SCHEMA)

    def insert(self, identity: Identity, template: Template, tx: Transaction) -> None:
        key = identity.identity_id
        self._vault.create(key, tx)
        words = json.dumps([identity.label, identity.declaration]).encode()
        values = template.embedding.astype("<f4").tobytes()
        row = {
            "identity_id": key,
            "basis": identity.basis,
            "protected": int(identity.protected),
            "adult": int(identity.adult),
            "pictures": identity.pictures,
            "encoder": identity.encoder,
            "encoder_sha256": identity.encoder_sha256,
            "words": self._vault.seal(key, _WORDS, words, tx),
            "template": self._vault.seal(key, _template_name(identity), values, tx),
            "enrolled_at": identity.enrolled_at.isoformat(),
            "enrolled_by": identity.enrolled_by,
        }
        columns, places = ", ".join(row), ", ".join(f":{name}" for name in row)
        tx.execute(f"INSERT INTO identities ({columns}) VALUES ({places})", row)  # noqa: S608 our own names

    def get(self, identity_id: str, rx: Reading) -> Identity:
        """Raises IdentityUnknown."""
        row = rx.execute("SELECT * FROM identities WHERE identity_id = ?", (identity_id,)).fetchone()
        if row is None:
            raise IdentityUnknown("no such identity: enrol it first, or check its id")
        return self._identity(row, rx)

    def all(self, rx: Reading) -> tuple[Identity, ...]:
        rows = rx.execute("SELECT * FROM identities ORDER BY enrolled_at, identity_id").fetchall()
        return tuple(self._identity(row, rx) for row in rows)

    def template(self, identity: Identity, rx: Reading) -> Template:
        """The face of a live identity, decrypted. Raises StoreUnavailable when it was changed on disk."""
        key = identity.identity_id
        row = rx.execute("SELECT template FROM identities WHERE identity_id = ?", (key,)).fetchone()
        sealed = self._vault.open(key, _template_name(identity), row["template"], rx)
        embedding = np.frombuffer(sealed, "<f4").astype(np.float32)
        return Template(key, identity.basis, identity.protected, identity.pictures, embedding)

    def erase(self, identity_id: str, at: datetime, by: str, tx: Transaction) -> None:
        """Destroy its key and drop what it sealed; the row stays. Raises IdentityUnknown."""
        self._vault.erase(identity_id, tx)
        tx.execute(
            "UPDATE identities SET words = NULL, template = NULL, erased_at = ?, erased_by = ? "
            "WHERE identity_id = ?",
            (at.isoformat(), by, identity_id),
        )

    def _identity(self, row: Any, rx: Reading) -> Identity:
        label = declaration = ""
        if row["erased_at"] is None:
            label, declaration = json.loads(self._vault.open(row["identity_id"], _WORDS, row["words"], rx))
        return Identity(
            identity_id=row["identity_id"],
            basis=row["basis"],
            protected=bool(row["protected"]),
            adult=bool(row["adult"]),
            pictures=row["pictures"],
            encoder=row["encoder"],
            encoder_sha256=row["encoder_sha256"],
            enrolled_at=datetime.fromisoformat(row["enrolled_at"]),
            enrolled_by=row["enrolled_by"],
            label=label,
            declaration=declaration,
            erased_at=datetime.fromisoformat(row["erased_at"]) if row["erased_at"] else None,
            erased_by=row["erased_by"],
        )


def _template_name(identity: Identity) -> str:
    """Binds the meaning of a template to its ciphertext: edit basis or protection and it does not open."""
    facts = (identity.encoder_sha256, identity.basis, identity.protected, identity.adult, identity.pictures)
    return " ".join(["template", *map(str, facts)])
