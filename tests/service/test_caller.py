"""Who is calling: only what a listed caller signed or connected with; everything else is refused."""

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safety.errors import CallerRefused, Misconfigured
from service.caller import (
    ANONYMOUS,
    LEEWAY_SECONDS,
    TOKEN_SECONDS,
    Caller,
    Callers,
    format_callers,
    issue_token,
    key_id,
)

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
STUDIO = Ed25519PrivateKey.generate()
DESK = ec.generate_private_key(ec.SECP256R1())
STRANGER = Ed25519PrivateKey.generate()
SPIFFE = "spiffe://example.org/studio"


def pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def listing(**studio: Any) -> str:
    """A callers file with `studio` (Ed25519) and `desk` (P-256)."""
    entry = {"name": "studio", "roles": ["client"], "keys": [pem(STUDIO)], "certificates": [SPIFFE]} | studio
    desk = {
        "name": "desk",
        "roles": ["operator", "auditor"],
        "keys": [pem(DESK)],
        "certificates": ["desk.example.org"],
    }
    lines = ['audience = "sitter"']
    for caller in (entry, desk):
        lines += ["[[caller]]", *(f"{name} = {json.dumps(value)}" for name, value in caller.items())]
    return "\n".join(lines)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "callers.toml"
    file.write_text(listing())
    return file


@pytest.fixture
def callers(path: Path) -> Callers:
    return Callers.open(f"file:{path}")


def identify(
    callers: Callers, token: str | None = None, names: tuple[str, ...] = (), at: datetime = AT, **more: Any
) -> Caller:
    header = None if token is None else f"Bearer {token}"
    return callers.identify(
        **({"authorization": header, "peer_names": names, "anonymous": False, "at": at} | more)
    )


def signed(key: Any = STUDIO, kid: str | None = None, **changes: Any) -> str:
    """A token whose claims differ from a good one's by `changes`; None removes a claim."""
    now = int(AT.timestamp())
    claims = {"iss": "studio", "sub": "studio", "aud": "sitter", "iat": now, "exp": now + 60} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    algorithm = "EdDSA" if isinstance(key, Ed25519PrivateKey) else "ES256"
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid or key_id(key.public_key())})


# --- who is let in ---------------------------------------------------------------------------------


def test_both_kinds_of_key_are_known(callers: Callers) -> None:
    """A token by Ed25519 and one by P-256 name their callers with the roles of the file."""
    assert identify(callers, issue_token(STUDIO, "studio", "sitter", at=AT)) == Caller(
        "studio", frozenset({"client"})
    )
    desk = identify(callers, issue_token(DESK, "desk", callers.audience, at=AT))
    assert desk == Caller("desk", frozenset({"operator", "auditor"}))


def test_certificate_is_known(callers: Callers) -> None:
    """A name of the verified certificate is enough, among other names too."""
    assert identify(callers, names=("localhost", SPIFFE)).name == "studio"
    with pytest.raises(CallerRefused):
        identify(callers, names=("spiffe://example.org/studio2",))


def test_token_and_certificate_must_agree(callers: Callers) -> None:
    """Both of one caller: fine, with the token's roles; of two callers: refused."""
    token = issue_token(DESK, "desk", "sitter", at=AT, roles=["auditor"])
    assert identify(callers, token, ("desk.example.org",)).roles == {"auditor"}
    with pytest.raises(CallerRefused):
        identify(callers, token, (SPIFFE,))
    with pytest.raises(CallerRefused):
        identify(callers, names=("desk.example.org", SPIFFE))


def test_anonymous_only_where_it_is_open(callers: Callers) -> None:
    """Without proof: anonymous where anybody may call, refused elsewhere; anonymous has no role."""
    assert identify(callers, anonymous=True) == ANONYMOUS
    with pytest.raises(CallerRefused):
        identify(callers)
    with pytest.raises(CallerRefused):
        ANONYMOUS.require("client", "operator", "auditor")


def test_a_bad_token_is_refused_even_where_anybody_may_call(callers: Callers) -> None:
    """What claims to be somebody and is not, is not taken for nobody."""
    for header in ("", "Bearer ", "Bearer x", "Basic YTpi", f"Bearer {signed(STRANGER)}"):
        with pytest.raises(CallerRefused):
            callers.identify(authorization=header, peer_names=(), anonymous=True, at=AT)


def test_roles_are_required(callers: Callers) -> None:
    """One of the asked roles is enough; none is not."""
    studio = identify(callers, signed())
    studio.require("client")
    studio.require("operator", "client")
    with pytest.raises(CallerRefused):
        studio.require("operator", "auditor")


# --- what is refused -------------------------------------------------------------------------------

NOW = int(AT.timestamp())


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "desk"},
        {"sub": "desk"},
        {"iss": "desk", "sub": "desk"},
        {"aud": "another"},
        {"aud": None},
        {"iss": None},
        {"sub": None},
        {"iat": None},
        {"exp": None},
        {"exp": NOW - LEEWAY_SECONDS},
        {"exp": NOW + TOKEN_SECONDS + 1},
        {"exp": 10**400},
        {"exp": "never"},
        {"exp": float(NOW + 60)},
        {"exp": True},
        {"iat": NOW + LEEWAY_SECONDS + 1, "exp": NOW + 90},
        {"nbf": NOW + LEEWAY_SECONDS + 1},
        {"nbf": "soon"},
        {"roles": ["operator"]},
        {"roles": ["client", "auditor"]},
        {"roles": "client"},
        {"roles": [1]},
        {"roles": {"client": True}},
    ],
)
def test_wrong_claims_are_refused(callers: Callers, changes: dict[str, Any]) -> None:
    """Each claim must be there and right; roles can only be fewer than listed."""
    with pytest.raises(CallerRefused):
        identify(callers, signed(**changes))


def test_times_have_their_leeway_and_no_more(callers: Callers) -> None:
    """The service's clock decides, half a minute either way; a token of an hour is the longest."""
    assert identify(callers, signed(iat=NOW + LEEWAY_SECONDS, exp=NOW + 60)).name == "studio"
    assert identify(callers, signed(exp=NOW + TOKEN_SECONDS)).name == "studio"
    token = issue_token(STUDIO, "studio", "sitter", at=AT, seconds=10)
    last = AT + timedelta(seconds=10 + LEEWAY_SECONDS)
    assert identify(callers, token, at=last - timedelta(milliseconds=1)).name == "studio"
    with pytest.raises(CallerRefused):
        identify(callers, token, at=last)


def unsigned(header: dict[str, Any]) -> str:
    now = int(AT.timestamp())
    claims = {"iss": "studio", "sub": "studio", "aud": "sitter", "iat": now, "exp": now + 60}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    ]
    return ".".join([*parts, ""])


def test_the_key_picks_the_algorithm(callers: Callers) -> None:
    """No `none`, no HMAC with the public key as secret, no key of the token's own choosing."""
    kid = key_id(STUDIO.public_key())
    forged = [
        unsigned({"alg": "none", "kid": kid}),
        unsigned({"alg": "EdDSA", "kid": kid}),
        unsigned({"alg": "HS256", "kid": kid}),
        unsigned({"kid": kid}),
        signed(STRANGER, kid),  # another key under a known name
        signed(DESK, kid),  # another algorithm under a known name
        signed(kid="0" * 32),
    ]
    secret = pem(STUDIO).encode()
    body = unsigned({"alg": "HS256", "typ": "JWT", "kid": kid})[:-1]
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(body.encode(), secret)
    forged.append(f"{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")
    own = jwt.encode(
        {"iss": "studio", "sub": "studio", "aud": "sitter", "iat": NOW, "exp": NOW + 60},
        STUDIO,
        algorithm="EdDSA",
        headers={"kid": kid, "jku": "https://example.org/keys"},
    )
    for token in [*forged, own]:
        with pytest.raises(CallerRefused):
            identify(callers, token)


@given(
    noise=st.text(max_size=200)
    | st.binary(max_size=90).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_is_refused(callers: Callers, noise: str) -> None:
    """Whatever stands in the header: our refusal, no other error."""
    for header in (noise, f"Bearer {noise}", f"Bearer {noise}.{noise}.{noise}"):
        with pytest.raises(CallerRefused):
            callers.identify(authorization=header, peer_names=(), anonymous=True, at=AT)


def test_an_endless_token_is_refused(callers: Callers) -> None:
    """Over 4096 characters nothing is parsed."""
    with pytest.raises(CallerRefused, match="4096"):
        identify(callers, signed(padding="x" * 5000))


def test_a_changed_token_is_refused(callers: Callers) -> None:
    """One character of the claims changed breaks the signature."""
    head, body, signature = signed().split(".")
    changed = body[:10] + ("A" if body[10] != "A" else "B") + body[11:]
    with pytest.raises(CallerRefused):
        identify(callers, ".".join([head, changed, signature]))


@pytest.mark.parametrize("seconds", [0, -1, TOKEN_SECONDS + 1])
def test_tokens_are_issued_for_an_hour_at_most(seconds: int) -> None:
    """The client's side has the same bound."""
    with pytest.raises(Misconfigured):
        issue_token(STUDIO, "studio", "sitter", at=AT, seconds=seconds)


# --- the file --------------------------------------------------------------------------------------


def test_suspension_holds_without_restart(callers: Callers, path: Path) -> None:
    """The file is read again once it changed; a suspended caller passes no role check."""
    identify(callers, signed()).require("client")
    path.write_text(listing(suspended=True))
    suspended = identify(callers, signed())
    assert suspended.suspended
    with pytest.raises(CallerRefused, match="suspended"):
        suspended.require("client")


def test_a_broken_change_lets_nobody_in(callers: Callers, path: Path) -> None:
    """After a bad edit, or without the file, the old list is not used."""
    path.write_text(listing() + "\nowner = 1")
    with pytest.raises(Misconfigured):
        identify(callers, signed())
    path.write_text(listing())
    assert identify(callers, signed()).name == "studio"
    path.unlink()
    with pytest.raises(Misconfigured):
        identify(callers, signed())


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Studio"},
        {"name": ""},
        {"name": "anonymous"},
        {"name": "desk"},
        {"name": 7},
        {"roles": ["admin"]},
        {"roles": "client"},
        {"roles": [""]},
        {"suspended": "no"},
        {"suspend": True},
        {"keys": pem(STUDIO)},
        {"keys": ["not a key"]},
        {"keys": [pem(DESK)]},
        {"keys": [pem(ec.generate_private_key(ec.SECP384R1()))]},
        {"keys": [pem(rsa.generate_private_key(65537, 2048))]},
        {"certificates": ["desk.example.org"]},
        {"certificates": [""]},
    ],
)
def test_wrong_entries_are_refused(path: Path, change: dict[str, Any]) -> None:
    """Bad names and roles, misspelt keys, weak or foreign keys, names listed twice: it does not load."""
    path.write_text(listing(**change))
    with pytest.raises(Misconfigured):
        Callers(path)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"audience = ''",
        b"audience = 'a'\ncaller = 1",
        b"audience = 'a'\ncaller = [1]",
        b"\xff",
        b"a = ",
        b"#" * (1 << 21),
    ],
)
def test_wrong_files_are_refused(path: Path, text: bytes) -> None:
    """No audience, no tables, not TOML, too large."""
    path.write_bytes(text)
    with pytest.raises(Misconfigured):
        Callers(path)


def test_a_file_that_anybody_can_write_is_refused(path: Path) -> None:
    """Whoever writes it decides who may call."""
    os.chmod(path, 0o646)
    with pytest.raises(Misconfigured):
        Callers(path)


def test_only_files_are_known() -> None:
    """There is no word for letting everybody in."""
    for url in ("anybody", "file:", "none", "http://example.org"):
        with pytest.raises(Misconfigured):
            Callers.open(url)


def test_formatted_file_is_read_again(tmp_path: Path) -> None:
    """What the demo and the operator's tool write is what the service reads."""
    studio = Caller("studio", frozenset({"client", "auditor"}))
    gone = Caller("gone", frozenset({"client"}), suspended=True)
    file = tmp_path / "callers.toml"
    file.write_text(format_callers("demo", [(studio, STUDIO.public_key()), (gone, DESK.public_key())]))
    callers = Callers(file)
    assert identify(callers, issue_token(STUDIO, "studio", "demo", at=AT)) == studio
    assert identify(callers, issue_token(DESK, "gone", "demo", at=AT)) == gone
