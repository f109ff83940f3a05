"""The parts of a running service, as the flows see them: filled by `wiring.build`, or by tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the command line, which needs the names of gates, does not wait for torch
    from perception.face import FaceFinder
    from safety.commitments import Commitments
    from safety.consent import Consents
    from safety.consent_usage import Uses
    from safety.credentials import Credentials
    from safety.encoders.encoder import FaceEncoder
    from safety.identity import Identities
    from safety.keys import KeyRing
    from safety.log import Log
    from safety.lookup import ContentIndex
    from safety.policy import Permits
    from safety.policy_live import LivePolicy
    from safety.records import Records
    from safety.script import Moderation
    from safety.session.store import Sessions
    from safety.stores.files import Blobs
    from safety.stores.sqlite import Database
    from safety.voices.prints import Voices
    from safety.watermark import Watermark
    from safety.watermark.sound import SoundWatermark
    from service.settings import Settings
    from service.tracing import Tracing
    from service.workers.job import Draft, Job


class Workers(Protocol):
    """Where clips are made."""

    def make(
        self, job: Job, progress: Callable[[int, int], None], stopped: Callable[[], str | None]
    ) -> Draft:
        """Render, mark and encode `job.target`, in a process that can be killed.

        Args:
            progress: called with (frames done, frames in all).
            stopped: asked at least four times a second; a text ends the job within a second.

        Raises:
            RenderCancelled: `stopped` said so; the text is the message.
            RenderFailed: the worker broke.
            QuotaRefused: too many jobs are waiting.
            EngineError, PerceptionError: what the engine raised.
        """

    def warm(self) -> None:
        """Start what a first job would wait for; returns at once."""

    def close(self) -> None:
        """End every worker process."""


@dataclass(frozen=True)
class App:
    """One deployment. `clock` gives UTC now; `new_id(n)` gives n random bytes as hex."""

    settings: Settings
    clock: Callable[[], datetime]
    new_id: Callable[[int], str]
    db: Database
    blobs: Blobs
    staging: Path
    ring: KeyRing
    log: Log
    commitments: Commitments
    identities: Identities
    voices: Voices
    consents: Consents
    uses: Uses
    moderation: Moderation
    policy: LivePolicy
    permits: Permits
    records: Records
    lookup: ContentIndex
    watermark: Watermark
    sound_watermark: SoundWatermark
    credentials: Credentials
    finder: FaceFinder
    encoder: FaceEncoder
    sessions: Sessions
    workers: Workers
    tracing: Tracing

    def close(self) -> None:
        """Stop the workers and signers, flush the traces, close the stores."""
        self.workers.close()
        self.credentials.close()
        self.tracing.close()
        self.db.close()
