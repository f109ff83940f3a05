from service.pb.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Gate(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GATE_UNSPECIFIED: _ClassVar[Gate]
    GATE_ADMIT: _ClassVar[Gate]
    GATE_INTAKE: _ClassVar[Gate]
    GATE_IDENTIFY: _ClassVar[Gate]
    GATE_CONSENT: _ClassVar[Gate]
    GATE_PERMIT: _ClassVar[Gate]
    GATE_INTENT: _ClassVar[Gate]
    GATE_GENERATE: _ClassVar[Gate]
    GATE_MARK: _ClassVar[Gate]
    GATE_INSPECT: _ClassVar[Gate]
    GATE_CONSENT_AGAIN: _ClassVar[Gate]
    GATE_SIGN: _ClassVar[Gate]
    GATE_RELEASE: _ClassVar[Gate]

class TrackMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRACK_MODE_UNSPECIFIED: _ClassVar[TrackMode]
    TRACK_MODE_INSTEAD: _ClassVar[TrackMode]
    TRACK_MODE_ON_TOP: _ClassVar[TrackMode]

class VisibleLabel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VISIBLE_LABEL_UNSPECIFIED: _ClassVar[VisibleLabel]
    VISIBLE_LABEL_CORNER: _ClassVar[VisibleLabel]
    VISIBLE_LABEL_ICON: _ClassVar[VisibleLabel]
    VISIBLE_LABEL_BANNER: _ClassVar[VisibleLabel]
GATE_UNSPECIFIED: Gate
GATE_ADMIT: Gate
GATE_INTAKE: Gate
GATE_IDENTIFY: Gate
GATE_CONSENT: Gate
GATE_PERMIT: Gate
GATE_INTENT: Gate
GATE_GENERATE: Gate
GATE_MARK: Gate
GATE_INSPECT: Gate
GATE_CONSENT_AGAIN: Gate
GATE_SIGN: Gate
GATE_RELEASE: Gate
TRACK_MODE_UNSPECIFIED: TrackMode
TRACK_MODE_INSTEAD: TrackMode
TRACK_MODE_ON_TOP: TrackMode
VISIBLE_LABEL_UNSPECIFIED: VisibleLabel
VISIBLE_LABEL_CORNER: VisibleLabel
VISIBLE_LABEL_ICON: VisibleLabel
VISIBLE_LABEL_BANNER: VisibleLabel

class Emotion(_message.Message):
    __slots__ = ("name", "strength")
    NAME_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    name: str
    strength: float
    def __init__(self, name: _Optional[str] = ..., strength: _Optional[float] = ...) -> None: ...

class Amplitude(_message.Message):
    __slots__ = ("head", "brows", "blinks")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    BROWS_FIELD_NUMBER: _ClassVar[int]
    BLINKS_FIELD_NUMBER: _ClassVar[int]
    head: float
    brows: float
    blinks: float
    def __init__(self, head: _Optional[float] = ..., brows: _Optional[float] = ..., blinks: _Optional[float] = ...) -> None: ...

class Pose(_message.Message):
    __slots__ = ("yaw", "pitch", "roll")
    YAW_FIELD_NUMBER: _ClassVar[int]
    PITCH_FIELD_NUMBER: _ClassVar[int]
    ROLL_FIELD_NUMBER: _ClassVar[int]
    yaw: float
    pitch: float
    roll: float
    def __init__(self, yaw: _Optional[float] = ..., pitch: _Optional[float] = ..., roll: _Optional[float] = ...) -> None: ...

class Framing(_message.Message):
    __slots__ = ("x", "y", "side")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    side: float
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ..., side: _Optional[float] = ...) -> None: ...

class Controls(_message.Message):
    __slots__ = ("gaze_yaw", "gaze_pitch", "distance", "emotions", "size", "fps", "seed", "amplitude", "pose", "framing")
    GAZE_YAW_FIELD_NUMBER: _ClassVar[int]
    GAZE_PITCH_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    EMOTIONS_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    AMPLITUDE_FIELD_NUMBER: _ClassVar[int]
    POSE_FIELD_NUMBER: _ClassVar[int]
    FRAMING_FIELD_NUMBER: _ClassVar[int]
    gaze_yaw: float
    gaze_pitch: float
    distance: float
    emotions: _containers.RepeatedCompositeFieldContainer[Emotion]
    size: int
    fps: int
    seed: int
    amplitude: Amplitude
    pose: Pose
    framing: Framing
    def __init__(self, gaze_yaw: _Optional[float] = ..., gaze_pitch: _Optional[float] = ..., distance: _Optional[float] = ..., emotions: _Optional[_Iterable[_Union[Emotion, _Mapping]]] = ..., size: _Optional[int] = ..., fps: _Optional[int] = ..., seed: _Optional[int] = ..., amplitude: _Optional[_Union[Amplitude, _Mapping]] = ..., pose: _Optional[_Union[Pose, _Mapping]] = ..., framing: _Optional[_Union[Framing, _Mapping]] = ...) -> None: ...

class GenerateSpec(_message.Message):
    __slots__ = ("request_id", "identity_id", "consent_id", "purpose", "territory", "channel", "controls", "portrait_bytes", "speech_bytes", "track_bytes", "track_mode", "script", "language", "label")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    TERRITORY_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CONTROLS_FIELD_NUMBER: _ClassVar[int]
    PORTRAIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    SPEECH_BYTES_FIELD_NUMBER: _ClassVar[int]
    TRACK_BYTES_FIELD_NUMBER: _ClassVar[int]
    TRACK_MODE_FIELD_NUMBER: _ClassVar[int]
    SCRIPT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    identity_id: str
    consent_id: str
    purpose: str
    territory: str
    channel: str
    controls: Controls
    portrait_bytes: int
    speech_bytes: int
    track_bytes: int
    track_mode: TrackMode
    script: str
    language: str
    label: VisibleLabel
    def __init__(self, request_id: _Optional[str] = ..., identity_id: _Optional[str] = ..., consent_id: _Optional[str] = ..., purpose: _Optional[str] = ..., territory: _Optional[str] = ..., channel: _Optional[str] = ..., controls: _Optional[_Union[Controls, _Mapping]] = ..., portrait_bytes: _Optional[int] = ..., speech_bytes: _Optional[int] = ..., track_bytes: _Optional[int] = ..., track_mode: _Optional[_Union[TrackMode, str]] = ..., script: _Optional[str] = ..., language: _Optional[str] = ..., label: _Optional[_Union[VisibleLabel, str]] = ...) -> None: ...

class GenerateRequest(_message.Message):
    __slots__ = ("spec", "chunk")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    spec: GenerateSpec
    chunk: bytes
    def __init__(self, spec: _Optional[_Union[GenerateSpec, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("gate", "frames_done", "frames_total")
    GATE_FIELD_NUMBER: _ClassVar[int]
    FRAMES_DONE_FIELD_NUMBER: _ClassVar[int]
    FRAMES_TOTAL_FIELD_NUMBER: _ClassVar[int]
    gate: Gate
    frames_done: int
    frames_total: int
    def __init__(self, gate: _Optional[_Union[Gate, str]] = ..., frames_done: _Optional[int] = ..., frames_total: _Optional[int] = ...) -> None: ...

class GateTiming(_message.Message):
    __slots__ = ("gate", "seconds")
    GATE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    gate: Gate
    seconds: float
    def __init__(self, gate: _Optional[_Union[Gate, str]] = ..., seconds: _Optional[float] = ...) -> None: ...

class Release(_message.Message):
    __slots__ = ("record_id", "log_index", "receipt", "clip_bytes", "clip_sha256", "manifest_id", "seconds", "frames", "timings", "report_json")
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    CLIP_BYTES_FIELD_NUMBER: _ClassVar[int]
    CLIP_SHA256_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    REPORT_JSON_FIELD_NUMBER: _ClassVar[int]
    record_id: str
    log_index: int
    receipt: str
    clip_bytes: int
    clip_sha256: str
    manifest_id: str
    seconds: float
    frames: int
    timings: _containers.RepeatedCompositeFieldContainer[GateTiming]
    report_json: str
    def __init__(self, record_id: _Optional[str] = ..., log_index: _Optional[int] = ..., receipt: _Optional[str] = ..., clip_bytes: _Optional[int] = ..., clip_sha256: _Optional[str] = ..., manifest_id: _Optional[str] = ..., seconds: _Optional[float] = ..., frames: _Optional[int] = ..., timings: _Optional[_Iterable[_Union[GateTiming, _Mapping]]] = ..., report_json: _Optional[str] = ...) -> None: ...

class GenerateResponse(_message.Message):
    __slots__ = ("trace_id", "progress", "release", "chunk")
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    trace_id: str
    progress: Progress
    release: Release
    chunk: bytes
    def __init__(self, trace_id: _Optional[str] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., release: _Optional[_Union[Release, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...
