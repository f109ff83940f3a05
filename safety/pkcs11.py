"""A master key in a PKCS#11 token (OASIS PKCS #11 3.0): AES-GCM inside the token, the key never leaves it.

    pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/pin

after RFC 7512. Needs the package `python-pkcs11`.
"""

import hashlib
import secrets
import threading
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from safety.errors import Misconfigured, StoreUnavailable
from safety.master import NONCE_BYTES, MasterKey, unopened

TAG_BITS = 128
NEEDED = ("token", "object", "module-path", "pin-source")


def open_token_key(url: str) -> MasterKey:
    """The key that `url` names.

    Raises:
        Misconfigured: the library is missing, or the URL or the file with the PIN cannot be used.
        StoreUnavailable: the token or the key is not there.
    """
    parts = parse(url)
    try:
        pkcs11 = import_module("pkcs11")
    except ImportError as error:
        raise Misconfigured(
            "a master key in a token needs the package python-pkcs11: pip install python-pkcs11",
            package="python-pkcs11",
        ) from error
    try:
        pin = Path(parts["pin-source"].removeprefix("file:")).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured("the file with the token's PIN cannot be read: check pin-source") from error
    return TokenKey(pkcs11, parts, pin)


def parse(url: str, what: str = "master key") -> dict[str, str]:
    """The attributes of the PKCS#11 URI of `what`. Raises Misconfigured when one of `NEEDED` is missing."""
    path, _, query = url.partition(":")[2].partition("?")
    pairs = [each.partition("=") for each in (*path.split(";"), *query.split("&")) if each]
    parts = {name: unquote(value) for name, _, value in pairs}
    if missing := [name for name in NEEDED if not parts.get(name)]:
        raise Misconfigured(
            f"the {what}'s URL lacks {', '.join(missing)}: "
            "pkcs11:token=LABEL;object=LABEL?module-path=FILE&pin-source=file:FILE"
        )
    return parts


def logged_in(library: Any, token: Any, pin: str) -> Any:
    """A session of the token. A login counts for all sessions of a process (PKCS #11 3.0, 5.6.8)."""
    try:
        return token.open(user_pin=pin)
    except library.UserAlreadyLoggedIn:
        return token.open()


class TokenKey:
    """An AES-256 key of a token, in one session behind one lock. Raises StoreUnavailable."""

    def __init__(self, library: Any, parts: dict[str, str], pin: str) -> None:
        named = f"{parts['token']}\0{parts['object']}".encode()
        self.key_id = f"pkcs11-{hashlib.sha256(named).hexdigest()[:16]}"
        self._library = library
        self._lock = threading.Lock()
        try:
            token = library.lib(parts["module-path"]).get_token(token_label=parts["token"])
            self._key = logged_in(library, token, pin).get_key(
                object_class=library.ObjectClass.SECRET_KEY, label=parts["object"]
            )
        except Exception as error:  # what the module at that path raises
            raise StoreUnavailable(
                "the token with the master key cannot be opened: check token, object, module-path and PIN"
            ) from error

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        try:
            with self._lock:
                return nonce + bytes(self._key.encrypt(key, **self._mode(nonce, bound)))
        except Exception as error:
            raise StoreUnavailable("the token does not wrap a key: check it, then try again") from error

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        try:
            with self._lock:
                mode = self._mode(wrapped[:NONCE_BYTES], bound)
                return bytes(self._key.decrypt(wrapped[NONCE_BYTES:], **mode))
        except Exception as error:  # a wrong tag has many names
            raise unopened() from error

    def _mode(self, nonce: bytes, bound: bytes) -> dict[str, Any]:
        parameters = self._library.GCMParams(nonce, bound, TAG_BITS)
        return {"mechanism": self._library.Mechanism.AES_GCM, "mechanism_param": parameters}
