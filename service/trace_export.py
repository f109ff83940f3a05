"""What leaves of a trace, and where to: an allow-list before every exporter, a file or OTLP behind it."""

import math
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from opentelemetry.exporter.otlp.json.file import FileSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from safety.errors import Misconfigured
from service.trace_file import TraceFile

ALLOWED: Mapping[str, str | None] = {
    "rpc.system": "grpc",
    "rpc.service": r"[A-Za-z0-9_.]{1,80}",
    "rpc.method": r"[A-Za-z0-9_]{1,40}",
    "error.type": r"[A-Z_]{1,60}",
    "sitter.gate": r"[a-z-]{1,20}",
    "sitter.outcome": "ok|refused|cancelled|error",
    "sitter.reason": r"[A-Z_]{1,60}",
    "sitter.rules": r"[a-z0-9_.,-]{1,400}",
    "sitter.verdict": r"[a-z_]{1,30}",
    "sitter.record_id": r"[0-9a-f]{24}",
    "sitter.permit_id": r"[0-9a-f]{32}",
    "sitter.policy_digest": r"[0-9a-f]{64}",
    "sitter.log_index": None,
    "sitter.frames": None,
    "sitter.seconds": None,
}
"""What may leave: the pattern that a text must match; None for a finite number."""

_NAME = re.compile(r"[A-Za-z0-9_./-]{1,120}")
_OTLP = {
    "http/protobuf": (
        "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        "opentelemetry-exporter-otlp-proto-http",
    ),
    "grpc": (
        "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
        "opentelemetry-exporter-otlp-proto-grpc",
    ),
}


class FileExporter(FileSpanExporter):
    """OTLP JSON lines in a file that is bounded, private, and opened when there is something to write."""

    def __init__(self, path: Path) -> None:
        self._file = TraceFile(path)
        super().__init__(stream=cast(IO[str], self._file))

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:
        super().shutdown(timeout_millis)
        self._file.close()


class AllowListExporter(SpanExporter):
    """Hands on spans without anything that `ALLOWED` does not list. What the inner one raises ends here."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._inner.export([_bare(span) for span in spans])

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


def _bare(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=named(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={
            name: value for name, value in (span.attributes or {}).items() if _may_leave(name, value)
        },
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _may_leave(name: str, value: Any) -> bool:
    if name not in ALLOWED:
        return False
    pattern = ALLOWED[name]
    if pattern is None:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def named(name: str) -> str:
    """The name of a span, if it can be one of ours."""
    return str(name) if _NAME.fullmatch(name) else "unnamed"


def otlp_exporter(environ: Mapping[str, str]) -> SpanExporter:
    """The official OTLP exporter, which reads the rest of OTEL_EXPORTER_OTLP_* itself.

    Raises:
        Misconfigured: its package is not installed, or the protocol is none.
    """
    named = environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    protocol = named or "http/protobuf"
    if protocol not in _OTLP:
        raise Misconfigured(
            f"OTEL_EXPORTER_OTLP_PROTOCOL must be {' or '.join(_OTLP)}", setting="OTEL_EXPORTER_OTLP_PROTOCOL"
        )
    module, package = _OTLP[protocol]
    try:
        exporter = import_module(module).OTLPSpanExporter
    except ImportError as error:
        raise Misconfigured(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {package} is not installed: pip install {package}, "
            "or unset it to have traces in a file",
            setting="OTEL_EXPORTER_OTLP_ENDPOINT",
        ) from error
    return cast(SpanExporter, exporter())
