"""Generate over gRPC: what a client gets, how it retries, and what ends a job."""

import base64
import hashlib
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from safety import merkle
from safety.note import NoteKey
from service.client import Generated, RemoteError
from service.pb.sitter.v1 import generation_pb2, generation_pb2_grpc
from service.run import Gate
from service.translate import GATE_NAME
from tests.e2e.conftest import CHUNK, CLIENT, Site, settle


@pytest.fixture
def paused(site: Site) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Renders wait at their fourth frame: (reached, go on)."""
    reached, go = threading.Event(), threading.Event()

    def frame(index: int) -> None:
        if index == 3:
            reached.set()
            go.wait(30)

    site.workers.on_frame = frame
    yield reached, go
    go.set()
    site.workers.on_frame = lambda index: None


def uploaded(site: Site, spec: generation_pb2.GenerateSpec) -> Iterator[Any]:
    yield generation_pb2.GenerateRequest(spec=spec)
    whole = site.portrait + site.speech
    for start in range(0, len(whole), CHUNK):
        yield generation_pb2.GenerateRequest(chunk=whole[start : start + CHUNK])


def test_a_clip_arrives_whole_with_its_progress(site: Site) -> None:
    """Progress names every gate in order and counts every frame; the chunks are the bytes on record."""
    seen: list[tuple[Gate, int, int]] = []
    made = site.ask(progress=lambda p: seen.append((GATE_NAME[p.gate], p.frames_done, p.frames_total)))
    frames = len(site.workers.film)
    assert list(dict.fromkeys(gate for gate, _, _ in seen)) == list(Gate)
    assert [(done, total) for _, done, total in seen if total] == [(n, frames) for n in range(1, frames + 1)]
    assert hashlib.sha256(made.clip).hexdigest() == made.release.clip_sha256
    assert len(made.clip) == made.release.clip_bytes
    assert made.release.frames == frames
    assert [GATE_NAME[each.gate] for each in made.release.timings] == list(Gate)
    assert {entry["trace_id"] for entry in site.entries(record_id=made.release.record_id)} == {made.trace_id}


def test_the_receipt_proves_the_release(site: Site, released: Generated) -> None:
    """It needs the log's key and the entry alone: RFC 6962 inclusion under a signed checkpoint."""
    head, _, checkpoint = released.release.receipt.partition("\n\n")
    first, index, *path = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    assert index == f"index {released.release.log_index}"
    entry = site.auditor.inclusion(released.release.log_index).entry
    key = NoteKey.parse(site.auditor.checkpoint().vkey)
    signed = key.open(checkpoint)
    proof = [base64.b64decode(line) for line in path]
    leaf = merkle.leaf_hash(entry.body)
    merkle.verify_inclusion(leaf, released.release.log_index, signed.size, proof, signed.root)
    assert f'"clip_sha256":"{released.release.clip_sha256}"' in entry.body.decode()


def test_a_retry_gives_the_same_release(site: Site) -> None:
    """The same id and body: the same clip and receipt's entry, rendered once, not counted as another."""
    request_id = str(uuid.uuid4())
    first = site.ask(request_id=request_id)
    jobs = len(site.workers.jobs)
    again = site.ask(request_id=request_id)
    assert (again.clip, again.release.record_id) == (first.clip, first.release.record_id)
    assert again.release.log_index == first.release.log_index
    assert list(again.release.timings) == []
    assert len(site.workers.jobs) == jobs
    with site.refused("ALREADY_EXISTS", "REQUEST_CONFLICT", "admit"):
        site.ask(request_id=request_id, channel="social")


def test_a_request_that_runs_is_not_made_twice(site: Site, paused: tuple[Any, Any]) -> None:
    """A retry while the first try still renders is told to wait; the first one ends well."""
    reached, go = paused
    request_id = str(uuid.uuid4())
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: site.ask(request_id=request_id))
        assert reached.wait(30)
        with pytest.raises(RemoteError) as caught:
            site.ask(request_id=request_id)
        go.set()
        assert first.result(60).clip
    assert (caught.value.code, caught.value.reason) == ("ALREADY_EXISTS", "REQUEST_CONFLICT")
    assert caught.value.metadata["cause"] == "running"


def test_two_requests_run_beside_each_other(site: Site, paused: tuple[Any, Any]) -> None:
    """Two clips at a time, each with a record, a payload and a manifest of its own."""
    _, go = paused
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(site.ask) for _ in range(2)]
        assert settle(lambda: len(site.app.records.running()) == 2, 30)
        go.set()
        made = [each.result(60) for each in asked]
    assert len({each.release.record_id for each in made}) == 2
    assert len({each.release.manifest_id for each in made}) == 2
    assert site.state()[2:] == ([], [])


def test_a_client_that_goes_away_ends_its_job(site: Site, paused: tuple[Any, Any]) -> None:
    """Cancelled at a frame: the job ends there; no record, clip, staged file or reservation stays."""
    reached, go = paused
    before, spec = site.state(), site.spec()
    with grpc.insecure_channel(site.deployment.address) as channel:
        call = generation_pb2_grpc.GenerationServiceStub(channel).Generate(
            uploaded(site, spec), metadata=[("authorization", f"Bearer {site.token(CLIENT)}")]
        )
        trace_id = next(call).trace_id
        assert reached.wait(30)
        call.cancel()
        assert settle(call.done)
    go.set()
    assert settle(lambda: site.state() == before, 10)
    refusals = site.entries(kind="refusal", trace_id=trace_id)
    assert {(entry["gate"], entry["reason"]) for entry in refusals} <= {
        ("generate", "RENDER_CANCELLED"), ("mark", "RENDER_CANCELLED"),
    }  # fmt: skip
    assert refusals
    assert site.entries(kind="issue", trace_id=trace_id) == []
    assert site.ask(request_id=spec.request_id).clip  # the same request may be made again


def test_a_client_that_leaves_during_its_upload_leaves_nothing(site: Site) -> None:
    """Cancelled after the first chunk: no gate was reached, nothing is kept, the service goes on."""
    before, sent = site.state(), threading.Event()

    def half() -> Iterator[Any]:
        yield generation_pb2.GenerateRequest(spec=site.spec())
        yield generation_pb2.GenerateRequest(chunk=site.portrait[:1000])
        sent.set()
        threading.Event().wait(0.5)

    with grpc.insecure_channel(site.deployment.address) as channel:
        call = generation_pb2_grpc.GenerationServiceStub(channel).Generate(
            half(), metadata=[("authorization", f"Bearer {site.token(CLIENT)}")]
        )
        trace_id = next(call).trace_id
        assert sent.wait(10)
        call.cancel()
    assert site.state() == before
    assert site.entries(trace_id=trace_id) == []


def test_a_withdrawal_ends_a_render(site: Site, paused: tuple[Any, Any]) -> None:
    """The job under the consent ends at the next frame, with the withdrawal as its reason."""
    reached, go = paused
    consent_id = site.grant()
    before = site.state()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: site.ask(consent_id=consent_id))
        assert reached.wait(30)
        jobs = len(site.workers.jobs)
        site.operator.withdraw(consent_id)
        go.set()
        with pytest.raises(RemoteError) as caught:
            asked.result(30)
    assert (caught.value.code, caught.value.reason) in {
        ("CANCELLED", "RENDER_CANCELLED"), ("PERMISSION_DENIED", "CONSENT_WITHDRAWN"),
    }  # fmt: skip
    assert "withdrawn" in str(caught.value)
    assert site.state() == before
    assert len(site.workers.jobs) == jobs
    with site.refused("PERMISSION_DENIED", "CONSENT_WITHDRAWN", "consent"):
        site.ask(consent_id=consent_id)
