"""The file that lists who may call.

    audience = "sitter"                     # whom tokens must be meant for

    [[caller]]
    name = "studio"
    roles = ["client"]                      # operator, client, auditor
    keys = ["-----BEGIN PUBLIC KEY-----..."]  # Ed25519 or P-256, PEM
    certificates = ["spiffe://example.org/studio"]  # names in its TLS certificate
    suspended = false
    identity = "..."                        # with the role sitter: whose consents and uses it sees

Anything else in it is an error: a misspelt key does not become a caller without a suspension.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeGuard

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from safety.errors import CallerForbidden, Misconfigured
from safety.vocabulary import NAME

ROLES = frozenset({"operator", "client", "auditor"})
"""operator: enrols and records consents; client: generates; auditor: reads the log."""

SITTER = "sitter"
"""The role of a person portrayed: sees what was made with one identity's face, and withdraws its consents."""

_IDENTITY = re.compile(r"[0-9a-f]{32}")

FILE_BYTES = 1 << 20

PublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey


@dataclass(frozen=True)
class Caller:
    """Who calls. `roles` are those that the file lists, or fewer if the token says so; `identity_id` is whom
    a caller with the role `SITTER` is, empty for all others."""

    name: str
    roles: frozenset[str]
    suspended: bool = False
    identity_id: str = ""

    def may(self, *roles: str) -> bool:
        """Whether `require` would let it."""
        return not self.suspended and bool(self.roles.intersection(roles))

    def require(self, *roles: str) -> None:
        """Raises CallerForbidden unless the caller has one of `roles` and is not suspended."""
        if self.suspended:
            raise CallerForbidden("this caller is suspended: ask the operator of the service")
        if not self.roles.intersection(roles):
            raise CallerForbidden(f"this needs the role {' or '.join(roles)}", roles=",".join(roles))


ANONYMOUS = Caller("anonymous", frozenset())


@dataclass(frozen=True)
class Listed:
    """The callers file, indexed."""

    audience: str
    keys: Mapping[str, tuple[Caller, PublicKey]]
    certificates: Mapping[str, Caller]


def key_id(key: PublicKey) -> str:
    """The `kid` of tokens: the first 16 bytes of the SHA-256 of the key's DER, hex."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:32]


def format_callers(audience: str, callers: Sequence[tuple[Caller, PublicKey]]) -> str:
    """The text of a callers file with one key each."""
    lines = [f'audience = "{audience}"']
    for caller, key in callers:
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        roles = ", ".join(f'"{role}"' for role in sorted(caller.roles))
        lines += ["", "[[caller]]", f'name = "{caller.name}"', f"roles = [{roles}]"]
        lines += [f'identity = "{caller.identity_id}"'] if caller.identity_id else []
        lines += [f"suspended = {str(caller.suspended).lower()}", f'keys = ["""\n{pem}"""]']
    return "\n".join(lines) + "\n"


def algorithm(key: object) -> str:
    """The one JWT algorithm of a key: EdDSA or ES256. Raises Misconfigured for every other key."""
    if isinstance(key, Ed25519PublicKey):
        return "EdDSA"
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return "ES256"
    raise Misconfigured("a caller's key must be Ed25519 or P-256", setting="callers")


def parse(text: bytes) -> Listed:
    """Read a callers file. Raises Misconfigured, saying whose entry is wrong."""
    audience, entries = _content(text)
    keys: dict[str, tuple[Caller, PublicKey]] = {}
    certificates: dict[str, Caller] = {}
    names: set[str] = set()
    for entry in entries:
        caller = _caller(entry)
        if caller.name in names:
            raise Misconfigured(f"caller {caller.name} is listed twice", setting="callers")
        names.add(caller.name)
        for key in map(_public, entry.get("keys", [])):
            if keys.setdefault(key_id(key), (caller, key))[0] is not caller:
                raise Misconfigured(f"caller {caller.name} has the key of another", setting="callers")
        for name in entry.get("certificates", []):
            if certificates.setdefault(name, caller) is not caller:
                raise Misconfigured(f"caller {caller.name} has a certificate of another", setting="callers")
    return Listed(audience, keys, certificates)


def _content(text: bytes) -> tuple[str, list[Mapping[str, Any]]]:
    if len(text) > FILE_BYTES:
        raise Misconfigured(f"the callers file is over {FILE_BYTES} bytes", setting="callers")
    try:
        content = tomllib.loads(text.decode())
    except ValueError as error:
        raise Misconfigured(f"the callers file is not TOML: {error}", setting="callers") from error
    audience, entries = content.get("audience"), content.get("caller", [])
    tables = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    if not (content.keys() <= {"audience", "caller"} and isinstance(audience, str) and audience and tables):
        raise Misconfigured(
            "the callers file holds an audience and [[caller]] tables only", setting="callers"
        )
    return audience, entries


def _caller(entry: Mapping[str, Any]) -> Caller:
    name, roles, suspended = entry.get("name"), entry.get("roles"), entry.get("suspended", False)
    if not (isinstance(name, str) and NAME.fullmatch(name)) or name == ANONYMOUS.name:
        raise Misconfigured(
            f"a caller's name must be 1 to 63 of a-z, 0-9, dot and hyphen, and not {ANONYMOUS.name}",
            setting="callers",
        )
    if unknown := entry.keys() - {"name", "roles", "keys", "certificates", "suspended", "identity"}:
        raise Misconfigured(f"caller {name} has an unknown key {min(unknown)}", setting="callers")
    if not (_is_texts(roles) and (ROLES | {SITTER}).issuperset(roles)):
        known = ", ".join(sorted(ROLES | {SITTER}))
        raise Misconfigured(f"caller {name} needs roles out of {known}", setting="callers")
    identity = entry.get("identity", "")
    if not (isinstance(identity, str) and bool(_IDENTITY.fullmatch(identity)) == (SITTER in roles)):
        raise Misconfigured(
            f"caller {name}: the role sitter, and no other, has an identity of 32 hex digits",
            setting="callers",
        )
    if not isinstance(suspended, bool):
        raise Misconfigured(f"caller {name}: suspended must be true or false", setting="callers")
    if not (_is_texts(entry.get("keys", [])) and _is_texts(entry.get("certificates", []))):
        raise Misconfigured(f"caller {name}: keys and certificates must be lists of texts", setting="callers")
    return Caller(name, frozenset(roles), suspended, identity)


def _public(pem: str) -> PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Misconfigured("a caller's key is not a public key in PEM", setting="callers") from error
    algorithm(key)
    return key  # type: ignore[return-value]  # algorithm let these two through only


def _is_texts(values: object) -> TypeGuard[list[str]]:
    return isinstance(values, list) and all(isinstance(value, str) and value for value in values)
