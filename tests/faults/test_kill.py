"""A kill -9 at any gate leaves nothing released that is not on record, and the next start works."""

import pickle
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from perception.audio import Speech
from safety.log import pages
from safety.scope import Scope
from service.app import App
from service.caller import Caller
from service.consents import grant
from service.enroll import EnrolmentRequest, enroll, review
from service.generate import attempt
from service.local_callers import ensure
from service.request import GenerationRequest
from service.run import Gate, Run
from service.settings import Settings
from service.wiring import build
from tests.conftest import CONTROLS
from tests.fakes import FilmWorkers

ROOT = Path(__file__).resolve().parents[2]
OPERATOR, CLIENT = Caller("operator", frozenset({"operator"})), Caller("studio", frozenset({"client"}))
MOMENTS = [(gate, "entered") for gate in Gate] + [
    (Gate.ADMIT, "passed"), (Gate.INTENT, "passed"), (Gate.MARK, "passed"), (Gate.SIGN, "passed"),
    (Gate.RELEASE, "stored"), (Gate.RELEASE, "passed"),
]  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """A prepared deployment, and the request that the victim makes in a copy of it."""

    data: Path
    film: Path
    request: Path


@pytest.fixture(scope="module")
def scene(
    tmp_path_factory: pytest.TempPathFactory, film: list[Any], speech: Speech, pictures: tuple[bytes, ...],
    portrait: bytes, speech_wav: bytes,
) -> Scene:  # fmt: skip
    """One sitter enrolled, one consent; stopped in order."""
    folder = tmp_path_factory.mktemp("scene")
    settings = Settings(data=folder / "data", listen="127.0.0.1:0")
    ensure(settings)
    app = build(settings)
    identity, _ = enroll(
        app, EnrolmentRequest("character", "M", "drawn", False, False, pictures), OPERATOR, "ab" * 16
    )
    second = Caller("reviewer", frozenset({"operator"}))
    review(app, identity.identity_id, approve=True, caller=second, trace_id="ab" * 16)
    now = app.clock()
    scope = Scope(
        callers=frozenset({CLIENT.name}), purposes=frozenset({"education"}), territories=frozenset({"DE"}),
        channels=frozenset({"web"}), not_before=now, not_after=now + timedelta(days=1), max_seconds=10.0,
        emotions=frozenset(), controls=frozenset(), live=False,
    )  # fmt: skip
    consent, _ = grant(
        app, identity.identity_id, scope, evidence="yes", notice="t", caller=OPERATOR, trace_id="ab" * 16
    )
    app.close()
    request = GenerationRequest(
        request_id="0b1e7a52-6a53-4c6f-9f5e-333333333333", identity_id=identity.identity_id,
        consent_id=consent.consent_id, purpose="education", territory="DE", channel="web", controls=CONTROLS,
        portrait=portrait, speech=speech_wav,
    )  # fmt: skip
    (folder / "film").write_bytes(pickle.dumps((film, speech)))
    (folder / "request").write_bytes(pickle.dumps(request))
    return Scene(folder / "data", folder / "film", folder / "request")


def killed(scene: Scene, data: Path, gate: Gate, moment: str) -> int:
    """Run the victim to its end; returns the log size that it had been told is safe."""
    shutil.copytree(scene.data, data)
    victim = subprocess.run(
        [sys.executable, "-m", "tests.faults.victim", data, scene.film, scene.request, str(gate), moment],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert victim.returncode == -signal.SIGKILL, victim.stderr[-2000:]
    return max((int(line) for line in victim.stdout.split()), default=0)


def restarted(data: Path, film: list[Any], speech: Speech) -> App:
    return replace(build(Settings(data=data, listen="127.0.0.1:0")), workers=FilmWorkers(film, speech))


@pytest.mark.parametrize(("gate", "moment"), MOMENTS, ids=str)
def test_kill(scene: Scene, tmp_path: Path, film: list[Any], speech: Speech, gate: Gate, moment: str) -> None:
    """After the next start: log whole, nothing acknowledged lost, released exactly what has an issue."""
    safe = killed(scene, tmp_path / "data", gate, moment)
    app = restarted(tmp_path / "data", film, speech)
    try:
        assert app.log.verify_all().size >= safe
        issued = {str(entry.body["record_id"]) for entry in pages(app.log, kind="issue")}
        assert issued == app.records.names() == set(app.blobs.keys())
        assert bool(issued) == ((gate, moment) == (Gate.RELEASE, "passed"))
        ended = issued | {str(entry.body["record_id"]) for entry in pages(app.log, kind="aborted")}
        assert {str(entry.body["record_id"]) for entry in pages(app.log, kind="intent")} <= ended
        assert app.records.running() == []
        assert list(app.staging.iterdir()) == []
    finally:
        app.close()


@pytest.mark.parametrize("moment", ["stored", "passed"])
def test_the_same_request_after_the_kill(
    scene: Scene, tmp_path: Path, film: list[Any], speech: Speech, moment: str
) -> None:
    """Before the commit it is made anew; after it the very clip is handed out, once made."""
    killed(scene, tmp_path / "data", Gate.RELEASE, moment)
    app = restarted(tmp_path / "data", film, speech)
    try:
        before = app.records.names()
        run = Run(app, CLIENT, app.new_id(12), "ef" * 16, lambda *_: None)
        release = attempt(app, pickle.loads(scene.request.read_bytes()), CLIENT, run)
        assert (release.record.record_id in before) == (moment == "passed")
        assert app.records.names() == {release.record.record_id}
        assert len(list(pages(app.log, kind="issue"))) == 1
    finally:
        app.close()
