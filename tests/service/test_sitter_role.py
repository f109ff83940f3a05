"""The role of a person portrayed: bound to one identity in the callers file and in tokens."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety.errors import Misconfigured
from service.caller import Caller, Callers, issue_token
from service.callers_file import SITTER, format_callers, parse
from service.local_callers import AUDIENCE, add, key_path, load_key
from service.settings import Settings

IDENTITY = "0f" * 16
AT = datetime(2026, 3, 2, tzinfo=UTC)


def listing(caller: Caller) -> bytes:
    return format_callers("sitter", [(caller, Ed25519PrivateKey.generate().public_key())]).encode()


def test_a_sitter_is_listed_with_their_identity() -> None:
    """What is written is read back."""
    mira = Caller("mira", frozenset({SITTER}), identity_id=IDENTITY)
    ((found, _),) = parse(listing(mira)).keys.values()
    assert found == mira


@pytest.mark.parametrize(
    ("roles", "identity"),
    [
        ({SITTER}, ""),
        ({SITTER}, "0F" * 16),
        ({SITTER}, "0f"),
        ({"client"}, IDENTITY),
        ({SITTER}, "0f" * 16 + "\\n"),
    ],
    ids=["none", "capitals", "short", "no sitter", "newline"],
)
def test_a_role_without_its_identity_is_an_error(roles: set[str], identity: str) -> None:
    """Nobody becomes a sitter of nobody, and no other role is bound to a face."""
    with pytest.raises(Misconfigured):
        parse(listing(Caller("mira", frozenset(roles), identity_id=identity)))


def test_a_token_keeps_the_identity(tmp_path: Path) -> None:
    """Also one that asks for fewer roles than the caller has."""
    key = Ed25519PrivateKey.generate()
    mira = Caller("mira", frozenset({SITTER, "client"}), identity_id=IDENTITY)
    path = tmp_path / "callers.toml"
    path.write_text(format_callers("sitter", [(mira, key.public_key())]))
    token = issue_token(key, "mira", "sitter", at=AT, roles=[SITTER])
    found = Callers(path).identify(authorization=f"Bearer {token}", peer_names=(), anonymous=False, at=AT)
    assert found == Caller("mira", frozenset({SITTER}), identity_id=IDENTITY)


def test_a_sitter_is_added_with_a_key(tmp_path: Path) -> None:
    """And is known by it at once; without an identity nothing is written."""
    settings = Settings(data=tmp_path)
    with pytest.raises(Misconfigured):
        add(settings, "mira", frozenset({SITTER}))
    assert not key_path(settings, "mira").exists()
    key = load_key(add(settings, "mira", frozenset({SITTER}), IDENTITY))
    token = issue_token(key, "mira", AUDIENCE, at=AT)
    known = Callers(tmp_path / "callers.toml").identify(
        authorization=f"Bearer {token}", peer_names=(), anonymous=False, at=AT
    )
    assert (known.roles, known.identity_id) == ({SITTER}, IDENTITY)
