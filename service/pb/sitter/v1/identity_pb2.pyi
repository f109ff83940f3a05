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
BASIS_UNSPECIFIED: Basis
BASIS_CONSENT: Basis
BASIS_CHARACTER: Basis
BASIS_ARTWORK: Basis

class Identity(_message.Message):
    __slots__ = ("identity_id", "basis", "pictures", "protected", "erased", "enrolled_at", "enrolled_by", "encoder")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    PROTECTED_FIELD_NUMBER: _ClassVar[int]
    ERASED_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_AT_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_BY_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    basis: Basis
    pictures: int
    protected: bool
    erased: bool
    enrolled_at: _timestamp_pb2.Timestamp
    enrolled_by: str
    encoder: str
    def __init__(self, identity_id: _Optional[str] = ..., basis: _Optional[_Union[Basis, str]] = ..., pictures: _Optional[int] = ..., protected: _Optional[bool] = ..., erased: _Optional[bool] = ..., enrolled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., enrolled_by: _Optional[str] = ..., encoder: _Optional[str] = ...) -> None: ...

class EnrollIdentityHeader(_message.Message):
    __slots__ = ("basis", "label", "declaration", "protected", "picture_bytes", "adult")
    BASIS_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    PROTECTED_FIELD_NUMBER: _ClassVar[int]
    PICTURE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ADULT_FIELD_NUMBER: _ClassVar[int]
    basis: Basis
    label: str
    declaration: str
    protected: bool
    picture_bytes: _containers.RepeatedScalarFieldContainer[int]
    adult: bool
    def __init__(self, basis: _Optional[_Union[Basis, str]] = ..., label: _Optional[str] = ..., declaration: _Optional[str] = ..., protected: _Optional[bool] = ..., picture_bytes: _Optional[_Iterable[int]] = ..., adult: _Optional[bool] = ...) -> None: ...

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
