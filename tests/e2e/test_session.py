"""Consent sessions over the wire: start, hand in, enrol, grant; and what is refused, logged and kept."""

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perception.face import FaceFinder
from perception.video import open_video, write_video
from safety.errors import SessionExpired
from safety.log import pages
from safety.session.challenge import TERM, Challenge, draw
from safety.session.store import ATTEMPTS, Sessions
from safety.vault import Vault
from service import sessions
from service.__main__ import main
from service.app import App
from service.client import Client, RemoteError
from service.console.server import Console
from service.deployment import Deployment
from service.local_callers import key_path
from service.pb.sitter.v1 import consent_pb2, session_pb2
from service.session_servicer import PAGE_PATH
from service.settings import Settings
from service.wiring import build
from tests.e2e.conftest import CLIENT, OPERATOR, ROLES, scope
from tests.filmed import ASKED, FPS, right_film

OTHER = "another-operator"


@dataclass
class Stage:
    """A deployment whose next challenges the test may set; drawn at random without."""

    deployment: Deployment
    next: list[Challenge] = field(default_factory=list)

    def logged(self, session_id: str) -> list[dict[str, Any]]:
        bodies = [dict(entry.body) for entry in pages(self.deployment.app.log)]
        return [body for body in bodies if body.get("session_id") == session_id]


@dataclass(frozen=True)
class Passed:
    """A session that was passed, and what its sitter was shown."""

    session: session_pb2.ConsentSession
    scope: consent_pb2.Scope


@pytest.fixture(scope="module")
def film(finder: FaceFinder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn character does as `ASKED`: machine-made, as only tests may be."""
    return right_film(finder).written(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    waiting: list[Challenge] = []

    def make(settings: Settings) -> App:
        app = build(settings)
        vault: Vault = app.sessions._vault
        return replace(
            app,
            sessions=Sessions(
                app.db, vault, app.ring.commitment, lambda: waiting.pop(0) if waiting else draw()
            ),
        )

    settings = Settings(data=tmp_path_factory.mktemp("site") / "data", listen="127.0.0.1:0")
    with Deployment(settings, ROLES | {OTHER: frozenset({"operator"})}, make) as deployment:
        yield Stage(deployment, waiting)


@pytest.fixture(scope="module")
def operator(stage: Stage) -> Iterator[Client]:
    with stage.deployment.client(OPERATOR) as client:
        yield client


@pytest.fixture(scope="module")
def passed(stage: Stage, operator: Client, film: Path) -> Passed:
    """Somebody who is not enrolled yet opened their link and did as asked."""
    stage.next.append(ASKED)
    asked = scope()
    started = operator.start_session(asked, link=True)
    console = Console(stage.deployment.app)
    try:
        shown = post(console, f"{started.link_path}/challenge")
        assert tuple(shown["words"]) == ASKED.words
        assert post(console, f"{started.link_path}/film", film.read_bytes()) == {"passed": True}
    finally:
        console.close()
    return Passed(operator.session(started.session.session_id), asked)


def post(console: Console, path: str, body: bytes = b"") -> Any:
    connection = http.client.HTTPConnection(console.address, timeout=120)
    connection.request("POST", path, body)
    told = json.loads(connection.getresponse().read())
    connection.close()
    return told


def refused(reason: str, call: Callable[..., Any], *args: Any, **named: Any) -> None:
    with pytest.raises(RemoteError) as caught:
        call(*args, **named)
    assert caught.value.reason == reason, str(caught.value)


def test_a_passed_session_is_cited_once(stage: Stage, operator: Client, passed: Passed, film: Path) -> None:
    """Enrol from the film, then grant exactly what was shown; each once, by who started it, all on record."""
    session_id, evidence = passed.session.session_id, passed.session.evidence
    assert evidence == f"session:{session_id}"
    refused("SESSION_SPENT", operator.submit_session, session_id, film)
    with stage.deployment.client(OTHER) as other:
        refused("SESSION_FOREIGN", other.submit_session, session_id, film)
        refused("SESSION_FOREIGN", other.enroll_from_session, session_id, label="x", adult=True)
        refused("ENROLMENT_REFUSED", operator.enroll_from_session, session_id, label="x", adult=False)
        identity = operator.enroll_from_session(session_id, label="x", adult=True).identity
        assert identity.pictures >= 3
        with open_video(film) as opened:
            _, frame = next(opened.frames())
        assert stage.deployment.app.identities.same_person(frame, identity.identity_id)
        refused("SESSION_SPENT", operator.enroll_from_session, session_id, label="x", adult=True)

        def grant(allowed: consent_pb2.Scope, by: Client = operator, proof: str = evidence) -> Any:
            return by.grant(identity.identity_id, allowed, evidence=proof, notice="n-1")

        wider = consent_pb2.Scope()
        wider.CopyFrom(passed.scope)
        wider.purposes.append("advertising")
        refused("SESSION_REQUIRED", grant, passed.scope, proof="they told me so")
        refused("SESSION_FOREIGN", grant, wider)
        refused("SESSION_FOREIGN", grant, passed.scope, by=other)
        refused("SESSION_UNKNOWN", grant, passed.scope, proof=f"session:{'0' * 32}")
        consent = grant(passed.scope).consent
        refused("SESSION_SPENT", grant, passed.scope)
        refused("SESSION_REQUIRED", operator.amend, consent.consent_id, 1, wider, evidence="x", notice="n")
    kinds = [body["kind"] for body in stage.logged(session_id)]
    assert kinds == ["session.started", "session.issued", "session.attempted", "session.passed"]
    text = json.dumps(stage.logged(session_id))
    assert not any(word in text for word in ASKED.words)


def test_a_film_of_another_session(
    stage: Stage, operator: Client, passed: Passed, film: Path, tmp_path: Path
) -> None:
    """The same bytes; then the film darker and encoded anew, as off a screen that fills the view: known by
    how it moves, before anything is asked of it."""
    second = operator.start_session(scope()).session.session_id
    refused("SESSION_REPLAYED", operator.submit_session, second, film)
    again = tmp_path / "again.mp4"
    with open_video(film) as opened:
        darker = ((frame // 4 * 3).astype(np.uint8) for _, frame in opened.frames())
        write_video(again, darker, fps=FPS, speech=opened.speech())
    refused("SESSION_REPLAYED", operator.submit_session, second, again)
    assert operator.session(second).attempts == 2
    assert operator.session(second).reason == "SESSION_REPLAYED"


def test_attempts_end(stage: Stage, operator: Client, film: Path, tmp_path: Path) -> None:
    """A film that cannot be read is an attempt; after three the session has failed, whatever comes then."""
    session_id = operator.start_session(scope()).session.session_id
    for attempt in range(ATTEMPTS):
        broken = tmp_path / f"{attempt}.mp4"
        broken.write_bytes(film.read_bytes()[: 3000 + attempt])
        refused("MEDIA_UNREADABLE", operator.submit_session, session_id, broken)
    refused("SESSION_SPENT", operator.submit_session, session_id, film)
    assert operator.session(session_id).state == session_pb2.SESSION_STATE_FAILED
    assert [body["kind"] for body in stage.logged(session_id)].count("session.refused") == ATTEMPTS


def test_time_is_over(stage: Stage, operator: Client, film: Path) -> None:
    """After ten minutes, and with a clock set back before the challenge was shown, nothing is taken."""
    session_id = operator.start_session(scope()).session.session_id
    app = stage.deployment.app
    for later in (TERM, timedelta(minutes=-5)):
        moved = replace(app, clock=lambda by=later: app.clock() + by)
        with pytest.raises(SessionExpired):
            sessions.hand_in(moved, session_id, film, "ab" * 16)
    assert operator.session(session_id).attempts == 0


def test_with_a_link_the_operator_learns_no_code(stage: Stage, operator: Client) -> None:
    """The challenge is shown to who opens the link; clients may start nothing."""
    stage.next.append(replace(ASKED, words=("tomato", "umbrella", "velvet", "yellow")))
    started = operator.start_session(scope(), link=True)
    assert started.link_path.startswith(PAGE_PATH)
    assert not started.challenge.words
    assert "umbrella" not in str(operator.session(started.session.session_id))
    with stage.deployment.client(CLIENT) as client:
        refused("CALLER_FORBIDDEN", client.start_session, scope())
    refused("IDENTITY_UNKNOWN", operator.start_session, scope(), identity_id="0" * 32)


def test_the_command_line(
    stage: Stage, passed: Passed, film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Start with the challenge and with a link, show, and a film that answers another challenge."""
    common = ["--server", stage.deployment.address, "--as", OPERATOR]
    common += ["--key", str(key_path(stage.deployment.app.settings, OPERATOR))]
    asked = [
        "--caller",
        CLIENT,
        "--purpose",
        "education",
        "--territory",
        "DE",
        "--channel",
        "web",
        "--days",
        "3",
    ]
    assert main(["session", "start", *asked, "--link", "--page", "https://consent.example.org", *common]) == 0
    assert f"https://consent.example.org{PAGE_PATH}" in capsys.readouterr().out
    assert main(["session", "start", *asked, *common]) == 0
    told = capsys.readouterr().out
    assert len(told.partition("say:")[2].splitlines()[0].split()) == len(ASKED.words)
    session_id = told.split()[1]
    assert main(["session", "show", session_id, *common]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "SESSION_STATE_OPEN"
    assert main(["session", "submit", session_id, str(film), *common]) == 1
    assert "SESSION_" in capsys.readouterr().err
    for command in (["enroll", session_id, "--label", "x", "--adult"], ["grant", session_id]):
        assert main(["session", *command, *common]) == 1


def test_our_own_videos_are_nobody(stage: Stage, operator: Client, film: Path, tmp_path: Path) -> None:
    """A film with our watermark was made by this service, whatever else it shows."""
    with open_video(film) as opened:
        frames = [frame for at, frame in opened.frames() if at < 3]
    height, width = frames[0].shape[:2]
    embedder = stage.deployment.app.watermark.embedder(bytes(12), width=width, height=height, fps=FPS)
    marked = tmp_path / "marked.mp4"
    write_video(marked, (embedder.embed(frame) for frame in frames), fps=FPS, speech=None)
    session_id = operator.start_session(scope()).session.session_id
    refused("SESSION_MACHINE_MADE", operator.submit_session, session_id, marked)
