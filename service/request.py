"""What a caller asks Generate for, as the servicer hands it over."""

import hashlib
from dataclasses import dataclass, fields

from engine.state import Controls, Mode
from safety.commitments import Commitment
from safety.keys import KeyRing
from safety.label import Kind
from safety.scope import Ask
from safety.script import Spoken
from safety.vocabulary import CONTROLS
from service.caller import Caller

UPLOADS = ("portrait", "speech", "track")
"""What a caller uploads, in order."""


@dataclass(frozen=True)
class GenerationRequest:
    """What a caller asks for. Portrait, speech and track are the uploaded bytes, not yet looked at; no track
    where it is empty; no sound where the speech is empty and a track moves the face instead of it. `script`
    is what is said and `language` its BCP 47 tag, as the caller declares them; empty where it does not.
    `label` is the visible label that the caller wants; None leaves it to the deployment."""

    request_id: str
    identity_id: str
    consent_id: str
    purpose: str
    territory: str
    channel: str
    controls: Controls
    portrait: bytes
    speech: bytes
    track: bytes = b""
    track_mode: Mode = "instead"
    script: str = ""
    language: str = ""
    label: Kind | None = None

    @property
    def moved_by_track(self) -> bool:
        """The track moves the face, not the speech."""
        return bool(self.track) and self.track_mode == "instead"

    def commitment(self, ring: KeyRing) -> str:
        """Keyed commitment to everything asked for: tells a retry from another request of the same id."""
        spec = repr([getattr(self, f.name) for f in fields(self) if f.name not in UPLOADS])
        parts = (spec.encode(), *(getattr(self, name) for name in UPLOADS))
        return ring.commitment("request", b"".join(hashlib.sha256(part).digest() for part in parts))

    def commitments(self, commit: Commitment) -> dict[str, str]:
        """Commitment to each upload that was given."""
        given = {name: getattr(self, name) for name in UPLOADS if getattr(self, name)}
        return {name: commit(name, data) for name, data in given.items()}

    def ask(
        self, caller: Caller, seconds: float, spoken: tuple[Spoken, ...] = (), voice: str = "not_asked"
    ) -> Ask:
        """What the consent must cover; `spoken`: what is said by script and recogniser, `voice`: in whose."""
        return Ask(
            identity_id=self.identity_id,
            caller=caller.name,
            purpose=self.purpose,
            territory=self.territory,
            channel=self.channel,
            seconds=seconds,
            emotions=frozenset(name for name, _ in self.controls.emotion),
            controls=_steered(self.controls) | ({"track"} if self.track else frozenset()),
            live=False,
            language=self.language,
            spoken=spoken,
            voice=voice,
        )


def _steered(controls: Controls) -> frozenset[str]:
    """Names of the controls that the caller moved from their defaults and that a consent must allow."""
    rest = Controls()
    return frozenset(
        name for name in CONTROLS if hasattr(rest, name) and getattr(controls, name) != getattr(rest, name)
    )
