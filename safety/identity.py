"""Who is enrolled, and whether a portrait shows the one it claims to show.

Templates are means of several pictures' embeddings (ISO/IEC 2382-37: biometric references), turned by a key
of this installation (`safety.protection`). They and the label, which may be a name, are sealed in the vault
under the identity's own key. The pictures themselves are not kept, unless the enrolment says until when.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from perception.face import FaceFinder
from safety.comparison import MATCHABLE, PROFILE, Comparison, Health, Match
from safety.encoders.encoder import FaceEncoder
from safety.enrolment import Enrolled, check_words, make_template
from safety.errors import (
    IdentityErased,
    IdentityExists,
    IdentityPending,
    IdentityProtected,
    IdentitySuspended,
    ReviewRefused,
)
from safety.gallery import Template
from safety.identity_rows import Identity, IdentityRows
from safety.likenesses import Likenesses, Resemblance
from safety.matching import Likeness, resembled
from safety.protection import Protection
from safety.refusals import Refusals
from safety.retention import Terms, check_terms, due
from safety.stores.sqlite import Database, Reading, Transaction
from safety.vault import Vault

__all__ = ["MATCHABLE", "PROFILE", "Identities", "Identity", "Match"]


class Identities:
    """The identities on record.

    Args:
        db: where they are kept.
        vault: over the same `db`.
        encoder: makes and compares embeddings; its calibration holds the thresholds.
        finder: finds the one face of a picture.
        protection: turns embeddings before they are stored or compared.
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
        protection: Protection,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._db = db
        self._new_id = new_id
        self._rows = IdentityRows(db, vault)
        self._likenesses = Likenesses(db)
        self._refusals = Refusals(db)
        with db.reading() as rx:
            self._faces = Comparison(encoder, finder, protection, self._rows, rx)

    def enroll(
        self,
        pictures: Sequence[NDArray[np.uint8]] | Enrolled,
        *,
        basis: str,
        label: str,
        at: datetime,
        by: str,
        declaration: str = "",
        protected: bool = False,
        adult: bool = False,
        guardian: bool = False,
        terms: Terms = Terms(),  # noqa: B008 (frozen)
        tx: Transaction | None = None,
    ) -> Identity:
        """Enrol a face. A character or an artwork is `pending` until another operator approves it.

        The pictures of a pending one are kept until it is reviewed.

        Args:
            pictures: (H, W, 3) RGB uint8 each, or what `prepare` made of them. A living person needs three
                or more that were taken apart; a character, an artwork, or somebody protected one or more.
            label: what people call it, 1 to 200 characters; encrypted.
            declaration: for a character or an artwork: who made it, when, and that it depicts nobody living.
            protected: this face must never be animated. It may be enrolled already: that one is blocked then.
            adult: there is evidence that a living person is of age; the policy asks for it.
            guardian: there is evidence that a guardian agrees for one who is not.
            terms: how long the identity, and its pictures, are kept.
            tx: the transaction to join, so that its log entry lands with it.

        Raises:
            FaceError: a picture does not show exactly one usable face.
            EnrolmentRefused: the pictures or the words are not enough; metadata `part` names which.
            IdentityExists: that face is enrolled already; whose it is, is not said.
            IdentityProtected: it must not be animated.
        """
        check_words(basis, label, declaration, protected=protected)
        check_terms(terms)
        made = pictures
        if not isinstance(made, Enrolled):
            made = self.prepare(made, basis, protected=protected)
        turned, encoder = self._faces.turned(made.embedding), self._faces.encoder
        identity = Identity(
            self._new_id(), basis, protected, made.pictures, encoder.name, encoder.sha256,
            at, by, label, declaration, adult, guardian,
            review="none" if basis == "consent" or protected else "pending",
            retain_until=at + timedelta(days=terms.days),
            media_until=at + timedelta(days=terms.media_days) if terms.media_days else None,
        )  # fmt: skip
        kept = made.faces if terms.media_days or identity.review == "pending" else ()
        return self._add(identity, turned, kept, tx)

    def prepare(
        self, pictures: Sequence[NDArray[np.uint8]], basis: str, *, protected: bool = False
    ) -> Enrolled:
        """The slow half of `enroll`, to be done before a transaction begins. Raises as that."""
        return make_template(pictures, basis, self._faces.finder, self._faces.encoder, protected=protected)

    def import_protected(
        self,
        embedding: NDArray[np.float32],
        encoder_sha256: str,
        *,
        label: str,
        at: datetime,
        by: str,
        terms: Terms = Terms(),  # noqa: B008 (frozen)
        tx: Transaction | None = None,
    ) -> Identity:
        """Put a template that was made elsewhere, (D,) unit length, on the protected list.

        Raises:
            EnrolmentRefused: of another encoder, or no unit vector of its length.
        """
        check_words("consent", label, "", protected=True)
        check_terms(terms)
        turned, encoder = self._faces.imported(embedding, encoder_sha256), self._faces.encoder
        identity = Identity(
            self._new_id(), "consent", True, 1, encoder.name, encoder.sha256, at, by, label, "",
            retain_until=at + timedelta(days=terms.days),
        )  # fmt: skip
        return self._add(identity, turned, (), tx)

    def review(
        self, identity_id: str, *, approve: bool, at: datetime, by: str, tx: Transaction | None = None
    ) -> Identity:
        """Decide on a pending character or artwork: four eyes. Rejected, it is erased.

        Raises:
            IdentityUnknown, IdentityErased: there is nothing to decide on.
            ReviewRefused: it is not pending, or `by` enrolled it.
        """
        with self._joined(tx) as joined:
            identity = self._pending(identity_id, joined)
            if by == identity.enrolled_by:
                raise ReviewRefused(
                    "whoever enrolled an identity does not review it: ask another operator",
                    part="operator",
                )
            decided = replace(
                identity, review="approved" if approve else "rejected", reviewed_at=at, reviewed_by=by
            )
            self._rows.rewrite(decided, self._template(identity_id), joined)
            if identity.media_until is None:  # they were kept to be looked at
                self._rows.drop_media(identity_id, joined)
            if not approve:
                self.erase(identity_id, at=at, by=by, tx=joined)
            decided = self.get(identity_id, joined)
        if tx is None:
            self._db.forget()
        return decided

    def enrolment(self, identity_id: str, rx: Reading) -> tuple[Identity, Sequence[bytes]]:
        """What there is to review of a pending identity: its words, and its faces as PNG files.

        Raises:
            IdentityUnknown, IdentityErased: there is nothing to review.
            ReviewRefused: it is not pending; of others nothing is shown.
        """
        identity = self._pending(identity_id, rx)
        return identity, self._rows.media(identity_id, rx)

    def get(self, identity_id: str, rx: Reading | None = None) -> Identity:
        """The identity, in whatever state.

        Raises:
            IdentityUnknown: no such identity.
        """
        with self._db.reading() if rx is None else nullcontext(rx) as view:
            return self._rows.get(identity_id, view)

    def list(self) -> tuple[Identity, ...]:
        """All identities, in whatever state, oldest first."""
        with self._db.reading() as rx:
            return self._rows.all(rx)

    def likenesses(self) -> tuple[Resemblance, ...]:
        """Duplicates and look-alikes that enrolments found, oldest first; for operators alone."""
        with self._db.reading() as rx:
            return self._likenesses.all(rx)

    def note_refused(self, error: Exception, *, at: datetime, by: str) -> None:
        """Put on the report whom a refused enrolment resembled; nothing for other errors."""
        found: list[tuple[Likeness, str]] = getattr(error, "resembled", [])
        with self._db.transaction() as tx:
            for kind, identity_id in found:
                self._likenesses.note(Resemblance(at, kind, identity_id, None, by), tx)

    def fingerprint(self, identity_id: str, rx: Reading) -> str:
        """What a log entry commits to: which key the identity has, without telling anything of it."""
        return self._rows.fingerprint(identity_id, rx)

    def erase(self, identity_id: str, *, at: datetime, by: str, tx: Transaction | None = None) -> Identity:
        """Destroy the identity's key, template, pictures and words, for good; a second time changes nothing.

        The row stays, so that decisions on record keep their subject. With `tx`, the caller lets the database
        forget the freed bytes after the commit: `Database.forget`.

        Raises:
            IdentityUnknown: no such identity.
        """
        with self._joined(tx) as joined:
            identity = self.get(identity_id, joined)
            if identity.state != "erased":
                self._rows.erase(identity_id, at, by, joined)
                self._likenesses.forget(identity_id, joined)
                self._db.on_commit(joined, lambda: self._faces.gallery.remove(identity_id))
            erased = self.get(identity_id, joined)
        if tx is None:
            self._db.forget()
        return erased

    def drop_media(self, identity_id: str, tx: Transaction) -> None:
        """Delete the enrolment pictures of an identity; the caller lets the database forget."""
        self._rows.drop_media(identity_id, tx)

    def due(self, at: datetime) -> tuple[Sequence[str], Sequence[str]]:
        """Ids of identities, and of those whose pictures, have outlived their term."""
        return due(self.list(), at)

    def match(
        self, pixels: NDArray[np.uint8], identity_id: str, *, by: str = "", at: datetime | None = None
    ) -> Match:
        """Check that the portrait shows `identity_id`, and nobody else who is enrolled.

        Args:
            pixels: (H, W, 3) RGB uint8.
            by, at: who asks, when: with `at`, refusals are counted and limited.

        Raises:
            FaceError: the portrait does not show exactly one usable face.
            IdentityUnknown, IdentityErased, IdentityPending, IdentitySuspended: nobody to compare with.
            IdentityProtected: the claimed identity, or the face, must never be animated.
            IdentityMismatch: it is not the claimed identity.
            IdentityAmbiguous: another identity is as near.
            QuotaRefused: refused too often lately.
        """
        identity = self._live(identity_id)
        if identity.protected:
            raise IdentityProtected("this identity must not be animated")
        with nullcontext() if at is None else self._refusals.counted(by, identity_id, at):
            return self._faces.identify(pixels, identity)

    def same_person(self, pixels: NDArray[np.uint8], identity_id: str, profile: str = PROFILE) -> bool:
        """Whether a frame shows exactly one face and it is this identity's: 1:1, threshold `profile`.

        For rendered frames of a portrait that `match` accepted: a frame without a face, with a second one, or
        turned away is not the same person.

        Raises:
            IdentityUnknown, IdentityErased, IdentityPending, IdentitySuspended: nobody to compare with.
            MediaError: `pixels` is not a picture.
        """
        self._live(identity_id)
        return self._faces.same(pixels, self._template(identity_id), profile)

    def health(self) -> Health:
        """How many faces are searched, and whether the calibration resolves a search among so many."""
        return self._faces.health()

    def _add(
        self, identity: Identity, turned: NDArray[np.float32], media: Sequence[bytes], tx: Transaction | None
    ) -> Identity:
        template = Template(
            identity.identity_id, identity.basis, identity.protected, identity.pictures, turned
        )
        with self._joined(tx) as joined:
            # Inside the transaction, of which there is one at a time: two enrolments of one face cannot both
            # pass.
            if not identity.protected:
                self._check_new(template, identity, joined)
            self._rows.insert(identity, template, joined, media)
            self._db.on_commit(joined, lambda: self._faces.gallery.add(template))
        return identity

    def _pending(self, identity_id: str, rx: Reading) -> Identity:
        identity = self.get(identity_id, rx)
        if identity.state == "erased":
            raise IdentityErased("this identity was erased: enrol it again")
        if identity.state != "pending":
            raise ReviewRefused("this identity does not wait for a review", part="state")
        return identity

    def _live(self, identity_id: str) -> Identity:
        identity = self.get(identity_id)
        match identity.state:
            case "erased":
                raise IdentityErased("this identity was erased: enrol it again")
            case "pending":
                raise IdentityPending("this identity waits for a second operator: have it approved first")
            case "suspended":
                raise IdentitySuspended("this identity has no template of this face encoder: enrol it again")
        return identity

    def _template(self, identity_id: str) -> Template:
        template = self._faces.gallery.get(identity_id)
        if template is None:
            raise IdentityErased("this identity was erased: enrol it again")
        return template

    def _check_new(self, template: Template, identity: Identity, tx: Transaction) -> None:
        """Nobody enrolled has this face. Drawings and artworks keep a wider distance from living people."""
        found = resembled(self._faces.gallery, template.embedding, template.basis, self._faces.calibration)
        kinds = {kind for kind, _ in found}
        refused: IdentityProtected | IdentityExists | None = None
        if Likeness.PROTECTED in kinds:
            refused = IdentityProtected("the pictures show somebody who must not be animated")
        elif Likeness.DUPLICATE in kinds:
            refused = IdentityExists("this face is enrolled already: use that identity, or erase it first")
        if refused is not None:
            refused.resembled = found  # for the operators' report; metadata, which travels, has none of it
            raise refused
        for kind, other in found:
            seen = Resemblance(identity.enrolled_at, kind, other, identity.identity_id, identity.enrolled_by)
            self._likenesses.note(seen, tx)

    def _joined(self, tx: Transaction | None) -> AbstractContextManager[Transaction]:
        return self._db.transaction() if tx is None else nullcontext(tx)
