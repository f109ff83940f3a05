"""`sitter demo`: a deployment, one clip through every gate, and proof of each promise, over real gRPC."""

import json
import platform
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.state import Controls, Mode
from perception.errors import SitterError
from safety.evidence import verify_pack
from safety.vocabulary import CONTROLS
from service.cli.detecting import detection_dict
from service.cli.output import say
from service.cli.remote import progress_bar, write_whole
from service.client import Client, Generated, RemoteError
from service.demo import copies
from service.demo.cast import Sitter
from service.demo.report import write_report
from service.deployment import Deployment
from service.pb.sitter.v1 import consent_pb2, generation_pb2, identity_pb2
from service.translate import GATE_NAME, TRACK_MODE, controls_out, timestamp

OPERATOR, CLIENT, AUDITOR = "demo-operator", "demo-client", "demo-auditor"
REVIEWER = "demo-second-operator"
PURPOSE, TERRITORY, CHANNEL = "education", "DE", "web"
TERM_DAYS = 30


class DemoFailed(SitterError):
    """A promise did not hold."""

    reason = "DEMO_FAILED"


@dataclass(frozen=True)
class Script:
    """What moves the face: the uploaded speech and track, either may be empty.

    Attributes:
        mode: of the track; None for its default.
    """

    speech: bytes
    track: bytes = b""
    mode: Mode | None = None

    def ask(
        self, client: Client, spec: generation_pb2.GenerateSpec, portrait: bytes, **more: Any
    ) -> Generated:
        """Ask for a clip."""
        if self.mode:
            spec.track_mode = TRACK_MODE[self.mode]
        return client.generate(spec, portrait, self.speech, track=self.track, **more)


@dataclass
class Story:
    """What happened, as `demo.json` tells it."""

    out: Path
    facts: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def tell(self, text: str) -> None:
        say(f"[{time.perf_counter() - self.started:6.1f} s] {text}")

    def expect(self, promise: str, holds: bool, seen: str) -> None:
        """Note whether a promise held. Raises DemoFailed when it did not."""
        self.facts.setdefault("promises", []).append({"promise": promise, "held": holds, "seen": seen})
        self.tell(f"{'ok  ' if holds else 'FAIL'} {promise}: {seen}")
        if not holds:
            raise DemoFailed(f"{promise}: {seen}")


def play(out: Path, sitter: Sitter, script: Script, controls: Controls) -> dict[str, Any]:
    """Run the whole demo into `out`; returns what `out/demo.json` holds.

    Raises:
        DemoFailed: something did not happen as promised; `demo.json` and the report tell how far it came.
        RemoteError: a request that should pass was refused; the same.
    """
    story = Story(out)
    _clear(out)
    story.facts["portrait"] = {
        "name": sitter.name,
        "basis": sitter.basis,
        "enrolled_pictures": sitter.provenance,
    }
    try:
        with Deployment.scratch(
            out / "deployment", (OPERATOR, REVIEWER, CLIENT, AUDITOR), living_consent="attested"
        ) as deployment:
            story.tell(f"a service of its own listens on {deployment.address}")
            _act(story, deployment, sitter, script, controls)
    finally:
        story.facts["seconds"] = round(time.perf_counter() - story.started, 2)
        story.facts["machine"] = _machine()
        write_whole(out / "demo.json", json.dumps(story.facts, indent=2, sort_keys=True).encode())
        write_report(out, story.facts)
    story.tell(f"see {out / 'report.html'}")
    return story.facts


def _act(story: Story, deployment: Deployment, sitter: Sitter, script: Script, controls: Controls) -> None:
    with (
        deployment.client(OPERATOR) as operator,
        deployment.client(REVIEWER) as reviewer,
        deployment.client(CLIENT) as client,
        deployment.client(AUDITOR) as auditor,
        deployment.client(None) as anybody,
    ):
        consent = enrol_and_consent(story, operator, reviewer, sitter, controls)
        made = _generate(story, client, sitter, script, controls, consent)
        clip = story.out / "clip.mp4"
        write_whole(clip, made.clip)
        write_whole(story.out / "receipt.tlog-proof", made.release.receipt.encode())
        copies.pictures(clip, story.out / "frames.png", story.out / "poster.png")
        _detect_copies(story, anybody, clip, made)
        _refusals(story, client, sitter, script, controls, consent)
        operator.withdraw(consent.consent_id)
        _refused(
            story, "after the withdrawal the same request is refused", "CONSENT_WITHDRAWN",
            lambda: script.ask(client, spec_for(consent, controls), sitter.portrait),
        )  # fmt: skip
        found = anybody.detect(clip)
        story.expect(
            "Detect says that the consent was withdrawn",
            found.consent == consent_pb2.CONSENT_STATE_WITHDRAWN,
            consent_pb2.ConsentState.Name(found.consent).removeprefix("CONSENT_STATE_").lower(),
        )
        _audit(story, auditor, made)


def enrol_and_consent(
    story: Story, operator: Client, reviewer: Client, sitter: Sitter, controls: Controls
) -> consent_pb2.Consent:
    enrolled = operator.enroll(
        list(sitter.pictures), basis=sitter.basis, label=sitter.name, declaration=sitter.declaration,
        adult=sitter.basis == "consent",
    )  # fmt: skip
    story.tell(f"enrolled {sitter.name} as identity {enrolled.identity.identity_id}")
    if enrolled.identity.state == identity_pb2.IDENTITY_STATE_PENDING:
        reviewer.review(enrolled.identity.identity_id, approve=True)
        story.tell("a second operator approved it")
    now = datetime.now(UTC)
    scope = consent_pb2.Scope(
        callers=[CLIENT], purposes=[PURPOSE], territories=[TERRITORY], channels=[CHANNEL],
        not_before=timestamp(now), not_after=timestamp(now + timedelta(days=TERM_DAYS)), max_seconds=120,
        emotions=[name for name, _ in controls.emotion], controls=CONTROLS, live=False,
    )  # fmt: skip
    granted = operator.grant(
        enrolled.identity.identity_id,
        scope,
        evidence=f"Demonstration consent. {sitter.declaration}",
        notice="sitter-demo-1",
    )
    story.tell(f"recorded consent {granted.consent.consent_id}")
    story.facts["identity_id"] = enrolled.identity.identity_id
    story.facts["consent_id"] = granted.consent.consent_id
    return granted.consent


def _generate(
    story: Story,
    client: Client,
    sitter: Sitter,
    script: Script,
    controls: Controls,
    consent: consent_pb2.Consent,
) -> Generated:
    spec, start = spec_for(consent, controls), time.perf_counter()
    with progress_bar(quiet=False) as progress:
        made = script.ask(client, spec, sitter.portrait, progress=progress)
    seconds, release = time.perf_counter() - start, made.release
    story.facts["generate"] = {
        "record_id": release.record_id,
        "trace_id": made.trace_id,
        "request_id": spec.request_id,
        "manifest_id": release.manifest_id,
        "clip_sha256": release.clip_sha256,
        "clip_bytes": release.clip_bytes,
        "log_index": release.log_index,
        "clip_seconds": release.seconds,
        "frames": release.frames,
        "seconds": round(seconds, 3),
        "frames_per_second": round(release.frames / seconds, 2),
        "controls": {"gaze": controls.gaze, "distance": controls.distance, "emotion": controls.emotion,
                     "amplitude": asdict(controls.amplitude), "pose": controls.pose,
                     "framing": asdict(controls.framing) if controls.framing else None,
                     "track": (script.mode or "instead") if script.track else None,
                     "size": controls.size, "fps": controls.fps, "seed": controls.seed},
        "gates": [{"gate": str(GATE_NAME[t.gate]), "seconds": round(t.seconds, 4)} for t in release.timings],
        "report": json.loads(release.report_json),
    }  # fmt: skip
    story.expect(
        "every gate was passed, in order", [t.gate for t in release.timings] == sorted(GATE_NAME),
        f"{len(release.timings)} gates, {release.frames} frames, {release.frames / seconds:.1f} frames/s",
    )  # fmt: skip
    again = script.ask(client, spec, sitter.portrait)
    story.expect("the same request gives the same clip again", again.clip == made.clip, release.record_id)
    return made


def _detect_copies(story: Story, anybody: Client, clip: Path, made: Generated) -> None:
    folder = story.out / "copies"
    folder.mkdir()
    for copy in copies.copies_of(story.facts["generate"]["controls"]["size"]):
        video = copy.make(clip, folder)
        start = time.perf_counter()
        answer = anybody.detect(video)
        found = detection_dict(answer)
        story.facts.setdefault("detect", []).append(
            {"copy": copy.name, "what": copy.what, "file": str(video.relative_to(story.out)),
             "seconds": round(time.perf_counter() - start, 3), **found}
        )  # fmt: skip
        named = answer.record_id in ("", made.release.record_id)
        seen = found["verdict"] + "".join(f" [{s.kind} {s.start:.1f}-{s.end:.1f} s]" for s in answer.altered)
        story.expect(f"{copy.what} is {copy.verdict}", found["verdict"] == copy.verdict and named, seen)


def _refusals(
    story: Story,
    client: Client,
    sitter: Sitter,
    script: Script,
    controls: Controls,
    consent: consent_pb2.Consent,
) -> None:
    _refused(
        story, "another face under this name is refused", "IDENTITY_MISMATCH",
        lambda: script.ask(client, spec_for(consent, controls), sitter.somebody_else),
    )  # fmt: skip
    _refused(
        story, "a purpose that was not agreed to is refused", "CONSENT_SCOPE",
        lambda: script.ask(client, spec_for(consent, controls, purpose="advertising"), sitter.portrait),
    )  # fmt: skip
    _refused(
        story, "a picture without a face is refused", "FACE_NOT_FOUND",
        lambda: script.ask(client, spec_for(consent, controls), copies.no_face()),
    )  # fmt: skip


def _refused(story: Story, promise: str, reason: str, act: Callable[[], Generated]) -> None:
    try:
        act()
    except RemoteError as error:
        story.expect(promise, error.reason == reason, error.reason)
    else:
        story.expect(promise, False, "it was made")


def _audit(story: Story, auditor: Client, made: Generated) -> None:
    proven = auditor.provenance(made.release.record_id)
    pack = story.out / "evidence.zip"
    write_whole(pack, auditor.evidence(made.release.record_id))
    result = verify_pack(pack, proven.vkey)
    story.expect(
        "the evidence pack verifies offline", result.ok, f"{result.entries} entries of {result.size}"
    )
    whole = story.out / "log.zip"
    write_whole(whole, auditor.evidence())
    result = verify_pack(whole, proven.vkey)
    story.expect("the whole log verifies offline", result.ok, f"{result.entries} entries")
    refused = sum(1 for _ in auditor.entries(kind="refusal"))
    story.expect("every refusal is on record", refused == 4, f"{refused} refusals")
    story.facts["audit"] = {
        "vkey": proven.vkey,
        "checkpoint": auditor.checkpoint().checkpoint,
        "entries": [json.loads(each.entry.body) | {"index": each.entry.index} for each in proven.entries],
        "log_entries": result.entries,
        "refusals": [json.loads(entry.body) for entry in auditor.entries(kind="refusal")],
    }


def spec_for(
    consent: consent_pb2.Consent, controls: Controls, purpose: str = PURPOSE
) -> generation_pb2.GenerateSpec:
    return generation_pb2.GenerateSpec(
        request_id=str(uuid.uuid4()), identity_id=consent.identity_id, consent_id=consent.consent_id,
        purpose=purpose, territory=TERRITORY, channel=CHANNEL, controls=controls_out(controls),
    )  # fmt: skip


def _clear(out: Path) -> None:
    """Remove what an earlier demo left; nothing else in the folder is touched."""
    out.mkdir(parents=True, exist_ok=True)
    for name in ("deployment", "copies"):
        shutil.rmtree(out / name, ignore_errors=True)
    for name in (
        "clip.mp4",
        "demo.json",
        "report.html",
        "frames.png",
        "poster.png",
        "evidence.zip",
        "log.zip",
        "receipt.tlog-proof",
    ):
        (out / name).unlink(missing_ok=True)


def _machine() -> dict[str, Any]:
    import os
    from importlib.metadata import version

    packages = ("sitter", "torch", "av", "onnxruntime", "ai-edge-litert", "c2pa-python", "cedarpy", "grpcio")
    return {
        "python": platform.python_version(), "system": platform.platform(), "processors": os.cpu_count(),
        "versions": {name: version(name) for name in packages},
    }  # fmt: skip
