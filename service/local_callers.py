"""Key pairs of callers on this machine: made at first start, so that the command line works at once."""

import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from safety.errors import Misconfigured
from safety.stores.files import write_whole
from service.caller import ROLES, Caller, PrivateKey, format_callers
from service.settings import Settings

LOCAL = "local"
"""The caller that a fresh deployment lists: whoever can read its key file in the data folder."""

AUDIENCE = "sitter"


def key_path(settings: Settings, name: str) -> Path:
    """Where the private key of a caller of this machine lies."""
    return settings.data / "callers" / f"{name}.pem"


def ensure(settings: Settings, callers: Mapping[str, frozenset[str]] | None = None) -> None:
    """At first start: list `callers` (default: `local` with every role) and write their private keys.

    An existing callers file is left as it is. Raises StoreUnavailable when nothing can be written.
    """
    listing = Path(settings.callers.partition(":")[2])
    if listing.exists():
        return
    made = [
        (Caller(name, roles), new_key(settings, name)) for name, roles in (callers or {LOCAL: ROLES}).items()
    ]
    write_whole(listing, format_callers(AUDIENCE, [(who, key.public_key()) for who, key in made]).encode())


def add(settings: Settings, name: str, roles: frozenset[str], identity_id: str = "") -> Path:
    """List one more caller with a new key pair; returns where its private key is.

    Args:
        identity_id: with the role `sitter`: who that is.

    Raises:
        Misconfigured: the name is taken, or the file is wrong.
    """
    from service.callers_file import SITTER, parse

    listing = Path(settings.callers.partition(":")[2])
    ensure(settings)
    caller = Caller(name, roles, identity_id=identity_id)
    if bool(identity_id) != (SITTER in roles):
        raise Misconfigured("the role sitter, and no other, needs an identity", setting="callers")
    entry = format_callers(AUDIENCE, [(caller, new_key(settings, name).public_key())])
    whole = listing.read_text("utf-8") + entry.partition("\n")[2]  # without a second audience
    parse(whole.encode())
    write_whole(listing, whole.encode())
    return key_path(settings, name)


def new_key(settings: Settings, name: str) -> Ed25519PrivateKey:
    """Make and store a private key (0600). Raises Misconfigured when the caller has one already."""
    path = key_path(settings, name)
    if path.exists():
        raise Misconfigured(f"caller {name} has a key already: choose another name", setting="callers")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    write_whole(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    os.chmod(path, 0o600)
    return key


def load_key(path: Path) -> PrivateKey:
    """A caller's private key. Raises Misconfigured."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise Misconfigured(
            f"no private key at {path}: run this where the service runs, as its user, or name one with --key",
            setting="key",
        ) from error
    except (ValueError, TypeError) as error:
        raise Misconfigured(f"{path} is not an unencrypted private key in PEM", setting="key") from error
    return key  # type: ignore[return-value]  # issue_token refuses other kinds
