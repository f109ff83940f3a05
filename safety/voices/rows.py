"""How voice prints lie in the records: sealed under their identity's key, like its face."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safety.errors import VoiceUnknown
from safety.protection import SCHEME as PROTECTION
from safety.stores.sqlite import Reading, Transaction
from safety.vault import Vault

SCHEMA = """
CREATE TABLE IF NOT EXISTS voice_prints (
    voice_id TEXT PRIMARY KEY,
    identity_id TEXT NOT NULL,
    encoder TEXT NOT NULL,
    encoder_sha256 TEXT NOT NULL,
    protection TEXT NOT NULL,
    source TEXT NOT NULL,
    seconds REAL NOT NULL,
    recordings INTEGER NOT NULL,
    print BLOB NOT NULL,
    speech BLOB,
    kept INTEGER NOT NULL,
    added_at TEXT NOT NULL,
    added_by TEXT NOT NULL,
    review TEXT NOT NULL,
    reviewed_at TEXT,
    reviewed_by TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS voice_prints_by_identity ON voice_prints (identity_id, added_at);
"""
# `speech` is the recordings, sealed: until a second operator has heard them, or (`kept`) as long as the
# identity's pictures.

SOURCES = ("files", "session")
MOST_PRINTS = 8
_SCALE = 32767


@dataclass(frozen=True)
class VoicePrint:
    """One print of an identity's voice, without the voice.

    Attributes:
        source: `session` (spoken in a consent session) or `files`.
        seconds: of speech behind it.
        review: `none` (a living person's, or part of an enrolment that is reviewed whole), `pending` or
            `approved`.
    """

    voice_id: str
    identity_id: str
    encoder: str
    encoder_sha256: str
    source: str
    seconds: float
    recordings: int
    added_at: datetime
    added_by: str
    review: str = "none"
    reviewed_at: datetime | None = None
    reviewed_by: str | None = None

    @property
    def sealed_as(self) -> str:
        """Binds what a print means to its ciphertext: edit one of these and it does not open."""
        facts = (
            self.voice_id, self.encoder_sha256, PROTECTION, self.source, self.seconds, self.review,
            self.reviewed_by,
        )  # fmt: skip
        return " ".join(["voice", *map(str, facts)])


class VoiceRows:
    """The table of voice prints, read and written through the vault over the same database."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def insert(
        self, each: VoicePrint, values: NDArray[np.float32], speech: bytes | None, kept: bool, tx: Transaction
    ) -> None:
        key = each.identity_id
        sealed = None if speech is None else self._vault.seal(key, _speech(each.voice_id), speech, tx)
        tx.execute(
            "INSERT INTO voice_prints VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,NULL,NULL)",
            (
                each.voice_id, key, each.encoder, each.encoder_sha256, PROTECTION, each.source, each.seconds,
                each.recordings, self._sealed(each, values, tx), sealed, int(kept),
                each.added_at.isoformat(), each.added_by, each.review,
            ),
        )  # fmt: skip

    def rewrite(self, each: VoicePrint, values: NDArray[np.float32], tx: Transaction) -> None:
        """Store another state of a print, sealed for it."""
        tx.execute(
            "UPDATE voice_prints SET encoder = ?, encoder_sha256 = ?, seconds = ?, review = ?,"
            " reviewed_at = ?, reviewed_by = ?, print = ? WHERE voice_id = ?",
            (
                each.encoder, each.encoder_sha256, each.seconds, each.review,
                each.reviewed_at and each.reviewed_at.isoformat(), each.reviewed_by,
                self._sealed(each, values, tx), each.voice_id,
            ),
        )  # fmt: skip

    def of(self, identity_id: str, rx: Reading) -> list[VoicePrint]:
        """Oldest first."""
        sql = "SELECT * FROM voice_prints WHERE identity_id = ? ORDER BY added_at, voice_id"
        return [_read(row) for row in rx.execute(sql, (identity_id,)).fetchall()]

    def all(self, rx: Reading) -> list[VoicePrint]:
        return [_read(row) for row in rx.execute("SELECT * FROM voice_prints ORDER BY voice_id").fetchall()]

    def get(self, identity_id: str, voice_id: str, rx: Reading) -> VoicePrint:
        """Raises VoiceUnknown: there is none, or it is another identity's."""
        for each in self.of(identity_id, rx):
            if each.voice_id == voice_id:
                return each
        raise VoiceUnknown("this identity has no such voice print: `sitter identity voice list` shows them")

    def values(self, each: VoicePrint, rx: Reading) -> NDArray[np.float32]:
        """(D,) unit length, turned. Raises StoreUnavailable when it was changed, IdentityErased."""
        row = rx.execute("SELECT print FROM voice_prints WHERE voice_id = ?", (each.voice_id,)).fetchone()
        return np.frombuffer(
            self._vault.open(each.identity_id, each.sealed_as, row["print"], rx), "<f4"
        ).astype(np.float32)

    def speech(self, each: VoicePrint, rx: Reading) -> NDArray[np.float32] | None:
        """(N,) mono at 16 kHz, where it is kept."""
        row = rx.execute("SELECT speech FROM voice_prints WHERE voice_id = ?", (each.voice_id,)).fetchone()
        if row["speech"] is None:
            return None
        opened = self._vault.open(each.identity_id, _speech(each.voice_id), row["speech"], rx)
        return np.frombuffer(opened, "<i2").astype(np.float32) / np.float32(_SCALE)

    def remove(self, voice_id: str, tx: Transaction) -> None:
        tx.execute("DELETE FROM voice_prints WHERE voice_id = ?", (voice_id,))

    def drop_speech(self, identity_id: str, tx: Transaction, *, reviewed: str | None = None) -> None:
        """Of an identity whose pictures go, or of one print that was `reviewed` and need not be kept."""
        if reviewed is None:
            sql = "UPDATE voice_prints SET speech = NULL WHERE identity_id = ? AND review <> 'pending'"
            tx.execute(sql, (identity_id,))
        else:
            sql = "UPDATE voice_prints SET speech = NULL WHERE identity_id = ? AND voice_id = ? AND kept = 0"
            tx.execute(sql, (identity_id, reviewed))

    def forget(self, identity_id: str, tx: Transaction) -> None:
        tx.execute("DELETE FROM voice_prints WHERE identity_id = ?", (identity_id,))

    def _sealed(self, each: VoicePrint, values: NDArray[np.float32], rx: Reading) -> bytes:
        return self._vault.seal(each.identity_id, each.sealed_as, values.astype("<f4").tobytes(), rx)


def packed(samples: NDArray[np.float32]) -> bytes:
    """16-bit little-endian."""
    return np.round(np.clip(samples, -1, 1) * _SCALE).astype("<i2").tobytes()


def _speech(voice_id: str) -> str:
    return f"voice speech {voice_id}"


def _read(row: Any) -> VoicePrint:
    reviewed = row["reviewed_at"]
    return VoicePrint(
        row["voice_id"], row["identity_id"], row["encoder"], row["encoder_sha256"], row["source"],
        row["seconds"], row["recordings"], datetime.fromisoformat(row["added_at"]), row["added_by"],
        row["review"], datetime.fromisoformat(reviewed) if reviewed else None, row["reviewed_by"],
    )  # fmt: skip
