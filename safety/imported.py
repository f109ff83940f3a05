"""Claim signers that a real authority issued, and the keys that wait for one.

Kept in one sealed file beside the development authority. Old certificates stay: clips that they signed are
still ours. Of those that are valid the one that began last signs, so a new certificate can be imported while
the old one has weeks left, and both are tested at every start.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from safety.certificates import CLOCK_SLACK, ClaimSigner, to_pem, verifies
from safety.chains import check_chain, read_chain, to_text
from safety.errors import Misconfigured, SignerUnavailable
from safety.signing_keys import open_signing_key, private_key, reference_of

FILE = "imported.sealed"


@dataclass(frozen=True)
class Imported:
    """What the sealed file holds.

    Attributes:
        signers: oldest import first.
        pending: references of keys for which a certificate was asked.
    """

    signers: tuple[ClaimSigner, ...] = ()
    pending: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, state: Mapping[str, object]) -> "Imported":
        """Raises Misconfigured."""
        try:
            signers, pending = state["signers"], state["pending"]
            if not isinstance(signers, list) or not isinstance(pending, list):
                raise ValueError
            return cls(
                tuple(ClaimSigner(str(each["chain"]), str(each["key"])) for each in signers),
                tuple(str(each) for each in pending),
            )
        except (KeyError, ValueError, TypeError) as error:
            raise Misconfigured(f"the private file {FILE!r} is damaged") from error

    def state(self) -> dict[str, object]:
        signers = [{"chain": each.chain, "key": each.key} for each in self.signers]
        return {"signers": signers, "pending": list(self.pending)}

    def valid(self, at: datetime) -> tuple[ClaimSigner, ...]:
        """Those that may sign at `at`, the one that does first."""
        valid = [each for each in self.signers if each.begins - CLOCK_SLACK <= at < each.ends]
        return tuple(sorted(valid, key=lambda each: each.begins, reverse=True))

    @property
    def leaves(self) -> str:
        """Every certificate that signed as us, PEM."""
        return "".join(to_pem(each.certificate) for each in self.signers)

    def with_request(self, key: str) -> "Imported":
        return Imported(self.signers, (*self.pending, key))

    def with_chain(self, pem: str, key: str | None, at: datetime) -> tuple["Imported", ClaimSigner]:
        """Take a chain and its key.

        Args:
            pem: signer's certificate first.
            key: reference of its key; None: the one that a request of ours was made with.

        Raises:
            Misconfigured: the chain is not what C2PA asks for, or the key is another; nothing is changed.
            SignerUnavailable: the key does not sign.
        """
        chain = read_chain(pem)
        check_chain(chain, at)
        public = chain[0].public_key()
        if key is None:
            key = next((each for each in self.pending if _public(each) == public), None)
        if key is None:
            raise Misconfigured("no request was made here with the key of this certificate: name its key")
        signer = ClaimSigner(to_text(chain), key)
        _prove(signer)
        if any(each.fingerprint == signer.fingerprint for each in self.signers):
            raise Misconfigured("this certificate is imported already")
        pending = tuple(each for each in self.pending if each != key)
        return Imported((*self.signers, signer), pending), signer


def key_reference(given: str, read: Callable[[str], str]) -> str:
    """The reference of a key named on the command line: pkcs11:..., callback:..., or a PEM file's path.

    Raises:
        Misconfigured: the file is no usable key.
    """
    if given.startswith(("pkcs11:", "callback:")):
        return given
    return reference_of(private_key(read(os.path.expanduser(given))))


def _prove(signer: ClaimSigner) -> None:
    data = secrets.token_bytes(32)
    try:
        signature = open_signing_key(signer.key).sign(data, signer.algorithm)
    except (Misconfigured, SignerUnavailable):
        raise
    except Exception as error:
        raise SignerUnavailable(
            f"the key did not sign ({type(error).__name__}): check its token or service"
        ) from error
    if not verifies(signer.certificate.public_key(), data, signature):
        raise Misconfigured("the key is not that of the certificate")


def _public(reference: str) -> object:
    """The public half of a key; None where it cannot be reached, which is no reason to refuse another's."""
    try:
        return open_signing_key(reference).public_key()
    except (Misconfigured, SignerUnavailable):
        return None
