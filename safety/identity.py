"""Who is enrolled, and whether a portrait shows the one it claims to show.

Templates are means of several pictures' embeddings (ISO/IEC 2382-37: biometric references). They and the
label, which may be a name, are sealed in the vault under the identity's own key; in the clear they exist only
in this process. The pictures themselves are not kept.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from perception.errors import FaceError
from perception.face import Face, FaceFinder, FaceLimits, sole_face
from safety.encoders.encoder import FaceEncoder
from safety.enrolment import check_words, make_template
from safety.errors import (
    EncoderUnusable,
    IdentityErased,
    IdentityExists,
    IdentityProtected,
)
from safety.gallery import Gallery, Template, decide, is_within
from safety.identity_rows import Identity, IdentityRows
from safety.stores.sqlite import Database, Reading, Transaction
from safety.vault import Vault

__all__ = ["Identities", "Identity", "Match"]

PROFILE = "accept"

MATCHABLE = FaceLimits(eye_distance=24.0, yaw=35.0 + 12.0, pitch=30.0 + 9.0)
"""A frame is smaller than the portrait was: 24 px between the eyes are enough to match, 40 to animate. Its
head turns up to 12 and 9 degrees farther than the portrait's."""


@dataclass(frozen=True, eq=False)
class Match:
    """Evidence that a portrait shows the claimed identity and nobody else. It holds no distance.

    Attributes:
        profile: name of the threshold that held.
        face: where it is in the picture.
    """

    identity_id: str
    basis: str
    profile: str
    encoder: str
    encoder_sha256: str
    face: Face = field(repr=False)


class Identities:
    """The identities on record.

    Args:
        db: where they are kept.
        vault: over the same `db`.
        encoder: makes and compares embeddings; its calibration holds the thresholds.
        finder: finds the one face of a picture.
        new_id: makes identity ids; random UUIDs.

    Raises:
        EncoderUnusable: the encoder has no calibration, or identities were enrolled with another model.
        StoreUnavailable: the records or the vault cannot be read.
    """

    def __init__(
        self,
        db: Database,
        vault: Vault,
        encoder: FaceEncoder,
        finder: FaceFinder,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._db = db
        self._encoder = encoder
        self._finder = finder
        self._new_id = new_id
        self._calibration = encoder.calibration
        self._rows = IdentityRows(db, vault)
        self._gallery = self._loaded()

    def enroll(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        *,
        basis: str,
        label: str,
        at: datetime,
        by: str,
        declaration: str = "",
        protected: bool = False,
        adult: bool = False,
        tx: Transaction | None = None,
    ) -> Identity:
        """Enrol a face.

        Args:
            pictures: (H, W, 3) RGB uint8 each. A living person needs three or more that were taken apart; a
                character, an artwork, or somebody protected one or more.
            label: what people call it, 1 to 200 characters; encrypted.
            declaration: for a character or an artwork: who made it, when, and that it depicts nobody living.
            protected: this face must never be animated. It may be enrolled already: that one is blocked then.
            adult: there is evidence that a living person is of age; the policy asks for it.
            tx: the transaction to join, so that its log entry lands with it.

        Raises:
            FaceError: a picture does not show exactly one usable face.
            EnrolmentRefused: the pictures or the words are not enough; metadata `part` names which.
            IdentityExists: that face is enrolled already; whose it is, is not said.
            IdentityProtected: it must not be animated.
        """
        check_words(basis, label, declaration, protected=protected)
        embedding = make_template(pictures, basis, self._finder, self._encoder, protected=protected)
        identity = Identity(
            self._new_id(), basis, protected, len(pictures), self._encoder.name, self._encoder.sha256,
            at, by, label, declaration, adult,
        )  # fmt: skip
        template = Template(identity.identity_id, basis, protected, len(pictures), embedding)
        with self._joined(tx) as joined:
            # Inside the transaction, of which there is one at a time: two enrolments of one face cannot both
            # pass.
            if not protected:
                self._check_new(template)
            self._rows.insert(identity, template, joined)
            self._db.on_commit(joined, lambda: self._replace(self._gallery.added(template)))
        return identity

    def get(self, identity_id: str, rx: Reading | None = None) -> Identity:
        """The identity, live or erased.

        Raises:
            IdentityUnknown: no such identity.
        """
        with self._db.reading() if rx is None else nullcontext(rx) as view:
            return self._rows.get(identity_id, view)

    def list(self) -> tuple[Identity, ...]:
        """All identities, live and erased, oldest first."""
        with self._db.reading() as rx:
            return self._rows.all(rx)

    def erase(self, identity_id: str, *, at: datetime, by: str, tx: Transaction | None = None) -> Identity:
        """Destroy the identity's key, template and words, for good; a second time changes nothing.

        The row stays, so that decisions on record keep their subject. With `tx`, the caller lets the database
        forget the freed bytes after the commit: `Database.forget`.

        Raises:
            IdentityUnknown: no such identity.
        """
        with self._joined(tx) as joined:
            identity = self.get(identity_id, joined)
            if identity.state == "live":
                self._rows.erase(identity_id, at, by, joined)
                self._db.on_commit(joined, lambda: self._replace(self._gallery.removed(identity_id)))
            erased = self.get(identity_id, joined)
        if tx is None:
            self._db.forget()
        return erased

    def match(self, pixels: NDArray[np.uint8], identity_id: str) -> Match:
        """Check that the portrait shows `identity_id`, and nobody else who is enrolled.

        Args:
            pixels: (H, W, 3) RGB uint8.

        Raises:
            FaceError: the portrait does not show exactly one usable face.
            IdentityUnknown, IdentityErased: there is nobody to compare with.
            IdentityProtected: the claimed identity, or the face, must never be animated.
            IdentityMismatch: it is not the claimed identity.
            IdentityAmbiguous: another identity is as near.
        """
        identity = self._live(identity_id)
        if identity.protected:
            raise IdentityProtected("this identity must not be animated")
        face = sole_face(self._finder.find(pixels), pixels.shape)
        probe = self._encoder.encode(pixels, face).embedding
        decide(self._gallery, probe, identity_id, self._calibration)
        return Match(identity_id, identity.basis, PROFILE, self._encoder.name, self._encoder.sha256, face)

    def same_person(self, pixels: NDArray[np.uint8], identity_id: str, profile: str = PROFILE) -> bool:
        """Whether a frame shows exactly one face and it is this identity's: 1:1, threshold `profile`.

        For rendered frames of a portrait that `match` accepted: a frame without a face, with a second one, or
        turned away is not the same person.

        Raises:
            IdentityUnknown, IdentityErased: there is nobody to compare with.
            MediaError: `pixels` is not a picture.
        """
        self._live(identity_id)
        template = next((t for t in self._gallery.templates if t.identity_id == identity_id), None)
        if template is None:
            raise IdentityErased("this identity was erased: enrol it again")
        try:
            face = sole_face(self._finder.find(pixels), pixels.shape, MATCHABLE)
            probe = self._encoder.encode(pixels, face).embedding
        except FaceError:
            return False
        return is_within(self._calibration, profile, template, 1 - float(template.embedding @ probe))

    def _live(self, identity_id: str) -> Identity:
        identity = self.get(identity_id)
        if identity.state == "erased":
            raise IdentityErased("this identity was erased: enrol it again")
        return identity

    def _check_new(self, template: Template) -> None:
        """Nobody enrolled has this face. Drawings and artworks keep a wider distance from living people."""
        for other, distance in self._gallery.distances(template.embedding):
            if other.protected and is_within(self._calibration, "block", other, distance):
                raise IdentityProtected("the pictures show somebody who must not be animated")
            screened = template.basis != "consent" and other.basis == "consent"
            if is_within(self._calibration, "block" if screened else PROFILE, other, distance):
                raise IdentityExists("this face is enrolled already: use that identity, or erase it first")

    def _loaded(self) -> Gallery:
        """Every live template, decrypted. Fails closed: who cannot be compared cannot be protected."""
        with self._db.reading() as rx:
            live = [identity for identity in self._rows.all(rx) if identity.state == "live"]
            if any(identity.encoder_sha256 != self._encoder.sha256 for identity in live):
                raise EncoderUnusable(
                    "identities were enrolled with another face encoder: use that, or erase and enrol again"
                )
            return Gallery(tuple(self._rows.template(identity, rx) for identity in live))

    def _replace(self, gallery: Gallery) -> None:
        self._gallery = gallery

    def _joined(self, tx: Transaction | None) -> AbstractContextManager[Transaction]:
        return self._db.transaction() if tx is None else nullcontext(tx)
