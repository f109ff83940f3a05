"""Errors of the engine.

SitterError
└─ EngineError
   ├─ ControlOutOfRange     a control (gaze, distance, framing, size, fps, ...) outside its range
   ├─ PortraitUnusable      the face is there but cannot be animated (cut off, mesh does not fit)
   ├─ TrackUnusable         a blendshape track that cannot be read, or does not fit its speech
   ├─ StreamClosed          sound for a stream that was finished
   ├─ RenderCancelled       the caller went away or consent was withdrawn while frames were made
   └─ RenderFailed          the renderer or its worker broke
"""

from perception.errors import SitterError


class EngineError(SitterError):
    reason = "ENGINE_ERROR"


class ControlOutOfRange(EngineError):
    reason = "CONTROL_OUT_OF_RANGE"


class PortraitUnusable(EngineError):
    reason = "PORTRAIT_UNUSABLE"


class TrackUnusable(EngineError):
    reason = "TRACK_UNUSABLE"


class StreamClosed(EngineError):
    reason = "STREAM_CLOSED"


class RenderCancelled(EngineError):
    reason = "RENDER_CANCELLED"


class RenderFailed(EngineError):
    reason = "RENDER_FAILED"
