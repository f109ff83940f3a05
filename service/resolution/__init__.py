"""The C2PA Soft Binding Resolution API: which manifest belongs to a video that lost its own. Public.

https://spec.c2pa.org/specifications/specifications/2.4/softbinding/Decoupled.html; docs/recovery.md says what
of it is served.
"""

from service.resolution.routes import Resolution

__all__ = ["Resolution"]
