"""Errors about what was given: the bytes, the face in them, the sound, the model files.

SitterError                     every error of ours; `reason` is stable, the message names what to do
└─ PerceptionError
   ├─ MediaError                the bytes
   │  ├─ MediaEmpty             nothing there
   │  ├─ MediaTooLarge          over a limit (bytes, pixels, seconds, frames); metadata names it
   │  ├─ MediaTooSmall         a picture with too few pixels to work with
   │  ├─ MediaUnsupported       not one of the accepted formats (also: playlists, documents)
   │  ├─ MediaUnreadable        truncated or corrupt
   │  ├─ MediaTooCostly         decoding ran into its memory or time limit
   │  └─ MediaTrackMissing      no picture or no sound track in it
   ├─ FaceError                 the face in a picture
   │  ├─ FaceNotFound
   │  ├─ SeveralFaces
   │  ├─ FaceTooSmall
   │  └─ FaceTurnedAway
   ├─ SpeechError               the sound
   │  ├─ SpeechTooShort
   │  ├─ SpeechTooLong
   │  ├─ SpeechSilent
   │  └─ SpeechNotFinite
   └─ ModelError                model files
      ├─ ModelMissing
      └─ ModelCorrupt
"""

from typing import ClassVar


class SitterError(Exception):
    """Base of every error that Sitter raises on purpose.

    Attributes:
        reason: stable UPPER_SNAKE name, the `reason` of a `google.rpc.ErrorInfo`.
        metadata: values for a program (limit names and numbers), never personal data.
    """

    reason: ClassVar[str] = "SITTER_ERROR"

    def __init__(self, message: str, **metadata: object) -> None:
        super().__init__(message)
        self.metadata = {key: str(value) for key, value in metadata.items()}

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return _rebuild, (type(self), str(self), self.metadata)


def _rebuild(kind: type[SitterError], message: str, metadata: dict[str, str]) -> SitterError:
    """Unpickle an error that crossed from a child process."""
    return kind(message, **metadata)


class PerceptionError(SitterError):
    """What was given cannot be used."""

    reason = "PERCEPTION_ERROR"


class MediaError(PerceptionError):
    reason = "MEDIA_ERROR"


class MediaEmpty(MediaError):
    reason = "MEDIA_EMPTY"


class MediaTooLarge(MediaError):
    reason = "MEDIA_TOO_LARGE"


class MediaTooSmall(MediaError):
    reason = "MEDIA_TOO_SMALL"


class MediaUnsupported(MediaError):
    reason = "MEDIA_UNSUPPORTED"


class MediaUnreadable(MediaError):
    reason = "MEDIA_UNREADABLE"


class MediaTooCostly(MediaError):
    reason = "MEDIA_TOO_COSTLY"


class MediaTrackMissing(MediaError):
    reason = "MEDIA_TRACK_MISSING"


class FaceError(PerceptionError):
    reason = "FACE_ERROR"


class FaceNotFound(FaceError):
    reason = "FACE_NOT_FOUND"


class SeveralFaces(FaceError):
    reason = "SEVERAL_FACES"


class FaceTooSmall(FaceError):
    reason = "FACE_TOO_SMALL"


class FaceTurnedAway(FaceError):
    reason = "FACE_TURNED_AWAY"


class SpeechError(PerceptionError):
    reason = "SPEECH_ERROR"


class SpeechTooShort(SpeechError):
    reason = "SPEECH_TOO_SHORT"


class SpeechTooLong(SpeechError):
    reason = "SPEECH_TOO_LONG"


class SpeechSilent(SpeechError):
    reason = "SPEECH_SILENT"


class SpeechNotFinite(SpeechError):
    reason = "SPEECH_NOT_FINITE"


class ModelError(PerceptionError):
    reason = "MODEL_ERROR"


class ModelMissing(ModelError):
    reason = "MODEL_MISSING"


class ModelCorrupt(ModelError):
    reason = "MODEL_CORRUPT"
