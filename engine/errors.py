"""Errors of the engine.

SitterError
└─ EngineError
   ├─ ControlOutOfRange     a control (gaze, distance, emotion, size, fps) outside its range
   ├─ PortraitUnusable      the face is there but cannot be animated (cut off, mesh does not fit)
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


class RenderCancelled(EngineError):
    reason = "RENDER_CANCELLED"


class RenderFailed(EngineError):
    reason = "RENDER_FAILED"
