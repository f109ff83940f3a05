"""The secrets of one installation, in one sealed file that is made at the first start.

At rest the file is AES-256-GCM under scrypt of a passphrase. The passphrase is $SITTER_PASSPHRASE. Where
that is not set, a random one is made at the first start and kept as the file `passphrase` beside the key
ring: that protects a copy of the key ring alone, not of the folder, and is for development. Whoever has the
folder and the passphrase has every secret of the installation; whoever loses either loses the vault for
good.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from safety.errors import Misconfigured
from safety.stores.files import write_whole

KEY_BYTES = 32
PASSPHRASE_CHARACTERS = 15
"""Shortest passphrase of an operator: NIST SP 800-63B-4, 3.1.1.2, for a secret that stands alone."""
STRETCHED = 1 << 17
"""scrypt's N for an operator's passphrase, r=8, p=1 (OWASP Password Storage Cheat Sheet): 0.4 s, 128 MiB."""
UNSTRETCHED = 1 << 10
"""scrypt's N for the 256 random bits made here, which no stretching makes harder to guess."""

_RING, _PASSPHRASE = "keyring.json", "passphrase"


@dataclass(frozen=True)
class KeyRing:
    """The secrets. None shows in `repr`.

    Attributes:
        folder: where they are kept; other private files may live in it.
        master: 32 bytes; wraps the vault's keys and, through `derive`, seals private files.
        log: signs the log's checkpoints.
        watermark: 32 bytes each, newest first: the first embeds, all extract.
        development: the passphrase lies beside the key ring.
    """

    folder: Path
    master: bytes = field(repr=False)
    log: Ed25519PrivateKey = field(repr=False)
    watermark: tuple[bytes, ...] = field(repr=False)
    development: bool
    _commitment: bytes = field(repr=False)
    _passphrase: bytes = field(repr=False)

    @classmethod
    def open(cls, folder: str | os.PathLike[str], *, passphrase: str | None = None) -> "KeyRing":
        """Load the key ring of `folder`, or make it at the first start.

        Args:
            folder: made 0700 if missing; must belong to this user alone.
            passphrase: instead of $SITTER_PASSPHRASE.

        Raises:
            Misconfigured: others can read it, it is damaged, or the passphrase is short, missing or another
                one.
            StoreUnavailable: it cannot be written.
        """
        path = Path(folder).absolute()
        _private_folder(path)
        secret, development = _passphrase(path, passphrase or os.environ.get("SITTER_PASSPHRASE"))
        if not (path / _RING).exists():
            n = UNSTRETCHED if development else STRETCHED
            # Two first starts at once: the file that got its name first is the one that both load.
            write_whole(path / _RING, _seal(secret, _fresh(), n), replace=False)
        return cls._parse(path, _unseal(secret, private_bytes(path / _RING)), secret, development)

    @classmethod
    def _parse(cls, folder: Path, content: dict[str, object], secret: bytes, development: bool) -> "KeyRing":
        try:
            watermark = tuple(_key(value) for value in _list(content["watermark"]))
            log = serialization.load_pem_private_key(str(content["log"]).encode(), None)
            if not watermark or not isinstance(log, Ed25519PrivateKey):
                raise ValueError
            return cls(
                folder=folder,
                master=_key(content["master"]),
                log=log,
                watermark=watermark,
                development=development,
                _commitment=_key(content["commitment"]),
                _passphrase=secret,
            )
        except (KeyError, ValueError, TypeError) as error:
            raise Misconfigured("the key ring holds a key of the wrong size or kind") from error

    def commitment(self, domain: str, data: bytes) -> str:
        """Commit to `data` with HMAC-SHA256: 64 hex digits.

        Without the key nobody can test a guess, which a plain hash of a face or a name would allow.
        `domain` keeps apart what the value is about: equal data in two domains give unrelated values.
        """
        return hmac.new(self._commitment, framed(domain, data), hashlib.sha256).hexdigest()

    def derive(self, domain: str) -> bytes:
        """A 32-byte key for `domain`, the same at every start: HKDF-SHA256 (RFC 5869) of the master key."""
        kdf = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"sitter/derive/" + domain.encode())
        return kdf.derive(self.master)

    def seal(self, name: str, data: bytes) -> bytes:
        """Encrypt a private file; `name` must be given again to `unseal`."""
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self.derive("seal")).encrypt(nonce, data, name.encode())

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            Misconfigured: it is damaged, of another name, or of another key ring.
        """
        try:
            return AESGCM(self.derive("seal")).decrypt(sealed[:12], sealed[12:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise Misconfigured(f"the private file {name!r} is damaged or of another key ring") from error

    def with_new_watermark_key(self) -> "KeyRing":
        """Put a new watermark key first and save; older clips are still read with the older keys.

        Raises:
            StoreUnavailable: it cannot be written; the old key ring stays.
        """
        new = replace(self, watermark=(secrets.token_bytes(KEY_BYTES), *self.watermark))
        n = UNSTRETCHED if self.development else STRETCHED
        write_whole(self.folder / _RING, _seal(self._passphrase, new._content(), n))
        return new

    def _content(self) -> dict[str, object]:
        return _content(self.master, self._commitment, self.watermark, self.log)


def private_bytes(path: Path) -> bytes:
    """Read a file that only its owner may read.

    Raises:
        Misconfigured: it is missing, unreadable, or open to others.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_IMODE(mode) & 0o077:
                raise Misconfigured(f"the private file {path.name!r} is open to others: chmod 600")
            return file.read()
    except OSError as error:
        raise Misconfigured(f"the private file {path.name!r} cannot be read: check owner and mode") from error


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.stat()
    except OSError as error:
        raise Misconfigured("the key folder cannot be made or read: check owner and permissions") from error
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
        raise Misconfigured("the key folder must belong to the service's user alone: chown, then chmod 700")


def _passphrase(folder: Path, given: str | None) -> tuple[bytes, bool]:
    """The passphrase, and whether it is the development one that lies beside the key ring."""
    if given is not None:
        if len(given) < PASSPHRASE_CHARACTERS:
            raise Misconfigured(f"SITTER_PASSPHRASE is shorter than {PASSPHRASE_CHARACTERS} characters")
        return given.encode(), False
    path = folder / _PASSPHRASE
    if not path.exists():
        if (folder / _RING).exists():
            raise Misconfigured(
                "the key ring is sealed: set SITTER_PASSPHRASE to the passphrase it was made with"
            )
        write_whole(path, secrets.token_hex(KEY_BYTES).encode(), replace=False)
    return private_bytes(path), True


def _fresh() -> dict[str, object]:
    master, commitment, watermark = (secrets.token_bytes(KEY_BYTES) for _ in range(3))
    return _content(master, commitment, (watermark,), Ed25519PrivateKey.generate())


def _content(
    master: bytes, commitment: bytes, watermark: tuple[bytes, ...], log: Ed25519PrivateKey
) -> dict[str, object]:
    pem = log.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "master": master.hex(),
        "commitment": commitment.hex(),
        "watermark": [key.hex() for key in watermark],
        "log": pem.decode(),
    }


def _seal(passphrase: bytes, content: dict[str, object], n: int) -> bytes:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_stretch(passphrase, salt, n)).encrypt(
        nonce, json.dumps(content).encode(), b"sitter-keyring-1"
    )
    parts = {"salt": salt.hex(), "nonce": nonce.hex(), "sealed": base64.b64encode(sealed).decode()}
    return json.dumps({"format": "sitter-keyring-1", "scrypt_n": n, **parts}, indent=1).encode()


def _unseal(passphrase: bytes, data: bytes) -> dict[str, object]:
    try:
        ring = json.loads(data)
        n, salt, nonce = int(ring["scrypt_n"]), bytes.fromhex(ring["salt"]), bytes.fromhex(ring["nonce"])
        if n not in (STRETCHED, UNSTRETCHED):
            raise ValueError
        sealed = base64.b64decode(ring["sealed"], validate=True)
        plain = AESGCM(_stretch(passphrase, salt, n)).decrypt(nonce, sealed, ring["format"].encode())
        content: dict[str, object] = json.loads(plain)
        return content
    except InvalidTag as error:
        raise Misconfigured(
            "the key ring does not open: another passphrase made it, or it is damaged"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Misconfigured("the key ring is damaged: restore it from a backup") from error


def _stretch(passphrase: bytes, salt: bytes, n: int) -> bytes:
    return hashlib.scrypt(passphrase, salt=salt, n=n, r=8, p=1, maxmem=160 << 20, dklen=KEY_BYTES)


def _key(value: object) -> bytes:
    key = bytes.fromhex(str(value))
    if len(key) != KEY_BYTES:
        raise ValueError("a key has the wrong size")
    return key


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return value


def framed(domain: str, data: bytes) -> bytes:
    """What a commitment of `domain` to `data` is computed over. Raises ValueError."""
    name = domain.encode()
    if not 0 < len(name) < 256:
        raise ValueError("a commitment needs a domain of 1 to 255 bytes")
    return bytes([len(name)]) + name + data
