"""Settings: defaults that work, both sources, and an error that names the key for everything else."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from safety.errors import Misconfigured
from safety.label import Label
from safety.policy import default_folder
from service.settings import Settings


def load(tmp_path: Path, text: str = "", **environ: str) -> Settings:
    file = tmp_path / "sitter.toml"
    file.write_text(f"data = '{tmp_path / 'data'}'\n{text}")
    return Settings.load(file, environ)


def test_defaults_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without file and variables: loopback, embedded backends, everything in the user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    settings = Settings.load(None, {})
    assert settings == Settings()
    assert settings.listen == "127.0.0.1:8443"
    assert settings.data == tmp_path / "share" / "sitter"
    assert settings.records == f"sqlite:{settings.data / 'records.db'}"
    assert settings.callers == f"file:{settings.data / 'callers.toml'}"
    assert settings.policies == default_folder()
    assert (settings.tsa_url, settings.tls_certificate) == (None, None)


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A variable overrides its key; numbers, paths and texts are read as such."""
    settings = load(
        tmp_path,
        "queue = 3\nclips_per_day = 7\nupload_seconds = 20\nrecords = 'sqlite:/elsewhere/r.db'",
        SITTER_QUEUE="5",
        SITTER_GENERATE_SECONDS="12.5",
        SITTER_POLICIES="mine",
        SITTER_ENCODER="insightface:packs/own",
        SITTER_MODELS="/models",
        SITTER_PASSPHRASE="not a setting",
        PATH="/bin",
    )
    assert (settings.queue, settings.clips_per_day) == (5, 7)
    assert (settings.upload_seconds, settings.generate_seconds) == (20.0, 12.5)
    assert settings.policies == tmp_path / "data" / "mine"
    assert settings.records == "sqlite:/elsewhere/r.db"
    assert settings.encoder == f"insightface:{tmp_path / 'data' / 'packs/own'}"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("queu = 3", "queu"),
        ("[limits]\nqueue = 3", "limits"),
        ("queue = '3'", "queue"),
        ("queue = 3.0", "queue"),
        ("queue = true", "queue"),
        ("queue = 0", "queue"),
        ("queue = 1001", "queue"),
        ("queue = [3]", "queue"),
        ("clips_per_day = 0", "clips_per_day"),
        ("clips_per_day = -1", "clips_per_day"),
        ("upload_seconds = nan", "upload_seconds"),
        ("upload_seconds = inf", "upload_seconds"),
        ("upload_seconds = 0.5", "upload_seconds"),
        ("upload_bytes = 0", "upload_bytes"),
        ("generate_seconds = false", "generate_seconds"),
        ("policies = ''", "policies"),
        ("policies = 5", "policies"),
        ("listen = '8443'", "listen"),
        ("listen = ':8443'", "listen"),
        ("listen = '127.0.0.1:99999'", "listen"),
        ("listen = '127.0.0.1'", "listen"),
        ("records = 'postgresql://host/db'", "records"),
        ("records = 'sqlite:'", "records"),
        ("records = 'sqlite::memory:'", "records"),
        ("records = ''", "records"),
        ("blobs = 's3://bucket'", "blobs"),
        ("workers = 'none'", "workers"),
        ("signer = 'off'", "signer"),
        ("encoder = 'buffalo_l'", "encoder"),
        ("encoder = 'insightface:'", "encoder"),
        ("callers = 'anybody'", "callers"),
        ("tsa_url = 'ftp://tsa'", "tsa_url"),
        ("tsa_url = ''", "tsa_url"),
        ("origin = 'two words'", "origin"),
    ],
)
def test_what_is_not_allowed_is_named(tmp_path: Path, text: str, key: str) -> None:
    """Unknown keys, wrong types, values out of range: the error names the key and what may stand there."""
    with pytest.raises(Misconfigured) as refused:
        load(tmp_path, text)
    assert refused.value.metadata["setting"] == key
    assert key in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("SITTER_QUEUE", "many", "queue"),
        ("SITTER_QUEUE", "", "queue"),
        ("SITTER_QUEUE", "3.5", "queue"),
        ("SITTER_QUEUE", "0", "queue"),
        ("SITTER_UPLOAD_SECONDS", "nan", "upload_seconds"),
        ("SITTER_TLS_KEY", "", "tls_key"),
        ("SITTER_SKIP_CONSENT", "1", "skip_consent"),
        ("SITTER_queue", "3", "queue"),
    ],
)
def test_variables_are_checked_alike(tmp_path: Path, variable: str, value: str, key: str) -> None:
    """A variable that is unknown, empty or not a number is an error too, not ignored."""
    with pytest.raises(Misconfigured) as refused:
        load(tmp_path, **{variable: value})
    assert refused.value.metadata["setting"] == key


def test_tls_is_required_beyond_loopback(tmp_path: Path) -> None:
    """Any address that others can reach needs a certificate; loopback does not."""
    for address in (
        "0.0.0.0:8443",
        "[::]:8443",
        "192.0.2.7:8443",
        "example.org:8443",
        "127.0.0.1.example.org:1",
    ):
        with pytest.raises(Misconfigured) as refused:
            load(tmp_path, f"listen = '{address}'")
        assert refused.value.metadata["setting"] == "tls_certificate"
        assert load(tmp_path, f"listen = '{address}'\ntls_certificate = 'c.pem'\ntls_key = 'k.pem'").tls_key
    for address in ("127.0.0.1:0", "[::1]:8443", "localhost:8443", "127.9.9.9:1"):
        assert load(tmp_path, f"listen = '{address}'").listen == address


def test_tls_parts_go_together(tmp_path: Path) -> None:
    """A key without certificate, a certificate without key, a client CA without either: errors."""
    for text in ("tls_key = 'k.pem'", "tls_certificate = 'c.pem'", "tls_client_ca = 'ca.pem'"):
        with pytest.raises(Misconfigured):
            load(tmp_path, text)


@pytest.mark.parametrize("content", [b"queue = ", b"\xff\xfe", b"a = 1\na = 2", b"# " + b"x" * (1 << 20)])
def test_unreadable_files_are_refused(tmp_path: Path, content: bytes) -> None:
    """Not TOML, not UTF-8, keys twice, too large."""
    file = tmp_path / "sitter.toml"
    file.write_bytes(content)
    with pytest.raises(Misconfigured):
        Settings.load(file, {})
    with pytest.raises(Misconfigured):
        Settings.load(tmp_path / "none.toml", {})


def test_every_setting_is_bounded_and_described() -> None:
    """Each has a meaning and what is allowed; every number refuses a value below and above its range."""
    shown = Settings().describe()
    assert [name for name, _, _ in shown] == [item.name for item in dataclasses.fields(Settings)]
    for item in dataclasses.fields(Settings):
        assert item.metadata["means"]
        assert item.metadata["allowed"]
        if item.type in (int, float):
            for wrong in (-1, 10**12):
                value: Any = item.type(wrong)
                with pytest.raises(Misconfigured):
                    Settings(**{item.name: value})


def test_no_setting_is_a_switch() -> None:
    """There is no on or off among them: nothing to turn a gate off with."""
    assert all(item.type is not bool for item in dataclasses.fields(Settings))


def test_description_masks_credentials() -> None:
    """What `doctor` prints holds no password of an address."""
    settings = Settings(tsa_url="https://user:canary@tsa.example/path")
    text = str(settings.describe())
    assert "canary" not in text
    assert "tsa.example" in text


def test_settings_are_frozen() -> None:
    """Nothing changes them while the service runs."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().queue = 9  # type: ignore[misc]


def test_a_deployment_s_label_is_the_least() -> None:
    """A request's own label goes before the deployment's; where neither has one there is none."""
    plain, labelled = Settings(), Settings(visible_label="icon", label_language="de")
    assert plain.label(None) is None
    assert plain.label("corner") == Label("corner", "en")
    assert labelled.label(None) == Label("icon", "de")
    assert labelled.label("banner") == Label("banner", "de")
    for wrong in ({"visible_label": "off"}, {"label_language": "xx"}, {"aigc_producer": ""}):
        with pytest.raises(Misconfigured):
            Settings(**wrong)
