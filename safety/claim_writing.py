"""Writing one claim: what a file says about its inputs, its metadata, its time-stamp and its staple."""

import io
import logging
import shutil
import tempfile
from collections.abc import Callable
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import BinaryIO, Protocol

from safety import claim
from safety.certificates import ClaimSigner
from safety.claim import ClaimFacts
from safety.credential_reading import read_stream
from safety.credential_settings import ReadingContext
from safety.errors import SignerUnavailable
from safety.keys import KeyRing
from safety.metadata import xmp_box
from safety.signing import SigningPool, Task
from safety.stapling import Stapler, stapled
from safety.trust import Authority

_LOG = logging.getLogger(__name__)

STORE_WITHIN = 1 << 20
"""The manifest store begins within so many bytes: the library puts it behind `ftyp`."""


class Stamping(StrEnum):
    """What becomes of a clip that the time-stamper does not stamp."""

    REQUIRED = "required"
    """It does not leave."""
    BEST_EFFORT = "best-effort"
    """It leaves without a stamp."""
    LATE = "late"
    """The time-stamper is not even asked; `Credentials.stamp` adds a stamp later."""


class Permit(Protocol):
    """What `safety.policy` gives out: nothing is signed without one."""

    @property
    def permit_id(self) -> str: ...


class ClaimWriter:
    """Signs open files as this installation. Safe to share between threads.

    Args:
        reading: the library's context over the lists as they are now.
        stapler: what the authority says of our certificate.
    """

    def __init__(
        self,
        authority: Authority,
        ring: KeyRing,
        pool: SigningPool,
        reading: Callable[[], ReadingContext],
        stapler: Stapler,
        *,
        time_stamper: str | None,
        stamping: Stamping,
    ) -> None:
        self._authority = authority
        self._ring = ring
        self._pool = pool
        self._reading = reading
        self._stapler = stapler
        self._time_stamper = time_stamper
        self._stamping = stamping
        self._version = metadata.version("sitter")

    def write(
        self,
        source: BinaryIO,
        target: BinaryIO,
        facts: ClaimFacts,
        permit: Permit,
        signer: ClaimSigner,
        folder: Path,
    ) -> bytes:
        """Sign `source` with its metadata into `target`; the manifest store is returned.

        Args:
            folder: for a temporary file without a name.

        Raises:
            SignerUnavailable: see `Credentials.sign`.
            OSError: a file cannot be written.
        """
        response = self._stapler.response(signer)
        states, facts = self._judged(facts)
        committed = self._ring.commitment("permit", permit.permit_id.encode())
        definition = claim.manifest(facts, permit=committed, version=self._version, inputs=states)
        with tempfile.TemporaryFile(dir=folder) as tagged:
            shutil.copyfileobj(source, tagged, 1 << 20)
            tagged.write(xmp_box(claim.source_type(facts)))

            def sign(time_stamper: str | None) -> bytes:
                task = Task(signer, self._authority.lists(), definition, facts.inputs, time_stamper)
                return self._pool.sign(task, tagged, target)

            store = self._stamped(sign, target)
        return store if response is None else _staple(target, store, response)

    def update(self, source: BinaryIO, target: BinaryIO, signer: ClaimSigner) -> bytes:
        """A late time-stamp over a file that is signed already. Raises SignerUnavailable."""
        response = self._stapler.response(signer)
        generator = {"name": "Sitter", "version": self._version, "specVersion": claim.SPEC_VERSION}
        task = Task(
            signer,
            self._authority.lists(),
            {"claim_generator_info": [generator]},
            time_stamper=self._time_stamper,
            update=True,
        )
        store = self._pool.sign(task, source, target)
        return store if response is None else _staple(target, store, response)

    def _judged(self, facts: ClaimFacts) -> tuple[dict[str, str], ClaimFacts]:
        """State of the credentials that each input came with, and the facts with what they say."""
        context = self._reading()
        readings = {
            label: read_stream(io.BytesIO(part.data), part.media_type, context)
            for label, part in facts.inputs.items()
        }
        known = [label for label, reading in readings.items() if reading.machine_made]
        return {label: reading.state for label, reading in readings.items()}, facts.with_synthetic(known)

    def _stamped(self, sign: Callable[[str | None], bytes], target: BinaryIO) -> bytes:
        """What `sign` gives with a time-stamp, or, where the policy allows that, without one."""
        if self._time_stamper is None or self._stamping is Stamping.LATE:
            return sign(None)
        try:
            return sign(self._time_stamper)
        except SignerUnavailable as error:
            if self._stamping is Stamping.REQUIRED:
                raise
            _LOG.warning("signing once more, without a time-stamp (%s)", error.metadata.get("cause"))
            target.seek(0)
            target.truncate()
            return sign(None)


def _staple(target: BinaryIO, store: bytes, response: bytes) -> bytes:
    """Put the authority's answer into the store of the signed `target`, in place."""
    target.flush()
    target.seek(0)
    at = target.read(STORE_WITHIN + len(store)).find(store)
    try:
        changed = stapled(store, response)
    except ValueError as error:
        raise SignerUnavailable(
            f"the authority's answer cannot be stapled: {error}", cause="staple"
        ) from error
    if at < 0:
        raise SignerUnavailable("the signed clip does not begin with its manifest", cause="staple")
    target.seek(at)
    target.write(changed)
    target.flush()
    return changed
