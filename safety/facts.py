"""What a policy decision knows, as the Cedar request that `policies/default/schema.cedarschema` describes."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from safety.consent import Consent, covers
from safety.scope import Ask

if TYPE_CHECKING:
    from safety.identity import Identity, Match


class Asking(Protocol):
    """Who asks, as `service` knows them."""

    @property
    def name(self) -> str: ...
    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def suspended(self) -> bool: ...


@dataclass(frozen=True)
class Facts:
    """All facts of one generation. None has a default: what is not known cannot be decided on.

    The schema says what each one means; two differ from it: `seconds` becomes `milliseconds`, rounded up, and
    times lose their microseconds towards the refusal.
    """

    at: datetime
    request_id: str
    # gate 1: admit
    caller: str
    caller_roles: frozenset[str]
    caller_suspended: bool
    quota_remaining: int
    # gate 3: identify
    identity_id: str
    basis: str
    adult_declared: bool
    guardian: bool
    declaration: bool
    faces: int
    face_quality_ok: bool
    match_accepted: bool
    living_match: bool
    protected: bool
    # gate 4: consent
    consent_id: str
    consent_identity: str
    consent_basis: str
    consent_state: str
    consent_not_before: datetime
    consent_not_after: datetime
    consent_evidence: bool
    consent_gaps: frozenset[str]
    consent_version: int
    consent_attested: str
    # what is asked for
    purpose: str
    territory: str
    channel: str
    seconds: float
    live: bool
    language: str
    script_declared: bool
    script_findings: frozenset[str]
    own_voice_only: bool
    voice: str
    marks: frozenset[str]
    visible_label: bool

    @classmethod
    def of(
        cls,
        match: "Match",
        identity: "Identity",
        consent: Consent,
        ask: Ask,
        *,
        caller: Asking,
        request_id: str,
        remaining: int,
        marks: Iterable[str],
        visible_label: bool,
        at: datetime,
        findings: frozenset[str],
    ) -> "Facts":
        """The facts that the gates before have found.

        Args:
            match: evidence that the portrait has one usable face, the identity's, and nobody else's; where
                that did not hold, there is no match.
            identity: what enrolment recorded.
            consent: what gate 4 returned; its scope is compared with `ask` here once more.
            remaining: clips that the caller may still make today, this one included.
            marks: what the marking gates will apply: "watermark", "credentials", "log".
            visible_label: whether the picture will say that a machine made it.
            findings: what moderation found in the words: codes, none of the words.
        """
        return cls(
            at=at,
            request_id=request_id,
            caller=caller.name,
            caller_roles=caller.roles,
            caller_suspended=caller.suspended,
            quota_remaining=remaining,
            identity_id=ask.identity_id,
            basis=identity.basis,
            adult_declared=identity.adult,
            guardian=identity.guardian,
            declaration=bool(identity.declaration),
            faces=1,
            face_quality_ok=True,
            match_accepted=match.identity_id == identity.identity_id == ask.identity_id,
            living_match=False,
            protected=identity.protected,
            consent_id=consent.consent_id,
            consent_identity=consent.identity_id,
            consent_basis=consent.basis,
            consent_state=consent.state,
            consent_not_before=consent.scope.not_before,
            consent_not_after=consent.scope.not_after,
            consent_evidence=bool(consent.evidence),
            consent_gaps=frozenset(covers(consent, ask, at)),
            consent_version=consent.version,
            consent_attested=consent.attested,
            purpose=ask.purpose,
            territory=ask.territory,
            channel=ask.channel,
            seconds=ask.seconds,
            live=ask.live,
            language=ask.language,
            script_declared=any(each.source == "declared" for each in ask.spoken),
            script_findings=findings,
            own_voice_only=consent.scope.own_voice_only,
            voice=ask.voice,
            marks=frozenset(marks),
            visible_label=visible_label,
        )

    def context(self) -> dict[str, Any]:
        """The facts as JSON for Cedar.

        Raises:
            ValueError, TypeError, AttributeError: a value that no JSON can carry; the policy refuses then.
        """
        context = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        context["milliseconds"] = math.ceil(context.pop("seconds") * 1000)
        for name in ("at", "consent_not_before", "consent_not_after"):
            context[name] = _time(getattr(self, name), up=name == "consent_not_before")
        return context

    def digest(self) -> str:
        """SHA-256 of the canonical facts, hex: ids, codes and the caller's name, nothing of the inputs."""
        return hashlib.sha256(json.dumps(self.context(), sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def _time(at: datetime, *, up: bool = False) -> dict[str, Any]:
    if at.utcoffset() != timedelta(0):
        raise ValueError("times must be in UTC")
    # Cedar's datetime has milliseconds.
    rounded = at + timedelta(microseconds=999) if up else at
    text = rounded.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return {"__extn": {"fn": "datetime", "arg": text}}
