"""How identities lie in the records: what may be read there is plain, what tells of a person is sealed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from safety.errors import IdentityUnknown
from safety.gallery import Template
from safety.protection import SCHEME
from safety.stores.sqlite import Database, Reading, Transaction
from safety.upgrade import add_columns
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
CREATE TABLE IF NOT EXISTS identity_media (
    identity_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (identity_id, number)
) STRICT;
"""
LATER_COLUMNS = {
    "guardian": "INTEGER",
    "review": "TEXT",
    "reviewed_at": "TEXT",
    "reviewed_by": "TEXT",
    "suspended": "INTEGER",
    "protection": "TEXT",
    "retain_until": "TEXT",
    "media_until": "TEXT",
}

REVIEWS = ("none", "pending", "approved", "rejected")
COMPARED = "erased_at IS NULL AND coalesce(suspended, 0) = 0"
_WORDS = "words"


@dataclass(frozen=True)
class Identity:
    """An enrolled sitter, without the face.

    Attributes:
        identity_id: given at enrolment; a random UUID in hex unless made otherwise.
        basis: `consent` (a living person), `character` or `artwork`.
        protected: somebody who must never be animated.
        adult: the enrolment had evidence that a living person is of age.
        guardian: the enrolment had evidence that a guardian agrees for a living person who is not.
        pictures: how many made the template.
        encoder, encoder_sha256: what made it; embeddings of other models are never compared with it.
        enrolled_by: the caller's name.
        label, declaration: as given at enrolment; empty once erased.
        review: `none` (a living person's consent is the check), `pending`, `approved` or `rejected`.
        reviewed_at, reviewed_by: the second operator's decision.
        suspended: it has no template of the encoder in use; enrol it again.
        retain_until: when it is erased without anybody asking; None in records of earlier versions.
        media_until: until when enrolment pictures are kept; None where none are.
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
    guardian: bool = False
    review: str = "none"
    reviewed_at: datetime | None = None
    reviewed_by: str | None = None
    suspended: bool = False
    retain_until: datetime | None = None
    media_until: datetime | None = None
    erased_at: datetime | None = None
    erased_by: str | None = None

    @property
    def state(self) -> str:
        """`pending` (a second operator has to approve), `suspended`, `live` or `erased`."""
        if self.erased_at is not None:
            return "erased"
        if self.suspended:
            return "suspended"
        return "pending" if self.review == "pending" else "live"


class IdentityRows:
    """The table of identities, read and written through the vault over the same database."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._vault = vault
        db.create(SCHEMA)
        add_columns(db, "identities", LATER_COLUMNS)

    def insert(
        self, identity: Identity, template: Template, tx: Transaction, media: Sequence[bytes] = ()
    ) -> None:
        """Raises StoreUnavailable when that id exists or existed."""
        key = identity.identity_id
        self._vault.create(key, tx)
        words = json.dumps([identity.label, identity.declaration]).encode()
        row = {
            "identity_id": key,
            "basis": identity.basis,
            "protected": int(identity.protected),
            "adult": int(identity.adult),
            "pictures": identity.pictures,
            "encoder": identity.encoder,
            "encoder_sha256": identity.encoder_sha256,
            "words": self._vault.seal(key, _WORDS, words, tx),
            "template": self._sealed(identity, template, tx),
            "enrolled_at": identity.enrolled_at.isoformat(),
            "enrolled_by": identity.enrolled_by,
            "guardian": int(identity.guardian),
            "review": identity.review,
            "protection": SCHEME,
            "retain_until": _text(identity.retain_until),
            "media_until": _text(identity.media_until) if media else None,
        }
        columns, places = ", ".join(row), ", ".join(f":{name}" for name in row)
        tx.execute(f"INSERT INTO identities ({columns}) VALUES ({places})", row)  # noqa: S608 our own names
        for number, picture in enumerate(media):
            sealed = self._vault.seal(key, f"media {number}", picture, tx)
            tx.execute("INSERT INTO identity_media VALUES (?, ?, ?)", (key, number, sealed))

    def rewrite(self, identity: Identity, template: Template | None, tx: Transaction) -> None:
        """Store another state of an identity whose row exists, and with it its template, sealed for it."""
        sealed = None if template is None else self._sealed(identity, template, tx)
        tx.execute(
            "UPDATE identities SET review = ?, reviewed_at = ?, reviewed_by = ?, suspended = ?, encoder = ?,"
            " encoder_sha256 = ?, pictures = ?, protection = ?, template = ? WHERE identity_id = ?",
            (
                identity.review, _text(identity.reviewed_at), identity.reviewed_by, int(identity.suspended),
                identity.encoder, identity.encoder_sha256, identity.pictures, SCHEME, sealed,
                identity.identity_id,
            ),
        )  # fmt: skip

    def get(self, identity_id: str, rx: Reading) -> Identity:
        """Raises IdentityUnknown."""
        row = rx.execute("SELECT * FROM identities WHERE identity_id = ?", (identity_id,)).fetchone()
        if row is None:
            raise IdentityUnknown("no such identity: enrol it first, or check its id")
        return self._identity(row, rx)

    def all(self, rx: Reading) -> tuple[Identity, ...]:
        rows = rx.execute("SELECT * FROM identities ORDER BY enrolled_at, identity_id").fetchall()
        return tuple(self._identity(row, rx) for row in rows)

    def templates(self, rx: Reading) -> Iterator[tuple[Template, bool]]:
        """Every face that is to be compared, decrypted, and whether it is turned by a rotation already.

        Raises StoreUnavailable when one was changed on disk.
        """
        sql = f"SELECT * FROM identities WHERE {COMPARED}"  # noqa: S608 our own text
        for row in rx.execute(sql):
            identity = _plain(row)
            turned = row["protection"] is not None
            name = _template_name(identity, row["protection"])
            sealed = self._vault.open(identity.identity_id, name, row["template"], rx)
            embedding = np.frombuffer(sealed, "<f4").astype(np.float32)
            facts = (identity.identity_id, identity.basis, identity.protected, identity.pictures)
            yield Template(*facts, embedding), turned

    def encoders(self, rx: Reading) -> set[str]:
        """SHA-256 of every model that made a template which is to be compared."""
        sql = f"SELECT DISTINCT encoder_sha256 FROM identities WHERE {COMPARED}"  # noqa: S608 our own text
        return {row[0] for row in rx.execute(sql).fetchall()}

    def media(self, identity_id: str, rx: Reading) -> list[bytes]:
        """The pictures that are kept of an identity, as encoded files; empty where none are."""
        sql = "SELECT number, sealed FROM identity_media WHERE identity_id = ? ORDER BY number"
        rows = rx.execute(sql, (identity_id,)).fetchall()
        return [self._vault.open(identity_id, f"media {number}", sealed, rx) for number, sealed in rows]

    def drop_media(self, identity_id: str, tx: Transaction) -> None:
        tx.execute("DELETE FROM identity_media WHERE identity_id = ?", (identity_id,))
        tx.execute("UPDATE identities SET media_until = NULL WHERE identity_id = ?", (identity_id,))

    def fingerprint(self, identity_id: str, rx: Reading) -> str:
        """`Vault.fingerprint`."""
        return self._vault.fingerprint(identity_id, rx)

    def erase(self, identity_id: str, at: datetime, by: str, tx: Transaction) -> None:
        """Destroy its key and drop what it sealed; the row stays. Raises IdentityUnknown."""
        self._vault.erase(identity_id, tx)
        self.drop_media(identity_id, tx)
        tx.execute(
            "UPDATE identities SET words = NULL, template = NULL, erased_at = ?, erased_by = ? "
            "WHERE identity_id = ?",
            (at.isoformat(), by, identity_id),
        )

    def _sealed(self, identity: Identity, template: Template, rx: Reading) -> bytes:
        values = template.embedding.astype("<f4").tobytes()
        return self._vault.seal(identity.identity_id, _template_name(identity, SCHEME), values, rx)

    def _identity(self, row: Any, rx: Reading) -> Identity:
        if row["erased_at"] is not None:
            return _plain(row)
        words = json.loads(self._vault.open(row["identity_id"], _WORDS, row["words"], rx))
        return _plain(row, *words)


def _plain(row: Any, label: str = "", declaration: str = "") -> Identity:
    return Identity(
        identity_id=row["identity_id"],
        basis=row["basis"],
        protected=bool(row["protected"]),
        adult=bool(row["adult"]),
        guardian=bool(row["guardian"]),
        pictures=row["pictures"],
        encoder=row["encoder"],
        encoder_sha256=row["encoder_sha256"],
        enrolled_at=datetime.fromisoformat(row["enrolled_at"]),
        enrolled_by=row["enrolled_by"],
        label=label,
        declaration=declaration,
        review=row["review"] or "none",
        reviewed_at=_moment(row["reviewed_at"]),
        reviewed_by=row["reviewed_by"],
        suspended=bool(row["suspended"]),
        retain_until=_moment(row["retain_until"]),
        media_until=_moment(row["media_until"]),
        erased_at=_moment(row["erased_at"]),
        erased_by=row["erased_by"],
    )


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _template_name(identity: Identity, protection: str | None) -> str:
    """Binds the meaning of a template to its ciphertext: edit basis, protection or review and it does not
    open.
    """
    facts = (identity.encoder_sha256, identity.basis, identity.protected, identity.adult, identity.pictures)
    later = (protection, identity.guardian, identity.review, identity.reviewed_by) if protection else ()
    return " ".join(["template", *map(str, facts + later)])
