"""Commands about the vault and the encoder that run while the service is stopped."""

from pathlib import Path

import pytest

from safety.errors import StoreUnavailable
from safety.keys import KeyRing
from safety.log import Log, pages
from safety.master import LocalKey, open_masters
from safety.stores import open_records
from safety.vault import Vault
from service.__main__ import main
from service.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SITTER_DATA", str(tmp_path / "data"))
    return Settings(data=tmp_path / "data")


def _ring(settings: Settings) -> KeyRing:
    return KeyRing.open(settings.signer.partition(":")[2])


def test_the_master_key_is_rotated(settings: Settings) -> None:
    """Twice: each time everything opens with the new key alone, the old one opens nothing, and the log says
    how many keys were wrapped anew."""
    settings.data.mkdir(mode=0o700)
    ring = _ring(settings)
    with open_records(settings.records) as db:
        vault = Vault(db, open_masters("file:", ring))
        with db.transaction() as tx:
            vault.create("a", tx)
            sealed = vault.seal("a", "x", b"face", tx)
    for turn in (1, 2):
        old = open_masters("file:", ring)
        assert main(["keys", "rotate"]) == 0
        new = open_masters("file:", ring)
        assert [key.key_id for key in new] != [key.key_id for key in old]
        assert len(new) == 1
        with open_records(settings.records) as db, db.reading() as rx:
            assert Vault(db, new).open("a", "x", sealed, rx) == b"face"
            for wrong in (old, [LocalKey(ring.derive("vault"), new[0].key_id)]):
                with pytest.raises(StoreUnavailable):
                    Vault(db, wrong).open("a", "x", sealed, rx)
            log = Log(db, ring.log, settings.origin, high_water=ring.folder / "log.checkpoint")
            assert [entry.body["keys"] for entry in pages(log, kind="keys.rotated")] == [1] * turn


def test_nothing_to_renew(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """With nobody enrolled the change of encoder has nothing to do and says so."""
    settings.data.mkdir(mode=0o700)
    assert main(["identity", "reembed"]) == 0
    printed = capsys.readouterr()
    assert "0 templates made anew, 0 identities suspended" in printed.out + printed.err
