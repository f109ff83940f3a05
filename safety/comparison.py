"""Faces compared: pictures become turned embeddings, and those are held against the gallery."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from perception.errors import FaceError
from perception.face import Face, FaceFinder, FaceLimits, sole_face
from safety.encoders.encoder import FaceEncoder
from safety.errors import EncoderUnusable, EnrolmentRefused
from safety.gallery import Gallery, Template
from safety.identity_rows import Identity, IdentityRows
from safety.matching import decide, is_within
from safety.protection import Protection
from safety.stores.sqlite import Reading

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

PROFILE = "accept"
UNIT_SLACK = 1e-3
"""How far the length of an imported template may be from 1."""

MATCHABLE = FaceLimits(eye_distance=24.0, yaw=35.0 + 12.0, pitch=30.0 + 9.0)
"""A frame is smaller than the portrait was: 24 px between the eyes are enough to match, 40 to animate. Its
head turns up to 12 and 9 degrees farther than the portrait's."""


@dataclass(frozen=True, eq=False)
class Match:
    """Evidence that a portrait shows the claimed identity and nobody else. It holds no distance.

    Attributes:
        profile: name of the threshold that held.
        face: where it is in the picture.
        encoder_licence: terms of the model that compared.
    """

    identity_id: str
    basis: str
    profile: str
    encoder: str
    encoder_sha256: str
    face: Face = field(repr=False)
    encoder_licence: str = ""


@dataclass(frozen=True)
class Health:
    """How far the screens over everybody can be relied on.

    Attributes:
        people, protected: how many faces are searched, how many of them are protected.
        resolves: the calibration reaches the false match rates that searches among so many need.
        false_alarms: expected share of enrolments, and of requests, that hit somebody by chance.
    """

    people: int
    protected: int
    resolves: bool
    false_alarms: tuple[float, float]


class Comparison:
    """One encoder, one finder, one rotation, and the gallery they fill.

    Raises:
        EncoderUnusable: the encoder has no calibration, or identities were enrolled with another model.
        StoreUnavailable: a template on record does not open.
    """

    def __init__(
        self,
        encoder: FaceEncoder,
        finder: FaceFinder,
        protection: Protection,
        rows: IdentityRows,
        rx: Reading,
    ) -> None:
        self.encoder = encoder
        self.finder = finder
        self.calibration = encoder.calibration
        self._protection = protection
        self.gallery = self._loaded(rows, rx)

    def turned(self, embedding: Floats) -> Floats:
        """What is stored and searched instead of an embedding of the encoder."""
        return self._protection.apply(embedding, self.encoder.sha256)

    def imported(self, embedding: Floats, encoder_sha256: str) -> Floats:
        """A template that was made elsewhere, checked and turned. Raises EnrolmentRefused."""
        if encoder_sha256 != self.encoder.sha256:
            raise EnrolmentRefused(
                "the template was made by another face encoder than this service's", part="encoder_sha256"
            )
        vector = np.asarray(embedding, np.float32)
        if vector.shape != (self.encoder.size,) or not abs(float(np.linalg.norm(vector)) - 1) < UNIT_SLACK:
            raise EnrolmentRefused("a template is one vector of length 1", part="template")
        return self.turned(vector)

    def identify(self, pixels: Pixels, identity: Identity) -> Match:
        """The whole rule of `safety.matching`. Raises FaceError and as `decide`."""
        face = sole_face(self.finder.find(pixels), pixels.shape)
        decide(self.gallery, self._probe(pixels, face), identity.identity_id, self.calibration)
        return Match(
            identity.identity_id, identity.basis, PROFILE, self.encoder.name, self.encoder.sha256, face,
            self.encoder.licence,
        )  # fmt: skip

    def same(self, pixels: Pixels, template: Template, profile: str) -> bool:
        """Whether a frame shows one face and it is that of `template`; a frame without is not."""
        try:
            face = sole_face(self.finder.find(pixels), pixels.shape, MATCHABLE)
            probe = self._probe(pixels, face)
        except FaceError:
            return False
        return is_within(self.calibration, profile, template, 1 - float(template.embedding @ probe))

    def health(self) -> Health:
        people, protected = len(self.gallery), self.gallery.protected
        return Health(
            people,
            protected,
            self.calibration.resolves(people) and self.calibration.resolves(protected),
            (self.calibration.false_alarms(people), self.calibration.false_alarms(protected)),
        )

    def _probe(self, pixels: Pixels, face: Face) -> Floats:
        return self.turned(self.encoder.encode(pixels, face).embedding)

    def _loaded(self, rows: IdentityRows, rx: Reading) -> Gallery:
        """Every live template, decrypted. Fails closed: who cannot be compared cannot be protected."""
        if rows.encoders(rx) - {self.encoder.sha256}:
            raise EncoderUnusable(
                "identities were enrolled with another face encoder: use that, or stop the service "
                "and run `sitter identity reembed`"
            )
        facts, vectors = [], []
        for template, is_turned in rows.templates(rx):
            vectors.append(template.embedding if is_turned else self.turned(template.embedding))
            facts.append((template.identity_id, template.basis, template.protected, template.pictures))
        gallery = Gallery()
        if vectors:
            gallery.fill(facts, np.stack(vectors))
        return gallery
