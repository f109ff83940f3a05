"""The door: each call is authenticated, traced, validated by the .proto's rules, answered in our errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc
import protovalidate
from grpc_status import rpc_status

from service.caller import Caller, Callers
from service.status import abort, invalid
from service.tracing import Tracing

OURS = "/sitter.v1."
OPEN_TO_ANYBODY = "/sitter.v1.DetectionService/"


@dataclass(frozen=True)
class Call:
    """The call being answered in this thread."""

    caller: Caller
    trace_id: str
    context: grpc.ServicerContext


_call: ContextVar[Call] = ContextVar("call")


def current_call() -> Call:
    """The call that the interceptor let in. Only inside a servicer's method."""
    return _call.get()


class _RequestInvalid(Exception):
    """A message breaks its .proto's rules; holds (field, rule, description) of each violation."""

    def __init__(self, violations: list[tuple[str, str, str]]) -> None:
        super().__init__("request invalid")
        self.violations = violations


class Front(grpc.ServerInterceptor):
    """Wraps the methods of `sitter.v1`; health and reflection pass untouched."""

    def __init__(self, callers: Callers, tracing: Tracing, clock: Callable[[], datetime]) -> None:
        self._callers = callers
        self._tracing = tracing
        self._clock = clock
        self._validator = protovalidate.Validator()

    def intercept_service(
        self, continuation: Callable[[Any], Any], details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler | None:
        handler = continuation(details)
        if handler is None or not details.method.startswith(OURS):
            return handler
        sides = (handler.request_streaming, handler.response_streaming)
        kind = "_".join("stream" if streaming else "unary" for streaming in sides)
        answer = self._stream if handler.response_streaming else self._single
        behaviour = getattr(handler, kind)
        wrapped = answer(
            details.method, behaviour, self._messages if handler.request_streaming else self._message
        )
        make = getattr(grpc, f"{kind}_rpc_method_handler")
        made: grpc.RpcMethodHandler = make(
            wrapped,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
        return made

    def _single(
        self, method: str, behaviour: Callable[..., Any], check: Callable[[Any], Any]
    ) -> Callable[..., Any]:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            with self._answering(method, context):
                return behaviour(check(request), context)

        return answer

    def _stream(
        self, method: str, behaviour: Callable[..., Any], check: Callable[[Any], Any]
    ) -> Callable[..., Any]:
        def answer(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._answering(method, context):
                yield from behaviour(check(request), context)

        return answer

    @contextmanager
    def _answering(self, method: str, context: grpc.ServicerContext) -> Iterator[None]:
        metadata = dict(context.invocation_metadata())
        with self._tracing.request(method.removeprefix("/"), metadata.get("traceparent")) as span:
            try:
                caller = self._callers.identify(
                    authorization=metadata.get("authorization"),
                    peer_names=_peer_names(context),
                    anonymous=method.startswith(OPEN_TO_ANYBODY),
                    at=self._clock(),
                )
                token = _call.set(Call(caller, span.trace_id, context))
                try:
                    yield
                finally:
                    _call.reset(token)
            except _RequestInvalid as error:
                span.refused("REQUEST_INVALID")
                context.abort_with_status(rpc_status.to_status(invalid(error.violations, span.trace_id)))
            except grpc.RpcError:
                span.refused("CANCELLED")  # the caller went away while it sent: nobody to answer
                raise
            except Exception as error:
                span.refused(getattr(error, "reason", "INTERNAL"))
                abort(context, error, span.trace_id)

    def _message(self, message: Any) -> Any:
        if violations := self._validator.collect_violations(message):
            raise _RequestInvalid([_described(v) for v in violations])
        return message

    def _messages(self, messages: Iterator[Any]) -> Iterator[Any]:
        return map(self._message, messages)


def _described(violation: Any) -> tuple[str, str, str]:
    found = violation.proto if hasattr(violation, "proto") else violation
    path = ".".join(element.field_name for element in found.field.elements) if found.field else ""
    return path, found.rule_id, found.message


def _peer_names(context: grpc.ServicerContext) -> tuple[str, ...]:
    """Names in the client's certificate; empty without mTLS."""
    identities = context.auth_context().get("x509_subject_alternative_name", ())
    common = context.auth_context().get("x509_common_name", ())
    return tuple(name.decode("utf-8", "replace") for name in (*identities, *common))
