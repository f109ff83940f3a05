"""Enrolment: what pictures are fit, who approves a character, how long anything is kept."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from perception.errors import SeveralFaces
from perception.face import Face, FaceFinder, sole_face
from perception.image import decode_image
from safety.encoders import EncodedFace, FaceEncoder, open_encoder
from safety.encoders.thresholds import Calibration
from safety.enrolment import best_frames
from safety.errors import (
    EncoderUnusable,
    EnrolmentRefused,
    IdentityErased,
    IdentityExists,
    IdentityMismatch,
    IdentityPending,
    IdentityProtected,
    IdentitySuspended,
    QuotaRefused,
    ReviewRefused,
)
from safety.face_quality import check, measure, score
from safety.identity import Identities, Identity
from safety.likenesses import Resemblance
from safety.master import LocalKey
from safety.matching import Likeness
from safety.protection import Protection
from safety.reembed import reembed
from safety.refusals import PER_CALLER, PER_IDENTITY, WINDOW
from safety.retention import MOST_DAYS, PENDING_DAYS, Terms
from safety.stores import open_records
from safety.stores.sqlite import Database
from safety.vault import Vault
from service.demo.characters import DECLARATION, draw

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = bytes(range(32))
SIZE = 320

Pixels = NDArray[np.uint8]
Open = Callable[..., Identities]


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="module")
def encoder(finder: FaceFinder) -> FaceEncoder:
    return open_encoder("dlib-resnet-v1", finder)


@pytest.fixture(scope="module")
def pip() -> list[Pixels]:
    return [draw("pip", SIZE, turn=turn) for turn in (-9, 0, 9)]


@pytest.fixture(scope="module")
def osei() -> list[Pixels]:
    return [draw("osei", SIZE, turn=turn) for turn in (-9, -4, 0, 4, 9)]


@pytest.fixture(scope="module")
def mira() -> Pixels:
    return draw("mira", SIZE)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with open_records(f"sqlite:{tmp_path / 'records.db'}") as database:
        yield database


@pytest.fixture
def reopen(db: Database, encoder: FaceEncoder, finder: FaceFinder) -> Open:
    def opened(other: FaceEncoder | None = None) -> Identities:
        return Identities(db, Vault(db, [LocalKey(KEY)]), other or encoder, finder, Protection(KEY))

    return opened


@pytest.fixture
def identities(reopen: Open) -> Identities:
    return reopen()


def _character(identities: Identities, picture: Pixels, **more: object) -> Identity:
    return identities.enroll(
        [picture], basis="character", label="Mira M.", declaration=DECLARATION, at=NOW, by="one", **more
    )  # type: ignore[arg-type]


def _person(identities: Identities, pictures: list[Pixels], **more: object) -> Identity:
    return identities.enroll(pictures, basis="consent", label="Osei", at=NOW, by="one", **more)  # type: ignore[arg-type]


# quality


def _spoilt(face: Face, pixels: Pixels, how: str) -> Pixels:
    x0, x1 = (int(face.mesh[point, 0]) for point in (234, 454))
    picture = pixels.copy()
    match how:
        case "blurred":
            return np.asarray(gaussian_filter(pixels, (7, 7, 0)), np.uint8)
        case "dark":
            return np.asarray(pixels * 0.1, np.uint8)
        case "bright":
            return np.asarray(np.clip(pixels * 2.2 + 60.0, 0, 255), np.uint8)
        case "covered":
            picture[int(face.mesh[5, 1]) : int(face.mesh[152, 1]), x0:x1] = (60, 110, 170)
        case "dark glasses":
            reach = face.eye_distance / 7
            top, bottom = face.mesh[159, 1] - reach, face.mesh[145, 1] + reach
            picture[int(top) : int(bottom), x0:x1] = (15, 15, 18)
    return picture


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ("blurred", "sharpness"),
        ("dark", "under_exposure_prevention"),
        ("bright", "over_exposure_prevention"),
        ("covered", "face_occlusion_prevention"),
        ("dark glasses", "eyes_visible"),
    ],
)
@pytest.mark.parametrize("who", ["mira", "osei"])
def test_a_spoilt_picture_is_told_by_its_measure(finder: FaceFinder, who: str, how: str, name: str) -> None:
    """The same face passes untouched; spoilt in one way it is refused, and the refusal names that measure,
    its value and its limit."""
    pixels = draw(who, 512)
    face = sole_face(finder.find(pixels), pixels.shape)
    check(measure(pixels, face), 1)
    spoilt = _spoilt(face, pixels, how)
    measures = {each.name: each for each in measure(spoilt, face)}
    assert not measures[name].ok
    with pytest.raises(EnrolmentRefused) as refused:
        check([measures[name]], 2)
    metadata = refused.value.metadata
    assert (metadata["measure"], metadata["picture"]) == (name, "2")
    assert float(metadata["value"]) == pytest.approx(measures[name].value, abs=1e-3)
    assert float(metadata["limit"]) == measures[name].limit
    assert f"{measures[name].limit:g}" in str(refused.value)


def test_a_measure_that_is_not_a_number_is_not_reached(finder: FaceFinder, mira: Pixels) -> None:
    """NaN passes no limit, in either direction."""
    for each in measure(mira, sole_face(finder.find(mira), mira.shape)):
        assert each.ok
        assert replace(each, value=float("nan")).ok == (each.limit is None)


def test_one_spoilt_picture_refuses_an_enrolment(identities: Identities, osei: list[Pixels]) -> None:
    """A living person's third picture is blurred: refused by number and measure; nothing is enrolled."""
    pictures = [osei[0], osei[2], np.asarray(gaussian_filter(osei[4], (5, 5, 0)), np.uint8)]
    with pytest.raises(EnrolmentRefused, match="picture 3: sharpness"):
        _person(identities, pictures)
    assert identities.list() == ()


# video


def test_the_best_frames_of_a_video(finder: FaceFinder, osei: list[Pixels]) -> None:
    """Of a head that turns, frames that are fit and apart are kept, in order of time; blurred ones and frames
    without a face are not."""
    blurred = np.asarray(gaussian_filter(osei[1], (6, 6, 0)), np.uint8)
    frames = [osei[0], osei[0], blurred, osei[2], np.zeros_like(blurred), osei[4], osei[4]]
    chosen = best_frames(((0.5 * i, frame) for i, frame in enumerate(frames)), finder)
    assert len(chosen) == 3
    for kept, expected in zip(chosen, (osei[0], osei[2], osei[4]), strict=True):
        np.testing.assert_array_equal(kept, expected)
    face = sole_face(finder.find(blurred), blurred.shape)
    assert score(measure(blurred, face)) == 0


def test_a_video_that_does_not_do(finder: FaceFinder, osei: list[Pixels], pip: list[Pixels]) -> None:
    """A head that never turns has one picture many times; a second face ends it."""
    with pytest.raises(EnrolmentRefused) as refused:
        best_frames(((0.5 * i, osei[2]) for i in range(5)), finder)
    assert refused.value.metadata["part"] == "video"
    both = np.concatenate([osei[0], pip[0]], axis=1)
    with pytest.raises(SeveralFaces):
        best_frames(iter([(0.0, osei[0]), (0.5, both)]), finder)


# four eyes


def test_a_character_waits_for_a_second_operator(identities: Identities, reopen: Open, mira: Pixels) -> None:
    """Pending, it matches nothing, also after a restart; whoever enrolled it cannot approve it; another can,
    once."""
    enrolled = _character(identities, mira)
    assert enrolled.state == "pending"
    for opened in (identities, reopen()):
        with pytest.raises(IdentityPending):
            opened.match(mira, enrolled.identity_id)
        with pytest.raises(IdentityPending):
            opened.same_person(mira, enrolled.identity_id)
        with pytest.raises(ReviewRefused, match="another operator"):
            opened.review(enrolled.identity_id, approve=True, at=NOW, by="one")
    approved = identities.review(enrolled.identity_id, approve=True, at=NOW, by="two")
    assert (approved.state, approved.review, approved.reviewed_by) == ("live", "approved", "two")
    for opened in (identities, reopen()):
        assert opened.match(mira, enrolled.identity_id)
    for approve in (True, False):
        with pytest.raises(ReviewRefused, match="wait"):
            identities.review(enrolled.identity_id, approve=approve, at=NOW, by="three")


def test_the_reviewer_sees_what_there_is_to_review(
    identities: Identities, db: Database, finder: FaceFinder, mira: Pixels, tmp_path: Path
) -> None:
    """While it is pending its words and its face can be looked at; approved, the picture leaves the disk
    and nothing is shown any more."""
    enrolled = _character(identities, mira)
    with db.reading() as rx:
        shown, (picture,) = identities.enrolment(enrolled.identity_id, rx)
        sealed = rx.execute("SELECT sealed FROM identity_media").fetchone()[0]
    assert (shown.label, shown.declaration) == ("Mira M.", DECLARATION)
    assert len(finder.find(decode_image(picture).pixels)) == 1
    identities.review(enrolled.identity_id, approve=True, at=NOW, by="two")
    assert not any(sealed[:40] in path.read_bytes() for path in tmp_path.iterdir())
    with pytest.raises(ReviewRefused), db.reading() as rx:
        identities.enrolment(enrolled.identity_id, rx)


def test_a_rejected_character_is_erased(identities: Identities, mira: Pixels, tmp_path: Path) -> None:
    """Rejected, its key is destroyed and its sealed bytes are in no file; the face may be enrolled anew."""
    enrolled = _character(identities, mira)
    with identities._db.reading() as rx:
        wrapped = rx.execute("SELECT wrapped FROM vault_keys").fetchone()[0]
    rejected = identities.review(enrolled.identity_id, approve=False, at=NOW, by="two")
    assert (rejected.state, rejected.review, rejected.label) == ("erased", "rejected", "")
    assert not any(wrapped in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    with pytest.raises(IdentityErased):
        identities.review(enrolled.identity_id, approve=True, at=NOW, by="two")
    assert _character(identities, mira).identity_id != enrolled.identity_id


def test_the_review_cannot_be_edited_in(
    identities: Identities, reopen: Open, db: Database, mira: Pixels
) -> None:
    """Whoever writes `approved` into the records finds the service refusing to start."""
    from safety.errors import StoreUnavailable

    _character(identities, mira)
    with db.transaction() as tx:
        tx.execute("UPDATE identities SET review = 'approved', reviewed_by = 'two'")
    with pytest.raises(StoreUnavailable):
        reopen()


def test_a_character_may_not_be_a_person(identities: Identities, osei: list[Pixels]) -> None:
    """A character with the face of somebody enrolled is refused, and operators see whom it resembled."""
    person = _person(identities, [osei[0], osei[2], osei[4]])
    with pytest.raises(IdentityExists) as refused:
        _character(identities, osei[1])
    assert refused.value.metadata == {}
    identities.note_refused(refused.value, at=NOW, by="two")
    assert identities.likenesses() == (Resemblance(NOW, Likeness.DUPLICATE, person.identity_id, None, "two"),)
    identities.erase(person.identity_id, at=NOW, by="one")
    assert identities.likenesses() == ()


# refusals


def test_answers_are_no_oracle(identities: Identities, reopen: Open, mira: Pixels, pip: list[Pixels]) -> None:
    """After ten refusals under one name a caller has to wait, with the right picture too, also across a
    restart; another caller and, an hour later, the same one need not."""
    enrolled = _character(identities, mira)
    identities.review(enrolled.identity_id, approve=True, at=NOW, by="two")
    for _ in range(PER_IDENTITY):
        with pytest.raises(IdentityMismatch):
            identities.match(pip[1], enrolled.identity_id, by="studio", at=NOW)
    for opened in (identities, reopen()):
        with pytest.raises(QuotaRefused) as refused:
            opened.match(mira, enrolled.identity_id, by="studio", at=NOW + WINDOW / 2)
        assert refused.value.metadata["limit"] == "refusals"
    assert identities.match(mira, enrolled.identity_id, by="other", at=NOW)
    assert identities.match(mira, enrolled.identity_id, by="studio", at=NOW + WINDOW)


def test_refusals_under_many_names_count_together(db: Database) -> None:
    """Going from name to name does not get around the limit."""
    from safety.refusals import Refusals

    refusals = Refusals(db)
    for number in range(PER_CALLER):
        with pytest.raises(IdentityMismatch), refusals.counted("studio", f"name {number}", NOW):
            raise IdentityMismatch("not this one")
    with pytest.raises(QuotaRefused), refusals.counted("studio", "one more", NOW):
        raise AssertionError("it was tried")
    with refusals.counted("other", "one more", NOW):
        pass


def test_asking_many_at_once_gains_nothing(db: Database) -> None:
    """Of thirty wrong portraits at the same time ten are answered; the others are told to wait. Thirty right
    ones are all answered."""
    from safety.refusals import Refusals

    refusals = Refusals(db)
    together = threading.Barrier(30)

    def ask(caller: str, right: bool) -> str:
        together.wait()
        try:
            with refusals.counted(caller, "mira", NOW):
                if not right:
                    raise IdentityMismatch("not this one")
        except (IdentityMismatch, QuotaRefused) as error:
            return error.reason
        return "right"

    with ThreadPoolExecutor(30) as pool:
        wrong = Counter(pool.map(lambda _: ask("studio", False), range(30)))
        right = Counter(pool.map(lambda _: ask("other", True), range(30)))
    assert wrong == {"IDENTITY_MISMATCH": PER_IDENTITY, "QUOTA_REFUSED": 30 - PER_IDENTITY}
    assert right == {"right": 30}


# protected list


def test_a_protected_template_from_elsewhere(
    identities: Identities, encoder: FaceEncoder, mira: Pixels
) -> None:
    """An imported template blocks its face with its own reason; of another encoder, another length, or not of
    length 1 it is refused."""
    vector = encoder.faces(mira)[0].embedding
    for bad, sha256 in ((vector, "0" * 64), (vector * 2, encoder.sha256), (vector * np.nan, encoder.sha256)):
        with pytest.raises(EnrolmentRefused):
            identities.import_protected(bad, sha256, label="x", at=NOW, by="one")
    identities.import_protected(vector, encoder.sha256, label="somebody", at=NOW, by="one")
    with pytest.raises(EnrolmentRefused):
        identities.import_protected(vector[:64] / np.linalg.norm(vector[:64]), encoder.sha256, label="x",
                                    at=NOW, by="one")  # fmt: skip
    with pytest.raises(IdentityProtected) as refused:
        _character(identities, mira)
    assert refused.value.metadata == {}


def test_the_health_report_counts(identities: Identities, mira: Pixels, osei: list[Pixels]) -> None:
    """It tells how many faces are searched and whether the calibration resolves that."""
    _character(identities, mira)
    _person(identities, [osei[2]], protected=True)
    health = identities.health()
    assert (health.people, health.protected, health.resolves) == (2, 1, True)


# terms


def test_terms_end(identities: Identities, reopen: Open, mira: Pixels, osei: list[Pixels]) -> None:
    """An identity is due when its term is over, its pictures when theirs is, and a character that nobody
    reviews after thirty days."""
    person = _person(identities, [osei[0], osei[2], osei[4]], terms=Terms(days=100, media_days=10))
    waiting = _character(identities, mira)
    for opened in (identities, reopen()):
        for days, over, media in (
            (9, [], []),
            (10, [], [person.identity_id]),
            (PENDING_DAYS, [waiting.identity_id], [person.identity_id]),
            (100, [person.identity_id, waiting.identity_id], []),
        ):
            found = opened.due(NOW + timedelta(days=days))
            assert (sorted(found[0]), list(found[1])) == (sorted(over), media)
    for terms in (Terms(days=0), Terms(days=MOST_DAYS + 1), Terms(days=5, media_days=6)):
        with pytest.raises(EnrolmentRefused):
            _character(identities, osei[0], terms=terms)


def test_pictures_are_kept_only_where_a_term_says_so(
    identities: Identities, db: Database, osei: list[Pixels], mira: Pixels, tmp_path: Path
) -> None:
    """Kept pictures are sealed; deleted, their sealed bytes leave the disk while the identity stays."""
    person = _person(identities, [osei[0], osei[2], osei[4]], terms=Terms(media_days=10))
    character = _character(identities, mira)
    identities.review(character.identity_id, approve=True, at=NOW, by="two")
    with db.reading() as rx:
        rows = rx.execute("SELECT identity_id, sealed FROM identity_media").fetchall()
        pictures = identities._rows.media(person.identity_id, rx)
    assert [row[0] for row in rows] == [person.identity_id] * 3
    assert decode_image(pictures[0]).pixels.shape[2] == 3
    assert not any(pictures[0][50:80] in path.read_bytes() for path in tmp_path.iterdir())
    with db.transaction() as tx:
        identities.drop_media(person.identity_id, tx)
    db.forget()
    assert not any(rows[0][1][:40] in path.read_bytes() for path in tmp_path.iterdir())
    assert identities.get(person.identity_id).media_until is None
    assert identities.match(osei[1], person.identity_id)


# another encoder


class _Other:
    """Another model: the same faces, turned, under another hash."""

    name, sha256, licence = "other", "ab" * 32, "CC0-1.0"

    def __init__(self, encoder: FaceEncoder) -> None:
        self._encoder = encoder

    @property
    def size(self) -> int:
        return self._encoder.size

    @property
    def calibration(self) -> Calibration:
        return self._encoder.calibration

    def faces(self, pixels: Pixels) -> list[EncodedFace]:
        return [self._turned(face) for face in self._encoder.faces(pixels)]

    def encode(self, pixels: Pixels, face: Face) -> EncodedFace:
        return self._turned(self._encoder.encode(pixels, face))

    def _turned(self, face: EncodedFace) -> EncodedFace:
        return replace(face, embedding=face.embedding[::-1].copy())


def test_another_encoder_makes_templates_anew(
    identities: Identities, reopen: Open, db: Database, encoder: FaceEncoder, finder: FaceFinder,
    osei: list[Pixels], mira: Pixels,
) -> None:  # fmt: skip
    """With kept pictures an identity goes on under the new encoder; without, the change is refused until it
    is agreed that it stops; somebody protected without pictures always refuses it."""
    person = _person(identities, [osei[0], osei[2], osei[4]], terms=Terms(media_days=10))
    bare = _character(identities, mira)
    identities.review(bare.identity_id, approve=True, at=NOW, by="two")
    other, logged = _Other(encoder), []

    def renew(*, suspend: bool) -> None:
        reembed(
            db, Vault(db, [LocalKey(KEY)]), other, finder, Protection(KEY), suspend=suspend,
            decode=lambda data: decode_image(data).pixels,
            logged=lambda _, identity: logged.append((identity.identity_id, identity.state)),
        )  # fmt: skip

    with pytest.raises(EncoderUnusable, match="--suspend"):
        renew(suspend=False)
    assert reopen().match(osei[1], person.identity_id)  # as it was
    renew(suspend=True)
    assert sorted(logged) == sorted([(person.identity_id, "live"), (bare.identity_id, "suspended")])
    opened = reopen(other)
    assert opened.match(osei[1], person.identity_id).encoder_sha256 == other.sha256
    with pytest.raises(IdentitySuspended):
        opened.match(mira, bare.identity_id)
    with pytest.raises(EncoderUnusable):
        reopen()


def test_somebody_protected_is_not_dropped_by_a_change(
    identities: Identities, db: Database, encoder: FaceEncoder, finder: FaceFinder, mira: Pixels
) -> None:
    """Without pictures no other encoder can protect them: the change is refused even when agreed to."""
    _person(identities, [mira], protected=True)
    with pytest.raises(EncoderUnusable, match="protected"):
        reembed(
            db, Vault(db, [LocalKey(KEY)]), _Other(encoder), finder, Protection(KEY), suspend=True,
            decode=lambda data: decode_image(data).pixels, logged=lambda *_: None,
        )  # fmt: skip
