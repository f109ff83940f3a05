"""Traces: one span per gate under the request's trace, in OpenTelemetry's terms.

The log is the record, a trace is a view of it: its ids are in every entry, and what telemetry cannot do never
fails a request. Nothing personal leaves here: the exporter passes on only the attributes of `ALLOWED`, each
matching its pattern, and no event, link or text; exceptions are never recorded.

By default spans go to `traces.jsonl` as OTLP JSON lines, which a Collector's `otlpjsonfile` receiver reads.
With the standard OTEL_EXPORTER_OTLP_ENDPOINT (or ..._TRACES_ENDPOINT) they go there instead.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from perception.errors import SitterError
from service.trace_export import AllowListExporter, FileExporter, named, otlp_exporter

FILE = "traces.jsonl"

QUEUED_SPANS = 8192
BATCH_SPANS = 512
DELAY_MILLISECONDS = 1000

PARENT_LENGTH = 200
"""Characters of a traceparent that are looked at; a valid one has 55."""


class Traced:
    """One request or gate under way.

    Attributes:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        context: the parent of the spans below it; none once it has ended.
    """

    def __init__(self, span: Span) -> None:
        self._span = span
        self._reason = ""
        self.context = set_span_in_context(span, Context())
        context = span.get_span_context()
        self.trace_id = f"{context.trace_id:032x}"
        self.span_id = f"{context.span_id:016x}"

    def note(self, **attributes: str | float) -> None:
        """Attributes of `ALLOWED` without their prefix `sitter.`; others are dropped."""
        for name, value in attributes.items():
            self._span.set_attribute(f"sitter.{name}", value)

    def refused(self, reason: str) -> None:
        """Say why this ends without success: a `reason` of our errors, INTERNAL or CANCELLED."""
        self._reason = reason

    def end(self, error: BaseException | None) -> None:
        """Set the outcome and end the span."""
        if error is not None and not self._reason:
            self._reason = _reason(error)
        outcome = _outcome(self._reason)
        self.note(outcome=outcome)
        if self._reason:
            self.note(reason=self._reason)
        if outcome == "error":
            self._span.set_attribute("error.type", self._reason)
            self._span.set_status(Status(StatusCode.ERROR))  # no description: it could quote the inputs
        self._span.end()
        self.context = Context()


class Tracing:
    """The traces of one deployment; nothing global.

    Args:
        exporter: where finished spans go; it sees only what `ALLOWED` lets through.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        # The sampler is given, not read from OTEL_*, and does not ask the caller: every decision is traced.
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource.create({"service.name": "sitter"}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                AllowListExporter(exporter),
                max_queue_size=QUEUED_SPANS,
                max_export_batch_size=BATCH_SPANS,
                schedule_delay_millis=DELAY_MILLISECONDS,
            )
        )
        self._tracer = self._provider.get_tracer("sitter")
        self._request: ContextVar[Traced | None] = ContextVar("sitter_request", default=None)

    @classmethod
    def open(cls, folder: Path, environ: Mapping[str, str] = os.environ) -> "Tracing":
        """Traces to `folder`/traces.jsonl, or to the OTLP endpoint that the environment names.

        Raises:
            Misconfigured: an endpoint is named, and the package that talks to it is not installed.
        """
        if any(environ.get(f"OTEL_EXPORTER_OTLP_{name}ENDPOINT") for name in ("", "TRACES_")):
            return cls(otlp_exporter(environ))
        return cls(FileExporter(folder / FILE))

    @contextmanager
    def request(self, name: str, traceparent: str | None) -> Iterator[Traced]:
        """The span of one call.

        Args:
            name: "package.Service/Method".
            traceparent: the caller's W3C header; the trace goes on from it if it is well-formed, else begins.
        """
        carrier = {"traceparent": (traceparent or "")[:PARENT_LENGTH]}
        parent = TraceContextTextMapPropagator().extract(carrier, Context())
        service, _, method = name.rpartition("/")
        attributes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}
        span = _identified(self._tracer.start_span(named(name), parent, SpanKind.SERVER, attributes))
        request = Traced(span)
        before = self._request.get()
        self._request.set(request)
        try:
            with _ending(request):
                yield request
        finally:
            # Not reset(token): a generator that is closed late may be closed in another context.
            self._request.set(before)

    @contextmanager
    def gate(self, name: str) -> Iterator[Traced]:
        """The span of one gate, under the request of this context (`copy_context` carries it to a thread)."""
        request = self._request.get()
        parent = request.context if request is not None else Context()
        span = _identified(
            self._tracer.start_span(named(name), parent, attributes={"sitter.gate": str(name)})
        )
        with _ending(Traced(span)) as traced:
            yield traced

    def close(self) -> None:
        """Write what is waiting, and end."""
        self._provider.shutdown()


def _identified(span: Span) -> Span:
    """The span, or one with ids of its own where OTEL_SDK_DISABLED gave none: the log needs them."""
    if span.get_span_context().is_valid:
        return span
    ids = RandomIdGenerator()
    return NonRecordingSpan(SpanContext(ids.generate_trace_id(), ids.generate_span_id(), is_remote=False))


@contextmanager
def _ending(traced: Traced) -> Iterator[Traced]:
    try:
        yield traced
    except BaseException as error:
        traced.end(error)
        raise
    else:
        traced.end(None)


def _reason(error: BaseException) -> str:
    if isinstance(error, SitterError):
        return error.reason
    return "CANCELLED" if isinstance(error, GeneratorExit | asyncio.CancelledError) else "INTERNAL"


def _outcome(reason: str) -> str:
    """ok; cancelled by the caller; error, when a part failed; refused, when one decided."""
    if not reason:
        return "ok"
    if reason.endswith("CANCELLED"):
        return "cancelled"
    return "error" if reason.endswith(("UNAVAILABLE", "INTERNAL", "MISCONFIGURED", "FAILED")) else "refused"
