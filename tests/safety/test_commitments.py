"""Commitments under an identity's own key: testable while it lives, by nobody after."""

import pytest

from safety.commitments import Commitments
from safety.keys import KeyRing
from safety.master import open_masters
from safety.stores.sqlite import Database
from safety.vault import Vault

ONE, OTHER = "1" * 32, "2" * 32


@pytest.fixture
def parts(tmp_path):
    db = Database(tmp_path / "records.db")
    vault = Vault(db, open_masters("file:", KeyRing.open(tmp_path / "keys")))
    with db.transaction() as tx:
        vault.create(ONE, tx)
        vault.create(OTHER, tx)
    yield db, vault, Commitments(db, vault)
    db.close()


def test_equal_data_of_one_identity_is_recognised(parts):
    """The same again, also after a restart; apart by domain, data and identity."""
    db, vault, commitments = parts
    made = commitments.of(ONE)("portrait", b"a face")
    assert len(bytes.fromhex(made)) == 32
    assert made == Commitments(db, vault).of(ONE)("portrait", b"a face")
    others = {
        commitments.of(ONE)("speech", b"a face"),
        commitments.of(ONE)("portrait", b"another"),
        commitments.of(OTHER)("portrait", b"a face"),
        commitments.of(ONE)("portrai", b"ta face"),
    }
    assert len(others | {made}) == 5


def test_erasing_the_identity_ends_its_commitments(parts):
    """With every key of the installation and the file at hand nobody can show the connexion any more; others'
    stand."""
    db, vault, commitments = parts
    made, others = (commitments.of(each)("portrait", b"a face") for each in (ONE, OTHER))
    with db.transaction() as tx:
        vault.erase(ONE, tx)
    again = {commitments.of(ONE)("portrait", b"a face") for _ in range(3)}
    assert made not in again
    assert len(again) == 3  # keys that nobody keeps: refusals of one portrait are not connected either
    assert commitments.of(OTHER)("portrait", b"a face") == others


def test_new_masters_change_nothing(parts, tmp_path):
    """Wrapped by another master key, the identity's commitments are the same."""
    db, vault, commitments = parts
    made = commitments.of(ONE)("portrait", b"a face")
    newer = open_masters("file:", KeyRing.open(tmp_path / "newer"))
    renewed = Vault(db, [*newer, *vault._masters.values()])
    if newer[0].key_id not in vault._masters:
        assert renewed.rewrap() == 2
    assert Commitments(db, renewed).of(ONE)("portrait", b"a face") == made


def test_within_the_transaction_that_makes_the_identity(parts):
    """What is enrolled and logged at once is committed to at once; unknown identities have no key."""
    db, vault, commitments = parts
    third = "3" * 32
    with db.transaction() as tx:
        vault.create(third, tx)
        made = commitments.of(third, tx)("declaration", b"drawn by us")
    assert commitments.of(third)("declaration", b"drawn by us") == made
    unknown = "4" * 32
    assert commitments.of(unknown)("a", b"") != commitments.of(unknown)("a", b"")
    with pytest.raises(ValueError, match="domain"):
        commitments.of(ONE)("", b"")
