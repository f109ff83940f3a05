"""Master keys: where they come from, and their rotation, with a crash between any two steps."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from safety.errors import Misconfigured, StoreUnavailable
from safety.keys import KeyRing
from safety.master import (
    FILE,
    CallbackKey,
    LocalKey,
    MasterKey,
    add_local_key,
    keep_newest,
    local_keys,
    open_masters,
)
from safety.pkcs11 import logged_in, parse
from safety.stores import open_records
from safety.stores.sqlite import Database
from safety.vault import Vault
from tests.safety.conftest import MODULE, PIN

PEOPLE = [f"person {number}" for number in range(7)]
SECRET = b"a face"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with open_records(f"sqlite:{tmp_path / 'records.db'}") as database:
        yield database


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.open(tmp_path / "keys")


def _filled(db: Database, masters: list[MasterKey]) -> dict[str, bytes]:
    """A secret sealed for each person."""
    vault = Vault(db, masters)
    with db.transaction() as tx:
        for name in PEOPLE:
            vault.create(name, tx)
        return {name: vault.seal(name, "x", SECRET, tx) for name in PEOPLE}


def _all_open(db: Database, masters: list[MasterKey], sealed: dict[str, bytes]) -> bool:
    vault = Vault(db, masters)
    with db.reading() as rx:
        return all(vault.open(name, "x", data, rx) == SECRET for name, data in sealed.items())


class Crash(Exception):
    """Stands for whatever ends a rotation early."""


class _Failing:
    """A master key whose wrapping crashes after so many."""

    def __init__(self, key: MasterKey, left: int) -> None:
        self.key_id, self._key, self._left = key.key_id, key, left

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise Crash
        return self._key.wrap(key, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        return self._key.unwrap(wrapped, bound)


@pytest.mark.parametrize("crash_after", [0, 1, 3, 4, 6, 7])
def test_rotation_survives_a_crash(
    db: Database, ring: KeyRing, crash_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after any number of keys, everything still opens; run again it ends, and the old master key is
    gone and opens nothing."""
    monkeypatch.setattr("safety.vault.BATCH", 2)
    old = open_masters("file:", ring)
    sealed = _filled(db, old)
    add_local_key(ring)
    masters = open_masters("file:", ring)
    assert len(masters) == 2
    if crash_after < len(PEOPLE):
        with pytest.raises(Crash):
            Vault(db, [_Failing(masters[0], crash_after), *masters[1:]]).rewrap()
        assert _all_open(db, open_masters("file:", ring), sealed)
    vault = Vault(db, open_masters("file:", ring))
    vault.rewrap()
    with db.reading() as rx:
        assert vault.outdated(rx) == 0
    keep_newest(ring)
    masters = open_masters("file:", ring)
    assert len(masters) == 1
    assert _all_open(db, masters, sealed)
    with pytest.raises(StoreUnavailable, match="master key"):
        _all_open(db, old, sealed)


def test_keys_of_earlier_versions_open(db: Database, ring: KeyRing) -> None:
    """A key that was wrapped before master keys had ids is one of the key ring's first."""
    sealed = _filled(db, open_masters("file:", ring))
    with db.transaction() as tx:
        tx.execute("UPDATE vault_keys SET master = NULL")
    assert _all_open(db, open_masters("file:", ring), sealed)


def test_an_old_table_gets_the_new_column(db: Database, ring: KeyRing) -> None:
    """Records made before there was a column for the master key's id are opened as they are."""
    db.create("CREATE TABLE vault_keys (identity_id TEXT PRIMARY KEY, wrapped BLOB) STRICT;")
    assert _all_open(db, open_masters("file:", ring), _filled(db, open_masters("file:", ring)))


def test_the_key_file_is_sealed(ring: KeyRing) -> None:
    """The file of master keys holds none in the clear, is private, and damaged it is refused."""
    add_local_key(ring)
    path = ring.folder / FILE
    content = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    for key in local_keys(ring):
        assert key.key not in content
        assert key.key.hex().encode() not in content
        assert key.key.hex() not in repr(key)
    path.write_bytes(content[:-1])
    with pytest.raises(Misconfigured):
        open_masters("file:", ring)


def test_a_key_service_by_callback(db: Database, ring: KeyRing) -> None:
    """A key service wraps new keys, what the key ring wrapped opens until it is wrapped anew, and a service
    that does not answer shuts the vault."""
    sealed = _filled(db, open_masters("file:", ring))
    inside = LocalKey(bytes(32), "service")
    services = {"kms": lambda url: CallbackKey(url, inside.wrap, inside.unwrap)}
    masters = open_masters("kms:a/key", ring, services)
    assert masters[0].key_id == "kms:a/key"
    assert _all_open(db, masters, sealed)
    assert Vault(db, masters).rewrap() == len(PEOPLE)
    assert _all_open(db, masters[:1], sealed)

    def down(_: bytes, __: bytes) -> bytes:
        raise OSError("no route to host 10.0.0.1")

    with pytest.raises(StoreUnavailable) as refused:
        _all_open(db, [CallbackKey("kms:a/key", down, down)], sealed)
    assert "10.0.0.1" not in str(refused.value)


def test_a_key_service_from_an_installed_package(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package's entry point for the scheme opens the URL; its key wraps, the key ring's still unwraps."""
    inside = LocalKey(bytes(32), "service")
    asked: list[str] = []

    def opener(url: str) -> MasterKey:
        asked.append(url)
        return inside

    point = SimpleNamespace(load=lambda: opener)
    monkeypatch.setattr(
        "safety.master.entry_points",
        lambda group, name: [point] if (group, name) == ("sitter.master_keys", "cloud") else [],
    )
    masters = open_masters("cloud:project/key", ring)
    assert asked == ["cloud:project/key"]
    assert [key.key_id for key in masters] == ["service", "ring"]


def test_master_keys_that_cannot_be(db: Database, ring: KeyRing) -> None:
    """An unknown scheme, no key at all, and a token's URL without its parts say what is missing."""
    with pytest.raises(Misconfigured, match="vaultd"):
        open_masters("vaultd:x", ring)
    with pytest.raises(Misconfigured, match="master key"):
        Vault(db, [])
    with pytest.raises(Misconfigured, match="module-path, pin-source"):
        parse("pkcs11:token=a;object=b")


def test_a_token_url_is_parsed() -> None:
    """The attributes of RFC 7512, percent-decoded."""
    parts = parse("pkcs11:token=My%20Token;object=k?module-path=/lib/x.so&pin-source=file:/etc/pin")
    assert parts == {
        "token": "My Token", "object": "k", "module-path": "/lib/x.so", "pin-source": "file:/etc/pin",
    }  # fmt: skip


def test_the_package_for_tokens_is_named(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the optional package the error says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "pkcs11", None)
    with pytest.raises(Misconfigured, match="pip install python-pkcs11"):
        open_masters("pkcs11:token=a;object=b?module-path=/x&pin-source=file:/y", ring)


def test_a_key_in_a_token(soft_token: Path, ring: KeyRing, db: Database) -> None:
    """An AES key that never leaves a token wraps the identities' keys; without the token nothing opens, and
    what was wrapped for one identity opens for no other."""
    import pkcs11

    token = pkcs11.lib(str(MODULE)).get_token(token_label="sitter")
    login = logged_in(pkcs11, token, PIN)
    with token.open(rw=True) as session:
        session.generate_key(
            pkcs11.KeyType.AES, 256, label="master", store=True,
            template={pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.SENSITIVE: True},
        )  # fmt: skip
    login.close()
    url = f"pkcs11:token=sitter;object=master?module-path={MODULE}&pin-source=file:{soft_token}/pin"
    masters = open_masters(url, ring)
    sealed = _filled(db, masters)
    assert _all_open(db, open_masters(url, ring), sealed)
    with pytest.raises(StoreUnavailable):
        _all_open(db, open_masters("file:", ring), sealed)
    wrapped = masters[0].wrap(b"k" * 32, b"one")
    assert masters[0].unwrap(wrapped, b"one") == b"k" * 32
    for broken, bound in ((wrapped, b"other"), (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"one")):
        with pytest.raises(StoreUnavailable):
            masters[0].unwrap(broken, bound)
    with pytest.raises(StoreUnavailable):
        open_masters(url.replace("object=master", "object=none"), ring)
