import datetime

from service.pb.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from service.pb.sitter.v1 import consent_pb2 as _consent_pb2
from service.pb.sitter.v1 import identity_pb2 as _identity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_STATE_UNSPECIFIED: _ClassVar[SessionState]
    SESSION_STATE_WAITING: _ClassVar[SessionState]
    SESSION_STATE_OPEN: _ClassVar[SessionState]
    SESSION_STATE_PASSED: _ClassVar[SessionState]
    SESSION_STATE_FAILED: _ClassVar[SessionState]
    SESSION_STATE_EXPIRED: _ClassVar[SessionState]

class HeadTurn(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HEAD_TURN_UNSPECIFIED: _ClassVar[HeadTurn]
    HEAD_TURN_LEFT: _ClassVar[HeadTurn]
    HEAD_TURN_RIGHT: _ClassVar[HeadTurn]
    HEAD_TURN_UP: _ClassVar[HeadTurn]
    HEAD_TURN_NOD: _ClassVar[HeadTurn]
SESSION_STATE_UNSPECIFIED: SessionState
SESSION_STATE_WAITING: SessionState
SESSION_STATE_OPEN: SessionState
SESSION_STATE_PASSED: SessionState
SESSION_STATE_FAILED: SessionState
SESSION_STATE_EXPIRED: SessionState
HEAD_TURN_UNSPECIFIED: HeadTurn
HEAD_TURN_LEFT: HeadTurn
HEAD_TURN_RIGHT: HeadTurn
HEAD_TURN_UP: HeadTurn
HEAD_TURN_NOD: HeadTurn

class SessionChallenge(_message.Message):
    __slots__ = ("words", "turns", "until")
    WORDS_FIELD_NUMBER: _ClassVar[int]
    TURNS_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    words: _containers.RepeatedScalarFieldContainer[str]
    turns: _containers.RepeatedScalarFieldContainer[HeadTurn]
    until: _timestamp_pb2.Timestamp
    def __init__(self, words: _Optional[_Iterable[str]] = ..., turns: _Optional[_Iterable[_Union[HeadTurn, str]]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ConsentSession(_message.Message):
    __slots__ = ("session_id", "state", "identity_id", "scope", "started_at", "attempts", "reason", "evidence", "evidence_commitment", "measures_json")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    MEASURES_JSON_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    state: SessionState
    identity_id: str
    scope: _consent_pb2.Scope
    started_at: _timestamp_pb2.Timestamp
    attempts: int
    reason: str
    evidence: str
    evidence_commitment: str
    measures_json: str
    def __init__(self, session_id: _Optional[str] = ..., state: _Optional[_Union[SessionState, str]] = ..., identity_id: _Optional[str] = ..., scope: _Optional[_Union[_consent_pb2.Scope, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ..., reason: _Optional[str] = ..., evidence: _Optional[str] = ..., evidence_commitment: _Optional[str] = ..., measures_json: _Optional[str] = ...) -> None: ...

class StartSessionRequest(_message.Message):
    __slots__ = ("identity_id", "scope", "link")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    scope: _consent_pb2.Scope
    link: bool
    def __init__(self, identity_id: _Optional[str] = ..., scope: _Optional[_Union[_consent_pb2.Scope, _Mapping]] = ..., link: _Optional[bool] = ...) -> None: ...

class StartSessionResponse(_message.Message):
    __slots__ = ("session", "challenge", "link_path", "log_index")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    LINK_PATH_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    session: ConsentSession
    challenge: SessionChallenge
    link_path: str
    log_index: int
    def __init__(self, session: _Optional[_Union[ConsentSession, _Mapping]] = ..., challenge: _Optional[_Union[SessionChallenge, _Mapping]] = ..., link_path: _Optional[str] = ..., log_index: _Optional[int] = ...) -> None: ...

class SubmitSessionHeader(_message.Message):
    __slots__ = ("session_id", "video_bytes")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    VIDEO_BYTES_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    video_bytes: int
    def __init__(self, session_id: _Optional[str] = ..., video_bytes: _Optional[int] = ...) -> None: ...

class SubmitSessionRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: SubmitSessionHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[SubmitSessionHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class SubmitSessionResponse(_message.Message):
    __slots__ = ("session", "log_index")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    session: ConsentSession
    log_index: int
    def __init__(self, session: _Optional[_Union[ConsentSession, _Mapping]] = ..., log_index: _Optional[int] = ...) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class GetSessionResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: ConsentSession
    def __init__(self, session: _Optional[_Union[ConsentSession, _Mapping]] = ...) -> None: ...

class EnrollFromSessionRequest(_message.Message):
    __slots__ = ("session_id", "label", "adult", "guardian")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    ADULT_FIELD_NUMBER: _ClassVar[int]
    GUARDIAN_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    label: str
    adult: bool
    guardian: bool
    def __init__(self, session_id: _Optional[str] = ..., label: _Optional[str] = ..., adult: _Optional[bool] = ..., guardian: _Optional[bool] = ...) -> None: ...

class EnrollFromSessionResponse(_message.Message):
    __slots__ = ("identity", "log_index")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    identity: _identity_pb2.Identity
    log_index: int
    def __init__(self, identity: _Optional[_Union[_identity_pb2.Identity, _Mapping]] = ..., log_index: _Optional[int] = ...) -> None: ...
