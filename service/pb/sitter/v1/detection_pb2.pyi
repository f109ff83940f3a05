from service.pb.buf.validate import validate_pb2 as _validate_pb2
from service.pb.sitter.v1 import consent_pb2 as _consent_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_ISSUED_INTACT: _ClassVar[Verdict]
    VERDICT_ISSUED_RECOVERED: _ClassVar[Verdict]
    VERDICT_ISSUED_ALTERED: _ClassVar[Verdict]
    VERDICT_CONFLICT: _ClassVar[Verdict]
    VERDICT_FOREIGN_CREDENTIALS: _ClassVar[Verdict]
    VERDICT_NO_RECORD: _ClassVar[Verdict]

class CredentialState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CREDENTIAL_STATE_UNSPECIFIED: _ClassVar[CredentialState]
    CREDENTIAL_STATE_NONE: _ClassVar[CredentialState]
    CREDENTIAL_STATE_OURS: _ClassVar[CredentialState]
    CREDENTIAL_STATE_TRUSTED: _ClassVar[CredentialState]
    CREDENTIAL_STATE_UNTRUSTED: _ClassVar[CredentialState]
    CREDENTIAL_STATE_INVALID: _ClassVar[CredentialState]
VERDICT_UNSPECIFIED: Verdict
VERDICT_ISSUED_INTACT: Verdict
VERDICT_ISSUED_RECOVERED: Verdict
VERDICT_ISSUED_ALTERED: Verdict
VERDICT_CONFLICT: Verdict
VERDICT_FOREIGN_CREDENTIALS: Verdict
VERDICT_NO_RECORD: Verdict
CREDENTIAL_STATE_UNSPECIFIED: CredentialState
CREDENTIAL_STATE_NONE: CredentialState
CREDENTIAL_STATE_OURS: CredentialState
CREDENTIAL_STATE_TRUSTED: CredentialState
CREDENTIAL_STATE_UNTRUSTED: CredentialState
CREDENTIAL_STATE_INVALID: CredentialState

class DetectHeader(_message.Message):
    __slots__ = ("video_bytes",)
    VIDEO_BYTES_FIELD_NUMBER: _ClassVar[int]
    video_bytes: int
    def __init__(self, video_bytes: _Optional[int] = ...) -> None: ...

class DetectRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: DetectHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[DetectHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class CredentialReading(_message.Message):
    __slots__ = ("state", "manifest_id", "issuer", "failures")
    STATE_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    state: CredentialState
    manifest_id: str
    issuer: str
    failures: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, state: _Optional[_Union[CredentialState, str]] = ..., manifest_id: _Optional[str] = ..., issuer: _Optional[str] = ..., failures: _Optional[_Iterable[str]] = ...) -> None: ...

class WatermarkReading(_message.Message):
    __slots__ = ("payload", "confidence", "false_positive")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    FALSE_POSITIVE_FIELD_NUMBER: _ClassVar[int]
    payload: str
    confidence: float
    false_positive: float
    def __init__(self, payload: _Optional[str] = ..., confidence: _Optional[float] = ..., false_positive: _Optional[float] = ...) -> None: ...

class Span(_message.Message):
    __slots__ = ("start", "end", "kind")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    start: float
    end: float
    kind: str
    def __init__(self, start: _Optional[float] = ..., end: _Optional[float] = ..., kind: _Optional[str] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("cue", "value", "unit", "low", "high", "sign", "reason", "start", "end", "source")
    CUE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    SIGN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    cue: str
    value: float
    unit: str
    low: float
    high: float
    sign: float
    reason: str
    start: float
    end: float
    source: str
    def __init__(self, cue: _Optional[str] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., sign: _Optional[float] = ..., reason: _Optional[str] = ..., start: _Optional[float] = ..., end: _Optional[float] = ..., source: _Optional[str] = ...) -> None: ...

class DetectResponse(_message.Message):
    __slots__ = ("verdict", "explanation", "record_id", "credentials", "watermark", "altered", "consent", "score", "score_verdict", "calibrated", "findings", "report_json", "log_index", "sound_mark")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_FIELD_NUMBER: _ClassVar[int]
    ALTERED_FIELD_NUMBER: _ClassVar[int]
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORE_VERDICT_FIELD_NUMBER: _ClassVar[int]
    CALIBRATED_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    REPORT_JSON_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    SOUND_MARK_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    explanation: str
    record_id: str
    credentials: CredentialReading
    watermark: WatermarkReading
    altered: _containers.RepeatedCompositeFieldContainer[Span]
    consent: _consent_pb2.ConsentState
    score: float
    score_verdict: str
    calibrated: bool
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    report_json: str
    log_index: int
    sound_mark: WatermarkReading
    def __init__(self, verdict: _Optional[_Union[Verdict, str]] = ..., explanation: _Optional[str] = ..., record_id: _Optional[str] = ..., credentials: _Optional[_Union[CredentialReading, _Mapping]] = ..., watermark: _Optional[_Union[WatermarkReading, _Mapping]] = ..., altered: _Optional[_Iterable[_Union[Span, _Mapping]]] = ..., consent: _Optional[_Union[_consent_pb2.ConsentState, str]] = ..., score: _Optional[float] = ..., score_verdict: _Optional[str] = ..., calibrated: _Optional[bool] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., report_json: _Optional[str] = ..., log_index: _Optional[int] = ..., sound_mark: _Optional[_Union[WatermarkReading, _Mapping]] = ...) -> None: ...
