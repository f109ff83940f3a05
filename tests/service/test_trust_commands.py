"""`sitter trust`: from the development authority to a real certificate; lists are taken with care."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from safety.certificates import to_pem
from safety.credentials import Credentials
from safety.keys import KeyRing
from safety.selftest import tiny_clip
from safety.signing_keys import reference_of
from safety.trust_lists import FILES, digest_of
from service.__main__ import main
from service.cli.trust_options import LISTS
from service.settings import Settings
from service.wiring import utc_now
from tests.safety.test_credentials import Permit, facts
from tests.safety.test_trust_import import Issuer
from tests.time_stamper import OPENSSL, TimeStamper


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    monkeypatch.setenv("SITTER_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir(mode=0o700)
    return Issuer(utc_now() - timedelta(days=1))


def answer(capsys: pytest.CaptureFixture[str], *line: str) -> Any:
    assert main(["trust", *line, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_from_development_to_a_real_certificate(
    issuer: Issuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """init, csr, import, show: the imported certificate is the one in use, and is on our own list."""
    answer(capsys, "init")
    (before,) = answer(capsys, "show")["signers"]
    assert "development" in before["subject"]
    request = tmp_path / "request.pem"
    names = ("--country", "AT", "--organization", "Example", "--common-name", "Clips")
    answer(capsys, "csr", *names, "--algorithm", "ed25519", "--out", str(request))
    chain = tmp_path / "chain.pem"
    chain.write_text(issuer.chain(x509.load_pem_x509_csr(request.read_bytes()).public_key()))
    taken = answer(capsys, "import", str(chain))
    (after,) = answer(capsys, "show")["signers"]
    assert (after["sha256"], after["algorithm"]) == (taken["sha256"], "ed25519")
    listed = answer(capsys, "list", "own-signers")["certificates"]
    assert taken["sha256"] in [each["sha256"] for each in listed]
    assert main(["trust", "show"]) == 0
    assert "signs     ed25519" in capsys.readouterr().out


def test_import_with_a_key_file(issuer: Issuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key from elsewhere is named; another's key, or a file that is none, is refused in one line."""
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain, path = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_text(issuer.chain(key.public_key()))
    for wrong in (reference_of(other).removeprefix("pem:"), "nonsense"):
        path.write_text(wrong)
        assert main(["trust", "import", str(chain), "--key", str(path)]) == 2
        complaint = capsys.readouterr().err
        assert "MISCONFIGURED" in complaint
        assert "PRIVATE" not in complaint
    path.write_text(reference_of(key).removeprefix("pem:"))
    assert answer(capsys, "import", str(chain), "--key", str(path))["algorithm"] == "es256"


def test_lists_are_updated_from_files(
    issuer: Issuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The digest is shown and, when given, compared; a refused file changes nothing."""
    file = tmp_path / "list.pem"
    file.write_text(to_pem(issuer.root))
    digest = digest_of(file.read_bytes())
    line = ("update", "foreign-signers", str(file))
    assert main(["trust", *line, "--sha256", "0" * 64]) == 2
    assert answer(capsys, "list", "foreign-signers")["certificates"] == []
    assert answer(capsys, *line, "--sha256", digest)["sha256"] == digest
    assert len(answer(capsys, "list", "foreign-signers")["certificates"]) == 1
    assert answer(capsys, "list", "time-stampers")["certificates"] == []


def test_names_of_the_lists() -> None:
    """The command line knows the lists that the authority keeps."""
    assert ("own-signers", *FILES) == LISTS


@pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command for a local time-stamper")
def test_a_clip_is_stamped_later(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The clip gets its stamp under the same manifest's name; a file that is not ours gets none."""
    stamper = TimeStamper(tmp_path)
    try:
        answer(capsys, "update", "time-stampers", str(tmp_path / "root.pem"))
        settings = Settings(data=tmp_path / "data")
        ring = KeyRing.open(settings.signer.partition(":")[2])
        credentials = Credentials.open(settings.data / "credentials", ring)
        clip, plain, out = tmp_path / "clip.mp4", tmp_path / "plain.mp4", tmp_path / "stamped.mp4"
        plain.write_bytes(tiny_clip())
        done = credentials.sign(plain, clip, facts(), Permit())
        assert not done.time_stamped
        monkeypatch.setenv("SITTER_TSA_URL", stamper.url)
        assert answer(capsys, "stamp", str(clip), "--out", str(out))["manifest_id"] == done.manifest_id
        assert credentials.read(out).time_stamped
        assert main(["trust", "stamp", str(plain), "--out", str(tmp_path / "no.mp4")]) == 2
        assert not (tmp_path / "no.mp4").exists()
        credentials.close()
    finally:
        stamper.close()
