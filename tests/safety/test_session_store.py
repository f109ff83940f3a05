"""Consent sessions on record: what is drawn, what counts, what is kept and for how long."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception.pose import INDICES
from safety.errors import (
    IdentityErased,
    QuotaRefused,
    SessionExpired,
    SessionForeign,
    SessionReplayed,
    SessionSpent,
    SessionUnknown,
)
from safety.keys import KeyRing
from safety.master import open_masters
from safety.scope import Scope
from safety.session import flat
from safety.session.challenge import CODE_WORDS, TURNS, WORDS, Turn, draw, is_allowed
from safety.session.store import ATTEMPTS, LINK_TERM, STARTS_PER_HOUR, Sessions
from safety.session.view import CITABLE
from safety.stores.sqlite import Database
from safety.vault import Vault

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCOPE = Scope(
    callers=frozenset({"studio"}), purposes=frozenset({"education"}), territories=frozenset({"DE"}),
    channels=frozenset({"web"}), not_before=NOW, not_after=NOW + timedelta(days=30), max_seconds=30.0,
    emotions=frozenset(), controls=frozenset(), live=False,
)  # fmt: skip
FILM = "ab" * 32


class Desk:
    """Sessions over a real store, each step in a transaction of its own."""

    def __init__(self, folder: Path) -> None:
        ring = KeyRing.open(folder / "keys")
        self.db = Database(folder / "records.db")
        self.vault = Vault(self.db, open_masters("file:", ring))
        self.sessions = Sessions(self.db, self.vault, ring.commitment)

    def open(self, at: datetime = NOW, identity_id: str | None = None) -> str:
        """A session whose challenge is shown."""
        with self.db.transaction() as tx:
            session, _ = self.sessions.start(caller="op", scope=SCOPE, identity_id=identity_id, at=at, tx=tx)
            self.sessions.issue(session.session_id, at, tx)
        return session.session_id

    def attempt(self, session_id: str) -> None:
        with self.db.transaction() as tx:
            self.sessions.attempt(session_id, NOW, tx)

    def refuse(self, session_id: str) -> None:
        with self.db.transaction() as tx:
            self.sessions.refuse(session_id, "SESSION_TURNS", NOW, tx)

    def passed(self, session_id: str, film: bytes | None = None) -> None:
        with self.db.transaction() as tx:
            self.sessions.passed(
                session_id, film_sha256=FILM, measures={"seconds": 9.0}, pictures=b"faces", film=film,
                film_until=NOW + timedelta(days=90) if film else None, at=NOW, tx=tx,
            )  # fmt: skip

    def sweep(self, at: datetime) -> None:
        with self.db.transaction() as tx:
            self.sessions.sweep(at, tx)

    def kept(self, session_id: str) -> tuple[bytes | None, bytes | None]:
        with self.db.reading() as rx:
            return self.sessions.pictures(session_id, rx), self.sessions.film(session_id, rx)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.db.close()


@given(st.integers(0, 2**32))
def test_challenges_are_well_formed(seed: int) -> None:
    """Different words of the list; both sides among the turns; no turn twice in a row."""
    made = draw(lambda below: int(np.random.default_rng(seed).integers(below)))
    assert len(set(made.words)) == len(made.words) == CODE_WORDS
    assert set(made.words) <= set(WORDS)
    assert len(made.turns) == TURNS
    assert is_allowed(made.turns)


def test_nothing_is_drawn_more_often(desk: Desk) -> None:
    """Every word comes first about as often as any other, every turn, too (chi-squared, 0.1 %)."""
    drawn = [draw() for _ in range(2400)]
    words = Counter(each.words[0] for each in drawn)
    expected = len(drawn) / len(WORDS)
    assert sum((words[word] - expected) ** 2 / expected for word in WORDS) < 49.7  # 23 degrees of freedom
    assert {each.turns[0] for each in drawn} == set(Turn)


def test_attempts_are_counted_before_their_outcome(desk: Desk) -> None:
    """Three attempts, even if the service died in each of them; then none."""
    session_id = desk.open()
    for _ in range(ATTEMPTS):
        desk.attempt(session_id)
    with pytest.raises(SessionSpent):
        desk.attempt(session_id)


def test_a_failed_session_forgets_its_challenge_and_key(desk: Desk) -> None:
    """After the last refusal there is nothing left to answer, nor to open."""
    session_id = desk.open()
    for _ in range(ATTEMPTS):
        desk.attempt(session_id)
        desk.refuse(session_id)
    assert desk.sessions.get(session_id).state == "failed"
    assert desk.sessions.get(session_id).challenge is None
    with pytest.raises(IdentityErased), desk.db.reading() as rx:
        desk.vault.fingerprint(f"session-{session_id}", rx)


def test_only_the_first_film_passes(desk: Desk) -> None:
    """Two films that were looked at side by side: the second finds the session over."""
    session_id = desk.open()
    desk.attempt(session_id)
    desk.attempt(session_id)
    desk.passed(session_id)
    with pytest.raises(SessionSpent):
        desk.passed(session_id)


def test_a_link_ends(desk: Desk) -> None:
    """A link that was not opened in time shows no challenge; a wrong one is nobody's."""
    with desk.db.transaction() as tx:
        session, secret = desk.sessions.start(caller="op", scope=SCOPE, identity_id=None, at=NOW, tx=tx)
    assert desk.sessions.linked(secret).session_id == session.session_id
    with pytest.raises(SessionUnknown):
        desk.sessions.linked(secret[:-1])
    with pytest.raises(SessionExpired), desk.db.transaction() as tx:
        desk.sessions.issue(session.session_id, NOW + LINK_TERM, tx)
    with desk.db.reading() as rx:
        whole = [tuple(row) for row in rx.execute("SELECT * FROM sessions").fetchall()]
    assert secret not in str(whole)


def test_starts_are_limited(desk: Desk) -> None:
    """So many an hour for each caller; an hour later again."""
    for _ in range(STARTS_PER_HOUR):
        desk.open()
    with pytest.raises(QuotaRefused):
        desk.open()
    desk.open(NOW + timedelta(hours=1, seconds=1))


def test_the_same_bytes_are_known(desk: Desk) -> None:
    """A file that was handed in is refused for every session, this one too."""
    first, second = desk.open(), desk.open()
    with desk.db.transaction() as tx:
        desk.sessions.keep_film(first, FILM, NOW, tx)
    for session_id in (first, second):
        with pytest.raises(SessionReplayed), desk.db.transaction() as tx:
            desk.sessions.keep_film(session_id, FILM, NOW, tx)


def test_the_code_of_another_session_is_old(desk: Desk) -> None:
    """A session's own code is not; words nobody was given are not."""
    first, second = desk.open(), desk.open()
    challenge = desk.sessions.get(first).challenge
    assert challenge is not None
    assert desk.sessions.is_old(challenge.words, second)
    assert not desk.sessions.is_old(challenge.words, first)
    assert not desk.sessions.is_old(("no", "such", "words", "here"), second)


def test_what_may_be_cited(desk: Desk) -> None:
    """Not before it passed, not after its time, not for somebody else, not for a wider scope or an earlier
    start; a later start is narrower."""
    session_id = desk.open(identity_id="1" * 32)

    def cite(identity_id: str = "1" * 32, scope: Scope = SCOPE, at: datetime = NOW, by: str = "op") -> None:
        with desk.db.transaction() as tx:
            desk.sessions.cite_consent(session_id, identity_id, scope, caller=by, at=at, tx=tx)

    with pytest.raises(SessionSpent):
        cite()
    desk.passed(session_id)
    with pytest.raises(SessionForeign):
        cite("2" * 32)
    with pytest.raises(SessionForeign):
        cite(by="somebody")
    with pytest.raises(SessionForeign):
        cite(scope=_changed(max_seconds=31.0))
    with pytest.raises(SessionForeign):
        cite(scope=_changed(not_before=NOW - timedelta(days=1)))
    with pytest.raises(SessionExpired):
        cite(at=NOW + CITABLE)
    with pytest.raises(SessionExpired):
        cite(at=NOW - timedelta(seconds=1))
    cite(scope=_changed(not_before=NOW + timedelta(days=1)))
    with pytest.raises(SessionSpent):
        cite()


def test_what_is_kept_and_for_how_long(desk: Desk) -> None:
    """Pictures until `CITABLE` is over, the film until its own time; sealed all along."""
    session_id = desk.open()
    desk.passed(session_id, film=b"a film with a face")
    assert desk.kept(session_id) == (b"faces", b"a film with a face")
    assert b"a film with a face" not in _bytes(desk)
    desk.sweep(NOW + timedelta(days=1))
    assert desk.kept(session_id) == (b"faces", b"a film with a face")
    desk.sweep(NOW + CITABLE)
    assert desk.kept(session_id) == (None, b"a film with a face")
    desk.sweep(NOW + timedelta(days=90))
    assert desk.kept(session_id) == (None, None)
    assert desk.sessions.get(session_id).state == "passed"


def test_erasure_reaches_the_session(desk: Desk) -> None:
    """What a session keeps of an identity goes with it; that it was passed stays on record."""
    session_id = desk.open()
    desk.passed(session_id, film=b"a film with a face")
    with desk.db.transaction() as tx:
        desk.sessions.cite_enrolment(session_id, "1" * 32, caller="op", at=NOW, tx=tx)
        desk.sessions.forget("1" * 32, tx)
    assert desk.kept(session_id) == (None, None)
    with pytest.raises(IdentityErased), desk.db.reading() as rx:
        desk.vault.fingerprint(f"session-{session_id}", rx)


def test_a_plane_leaves_no_parallax() -> None:
    """Points on a plane, seen from anywhere, are flat to rounding; the same points in depth are not."""
    rng = np.random.default_rng(1)
    mesh = np.zeros((468, 3))
    mesh[INDICES, :2] = rng.uniform(-50, 50, (len(INDICES), 2)) + 200
    mesh[[33, 263], :2] = (150, 200), (250, 200)
    solid = mesh.copy()
    solid[INDICES, 2] = rng.uniform(-40, 40, len(INDICES))
    poses = np.zeros((20, 3))
    poses[12:, 0] = np.linspace(15, 45, 8)
    shares = []
    for body in (mesh, solid):
        views = np.stack([_seen(body, yaw) for yaw in poses[:, 0]]).astype(np.float32)
        found = flat.depth(views, poses)
        assert found.views >= flat.LEAST_VIEWS
        shares.append(found.parallax)
    assert shares[0] < 0.01
    assert shares[1] > flat.PARALLAX


def _seen(body: np.ndarray, yaw: float) -> np.ndarray:  # type: ignore[type-arg]
    """A body turned about its middle before a pinhole camera."""
    angle = np.radians(yaw)
    x, y, z = (body - [200, 200, 0]).T
    turned = np.stack([x * np.cos(angle) - z * np.sin(angle), y, x * np.sin(angle) + z * np.cos(angle)])
    near = 400 / (400 + turned[2])
    return np.stack([turned[0] * near + 200, turned[1] * near + 200, turned[2]], axis=1)


def _changed(**parts: object) -> Scope:
    return replace(SCOPE, **parts)  # type: ignore[arg-type]


def _bytes(desk: Desk) -> bytes:
    desk.db.forget()
    return desk.db.path.read_bytes()
