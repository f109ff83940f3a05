"""Content Credentials: sign clips, and read what any file claims, with the C2PA library.

Signing ends with reading: only a file that comes back as ours, with this manifest and payload and no failure,
gets its name. After that it must not be touched: a changed byte, tag or box order breaks the hard binding.

The library is lax where it should not be (trust lists are pooled, unknown settings ignored, a wrong hash is
signed), so the first thing `Credentials` does is a self-test that signs, reads, and must fail where it must
fail. Its objects do not survive a fork; a forked child is refused.
"""

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from safety.certificates import ClaimSigner
from safety.claim import ClaimFacts, Source
from safety.claim_writing import ClaimWriter, Permit, Stamping
from safety.credential_reading import (
    MAX_BYTES,
    CredentialReading,
    read_stream,
    size_of,
)
from safety.credential_settings import ReadingContext, make_context
from safety.errors import SignerUnavailable
from safety.keys import KeyRing
from safety.signing import SigningPool
from safety.stapling import Ask, Stapler
from safety.stores.files import opened, whole_file
from safety.trust import Authority
from safety.trust_lists import TrustLists

__all__ = ["ClaimFacts", "CredentialReading", "Credentials", "Signed", "Source", "Stamping"]

SIGN_SECONDS = 30.0
"""Longest that one signature may take: its claim is about 2 kB, and a time-stamper answers in a second."""


@dataclass(frozen=True)
class Signed:
    """A clip that was signed and read back.

    Attributes:
        manifest_id: "urn:c2pa:...".
        sha256: of the whole signed file, hex.
        size: its bytes.
        certificate: SHA-256 of the signer's certificate, hex.
        time_stamped: a listed time-stamper says when.
        manifest: the manifest store, to keep: it can be served after a copy of the clip lost its own.
    """

    manifest_id: str
    sha256: str
    size: int
    certificate: str
    time_stamped: bool
    manifest: bytes


class Credentials:
    """Signs as this installation and reads everybody's credentials. Safe to share between threads.

    Use `Credentials.open`, which tests it.
    """

    def __init__(
        self,
        authority: Authority,
        ring: KeyRing,
        clock: Callable[[], datetime],
        pool: SigningPool,
        *,
        time_stamper: str | None = None,
        stamping: Stamping = Stamping.REQUIRED,
        ocsp: Ask | None = None,
    ) -> None:
        self._authority = authority
        self._clock = clock
        self._pool = pool
        self._time_stamper = time_stamper
        self._stamping = stamping
        self._process = os.getpid()
        self._context: tuple[TrustLists, ReadingContext] | None = None
        self._writer = ClaimWriter(
            authority,
            ring,
            pool,
            self._reading_context,
            Stapler(ocsp, clock),
            time_stamper=time_stamper,
            stamping=stamping,
        )

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        ring: KeyRing,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        time_stamper: str | None = None,
        stamping: Stamping = Stamping.REQUIRED,
        ocsp: Ask | None = None,
        processes: int = 1,
        sign_seconds: float = SIGN_SECONDS,
    ) -> "Credentials":
        """Open the authority in `folder`, making it at the first start, and test signing and reading.

        Args:
            folder: of certificates and trust lists.
            ring: seals the keys, makes commitments.
            clock: now, aware.
            time_stamper: URL of an RFC 3161 service that a hash of every claim is sent to; None for none.
            stamping: what becomes of a clip that it does not stamp.
            ocsp: asks the responder that a signer's certificate names, if it names one; None asks nobody.
            processes: how many clips are signed at a time.
            sign_seconds: deadline of one signature.

        Raises:
            Misconfigured: keys, certificates, lists or the library do not work as they must.
            StoreUnavailable: the folder cannot be written.
        """
        from safety.selftest import check_credentials

        authority = Authority(folder, ring, at=clock())
        pool = SigningPool(processes, sign_seconds)
        credentials = cls(
            authority, ring, clock, pool, time_stamper=time_stamper, stamping=stamping, ocsp=ocsp
        )
        try:
            check_credentials(credentials, authority.lists(), clock())
        except BaseException:
            pool.close()
            raise
        return credentials

    def close(self) -> None:
        """End the signing processes."""
        self._pool.close()

    @property
    def signer(self) -> ClaimSigner:
        """The claim signer in use now."""
        return self._authority.signer(self._clock())

    @property
    def signers(self) -> tuple[ClaimSigner, ...]:
        """All that may sign now: before the end of one the next is here already."""
        return self._authority.signers(self._clock())

    def probe(self, signer: ClaimSigner, data: bytes) -> bytes:
        """Sign a few bytes in the signing process, as a test. Raises SignerUnavailable."""
        return self._pool.probe(signer, data)

    def sign(
        self,
        source: Path,
        target: Path,
        facts: ClaimFacts,
        permit: Permit,
        *,
        signer: ClaimSigner | None = None,
    ) -> Signed:
        """Sign the MP4 `source` into `target`, read it back, and only then give it its name.

        Args:
            source: finished: marked and encoded; its XMP, which says what the claim says, is added here.
            target: replaced in one step; until then no file of that name.
            facts: what the claim says.
            permit: that the clip was made under.
            signer: for the self-test; the one in use otherwise.

        Raises:
            SignerUnavailable: the key or the library failed or did not answer in time, or a time-stamper
                where one is required; the result did not read back as signed; or the file is over 500 MB.
                Nothing is left at `target`.
            StoreUnavailable: `source` cannot be read or `target` not be written.
        """
        if not permit.permit_id:
            raise SignerUnavailable("nothing is signed without a permit")
        self._check_process()
        with opened(source) as reading, whole_file(target) as writing:
            if size_of(reading) > MAX_BYTES:
                raise SignerUnavailable(f"a clip over {MAX_BYTES} bytes is not signed", limit=MAX_BYTES)
            signer = signer or self.signer
            store = self._writer.write(reading, writing, facts, permit, signer, target.parent)
            stamped = self._confirm(writing, facts)
            size = size_of(writing)
            digest = _sha256(writing)
        return Signed(facts.manifest_id, digest, size, signer.fingerprint, stamped, store)

    def stamp(self, source: Path, target: Path) -> Signed:
        """Add the time-stamp that a clip was signed without, as an update manifest (about 19 kB).

        The clip's own manifest stays byte for byte and its name stays what is read; the file is another one.

        Args:
            source: a clip of ours whose certificate is still valid.
            target: replaced in one step; may be `source`.

        Raises:
            SignerUnavailable: the clip is not ours unchanged, or has a time-stamp; no time-stamper is set, or
                it did not stamp. `target` is untouched.
            StoreUnavailable: `source` cannot be read or `target` not be written.
        """
        self._check_process()
        if self._time_stamper is None:
            raise SignerUnavailable("no time-stamper is set: set tsa_url")
        before = self.read(source)
        if not before.ours or before.failures or before.time_stamped:
            raise SignerUnavailable("only an unchanged clip of ours without a time-stamp is stamped")
        signer = self.signer
        with opened(source) as reading, whole_file(target) as writing:
            store = self._writer.update(reading, writing, signer)
            after = read_stream(writing, "video/mp4", self._reading_context())
            if not after.ours or after.failures or not after.time_stamped or not _same(before, after):
                raise SignerUnavailable("the stamped clip did not read back as stamped")
            size, digest = size_of(writing), _sha256(writing)
        return Signed(after.manifest_id, digest, size, signer.fingerprint, True, store)

    def read(self, source: Path | bytes, media_type: str = "video/mp4") -> CredentialReading:
        """Read and validate the credentials of any file; whatever is in it, this does not raise.

        Args:
            source: a path or the bytes, at most 500 MB.
            media_type: told from the content.

        Raises:
            StoreUnavailable: the path cannot be read.
            SignerUnavailable: called in a forked child.
        """
        self._check_process()
        context = self._reading_context()
        if isinstance(source, bytes):
            return read_stream(io.BytesIO(source), media_type, context)
        with opened(source) as stream:
            return read_stream(stream, media_type, context)

    def _confirm(self, signed: BinaryIO, facts: ClaimFacts) -> bool:
        """Read the signed bytes as a stranger would and compare them with what was to be said.

        Returns:
            Whether a listed time-stamper says when.
        """
        signed.flush()
        found = read_stream(signed, "video/mp4", self._reading_context())
        said = (found.manifest_id, found.soft_bindings, found.actions)
        wanted = (facts.manifest_id, facts.soft_bindings, facts.actions)
        if not found.ours or found.failures or said != wanted:
            raise SignerUnavailable(
                "the signed clip did not read back as signed",
                state=found.state,
                failures=",".join(found.failures),
            )
        if self._time_stamper and self._stamping is Stamping.REQUIRED and not found.time_stamped:
            raise SignerUnavailable(
                "the time-stamp is of nobody listed: put the time-stamper's root into the list "
                "(sitter trust update time-stampers FILE)",
                cause="timeStamp",
            )
        return found.time_stamped

    def _reading_context(self) -> ReadingContext:
        """The library's context over the lists as they are now."""
        lists = self._authority.lists()
        if self._context is None or self._context[0] != lists:
            self._context = (lists, make_context(lists))
        return self._context[1]

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise SignerUnavailable("credentials were opened in another process: open them in this one")


def _same(one: CredentialReading, other: CredentialReading) -> bool:
    """Whether both files make the same claim."""
    return (one.manifest_id, one.soft_bindings, one.actions, one.consent) == (
        other.manifest_id,
        other.soft_bindings,
        other.actions,
        other.consent,
    )


def _sha256(stream: BinaryIO) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
