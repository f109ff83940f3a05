"""A served deployment with one enrolled character: everything real but the renderer, which plays a film."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from numpy.typing import NDArray

from engine.state import Controls
from perception.audio import Speech
from service.app import App
from service.caller import issue_token
from service.client import Client, Generated, RemoteError
from service.deployment import Deployment
from service.local_callers import AUDIENCE, key_path, load_key
from service.pb.sitter.v1 import consent_pb2, generation_pb2, generation_pb2_grpc
from service.settings import Settings
from service.translate import controls_out, timestamp
from service.wiring import build
from tests.conftest import CONTROLS
from tests.fakes import FilmWorkers

OPERATOR, CLIENT, AUDITOR = "the-operator", "the-client", "the-auditor"
REVIEWER = "second-operator"
ROLES = {name: frozenset({name.rpartition("-")[2]}) for name in (OPERATOR, REVIEWER, CLIENT, AUDITOR)}
LABEL, DECLARATION, EVIDENCE = "canary-label-4711", "canary-declaration-4712", "canary-evidence-4713"
CHUNK = 256 * 1024


@dataclass(frozen=True)
class Violation:
    """What a refused call said."""

    code: str
    reason: str
    message: str
    metadata: dict[str, str]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """A deployment that listens, a client for each role, and one sitter who consented."""

    deployment: Deployment
    operator: Client
    client: Client
    auditor: Client
    anybody: Client
    identity_id: str
    consent_id: str
    portrait: bytes
    speech: bytes

    @property
    def app(self) -> App:
        return self.deployment.app

    @property
    def workers(self) -> FilmWorkers:
        workers = self.app.workers
        assert isinstance(workers, FilmWorkers)
        return workers

    def spec(self, controls: Controls = CONTROLS, **changes: Any) -> generation_pb2.GenerateSpec:
        given: dict[str, Any] = {
            "request_id": str(uuid.uuid4()), "identity_id": self.identity_id, "consent_id": self.consent_id,
            "purpose": "education", "territory": "DE", "channel": "web",
            "portrait_bytes": len(self.portrait), "speech_bytes": len(self.speech),
            "controls": controls_out(controls),
        } | changes  # fmt: skip
        return generation_pb2.GenerateSpec(**given)

    def ask(
        self,
        portrait: bytes | None = None,
        speech: bytes | None = None,
        client: Client | None = None,
        progress: Callable[[Any], None] = lambda _: None,
        **changes: Any,
    ) -> Generated:
        """Generate as `CLIENT`, with a request id of its own unless one is given."""
        return (client or self.client).generate(
            self.spec(**changes),
            self.portrait if portrait is None else portrait,
            self.speech if speech is None else speech,
            progress=progress,
        )

    def grant(self, identity_id: str | None = None, **changes: Any) -> str:
        """One more consent, with another scope; returns its id."""
        answer = self.operator.grant(
            identity_id or self.identity_id, scope(**changes), evidence=EVIDENCE, notice="test-1"
        )
        return answer.consent.consent_id

    def approve(self, identity_id: str) -> None:
        """As the second operator."""
        with self.deployment.client(REVIEWER) as reviewer:
            reviewer.review(identity_id, approve=True)

    def raw(self, messages: list[Any], name: str | None = CLIENT) -> Violation:
        """Send messages as they are and return how the call was refused."""
        with grpc.insecure_channel(self.deployment.address) as channel:
            metadata = [("authorization", f"Bearer {self.token(name)}")] if name else []
            call = generation_pb2_grpc.GenerationServiceStub(channel).Generate(
                iter(messages), timeout=60, metadata=metadata
            )
            with pytest.raises(grpc.RpcError) as caught:
                list(call)
            return violation(caught.value)

    def token(self, name: str, at: datetime | None = None) -> str:
        key = load_key(key_path(self.app.settings, name))
        return issue_token(key, name, AUDIENCE, at=at or datetime.now(UTC))

    def entries(self, **only: str) -> list[dict[str, Any]]:
        return [json.loads(entry.body) for entry in self.auditor.entries(**only)]

    def state(self) -> tuple[set[str], set[str], list[str], list[str]]:
        """Records, stored clips, staged files and running requests."""
        staged = [path.name for path in self.app.staging.iterdir()]
        return self.app.records.names(), set(self.app.blobs.keys()), staged, self.app.records.running()

    @contextmanager
    def refused(self, code: str, reason: str, gate: str | None = None) -> Iterator[list[RemoteError]]:
        """What happens inside is refused so, at `gate` if one is named, which is on record; nothing is left.

        The list that is yielded holds the error afterwards.
        """
        before, logged = self.state(), len(self.entries(kind="refusal"))
        errors: list[RemoteError] = []
        with pytest.raises(RemoteError) as caught:
            yield errors
        error = caught.value
        errors.append(error)
        assert (error.code, error.reason) == (code, reason), str(error)
        assert self.state() == before
        fresh = self.entries(kind="refusal")[logged:]
        assert [(entry["gate"], entry["reason"]) for entry in fresh] == ([(gate, reason)] if gate else [])
        assert all(entry["trace_id"] == error.metadata["trace_id"] for entry in fresh)


def scope(**changes: Any) -> consent_pb2.Scope:
    """A scope that covers what `Site.spec` asks for."""
    now = datetime.now(UTC)
    given: dict[str, Any] = {
        "callers": [CLIENT], "purposes": ["education"], "territories": ["DE"], "channels": ["web"],
        "not_before": timestamp(now - timedelta(seconds=1)), "not_after": timestamp(now + timedelta(days=1)),
        "max_seconds": 10.0, "emotions": ["happy"], "controls": ["emotion"], "live": False,
    } | changes  # fmt: skip
    return consent_pb2.Scope(**given)


def violation(error: Any) -> Violation:
    """The `google.rpc` details of a call that failed."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in rpc_status.from_call(error).details:
        for kind in (info, bad):
            if detail.Is(kind.DESCRIPTOR):
                detail.Unpack(kind)
    fields = tuple(each.field for each in bad.field_violations)
    return Violation(error.code().name, info.reason, error.details(), dict(info.metadata), fields)


def settle(holds: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether `holds` becomes true before `seconds` are over."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if holds():
            return True
        pause.wait(0.02)
    return holds()


def serve(
    folder: Path, workers: FilmWorkers | None, pictures: tuple[bytes, ...], speech: bytes
) -> Iterator[Site]:
    """A site in `folder`, which renders where no other workers are given; as a generator, for fixtures."""

    def make(settings: Settings) -> App:
        app = build(settings)
        return app if workers is None else replace(app, workers=workers)

    settings = Settings(data=folder, listen="127.0.0.1:0")
    with (
        Deployment(settings, ROLES, make) as deployment,
        deployment.client(OPERATOR) as operator,
        deployment.client(REVIEWER) as reviewer,
        deployment.client(CLIENT) as client,
        deployment.client(AUDITOR) as auditor,
        deployment.client(None) as anybody,
    ):
        enrolled = operator.enroll(
            list(pictures), basis="character", label=LABEL, declaration=DECLARATION, adult=False
        )
        identity_id = enrolled.identity.identity_id
        reviewer.review(identity_id, approve=True)
        granted = operator.grant(identity_id, scope(), evidence=EVIDENCE, notice="test-1")
        yield Site(
            deployment, operator, client, auditor, anybody, identity_id, granted.consent.consent_id,
            pictures[0], speech,
        )  # fmt: skip


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    film: list[NDArray[np.uint8]],
    speech: Speech,
    pictures: tuple[bytes, ...],
    speech_wav: bytes,
) -> Iterator[Site]:
    """One for all tests of a module: a test that withdraws or erases makes what it withdraws or erases."""
    workers = FilmWorkers(film, speech)
    yield from serve(tmp_path_factory.mktemp("site") / "data", workers, pictures, speech_wav)


@pytest.fixture(scope="module")
def released(site: Site) -> Generated:
    """One clip that left."""
    return site.ask()


@pytest.fixture(scope="module")
def clip(released: Generated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, as a file."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    path.write_bytes(released.clip)
    return path
