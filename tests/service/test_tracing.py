"""Traces: gates under their request, ids for the log, nothing personal, and never the reason of a failure."""

import asyncio
import contextvars
import json
import logging
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine.errors import RenderCancelled
from perception.errors import MediaEmpty
from safety.errors import ConsentWithdrawn, Misconfigured, StoreUnavailable
from service.trace_export import ALLOWED
from service.trace_file import TraceFile
from service.tracing import FILE, Tracing

METHOD = "sitter.v1.GenerationService/Generate"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_SDK_DISABLED", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)


def spans(folder: Path) -> dict[str, dict[str, Any]]:
    """The spans of the file by name, with their attributes as a plain dict."""
    found = {}
    for line in (folder / FILE).read_text().splitlines():
        for resource in json.loads(line)["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    pairs = span.get("attributes", [])
                    span["plain"] = {pair["key"]: next(iter(pair["value"].values())) for pair in pairs}
                    found[span["name"]] = span
    return found


def test_gates_lie_under_their_request(tmp_path: Path) -> None:
    """One trace: the request goes on from the caller's span, each gate is its child; ids are the log's."""
    tracing = Tracing.open(tmp_path, {})
    with tracing.request(METHOD, PARENT) as request:
        with tracing.gate("consent") as consent:
            consent.note(record_id="0" * 24, log_index=7, seconds=1.5)
        with tracing.gate("permit") as permit:
            permit.note(rules="generate.base", permit_id="a" * 32, policy_digest="b" * 64)
    tracing.close()
    found = spans(tmp_path)
    assert set(found) == {METHOD, "consent", "permit"}
    root = found[METHOD]
    assert root["traceId"] == request.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert root["parentSpanId"] == "b7ad6b7169203331"
    assert root["spanId"] == request.span_id
    for name, gate in (("consent", consent), ("permit", permit)):
        assert (found[name]["traceId"], found[name]["parentSpanId"]) == (request.trace_id, request.span_id)
        assert (found[name]["spanId"], gate.trace_id) == (gate.span_id, request.trace_id)
    assert root["plain"] == {
        "rpc.system": "grpc",
        "rpc.service": "sitter.v1.GenerationService",
        "rpc.method": "Generate",
        "sitter.outcome": "ok",
    }
    assert found["consent"]["plain"] == {
        "sitter.gate": "consent",
        "sitter.outcome": "ok",
        "sitter.record_id": "0" * 24,
        "sitter.log_index": "7",
        "sitter.seconds": 1.5,
    }
    assert found["permit"]["plain"]["sitter.rules"] == "generate.base"


@pytest.mark.parametrize(
    "header", [None, "", "junk", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "ff-" + PARENT[3:], "é" * 5000]
)
def test_a_malformed_parent_begins_a_trace(tmp_path: Path, header: str | None) -> None:
    """What is not a traceparent is ignored: a new trace, no error."""
    tracing = Tracing.open(tmp_path, {})
    with tracing.request(METHOD, header) as request:
        assert int(request.trace_id, 16) != 0
        assert request.trace_id != "0af7651916cd43dd8448eb211c80319c"
    tracing.close()
    assert spans(tmp_path)[METHOD].get("parentSpanId", "") == ""


def test_the_caller_cannot_turn_traces_off(tmp_path: Path) -> None:
    """A parent that says "not sampled" is traced all the same."""
    tracing = Tracing.open(tmp_path, {})
    with tracing.request(METHOD, PARENT[:-1] + "0"):
        pass
    tracing.close()
    assert spans(tmp_path)[METHOD]["traceId"] == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (ConsentWithdrawn("x"), "refused", "CONSENT_WITHDRAWN"),
        (MediaEmpty("x"), "refused", "MEDIA_EMPTY"),
        (StoreUnavailable("x"), "error", "STORE_UNAVAILABLE"),
        (ValueError("x"), "error", "INTERNAL"),
        (RenderCancelled("x"), "cancelled", "RENDER_CANCELLED"),
        (asyncio.CancelledError(), "cancelled", "CANCELLED"),
        (GeneratorExit(), "cancelled", "CANCELLED"),
        (KeyboardInterrupt(), "error", "INTERNAL"),
    ],
)
def test_outcome_tells_refusals_from_failures(
    tmp_path: Path, error: BaseException, outcome: str, reason: str
) -> None:
    """An error passes through unchanged and leaves its reason; only our own failure is an error here."""
    tracing = Tracing.open(tmp_path, {})
    with pytest.raises(type(error)) as passed, tracing.gate("consent"):
        raise error
    assert passed.value is error
    tracing.close()
    span = spans(tmp_path)["consent"]
    assert (span["plain"]["sitter.outcome"], span["plain"]["sitter.reason"]) == (outcome, reason)
    assert ("error.type" in span["plain"]) == (outcome == "error")
    assert span.get("status", {}).get("code", 0) == (2 if outcome == "error" else 0)


def test_a_reason_given_beforehand_stays(tmp_path: Path) -> None:
    """The wire's own exception, raised after `refused`, does not hide why."""
    tracing = Tracing.open(tmp_path, {})

    def answer() -> None:
        with tracing.request(METHOD, None) as request:
            request.refused("POLICY_REFUSED")
            raise RuntimeError("aborted")

    with pytest.raises(RuntimeError):
        answer()
    tracing.close()
    assert spans(tmp_path)[METHOD]["plain"]["sitter.reason"] == "POLICY_REFUSED"
    assert spans(tmp_path)[METHOD]["plain"]["sitter.outcome"] == "refused"


CANARY = "Wren Canary <wren@example.org> /home/wren/face.png"


def test_nothing_personal_reaches_the_file(tmp_path: Path) -> None:
    """Canaries in names, in attributes known and unknown, in events and exceptions: none is in the file."""
    tracing = Tracing.open(tmp_path, {})

    def answer() -> None:
        with tracing.request(f"{CANARY}/{CANARY}", CANARY) as request:
            for name in ALLOWED:
                request.note(**{name.removeprefix("sitter."): CANARY})
                request._span.set_attribute(name, CANARY)
                request._span.set_attribute(f"x.{name}", CANARY)
            request.note(face=CANARY, embedding=0.25)
            request._span.add_event(CANARY, {"message": CANARY})
            request._span.record_exception(ValueError(CANARY))
            request._span.set_attribute("sitter.rules", [CANARY])
            with tracing.gate(CANARY) as gate:
                gate.refused(CANARY)
            raise ValueError(CANARY)

    with pytest.raises(ValueError, match="Canary"):
        answer()
    tracing.close()
    text = (tmp_path / FILE).read_text().lower()
    assert '"unnamed"' in text
    for word in ("wren", "canary", "face", "embedding", "0.25"):
        assert word not in text


@pytest.mark.parametrize("value", [True, float("nan"), float("inf"), "7", "x"])
def test_numbers_are_numbers(tmp_path: Path, value: Any) -> None:
    """Where a number is expected, nothing else passes."""
    tracing = Tracing.open(tmp_path, {})
    with tracing.gate("mark") as gate:
        gate.note(frames=value)
    tracing.close()
    assert "sitter.frames" not in spans(tmp_path)["mark"]["plain"]


def test_threads_take_the_request_along(tmp_path: Path) -> None:
    """A copied context carries the request to a worker thread; a bare thread begins its own trace."""
    tracing = Tracing.open(tmp_path, {})
    seen: dict[str, str] = {}

    def pass_gate(name: str) -> None:
        with tracing.gate(name) as gate:
            seen[name] = gate.trace_id

    with tracing.request(METHOD, None) as request:
        context = contextvars.copy_context()
        for work in (lambda: context.run(pass_gate, "carried"), lambda: pass_gate("bare")):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
    tracing.close()
    assert seen["carried"] == request.trace_id != seen["bare"]


def test_requests_do_not_leak_into_each_other(tmp_path: Path) -> None:
    """After a request its gates are over, also when a generator is closed in another context."""
    tracing = Tracing.open(tmp_path, {})

    def answer() -> Any:
        with tracing.request(METHOD, None) as request:
            yield request.trace_id

    answering = answer()
    first = next(answering)
    contextvars.copy_context().run(answering.close)
    with tracing.request(METHOD, None) as second, tracing.gate("admit") as gate:
        assert gate.trace_id == second.trace_id != first
    with tracing.gate("sweep") as outside:
        assert outside.trace_id not in (first, second.trace_id)
    tracing.close()


# --- telemetry that fails --------------------------------------------------------------------------


class Broken(SpanExporter):
    """Refuses everything."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        raise OSError("no space left on device")

    def shutdown(self) -> None:
        pass


def test_a_broken_exporter_fails_no_request(caplog: pytest.LogCaptureFixture) -> None:
    """Its error ends in the program's own log."""
    tracing = Tracing(Broken())
    with caplog.at_level(logging.CRITICAL), tracing.request(METHOD, None), tracing.gate("admit") as gate:
        assert gate.trace_id
    tracing.close()


def test_a_folder_that_cannot_be_written_fails_no_request(tmp_path: Path) -> None:
    """A file in the folder's place: requests go on, with ids."""
    (tmp_path / "taken").write_text("")
    tracing = Tracing.open(tmp_path / "taken", {})
    with tracing.request(METHOD, None) as request, tracing.gate("admit") as gate:
        assert gate.trace_id == request.trace_id
    tracing.close()


def test_after_closing_requests_still_pass(tmp_path: Path) -> None:
    """A request that ends during shutdown is not broken by it; closing twice is harmless."""
    tracing = Tracing.open(tmp_path, {})
    with tracing.request(METHOD, None):
        tracing.close()
    with tracing.gate("admit") as gate:
        assert gate.span_id
    tracing.close()


def test_ids_exist_when_the_sdk_is_disabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard OTEL_SDK_DISABLED stops the spans, not the ids that the log needs."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    tracing = Tracing.open(tmp_path, {})
    with tracing.request(METHOD, None) as request, tracing.gate("admit") as gate:
        assert int(request.trace_id, 16) != 0
        assert gate.trace_id == request.trace_id
    with tracing.request(METHOD, PARENT) as request:
        assert request.trace_id == PARENT[3:35]
    tracing.close()
    assert not (tmp_path / FILE).exists()


# --- where they go ---------------------------------------------------------------------------------


def test_an_endpoint_without_its_package_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_EXPORTER_OTLP_ENDPOINT needs a package that is not a dependency: the error names it."""
    for protocol, package in (("http/protobuf", "proto-http"), ("grpc", "proto-grpc")):
        kind = package.removeprefix("proto-")
        monkeypatch.setitem(sys.modules, f"opentelemetry.exporter.otlp.proto.{kind}.trace_exporter", None)
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
        with pytest.raises(Misconfigured, match=f"pip install opentelemetry-exporter-otlp-{package}"):
            Tracing.open(tmp_path, environ)
    with pytest.raises(Misconfigured, match="http/protobuf or grpc"):
        Tracing.open(tmp_path, environ | {"OTEL_EXPORTER_OTLP_PROTOCOL": "smoke"})


def test_an_endpoint_gets_bare_spans_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The allow-list stands before any exporter, not only before the file."""
    memory = InMemorySpanExporter()
    fake = type(sys)("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    fake.__dict__["OTLPSpanExporter"] = lambda: memory
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    tracing = Tracing.open(tmp_path, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector"})
    with tracing.gate("admit") as gate:
        gate.note(face=CANARY, frames=3)
    tracing._provider.force_flush()
    (span,) = memory.get_finished_spans()
    assert dict(span.attributes or {}) == {"sitter.gate": "admit", "sitter.outcome": "ok", "sitter.frames": 3}
    tracing.close()
    assert not (tmp_path / FILE).exists()


def test_the_file_is_private_and_bounded(tmp_path: Path) -> None:
    """Mode 0600; over the limit it is rotated once, so that two files are the most there is."""
    path = tmp_path / "sub" / FILE
    file = TraceFile(path, limit=100)
    for number in range(50):
        file.write(f"{number:029d}\n")
        file.flush()
    file.close()
    file.close()
    assert file.closed
    kept = sorted(path.parent.iterdir())
    assert [entry.name for entry in kept] == [FILE, f"{FILE}.1"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert all(entry.stat().st_size <= 130 for entry in kept)
    assert path.read_text().splitlines()[-1] == f"{49:029d}"
    again = TraceFile(path, limit=1000)
    again.write("next\n")
    again.close()
    assert path.read_text().splitlines()[-2:] == [f"{49:029d}", "next"]
