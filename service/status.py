"""Errors on the wire: one table from our errors to gRPC codes, and `google.rpc` details with stable reasons.

A reason is looked up along the class tree, so a new leaf answers as its nearest listed ancestor does. What
is not ours tells the caller nothing: its text may hold paths or personal data.
"""

import logging
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from engine import errors as engine
from perception import errors as perception
from safety import errors as safety
from service.queries import NotOffered, QueryInvalid
from service.uploads import UploadBroken
from service.watcher import CallerGone

DOMAIN = "sitter.dev"

STATUS: dict[type[perception.SitterError], Any] = {
    perception.MediaError: code_pb2.INVALID_ARGUMENT,
    perception.FaceError: code_pb2.INVALID_ARGUMENT,
    perception.SpeechError: code_pb2.INVALID_ARGUMENT,
    perception.ModelError: code_pb2.UNAVAILABLE,
    engine.ControlOutOfRange: code_pb2.INVALID_ARGUMENT,
    engine.PortraitUnusable: code_pb2.INVALID_ARGUMENT,
    engine.TrackUnusable: code_pb2.INVALID_ARGUMENT,
    engine.StreamClosed: code_pb2.FAILED_PRECONDITION,
    engine.RenderCancelled: code_pb2.CANCELLED,
    engine.RenderFailed: code_pb2.UNAVAILABLE,
    UploadBroken: code_pb2.INVALID_ARGUMENT,
    QueryInvalid: code_pb2.INVALID_ARGUMENT,
    NotOffered: code_pb2.UNIMPLEMENTED,
    CallerGone: code_pb2.CANCELLED,
    safety.IdentityUnknown: code_pb2.NOT_FOUND,
    safety.IdentityExists: code_pb2.ALREADY_EXISTS,
    safety.EnrolmentRefused: code_pb2.INVALID_ARGUMENT,
    safety.ConsentUnknown: code_pb2.NOT_FOUND,
    safety.ConsentInvalid: code_pb2.INVALID_ARGUMENT,
    safety.ConsentConflict: code_pb2.ABORTED,
    safety.ConsentUsedUp: code_pb2.RESOURCE_EXHAUSTED,
    safety.PurposeUnknown: code_pb2.INVALID_ARGUMENT,
    safety.SessionUnknown: code_pb2.NOT_FOUND,
    safety.SessionExpired: code_pb2.FAILED_PRECONDITION,
    safety.SessionSpent: code_pb2.FAILED_PRECONDITION,
    safety.SessionRequired: code_pb2.FAILED_PRECONDITION,
    safety.VoiceUnclear: code_pb2.INVALID_ARGUMENT,
    safety.VoiceMissing: code_pb2.FAILED_PRECONDITION,
    safety.VoiceUnknown: code_pb2.NOT_FOUND,
    safety.QuotaRefused: code_pb2.RESOURCE_EXHAUSTED,
    safety.RequestConflict: code_pb2.ALREADY_EXISTS,
    safety.Refused: code_pb2.PERMISSION_DENIED,
    safety.Unavailable: code_pb2.UNAVAILABLE,
    safety.RecordUnknown: code_pb2.NOT_FOUND,
    safety.CallerForbidden: code_pb2.PERMISSION_DENIED,
    safety.CallerRefused: code_pb2.UNAUTHENTICATED,
    safety.EncoderUnusable: code_pb2.FAILED_PRECONDITION,
    safety.EvidenceInvalid: code_pb2.DATA_LOSS,
    safety.Misconfigured: code_pb2.FAILED_PRECONDITION,
}

_log = logging.getLogger("sitter")


def code_of(error: perception.SitterError) -> Any:
    """The gRPC code of one of our errors."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return code_pb2.INTERNAL


def abort(context: grpc.ServicerContext, error: Exception, trace_id: str) -> None:
    """End the call with `error` as a rich status. Always raises."""
    context.abort_with_status(rpc_status.to_status(status_of(error, trace_id)))


def status_of(error: Exception, trace_id: str) -> status_pb2.Status:
    """The `google.rpc.Status` of an error: one ErrorInfo with reason, domain, metadata and trace id."""
    if not isinstance(error, perception.SitterError):
        # the class tells an operator where to look; the text could hold what must not leave
        _log.error("unforeseen %s in trace %s", type(error).__name__, trace_id, exc_info=error)
        return _status(
            code_pb2.INTERNAL, "INTERNAL", f"internal error: give the operator trace {trace_id}", trace_id, {}
        )
    return _status(code_of(error), error.reason, str(error), trace_id, error.metadata)


def invalid(violations: list[tuple[str, str, str]], trace_id: str) -> status_pb2.Status:
    """The status of a message that breaks its .proto's rules: (field, rule id, description) each."""
    status = _status(
        code_pb2.INVALID_ARGUMENT, "REQUEST_INVALID",
        "; ".join(f"{field}: {text}" for field, _, text in violations), trace_id, {},
    )  # fmt: skip
    details = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=field, description=text, reason=rule.upper().replace(".", "_")
            )
            for field, rule, text in violations
        ]
    )
    status.details.append(_packed(details))
    return status


def _status(
    code: int, reason: str, message: str, trace_id: str, metadata: dict[str, str]
) -> status_pb2.Status:
    info = error_details_pb2.ErrorInfo(
        reason=reason, domain=DOMAIN, metadata=metadata | {"trace_id": trace_id}
    )
    return status_pb2.Status(code=code, message=message, details=[_packed(info)])


def _packed(message: object) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
