import datetime

from service.pb.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Basis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BASIS_UNSPECIFIED: _ClassVar[Basis]
    BASIS_CONSENT: _ClassVar[Basis]
    BASIS_CHARACTER: _ClassVar[Basis]
    BASIS_ARTWORK: _ClassVar[Basis]

class IdentityState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IDENTITY_STATE_UNSPECIFIED: _ClassVar[IdentityState]
    IDENTITY_STATE_PENDING: _ClassVar[IdentityState]
    IDENTITY_STATE_LIVE: _ClassVar[IdentityState]
    IDENTITY_STATE_SUSPENDED: _ClassVar[IdentityState]
    IDENTITY_STATE_ERASED: _ClassVar[IdentityState]

class VoiceReview(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VOICE_REVIEW_UNSPECIFIED: _ClassVar[VoiceReview]
    VOICE_REVIEW_NONE: _ClassVar[VoiceReview]
    VOICE_REVIEW_PENDING: _ClassVar[VoiceReview]
    VOICE_REVIEW_APPROVED: _ClassVar[VoiceReview]
    VOICE_REVIEW_REJECTED: _ClassVar[VoiceReview]
BASIS_UNSPECIFIED: Basis
BASIS_CONSENT: Basis
BASIS_CHARACTER: Basis
BASIS_ARTWORK: Basis
IDENTITY_STATE_UNSPECIFIED: IdentityState
IDENTITY_STATE_PENDING: IdentityState
IDENTITY_STATE_LIVE: IdentityState
IDENTITY_STATE_SUSPENDED: IdentityState
IDENTITY_STATE_ERASED: IdentityState
VOICE_REVIEW_UNSPECIFIED: VoiceReview
VOICE_REVIEW_NONE: VoiceReview
VOICE_REVIEW_PENDING: VoiceReview
VOICE_REVIEW_APPROVED: VoiceReview
VOICE_REVIEW_REJECTED: VoiceReview

class Identity(_message.Message):
    __slots__ = ("identity_id", "basis", "pictures", "protected", "erased", "enrolled_at", "enrolled_by", "encoder", "state", "reviewed_by", "guardian", "retain_until", "media_until")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    PROTECTED_FIELD_NUMBER: _ClassVar[int]
    ERASED_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_AT_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_BY_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REVIEWED_BY_FIELD_NUMBER: _ClassVar[int]
    GUARDIAN_FIELD_NUMBER: _ClassVar[int]
    RETAIN_UNTIL_FIELD_NUMBER: _ClassVar[int]
    MEDIA_UNTIL_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    basis: Basis
    pictures: int
    protected: bool
    erased: bool
    enrolled_at: _timestamp_pb2.Timestamp
    enrolled_by: str
    encoder: str
    state: IdentityState
    reviewed_by: str
    guardian: bool
    retain_until: _timestamp_pb2.Timestamp
    media_until: _timestamp_pb2.Timestamp
    def __init__(self, identity_id: _Optional[str] = ..., basis: _Optional[_Union[Basis, str]] = ..., pictures: _Optional[int] = ..., protected: _Optional[bool] = ..., erased: _Optional[bool] = ..., enrolled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., enrolled_by: _Optional[str] = ..., encoder: _Optional[str] = ..., state: _Optional[_Union[IdentityState, str]] = ..., reviewed_by: _Optional[str] = ..., guardian: _Optional[bool] = ..., retain_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., media_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FaceTemplate(_message.Message):
    __slots__ = ("encoder_sha256", "values")
    ENCODER_SHA256_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    encoder_sha256: str
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, encoder_sha256: _Optional[str] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class EnrollIdentityHeader(_message.Message):
    __slots__ = ("basis", "label", "declaration", "protected", "picture_bytes", "adult", "guardian", "video_bytes", "template", "retain_days", "media_days", "voice_bytes")
    BASIS_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    PROTECTED_FIELD_NUMBER: _ClassVar[int]
    PICTURE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ADULT_FIELD_NUMBER: _ClassVar[int]
    GUARDIAN_FIELD_NUMBER: _ClassVar[int]
    VIDEO_BYTES_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    RETAIN_DAYS_FIELD_NUMBER: _ClassVar[int]
    MEDIA_DAYS_FIELD_NUMBER: _ClassVar[int]
    VOICE_BYTES_FIELD_NUMBER: _ClassVar[int]
    basis: Basis
    label: str
    declaration: str
    protected: bool
    picture_bytes: _containers.RepeatedScalarFieldContainer[int]
    adult: bool
    guardian: bool
    video_bytes: int
    template: FaceTemplate
    retain_days: int
    media_days: int
    voice_bytes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, basis: _Optional[_Union[Basis, str]] = ..., label: _Optional[str] = ..., declaration: _Optional[str] = ..., protected: _Optional[bool] = ..., picture_bytes: _Optional[_Iterable[int]] = ..., adult: _Optional[bool] = ..., guardian: _Optional[bool] = ..., video_bytes: _Optional[int] = ..., template: _Optional[_Union[FaceTemplate, _Mapping]] = ..., retain_days: _Optional[int] = ..., media_days: _Optional[int] = ..., voice_bytes: _Optional[_Iterable[int]] = ...) -> None: ...

class EnrollIdentityRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: EnrollIdentityHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[EnrollIdentityHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class EnrollIdentityResponse(_message.Message):
    __slots__ = ("identity", "log_index")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    identity: Identity
    log_index: int
    def __init__(self, identity: _Optional[_Union[Identity, _Mapping]] = ..., log_index: _Optional[int] = ...) -> None: ...

class GetEnrolmentRequest(_message.Message):
    __slots__ = ("identity_id",)
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    def __init__(self, identity_id: _Optional[str] = ...) -> None: ...

class GetEnrolmentResponse(_message.Message):
    __slots__ = ("enrolment", "picture")
    ENROLMENT_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    enrolment: Enrolment
    picture: bytes
    def __init__(self, enrolment: _Optional[_Union[Enrolment, _Mapping]] = ..., picture: _Optional[bytes] = ...) -> None: ...

class Enrolment(_message.Message):
    __slots__ = ("identity", "label", "declaration")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    identity: Identity
    label: str
    declaration: str
    def __init__(self, identity: _Optional[_Union[Identity, _Mapping]] = ..., label: _Optional[str] = ..., declaration: _Optional[str] = ...) -> None: ...

class ReviewIdentityRequest(_message.Message):
    __slots__ = ("identity_id", "approve")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVE_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    approve: bool
    def __init__(self, identity_id: _Optional[str] = ..., approve: _Optional[bool] = ...) -> None: ...

class ReviewIdentityResponse(_message.Message):
    __slots__ = ("identity", "log_index")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    identity: Identity
    log_index: int
    def __init__(self, identity: _Optional[_Union[Identity, _Mapping]] = ..., log_index: _Optional[int] = ...) -> None: ...

class ListLikenessesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListLikenessesResponse(_message.Message):
    __slots__ = ("likenesses",)
    LIKENESSES_FIELD_NUMBER: _ClassVar[int]
    likenesses: _containers.RepeatedCompositeFieldContainer[Likeness]
    def __init__(self, likenesses: _Optional[_Iterable[_Union[Likeness, _Mapping]]] = ...) -> None: ...

class Likeness(_message.Message):
    __slots__ = ("at", "kind", "identity_id", "other_id", "enrolled_by")
    AT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    OTHER_ID_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_BY_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    kind: str
    identity_id: str
    other_id: str
    enrolled_by: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[str] = ..., identity_id: _Optional[str] = ..., other_id: _Optional[str] = ..., enrolled_by: _Optional[str] = ...) -> None: ...

class SweepIdentitiesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SweepIdentitiesResponse(_message.Message):
    __slots__ = ("erased_ids", "media_ids")
    ERASED_IDS_FIELD_NUMBER: _ClassVar[int]
    MEDIA_IDS_FIELD_NUMBER: _ClassVar[int]
    erased_ids: _containers.RepeatedScalarFieldContainer[str]
    media_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, erased_ids: _Optional[_Iterable[str]] = ..., media_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetIdentityRequest(_message.Message):
    __slots__ = ("identity_id",)
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    def __init__(self, identity_id: _Optional[str] = ...) -> None: ...

class GetIdentityResponse(_message.Message):
    __slots__ = ("identity",)
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    identity: Identity
    def __init__(self, identity: _Optional[_Union[Identity, _Mapping]] = ...) -> None: ...

class ListIdentitiesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListIdentitiesResponse(_message.Message):
    __slots__ = ("identities", "next_page_token")
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    identities: _containers.RepeatedCompositeFieldContainer[Identity]
    next_page_token: str
    def __init__(self, identities: _Optional[_Iterable[_Union[Identity, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class EraseIdentityRequest(_message.Message):
    __slots__ = ("identity_id",)
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    def __init__(self, identity_id: _Optional[str] = ...) -> None: ...

class EraseIdentityResponse(_message.Message):
    __slots__ = ("identity", "withdrawn_consent_ids", "log_index")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_CONSENT_IDS_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    identity: Identity
    withdrawn_consent_ids: _containers.RepeatedScalarFieldContainer[str]
    log_index: int
    def __init__(self, identity: _Optional[_Union[Identity, _Mapping]] = ..., withdrawn_consent_ids: _Optional[_Iterable[str]] = ..., log_index: _Optional[int] = ...) -> None: ...

class VoicePrint(_message.Message):
    __slots__ = ("voice_id", "encoder", "source", "seconds", "recordings", "added_at", "added_by", "review", "reviewed_by")
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    RECORDINGS_FIELD_NUMBER: _ClassVar[int]
    ADDED_AT_FIELD_NUMBER: _ClassVar[int]
    ADDED_BY_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    REVIEWED_BY_FIELD_NUMBER: _ClassVar[int]
    voice_id: str
    encoder: str
    source: str
    seconds: float
    recordings: int
    added_at: _timestamp_pb2.Timestamp
    added_by: str
    review: VoiceReview
    reviewed_by: str
    def __init__(self, voice_id: _Optional[str] = ..., encoder: _Optional[str] = ..., source: _Optional[str] = ..., seconds: _Optional[float] = ..., recordings: _Optional[int] = ..., added_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., added_by: _Optional[str] = ..., review: _Optional[_Union[VoiceReview, str]] = ..., reviewed_by: _Optional[str] = ...) -> None: ...

class AddVoiceHeader(_message.Message):
    __slots__ = ("identity_id", "voice_bytes", "session_id")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    VOICE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    voice_bytes: _containers.RepeatedScalarFieldContainer[int]
    session_id: str
    def __init__(self, identity_id: _Optional[str] = ..., voice_bytes: _Optional[_Iterable[int]] = ..., session_id: _Optional[str] = ...) -> None: ...

class AddVoiceRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: AddVoiceHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[AddVoiceHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class AddVoiceResponse(_message.Message):
    __slots__ = ("voice", "log_index")
    VOICE_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    voice: VoicePrint
    log_index: int
    def __init__(self, voice: _Optional[_Union[VoicePrint, _Mapping]] = ..., log_index: _Optional[int] = ...) -> None: ...

class ListVoicesRequest(_message.Message):
    __slots__ = ("identity_id",)
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    def __init__(self, identity_id: _Optional[str] = ...) -> None: ...

class ListVoicesResponse(_message.Message):
    __slots__ = ("voices",)
    VOICES_FIELD_NUMBER: _ClassVar[int]
    voices: _containers.RepeatedCompositeFieldContainer[VoicePrint]
    def __init__(self, voices: _Optional[_Iterable[_Union[VoicePrint, _Mapping]]] = ...) -> None: ...

class ReviewVoiceRequest(_message.Message):
    __slots__ = ("identity_id", "voice_id", "approve")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVE_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    voice_id: str
    approve: bool
    def __init__(self, identity_id: _Optional[str] = ..., voice_id: _Optional[str] = ..., approve: _Optional[bool] = ...) -> None: ...

class ReviewVoiceResponse(_message.Message):
    __slots__ = ("voice", "log_index")
    VOICE_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    voice: VoicePrint
    log_index: int
    def __init__(self, voice: _Optional[_Union[VoicePrint, _Mapping]] = ..., log_index: _Optional[int] = ...) -> None: ...

class RemoveVoiceRequest(_message.Message):
    __slots__ = ("identity_id", "voice_id")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    voice_id: str
    def __init__(self, identity_id: _Optional[str] = ..., voice_id: _Optional[str] = ...) -> None: ...

class RemoveVoiceResponse(_message.Message):
    __slots__ = ("log_index",)
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    log_index: int
    def __init__(self, log_index: _Optional[int] = ...) -> None: ...

class HearVoiceRequest(_message.Message):
    __slots__ = ("identity_id", "voice_id")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    voice_id: str
    def __init__(self, identity_id: _Optional[str] = ..., voice_id: _Optional[str] = ...) -> None: ...

class HearVoiceResponse(_message.Message):
    __slots__ = ("chunk",)
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    chunk: bytes
    def __init__(self, chunk: _Optional[bytes] = ...) -> None: ...
