"""Face encoders, picked by name."""

from perception.face import FaceFinder
from safety.encoders.encoder import EncodedFace, FaceEncoder
from safety.errors import EncoderUnusable

__all__ = ["EncodedFace", "FaceEncoder", "open_encoder"]


def open_encoder(url: str, finder: FaceFinder | None = None) -> FaceEncoder:
    """The encoder that `url` names: `dlib-resnet-v1`, or `insightface:FOLDER` with a model pack in FOLDER.

    Args:
        finder: shared with the caller instead of loading the networks again.

    Raises:
        EncoderUnusable: no such encoder, or its pack cannot be used.
        ModelMissing, ModelCorrupt: a model file is not there or not the pinned one.
    """
    kind, _, place = url.partition(":")
    match kind:
        case "dlib-resnet-v1" if not place:
            from safety.encoders.dlib import DlibEncoder

            return DlibEncoder(finder)
        case "insightface" if place:
            from safety.encoders.insightface import InsightFaceEncoder

            return InsightFaceEncoder(place)
    raise EncoderUnusable(f"no face encoder is called {kind!r}: use dlib-resnet-v1 or insightface:FOLDER")
