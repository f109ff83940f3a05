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

class DetectStage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DETECT_STAGE_UNSPECIFIED: _ClassVar[DetectStage]
    DETECT_STAGE_UPLOAD: _ClassVar[DetectStage]
    DETECT_STAGE_CREDENTIALS: _ClassVar[DetectStage]
    DETECT_STAGE_CONTENT: _ClassVar[DetectStage]
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
DETECT_STAGE_UNSPECIFIED: DetectStage
DETECT_STAGE_UPLOAD: DetectStage
DETECT_STAGE_CREDENTIALS: DetectStage
DETECT_STAGE_CONTENT: DetectStage

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

class DetectStreamRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: DetectHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[DetectHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class CredentialReading(_message.Message):
    __slots__ = ("state", "manifest_id", "issuer", "failures", "generator", "actions", "source_type", "signed_at", "time_stamped")
    STATE_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    GENERATOR_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIGNED_AT_FIELD_NUMBER: _ClassVar[int]
    TIME_STAMPED_FIELD_NUMBER: _ClassVar[int]
    state: CredentialState
    manifest_id: str
    issuer: str
    failures: _containers.RepeatedScalarFieldContainer[str]
    generator: str
    actions: _containers.RepeatedScalarFieldContainer[str]
    source_type: str
    signed_at: str
    time_stamped: bool
    def __init__(self, state: _Optional[_Union[CredentialState, str]] = ..., manifest_id: _Optional[str] = ..., issuer: _Optional[str] = ..., failures: _Optional[_Iterable[str]] = ..., generator: _Optional[str] = ..., actions: _Optional[_Iterable[str]] = ..., source_type: _Optional[str] = ..., signed_at: _Optional[str] = ..., time_stamped: _Optional[bool] = ...) -> None: ...

class WatermarkReading(_message.Message):
    __slots__ = ("payload", "confidence", "false_positive")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    FALSE_POSITIVE_FIELD_NUMBER: _ClassVar[int]
    payload: str
    confidence: float
    false_positive: float
    def __init__(self, payload: _Optional[str] = ..., confidence: _Optional[float] = ..., false_positive: _Optional[float] = ...) -> None: ...

class Box(_message.Message):
    __slots__ = ("left", "top", "right", "bottom")
    LEFT_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    left: float
    top: float
    right: float
    bottom: float
    def __init__(self, left: _Optional[float] = ..., top: _Optional[float] = ..., right: _Optional[float] = ..., bottom: _Optional[float] = ...) -> None: ...

class Span(_message.Message):
    __slots__ = ("start", "end", "kind", "confidence", "box", "released_start", "released_end", "speed")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    RELEASED_START_FIELD_NUMBER: _ClassVar[int]
    RELEASED_END_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    start: float
    end: float
    kind: str
    confidence: float
    box: Box
    released_start: float
    released_end: float
    speed: float
    def __init__(self, start: _Optional[float] = ..., end: _Optional[float] = ..., kind: _Optional[str] = ..., confidence: _Optional[float] = ..., box: _Optional[_Union[Box, _Mapping]] = ..., released_start: _Optional[float] = ..., released_end: _Optional[float] = ..., speed: _Optional[float] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("cue", "value", "unit", "low", "high", "sign", "reason", "start", "end", "source", "group", "face", "box")
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
    GROUP_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
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
    group: str
    face: int
    box: Box
    def __init__(self, cue: _Optional[str] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., sign: _Optional[float] = ..., reason: _Optional[str] = ..., start: _Optional[float] = ..., end: _Optional[float] = ..., source: _Optional[str] = ..., group: _Optional[str] = ..., face: _Optional[int] = ..., box: _Optional[_Union[Box, _Mapping]] = ...) -> None: ...

class Check(_message.Message):
    __slots__ = ("name", "passed", "severity", "value", "bound", "reason", "start", "end")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    name: str
    passed: bool
    severity: str
    value: float
    bound: str
    reason: str
    start: float
    end: float
    def __init__(self, name: _Optional[str] = ..., passed: _Optional[bool] = ..., severity: _Optional[str] = ..., value: _Optional[float] = ..., bound: _Optional[str] = ..., reason: _Optional[str] = ..., start: _Optional[float] = ..., end: _Optional[float] = ...) -> None: ...

class Second(_message.Message):
    __slots__ = ("start", "faces", "seen", "speaking", "signs")
    START_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    SPEAKING_FIELD_NUMBER: _ClassVar[int]
    SIGNS_FIELD_NUMBER: _ClassVar[int]
    start: float
    faces: int
    seen: float
    speaking: float
    signs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, start: _Optional[float] = ..., faces: _Optional[int] = ..., seen: _Optional[float] = ..., speaking: _Optional[float] = ..., signs: _Optional[_Iterable[str]] = ...) -> None: ...

class FaceTrack(_message.Message):
    __slots__ = ("face", "shot", "start", "end", "box", "seen", "score", "score_verdict", "note")
    FACE_FIELD_NUMBER: _ClassVar[int]
    SHOT_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORE_VERDICT_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    face: int
    shot: int
    start: float
    end: float
    box: Box
    seen: float
    score: float
    score_verdict: str
    note: str
    def __init__(self, face: _Optional[int] = ..., shot: _Optional[int] = ..., start: _Optional[float] = ..., end: _Optional[float] = ..., box: _Optional[_Union[Box, _Mapping]] = ..., seen: _Optional[float] = ..., score: _Optional[float] = ..., score_verdict: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class ScoreBand(_message.Message):
    __slots__ = ("low", "high", "false_alarms")
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    FALSE_ALARMS_FIELD_NUMBER: _ClassVar[int]
    low: float
    high: float
    false_alarms: float
    def __init__(self, low: _Optional[float] = ..., high: _Optional[float] = ..., false_alarms: _Optional[float] = ...) -> None: ...

class DetectResponse(_message.Message):
    __slots__ = ("verdict", "explanation", "record_id", "credentials", "watermark", "altered", "consent", "score", "score_verdict", "calibrated", "findings", "report_json", "log_index", "sound_mark", "notes", "limits", "checks", "timeline", "band", "seconds", "faces", "tracks", "suspect", "aspect", "found_by", "shown")
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
    NOTES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    TIMELINE_FIELD_NUMBER: _ClassVar[int]
    BAND_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    SUSPECT_FIELD_NUMBER: _ClassVar[int]
    ASPECT_FIELD_NUMBER: _ClassVar[int]
    FOUND_BY_FIELD_NUMBER: _ClassVar[int]
    SHOWN_FIELD_NUMBER: _ClassVar[int]
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
    notes: _containers.RepeatedScalarFieldContainer[str]
    limits: _containers.RepeatedScalarFieldContainer[str]
    checks: _containers.RepeatedCompositeFieldContainer[Check]
    timeline: _containers.RepeatedCompositeFieldContainer[Second]
    band: ScoreBand
    seconds: float
    faces: int
    tracks: _containers.RepeatedCompositeFieldContainer[FaceTrack]
    suspect: int
    aspect: float
    found_by: _containers.RepeatedScalarFieldContainer[str]
    shown: Shown
    def __init__(self, verdict: _Optional[_Union[Verdict, str]] = ..., explanation: _Optional[str] = ..., record_id: _Optional[str] = ..., credentials: _Optional[_Union[CredentialReading, _Mapping]] = ..., watermark: _Optional[_Union[WatermarkReading, _Mapping]] = ..., altered: _Optional[_Iterable[_Union[Span, _Mapping]]] = ..., consent: _Optional[_Union[_consent_pb2.ConsentState, str]] = ..., score: _Optional[float] = ..., score_verdict: _Optional[str] = ..., calibrated: _Optional[bool] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., report_json: _Optional[str] = ..., log_index: _Optional[int] = ..., sound_mark: _Optional[_Union[WatermarkReading, _Mapping]] = ..., notes: _Optional[_Iterable[str]] = ..., limits: _Optional[_Iterable[str]] = ..., checks: _Optional[_Iterable[_Union[Check, _Mapping]]] = ..., timeline: _Optional[_Iterable[_Union[Second, _Mapping]]] = ..., band: _Optional[_Union[ScoreBand, _Mapping]] = ..., seconds: _Optional[float] = ..., faces: _Optional[int] = ..., tracks: _Optional[_Iterable[_Union[FaceTrack, _Mapping]]] = ..., suspect: _Optional[int] = ..., aspect: _Optional[float] = ..., found_by: _Optional[_Iterable[str]] = ..., shown: _Optional[_Union[Shown, _Mapping]] = ...) -> None: ...

class Shown(_message.Message):
    __slots__ = ("mirrored", "rotation_degrees", "scale", "crop", "place", "speed", "covered")
    MIRRORED_FIELD_NUMBER: _ClassVar[int]
    ROTATION_DEGREES_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    CROP_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    COVERED_FIELD_NUMBER: _ClassVar[int]
    mirrored: bool
    rotation_degrees: float
    scale: float
    crop: Box
    place: Box
    speed: float
    covered: _containers.RepeatedCompositeFieldContainer[Box]
    def __init__(self, mirrored: _Optional[bool] = ..., rotation_degrees: _Optional[float] = ..., scale: _Optional[float] = ..., crop: _Optional[_Union[Box, _Mapping]] = ..., place: _Optional[_Union[Box, _Mapping]] = ..., speed: _Optional[float] = ..., covered: _Optional[_Iterable[_Union[Box, _Mapping]]] = ...) -> None: ...

class DetectProgress(_message.Message):
    __slots__ = ("stage", "seconds_done", "seconds_total")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_DONE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    stage: DetectStage
    seconds_done: float
    seconds_total: float
    def __init__(self, stage: _Optional[_Union[DetectStage, str]] = ..., seconds_done: _Optional[float] = ..., seconds_total: _Optional[float] = ...) -> None: ...

class PartialFindings(_message.Message):
    __slots__ = ("score", "score_verdict", "findings", "seconds")
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORE_VERDICT_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    score: float
    score_verdict: str
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    seconds: float
    def __init__(self, score: _Optional[float] = ..., score_verdict: _Optional[str] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., seconds: _Optional[float] = ...) -> None: ...

class DetectStreamResponse(_message.Message):
    __slots__ = ("progress", "partial", "answer")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    progress: DetectProgress
    partial: PartialFindings
    answer: DetectResponse
    def __init__(self, progress: _Optional[_Union[DetectProgress, _Mapping]] = ..., partial: _Optional[_Union[PartialFindings, _Mapping]] = ..., answer: _Optional[_Union[DetectResponse, _Mapping]] = ...) -> None: ...
