"""The key ring is made once, kept private and sealed, and refuses whatever is not as it was made."""

import json
import os
import stat

import pytest

from safety.errors import Misconfigured
from safety.keys import KeyRing, private_bytes
from safety.stores.files import write_whole

LONG = "correct horse battery staple"


@pytest.fixture(autouse=True)
def no_passphrase(monkeypatch):
    monkeypatch.delenv("SITTER_PASSPHRASE", raising=False)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


def test_second_open_loads_the_first(folder):
    """What the first start made, every later start loads: all keys and every commitment are equal."""
    first, second = KeyRing.open(folder), KeyRing.open(folder)
    assert (first.master, first.watermark) == (second.master, second.watermark)
    assert first.log.private_bytes_raw() == second.log.private_bytes_raw()
    assert first.commitment("a", b"b") == second.commitment("a", b"b")
    assert {len(key) for key in (first.master, *first.watermark)} == {32}
    assert first.development is True


def test_two_installations_share_nothing(tmp_path):
    """Another folder has other keys."""
    one, other = KeyRing.open(tmp_path / "a"), KeyRing.open(tmp_path / "b")
    assert one.master != other.master
    assert one.watermark != other.watermark
    assert one.commitment("a", b"b") != other.commitment("a", b"b")


def test_files_are_private_and_sealed(folder):
    """Folder 0700, files 0600, and no key stands in the file or in repr."""
    ring = KeyRing.open(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = (folder / "keyring.json").read_text() + repr(ring)
    for key in (ring.master, *ring.watermark, ring.log.private_bytes_raw()):
        assert key.hex() not in text
        assert repr(key) not in text


def test_commitments(folder):
    """Commitments differ by domain, data and where the border between them lies; a domain is needed."""
    ring = KeyRing.open(folder)
    values = [ring.commitment(*pair) for pair in (("a", b"bc"), ("ab", b"c"), ("a", b""), ("b", b""))]
    assert len(set(values)) == 4
    assert all(len(value) == 64 and int(value, 16) >= 0 for value in values)
    for domain in ("", "x" * 256):
        with pytest.raises(ValueError, match="domain"):
            ring.commitment(domain, b"")


def test_passphrase_of_the_operator(folder, monkeypatch):
    """With $SITTER_PASSPHRASE nothing in the folder opens the ring, and no other phrase does."""
    monkeypatch.setenv("SITTER_PASSPHRASE", LONG)
    ring = KeyRing.open(folder)
    assert ring.development is False
    assert [path.name for path in folder.iterdir()] == ["keyring.json"]
    assert json.loads((folder / "keyring.json").read_text())["scrypt_n"] == 2**17
    assert KeyRing.open(folder).master == ring.master
    with pytest.raises(Misconfigured, match="another passphrase"):
        KeyRing.open(folder, passphrase="another passphrase altogether")
    monkeypatch.delenv("SITTER_PASSPHRASE")
    with pytest.raises(Misconfigured, match="SITTER_PASSPHRASE"):
        KeyRing.open(folder)


@pytest.mark.parametrize("phrase", ["", "short"])
def test_short_passphrase(folder, monkeypatch, phrase):
    """A passphrase that is set but short is refused; it does not fall back to the development one."""
    monkeypatch.setenv("SITTER_PASSPHRASE", phrase)
    with pytest.raises(Misconfigured, match="15"):
        KeyRing.open(folder)
    assert not (folder / "keyring.json").exists()


@pytest.mark.parametrize("name", ["keyring.json", "passphrase", "."])
def test_open_to_others(folder, name):
    """A file or folder that others may read is refused with what to do."""
    KeyRing.open(folder)
    (folder / name).chmod(0o755)
    with pytest.raises(Misconfigured, match="chmod"):
        KeyRing.open(folder)


@pytest.mark.parametrize("place", ["salt", "nonce", "sealed", "scrypt_n", "format"])
def test_damaged_ring(folder, place):
    """A changed or missing part of the file is refused, never replaced by new keys."""
    KeyRing.open(folder)
    path = folder / "keyring.json"
    whole = path.read_text()
    content = json.loads(whole)
    content[place] = 2**30 if place == "scrypt_n" else "00" + content[place][2:]
    path.write_text(json.dumps(content))
    with pytest.raises(Misconfigured):
        KeyRing.open(folder)
    del content[place]
    path.write_text(json.dumps(content))
    with pytest.raises(Misconfigured):
        KeyRing.open(folder)
    for text in ("", "[]", "\xff", whole[:50]):
        path.write_text(text)
        with pytest.raises(Misconfigured):
            KeyRing.open(folder)


def test_wrong_sizes_inside(folder, monkeypatch):
    """A ring that was sealed properly around a short key or none is refused."""
    from safety import keys

    good = keys._fresh()
    bad = [
        {**good, "master": "00"},
        {**good, "watermark": []},
        {**good, "log": "x"},
        {**good, "commitment": "zz"},
    ]
    for number, content in enumerate(bad):
        monkeypatch.setattr(keys, "_fresh", lambda content=content: content)
        with pytest.raises(Misconfigured, match="wrong size or kind"):
            KeyRing.open(folder / str(number))


def test_first_start_cut_short(folder):
    """A kill after the passphrase and before the ring is a first start that goes on."""
    folder.mkdir(mode=0o700)
    write_whole(folder / "passphrase", b"ab" * 32)
    (folder / ".part-left").write_bytes(b"half")
    ring = KeyRing.open(folder)
    assert KeyRing.open(folder).master == ring.master


def test_seal_binds_name_and_ring(tmp_path):
    """A sealed file opens under its own name and ring alone, and not with a flipped bit."""
    one, other = KeyRing.open(tmp_path / "a"), KeyRing.open(tmp_path / "b")
    sealed = one.seal("ca", b"secret")
    assert one.unseal("ca", sealed) == b"secret"
    assert b"secret" not in sealed
    flipped = bytes([*sealed[:-1], sealed[-1] ^ 1])
    for ring, name, data in (
        (one, "cb", sealed),
        (other, "ca", sealed),
        (one, "ca", flipped),
        (one, "ca", b""),
    ):
        with pytest.raises(Misconfigured, match="damaged"):
            ring.unseal(name, data)


def test_derived_keys(folder):
    """derive gives one stable 32-byte key per domain, none of them the master key."""
    ring = KeyRing.open(folder)
    keys = {ring.derive("a"), ring.derive("b"), ring.master}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}
    assert KeyRing.open(folder).derive("a") == ring.derive("a")


def test_new_watermark_key_comes_first(folder):
    """Rotation puts the new key first, keeps the old ones, is saved, and changes nothing else."""
    old = KeyRing.open(folder)
    new = old.with_new_watermark_key()
    loaded = KeyRing.open(folder)
    assert new.watermark[1:] == old.watermark
    assert new.watermark[0] not in old.watermark
    assert loaded.watermark == new.watermark
    assert loaded.master == old.master
    assert loaded.commitment("a", b"") == old.commitment("a", b"")


def test_private_bytes_missing(tmp_path):
    """A missing private file is told by its name, without the folder."""
    with pytest.raises(Misconfigured, match=r"ca\.key") as caught:
        private_bytes(tmp_path / "ca.key")
    assert os.fspath(tmp_path) not in str(caught.value)
