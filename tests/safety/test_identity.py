"""Enrolment and matching: nobody is animated under another's name, and who is erased is gone."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage import data

from perception.errors import FaceNotFound, FaceTooSmall, MediaUnsupported, SeveralFaces
from perception.face import FaceFinder
from safety.encoders import FaceEncoder, open_encoder
from safety.encoders.thresholds import Calibration
from safety.errors import (
    EncoderUnusable,
    EnrolmentRefused,
    IdentityAmbiguous,
    IdentityErased,
    IdentityExists,
    IdentityMismatch,
    IdentityProtected,
    IdentityUnknown,
    StoreUnavailable,
)
from safety.gallery import Gallery, Template
from safety.identity import Identities, Identity
from safety.master import LocalKey
from safety.matching import decide
from safety.protection import Protection
from safety.stores import open_records
from safety.stores.sqlite import Database
from safety.vault import Vault
from service.demo.characters import DECLARATION, draw

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 4, 1, 12, tzinfo=UTC)
MASTER = bytes(range(32))
SIZE = 320

Pixels = NDArray[np.uint8]
Open = Callable[[], Identities]


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="module")
def encoder(finder: FaceFinder) -> FaceEncoder:
    return open_encoder("dlib-resnet-v1", finder)


@pytest.fixture(scope="module")
def pip() -> list[Pixels]:
    """Three takes of one head, and a fourth that is never enrolled."""
    return [draw("pip", SIZE, turn=turn) for turn in (-9, 0, 9)] + [
        draw("pip", SIZE, turn=4, expression="smile", light=(0.4, -0.5))
    ]


@pytest.fixture(scope="module")
def osei() -> list[Pixels]:
    return [draw("osei", SIZE, turn=turn) for turn in (-9, 0, 9)]


@pytest.fixture(scope="module")
def mira() -> Pixels:
    return draw("mira", SIZE)


@pytest.fixture(scope="module")
def astronaut() -> Pixels:
    pixels: Pixels = data.astronaut()
    return pixels


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with open_records(f"sqlite:{tmp_path / 'records.db'}") as database:
        yield database


@pytest.fixture
def reopen(db: Database, encoder: FaceEncoder, finder: FaceFinder) -> Open:
    """Identities as after a start: everything comes from the records."""
    return lambda: Identities(db, Vault(db, [LocalKey(MASTER)]), encoder, finder, Protection(MASTER))


@pytest.fixture
def identities(reopen: Open) -> Identities:
    return reopen()


def _person(identities: Identities, pictures: list[Pixels], label: str = "Pip P.") -> Identity:
    return identities.enroll(pictures, basis="consent", label=label, at=NOW, by="studio")


def _character(identities: Identities, picture: Pixels, label: str = "Mira") -> Identity:
    enrolled = identities.enroll(
        [picture], basis="character", label=label, at=NOW, by="studio", declaration=DECLARATION
    )
    return identities.review(enrolled.identity_id, approve=True, at=NOW, by="another")


def _protected(identities: Identities, pictures: list[Pixels]) -> Identity:
    return identities.enroll(pictures, basis="consent", label="somebody", at=NOW, by="studio", protected=True)


def test_a_person_is_matched_on_another_picture(identities: Identities, pip: list[Pixels]) -> None:
    """Enrolled from three takes, the same head in another pose, light and expression is that identity."""
    enrolled = _person(identities, pip[:3])
    match = identities.match(pip[3], enrolled.identity_id)
    assert (match.identity_id, match.basis, match.profile) == (enrolled.identity_id, "consent", "accept")
    assert match.encoder_sha256 == enrolled.encoder_sha256
    assert match.face.mesh_score > 0.9
    assert not any(name in repr(match) for name in ("distance", "embedding", "mesh"))


def test_characters_are_told_apart(
    identities: Identities, pip: list[Pixels], osei: list[Pixels], mira: Pixels
) -> None:
    """Three characters, each from one picture: each matches itself and is refused under the others' ids."""
    pictures = {"pip": pip[1], "osei": osei[1], "mira": mira}
    enrolled = {name: _character(identities, picture, name) for name, picture in pictures.items()}
    for name, picture in pictures.items():
        for claimed, identity in enrolled.items():
            if claimed == name:
                assert identities.match(picture, identity.identity_id)
            else:
                with pytest.raises(IdentityMismatch):
                    identities.match(picture, identity.identity_id)


def test_a_stranger_is_refused(identities: Identities, pip: list[Pixels], astronaut: Pixels) -> None:
    """Somebody who is not enrolled matches nobody, and the answer holds no distance and no other's id."""
    other = _character(identities, pip[1])
    with pytest.raises(IdentityMismatch) as refused:
        identities.match(astronaut, other.identity_id)
    assert refused.value.metadata == {}
    assert not any(character.isdigit() for character in str(refused.value))


def test_unknown_identities(identities: Identities, pip: list[Pixels]) -> None:
    """An id that nobody has is unknown to every method."""
    for act in (
        lambda: identities.get("nobody"),
        lambda: identities.match(pip[0], "nobody"),
        lambda: identities.same_person(pip[0], "nobody"),
        lambda: identities.erase("nobody", at=NOW, by="studio"),
    ):
        with pytest.raises(IdentityUnknown):
            act()


def test_portraits_without_one_usable_face(
    identities: Identities, pip: list[Pixels], astronaut: Pixels
) -> None:
    """No face, two faces, a tiny face and no picture at all are refused as what they are."""
    identity_id = _character(identities, pip[1]).identity_id
    for pixels, error in (
        (np.zeros((200, 200, 3), np.uint8), FaceNotFound),
        (np.zeros((1, 1, 3), np.uint8), FaceNotFound),
        (np.concatenate([pip[0], pip[1]], axis=1), SeveralFaces),
        (np.ascontiguousarray(pip[1][::2, ::2]), FaceTooSmall),
        (np.full((90, 90, 3), np.nan), MediaUnsupported),
    ):
        with pytest.raises(error):
            identities.match(pixels, identity_id)
        with pytest.raises(error):
            identities.enroll([pixels], basis="artwork", label="x", at=NOW, by="studio", declaration="mine")


def test_a_living_person_needs_three_takes(identities: Identities, pip: list[Pixels]) -> None:
    """Two pictures, none, or twenty-one are refused, and the error says how many are needed."""
    for pictures in (pip[:2], [], pip[:1] * 21):
        with pytest.raises(EnrolmentRefused, match="3 to 20") as refused:
            _person(identities, pictures)
        assert refused.value.metadata["part"] == "pictures"


def test_copies_of_one_picture_are_one(identities: Identities, pip: list[Pixels], astronaut: Pixels) -> None:
    """A picture together with its darkened, mirrored or cropped copies does not count as three."""
    copies = [pip[0], pip[0] // 2, np.ascontiguousarray(pip[0][8:, 8:])]
    mirrored = [astronaut, np.ascontiguousarray(astronaut[:, ::-1]), astronaut // 2]
    for pictures in (copies, [pip[0], pip[0], pip[2]], mirrored):
        with pytest.raises(EnrolmentRefused, match="copies"):
            _person(identities, pictures)


def test_pictures_of_two_people(identities: Identities, pip: list[Pixels], osei: list[Pixels]) -> None:
    """One foreign picture among three refuses the enrolment."""
    with pytest.raises(EnrolmentRefused, match="one person"):
        _person(identities, [pip[0], pip[2], osei[1]])


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("basis", {"basis": "satire"}),
        ("label", {"label": "  "}),
        ("label", {"label": "x" * 201}),
        ("declaration", {"declaration": " "}),
        ("declaration", {"declaration": "x" * 4001}),
    ],
    ids=["basis", "no label", "long label", "no declaration", "long declaration"],
)
def test_words_that_are_missing(
    identities: Identities, pip: list[Pixels], part: str, changes: dict[str, str]
) -> None:
    """A known basis, a label, and for a character a declaration are needed; the error names the part."""
    given_words = {"basis": "character", "label": "Pip", "declaration": DECLARATION} | changes
    with pytest.raises(EnrolmentRefused) as refused:
        identities.enroll(pip[1:2], at=NOW, by="studio", **given_words)
    assert refused.value.metadata["part"] == part
    assert identities.list() == ()


def test_a_face_is_enrolled_once(identities: Identities, pip: list[Pixels]) -> None:
    """The same face cannot be enrolled again, as a person or as a character; whose it is, is not said."""
    first = _person(identities, pip[:3])
    for again in (lambda: _person(identities, pip[:3], "Q"), lambda: _character(identities, pip[3], "Q")):
        with pytest.raises(IdentityExists) as refused:
            again()
        assert refused.value.metadata == {}
        assert first.identity_id not in str(refused.value)
    assert len(identities.list()) == 1


def test_nobody_protected_is_animated(
    identities: Identities, reopen: Open, pip: list[Pixels], astronaut: Pixels
) -> None:
    """A protected face cannot be enrolled, matched, or claimed; also when it was enrolled before."""
    before = _person(identities, pip[:3])
    protected = _protected(identities, [pip[1]])
    _protected(identities, [astronaut])
    for opened in (identities, reopen()):
        with pytest.raises(IdentityProtected):
            opened.match(pip[3], before.identity_id)
        for pixels in (pip[1], np.zeros((9, 9, 3), np.uint8)):  # refused before the picture is looked at
            with pytest.raises(IdentityProtected):
                opened.match(pixels, protected.identity_id)
        with pytest.raises(IdentityProtected):
            _character(opened, astronaut)


def test_what_is_on_record(identities: Identities, reopen: Open, pip: list[Pixels]) -> None:
    """An identity reads back as it was enrolled, also after a restart, and matches as before."""
    enrolled = _person(identities, pip[:3])
    again = reopen()
    assert again.get(enrolled.identity_id) == enrolled
    assert again.list() == (enrolled,)
    assert (enrolled.label, enrolled.pictures, enrolled.state) == ("Pip P.", 3, "live")
    assert "Pip P." not in repr(enrolled)
    assert again.match(pip[3], enrolled.identity_id).identity_id == enrolled.identity_id


def test_nothing_personal_on_the_disk(
    identities: Identities, encoder: FaceEncoder, pip: list[Pixels], tmp_path: Path
) -> None:
    """Neither the label nor the template lies in the clear in any file of the records."""
    _person(identities, pip[:3])
    mean = np.stack([encoder.faces(picture)[0].embedding for picture in pip[:3]]).mean(axis=0)
    template = (mean / np.linalg.norm(mean)).astype("<f4").tobytes()
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert b"Pip P." not in content
        assert template[:16] not in content


def test_erasure(identities: Identities, reopen: Open, db: Database, pip: list[Pixels]) -> None:
    """Erased, an identity matches nothing and says so; its row stays, wordless; the face is free again."""
    enrolled = _person(identities, pip[:3])
    for _ in range(2):
        erased = identities.erase(enrolled.identity_id, at=LATER, by="officer")
        assert (erased.state, erased.erased_at, erased.erased_by, erased.label) == (
            "erased",
            LATER,
            "officer",
            "",
        )
    for opened in (identities, reopen()):
        assert opened.get(enrolled.identity_id) == erased
        with pytest.raises(IdentityErased):
            opened.match(pip[3], enrolled.identity_id)
        with pytest.raises(IdentityErased):
            opened.same_person(pip[3], enrolled.identity_id)
    with db.reading() as rx:
        row = rx.execute("SELECT template, words FROM identities").fetchone()
    assert tuple(row) == (None, None)
    assert _person(identities, pip[:3]).identity_id != enrolled.identity_id


def test_erased_bytes_leave_the_disk(
    identities: Identities, db: Database, pip: list[Pixels], tmp_path: Path
) -> None:
    """After erasing, even the sealed template and the wrapped key are in no file any more."""
    enrolled = _person(identities, pip[:3])
    with db.reading() as rx:
        template = rx.execute("SELECT template FROM identities").fetchone()[0]
        wrapped = rx.execute("SELECT wrapped FROM vault_keys").fetchone()[0]
    identities.erase(enrolled.identity_id, at=LATER, by="officer")
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert template not in content
        assert wrapped not in content


class Crash(Exception):
    """Stands for whatever ends a transaction early."""


def test_a_joined_transaction_that_fails(identities: Identities, db: Database, pip: list[Pixels]) -> None:
    """Enrolment and erasure that join a transaction come and go with it."""

    def enroll_and_crash() -> None:
        with db.transaction() as tx:
            words = {"basis": "character", "label": "Pip", "declaration": DECLARATION}
            identities.enroll(pip[1:2], at=NOW, by="studio", tx=tx, **words)
            raise Crash

    def erase_and_crash() -> None:
        with db.transaction() as tx:
            identities.erase(kept.identity_id, at=LATER, by="officer", tx=tx)
            raise Crash

    with pytest.raises(Crash):
        enroll_and_crash()
    assert identities.list() == ()
    kept = _character(identities, pip[1])
    with pytest.raises(Crash):
        erase_and_crash()
    assert identities.match(pip[1], kept.identity_id)
    with db.transaction() as tx:
        assert identities.erase(kept.identity_id, at=LATER, by="officer", tx=tx).state == "erased"
    with pytest.raises(IdentityErased):
        identities.match(pip[1], kept.identity_id)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE identities SET protected = 0",
        "UPDATE identities SET basis = 'character'",
        "UPDATE identities SET pictures = 1",
        "UPDATE identities SET template = (SELECT template FROM identities WHERE basis = 'character')",
    ],
)
def test_edited_records_do_not_open(
    identities: Identities, reopen: Open, db: Database, pip: list[Pixels], mira: Pixels, edit: str
) -> None:
    """Whoever edits basis, protection or template in the records finds the service refusing to start."""
    _character(identities, mira)
    identities.enroll(pip[:3], basis="consent", label="p", at=NOW, by="studio", protected=True)
    reopen()
    with db.transaction() as tx:
        tx.execute(edit)
    with pytest.raises(StoreUnavailable):
        reopen()


def test_another_encoder(identities: Identities, db: Database, reopen: Open, pip: list[Pixels]) -> None:
    """Identities enrolled with another model are never compared: the service does not start with them."""
    _character(identities, pip[1])
    with db.transaction() as tx:
        tx.execute("UPDATE identities SET encoder_sha256 = ?", ("0" * 64,))
    with pytest.raises(EncoderUnusable, match="another face encoder"):
        reopen()


def test_auditing_frames(
    identities: Identities, pip: list[Pixels], osei: list[Pixels], astronaut: Pixels
) -> None:
    """A frame is the same person when it shows that face alone."""
    identity_id = _character(identities, pip[1]).identity_id
    assert identities.same_person(pip[3], identity_id)
    for frame in (osei[1], astronaut, np.zeros_like(astronaut), np.concatenate([pip[1], pip[1]], axis=1)):
        assert not identities.same_person(frame, identity_id)
    with pytest.raises(MediaUnsupported):
        identities.same_person(np.zeros((9, 9), np.uint8), identity_id)


CALIBRATION = Calibration(
    sha256="",
    source="invented",
    thresholds={1: {1e-3: 0.08, 1e-4: 0.06}, 2: {1e-3: 0.07, 1e-4: 0.055}, 3: {1e-3: 0.062, 1e-4: 0.05}},
    profiles={"accept": 1e-4, "review": 1e-3, "block": 1e-3},
    margin=0.01,
    agreement=0.075,
)


def _at(distance: float, axis: int = 1) -> NDArray[np.float32]:
    """A unit vector at this cosine distance from the first axis."""
    vector = np.zeros(5, np.float32)
    vector[0], vector[axis] = 1 - distance, np.sqrt(1 - (1 - distance) ** 2)
    return vector


PROBE = _at(0)


def _template(name: str, distance: float, *, protected: bool = False, pictures: int = 3) -> Template:
    return Template(name, "consent", protected, pictures, _at(distance, axis=1 + len(name) % 4))


@pytest.mark.parametrize(
    ("distance", "pictures", "accepted"),
    [
        (0.049, 3, True),
        (0.051, 3, False),
        (0.054, 2, True),
        (0.059, 1, True),
        (0.061, 1, False),
        (0.049, 9, True),
        (0.051, 9, False),
    ],
)
def test_the_threshold_follows_the_number_of_pictures(
    distance: float, pictures: int, *, accepted: bool
) -> None:
    """Templates of fewer pictures are allowed larger distances, as calibrated; over three count as three."""
    gallery = Gallery((_template("a", distance, pictures=pictures),))
    if accepted:
        assert decide(gallery, PROBE, "a", CALIBRATION).identity_id == "a"
    else:
        with pytest.raises(IdentityMismatch):
            decide(gallery, PROBE, "a", CALIBRATION)


def test_another_as_near_is_ambiguous() -> None:
    """The claimed identity has to be the nearest, and the next at least the margin farther."""
    claimed = _template("a", 0.03)
    for other, error in ((0.02, True), (0.03, True), (0.0399, True), (0.0401, False)):
        gallery = Gallery((_template("bb", other), claimed))
        if error:
            with pytest.raises(IdentityAmbiguous):
                decide(gallery, PROBE, "a", CALIBRATION)
        else:
            assert decide(gallery, PROBE, "a", CALIBRATION).identity_id == "a"


def test_protected_wins() -> None:
    """A protected face within the wider block threshold refuses, though the claimed one is much nearer."""
    claimed = _template("a", 0.001)
    gallery = Gallery((claimed, _template("bb", 0.061, protected=True)))
    with pytest.raises(IdentityProtected):
        decide(gallery, PROBE, "a", CALIBRATION)
    farther = Gallery((claimed, _template("bb", 0.063, protected=True)))
    assert decide(farther, PROBE, "a", CALIBRATION).identity_id == "a"


@pytest.mark.parametrize(("basis", "refused"), [("character", True), ("artwork", True), ("consent", False)])
def test_a_character_keeps_away_from_living_people(basis: str, *, refused: bool) -> None:
    """Under a drawing's name the portrait may not come within the wide distance of anybody living, though the
    drawing itself is much nearer; a living person's look-alike at that distance is none."""
    claimed = Template("a", basis, False, 3, _at(0.001))
    gallery = Gallery((claimed, _template("bb", 0.061)))
    if refused:
        with pytest.raises(IdentityAmbiguous):
            decide(gallery, PROBE, "a", CALIBRATION)
    else:
        assert decide(gallery, PROBE, "a", CALIBRATION).identity_id == "a"
    farther = Gallery((claimed, _template("bb", 0.063), Template("c", "artwork", False, 3, _at(0.061, 3))))
    assert decide(farther, PROBE, "a", CALIBRATION).identity_id == "a"


def test_a_mismatch_says_nothing_of_others() -> None:
    """When the claim fails the answer is the same whoever else is enrolled: it is no search for faces."""
    claimed = _template("a", 0.5)
    for others in ((), (_template("bb", 0.0),), (_template("bb", 0.0, protected=True),)):
        with pytest.raises(IdentityMismatch):
            decide(Gallery((claimed, *others)), PROBE, "a", CALIBRATION)


def test_not_a_number_is_no_match() -> None:
    """A probe or template with NaN is refused, as claimed and as runner-up."""
    claimed, broken = _template("a", 0.01), _template("bb", 0.5)
    nan = np.full(5, np.nan, np.float32)
    with pytest.raises(IdentityMismatch):
        decide(Gallery((claimed,)), nan, "a", CALIBRATION)
    spoilt = Template("bb", broken.basis, broken.protected, 3, nan)
    with pytest.raises(IdentityAmbiguous):
        decide(Gallery((claimed, spoilt)), PROBE, "a", CALIBRATION)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=10), st.data())
def test_enrolling_more_never_allows_more(others: list[tuple[float, bool]], drawn: st.DataObject) -> None:
    """Whatever a gallery refuses is refused too with further people in it (up to ten protected ones: of more
    the threshold follows the number)."""
    templates = tuple(
        Template(f"t{i}", "consent", protected, 3, _at(distance, axis=1 + i % 4))
        for i, (distance, protected) in enumerate(others)
    )
    claimed = _template("a", drawn.draw(st.floats(0, 0.1)))
    smaller = Gallery((claimed, *templates[:-1]))
    larger = Gallery((claimed, *templates))
    try:
        decide(larger, PROBE, "a", CALIBRATION)
    except (IdentityMismatch, IdentityProtected, IdentityAmbiguous):
        return
    assert decide(smaller, PROBE, "a", CALIBRATION).identity_id == "a"
