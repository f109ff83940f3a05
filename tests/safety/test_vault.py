"""The vault: every identity has its own key, and without it nothing opens."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safety.errors import IdentityErased, IdentityUnknown, Misconfigured, StoreUnavailable
from safety.master import LocalKey
from safety.stores import open_records
from safety.stores.sqlite import Database
from safety.vault import Vault

MASTER = bytes(range(32))
SECRET = b"a face, as numbers, that nobody else may read"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with open_records(f"sqlite:{tmp_path / 'records.db'}") as database:
        yield database


@pytest.fixture
def vault(db: Database) -> Vault:
    """A vault with two identities, `a` and `b`."""
    made = Vault(db, [LocalKey(MASTER)])
    with db.transaction() as tx:
        made.create("a", tx)
        made.create("b", tx)
    return made


@pytest.fixture
def sealed(db: Database, vault: Vault) -> bytes:
    with db.reading() as rx:
        return vault.seal("a", "template", SECRET, rx)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000), st.text(max_size=20))
def test_what_goes_in_comes_out(db: Database, vault: Vault, data: bytes, name: str) -> None:
    """Any bytes under any name open again, and are nowhere in what was sealed."""
    with db.reading() as rx:
        sealed = vault.seal("a", name, data, rx)
        assert vault.open("a", name, sealed, rx) == data
    assert len(sealed) == len(data) + 12 + 16
    assert len(data) < 4 or data not in sealed


def test_sealing_twice_differs(db: Database, vault: Vault, sealed: bytes) -> None:
    """Equal data is sealed to unequal bytes, so that equal faces do not show."""
    with db.reading() as rx:
        assert vault.seal("a", "template", SECRET, rx) != sealed


def test_it_opens_after_a_restart(db: Database, vault: Vault, sealed: bytes) -> None:
    """Another vault over the same records and master key opens it."""
    with db.reading() as rx:
        assert Vault(db, [LocalKey(MASTER)]).open("a", "template", sealed, rx) == SECRET


def test_another_identity_or_name_does_not_open_it(db: Database, vault: Vault, sealed: bytes) -> None:
    """Sealed data is bound to its identity and to what it is called."""
    with db.reading() as rx:
        for identity_id, name in (("b", "template"), ("a", "words"), ("a", "")):
            with pytest.raises(StoreUnavailable):
                vault.open(identity_id, name, sealed, rx)
        with pytest.raises(IdentityUnknown):
            vault.open("c", "template", sealed, rx)
        with pytest.raises(IdentityUnknown):
            vault.seal("c", "template", SECRET, rx)


def test_a_moved_key_does_not_open_it(db: Database, vault: Vault, sealed: bytes) -> None:
    """A wrapped key that was copied to another identity's row is refused."""
    with db.transaction() as tx:
        tx.execute("UPDATE vault_keys SET wrapped = (SELECT wrapped FROM vault_keys WHERE identity_id = 'b')")
    with db.reading() as rx:
        with pytest.raises(StoreUnavailable):
            vault.open("a", "template", sealed, rx)
        with pytest.raises(StoreUnavailable):
            vault.seal("a", "template", SECRET, rx)
        vault.seal("b", "template", SECRET, rx)


def test_any_changed_byte_is_noticed(db: Database, vault: Vault, sealed: bytes) -> None:
    """Flipping any bit, or cutting at any place, is refused."""
    with db.reading() as rx:
        for i in range(len(sealed)):
            changed = bytearray(sealed)
            changed[i] ^= 1 << (i % 8)
            with pytest.raises(StoreUnavailable):
                vault.open("a", "template", bytes(changed), rx)
            with pytest.raises(StoreUnavailable):
                vault.open("a", "template", sealed[:i], rx)


def test_another_master_key_opens_nothing(db: Database, vault: Vault, sealed: bytes) -> None:
    """With another installation's master key the same records stay shut."""
    with db.reading() as rx, pytest.raises(StoreUnavailable, match="key ring"):
        Vault(db, [LocalKey(bytes(32))]).open("a", "template", sealed, rx)


def test_erasing_destroys_the_key(db: Database, vault: Vault, sealed: bytes) -> None:
    """After erasing, what was sealed never opens again, nothing new is sealed, and the other is unharmed."""
    for _ in range(2):
        with db.transaction() as tx:
            vault.erase("a", tx)
    with db.reading() as rx:
        with pytest.raises(IdentityErased):
            vault.open("a", "template", sealed, rx)
        with pytest.raises(IdentityErased):
            vault.seal("a", "template", SECRET, rx)
        assert vault.open("b", "x", vault.seal("b", "x", SECRET, rx), rx) == SECRET
    with pytest.raises(IdentityUnknown), db.transaction() as tx:
        vault.erase("c", tx)


def test_an_erased_identity_gets_no_new_key(db: Database, vault: Vault) -> None:
    """Neither a live nor an erased identity can be given another key."""
    with pytest.raises(StoreUnavailable), db.transaction() as tx:
        vault.create("a", tx)
    with db.transaction() as tx:
        vault.erase("a", tx)
    with pytest.raises(StoreUnavailable), db.transaction() as tx:
        vault.create("a", tx)


def test_an_erasure_rolled_back_is_none(db: Database, vault: Vault, sealed: bytes) -> None:
    """The key is gone only when the transaction commits."""

    def erase_and_crash() -> None:
        with db.transaction() as tx:
            vault.erase("a", tx)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        erase_and_crash()
    with db.reading() as rx:
        assert vault.open("a", "template", sealed, rx) == SECRET


def test_the_wrapped_key_leaves_the_disk(db: Database, vault: Vault, tmp_path: Path) -> None:
    """After erasing and forgetting, the old wrapped key is in no file of the records any more."""
    with db.reading() as rx:
        wrapped = rx.execute("SELECT wrapped FROM vault_keys WHERE identity_id = 'a'").fetchone()[0]
    assert any(wrapped in path.read_bytes() for path in tmp_path.iterdir())
    with db.transaction() as tx:
        vault.erase("a", tx)
    db.forget()
    assert not any(wrapped in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_master_key_of_another_size(db: Database, size: int) -> None:
    """Only 256 bits will do."""
    with pytest.raises(Misconfigured, match="32"):
        Vault(db, [LocalKey(bytes(size))])


def test_randomness_is_used_as_given(db: Database) -> None:
    """Keys and nonces come from the source passed in: 32 bytes for the key, 12 for a nonce."""
    numbers = itertools.count(1)
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return bytes([next(numbers)]) * size

    vault = Vault(db, [LocalKey(MASTER)], random)
    with db.transaction() as tx:
        vault.create("a", tx)
        sealed = vault.seal("a", "x", b"y", tx)
    assert asked == [32, 12]
    assert sealed[:12] == bytes([2]) * 12
