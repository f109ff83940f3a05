import datetime

from service.pb.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from service.pb.sitter.v1 import identity_pb2 as _identity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConsentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSENT_STATE_UNSPECIFIED: _ClassVar[ConsentState]
    CONSENT_STATE_GIVEN: _ClassVar[ConsentState]
    CONSENT_STATE_NOT_YET_VALID: _ClassVar[ConsentState]
    CONSENT_STATE_EXPIRED: _ClassVar[ConsentState]
    CONSENT_STATE_WITHDRAWN: _ClassVar[ConsentState]

class Attestation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ATTESTATION_UNSPECIFIED: _ClassVar[Attestation]
    ATTESTATION_SESSION: _ClassVar[Attestation]
    ATTESTATION_OPERATOR: _ClassVar[Attestation]
    ATTESTATION_DECLARATION: _ClassVar[Attestation]

class ScriptKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCRIPT_KIND_UNSPECIFIED: _ClassVar[ScriptKind]
    SCRIPT_KIND_FREE: _ClassVar[ScriptKind]
    SCRIPT_KIND_EXACT: _ClassVar[ScriptKind]
    SCRIPT_KIND_TOPICS: _ClassVar[ScriptKind]
CONSENT_STATE_UNSPECIFIED: ConsentState
CONSENT_STATE_GIVEN: ConsentState
CONSENT_STATE_NOT_YET_VALID: ConsentState
CONSENT_STATE_EXPIRED: ConsentState
CONSENT_STATE_WITHDRAWN: ConsentState
ATTESTATION_UNSPECIFIED: Attestation
ATTESTATION_SESSION: Attestation
ATTESTATION_OPERATOR: Attestation
ATTESTATION_DECLARATION: Attestation
SCRIPT_KIND_UNSPECIFIED: ScriptKind
SCRIPT_KIND_FREE: ScriptKind
SCRIPT_KIND_EXACT: ScriptKind
SCRIPT_KIND_TOPICS: ScriptKind

class ScriptRule(_message.Message):
    __slots__ = ("kind", "texts", "commitments", "topics", "terms")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    COMMITMENTS_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    kind: ScriptKind
    texts: _containers.RepeatedScalarFieldContainer[str]
    commitments: _containers.RepeatedScalarFieldContainer[str]
    topics: _containers.RepeatedScalarFieldContainer[str]
    terms: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, kind: _Optional[_Union[ScriptKind, str]] = ..., texts: _Optional[_Iterable[str]] = ..., commitments: _Optional[_Iterable[str]] = ..., topics: _Optional[_Iterable[str]] = ..., terms: _Optional[_Iterable[str]] = ...) -> None: ...

class Scope(_message.Message):
    __slots__ = ("callers", "purposes", "territories", "channels", "not_before", "not_after", "max_seconds", "emotions", "controls", "live", "languages", "script", "total_seconds", "max_clips", "clips_per_day", "own_voice_only")
    CALLERS_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    TERRITORIES_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    MAX_SECONDS_FIELD_NUMBER: _ClassVar[int]
    EMOTIONS_FIELD_NUMBER: _ClassVar[int]
    CONTROLS_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    SCRIPT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MAX_CLIPS_FIELD_NUMBER: _ClassVar[int]
    CLIPS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    OWN_VOICE_ONLY_FIELD_NUMBER: _ClassVar[int]
    callers: _containers.RepeatedScalarFieldContainer[str]
    purposes: _containers.RepeatedScalarFieldContainer[str]
    territories: _containers.RepeatedScalarFieldContainer[str]
    channels: _containers.RepeatedScalarFieldContainer[str]
    not_before: _timestamp_pb2.Timestamp
    not_after: _timestamp_pb2.Timestamp
    max_seconds: float
    emotions: _containers.RepeatedScalarFieldContainer[str]
    controls: _containers.RepeatedScalarFieldContainer[str]
    live: bool
    languages: _containers.RepeatedScalarFieldContainer[str]
    script: ScriptRule
    total_seconds: float
    max_clips: int
    clips_per_day: int
    own_voice_only: bool
    def __init__(self, callers: _Optional[_Iterable[str]] = ..., purposes: _Optional[_Iterable[str]] = ..., territories: _Optional[_Iterable[str]] = ..., channels: _Optional[_Iterable[str]] = ..., not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., not_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., max_seconds: _Optional[float] = ..., emotions: _Optional[_Iterable[str]] = ..., controls: _Optional[_Iterable[str]] = ..., live: _Optional[bool] = ..., languages: _Optional[_Iterable[str]] = ..., script: _Optional[_Union[ScriptRule, _Mapping]] = ..., total_seconds: _Optional[float] = ..., max_clips: _Optional[int] = ..., clips_per_day: _Optional[int] = ..., own_voice_only: _Optional[bool] = ...) -> None: ...

class Consent(_message.Message):
    __slots__ = ("consent_id", "identity_id", "basis", "scope", "state", "granted_at", "granted_by", "withdrawn_at", "version", "notice", "attested")
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    GRANTED_AT_FIELD_NUMBER: _ClassVar[int]
    GRANTED_BY_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    ATTESTED_FIELD_NUMBER: _ClassVar[int]
    consent_id: str
    identity_id: str
    basis: _identity_pb2.Basis
    scope: Scope
    state: ConsentState
    granted_at: _timestamp_pb2.Timestamp
    granted_by: str
    withdrawn_at: _timestamp_pb2.Timestamp
    version: int
    notice: str
    attested: Attestation
    def __init__(self, consent_id: _Optional[str] = ..., identity_id: _Optional[str] = ..., basis: _Optional[_Union[_identity_pb2.Basis, str]] = ..., scope: _Optional[_Union[Scope, _Mapping]] = ..., state: _Optional[_Union[ConsentState, str]] = ..., granted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., granted_by: _Optional[str] = ..., withdrawn_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., notice: _Optional[str] = ..., attested: _Optional[_Union[Attestation, str]] = ...) -> None: ...

class GrantConsentRequest(_message.Message):
    __slots__ = ("identity_id", "scope", "evidence", "notice")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    scope: Scope
    evidence: str
    notice: str
    def __init__(self, identity_id: _Optional[str] = ..., scope: _Optional[_Union[Scope, _Mapping]] = ..., evidence: _Optional[str] = ..., notice: _Optional[str] = ...) -> None: ...

class GrantConsentResponse(_message.Message):
    __slots__ = ("consent", "log_index")
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    consent: Consent
    log_index: int
    def __init__(self, consent: _Optional[_Union[Consent, _Mapping]] = ..., log_index: _Optional[int] = ...) -> None: ...

class WithdrawConsentRequest(_message.Message):
    __slots__ = ("consent_id",)
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    consent_id: str
    def __init__(self, consent_id: _Optional[str] = ...) -> None: ...

class WithdrawConsentResponse(_message.Message):
    __slots__ = ("consent", "log_index")
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    consent: Consent
    log_index: int
    def __init__(self, consent: _Optional[_Union[Consent, _Mapping]] = ..., log_index: _Optional[int] = ...) -> None: ...

class GetConsentRequest(_message.Message):
    __slots__ = ("consent_id",)
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    consent_id: str
    def __init__(self, consent_id: _Optional[str] = ...) -> None: ...

class GetConsentResponse(_message.Message):
    __slots__ = ("consent",)
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    consent: Consent
    def __init__(self, consent: _Optional[_Union[Consent, _Mapping]] = ...) -> None: ...

class ListConsentsRequest(_message.Message):
    __slots__ = ("identity_id", "page_size", "page_token")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    page_size: int
    page_token: str
    def __init__(self, identity_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListConsentsResponse(_message.Message):
    __slots__ = ("consents", "next_page_token")
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[Consent]
    next_page_token: str
    def __init__(self, consents: _Optional[_Iterable[_Union[Consent, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class AmendConsentRequest(_message.Message):
    __slots__ = ("consent_id", "version", "scope", "evidence", "notice")
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    consent_id: str
    version: int
    scope: Scope
    evidence: str
    notice: str
    def __init__(self, consent_id: _Optional[str] = ..., version: _Optional[int] = ..., scope: _Optional[_Union[Scope, _Mapping]] = ..., evidence: _Optional[str] = ..., notice: _Optional[str] = ...) -> None: ...

class AmendConsentResponse(_message.Message):
    __slots__ = ("consent", "log_index")
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    consent: Consent
    log_index: int
    def __init__(self, consent: _Optional[_Union[Consent, _Mapping]] = ..., log_index: _Optional[int] = ...) -> None: ...

class RenewConsentRequest(_message.Message):
    __slots__ = ("consent_id", "version", "not_after", "evidence", "notice")
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    consent_id: str
    version: int
    not_after: _timestamp_pb2.Timestamp
    evidence: str
    notice: str
    def __init__(self, consent_id: _Optional[str] = ..., version: _Optional[int] = ..., not_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[str] = ..., notice: _Optional[str] = ...) -> None: ...

class RenewConsentResponse(_message.Message):
    __slots__ = ("consent", "log_index")
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    consent: Consent
    log_index: int
    def __init__(self, consent: _Optional[_Union[Consent, _Mapping]] = ..., log_index: _Optional[int] = ...) -> None: ...

class GetConsentReceiptRequest(_message.Message):
    __slots__ = ("consent_id", "version", "pdf")
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PDF_FIELD_NUMBER: _ClassVar[int]
    consent_id: str
    version: int
    pdf: bool
    def __init__(self, consent_id: _Optional[str] = ..., version: _Optional[int] = ..., pdf: _Optional[bool] = ...) -> None: ...

class GetConsentReceiptResponse(_message.Message):
    __slots__ = ("receipt_json", "pdf", "public_key", "versions")
    RECEIPT_JSON_FIELD_NUMBER: _ClassVar[int]
    PDF_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    receipt_json: str
    pdf: bytes
    public_key: str
    versions: int
    def __init__(self, receipt_json: _Optional[str] = ..., pdf: _Optional[bytes] = ..., public_key: _Optional[str] = ..., versions: _Optional[int] = ...) -> None: ...

class ListUsesRequest(_message.Message):
    __slots__ = ("identity_id", "page_size", "page_token")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    page_size: int
    page_token: str
    def __init__(self, identity_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class Use(_message.Message):
    __slots__ = ("record_id", "consent_id", "version", "caller", "purpose", "territory", "channel", "seconds", "reserved_at", "released_at")
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    TERRITORY_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    RESERVED_AT_FIELD_NUMBER: _ClassVar[int]
    RELEASED_AT_FIELD_NUMBER: _ClassVar[int]
    record_id: str
    consent_id: str
    version: int
    caller: str
    purpose: str
    territory: str
    channel: str
    seconds: float
    reserved_at: _timestamp_pb2.Timestamp
    released_at: _timestamp_pb2.Timestamp
    def __init__(self, record_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., version: _Optional[int] = ..., caller: _Optional[str] = ..., purpose: _Optional[str] = ..., territory: _Optional[str] = ..., channel: _Optional[str] = ..., seconds: _Optional[float] = ..., reserved_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., released_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListUsesResponse(_message.Message):
    __slots__ = ("uses", "next_page_token")
    USES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    uses: _containers.RepeatedCompositeFieldContainer[Use]
    next_page_token: str
    def __init__(self, uses: _Optional[_Iterable[_Union[Use, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
