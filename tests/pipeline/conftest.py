"""A stage for the flows: an enrolled sitter, a consent, and a way to ask for a clip without gRPC."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from safety.consent import Consent
from safety.identity import Identity
from safety.log import pages
from safety.scope import Scope
from service.app import App
from service.caller import Caller
from service.consents import grant, withdraw
from service.enroll import EnrolmentRequest, enroll, review
from service.generate import Release, attempt
from service.request import GenerationRequest
from service.run import Gate, Run
from tests.conftest import CONTROLS

OPERATOR = Caller("operator", frozenset({"operator"}))
REVIEWER = Caller("reviewer", frozenset({"operator"}))
CLIENT = Caller("studio", frozenset({"client"}))
AUDITOR = Caller("auditor", frozenset({"auditor"}))
TRACE = "ab" * 16


@dataclass
class Stage:
    """One deployment with one sitter. `ask` makes a request; `log` reads what was recorded."""

    app: App
    identity: Identity
    consent: Consent
    request: GenerationRequest
    progress: list[tuple[Gate, int, int]] = field(default_factory=list)
    run: Run | None = None

    def ask(self, caller: Caller = CLIENT, app: App | None = None, **changes: Any) -> Release:
        """Generate with a new request id unless one is given; `app` may have broken parts."""
        app = app or self.app
        changes.setdefault("request_id", str(uuid.uuid4()))
        self.run = Run(app, caller, app.new_id(12), TRACE, lambda *news: self.progress.append(news))
        return attempt(app, replace(self.request, **changes), caller, self.run)

    def refused(self, error: type[Exception], gate: Gate, **changes: Any) -> Any:
        """The request is refused with `error` at `gate`, that is on record, and nothing has left."""
        before = self.app.records.names()
        with pytest.raises(error) as caught:
            self.ask(**changes)
        last = self.entries(kind="refusal")[-1]
        assert (last["gate"], last["reason"]) == (str(gate), getattr(caught.value, "reason", "INTERNAL"))
        self.nothing_left(before)
        return caught.value

    def nothing_left(self, before: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        """No record, no stored clip, no staged file, no running request beyond `before`."""
        assert self.app.records.names() == set(before)
        assert set(self.app.blobs.keys()) == set(before)
        assert list(self.app.staging.iterdir()) == []
        assert self.app.records.running() == []

    def entries(self, **wanted: Any) -> list[dict[str, Any]]:
        return [dict(entry.body) for entry in pages(self.app.log, **wanted)]

    def withdraw(self) -> None:
        withdraw(self.app, self.consent.consent_id, OPERATOR, TRACE)

    def grant(self, identity: Identity | None = None, **changes: Any) -> Consent:
        """One more consent, with another scope."""
        scope = replace(self.consent.scope, **changes)
        owner = identity or self.identity
        consent, _ = grant(
            self.app,
            owner.identity_id,
            scope,
            evidence="yes",
            notice="test-1",
            caller=OPERATOR,
            trace_id=TRACE,
        )
        return consent

    def enroll(self, pictures: tuple[bytes, ...], **changes: Any) -> Identity:
        given: dict[str, Any] = {
            "basis": "character", "label": "Somebody", "declaration": "drawn by us", "adult": False,
            "protected": False,
        } | changes  # fmt: skip
        identity, _ = enroll(self.app, EnrolmentRequest(pictures=pictures, **given), OPERATOR, TRACE)
        return approved(self.app, identity)


def approved(app: App, identity: Identity) -> Identity:
    """What waits for a second operator, approved by one."""
    if identity.state != "pending":
        return identity
    return review(app, identity.identity_id, approve=True, caller=REVIEWER, trace_id=TRACE)[0]


@pytest.fixture
def stage(app: App, pictures: tuple[bytes, ...], portrait: bytes, speech_wav: bytes) -> Stage:
    """A character enrolled, with a consent for `CLIENT`."""
    request = EnrolmentRequest("character", "Mira", "drawn by us", False, False, pictures)
    identity = approved(app, enroll(app, request, OPERATOR, TRACE)[0])
    now = app.clock()
    scope = Scope(
        callers=frozenset({CLIENT.name}), purposes=frozenset({"education"}), territories=frozenset({"DE"}),
        channels=frozenset({"web"}), not_before=now, not_after=now + timedelta(days=1), max_seconds=10.0,
        emotions=frozenset({"happy"}), controls=frozenset({"emotion"}), live=False,
    )  # fmt: skip
    consent, _ = grant(
        app, identity.identity_id, scope, evidence="yes", notice="test-1", caller=OPERATOR, trace_id=TRACE
    )
    generation = GenerationRequest(
        request_id=str(uuid.uuid4()), identity_id=identity.identity_id, consent_id=consent.consent_id,
        purpose="education", territory="DE", channel="web", controls=CONTROLS, portrait=portrait,
        speech=speech_wav,
    )  # fmt: skip
    return Stage(app, identity, consent, generation)
