"""Certificates: who signs our claims, and the lists of whom we believe.

At the first start a development authority is made: a root whose key is thrown away, an issuing certificate,
and a claim signer of 90 days in the profile of C2PA 2.4, 14.5.1. All three say "development" in O and CN,
because nobody vouches for them: other validators call our files "Valid" with an unknown signer until they are
given `own-signers.pem`. Private keys rest sealed by the key ring.

Once a chain of a real authority is imported (`safety.imported`), the development authority signs no more.

Three lists are kept apart, each a PEM file in the folder: own signers (written here), `time-stampers.pem` and
`foreign-signers.pem` (the operator's; absent means empty). A file is ours by the first list alone, and by
the very certificates that were imported.
"""

import json
import os
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from safety.certificate_request import request
from safety.certificates import (
    ClaimSigner,
    certify,
    claim_signer,
    fingerprints,
    key_from_pem,
    key_to_pem,
    name_of,
    to_pem,
)
from safety.errors import Misconfigured, SignerUnavailable
from safety.imported import FILE, Imported
from safety.keys import KeyRing, private_bytes
from safety.stores.files import write_whole
from safety.trust_lists import FILES, FOREIGN_SIGNERS, TIME_STAMPERS, TrustLists, checked

__all__ = ["Authority", "TrustLists"]

LEAF_DAYS = 90
"""The most that C2PA's certificate profile allows at assurance level 2."""
RENEW_DAYS = 15
"""A claim signer this near its end is replaced; certificates overlap, so that no clip waits for one."""
ISSUING_DAYS, ROOT_DAYS = 1825, 3650
_AUTHORITY, _SIGNER = "authority.sealed", "signer.sealed"


class Authority:
    """The claim signers and trust lists of one installation. Safe to share between threads.

    Args:
        folder: where it is kept; made 0700 at the first start.
        ring: seals its keys.
        at: now.

    Raises:
        Misconfigured: a file is damaged, open to others, or of another key ring.
        StoreUnavailable: it cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str], ring: KeyRing, *, at: datetime) -> None:
        self.folder = Path(folder).absolute()
        self._ring = ring
        self._gate = threading.Lock()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Misconfigured("the trust folder cannot be made: check owner and permissions") from error
        self._imported_at, self._imported = 0, Imported()
        self._state = self._load(_AUTHORITY) or self._found(at, [])
        self._signer = self._load_signer()
        self._publish()
        self.signer(at)

    def signer(self, at: datetime) -> ClaimSigner:
        """The claim signer to use at `at`.

        Of imported ones the valid one that began last; where none was ever imported, the development
        authority's, a new one when the last is within `RENEW_DAYS` of its end.

        Raises:
            SignerUnavailable: every imported one has ended; or the clock is before the certificate's
                beginning or beyond the authority's end.
            StoreUnavailable: a new one cannot be written.
        """
        with self._gate:
            imported = self._reload()
            if imported.signers:
                return self._valid(imported, at)[0]
            if self._signer is None or self._signer.ends - at < timedelta(days=RENEW_DAYS):
                self._signer = self._issue(at)
            if at < self._signer.begins:
                raise SignerUnavailable("the claim signer's certificate is not valid yet: check the clock")
            return self._signer

    def signers(self, at: datetime) -> tuple[ClaimSigner, ...]:
        """All that may sign at `at`, the one in use first. Raises as `signer` does."""
        first = self.signer(at)
        with self._gate:
            return (first, *(each for each in self._reload().valid(at) if each != first))

    def lists(self) -> TrustLists:
        """The lists as they are now; our own roots include those of former authorities.

        Raises:
            Misconfigured: a list is not PEM certificates, or names one of our own roots as foreign.
        """
        own = "".join(self._roots)
        time, foreign = self._list(TIME_STAMPERS), self._list(FOREIGN_SIGNERS)
        if {*fingerprints(own)} & {*fingerprints(foreign), *fingerprints(time)}:
            raise Misconfigured("a root of our own is in another trust list: remove it there")
        with self._gate:
            leaves = self._reload().leaves
        return TrustLists(own, time, foreign, leaves)

    def request(self, kind: str, names: Mapping[str, str], key: str | None = None) -> str:
        """Make a key or take one, keep it sealed, and return a request; see `certificate_request.request`."""
        with self._gate:
            key, pem = request(kind, names, key)
            self._keep(self._reload().with_request(key))
        return pem

    def take(self, chain: str, key: str | None, at: datetime) -> ClaimSigner:
        """Import a chain that a real authority issued; see `Imported.with_chain`."""
        with self._gate:
            imported, signer = self._reload().with_chain(chain, key, at)
            self._keep(imported)
            if not self._state.get("imported"):  # so that losing the file is noticed, and who signs with it
                self._state = {**self._state, "imported": True}
                self._save(_AUTHORITY, self._state)
        return signer

    def update(self, name: str, data: bytes, sha256: str | None = None) -> TrustLists:
        """Replace the list `name` of `FILES` by a file's content; the old one stays where it is refused.

        Raises:
            Misconfigured: see `trust_lists.checked`; or it names a root of our own.
        """
        text = checked(data, sha256)
        if {*fingerprints(text)} & {*fingerprints("".join(self._roots))}:
            raise Misconfigured("a root of our own is in the list: remove it there")
        write_whole(self.folder / FILES[name], text.encode())
        return self.lists()

    def _valid(self, imported: Imported, at: datetime) -> tuple[ClaimSigner, ...]:
        valid = imported.valid(at)
        if not valid:
            raise SignerUnavailable(
                "no imported certificate is valid now: import a new one (sitter trust import), and check the "
                "clock"
            )
        return valid

    def _reload(self) -> Imported:
        """What was imported, also meanwhile by another process."""
        try:
            changed = (self.folder / FILE).stat().st_mtime_ns
        except FileNotFoundError:
            if self._state.get("imported"):
                raise Misconfigured(f"the private file {FILE!r} is lost: restore it from a backup") from None
            return self._imported
        if changed != self._imported_at:
            self._imported = Imported.parse(self._load(FILE) or {})
            self._imported_at = changed
        return self._imported

    def _keep(self, imported: Imported) -> None:
        self._save(FILE, imported.state())
        self._imported_at = 0

    @property
    def _roots(self) -> list[str]:
        roots = self._state["roots"]
        if not isinstance(roots, list):
            raise Misconfigured("the private file of the authority is damaged")
        return [str(root) for root in roots]

    def _issue(self, at: datetime) -> ClaimSigner:
        issuing = x509.load_pem_x509_certificate(str(self._state["issuing"]).encode())
        if issuing.not_valid_after_utc - at < timedelta(days=LEAF_DAYS + RENEW_DAYS):
            self._state = self._found(at, self._roots)
            self._publish()
            issuing = x509.load_pem_x509_certificate(str(self._state["issuing"]).encode())
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = certify(
            "claim signer",
            key.public_key(),
            issuer=issuing.subject,
            issuer_key=key_from_pem(self._state["key"]),
            at=at,
            days=LEAF_DAYS,
        )
        self._save(_SIGNER, {"leaf": to_pem(leaf), "issuing": to_pem(issuing), "key": key_to_pem(key)})
        return claim_signer(leaf, issuing, key)

    def _found(self, at: datetime, roots: list[str]) -> dict[str, object]:
        """Make a root and an issuing certificate; the root's key is not kept."""
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        name = name_of("root")
        by: dict[str, Any] = {"issuer": name, "issuer_key": root_key, "at": at}
        root = certify("root", root_key.public_key(), days=ROOT_DAYS, path_length=1, **by)
        issuing = certify("issuing", key.public_key(), days=ISSUING_DAYS, path_length=0, **by)
        state: dict[str, object] = {
            "roots": [*roots, to_pem(root)],
            "issuing": to_pem(issuing),
            "key": key_to_pem(key),
        }
        self._save(_AUTHORITY, state)
        return state

    def _publish(self) -> None:
        """Write our roots where people can take them from; the sealed state is what counts."""
        path, roots = self.folder / "own-signers.pem", "".join(self._roots).encode()
        if not path.exists() or path.read_bytes() != roots:
            write_whole(path, roots)

    def _load_signer(self) -> ClaimSigner | None:
        state = self._load(_SIGNER)
        if state is None:
            return None
        try:
            leaf, issuing = (
                x509.load_pem_x509_certificate(str(state[k]).encode()) for k in ("leaf", "issuing")
            )
            return claim_signer(leaf, issuing, key_from_pem(state["key"]))
        except (KeyError, ValueError) as error:
            raise Misconfigured(f"the private file {_SIGNER!r} is damaged") from error

    def _load(self, name: str) -> dict[str, object] | None:
        path = self.folder / name
        if not path.exists():
            return None
        state = json.loads(self._ring.unseal(name, private_bytes(path)))
        if not isinstance(state, dict):
            raise Misconfigured(f"the private file {name!r} is damaged")
        return state

    def _save(self, name: str, state: dict[str, object]) -> None:
        write_whole(self.folder / name, self._ring.seal(name, json.dumps(state).encode()))

    def _list(self, name: str) -> str:
        try:
            text = (self.folder / name).read_text("ascii")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(f"the trust list {name!r} cannot be read as PEM") from error
        try:
            fingerprints(text)
        except ValueError as error:
            raise Misconfigured(f"the trust list {name!r} holds something that is no certificate") from error
        return text
