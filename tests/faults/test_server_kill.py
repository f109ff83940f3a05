"""The real server, killed in the middle of a real render."""

import os
import signal
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.caller import issue_token
from service.client import Client, RemoteError
from service.local_callers import AUDIENCE, LOCAL, add, load_key
from service.pb.sitter.v1 import consent_pb2, generation_pb2
from service.settings import Settings
from service.translate import timestamp

ROOT = Path(__file__).resolve().parents[2]
REVIEWER = "reviewer"


class Service:
    """`sitter serve` in a process of its own, on a free port."""

    def __init__(self, data: Path) -> None:
        self._data = data
        environment = os.environ | {
            "SITTER_DATA": str(data),
            "SITTER_LISTEN": "127.0.0.1:0",
            "PYTHONUNBUFFERED": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve"],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        started = next((line for line in self.process.stdout if "serves on " in line), "")
        self.address = started.partition("serves on ")[2].partition(",")[0]

    def client(self, name: str = LOCAL) -> Client:
        key = load_key(self._data / "callers" / f"{name}.pem")
        return Client(
            self.address, token=lambda: issue_token(key, name, AUDIENCE, at=datetime.now(UTC)), seconds=120
        )

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def test_kill_and_start_again(
    tmp_path: Path, pictures: tuple[bytes, ...], portrait: bytes, speech_wav: bytes
) -> None:
    """The caller gets UNAVAILABLE; the next start ends the intent as aborted, released nothing, works, and
    stops in order when told to."""
    add(Settings(data=tmp_path / "data"), REVIEWER, frozenset({"operator"}))
    service = Service(tmp_path / "data")
    request_id = str(uuid.uuid4())

    def when_frames_come(progress: generation_pb2.Progress) -> None:
        if progress.frames_done == 3:
            service.process.send_signal(signal.SIGKILL)

    with service.client() as client:
        identity = client.enroll(
            list(pictures), basis="character", label="M", declaration="drawn", adult=False
        ).identity.identity_id
        with service.client(REVIEWER) as reviewer:
            reviewer.review(identity, approve=True)
        now = datetime.now(UTC)
        scope = consent_pb2.Scope(
            callers=[LOCAL], purposes=["education"], territories=["DE"], channels=["web"],
            not_before=timestamp(now), not_after=timestamp(now + timedelta(days=1)), max_seconds=60,
        )  # fmt: skip
        consent = client.grant(identity, scope, evidence="yes", notice="t").consent.consent_id
        spec = generation_pb2.GenerateSpec(
            request_id=request_id, identity_id=identity, consent_id=consent, purpose="education",
            territory="DE", channel="web", controls=generation_pb2.Controls(size=256),
        )  # fmt: skip
        with pytest.raises(RemoteError) as caught:
            client.generate(spec, portrait, speech_wav, progress=when_frames_come)
        assert caught.value.code == "UNAVAILABLE"
    service.end(signal.SIGKILL)

    again = Service(tmp_path / "data")
    with again.client() as client:
        assert [client.consent(consent).state] == [consent_pb2.CONSENT_STATE_GIVEN]
        assert len(list(client.entries(kind="intent"))) == 1
        assert len(list(client.entries(kind="aborted"))) == 1
        assert list(client.entries(kind="issue")) == []
        made = client.generate(spec, portrait, speech_wav)
        assert len(made.clip) == made.release.clip_bytes > 0
    assert again.end(signal.SIGTERM) == 0
