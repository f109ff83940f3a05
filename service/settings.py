"""Settings: one frozen dataclass from a TOML file and SITTER_* variables, each value bounded.

A key of the file is the name of a field; `SITTER_` and the name in capitals overrides it. A key that is
unknown, of the wrong type or out of range is an error that names it and what is allowed. Settings choose
backends and limits: none of them turns a gate off.
"""

# ruff: noqa: RUF009 (the functions that make defaults below return dataclass fields)

import ipaddress
import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, cast, get_args
from urllib.parse import urlsplit

from safety.errors import Misconfigured
from safety.label import KINDS, WORDS, Kind, Label
from safety.policy import default_folder

PREFIX = "SITTER_"

OTHERS = frozenset(
    f"{PREFIX}{name}" for name in ("CONFIG", "MODELS", "PASSPHRASE", "SERVER", "CALLER", "WATERMARK_KEY")
)
"""Variables that are no settings: where the file and the models are, what opens the key ring, whom a client
calls and as whom."""

FILE_BYTES = 1 << 20
"""The largest settings file read."""

PORTS = range(65536)
MIB = 1 << 20


def _setting(default: Any, means: str, allowed: str, accepts: Callable[[Any], bool]) -> Any:
    kind = {"default_factory": default} if callable(default) else {"default": default}
    return field(**kind, metadata={"means": means, "allowed": allowed, "accepts": accepts})


def _number(default: float, low: float, high: float, unit: str, means: str) -> Any:
    return _setting(default, means, f"{low:,} to {high:,} {unit}", lambda value: low <= value <= high)


def _choice(default: str | None, allowed: str, pattern: str, means: str) -> Any:
    return _setting(default, means, allowed, lambda value: re.fullmatch(pattern, value) is not None)


def _path(default: Any, means: str) -> Any:
    return _setting(default, means, "a path", lambda value: "\0" not in str(value) and str(value) != ".")


def data_folder() -> Path:
    """The user's data folder by the XDG Base Directory Specification, wherever a command runs."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "sitter"


@dataclass(frozen=True)
class Settings:
    """How one deployment runs. Relative paths are below `data`; `data` is below the working directory.

    Raises:
        Misconfigured: metadata `setting` names the key; the message says what is allowed.
    """

    data: Path = _path(data_folder, "folder of everything that is kept")
    listen: str = _choice(
        "127.0.0.1:8443", "ADDRESS:PORT, such as 127.0.0.1:8443; port 0 takes a free one",
        r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}", "where the service listens",
    )  # fmt: skip
    origin: str = _choice(
        "sitter.local/log", "a host and path without spaces, up to 200 characters",
        r"[A-Za-z0-9._/-]{1,200}", "name of the provenance log in its checkpoints",
    )  # fmt: skip
    records: str = _choice("sqlite:records.db", "sqlite:FILE", "sqlite:[^:?].*", "records, consents and log")
    blobs: str = _choice("file:clips", "file:FOLDER", "file:[^:?].*", "released clips")
    workers: str = _choice("local", "local", "local", "where clips are generated")
    processes: int = _number(1, 1, 64, "processes", "how many clips are generated at a time")
    signer: str = _choice("file:keys", "file:FOLDER", "file:[^:?].*", "keys and certificates")
    vault: str = _choice(
        "file:",
        "file:, pkcs11:TOKEN..., or the URL of a key service",
        r"file:|[a-z][a-z0-9+.-]*:.+",
        "master key of the vault",
    )
    living_consent: str = _choice(
        "session", "session or attested", "session|attested",
        "what a living person's consent rests on: a consent session, or (development) the operator's word",
    )  # fmt: skip
    session_video_days: int = _number(
        0, 0, 365, "days", "how long films of passed consent sessions are kept, encrypted; 0: not at all"
    )
    console: str | None = _choice(
        None, "ADDRESS:PORT, such as 127.0.0.1:8444, or off; by default the port after `listen`'s",
        r"off|(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}", "where `sitter serve` has the sitter's page",
    )  # fmt: skip
    encoder: str = _choice(
        "dlib-resnet-v1",
        "dlib-resnet-v1 or insightface:FOLDER",
        "dlib-resnet-v1|insightface:.+",
        "face encoder",
    )
    recogniser: str = _choice(
        "pocketsphinx", "pocketsphinx, or SCHEME:... of an installed package",
        r"pocketsphinx|[a-z][a-z0-9+.-]*:.+", "what listens to the words of a recording (docs/consent.md)",
    )  # fmt: skip
    voice_encoder: str = _choice("ge2e-lstm-v1", "ge2e-lstm-v1", "ge2e-lstm-v1", "speaker encoder")
    voice_profile: str = _choice(
        "default", "default or strict", "default|strict",
        "how sure the own voice has to be, where a consent asks for it (docs/voices.md)",
    )  # fmt: skip
    jurisdiction: str = _choice(
        "", "up to 200 characters", r"[^\x00-\x1f]{0,200}", "law that consent records name, such as EU or DE"
    )
    storage_location: str = _choice(
        "", "up to 200 characters", r"[^\x00-\x1f]{0,200}", "where data is kept, as consent records name it"
    )
    callers: str = _choice("file:callers.toml", "file:FILE", "file:[^:?].*", "who may call")
    policies: Path = _path(default_folder, "folder of the Cedar policies")
    tsa_url: str | None = _choice(
        None, "an http or https address", r"https?://[^\s/]+(/\S*)?", "time-stamping authority (RFC 3161)"
    )
    tsa_policy: str = _choice(
        "required", "required, best-effort or late", "required|best-effort|late",
        "what becomes of a clip that the time-stamping authority does not stamp",
    )  # fmt: skip
    sign_seconds: float = _number(30.0, 1, 600, "seconds", "longest that one signature may take")
    visible_label: str | None = _choice(
        None, ", ".join(KINDS), "|".join(KINDS),
        "visible label of clips whose request asks for none; unset: only as requests and policy ask",
    )  # fmt: skip
    label_language: str = _choice("en", ", ".join(WORDS), "|".join(WORDS), "language of the visible label")
    aigc_producer: str | None = _setting(
        None, "name or code of this service in the field AIGC of GB 45438-2025; unset: no such field",
        "1 to 100 printable characters; nobody's personal data",
        lambda value: 0 < len(value) <= 100 and value.isprintable(),
    )  # fmt: skip
    evidence_pictures: str = _choice(
        "none", "none, pixelated or clear", "none|pixelated|clear",
        "pictures of the clip in an evidence pack; clear ones only for auditors who are operators besides",
    )  # fmt: skip
    tls_certificate: Path | None = _path(None, "certificate chain, PEM; required unless on loopback")
    tls_key: Path | None = _path(None, "its private key, PEM")
    tls_client_ca: Path | None = _path(
        None, "CA of the callers' certificates, PEM; given, they must have one"
    )
    upload_bytes: int = _number(500 * MIB, MIB, 500 * MIB, "bytes", "largest video that detect takes")
    detections_per_hour: int = _number(
        20, 1, 100_000, "videos", "how many videos the public detect page takes from one address in an hour"
    )
    upload_seconds: float = _number(300.0, 1, 3600, "seconds", "longest that one upload may take")
    queue: int = _number(8, 1, 1000, "jobs", "how many generations may wait")
    generate_seconds: float = _number(3600.0, 10, 86400, "seconds", "longest that one generation may take")
    clips_per_day: int = _number(100, 1, 1_000_000, "clips", "what each caller may generate in a day (UTC)")

    def __post_init__(self) -> None:
        for item in fields(self):
            _check(item.name, getattr(self, item.name), item.type, item.metadata)
        _check_port(self.listen)
        _check_tls(self)
        object.__setattr__(self, "data", self.data.absolute())
        for item in fields(self):
            object.__setattr__(self, item.name, _absolute(self.data, getattr(self, item.name)))

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str]) -> "Settings":
        """Read the file, if one is named, and the environment, which wins.

        Raises:
            Misconfigured: the file cannot be read, or a key or value is not allowed.
        """
        values = {} if path is None else _read(path)
        kinds = {item.name: item.type for item in fields(cls)}
        for variable, text in environ.items():
            if variable.startswith(PREFIX) and variable not in OTHERS:
                name = variable.removeprefix(PREFIX).lower()
                values[name] = _parse(text, kinds.get(name)) if variable.isupper() else text
        for name in values:
            if name not in kinds:
                raise Misconfigured(f"there is no setting {name}: use {', '.join(kinds)}", setting=name)
        return cls(**{name: _typed(value, kinds[name]) for name, value in values.items()})

    def label(self, asked: Kind | None) -> Label | None:
        """The visible label of a clip whose request asks for `asked`: at least the deployment's."""
        kind = asked or cast(Kind | None, self.visible_label)
        return None if kind is None else Label(kind, self.label_language)

    def describe(self) -> tuple[tuple[str, str, str], ...]:
        """(name, value, meaning) of every setting, for people; credentials inside addresses are masked."""
        return tuple(
            (
                item.name,
                _masked(getattr(self, item.name)),
                f"{item.metadata['means']} ({item.metadata['allowed']})",
            )
            for item in fields(self)
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES + 1)
    except OSError as error:
        raise Misconfigured(f"the settings file cannot be read ({error.strerror}): check its path") from error
    if len(text) > FILE_BYTES:
        raise Misconfigured(f"the settings file is over {FILE_BYTES} bytes: is it the right file?")
    try:
        return tomllib.loads(text.decode())
    except ValueError as error:
        raise Misconfigured(f"the settings file is not TOML: {error}") from error


def _parse(text: str, kind: Any) -> Any:
    """A variable's text as the field's type; left a text where it is none, for the check to refuse."""
    if kind not in (int, float):
        return text
    try:
        return kind(text)
    except ValueError:
        return text


def _typed(value: Any, kind: Any) -> Any:
    """TOML has no paths, and writes 5 for 5.0."""
    if Path in _kinds(kind) and isinstance(value, str) and value:
        return Path(value)
    return float(value) if kind is float and type(value) is int else value


def _kinds(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if isinstance(kind, UnionType) else (kind,)


def _check(name: str, value: Any, kind: Any, metadata: Mapping[str, Any]) -> None:
    kinds = _kinds(kind)
    if value is None and type(None) in kinds:
        return
    fits = any(isinstance(value, each) for each in kinds) and not isinstance(value, bool)
    if fits and isinstance(value, float):
        fits = math.isfinite(value)
    if not (fits and metadata["accepts"](value)):
        raise Misconfigured(
            f"setting {name} must be {metadata['allowed']}: set it in the file or as {PREFIX}{name.upper()}",
            setting=name, allowed=metadata["allowed"],
        )  # fmt: skip


def _check_port(listen: str) -> None:
    if int(listen.rpartition(":")[2]) not in PORTS:
        raise Misconfigured(f"setting listen must have a port of 0 to {PORTS[-1]}", setting="listen")


def _check_tls(settings: Settings) -> None:
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise Misconfigured("settings tls_certificate and tls_key go together: set both", setting="tls_key")
    if settings.tls_certificate is not None:
        return
    if settings.tls_client_ca is not None:
        raise Misconfigured(
            "setting tls_client_ca needs tls_certificate and tls_key", setting="tls_client_ca"
        )
    if not is_loopback(settings.listen.rpartition(":")[0].strip("[]")):
        raise Misconfigured(
            "setting listen is not a loopback address, so faces and tokens would travel in the clear: "
            "set tls_certificate and tls_key, or listen on 127.0.0.1",
            setting="tls_certificate",
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _absolute(data: Path, value: Any) -> Any:
    """A path, or the path after a backend's colon, below `data`; anything else as it is."""
    if isinstance(value, Path):
        return data / value
    scheme, colon, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    return f"{scheme}:{data / rest}" if colon and scheme in ("sqlite", "file", "insightface") else value


def _masked(value: Any) -> str:
    if isinstance(value, str) and "@" in (address := urlsplit(value)).netloc:
        return value.replace(address.netloc, f"***@{address.netloc.rpartition('@')[2]}")
    return "" if value is None else str(value)
