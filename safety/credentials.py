"""Content Credentials: sign clips, and read what any file claims, with the C2PA library.

Signing ends with reading: only a file that comes back as ours, with this manifest and payload and no failure,
gets its name. After that it must not be touched: a changed byte, tag or box order breaks the hard binding.

The library is lax where it should not be (trust lists are pooled, unknown settings ignored, a wrong hash is
signed), so the first thing `Credentials` does is a self-test that signs, reads, and must fail where it must
fail. Its objects do not survive a fork; a forked child is refused.
"""

import hashlib
import io
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import c2pa

from safety import claim
from safety.certificates import ClaimSigner
from safety.claim import ClaimFacts, Source
from safety.credential_reading import MAX_BYTES, CredentialReading, make_context, read_stream, size_of
from safety.errors import SignerUnavailable
from safety.keys import KeyRing
from safety.stores.files import opened, whole_file
from safety.trust import Authority, TrustLists

__all__ = ["ClaimFacts", "CredentialReading", "Credentials", "Signed", "Source"]

_LOG = logging.getLogger(__name__)


class Permit(Protocol):
    """What `safety.policy` gives out: nothing is signed without one."""

    @property
    def permit_id(self) -> str: ...


@dataclass(frozen=True)
class Signed:
    """A clip that was signed and read back.

    Attributes:
        manifest_id: "urn:c2pa:...".
        sha256: of the whole signed file, hex.
        size: its bytes.
        certificate: SHA-256 of the signer's certificate, hex.
        manifest: the manifest store, to keep: it can be served after a copy of the clip lost its own.
    """

    manifest_id: str
    sha256: str
    size: int
    certificate: str
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
        *,
        time_stamper: str | None = None,
    ) -> None:
        self._authority = authority
        self._ring = ring
        self._clock = clock
        self._time_stamper = time_stamper
        self._process = os.getpid()
        self._version = metadata.version("sitter")
        self._context: tuple[TrustLists, Any] | None = None

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        ring: KeyRing,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        time_stamper: str | None = None,
    ) -> "Credentials":
        """Open the authority in `folder`, making it at the first start, and test signing and reading.

        Args:
            folder: of certificates and trust lists.
            ring: seals the keys, makes commitments.
            clock: now, aware.
            time_stamper: URL of an RFC 3161 service that every claim is sent to (its hash alone); None for
                none.

        Raises:
            Misconfigured: keys, certificates, lists or the library do not work as they must.
            StoreUnavailable: the folder cannot be written.
        """
        from safety.selftest import check_credentials

        authority = Authority(folder, ring, at=clock())
        credentials = cls(authority, ring, clock, time_stamper=time_stamper)
        check_credentials(credentials, authority.lists(), clock())
        return credentials

    @property
    def signer(self) -> ClaimSigner:
        """The claim signer in use now."""
        return self._authority.signer(self._clock())

    def sign(self, source: Path, target: Path, facts: ClaimFacts, permit: Permit) -> Signed:
        """Sign the MP4 `source` into `target`, read it back, and only then give it its name.

        Args:
            source: finished: marked, encoded, tagged.
            target: replaced in one step; until then no file of that name.
            facts: what the claim says.
            permit: that the clip was made under.

        Raises:
            SignerUnavailable: the key, a time-stamper or the library failed, the result did not read back as
                signed, or the file is over 500 MB. Nothing is left at `target`.
            StoreUnavailable: `source` cannot be read or `target` not be written.
        """
        if not permit.permit_id:
            raise SignerUnavailable("nothing is signed without a permit")
        self._check_process()
        with opened(source) as reading, whole_file(target) as writing:
            if size_of(reading) > MAX_BYTES:
                raise SignerUnavailable(f"a clip over {MAX_BYTES} bytes is not signed", limit=MAX_BYTES)
            signer, store = self._sign(reading, writing, facts, permit)
            self._confirm(writing, facts)
            size = size_of(writing)
            digest = _sha256(writing)
        return Signed(facts.manifest_id, digest, size, signer.fingerprint, store)

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

    def _sign(
        self, reading: BinaryIO, writing: BinaryIO, facts: ClaimFacts, permit: Permit
    ) -> tuple[ClaimSigner, bytes]:
        signer = self._authority.signer(self._clock())
        context = self._reading_context()
        causes: list[BaseException] = []

        def callback(data: bytes) -> bytes:
            try:
                return signer.sign(data)
            except BaseException as error:  # the library swallows it and tells of a bad signature
                causes.append(error)
                raise

        committed = self._ring.commitment("permit", permit.permit_id.encode())
        inputs = facts.inputs
        states = {
            label: read_stream(io.BytesIO(part.data), part.media_type, context).state
            for label, part in inputs.items()
        }
        definition = claim.manifest(facts, permit=committed, version=self._version, inputs=states)
        try:
            with (
                _builder(definition, inputs, context) as builder,
                c2pa.Signer.from_callback(
                    callback, c2pa.C2paSigningAlg.ES256, signer.chain, self._time_stamper
                ) as signing,
            ):
                store = builder.sign(signing, "video/mp4", reading, writing)
        except c2pa.C2paError as error:
            cause = type(causes[0]).__name__ if causes else type(error).__name__
            _LOG.error("signing failed: %s", cause)
            raise SignerUnavailable(f"the clip could not be signed ({cause})", cause=cause) from (
                causes[0] if causes else error
            )
        return signer, bytes(store)

    def _confirm(self, signed: BinaryIO, facts: ClaimFacts) -> None:
        """Read the signed bytes as a stranger would and compare them with what was to be said."""
        signed.flush()
        found = read_stream(signed, "video/mp4", self._reading_context())
        said = (found.manifest_id, found.soft_binding, found.actions)
        wanted = (
            facts.manifest_id,
            (facts.watermark, facts.payload),
            ("c2pa.created", "c2pa.watermarked.bound"),
        )
        if not found.ours or found.failures or said != wanted:
            raise SignerUnavailable(
                "the signed clip did not read back as signed",
                state=found.state,
                failures=",".join(found.failures),
            )

    def _reading_context(self) -> Any:
        """The library's context over the lists as they are now."""
        lists = self._authority.lists()
        if self._context is None or self._context[0] != lists:
            self._context = (lists, make_context(lists))
        return self._context[1]

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise SignerUnavailable("credentials were opened in another process: open them in this one")


def _builder(definition: dict[str, Any], inputs: Mapping[str, Source], context: Any) -> Any:
    """A builder with all inputs as ingredients, each with the credentials that it carries.

    An input that the library cannot parse, though its pixels or sound decoded, is named without its bytes;
    that it carried nothing readable stands in our own assertion.
    """
    opaque: list[dict[str, str]] = []
    streamed = dict(inputs)
    while True:
        builder = c2pa.Builder({**definition, "ingredients": opaque}, context=context)
        for label, part in streamed.items():
            ingredient = {"title": label, "relationship": "inputTo", "label": label, "instance_id": label}
            try:
                builder.add_ingredient(ingredient, part.media_type, io.BytesIO(part.data))
            except c2pa.C2paError:
                builder.close()
                opaque.append({**ingredient, "format": part.media_type})
                del streamed[label]
                break
        else:
            return builder


def _sha256(stream: BinaryIO) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
