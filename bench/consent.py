"""`python -m bench consent [--decisions N] [--withdrawals N] [--jobs N]`: deciding, and ending it.

Policy decisions are timed whole, from facts to permit, beside Cedar alone on a request that was built before.
Withdrawals are timed from the call to the last frame: of the engine's live stream, fed and rendered at 25
frames a second under a watched consent (no call of the service streams yet), and of jobs of a served
deployment, over gRPC, until the caller is told, when the worker is dead: an upper bound of the last frame.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from engine.prosody import RATE
from engine.state import Controls
from engine.stream import open_stream
from perception.face import FaceFinder
from safety.consent import Consents
from safety.consent_record import RecordSigner
from safety.facts import Facts
from safety.policy import Policy, default_folder
from safety.policy_cases import facts_of
from safety.scope import Ask, Scope
from safety.stores import open_records
from service.client import Client, RemoteError
from service.demo.cast import Sitter, drawn
from service.demo.characters import draw
from service.demo.scenario import AUDITOR, CLIENT, OPERATOR, REVIEWER, Story, enrol_and_consent, spec_for
from service.deployment import Deployment

FPS = 25
SPEECH = Path(__file__).resolve().parents[1] / "service" / "demo" / "speech" / "welcome.flac"
TARGETS = {
    "policy decision p50": {"floor_ms": 1.0, "aim_ms": 0.4},
    "withdrawal to the last frame": {"floor_ms": 1000.0, "aim_ms": 100.0},
}


def run(argv: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench consent")
    parser.add_argument("--decisions", type=int, default=5000)
    parser.add_argument("--withdrawals", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=5, help="0: none")
    args = parser.parse_args(argv)
    whole, alone = _decisions(args.decisions)
    with tempfile.TemporaryDirectory() as folder:
        paced = [_paced(Path(folder), number) for number in range(args.withdrawals)]
        jobs = _jobs(Path(folder), args.jobs) if args.jobs else []
    return {
        "targets": TARGETS,
        "ours": {
            "policy_decision": whole,
            "withdrawal_paced_frames": _summary(paced),
            **({"withdrawal_job_over_grpc": _summary(jobs)} if jobs else {}),
        },
        "peers": {"cedar alone, request built before": alone},
        "ratio": whole["p50_ms"] / alone["p50_ms"],
    }


def _decisions(count: int) -> tuple[dict[str, float], dict[str, float]]:
    policy = Policy.load(default_folder())
    case = json.loads((default_folder() / "allow" / "consent.json").read_text())
    facts = facts_of(case["facts"])
    varied = [replace(facts, seconds=1 + number % 500) for number in range(count)]
    request = _request(facts)
    cedar, policies, entities, schema = policy._cedar, policy._policies, policy._entities, policy._schema

    def alone(_: Facts) -> None:
        cedar.is_authorized(request, policies, entities, schema=schema)

    return _timed(policy.authorize, varied), _timed(alone, varied)


def _request(facts: Facts) -> dict[str, Any]:
    return {
        "principal": {"type": "Caller", "id": facts.caller},
        "action": {"type": "Action", "id": "generate"},
        "resource": {"type": "Identity", "id": facts.identity_id},
        "context": facts.context(),
    }


def _timed(decide: Callable[[Facts], Any], varied: list[Facts]) -> dict[str, float]:
    walls = []
    cpu = time.process_time()
    for facts in varied:
        start = time.perf_counter()
        decide(facts)
        walls.append(1000 * (time.perf_counter() - start))
    cpu = time.process_time() - cpu
    return {**_summary(walls), "cpu_mean_ms": 1000 * cpu / len(varied)}


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "count": len(ordered),
        "min_ms": ordered[0],
        "p50_ms": statistics.median(ordered),
        "p99_ms": ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))],
        "max_ms": ordered[-1],
    }


def _paced(folder: Path, number: int) -> float:
    """Milliseconds from the call that withdraws to the last frame handed out; 0 if none was after it."""
    now = datetime.now(UTC)
    scope = Scope(
        callers=frozenset({"studio"}), purposes=frozenset({"education"}), territories=frozenset({"DE"}),
        channels=frozenset({"web"}), not_before=now, not_after=now + timedelta(days=1), max_seconds=60.0,
        emotions=frozenset(), controls=frozenset(), live=True,
    )  # fmt: skip
    ask = Ask("0f" * 16, "studio", "course", "DE", "web", 10.0, frozenset(), frozenset(), True)
    with open_records(f"sqlite:{folder / f'paced-{number}.db'}") as db:
        consents = Consents(db, lambda domain, data: "0" * 64, RecordSigner.of(b"7" * 32, "bench"))
        consent = consents.grant(
            identity_id="0f" * 16,
            basis="consent",
            scope=scope,
            evidence="yes",
            notice="n",
            granted_by="desk",
            at=now,
        )
        stop, begun, frames = threading.Event(), threading.Event(), []

        live = open_stream(draw("mira", 512), Controls(size=512, fps=FPS), FaceFinder())
        piece = np.zeros(RATE // FPS, np.float32)

        def stream() -> None:
            with consents.watched(consent.consent_id, lambda _: stop.set(), ask, lambda: datetime.now(UTC)):
                while not stop.wait(1 / FPS):
                    live.feed(piece)
                    for _ in live.frames():
                        frames.append(time.perf_counter())
                        begun.set()

        thread = threading.Thread(target=stream)
        thread.start()
        begun.wait()
        time.sleep(0.05 + 0.013 * (number % 3))  # at different places between two frames
        start = time.perf_counter()
        consents.withdraw(consent.consent_id, at=datetime.now(UTC), by="sitter")
        thread.join()
    return max(0.0, 1000 * (frames[-1] - start))


def _jobs(folder: Path, count: int) -> list[float]:
    """Milliseconds from calling withdraw to the end of the call that generates."""
    sitter = drawn("character")
    with (
        Deployment.scratch(folder / "served", (OPERATOR, REVIEWER, CLIENT, AUDITOR)) as deployment,
        deployment.client(OPERATOR) as operator,
        deployment.client(REVIEWER) as reviewer,
        deployment.client(CLIENT) as client,
    ):
        first = enrol_and_consent(Story(folder), operator, reviewer, sitter, Controls())
        took = []
        for _ in range(count):
            consent = operator.grant(
                first.identity_id, first.scope, evidence="Bench.", notice="sitter-bench-1"
            ).consent
            took.append(_job(operator, client, sitter, consent))
    return took


def _job(operator: Client, client: Client, sitter: Sitter, consent: Any) -> float:
    rendering, ended, reasons = threading.Event(), [], []

    def progress(news: Any) -> None:
        if news.frames_done:
            rendering.set()

    def generate() -> None:
        try:
            client.generate(
                spec_for(consent, Controls()), sitter.portrait, SPEECH.read_bytes(), progress=progress
            )
        except RemoteError as error:
            reasons.append(error.reason)
        ended.append(time.perf_counter())
        rendering.set()

    thread = threading.Thread(target=generate)
    thread.start()
    rendering.wait()
    start = time.perf_counter()
    operator.withdraw(consent.consent_id)
    thread.join()
    if reasons != ["RENDER_CANCELLED"]:
        raise RuntimeError(f"the job was not ended by the withdrawal: {reasons}")
    return 1000 * (ended[0] - start)
