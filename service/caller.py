"""Who is calling: a token that the caller signed, or the certificate it connected with. No gRPC here.

Tokens are JWTs (RFC 7519, used as RFC 7523 does) that a caller signs for itself, for at most an hour. The key
picks the algorithm, never the token. `service/callers_file.py` says how callers are listed; the file is read
anew when it changes, so suspending needs no restart.
"""

import stat
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safety.errors import CallerRefused, Misconfigured
from service.callers_file import ANONYMOUS, ROLES, Caller, Listed, algorithm, format_callers, key_id, parse

__all__ = ["ANONYMOUS", "ROLES", "Caller", "Callers", "PrivateKey", "format_callers", "issue_token", "key_id"]

TOKEN_SECONDS = 3600
"""The longest that a token is valid."""

LEEWAY_SECONDS = 30
"""How far the caller's clock may be off."""

TOKEN_LENGTH = 4096

PrivateKey: TypeAlias = Ed25519PrivateKey | EllipticCurvePrivateKey


class Callers:
    """Everybody who may call, by the file at `path`.

    Raises:
        Misconfigured: the file is missing, open to everybody's writing, or wrong; the message says where.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._gate = threading.Lock()
        self._seen: tuple[int, ...] = ()
        self._listed = self._current()

    @classmethod
    def open(cls, url: str) -> "Callers":
        """`url` is "file:PATH"."""
        scheme, _, path = url.partition(":")
        if scheme != "file" or not path:
            raise Misconfigured("callers are listed in a file: use file:PATH", setting="callers")
        return cls(Path(path))

    @property
    def audience(self) -> str:
        """Whom tokens must be meant for."""
        return self._current().audience

    def identify(
        self, *, authorization: str | None, peer_names: Sequence[str], anonymous: bool, at: datetime
    ) -> Caller:
        """Who calls, by their token, their certificate, or both, which must agree.

        Args:
            authorization: the header, "Bearer TOKEN"; None if there is none.
            peer_names: alternative names and common name of a certificate that the TLS layer has verified.
            anonymous: whether the call is open to anybody. What proves nothing is refused all the same.
            at: now, UTC.

        Raises:
            CallerRefused: nobody we know, or what was shown proves nothing.
            Misconfigured: the file was changed into something wrong: nobody is let in on an old list.
        """
        listed = self._current()
        by_certificate = {listed.certificates[name] for name in peer_names if name in listed.certificates}
        by_token = set() if authorization is None else {_by_token(listed, authorization, at)}
        if len({caller.name for caller in by_certificate | by_token}) > 1:
            raise CallerRefused("token and certificate name different callers: use those of one")
        if known := by_token or by_certificate:
            return known.pop()
        if anonymous:
            return ANONYMOUS
        raise CallerRefused("say who is calling: send a signed token, or connect with a known certificate")

    def _current(self) -> Listed:
        with self._gate:
            try:
                status = self._path.stat()
                seen = (status.st_mtime_ns, status.st_size, status.st_ino)
                if seen != self._seen:
                    if status.st_mode & stat.S_IWOTH:
                        raise Misconfigured(
                            "anybody can write the callers file: take that right away", setting="callers"
                        )
                    self._listed = parse(self._path.read_bytes())
                    self._seen = seen
            except OSError as error:
                raise Misconfigured(
                    f"the callers file cannot be read ({error.strerror}): check its path", setting="callers"
                ) from error
            return self._listed


def issue_token(
    private_key: PrivateKey,
    name: str,
    audience: str,
    *,
    seconds: int = 300,
    at: datetime,
    roles: Sequence[str] | None = None,
) -> str:
    """A token by which `name`, the holder of `private_key`, calls until `seconds` after `at`.

    Args:
        seconds: 1 to `TOKEN_SECONDS`.
        roles: fewer roles than the caller has; all if None.

    Raises:
        Misconfigured: a longer time, or a key that is neither Ed25519 nor P-256.
    """
    if not 1 <= seconds <= TOKEN_SECONDS:
        raise Misconfigured(f"a token is valid for 1 to {TOKEN_SECONDS} seconds")
    public = private_key.public_key()
    now = int(at.timestamp())
    claims: dict[str, Any] = {"iss": name, "sub": name, "aud": audience, "iat": now, "exp": now + seconds}
    if roles is not None:
        claims["roles"] = sorted(roles)
    return jwt.encode(claims, private_key, algorithm=algorithm(public), headers={"kid": key_id(public)})


def _by_token(listed: Listed, authorization: str, at: datetime) -> Caller:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= TOKEN_LENGTH:
        raise CallerRefused(f"the authorization must be 'Bearer TOKEN', up to {TOKEN_LENGTH} characters")
    try:
        header = jwt.get_unverified_header(token)
        known = listed.keys.get(header.get("kid", ""))
        if known is None or not header.keys() <= {"alg", "kid", "typ"}:
            raise CallerRefused("the token is signed with a key that is not listed for any caller")
        caller, key = known
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm(key)],
            audience=listed.audience,
            issuer=caller.name,
            subject=caller.name,
            # times are checked below, by the service's clock
            options={
                "require": ["iss", "sub", "aud", "iat", "exp"],
                "verify_exp": False, "verify_iat": False, "verify_nbf": False,
            },
        )  # fmt: skip
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise CallerRefused("the token is not one that its caller signed for this service") from error
    _check_times(claims, at.timestamp())
    return _narrowed(caller, claims.get("roles"))


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    issued, expires, begins = claims["iat"], claims["exp"], claims.get("nbf", claims["iat"])
    if not all(type(moment) is int for moment in (issued, expires, begins)):
        raise CallerRefused("the token's times must be whole seconds")
    if expires - issued > TOKEN_SECONDS:
        raise CallerRefused(
            f"the token is valid for too long: at most {TOKEN_SECONDS} seconds",
            limit="token_seconds",
            most=TOKEN_SECONDS,
        )
    if max(issued, begins) > now + LEEWAY_SECONDS:
        raise CallerRefused("the token is not valid yet: check the clock")
    if now >= expires + LEEWAY_SECONDS:
        raise CallerRefused("the token has expired: sign a new one")


def _narrowed(caller: Caller, roles: object) -> Caller:
    if roles is None:
        return caller
    if not (isinstance(roles, list) and all(isinstance(role, str) for role in roles)):
        raise CallerRefused("the token's roles must be a list of names")
    if not caller.roles.issuperset(roles):
        raise CallerRefused("the token asks for a role that its caller does not have")
    return replace(caller, roles=frozenset(roles))
